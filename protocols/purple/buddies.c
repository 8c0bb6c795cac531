/* protocols/purple/buddies.c: the contact list, presence, and who may see whom
 *
 *     blist op -> `dirty` names -> FLUSH_DELAY later -> compared with `known` -> contact, presence
 *
 * One name can be several buddies of libpurple (one a group): the first one counts.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "protocols/purple/buddies.h"

#include <string.h>

#include "protocols/purple/grants.h"
#include "protocols/purple/host.h"
#include "protocols/purple/markup.h"
#include "protocols/purple/stanza.h"

#define FLUSH_DELAY 50         /* ms */
#define AUTHORIZATIONS_MAX 256 /* open requests of one account; more are dropped, unanswered */
#define DEFAULT_GROUP "Buddies"
#define ICON_MAX (700 * 1024) /* bytes of a picture: in base64, one line of the link */

/* What the gateway was told. */
typedef struct {
    char *alias;
    char *group;
    CwShow show;
    char *status;
    gint64 idle; /* Unix time, s; 0: it is not */
    char *icon;  /* its checksum; NULL: none */
} Known;

typedef struct {
    CwAccount *account;
    char *contact;
    PurpleAccountRequestAuthorizationCb authorize;
    PurpleAccountRequestAuthorizationCb deny;
    void *user_data;
} Authorization;

struct CwBuddies {
    CwAccount *account;
    GHashTable *known;          /* name -> Known */
    GHashTable *dirty;          /* set of names */
    GHashTable *authorizations; /* name -> Authorization */
    guint flush_id;
};

static void free_known(gpointer data)
{
    Known *known = data;
    g_free(known->alias);
    g_free(known->group);
    g_free(known->status);
    g_free(known->icon);
    g_free(known);
}

static void free_authorization(gpointer data)
{
    Authorization *authorization = data;
    g_free(authorization->contact);
    g_free(authorization);
}

CwBuddies *cw_buddies_new(CwAccount *account)
{
    CwBuddies *buddies = g_new0(CwBuddies, 1);
    buddies->account = account;
    buddies->known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_known);
    buddies->dirty = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    buddies->authorizations =
        g_hash_table_new_full(g_str_hash, g_str_equal, NULL, free_authorization);
    return buddies;
}

void cw_buddies_free(CwBuddies *buddies)
{
    if (buddies == NULL)
        return;
    g_clear_handle_id(&buddies->flush_id, g_source_remove);
    g_hash_table_unref(buddies->known);
    g_hash_table_unref(buddies->dirty);
    g_hash_table_unref(buddies->authorizations);
    g_free(buddies);
}

/* ---- what libpurple says of a buddy ---- */

static CwShow find_show(PurplePresence *presence)
{
    if (!purple_presence_is_online(presence))
        return CW_SHOW_OFFLINE;
    PurpleStatus *status = purple_presence_get_active_status(presence);
    PurpleStatusType *type = purple_status_get_type(status);
    switch (purple_status_type_get_primitive(type)) {
    case PURPLE_STATUS_OFFLINE:
        return CW_SHOW_OFFLINE;
    case PURPLE_STATUS_UNAVAILABLE:
        return CW_SHOW_DND;
    case PURPLE_STATUS_AWAY:
        return CW_SHOW_AWAY;
    case PURPLE_STATUS_EXTENDED_AWAY:
        return CW_SHOW_XA;
    case PURPLE_STATUS_AVAILABLE:
        return g_strv_contains(cw_purple_chat_statuses, purple_status_type_get_id(type))
                   ? CW_SHOW_CHAT
                   : CW_SHOW_ONLINE;
    case PURPLE_STATUS_UNSET:
    case PURPLE_STATUS_INVISIBLE:
    case PURPLE_STATUS_MOBILE:
    case PURPLE_STATUS_TUNE:
    case PURPLE_STATUS_MOOD:
    case PURPLE_STATUS_NUM_PRIMITIVES:
        break;
    }
    return CW_SHOW_ONLINE;
}

/* Plugins do not agree on whether the attribute "message" is HTML (prpl-jabber has it plain); what
 * they give the buddy list is.  (transfer full) (nullable) */
static char *find_status_text(PurpleBuddy *buddy, PurplePresence *presence)
{
    PurpleStatus *status = purple_presence_get_active_status(presence);
    if (status == NULL || purple_status_get_attr_value(status, "message") == NULL)
        return NULL;
    const char *message = purple_status_get_attr_string(status, "message");
    if (message == NULL || *message == '\0')
        return NULL;
    g_autofree char *html = cw_host.info->status_text != NULL && PURPLE_BUDDY_IS_ONLINE(buddy)
                                ? cw_host.info->status_text(buddy)
                                : NULL;
    char *text = g_strstrip(cw_markup_to_text(html != NULL ? html : message));
    if (*text == '\0')
        g_clear_pointer(&text, g_free);
    return text;
}

