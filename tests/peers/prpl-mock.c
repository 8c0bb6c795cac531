/* tests/peers/prpl-mock.c: a libpurple plugin without a network, which does what it is told
 *
 * Logs in at once (user "refused": never, "broken": with a network error, "crash…":
 * crashes while there is a file MOCK_CRASH_FILE).  A
 * message to the contact "input" asks for an input, one to "crash" crashes; see mock_send_im().
 * What comes back is a message from that contact.  A text that begins with "!" is a command about
 * the contact: see act().  Its user info goes by its name: mock_get_info().  Its user directory is
 * prpl-mock-search.c, its list of rooms prpl-mock-rooms.c.  The user's own picture and name come
 * back as messages from "looks".
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#define PURPLE_PLUGINS
#include "tests/peers/prpl-mock-rooms.h"
#include "tests/peers/prpl-mock-search.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

static void tell(PurpleConnection *gc, const char *who, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

static void tell(PurpleConnection *gc, const char *who, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    g_autofree char *html = g_markup_escape_text(text, -1);
    serv_got_im(gc, who, html, PURPLE_MESSAGE_RECV, time(NULL));
}

/* ---- questions ---- */

static void input_ok_cb(gpointer gc, const char *value)
{
    tell(gc, "input", "ok %s", value);
}

static void input_cancel_cb(gpointer gc, const char *value)
{
    tell(gc, "input", "cancelled");
}

static void choice_ok_cb(gpointer gc, int value)
{
    tell(gc, "choice", "ok %d", value);
}

static void choice_cancel_cb(gpointer gc, int value)
{
    tell(gc, "choice", "cancelled");
}

static void action_cb(gpointer gc, int action)
{
    tell(gc, "action", "action %d", action);
}

static void fatal_cb(gpointer gc, int action)
{
    purple_connection_error_reason(gc, PURPLE_CONNECTION_ERROR_AUTHENTICATION_FAILED, "as asked");
    purple_request_close_with_handle(gc); /* closes the question that is being answered */
}

static void fields_ok_cb(gpointer gc, PurpleRequestFields *fields)
{
    PurpleRequestField *list = purple_request_fields_get_field(fields, "list");
    GList *selected = purple_request_field_list_get_selected(list);
    tell(gc, "fields", "text=%s secret=%s number=%d yes=%d choice=%d list=%s",
         purple_request_fields_get_string(fields, "text"),
         purple_request_fields_get_string(fields, "secret"),
         purple_request_fields_get_integer(fields, "number"),
         purple_request_fields_get_bool(fields, "yes"),
         purple_request_fields_get_choice(fields, "choice"),
         selected != NULL ? (char *)selected->data : "-");
}

static void fields_cancel_cb(gpointer gc, PurpleRequestFields *fields)
{
    tell(gc, "fields", "cancelled");
}

static void file_cb(gpointer gc, const char *name)
{
    tell(gc, "file", "%s", name != NULL ? name : "cancelled");
}

static void ask_fields(PurpleConnection *gc, PurpleAccount *account)
{
    PurpleRequestFields *fields = purple_request_fields_new();
    PurpleRequestFieldGroup *group = purple_request_field_group_new("Group");
    purple_request_fields_add_group(fields, group);
    PurpleRequestField *field = purple_request_field_string_new("text", "_Text", "preset", FALSE);
    purple_request_field_set_required(field, TRUE);
    purple_request_field_group_add_field(group, field);
    field = purple_request_field_string_new("secret", "Secret", "hidden", FALSE);
    purple_request_field_string_set_masked(field, TRUE);
    purple_request_field_group_add_field(group, field);
    purple_request_field_group_add_field(group,
                                         purple_request_field_int_new("number", "Number", 7));
    purple_request_field_group_add_field(group, purple_request_field_bool_new("yes", "Yes?", TRUE));
    field = purple_request_field_choice_new("choice", "Choice", 1);
    purple_request_field_choice_add(field, "zero");
    purple_request_field_choice_add(field, "one");
    purple_request_field_group_add_field(group, field);
    field = purple_request_field_list_new("list", "List");
    purple_request_field_list_add_icon(field, "red", NULL, (gpointer) "r");
    purple_request_field_list_add_icon(field, "blue", NULL, (gpointer) "b");
    purple_request_field_group_add_field(group, field);
    purple_request_field_group_add_field(group, purple_request_field_label_new("note", "A note"));
    purple_request_field_group_add_field(
        group, purple_request_field_image_new("image", "Scan me", "\x89PNG", 4));
    purple_request_fields(gc, "Title", "Primary", "Secondary", fields, "OK",
                          G_CALLBACK(fields_ok_cb), "Cancel", G_CALLBACK(fields_cancel_cb), account,
                          NULL, NULL, gc);
}

