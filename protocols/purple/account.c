/* protocols/purple/account.c: one account of the gateway and its PurpleAccount
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "protocols/purple/account.h"

#include <string.h>

#include "protocols/purple/ask.h"
#include "protocols/purple/buddies.h"
#include "protocols/purple/core.h"
#include "protocols/purple/describe.h"
#include "protocols/purple/eventloop.h"
#include "protocols/purple/grants.h"
#include "protocols/purple/host.h"
#include "protocols/purple/info.h"
#include "protocols/purple/looks.h"
#include "protocols/purple/markup.h"
#include "protocols/purple/message.h"
#include "protocols/purple/room-list.h"
#include "protocols/purple/rooms.h"
#include "protocols/purple/search.h"
#include "protocols/purple/sent.h"

static GHashTable *accounts;  /* number -> CwAccount, owned */
static GHashTable *by_serial; /* &serial -> CwAccount */
static guint32 n_serials;

static void send_state(const CwAccount *account)
{
    cw_host_send(&(CwLinkMsg){.kind = CW_LINK_STATE,
                              .account = account->number,
                              .state = account->state,
                              .reason = account->reason,
                              .text = account->text,
                              .fatal = account->fatal});
}

/* ---- look-up ---- */

CwAccount *cw_account_find(guint32 number)
{
    return g_hash_table_lookup(accounts, GUINT_TO_POINTER(number));
}

CwAccount *cw_account_of(PurpleAccount *purple)
{
    CwAccount *account = purple != NULL ? purple->ui_data : NULL;
    return account != NULL && !account->ending ? account : NULL;
}

CwAccount *cw_account_of_gc(PurpleConnection *gc)
{
    return gc != NULL ? cw_account_of(purple_connection_get_account(gc)) : NULL;
}

guint cw_accounts_count(void)
{
    return g_hash_table_size(accounts);
}

CwAccount *cw_account_by_serial(guint64 serial)
{
    CwAccount *account = serial != 0 ? g_hash_table_lookup(by_serial, &serial) : NULL;
    return account != NULL && !account->ending ? account : NULL;
}

CwAccount *cw_account_current(void)
{
    return cw_account_by_serial(cw_eventloop_owner);
}

PurpleConnection *cw_account_connection(const CwAccount *account)
{
    PurpleConnection *gc = purple_account_get_connection(account->purple);
    if (account->ending || gc == NULL || !PURPLE_CONNECTION_IS_CONNECTED(gc))
        return NULL;
    return gc;
}

gboolean cw_account_is_too_long(const char *text, gboolean is_name)
{
    gsize most = cw_host.defaults->message_bytes;

    /* RFC 1459 1.3: no channel's name is longer than 200 */
    return most > 0 && text != NULL && strlen(text) > (is_name ? most / 2 : most);
}

char *cw_account_normalize(const CwAccount *account, const char *name)
{
    if (name == NULL || *name == '\0' || strlen(name) > 1024 ||
        cw_account_is_too_long(name, TRUE) || cw_text_has_control(name))
        return NULL;
    const char *forbidden = cw_host.defaults->not_in_contact;
    if (forbidden != NULL && strpbrk(name, forbidden) != NULL)
        return NULL;
    /* purple_normalize() would make up a name where the plugin says that it is none */
    const char *normal = cw_host.info->normalize != NULL
                             ? cw_host.info->normalize(account->purple, name)
                             : purple_normalize(account->purple, name);
    return normal != NULL && *normal != '\0' ? g_strdup(normal) : NULL;
}

/* ---- the end ---- */

/* purple_accounts_delete() leaves the groups; users name them, so they would pile up. */
static void remove_empty_groups(void)
{
    for (PurpleBlistNode *node = purple_blist_get_root(), *next; node != NULL; node = next) {
        next = purple_blist_node_get_sibling_next(node);
        if (PURPLE_BLIST_NODE_IS_GROUP(node) && purple_blist_node_get_first_child(node) == NULL)
            purple_blist_remove_group((PurpleGroup *)node);
    }
}

