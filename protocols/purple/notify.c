/* protocols/purple/notify.c: what the network tells its user (libpurple's notify ops)
 *
 * Everything becomes a `notice` in plain text, but what the gateway asked for (info.c, search.c).
 * libpurple keeps the handle that an op returns until it closes the notification; where it is NULL
 * there is nothing to close, and libpurple calls the close callback at once.  Search results must
 * have one, or plugins take them for not shown; they are closed in the next turn.
 *
 * Message, formatted and URI ops do not say for which account: it is the one whose work is being
 * done; if there is none, the log takes it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "protocols/purple/notify.h"

#include "protocols/purple/account.h"
#include "protocols/purple/host.h"
#include "protocols/purple/info.h"
#include "protocols/purple/markup.h"
#include "protocols/purple/room-list.h"
#include "protocols/purple/rooms.h"
#include "protocols/purple/search.h"

#define ROWS_MAX 50 /* of a search result */

static void append(GString *out, const char *html)
{
    if (html == NULL || *html == '\0')
        return;
    g_autofree char *text = g_strstrip(cw_markup_to_text(html));
    if (*text != '\0')
        g_string_append_printf(out, "%s%s", out->len > 0 ? "\n" : "", text);
}

static void tell(CwAccount *account, const char *title, const char *text)
{
    g_autofree char *line = title != NULL ? cw_text_one_line(title) : NULL;
    if (*text == '\0' && line == NULL)
        return;
    if (account != NULL)
        cw_host_notice(account->number, line != NULL && *line != '\0' ? line : NULL, text);
    else
        cw_host_log("info", 0, "notice of the network: %s%s%s", line != NULL ? line : "",
                    line != NULL && *text != '\0' ? ": " : "", text);
}

static void *notify_message(PurpleNotifyMsgType type, const char *title, const char *primary,
                            const char *secondary)
{
    g_autoptr(GString) text = g_string_new(NULL);
    append(text, primary);
    append(text, secondary);
    const CwAccount *account = cw_account_current();
    if (type == PURPLE_NOTIFY_MSG_ERROR && account != NULL && cw_rooms_is_refusing(account))
        return NULL;
    /* prpl-irc: "no such nick", and below it whose */
    if (type == PURPLE_NOTIFY_MSG_ERROR &&
        cw_infos_refuse(cw_account_current(), secondary, text->str))
        return NULL;
    if (!cw_searches_take_message(cw_account_current(), type, text->str) &&
        !cw_room_list_take_message(cw_account_current(), type, text->str))
        tell(cw_account_current(), title, text->str);
    return NULL;
}

static void *notify_formatted(const char *title, const char *primary, const char *secondary,
                              const char *html)
{
    g_autoptr(GString) text = g_string_new(NULL);
    append(text, primary);
    append(text, secondary);
    append(text, html);
    tell(cw_account_current(), title, text->str);
    return NULL;
}

static void *notify_uri(const char *uri)
{
    tell(cw_account_current(), NULL, uri != NULL ? uri : "");
    return NULL;
}

static void *notify_emails(PurpleConnection *gc, size_t count, gboolean detailed,
                           const char **subjects, const char **froms, const char **tos,
                           const char **urls)
{
    g_autoptr(GString) text = g_string_new(NULL);
    if (!detailed) {
        g_string_append_printf(text, "You have %zu new e-mail%s.", count, count == 1 ? "" : "s");
    } else {
        for (size_t i = 0; i < count && i < ROWS_MAX; i++) {
            const char *from = froms != NULL && froms[i] != NULL ? froms[i] : "?";
            const char *subject = subjects != NULL && subjects[i] != NULL ? subjects[i] : "";
            g_string_append_printf(text, "%sNew e-mail from %s: %s", i > 0 ? "\n" : "", from,
                                   subject);
            if (urls != NULL && urls[i] != NULL)
                g_string_append_printf(text, " (%s)", urls[i]);
        }
    }
    if (count > 0)
        tell(cw_account_of_gc(gc), NULL, text->str);
    return NULL;
}