static gboolean ask(PurpleConnection *gc, PurpleAccount *account, const char *what)
{
    if (strcmp(what, "input") == 0)
        purple_request_input(gc, "Title", "<b>Primary</b>", "Secondary &amp; more", "preset", FALSE,
                             FALSE, NULL, "OK", G_CALLBACK(input_ok_cb), "Cancel",
                             G_CALLBACK(input_cancel_cb), account, NULL, NULL, gc);
    else if (strcmp(what, "choice") == 0)
        purple_request_choice(gc, "Title", "Primary", NULL, 20, "OK", G_CALLBACK(choice_ok_cb),
                              "Cancel", G_CALLBACK(choice_cancel_cb), account, NULL, NULL, gc,
                              "ten", 10, "twenty", 20, NULL);
    else if (strcmp(what, "action") == 0) /* without an account, as libpurple itself asks */
        purple_request_action(gc, "Title", "Primary", NULL, 1, NULL, NULL, NULL, gc, 3, "_One",
                              action_cb, "_Two", action_cb, "Three", action_cb);
    else if (strcmp(what, "yesno") == 0)
        purple_request_yes_no(gc, "Title", "Primary", NULL, 0, account, NULL, NULL, gc, action_cb,
                              action_cb);
    else if (strcmp(what, "fatal") == 0)
        purple_request_ok_cancel(gc, "Title", "Primary", NULL, 0, account, NULL, NULL, gc, fatal_cb,
                                 fatal_cb);
    else if (strcmp(what, "fields") == 0)
        ask_fields(gc, account);
    else if (strcmp(what, "file") == 0)
        purple_request_file(gc, "Title", "name", FALSE, G_CALLBACK(file_cb), G_CALLBACK(file_cb),
                            account, NULL, NULL, gc);
    else
        return FALSE;
    return TRUE;
}

/* ---- notices ---- */

static gboolean notify(PurpleConnection *gc, const char *what)
{
    if (strcmp(what, "notify") == 0) {
        purple_notify_error(gc, "Title", "Primary &lt;1&gt;", "Secondary");
    } else if (strcmp(what, "formatted") == 0) {
        purple_notify_formatted(gc, "Title", "Primary", NULL, "<b>Bold</b><br>line", NULL, NULL);
    } else if (strcmp(what, "userinfo") == 0) {
        PurpleNotifyUserInfo *info = purple_notify_user_info_new();
        purple_notify_user_info_add_pair(info, "Name", "Somebody");
        purple_notify_userinfo(gc, "somebody", info, NULL, NULL);
        purple_notify_user_info_destroy(info);
    } else if (strcmp(what, "search") == 0) {
        PurpleNotifySearchResults *results = purple_notify_searchresults_new();
        purple_notify_searchresults_column_add(results,
                                               purple_notify_searchresults_column_new("Id"));
        purple_notify_searchresults_row_add(results, g_list_append(NULL, g_strdup("42")));
        purple_notify_searchresults(gc, "Title", "Primary", NULL, results, NULL, NULL);
    } else if (strcmp(what, "uri") == 0) {
        purple_notify_uri(gc, "http://a.example/");
    } else if (strcmp(what, "email") == 0) {
        purple_notify_email(gc, "Subject", "from@a.example", "to@a.example", NULL, NULL, NULL);
    } else {
        return FALSE;
    }
    return TRUE;
}

/* ---- user info ---- */