static void cancel_transfers(PurpleAccount *purple)
{
    for (GList *l = purple_xfers_get_all(), *next; l != NULL; l = next) {
        PurpleXfer *xfer = l->data;
        next = l->next;
        if (purple_xfer_get_account(xfer) == purple && !purple_xfer_is_canceled(xfer))
            purple_xfer_cancel_local(xfer);
    }
}

/* Takes it apart and tells the gateway. */
static void finish(CwAccount *account)
{
    PurpleAccount *purple = account->purple;
    g_clear_handle_id(&account->end_id, g_source_remove);
    account->ending = TRUE;
    cw_ask_forget(account);
    cw_room_list_stop(account->room_list);
    cancel_transfers(purple);
    if (!purple_account_is_disconnected(purple))
        purple_account_disconnect(purple);
    cw_sent_end(account->sent);
    cw_ask_forget(account); /* what was asked meanwhile */
    purple_account_request_close_with_account(purple);
    cw_sent_list_free(g_steal_pointer(&account->sent));
    cw_messages_free(account->messages);
    cw_rooms_free(g_steal_pointer(&account->rooms));
    cw_infos_free(account->infos);
    cw_room_list_free(g_steal_pointer(&account->room_list));
    cw_searches_free(account->searches);
    cw_buddies_free(account->buddies);
    cw_grants_free(account->grants);
    purple->ui_data = NULL;
    purple_account_set_password(purple, NULL); /* wipes it */
    purple_accounts_delete(purple);            /* with its conversations and buddies */
    remove_empty_groups();

    account->state = CW_ACCOUNT_OFFLINE;
    send_state(account);
    g_hash_table_remove(by_serial, &account->serial);
    g_hash_table_remove(accounts, GUINT_TO_POINTER(account->number));
}

static gboolean end_cb(gpointer data)
{
    CwAccount *account = data;
    account->end_id = 0;
    cw_eventloop_set_owner(account->serial);
    finish(account);
    cw_eventloop_set_owner(0);
    return G_SOURCE_REMOVE;
}

static void end(CwAccount *account, CwReason reason, const char *text, gboolean fatal)
{
    if (account->ending)
        return; /* the first reason is the one that counts */
    account->ending = TRUE;
    account->reason = reason;
    account->text = text != NULL && *text != '\0' ? cw_text_clean(text) : NULL;
    account->fatal = fatal;
    account->end_id = g_idle_add_full(G_PRIORITY_DEFAULT, end_cb, account, NULL);
}

static void free_account(gpointer data)
{
    CwAccount *account = data;
    g_free(account->text);
    g_free(account);
}

void cw_accounts_end_all(CwReason reason, const char *text)
{
    g_autoptr(GList) all = g_hash_table_get_values(accounts);
    for (GList *l = all; l != NULL; l = l->next) {
        CwAccount *account = l->data;
        end(account, reason, text, FALSE);
        finish(account);
    }
}

void cw_account_logout(CwAccount *account)
{
    end(account, CW_REASON_NONE, NULL, FALSE);
}

/* ---- presence ---- */

static PurpleStatusType *find_chat_status(PurpleAccount *purple)
{
    for (const char *const *id = cw_purple_chat_statuses; *id != NULL; id++) {
        PurpleStatusType *type = purple_account_get_status_type(purple, *id);
        if (type != NULL)
            return type;
    }
    return NULL;
}

