/* tests/peers/prpl-mock-search.c: the user directory of prpl-mock, which does what is looked for
 *
 * The action asks for the directory, and a moment later shows its form, as prpl-jabber does.  Users
 * with other ways: "nowhere" has no directory, "discovers" finds it at the third look, "direct" is
 * shown the form at once, "formless" never, "twice" is asked by a second input instead,
 * "refused-form" gets an error, "guarded" must solve a captcha first.
 *
 * What is looked for as the nickname says what comes: see answer().  Each form and each result is
 * allocated until it is closed, so a leak tells of one that was not.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "tests/peers/prpl-mock-search.h"

#include <string.h>

#define SOON 30 /* ms: in another turn of the loop */

static guint open_forms, open_results;
static guint looks; /* of "discovers" */

/* Freed by whichever callback ends the form. */
typedef struct {
    PurpleConnection *gc;
    char *nick;
} Form;

static gboolean is_user(PurpleConnection *gc, const char *name)
{
    return strcmp(purple_account_get_username(purple_connection_get_account(gc)), name) == 0;
}

static Form *form_new(PurpleConnection *gc)
{
    Form *form = g_new0(Form, 1);

    form->gc = gc;
    open_forms++;
    return form;
}

static void form_free(Form *form)
{
    open_forms--;
    g_free(form->nick);
    g_free(form);
}

/* ---- results ---- */

static void closed_cb(gpointer data)
{
    open_results--;
    g_free(data);
}

static PurpleNotifySearchResults *results_new(void)
{
    PurpleNotifySearchResults *results = purple_notify_searchresults_new();
    static const char *const titles[] = {"Given Name", "JID", "Nickname", "Town <&>"};

    for (guint i = 0; i < G_N_ELEMENTS(titles); i++)
        purple_notify_searchresults_column_add(results,
                                               purple_notify_searchresults_column_new(titles[i]));
    return results;
}

static void add_row(PurpleNotifySearchResults *results, const char *first, const char *jid,
                    const char *nick, const char *town)
{
    GList *row = NULL;

    row = g_list_append(row, g_strdup(first));
    row = g_list_append(row, g_strdup(jid));
    row = g_list_append(row, g_strdup(nick));
    row = g_list_append(row, g_strdup(town));
    purple_notify_searchresults_row_add(results, row);
}

static void show(PurpleConnection *gc, PurpleNotifySearchResults *results)
{
    open_results++;
    if (purple_notify_searchresults(gc, "Title", "Primary", NULL, results, closed_cb,
                                    g_malloc(1)) == NULL)
        purple_notify_error(gc, NULL, "The results cannot be shown", NULL);
}

static void show_two(PurpleConnection *gc)
{
    PurpleNotifySearchResults *results = results_new();

    add_row(results, "Romeo", "romeo", "rom", "Verona");
    add_row(results, "Count", "count paris@x", NULL, "");
    show(gc, results);
}

static void show_many(PurpleConnection *gc)
{
    PurpleNotifySearchResults *results = results_new();

    for (guint i = 0; i < 2000; i++) {
        g_autofree char *jid = g_strdup_printf("user%u", i);
        add_row(results, "Somebody", jid, "nick", "Verona");
    }
    show(gc, results);
}

/* As much as fits into no line of the link. */
static void show_large(PurpleConnection *gc)
{
    PurpleNotifySearchResults *results = results_new();
    g_autofree char *text = g_strnfill(10000, '"');

    for (guint i = 0; i < 500; i++)
        add_row(results, text, "romeo", text, text);
    for (guint i = 0; i < 100; i++)
        purple_notify_searchresults_column_add(results,
                                               purple_notify_searchresults_column_new(text));
    show(gc, results);
}

static void show_hostile(PurpleConnection *gc)
{
    PurpleNotifySearchResults *results = results_new();
    g_autofree char *text = g_strnfill(5000, 'x');
    g_autofree char *no_jid = g_strnfill(600, '@'); /* three times as long when it is escaped */

    add_row(results, "no JID", no_jid, "x", "x");
    add_row(results, "]]></item><item jid='x'/>", "<evil>&\"'@x", "a\x01\x1f\r\n<body/>", "&amp;");
    add_row(results, "\xff\xfe", "fine", "\xef\xbf\xbe", "\xed\xa0\x80");
    add_row(results, "no name", NULL, "x", "x");
    add_row(results, "empty name", "", "x", "x");
    add_row(results, "a line in it", "a\nQUIT", "x", "x");
    add_row(results, "no UTF-8", "\xc3(", "x", "x");
    add_row(results, "too long", text, "x", "x");
    /* a row without a cell, and one with one too many */
    g_list_free_full(g_list_last(results->rows)->data, g_free);
    g_list_last(results->rows)->data = NULL;
    add_row(results, "long", "long", text, "x");
    GList *row = g_list_last(results->rows)->data;
    g_list_last(results->rows)->data = g_list_append(row, g_strdup("over the edge"));
    show(gc, results);
}