static void mock_get_info(PurpleConnection *gc, const char *who)
{
    PurpleNotifyUserInfo *info = NULL;
    if (strcmp(who, "silent") == 0)
        return;
    if (strcmp(who, "nobody") == 0) { /* as prpl-irc says it */
        purple_notify_error(gc, NULL, "No such nick or channel", who);
        return;
    }
    info = purple_notify_user_info_new();
    if (strcmp(who, "many") == 0) {
        for (guint i = 0; i < 10000; i++) {
            g_autofree char *value = g_strdup_printf("value %u", i);
            purple_notify_user_info_add_pair_plaintext(info, "Label", value);
        }
    } else if (strcmp(who, "hostile") == 0) {
        purple_notify_user_info_add_pair(info, "Full Name", "a\x01\x1f]]&gt;&lt;b/&gt;&amp;amp;");
        purple_notify_user_info_add_pair(info, "Nickname", "\xff\xfe\xef\xbf\xbf'\"");
        purple_notify_user_info_add_pair(info, "URL", "javascript:alert(1)");
        purple_notify_user_info_add_pair(info, "Email", "no address");
        purple_notify_user_info_add_pair(info, "Birthday", "once");
        purple_notify_user_info_add_pair(info, "<&>\x02", "x");
    } else if (strcmp(who, "empty") != 0) {
        purple_notify_user_info_add_section_header(info, "Person");
        purple_notify_user_info_add_pair(info, "Full Name", "Romeo <b>Montague</b>");
        purple_notify_user_info_add_pair(info, "Nickname", "romeo &amp; co");
        purple_notify_user_info_add_pair(
            info, "Email", "<a href='mailto:romeo@montague.lit'>romeo@montague.lit</a>");
        purple_notify_user_info_add_pair(info, "URL", "https://montague.lit/");
        purple_notify_user_info_add_pair(info, "Telephone", "+39 045");
        purple_notify_user_info_add_pair(info, "Birthday", "1597-01-30");
        purple_notify_user_info_add_section_break(info);
        purple_notify_user_info_add_pair(info, "Photo", "<img id='7'>");
        purple_notify_user_info_add_pair(info, "Town", "Verona");
    }
    purple_notify_userinfo(gc, who, info, NULL, NULL);
    purple_notify_user_info_destroy(info);
}

/* ---- what a contact does ---- */

static void set_icon(PurpleAccount *account, const char *who, const char *kind)
{
    static const char png[] = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0 \0\0\0@";
    gsize length = strcmp(kind, "large") == 0  ? 1 << 20
                   : strcmp(kind, "text") == 0 ? 64
                   : strcmp(kind, "none") == 0 ? 0
                                               : 100 + strlen(kind);
    guchar *data = g_malloc0(length + 1);
    if (strcmp(kind, "text") == 0) {
        memset(data, 'x', length);
    } else if (length > 0) {
        memcpy(data, png, sizeof png - 1);
        memcpy(data + 90, kind, strlen(kind));
    }
    purple_buddy_icons_set_for_user(account, who, data, length, kind);
}

/* So many are on the list, each with a name, a picture and presence. */
static void add_crowd(PurpleAccount *account, int size)
{
    PurpleGroup *group = purple_group_new("Crowd");
    purple_blist_add_group(group, NULL);
    for (int i = 1; i <= size; i++) {
        g_autofree char *who = g_strdup_printf("crowd%d", i);
        purple_blist_add_buddy(purple_buddy_new(account, who, NULL), NULL, group, NULL);
        serv_got_alias(purple_account_get_connection(account), who, who + 2);
        set_icon(account, who, who);
        purple_prpl_got_user_status(account, who, "available", NULL);
    }
}

/* "!online", "!offline", "!idle SECONDS" (0: back), "!alias NAME", "!icon NAME": a picture of that
 * name, or "none", "large" (1 MiB), "text" (no picture); "!crowd SIZE" */
static gboolean act(PurpleAccount *account, const char *who, const char *html)
{
    if (*html != '!')
        return FALSE;
    g_autofree char *text = purple_unescape_html(html);
    const char *space = strchr(text, ' ');
    const char *rest = space != NULL ? space + 1 : "";
    if (g_str_has_prefix(html, "!idle"))
        purple_prpl_got_user_idle(account, who, atoi(rest) != 0, time(NULL) - atoi(rest));
    else if (g_str_has_prefix(html, "!icon"))
        set_icon(account, who, rest);
    else if (g_str_has_prefix(html, "!crowd"))
        add_crowd(account, atoi(rest));
    else if (g_str_has_prefix(html, "!alias"))
        serv_got_alias(purple_account_get_connection(account), who, rest);
    else if (g_str_has_prefix(html, "!say"))
        tell(purple_account_get_connection(account), who, "%s", rest);
    else
        purple_prpl_got_user_status(account, who,
                                    strcmp(html, "!online") == 0 ? "available" : "offline", NULL);
    return TRUE;
}

/* ---- the user's own looks ---- */

static void mock_set_icon(PurpleConnection *gc, PurpleStoredImage *img)
{
    g_autofree char *id =
        img == NULL ? g_strdup("none")
                    : g_compute_checksum_for_data(G_CHECKSUM_SHA1, purple_imgstore_get_data(img),
                                                  purple_imgstore_get_size(img));
    tell(gc, "looks", "icon %s", id);
}