static PurpleStatusType *find_status_type(PurpleAccount *purple, CwShow show)
{
    static const PurpleStatusPrimitive away[] = {PURPLE_STATUS_AWAY, PURPLE_STATUS_UNAVAILABLE,
                                                 PURPLE_STATUS_EXTENDED_AWAY};
    static const PurpleStatusPrimitive xa[] = {PURPLE_STATUS_EXTENDED_AWAY, PURPLE_STATUS_AWAY,
                                               PURPLE_STATUS_UNAVAILABLE};
    static const PurpleStatusPrimitive dnd[] = {PURPLE_STATUS_UNAVAILABLE, PURPLE_STATUS_AWAY,
                                                PURPLE_STATUS_EXTENDED_AWAY};
    static const PurpleStatusPrimitive invisible[] = {PURPLE_STATUS_INVISIBLE, PURPLE_STATUS_AWAY,
                                                      PURPLE_STATUS_UNAVAILABLE};
    const PurpleStatusPrimitive *wanted = NULL;
    PurpleStatusType *type = NULL;
    switch (show) {
    case CW_SHOW_CHAT:
        type = find_chat_status(purple);
        break;
    case CW_SHOW_AWAY:
        wanted = away;
        break;
    case CW_SHOW_XA:
        wanted = xa;
        break;
    case CW_SHOW_DND:
        wanted = dnd;
        break;
    case CW_SHOW_INVISIBLE:
        wanted = invisible;
        break;
    case CW_SHOW_ONLINE:
    case CW_SHOW_OFFLINE:
        break;
    }
    for (guint i = 0; wanted != NULL && type == NULL && i < 3; i++)
        type = purple_account_get_status_type_with_primitive(purple, wanted[i]);
    if (type == NULL)
        type = purple_account_get_status_type_with_primitive(purple, PURPLE_STATUS_AVAILABLE);
    return type;
}

static void apply_status(PurpleAccount *purple, CwShow show, const char *text)
{
    PurpleStatusType *type = find_status_type(purple, show);
    if (type == NULL)
        return;
    const char *id = purple_status_type_get_id(type);
    if (purple_status_type_get_attr(type, "message") == NULL) {
        purple_account_set_status(purple, id, TRUE, NULL);
        return;
    }
    /* one line: prpl-irc and others put it into a command as it is */
    g_autofree char *line = cw_text_one_line(text);
    g_autofree char *html = cw_markup_from_text(line);
    purple_account_set_status(purple, id, TRUE, "message", *html != '\0' ? html : NULL, NULL);
}

void cw_account_set_presence(CwAccount *account, CwShow show, const char *status, gint64 idle)
{
    if (show == CW_SHOW_OFFLINE) /* the gateway says logout for that */
        return;
    /* tells the plugin when it is logged in, see signed_on_cb() */
    purple_presence_set_idle(purple_account_get_presence(account->purple), idle > 0, (time_t)idle);
    apply_status(account->purple, show, status);
}

/* ---- log-in ---- */

/* Line breaks in what goes into a command of the network would be commands of their own. */
static const char *find_bad_value(const CwLinkMsg *msg)
{
    GHashTableIter iter;
    gpointer name, value;
    if (msg->username == NULL || *msg->username == '\0' || cw_text_has_control(msg->username))
        return "the user name";
    if (cw_text_has_control(msg->password))
        return "the password";
    if (msg->values == NULL)
        return NULL;
    g_hash_table_iter_init(&iter, msg->values);
    while (g_hash_table_iter_next(&iter, &name, &value)) {
        if (cw_text_has_control(name) || cw_text_has_control(value))
            return "an option";
    }
    return NULL;
}