static void *notify_email(PurpleConnection *gc, const char *subject, const char *from,
                          const char *to, const char *url)
{
    return notify_emails(gc, 1, TRUE, &subject, &from, &to, &url);
}

static void append_results(GString *text, PurpleNotifySearchResults *results)
{
    guint n = 0;
    for (GList *row = results->rows; row != NULL && n < ROWS_MAX; row = row->next, n++) {
        GList *column = results->columns;
        gboolean first = TRUE;
        g_string_append_c(text, '\n');
        for (GList *cell = row->data; cell != NULL && column != NULL;
             cell = cell->next, column = column->next) {
            const PurpleNotifySearchColumn *heading = column->data;
            const char *value = cell->data;
            if (value == NULL || *value == '\0')
                continue;
            g_string_append_printf(text, "%s%s: %s", first ? "" : ", ", heading->title, value);
            first = FALSE;
        }
    }
}

static GHashTable *shown; /* set of PurpleNotifySearchResults: ours to free when they are closed */
static guint close_id;

static gboolean close_shown_cb(gpointer data)
{
    g_autoptr(GList) all = g_hash_table_get_keys(shown);
    close_id = 0;
    for (GList *l = all; l != NULL; l = l->next) {
        if (g_hash_table_contains(shown, l->data))
            purple_notify_close(PURPLE_NOTIFY_SEARCHRESULTS, l->data); /* back in close_notify() */
    }
    return G_SOURCE_REMOVE;
}

static void *notify_searchresults(PurpleConnection *gc, const char *title, const char *primary,
                                  const char *secondary, PurpleNotifySearchResults *results,
                                  gpointer user_data)
{
    CwAccount *account = cw_account_of_gc(gc);
    if (!cw_searches_take_results(account, results)) {
        g_autoptr(GString) text = g_string_new(NULL);
        append(text, primary);
        append(text, secondary);
        append_results(text, results);
        tell(account, title, text->str);
    }
    if (shown == NULL)
        shown = g_hash_table_new(NULL, NULL);
    g_hash_table_add(shown, results);
    if (close_id == 0)
        close_id = g_idle_add_full(G_PRIORITY_DEFAULT, close_shown_cb, NULL, NULL);
    return results;
}

static void notify_searchresults_new_rows(PurpleConnection *gc, PurpleNotifySearchResults *results,
                                          void *data)
{
    g_autoptr(GString) text = g_string_new(NULL);
    append_results(text, results);
    tell(cw_account_of_gc(gc), NULL, text->str);
}

static void *notify_userinfo(PurpleConnection *gc, const char *who, PurpleNotifyUserInfo *info)
{
    if (cw_infos_take(cw_account_of_gc(gc), who, info))
        return NULL;
    g_autofree char *html = purple_notify_user_info_get_text_with_newline(info, "<br>");
    g_autofree char *text = cw_markup_to_text(html);
    tell(cw_account_of_gc(gc), who, text);
    return NULL;
}

static void close_notify(PurpleNotifyType type, void *handle)
{
    if (type == PURPLE_NOTIFY_SEARCHRESULTS && shown != NULL && g_hash_table_remove(shown, handle))
        purple_notify_searchresults_free(handle);
}

static PurpleNotifyUiOps ops = {
    .notify_message = notify_message,
    .notify_email = notify_email,
    .notify_emails = notify_emails,
    .notify_formatted = notify_formatted,
    .notify_searchresults = notify_searchresults,
    .notify_searchresults_new_rows = notify_searchresults_new_rows,
    .notify_userinfo = notify_userinfo,
    .notify_uri = notify_uri,
    .close_notify = close_notify,
};

PurpleNotifyUiOps *cw_notify_ops(void)
{
    return &ops;
}