/* Since when, Unix time, s; 0: it is not.  A plugin that does not know since when means now. */
static gint64 find_idle(PurplePresence *presence, gint64 before)
{
    if (!purple_presence_is_online(presence) || !purple_presence_is_idle(presence))
        return 0;
    gint64 since = (gint64)purple_presence_get_idle_time(presence);
    if (since <= 0)
        return before > 0 ? before : (gint64)time(NULL);
    return since;
}

/* Plugins need not give a checksum.  (transfer full) */
static char *find_checksum(PurpleBuddyIcon *icon, gconstpointer data, gsize length)
{
    const char *checksum = purple_buddy_icon_get_checksum(icon);
    if (checksum != NULL && *checksum != '\0')
        return g_strdup(checksum);
    return g_compute_checksum_for_data(G_CHECKSUM_SHA1, data, length);
}

static const char *find_media(PurpleBuddyIcon *icon)
{
    static const char *const types[][2] = {
        {"png", "image/png"}, {"gif", "image/gif"}, {"jpg", "image/jpeg"}, {"bmp", "image/bmp"}};
    const char *extension = purple_buddy_icon_get_extension(icon);
    for (guint i = 0; extension != NULL && i < G_N_ELEMENTS(types); i++) {
        if (strcmp(types[i][0], extension) == 0)
            return types[i][1];
    }
    return NULL;
}

/* When it is another one than before. */
static void send_icon(CwBuddies *buddies, PurpleBuddy *buddy, const char *contact, Known *known)
{
    guint32 number = buddies->account->number;
    PurpleBuddyIcon *icon = purple_buddy_get_icon(buddy);
    size_t length = 0;
    gconstpointer data = icon != NULL ? purple_buddy_icon_get_data(icon, &length) : NULL;
    g_autofree char *checksum =
        data != NULL && length > 0 ? find_checksum(icon, data, length) : NULL;
    if (g_strcmp0(checksum, known->icon) == 0)
        return;
    g_free(known->icon);
    known->icon = g_steal_pointer(&checksum);
    if (length > ICON_MAX)
        cw_host_log("debug", number, "the picture of '%s' has %zu bytes and is left out", contact,
                    length);
    gboolean none = known->icon == NULL || length > ICON_MAX;
    g_autofree char *base64 = none ? NULL : g_base64_encode(data, length);
    cw_host_send(&(CwLinkMsg){.kind = CW_LINK_AVATAR,
                              .account = number,
                              .contact = contact,
                              .data = base64,
                              .media = none ? NULL : find_media(icon)});
}

/* (transfer full) (nullable) */
static char *find_alias(PurpleBuddy *buddy, const char *contact)
{
    const char *alias = purple_buddy_get_alias_only(buddy);
    if (alias == NULL)
        return NULL;
    char *text = cw_text_one_line(alias);
    if (*text == '\0' || strcmp(text, contact) == 0)
        g_clear_pointer(&text, g_free);
    return text;
}

/* The group that libpurple puts those into who are in none is nobody's choice.  (transfer full)
 * (nullable) */
static char *find_group_name(PurpleGroup *group)
{
    const char *name = group != NULL ? purple_group_get_name(group) : NULL;
    return name == NULL || strcmp(name, DEFAULT_GROUP) == 0 ? NULL : cw_text_one_line(name);
}

static gboolean replace(char **old, char *new)
{
    if (g_strcmp0(*old, new) == 0) {
        g_free(new);
        return FALSE;
    }
    g_free(*old);
    *old = new;
    return TRUE;
}

static void send_gone(CwBuddies *buddies, const char *contact)
{
    cw_grants_forget(buddies->account, contact);
    if (g_hash_table_remove(buddies->known, contact))
        cw_host_send(&(CwLinkMsg){
            .kind = CW_LINK_CONTACT_GONE, .account = buddies->account->number, .contact = contact});
}