static gboolean set_options(PurpleAccount *purple, GHashTable *values, GError **error)
{
    const CwPurpleOption *preset = cw_host.defaults->options;
    for (; preset != NULL && preset->name != NULL; preset++) {
        if (!cw_describe_set_option(purple, preset->name, preset->value, error))
            return FALSE;
    }
    if (values == NULL)
        return TRUE;
    GHashTableIter iter;
    gpointer name, value;
    g_hash_table_iter_init(&iter, values);
    while (g_hash_table_iter_next(&iter, &name, &value)) {
        if (!cw_describe_set_option(purple, name, value, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean making;

/* Stands in for libpurple's function of that name, as those of glib-timers.c do for GLib's.
 * purple_account_new() hands out the account of the same name that it finds: but two users may well
 * have one (a nick at two ports of one server, a bouncer).  And it would prepare the name of every
 * account there is for that, which with 1,000 of them is most of what a log-in costs. */
PurpleAccount *purple_accounts_find(const char *name, const char *protocol)
{
    if (making || name == NULL)
        return NULL;
    g_autofree char *wanted = g_strdup(purple_normalize(NULL, name));
    for (GList *l = purple_accounts_get_all(); l != NULL; l = l->next) {
        PurpleAccount *purple = l->data;
        if ((protocol == NULL ||
             purple_strequal(purple_account_get_protocol_id(purple), protocol)) &&
            purple_strequal(purple_normalize(NULL, purple_account_get_username(purple)), wanted))
            return purple;
    }
    return NULL;
}

static PurpleAccount *make_purple_account(const char *username)
{
    making = TRUE;
    PurpleAccount *purple = purple_account_new(username, cw_host.protocol->id);
    making = FALSE;
    purple_accounts_add(purple);
    return purple;
}

void cw_account_login(const CwLinkMsg *msg)
{
    if (cw_account_find(msg->account) != NULL) {
        cw_host_log("warning", msg->account, "log-in of an account that is logged in; ignored");
        return;
    }
    const char *bad = find_bad_value(msg);
    if (bad != NULL) {
        g_autofree char *text = g_strdup_printf("%s is empty or has control characters in it", bad);
        cw_host_send(&(CwLinkMsg){.kind = CW_LINK_STATE,
                                  .account = msg->account,
                                  .state = CW_ACCOUNT_OFFLINE,
                                  .reason = CW_REASON_SETTINGS,
                                  .text = text,
                                  .fatal = TRUE});
        return;
    }
    CwAccount *account = g_new0(CwAccount, 1);
    account->number = msg->account;
    /* the number in it is what the scoreboard shows; the rest keeps it from being used again */
    account->serial = (guint64)++n_serials << 32 | account->number;
    cw_eventloop_set_owner(account->serial);
    account->state = CW_ACCOUNT_CONNECTING;
    account->buddies = cw_buddies_new(account);
    account->grants = cw_grants_new(account);
    account->infos = cw_infos_new(account);
    account->messages = cw_messages_new(account);
    account->rooms = cw_rooms_new(account);
    account->room_list = cw_room_list_new(account);
    account->searches = cw_searches_new(account);
    account->sent = cw_sent_list_new(account);
    account->purple = make_purple_account(msg->username);
    account->purple->ui_data = account;
    g_hash_table_insert(accounts, GUINT_TO_POINTER(account->number), account);
    g_hash_table_insert(by_serial, &account->serial, account);
    send_state(account);

    g_autoptr(GError) error = NULL;
    purple_account_set_remember_password(account->purple, FALSE);
    purple_account_set_password(account->purple, msg->password);
    if (cw_host.protocol->password == CW_PASSWORD_REQUIRED &&
        (msg->password == NULL || *msg->password == '\0')) {
        end(account, CW_REASON_AUTH, "a password is needed", TRUE);
        return;
    }
    if (!set_options(account->purple, msg->values, &error)) {
        end(account, CW_REASON_SETTINGS, error->message, TRUE);
        return;
    }
    apply_status(account->purple, msg->show, msg->status);
    cw_looks_login(account, msg);
    purple_account_set_enabled(account->purple, CW_CORE_UI, TRUE); /* connects */
    if (!account->ending && purple_account_is_disconnected(account->purple))
        purple_account_connect(account->purple);
    if (!account->ending && purple_account_is_disconnected(account->purple))
        end(account, CW_REASON_OTHER, "the plugin did not begin to connect", FALSE);
}

/* ---- what libpurple says of connections ---- */

static CwReason map_error(PurpleConnectionError error)
{
    switch (error) {
    case PURPLE_CONNECTION_ERROR_NETWORK_ERROR:
        return CW_REASON_NETWORK;
    case PURPLE_CONNECTION_ERROR_INVALID_USERNAME:
    case PURPLE_CONNECTION_ERROR_AUTHENTICATION_FAILED:
        return CW_REASON_AUTH;
    case PURPLE_CONNECTION_ERROR_NO_SSL_SUPPORT:
    case PURPLE_CONNECTION_ERROR_ENCRYPTION_ERROR:
    case PURPLE_CONNECTION_ERROR_CERT_NOT_PROVIDED:
    case PURPLE_CONNECTION_ERROR_CERT_UNTRUSTED:
    case PURPLE_CONNECTION_ERROR_CERT_EXPIRED:
    case PURPLE_CONNECTION_ERROR_CERT_NOT_ACTIVATED:
    case PURPLE_CONNECTION_ERROR_CERT_HOSTNAME_MISMATCH:
    case PURPLE_CONNECTION_ERROR_CERT_FINGERPRINT_MISMATCH:
    case PURPLE_CONNECTION_ERROR_CERT_SELF_SIGNED:
    case PURPLE_CONNECTION_ERROR_CERT_OTHER_ERROR:
        return CW_REASON_TLS;
    case PURPLE_CONNECTION_ERROR_NAME_IN_USE:
        return CW_REASON_CONFLICT;
    case PURPLE_CONNECTION_ERROR_INVALID_SETTINGS:
    case PURPLE_CONNECTION_ERROR_AUTHENTICATION_IMPOSSIBLE: /* no way of it that both sides take */
        return CW_REASON_SETTINGS;
    case PURPLE_CONNECTION_ERROR_OTHER_ERROR:
        break;
    }
    return CW_REASON_OTHER;
}

static void disconnect_reason_cb(PurpleConnection *gc, PurpleConnectionError error,
                                 const char *text)
{
    CwAccount *account = cw_account_of_gc(gc);
    if (account == NULL)
        return;
    cw_room_list_stop(account->room_list); /* prpl-irc forgets its own */
    /* libpurple calls OTHER fatal, but plugins use it for "too many log-ins, come back later" too;
     * trying again later does no harm where it is of no use */
    gboolean fatal = (purple_connection_error_is_fatal(error) || gc->wants_to_die) &&
                     error != PURPLE_CONNECTION_ERROR_OTHER_ERROR;
    end(account, map_error(error), text, fatal);
}

static void disconnected_cb(PurpleConnection *gc)
{
    CwAccount *account = cw_account_of_gc(gc);
    if (account != NULL)
        end(account, CW_REASON_NETWORK, NULL, FALSE);
}

static void progress_cb(PurpleConnection *gc, const char *text, size_t step, size_t steps)
{
    CwAccount *account = cw_account_of_gc(gc);
    if (account != NULL)
        cw_host_log("debug", account->number, "%s (%zu of %zu)", text, step, steps);
}

static void connection_notice_cb(PurpleConnection *gc, const char *text)
{
    CwAccount *account = cw_account_of_gc(gc);
    g_autofree char *plain = cw_markup_to_text(text);
    if (account != NULL)
        cw_host_notice(account->number, NULL, plain);
}

static void signed_on_cb(PurpleConnection *gc, gpointer data)
{
    CwAccount *account = cw_account_of_gc(gc);
    if (account == NULL || account->state == CW_ACCOUNT_ONLINE)
        return;
    account->state = CW_ACCOUNT_ONLINE;
    account->online_at = g_get_monotonic_time();
    send_state(account);
    PurplePresence *presence = purple_account_get_presence(account->purple);
    if (purple_presence_is_idle(presence) && cw_host.info->set_idle != NULL)
        cw_host.info->set_idle(gc, (int)(time(NULL) - purple_presence_get_idle_time(presence)));
    cw_looks_online(account);
}

static PurpleConnectionUiOps connection_ops = {
    .connect_progress = progress_cb,
    .disconnected = disconnected_cb,
    .notice = connection_notice_cb,
    .report_disconnect_reason = disconnect_reason_cb,
};

PurpleConnectionUiOps *cw_account_connection_ops(void)
{
    return &connection_ops;
}

static PurpleAccountUiOps account_ops = {
    .notify_added = cw_buddies_notify_added,
    .request_add = cw_buddies_request_add,
    .request_authorize = cw_buddies_request_authorize,
    .close_account_request = cw_buddies_close_request,
};

PurpleAccountUiOps *cw_account_ops(void)
{
    return &account_ops;
}

void cw_accounts_init(void)
{
    accounts = g_hash_table_new_full(NULL, NULL, NULL, free_account);
    by_serial = g_hash_table_new(g_int64_hash, g_int64_equal);
    purple_signal_connect(purple_connections_get_handle(), "signed-on", &accounts,
                          PURPLE_CALLBACK(signed_on_cb), NULL);
}

void cw_accounts_uninit(void)
{
    purple_signals_disconnect_by_handle(&accounts);
    g_clear_pointer(&by_serial, g_hash_table_unref);
    g_clear_pointer(&accounts, g_hash_table_unref);
}