/* ---- what is looked for ---- */

static void solved_cb(gpointer gc, PurpleRequestFields *fields)
{
    show_two(gc);
}

static void solved_first_cb(gpointer data, PurpleRequestFields *fields);

static void ask_captcha(PurpleConnection *gc, gboolean picture, PurpleRequestFieldsCb solved)
{
    PurpleRequestFields *fields = purple_request_fields_new();
    PurpleRequestFieldGroup *group = purple_request_field_group_new(NULL);

    purple_request_fields_add_group(fields, group);
    if (picture)
        purple_request_field_group_add_field(
            group, purple_request_field_image_new("image", "Captcha", "\x89PNG", 4));
    purple_request_field_group_add_field(
        group, purple_request_field_string_new("text", "Text", NULL, FALSE));
    purple_request_fields(gc, "Captcha", "Are you a person?", NULL, fields, "OK",
                          G_CALLBACK(solved), "Cancel", NULL, purple_connection_get_account(gc),
                          NULL, NULL, gc);
}

static void typed_cb(gpointer gc, const char *text)
{
    show_two(gc);
}

/* FALSE: nothing comes. */
static void answer(PurpleConnection *gc, const char *nick)
{
    PurpleAccount *account = purple_connection_get_account(gc);

    if (strcmp(nick, "silent") == 0)
        return;
    if (strcmp(nick, "error") == 0)
        purple_notify_error(gc, "Search", "The directory is &lt;closed&gt;", "on Sundays");
    else if (strcmp(nick, "nobody") == 0)
        purple_notify_error(gc, NULL, "Nobody is called nobody", NULL);
    else if (strcmp(nick, "many") == 0)
        show_many(gc);
    else if (strcmp(nick, "large") == 0)
        show_large(gc);
    else if (strcmp(nick, "hostile") == 0)
        show_hostile(gc);
    else if (strcmp(nick, "captcha") == 0)
        ask_captcha(gc, TRUE, solved_cb);
    else if (strcmp(nick, "sum") == 0) /* nothing but the moment tells it from a form */
        ask_captcha(gc, FALSE, solved_cb);
    else if (strcmp(nick, "question") == 0)
        purple_request_input(gc, "Title", "How are you?", NULL, NULL, FALSE, FALSE, NULL, "OK",
                             G_CALLBACK(typed_cb), "Cancel", G_CALLBACK(typed_cb), account, NULL,
                             NULL, gc);
    else if (strcmp(nick, "drop") == 0)
        purple_connection_error_reason(gc, PURPLE_CONNECTION_ERROR_NETWORK_ERROR, "dropped");
    else
        show_two(gc);
}

static gboolean answer_cb(gpointer data)
{
    Form *form = data;

    if (PURPLE_CONNECTION_IS_VALID(form->gc))
        answer(form->gc, form->nick);
    form_free(form);
    return G_SOURCE_REMOVE;
}

static void answer_soon(Form *form)
{
    purple_timeout_add(SOON, answer_cb, form);
}

/* ---- the form ---- */

static void searched_cb(gpointer data, PurpleRequestFields *fields)
{
    Form *form = data;
    const char *nick = purple_request_fields_get_string(fields, "nickname");

    form->nick = g_strdup(nick != NULL ? nick : "");
    if (strcmp(form->nick, "sync") == 0)
        answer_cb(form);
    else
        answer_soon(form);
}

static void cancelled_cb(gpointer data, PurpleRequestFields *fields)
{
    PurpleConnection *gc = ((Form *)data)->gc;

    purple_notify_info(gc, NULL, "You did not search", NULL); /* that is nobody's business */
    form_free(data);
}