static void send_changes(CwBuddies *buddies, const char *contact)
{
    CwAccount *account = buddies->account;
    PurpleBuddy *buddy = purple_find_buddy(account->purple, contact);
    if (buddy == NULL) {
        send_gone(buddies, contact);
        return;
    }
    PurplePresence *presence = purple_buddy_get_presence(buddy);
    PurpleGroup *group = purple_buddy_get_group(buddy);
    Known *known = g_hash_table_lookup(buddies->known, contact);
    gboolean news = known == NULL;
    if (known == NULL) {
        known = g_new0(Known, 1);
        known->show = CW_SHOW_OFFLINE;
        g_hash_table_insert(buddies->known, g_strdup(contact), known);
    }
    news |= replace(&known->alias, find_alias(buddy, contact));
    news |= replace(&known->group, find_group_name(group));
    if (news)
        cw_host_send(&(CwLinkMsg){.kind = CW_LINK_CONTACT,
                                  .account = account->number,
                                  .contact = contact,
                                  .name = known->alias,
                                  .group = known->group});
    CwShow show = find_show(presence);
    gboolean presence_news = replace(&known->status, find_status_text(buddy, presence));
    send_icon(buddies, buddy, contact, known);
    gint64 idle = find_idle(presence, known->idle);
    if (show != known->show || idle != known->idle || presence_news) {
        known->show = show;
        known->idle = idle;
        if (show != CW_SHOW_OFFLINE)
            cw_grants_online(account, contact);
        cw_host_send(&(CwLinkMsg){.kind = CW_LINK_PRESENCE,
                                  .account = account->number,
                                  .contact = contact,
                                  .show = show,
                                  .status = known->status,
                                  .idle = idle});
    }
}

static gboolean flush_cb(gpointer data)
{
    CwBuddies *buddies = data;
    buddies->flush_id = 0;
    if (buddies->account->ending)
        return G_SOURCE_REMOVE;
    g_autoptr(GHashTable) dirty = g_steal_pointer(&buddies->dirty);
    buddies->dirty = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    GHashTableIter iter;
    gpointer contact;
    g_hash_table_iter_init(&iter, dirty);
    while (g_hash_table_iter_next(&iter, &contact, NULL)) {
        if (cw_grants_is_between(buddies->account, contact))
            g_hash_table_add(buddies->dirty, g_strdup(contact)); /* later: this is what it was */
        else
            send_changes(buddies, contact);
    }
    if (g_hash_table_size(buddies->dirty) > 0 && buddies->flush_id == 0)
        buddies->flush_id = g_timeout_add(FLUSH_DELAY, flush_cb, buddies);
    return G_SOURCE_REMOVE;
}

static void mark(PurpleBlistNode *node)
{
    if (!PURPLE_BLIST_NODE_IS_BUDDY(node))
        return;
    PurpleBuddy *buddy = (PurpleBuddy *)node;
    CwAccount *account = cw_account_of(purple_buddy_get_account(buddy));
    char *contact =
        account != NULL ? cw_account_normalize(account, purple_buddy_get_name(buddy)) : NULL;
    if (contact == NULL)
        return; /* a name that no line of the gateway could have */
    g_hash_table_add(account->buddies->dirty, contact);
    if (account->buddies->flush_id == 0)
        account->buddies->flush_id = g_timeout_add(FLUSH_DELAY, flush_cb, account->buddies);
}

CwShow cw_buddies_show(const CwAccount *account, const char *contact)
{
    PurpleBuddy *buddy = purple_find_buddy(account->purple, contact);
    return buddy != NULL ? find_show(purple_buddy_get_presence(buddy)) : CW_SHOW_OFFLINE;
}

gboolean cw_buddies_has(const CwAccount *account, const char *contact)
{
    return purple_find_buddy(account->purple, contact) != NULL;
}

/* What is to be said of one of them, now. */
static void flush(CwBuddies *buddies, const char *contact)
{
    if (!cw_grants_is_between(buddies->account, contact) &&
        g_hash_table_remove(buddies->dirty, contact))
        send_changes(buddies, contact);
}

/* ---- lines of the gateway ---- */

static void answer_add(const CwAccount *account, gint64 id, CwReason reason, const char *text)
{
    if (id == 0)
        return;
    if (reason == CW_REASON_NONE)
        cw_host_ack(account->number, id);
    else
        cw_host_nack(account->number, id, reason, text);
}

static PurpleGroup *find_group(const char *name)
{
    g_autofree char *line = cw_text_one_line(name);
    const char *wanted = *line != '\0' ? line : DEFAULT_GROUP;
    PurpleGroup *group = purple_find_group(wanted);
    if (group == NULL) {
        group = purple_group_new(wanted);
        purple_blist_add_group(group, NULL);
    }
    return group;
}