/* What the network keeps, by user. */
static GHashTable *public_aliases;

static void mock_set_alias(PurpleConnection *gc, const char *alias,
                           PurpleSetPublicAliasSuccessCallback success,
                           PurpleSetPublicAliasFailureCallback failure)
{
    PurpleAccount *account = purple_connection_get_account(gc);
    if (g_strcmp0(alias, "refused") == 0) {
        failure(account, "no such names");
        return;
    }
    g_hash_table_replace(public_aliases, g_strdup(purple_account_get_username(account)),
                         g_strdup(alias));
    tell(gc, "looks", "alias %s", alias == NULL ? "none" : alias);
    success(account, alias);
}

static void mock_get_alias(PurpleConnection *gc, PurpleGetPublicAliasSuccessCallback success,
                           PurpleGetPublicAliasFailureCallback failure)
{
    PurpleAccount *account = purple_connection_get_account(gc);
    success(account, g_hash_table_lookup(public_aliases, purple_account_get_username(account)));
}

static void mock_set_idle(PurpleConnection *gc, int seconds)
{
    tell(gc, "idle", "idle %d", seconds);
}

/* ---- messages ---- */

static gboolean late_cb(gpointer data)
{
    PurpleAccount *account = data;
    purple_conv_present_error("late", account, "refused &lt;late&gt;");
    return G_SOURCE_REMOVE;
}

/* 400 MiB a second, all of it touched */
static gboolean eat_cb(gpointer data)
{
    static char *volatile last; /* or the compiler leaves it all out */
    last = g_malloc(8 << 20);
    memset(last, 'x', 8 << 20);
    return G_SOURCE_CONTINUE;
}

static gpointer complain(gpointer data)
{
    for (guint i = 0; i < 100; i++)
        g_warning("a thread is not happy");
    return NULL;
}

static void xfer_init(PurpleXfer *xfer)
{
}

static int mock_send_im(PurpleConnection *gc, const char *who, const char *html,
                        PurpleMessageFlags flags)
{
    PurpleAccount *account = purple_connection_get_account(gc);
    PurpleConversation *conv =
        purple_find_conversation_with_account(PURPLE_CONV_TYPE_IM, who, account);
    if (act(account, who, html) || ask(gc, account, who) || notify(gc, who) ||
        mock_search_message(gc, who))
        return 1;
    if (strcmp(who, "echo") == 0) {
        purple_conv_im_write(PURPLE_CONV_IM(conv), "me", html, PURPLE_MESSAGE_SEND, time(NULL));
    } else if (strcmp(who, "remote") == 0) {
        purple_conv_im_write(PURPLE_CONV_IM(conv), "me", "from my phone",
                             PURPLE_MESSAGE_SEND | PURPLE_MESSAGE_REMOTE_SEND, time(NULL));
    } else if (strcmp(who, "html") == 0) {
        g_autofree char *raw = purple_unescape_html(html);
        serv_got_im(gc, who, raw, PURPLE_MESSAGE_RECV, time(NULL));
    } else if (strcmp(who, "raw") == 0) {
        tell(gc, who, "%s", html);
    } else if (strcmp(who, "old") == 0) {
        serv_got_im(gc, who, "old", PURPLE_MESSAGE_RECV | PURPLE_MESSAGE_DELAYED, 1000000000);
    } else if (strcmp(who, "long") == 0) {
        return -E2BIG;
    } else if (strcmp(who, "sync") == 0) {
        purple_conv_present_error(who, account, "refused at once");
    } else if (strcmp(who, "late") == 0) {
        purple_timeout_add(50, late_cb, account);
    } else if (strcmp(who, "system") == 0) {
        purple_conv_present_error("nobody", account, "about nobody");
    } else if (strcmp(who, "invite") == 0) {
        GHashTable *components = g_hash_table_new(g_str_hash, g_str_equal);
        serv_got_chat_invite(gc, "room", "somebody", "come", components);
    } else if (strcmp(who, "xfer") == 0) {
        PurpleXfer *xfer = purple_xfer_new(account, PURPLE_XFER_RECEIVE, who);
        purple_xfer_set_filename(xfer, "cat.png");
        purple_xfer_set_size(xfer, 1000);
        purple_xfer_set_init_fnc(xfer, xfer_init);
        purple_xfer_request(xfer);
    } else if (strcmp(who, "drop") == 0) {
        purple_connection_error_reason(gc, PURPLE_CONNECTION_ERROR_NETWORK_ERROR, "dropped");
        return -ENOTCONN;
    } else if (strcmp(who, "withdraw") == 0) {
        purple_request_close_with_handle(gc);
    } else if (strcmp(who, "critical") == 0) {
        g_critical("a plugin is not happy");
    } else if (strcmp(who, "thread") == 0) {
        g_thread_join(g_thread_new("mock", complain, NULL));
    } else if (strcmp(who, "option") == 0) {
        tell(gc, who, "bool=%d int=%d string=%s list=%s extra=%s",
             purple_account_get_bool(account, "bool", FALSE),
             purple_account_get_int(account, "int", 5),
             purple_account_get_string(account, "string", "none"),
             purple_account_get_string(account, "list", "b"),
             purple_account_get_string(account, "extra", "none"));
    } else if (strcmp(who, "arrives") == 0) {
        purple_prpl_got_user_status(account, html, "available", NULL);
    } else if (strcmp(who, "crash") == 0) {
        raise(SIGSEGV);
    } else if (strcmp(who, "hang") == 0) {
        g_usleep((gulong)3600 * G_USEC_PER_SEC);
    } else if (strcmp(who, "spin") == 0) {
        for (volatile guint i = 0; TRUE; i++)
            ;
    } else if (strcmp(who, "eat") == 0) {
        purple_timeout_add(20, eat_cb, NULL);
    }
    return 1;
}

