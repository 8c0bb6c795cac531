/* component/features/search-chat.c: search in the network's directory, by the gateway's command
 *
 * For clients without search pages.  With words the most likely field of the directory's form gets
 * them; without, its fields are asked.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <string.h>

#include "component/features/features.h"
#include "component/features/gateway-commands.h"
#include "component/features/search.h"
#include "component/features/talk.h"
#include "transport/secret.h"

#define SHOWN_MAX 20 /* people in one message */

typedef struct {
    CwTalk *talk;
    char *words; /* NULL: the fields are to be asked */
} Chat;

static Chat *chat_new(CwTalk *talk, const char *words)
{
    Chat *chat = g_new0(Chat, 1);

    chat->talk = cw_talk_ref(talk);
    chat->words = g_strdup(words);
    return chat;
}

static void free_chat(Chat *chat)
{
    cw_talk_unref(chat->talk);
    g_free(chat->words);
    g_free(chat);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Chat, free_chat)

static void say_problem(CwTalk *talk, const char *why)
{
    g_autofree char *text = g_strdup_printf("I cannot search: %s.", why);

    cw_talk_refuse(talk, text);
}

static void say_reason(const Chat *chat, CwReason reason, const char *text)
{
    CwStanzaCondition condition;

    say_problem(chat->talk, cw_search_problem(reason, text, &condition));
}

/* ---- the results ---- */

/* Of somebody who was found, by a column of this name.  NULL: nothing. */
static const char *find_value(const GPtrArray *columns, const CwFound *found, const char *name)
{
    for (guint i = 0; i < columns->len; i++) {
        const CwField *column = g_ptr_array_index(columns, i);
        if (g_str_equal(column->name, name) && *found->values[i] != '\0')
            return found->values[i];
    }
    return NULL;
}

/* How he is called, else what the network calls him.  (transfer full) */
static char *name_of(const GPtrArray *columns, const CwFound *found)
{
    const char *title = find_value(columns, found, "title"); /* of a thing to watch */
    const char *first = find_value(columns, found, "first");
    const char *last = find_value(columns, found, "last");
    const char *nick = find_value(columns, found, "nick");
    GString *name = g_string_new(first);

    if (last != NULL)
        g_string_append_printf(name, "%s%s", name->len > 0 ? " " : "", last);
    if (nick != NULL)
        g_string_append_printf(name, name->len > 0 ? " (%s)" : "%s", nick);
    if (name->len == 0)
        g_string_append(name, title != NULL ? title : found->contact);
    g_strdelimit(name->str, "\r\n\t", ' ');
    return g_string_free(name, FALSE);
}

/* (transfer full) */
static char *describe(CwComponent *component, const CwSearchAnswer *answer)
{
    g_autoptr(GString) lines = g_string_new(NULL);
    const char *what = cw_gateway_has_things(component) ? "" : " people";
    guint shown = 0, total = answer->total;

    for (guint i = 0; i < answer->found->len; i++) {
        const CwFound *found = g_ptr_array_index(answer->found, i);
        g_autofree char *jid = cw_search_jid(component, found);
        g_autofree char *name = name_of(answer->fields, found);
        if (jid == NULL) {
            total--;
        } else if (shown < SHOWN_MAX) {
            g_string_append_printf(lines, "\n%s – %s", name, jid);
            shown++;
        }
    }
    if (shown == 0)
        return g_strdup(*what == '\0' ? "Nothing was found." : "Nobody was found.");
    if (total == 1)
        return g_strconcat("One was found:", lines->str, NULL);
    if (shown < total)
        return g_strdup_printf("%u%s were found; the first %u:%s", total, what, shown, lines->str);
    return g_strdup_printf("%u%s were found:%s", total, what, lines->str);
}

static void results_cb(CwSession *session, const CwSearchAnswer *answer, CwReason reason,
                       const char *text, gpointer data)
{
    g_autoptr(Chat) chat = data;

    if (answer == NULL || answer->found == NULL) {
        say_reason(chat, answer == NULL ? reason : CW_REASON_OTHER, text);
        return;
    }
    g_autofree char *said = describe(cw_talk_component(chat->talk), answer);
    cw_talk_say(chat->talk, said);
}

static CwSession *open_session(CwTalk *talk, GError **error)
{
    return cw_search_session(cw_talk_component(talk), cw_talk_user(talk)->bare, error);
}

void cw_search_filled(CwTalk *talk, GHashTable *values)
{
    g_autoptr(GError) error = NULL;
    CwSession *session = open_session(talk, &error);
    Chat *chat = chat_new(talk, NULL);
    CwReason reason = CW_REASON_NONE;

    if (session == NULL || !cw_search_check(values, &error)) {
        say_problem(talk, error->message);
        free_chat(chat);
    } else if (!cw_session_search(session, values, results_cb, chat, &reason)) {
        results_cb(session, NULL, reason, NULL, chat);
    }
}

/* ---- the form ---- */

/* NULL: it has no field for words. */
static const CwField *choose_field(const GPtrArray *fields, const char *words)
{
    static const char *const likely[] = {"nick", "name", "fn", "first", "last"};
    const CwField *email = cw_fields_find(fields, "email");

    if (email != NULL && email->kind == CW_FIELD_TEXT && strchr(words, '@') != NULL)
        return email;
    for (guint i = 0; i < G_N_ELEMENTS(likely); i++) {
        const CwField *field = cw_fields_find(fields, likely[i]);
        if (field != NULL && field->kind == CW_FIELD_TEXT)
            return field;
    }
    for (guint i = 0; i < fields->len; i++) {
        const CwField *field = g_ptr_array_index(fields, i);
        if (field->kind == CW_FIELD_TEXT)
            return field;
    }
    return NULL;
}

static void search_words(const Chat *chat, const GPtrArray *fields)
{
    g_autoptr(GHashTable) values = cw_secret_table_new();
    const CwField *field = choose_field(fields, chat->words);

    if (field == NULL) {
        say_problem(chat->talk, "the directory has no field for words; say “search” alone");
        return;
    }
    g_hash_table_insert(values, g_strdup(field->name), g_strdup(chat->words));
    cw_search_filled(chat->talk, values);
}

static void ask_fields(const Chat *chat, GPtrArray *fields, const char *instructions)
{
    g_autofree char *intro =
        g_strdup_printf("%s do you look for?%s%s",
                        cw_gateway_has_things(cw_talk_component(chat->talk)) ? "What" : "Whom",
                        instructions != NULL ? "\n" : "", instructions != NULL ? instructions : "");

    if (!cw_talk_ask(chat->talk, intro, fields))
        say_problem(chat->talk, "I ask you, or too many others, something else at the moment");
}

static void form_cb(CwSession *session, const CwSearchAnswer *answer, CwReason reason,
                    const char *text, gpointer data)
{
    g_autoptr(Chat) chat = data;

    if (answer == NULL || answer->found != NULL)
        say_reason(chat, answer == NULL ? reason : CW_REASON_OTHER, text);
    else if (chat->words != NULL)
        search_words(chat, answer->fields);
    else
        ask_fields(chat, answer->fields, answer->text);
}

void cw_search_run(CwTalk *talk, const char *words)
{
    g_autoptr(GError) error = NULL;
    CwSession *session = open_session(talk, &error);
    CwReason reason = CW_REASON_NONE;

    if (session == NULL) {
        say_problem(talk, error->message);
        return;
    }
    Chat *chat = chat_new(talk, *words != '\0' ? words : NULL);
    if (!cw_session_search(session, NULL, form_cb, chat, &reason))
        form_cb(session, NULL, reason, NULL, chat);
}