void cw_buddies_add(CwAccount *account, const CwLinkMsg *msg)
{
    gboolean online = cw_account_connection(account) != NULL;
    if (!online && !cw_host.defaults->local_contacts) {
        answer_add(account, msg->id, CW_REASON_NOT_ONLINE, "the account is not logged in");
        return;
    }
    g_autofree char *contact = cw_account_normalize(account, msg->contact);
    if (contact == NULL) {
        answer_add(account, msg->id, CW_REASON_NO_CONTACT, "there can be no contact of that name");
        return;
    }
    g_autofree char *alias = msg->name != NULL ? cw_text_one_line(msg->name) : NULL;
    PurpleBuddy *buddy = purple_find_buddy(account->purple, contact);
    if (buddy == NULL) {
        buddy = purple_buddy_new(account->purple, contact, alias);
        purple_blist_add_buddy(buddy, NULL, find_group(msg->group), NULL);
    } else if (alias != NULL) {
        purple_blist_alias_buddy(buddy, alias);
    }
    /* for one that is there already too: it asks for authorisation again */
    g_autofree char *text = msg->text != NULL ? cw_text_clean(msg->text) : NULL;
    if (online)
        purple_account_add_buddy_with_invite(account->purple, buddy, text);
    /* a plugin that finds the name impossible takes the buddy off again, at once */
    if (purple_find_buddy(account->purple, contact) == NULL) {
        answer_add(account, msg->id, CW_REASON_NO_CONTACT, "the network does not take that name");
        return;
    }
    /* prpl-jabber asks nobody whom it remembers as granted, though he was removed a moment ago */
    if (online && cw_grants_needs_asking(account, contact) &&
        cw_stanza_send_presence(account, contact, "subscribe"))
        cw_grants_asked(account, contact);
    cw_grants_added(account, contact);
    answer_add(account, msg->id, CW_REASON_NONE, NULL);
}

void cw_buddies_remove(CwAccount *account, const CwLinkMsg *msg)
{
    g_autofree char *contact = cw_account_normalize(account, msg->contact);
    if (cw_account_connection(account) == NULL && !cw_host.defaults->local_contacts) {
        answer_add(account, msg->id, CW_REASON_NOT_ONLINE, "the account is not logged in");
        return;
    }
    if (contact == NULL) {
        answer_add(account, msg->id, CW_REASON_NO_CONTACT, "there can be no contact of that name");
        return;
    }
    GSList *found = purple_find_buddies(account->purple, contact);
    gboolean found_any = found != NULL;
    for (GSList *l = found; l != NULL; l = l->next) {
        if (cw_account_connection(account) != NULL)
            purple_account_remove_buddy(account->purple, l->data, purple_buddy_get_group(l->data));
        purple_blist_remove_buddy(l->data);
    }
    g_slist_free(found);
    g_hash_table_remove(account->buddies->dirty, contact);
    send_gone(account->buddies, contact); /* before it may be added again */
    if (found_any && cw_account_connection(account) != NULL)
        cw_grants_leave(account, contact);
    answer_add(account, msg->id, CW_REASON_NONE, NULL);
}

/* libpurple tells the network of the group by itself, of the name it does not. */
static void rename_buddy(CwAccount *account, PurpleBuddy *buddy, const char *alias,
                         const char *group)
{
    if (alias != NULL) {
        purple_blist_alias_buddy(buddy, alias);
        if (cw_account_connection(account) != NULL)
            serv_alias_buddy(buddy);
    }
    if (group != NULL)
        purple_blist_add_buddy(buddy, NULL, find_group(group), NULL);
}

void cw_buddies_rename(CwAccount *account, const CwLinkMsg *msg)
{
    g_autofree char *contact = cw_account_normalize(account, msg->contact);
    g_autofree char *alias = msg->name != NULL ? cw_text_one_line(msg->name) : NULL;
    GSList *found = contact != NULL ? purple_find_buddies(account->purple, contact) : NULL;

    for (GSList *l = found; l != NULL; l = l->next) /* it moves as its first one is */
        rename_buddy(account, l->data, alias, l == found ? msg->group : NULL);
    g_slist_free(found);
}

/* ---- authorisation ---- */