static unsigned int mock_send_typing(PurpleConnection *gc, const char *who, PurpleTypingState state)
{
    tell(gc, who, "typing %d", state);
    return 0;
}

/* ---- a contact list ---- */

static void list_buddy(PurpleAccount *account, const char *name, const char *alias,
                       const char *group_name)
{
    PurpleGroup *group = purple_find_group(group_name);
    if (group == NULL) {
        group = purple_group_new(group_name);
        purple_blist_add_group(group, NULL);
    }
    PurpleBuddy *buddy = purple_buddy_new(account, name, alias);
    purple_blist_add_buddy(buddy, NULL, group, NULL);
}

/* User "list-N": N contacts, one in ten of them online. */
static void list_many(PurpleAccount *account, guint count)
{
    for (guint i = 0; i < count; i++) {
        g_autofree char *name = g_strdup_printf("contact-%u", i);
        g_autofree char *alias = g_strdup_printf("Contact %u", i);
        list_buddy(account, name, alias, i % 2 == 0 ? "Even" : "Odd");
        if (i % 10 == 0)
            purple_prpl_got_user_status(account, name, "available", NULL);
    }
}

/* User "hostile": names that are hard to have. */
static void list_hostile(PurpleAccount *account)
{
    g_autofree char *long_text = g_strnfill(65536, 'x');
    g_autofree char *long_name = g_strnfill(1100, 'n');
    g_autofree char *many_escapes = g_strnfill(400, '@');
    list_buddy(account, "<a b='c'>&\"]]>", "<b/>&amp;]]>", "<&'\">");
    list_buddy(account, " Spaces  and @, ÄÖ ", "\xf0\x9f\x90\xb1", "gr\xc3\xbc\xc3\x9f");
    list_buddy(account, "\xf0\x9f\x90\xb1 cat", NULL, "Buddies");
    list_buddy(account, "a\\20b", "back\\slash", "a\nb");
    list_buddy(account, "long-texts", long_text, long_text);
    list_buddy(account, long_name, "too long", "Buddies");
    list_buddy(account, many_escapes, "too long when escaped", "Buddies");
    purple_prpl_got_user_status(account, "long-texts", "available", "message", long_text, NULL);
    PurpleConnection *gc = purple_account_get_connection(account);
    tell(gc, long_name, "can you read me?");
    tell(gc, many_escapes, "and me?");
}

/* ---- the rest of a plugin ---- */

static void mock_set_status(PurpleAccount *account, PurpleStatus *status)
{
    PurpleConnection *gc = purple_account_get_connection(account);

    if (gc != NULL && strcmp(purple_account_get_username(account), "ghost") == 0)
        tell(gc, "status", "status %s", purple_status_get_id(status));
}