static void show_form(PurpleConnection *gc)
{
    PurpleRequestFields *fields = purple_request_fields_new();
    PurpleRequestFieldGroup *group = purple_request_field_group_new(NULL);
    PurpleRequestField *field;

    purple_request_fields_add_group(fields, group);
    purple_request_field_group_add_field(group, purple_request_field_label_new("note", "A note"));
    purple_request_field_group_add_field(
        group, purple_request_field_string_new("nickname", "_Nickname", NULL, FALSE));
    purple_request_field_group_add_field(
        group, purple_request_field_string_new("town", "Town <&>", NULL, FALSE));
    field = purple_request_field_choice_new("house", "House", 0);
    purple_request_field_choice_add(field, "any");
    purple_request_field_choice_add(field, "Montague");
    purple_request_field_group_add_field(group, field);
    purple_request_field_group_add_field(
        group, purple_request_field_bool_new("online", "Only online", FALSE));
    purple_request_fields(gc, "Search", "Who is it?", "Fill in <b>one</b>", fields, "OK",
                          G_CALLBACK(searched_cb), "Cancel", G_CALLBACK(cancelled_cb),
                          purple_connection_get_account(gc), NULL, NULL, form_new(gc));
}

static void typed_nick_cb(gpointer data, const char *nick)
{
    Form *form = data;

    form->nick = g_strdup(nick);
    answer_soon(form);
}

static void not_typed_cb(gpointer data, const char *nick)
{
    form_free(data);
}

static gboolean show_form_cb(gpointer data)
{
    PurpleConnection *gc = data;

    if (!PURPLE_CONNECTION_IS_VALID(gc))
        return G_SOURCE_REMOVE;
    if (is_user(gc, "refused-form"))
        purple_notify_error(gc, NULL, "There is no form", NULL);
    else if (is_user(gc, "guarded"))
        ask_captcha(gc, TRUE, solved_first_cb);
    else if (!is_user(gc, "formless"))
        show_form(gc);
    return G_SOURCE_REMOVE;
}

static void solved_first_cb(gpointer data, PurpleRequestFields *fields)
{
    show_form(data);
}

/* ---- the directory ---- */

static void directory_cb(gpointer gc, const char *directory)
{
    if (strcmp(directory, "users.mock") != 0)
        purple_notify_error(gc, NULL, "Invalid directory", NULL);
    else if (is_user(gc, "twice"))
        purple_request_input(gc, NULL, "Whom?", NULL, NULL, FALSE, FALSE, NULL, "OK",
                             G_CALLBACK(typed_nick_cb), "Cancel", G_CALLBACK(not_typed_cb),
                             purple_connection_get_account(gc), NULL, NULL, form_new(gc));
    else
        purple_timeout_add(SOON, show_form_cb, gc);
}

static void search_cb(PurplePluginAction *action)
{
    PurpleConnection *gc = action->context;
    gboolean unknown = is_user(gc, "nowhere") || (is_user(gc, "discovers") && ++looks < 3);

    if (is_user(gc, "direct"))
        show_form(gc);
    else /* without an account, as prpl-jabber does it */
        purple_request_input(gc, "Directory", "Which one?", NULL, unknown ? NULL : "users.mock",
                             FALSE, FALSE, NULL, "OK", G_CALLBACK(directory_cb), "Cancel", NULL,
                             NULL, NULL, NULL, gc);
}

static void other_cb(PurplePluginAction *action)
{
    purple_notify_error(action->context, NULL, "The wrong action", NULL);
}

/* They need a connection, as those of the real plugins do. */
GList *mock_actions(PurplePlugin *plugin, gpointer gc)
{
    GList *actions = NULL;

    actions = g_list_append(actions, purple_plugin_action_new("Change Password...", other_cb));
    actions = g_list_append(actions, NULL);
    if (!is_user(gc, "actionless"))
        actions =
            g_list_append(actions, purple_plugin_action_new("Search for Users...", search_cb));
    actions = g_list_append(actions, purple_plugin_action_new("Search for Rooms...", other_cb));
    return actions;
}

gboolean mock_search_message(PurpleConnection *gc, const char *what)
{
    if (strcmp(what, "results") == 0)
        show_two(gc);
    else if (strcmp(what, "form") == 0)
        show_form(gc);
    else if (strcmp(what, "open") == 0) {
        g_autofree char *text = g_strdup_printf("forms %u results %u", open_forms, open_results);
        serv_got_im(gc, what, text, PURPLE_MESSAGE_RECV, time(NULL));
    } else {
        return FALSE;
    }
    return TRUE;
}