void *cw_buddies_request_authorize(PurpleAccount *purple, const char *who, const char *id,
                                   const char *alias, const char *message, gboolean on_list,
                                   PurpleAccountRequestAuthorizationCb authorize_cb,
                                   PurpleAccountRequestAuthorizationCb deny_cb, void *user_data)
{
    Authorization *authorization = g_new0(Authorization, 1);
    authorization->authorize = authorize_cb;
    authorization->deny = deny_cb;
    authorization->user_data = user_data;
    CwAccount *account = cw_account_of(purple);
    char *contact = account != NULL ? cw_account_normalize(account, who) : NULL;
    authorization->contact = contact != NULL ? contact : g_strdup("");
    if (contact == NULL)
        return authorization; /* nobody to ask: libpurple closes it when the account goes */

    GHashTable *open = account->buddies->authorizations;
    Authorization *former = g_hash_table_lookup(open, contact);
    if (former != NULL)
        purple_account_request_close(former); /* asked again: the newest one is answered */
    if (g_hash_table_size(open) >= AUTHORIZATIONS_MAX) {
        cw_host_log("warning", account->number, "too many open authorisation requests; '%s' waits",
                    contact);
        return authorization;
    }
    flush(account->buddies, contact); /* its presence, which may just have been granted, first */
    authorization->account = account;
    g_hash_table_insert(open, authorization->contact, authorization);
    g_autofree char *name = alias != NULL ? cw_text_one_line(alias) : NULL;
    g_autofree char *text = message != NULL ? cw_markup_to_text(message) : NULL;
    cw_host_send(&(CwLinkMsg){.kind = CW_LINK_ASK_AUTHORIZATION,
                              .account = account->number,
                              .contact = contact,
                              .name = name,
                              .text = text});
    return authorization;
}

/* libpurple takes a request back, or we did. */
void cw_buddies_close_request(void *handle)
{
    Authorization *authorization = handle;
    if (authorization == NULL)
        return;
    if (authorization->account != NULL)
        g_hash_table_remove(authorization->account->buddies->authorizations,
                            authorization->contact);
    else
        free_authorization(authorization);
}

void cw_buddies_answer(CwAccount *account, const CwLinkMsg *msg)
{
    g_autofree char *contact = cw_account_normalize(account, msg->contact);
    Authorization *authorization =
        contact != NULL ? g_hash_table_lookup(account->buddies->authorizations, contact) : NULL;
    if (authorization == NULL) {
        gboolean yes = msg->kind == CW_LINK_AUTHORIZE;
        if (contact == NULL ||
            !cw_stanza_send_presence(account, contact, yes ? "subscribed" : "unsubscribed"))
            cw_host_log("debug", account->number, "an answer to '%s', who did not ask",
                        msg->contact);
        return;
    }
    g_hash_table_steal(account->buddies->authorizations, contact);
    if (msg->kind == CW_LINK_AUTHORIZE)
        authorization->authorize(authorization->user_data);
    else
        authorization->deny(authorization->user_data);
    free_authorization(authorization);
}

void cw_buddies_ask_gone(CwAccount *account, const char *contact)
{
    Authorization *authorization = g_hash_table_lookup(account->buddies->authorizations, contact);
    if (authorization != NULL)
        purple_account_request_close(authorization);
    cw_host_send(
        &(CwLinkMsg){.kind = CW_LINK_ASK_GONE, .account = account->number, .contact = contact});
}

void cw_buddies_notify_added(PurpleAccount *purple, const char *who, const char *id,
                             const char *alias, const char *message)
{
    CwAccount *account = cw_account_of(purple);
    if (account == NULL || who == NULL)
        return;
    g_autofree char *text = g_strdup_printf("%s has added you to their contact list.", who);
    cw_host_notice(account->number, NULL, text);
}

void cw_buddies_request_add(PurpleAccount *purple, const char *who, const char *id,
                            const char *alias, const char *message)
{
    /* "X added you, add X too?": after an authorisation, where the user's own client asks that, or
     * of a plugin that knows no authorisation */
    CwAccount *account = cw_account_of(purple);
    if (account != NULL && who != NULL && purple_find_buddy(purple, who) == NULL)
        cw_buddies_notify_added(purple, who, id, alias, message);
}

/* ---- libpurple's list ---- */

static void update_cb(PurpleBuddyList *list, PurpleBlistNode *node)
{
    if (node != NULL)
        mark(node);
}

static void save_node_cb(PurpleBlistNode *node)
{
}

static void save_account_cb(PurpleAccount *account)
{
}

static PurpleBlistUiOps blist_ops = {
    .new_node = mark,
    .update = update_cb,
    .remove = update_cb, /* looked up at the flush: there is it another one, or none */
    .save_node = save_node_cb,
    .remove_node = save_node_cb,
    .save_account = save_account_cb,
};

PurpleBlistUiOps *cw_buddies_ops(void)
{
    return &blist_ops;
}