static void mock_login(PurpleAccount *account)
{
    PurpleConnection *gc = purple_account_get_connection(account);
    const char *user = purple_account_get_username(account);
    if (strcmp(user, "refused") == 0) {
        purple_connection_error_reason(gc, PURPLE_CONNECTION_ERROR_AUTHENTICATION_FAILED, "no");
        return;
    }
    if (strcmp(user, "broken") == 0) {
        purple_connection_error_reason(gc, PURPLE_CONNECTION_ERROR_NETWORK_ERROR, "broken");
        return;
    }
    const char *crash_file = g_getenv("MOCK_CRASH_FILE");
    if (g_str_has_prefix(user, "crash") && crash_file != NULL &&
        g_file_test(crash_file, G_FILE_TEST_EXISTS))
        raise(SIGSEGV);
    if (strcmp(user, "early") == 0) /* some speak before they are signed on */
        tell(gc, "early", "before");
    PurpleStoredImage *icon = purple_buddy_icons_find_account_icon(account);
    purple_connection_set_state(gc, PURPLE_CONNECTED);
    if (strcmp(user, "ghost") == 0)
        mock_set_status(account, purple_account_get_active_status(account));
    if (g_str_has_prefix(user, "list-"))
        list_many(account, (guint)atoi(user + strlen("list-")));
    else if (strcmp(user, "hostile") == 0)
        list_hostile(account);
    if (icon != NULL) {
        tell(gc, "looks", "log-in with a picture");
        purple_imgstore_unref(icon);
    }
}

static void mock_close(PurpleConnection *gc)
{
}

static GList *mock_status_types(PurpleAccount *account)
{
    GList *types = NULL;
    types =
        g_list_append(types, purple_status_type_new_with_attrs(
                                 PURPLE_STATUS_AVAILABLE, NULL, NULL, TRUE, TRUE, FALSE, "message",
                                 "Message", purple_value_new(PURPLE_TYPE_STRING), NULL));
    types = g_list_append(types, purple_status_type_new(PURPLE_STATUS_INVISIBLE, NULL, NULL, TRUE));
    types = g_list_append(types, purple_status_type_new(PURPLE_STATUS_OFFLINE, NULL, NULL, TRUE));
    return types;
}

/* Whoever is added is asked, and says nothing. */
static void mock_add_buddy(PurpleConnection *gc, PurpleBuddy *buddy, PurpleGroup *group)
{
}

static const char *mock_icon(PurpleAccount *account, PurpleBuddy *buddy)
{
    return "mock";
}

static PurplePluginProtocolInfo protocol_info = {
    .options = OPT_PROTO_PASSWORD_OPTIONAL,
    .icon_spec = {(char *)"png,gif", 32, 32, 96, 96, 10000, PURPLE_ICON_SCALE_SEND},
    .set_buddy_icon = mock_set_icon,
    .set_public_alias = mock_set_alias,
    .get_public_alias = mock_get_alias,
    .list_icon = mock_icon,
    .status_types = mock_status_types,
    .set_status = mock_set_status,
    .login = mock_login,
    .close = mock_close,
    .send_im = mock_send_im,
    .add_buddy = mock_add_buddy,
    .send_typing = mock_send_typing,
    .get_info = mock_get_info,
    .set_idle = mock_set_idle,
    .roomlist_get_list = mock_roomlist,
    .roomlist_cancel = mock_roomlist_cancel,
    .struct_size = sizeof(PurplePluginProtocolInfo),
};

static PurplePluginInfo info = {
    .magic = PURPLE_PLUGIN_MAGIC,
    .major_version = PURPLE_MAJOR_VERSION,
    .minor_version = PURPLE_MINOR_VERSION,
    .type = PURPLE_PLUGIN_PROTOCOL,
    .priority = PURPLE_PRIORITY_DEFAULT,
    .id = (char *)"prpl-mock",
    .name = (char *)"Mock",
    .version = (char *)"1",
    .extra_info = &protocol_info,
    .actions = mock_actions,
};

static void mock_init(PurplePlugin *plugin)
{
    public_aliases = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    GList *options = NULL;
    PurpleAccountOption *secret = purple_account_option_string_new("Secret", "secret", "");
    PurpleAccountOption *list = purple_account_option_list_new("List", "list", NULL);
    purple_account_option_set_masked(secret, TRUE);
    purple_account_option_add_list_item(list, "First", "a");
    purple_account_option_add_list_item(list, "Second", "b");
    options = g_list_append(options, purple_account_option_bool_new("Bool", "bool", TRUE));
    options = g_list_append(options, purple_account_option_int_new("Int", "int", 5));
    options = g_list_append(options, purple_account_option_string_new("String", "string", "x"));
    options = g_list_append(options, secret);
    options = g_list_append(options, list);
    protocol_info.protocol_options = options;
}

PURPLE_INIT_PLUGIN(mock, mock_init, info)
