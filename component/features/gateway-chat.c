/* component/features/gateway-chat.c: talking with the gateway itself
 *
 * A message to the gateway's own JID is the answer to the oldest open question of the network, if
 * there is one, else it gets a help text; the network's notices come from the same JID.  Clients
 * without forms for gateways (Dino, Monal, Conversations) have nothing else.
 *
 * A question of several fields is asked field by field.  While a registration is being verified
 * its questions go before those of a session that the user has already.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <string.h>

#include "component/features/features.h"

/* How far a user has come with a question. */
typedef struct {
    gint64 question;
    guint field;        /* the one asked last */
    GHashTable *values; /* name -> what he said */
} Asking;

static void free_asking(gpointer data)
{
    Asking *asking = data;

    g_hash_table_unref(asking->values);
    g_free(asking);
}

/* CwSession -> Asking: question_gone() comes before a session goes, or it has answered all */
static GHashTable *get_askings(CwComponent *component)
{
    GHashTable *askings = cw_component_get_data(component, &cw_feature_gateway_chat);

    if (askings == NULL) {
        askings = g_hash_table_new_full(NULL, NULL, NULL, free_asking);
        cw_component_set_data(component, &cw_feature_gateway_chat, askings,
                              (GDestroyNotify)g_hash_table_unref);
    }
    return askings;
}

static void say(CwComponent *component, const char *to, const char *type, const char *text)
{
    g_autofree char *id = g_uuid_string_random();
    CwWriter *writer =
        cw_component_begin(component, "message", cw_component_domain(component), to, type, id);

    cw_writer_leaf(writer, "body", NULL, text);
    cw_component_end(component);
}

void cw_gateway_chat_say(CwComponent *component, const char *to, const char *text)
{
    say(component, to, "chat", text);
}

/* ---- questions ---- */

static const CwField *field_at(const CwQuestion *question, guint i)
{
    return i < question->fields->len ? g_ptr_array_index(question->fields, i) : NULL;
}

/* Goes on to the next field that wants an answer; notes are shown on the way. */
static const CwField *next_field(const CwQuestion *question, Asking *asking, guint from,
                                 GString *text)
{
    for (guint i = from;; i++) {
        const CwField *field = field_at(question, i);
        asking->field = i;
        if (field == NULL || field->kind != CW_FIELD_NOTE)
            return field;
        g_string_append_printf(text, "%s\n", field->value != NULL ? field->value : field->label);
    }
}

static void write_field(GString *text, const CwField *field)
{
    g_string_append(text, field->label == NULL ? field->name : field->label);
    if (field->kind == CW_FIELD_BOOLEAN)
        g_string_append(text, " (yes or no)");
    for (guint i = 0; field->choices != NULL && i < field->choices->len; i++) {
        const CwChoice *choice = g_ptr_array_index(field->choices, i);
        g_string_append_printf(text, "\n  %u: %s", i + 1, choice->label);
    }
    if (field->value != NULL && *field->value != '\0' && field->kind != CW_FIELD_PRIVATE)
        g_string_append_printf(text, "\n  (“.” for: %s)", field->value);
    g_string_append(text, "\nAnswer with your next message to me, or “cancel”.");
}

static void send_answer(CwComponent *component, CwSession *session, gint64 id, GHashTable *values)
{
    cw_session_answer(session, id, values);
    g_hash_table_remove(get_askings(component), session);
}

/* Asks the oldest open question, from `field` on.  With nothing left to ask it is answered. */
static void ask_on(CwComponent *component, CwSession *session, Asking *asking, guint field)
{
    const CwQuestion *question = cw_session_question(session);
    GString *text = g_string_new(NULL);

    if (field == 0) {
        if (question->title != NULL && *question->title != '\0')
            g_string_append_printf(text, "%s\n", question->title);
        if (question->text != NULL && *question->text != '\0')
            g_string_append_printf(text, "%s\n", question->text);
    }
    const CwField *next = next_field(question, asking, field, text);
    if (next != NULL)
        write_field(text, next);
    if (text->len > 0)
        cw_gateway_chat_say(component, cw_session_jid(session), text->str);
    g_string_free(text, TRUE);
    if (next == NULL) {
        g_autoptr(GHashTable) values = g_hash_table_ref(asking->values);
        send_answer(component, session, question->id, values);
    }
}

static Asking *begin_asking(CwComponent *component, CwSession *session)
{
    const CwQuestion *question = cw_session_question(session);
    Asking *asking = g_new0(Asking, 1);

    asking->question = question->id;
    asking->values = cw_secret_table_new();
    g_hash_table_insert(get_askings(component), session, asking);
    return asking;
}

static void ask_next_question(CwComponent *component, CwSession *session)
{
    while (cw_session_question(session) != NULL &&
           !g_hash_table_contains(get_askings(component), session))
        ask_on(component, session, begin_asking(component, session), 0);
}

static void question_cb(CwSession *session, const CwQuestion *question, gpointer data)
{
    ask_next_question(data, session);
}

static void question_gone_cb(CwSession *session, const CwQuestion *question, gpointer data)
{
    const Asking *asking = g_hash_table_lookup(get_askings(data), session);

    if (asking == NULL || asking->question != question->id)
        return;
    g_hash_table_remove(get_askings(data), session);
    cw_gateway_chat_say(data, cw_session_jid(session),
                        "The network does not wait for an answer any more.");
    ask_next_question(data, session);
}

/* What the user typed as the value of a field.  NULL: it is none; `hint` says what is wanted. */
static char *read_value(const CwField *field, const char *typed, const char **hint)
{
    gint64 number = 0;

    if (g_str_equal(typed, ".") && field->value != NULL)
        return g_strdup(field->value);
    switch (field->kind) {
    case CW_FIELD_TEXT:
    case CW_FIELD_PRIVATE:
        return g_strdup(typed);
    case CW_FIELD_BOOLEAN:
        *hint = "Please answer yes or no.";
        if (g_ascii_strcasecmp(typed, "yes") == 0 || g_str_equal(typed, "1"))
            return g_strdup("1");
        if (g_ascii_strcasecmp(typed, "no") == 0 || g_str_equal(typed, "0"))
            return g_strdup("0");
        return NULL;
    case CW_FIELD_INTEGER:
        *hint = "Please answer with a number.";
        return g_ascii_string_to_signed(typed, 10, G_MININT64, G_MAXINT64, &number, NULL)
                   ? g_strdup(typed)
                   : NULL;
    case CW_FIELD_LIST:
        *hint = "Please answer with one of the numbers.";
        for (guint i = 0; field->choices != NULL && i < field->choices->len; i++) {
            const CwChoice *choice = g_ptr_array_index(field->choices, i);
            g_autofree char *at = g_strdup_printf("%u", i + 1);
            if (g_str_equal(typed, at) || g_ascii_strcasecmp(typed, choice->label) == 0)
                return g_strdup(choice->value);
        }
        return NULL;
    case CW_FIELD_NOTE:
        break;
    }
    return NULL;
}

static void take_answer(CwComponent *component, CwSession *session, const char *body)
{
    Asking *asking = g_hash_table_lookup(get_askings(component), session);
    const CwQuestion *question = cw_session_question(session);
    const char *hint = "";

    if (asking == NULL || asking->question != question->id) {
        ask_next_question(component, session);
        return;
    }
    if (g_ascii_strcasecmp(body, "cancel") == 0) {
        send_answer(component, session, question->id, NULL);
        cw_gateway_chat_say(component, cw_session_jid(session), "Cancelled.");
    } else {
        const CwField *field = field_at(question, asking->field);
        char *value = read_value(field, body, &hint);
        if (value == NULL) {
            cw_gateway_chat_say(component, cw_session_jid(session), hint);
            return;
        }
        g_hash_table_replace(asking->values, g_strdup(field->name), value);
        ask_on(component, session, asking, asking->field + 1);
    }
    ask_next_question(component, session);
}

/* ---- notices and help ---- */

static void notice_cb(CwSession *session, const char *title, const char *text, gpointer data)
{
    g_autofree char *whole = title == NULL || *title == '\0' || g_str_equal(title, text)
                                 ? g_strdup(text)
                                 : g_strdup_printf("%s\n%s", title, text);

    cw_gateway_chat_say(data, cw_session_jid(session), whole);
}

static char *describe_state(CwTransport *transport, const char *user)
{
    CwSession *session = cw_transport_find_session(transport, user);
    g_autofree char *problem = NULL;

    if (!cw_transport_is_registered(transport, user))
        return g_strdup("You are not registered with me.  Register in your client's list of "
                        "services (“discover services”, “gateways” or “transports”).");
    if (session == NULL)
        return g_strdup("You are registered and not logged in.");
    switch (cw_session_state(session)) {
    case CW_SESSION_ONLINE:
        return g_strdup("You are logged in.");
    case CW_SESSION_CONNECTING:
        return g_strdup("You are being logged in.");
    case CW_SESSION_WAITING:
        problem = cw_component_session_problem(session);
        return g_strdup_printf("You are not connected: %s; I try again in %u s.", problem,
                               (cw_session_retry_in(session) + 999) / 1000);
    case CW_SESSION_FAILED:
        problem = cw_component_session_problem(session);
        return g_strdup_printf("I cannot log you in: %s.  Change your registration with me.",
                               problem);
    case CW_SESSION_OFFLINE:
        break;
    }
    return g_strdup("You are registered and not logged in.");
}

static char *help_text(CwComponent *component, const char *user)
{
    CwTransport *transport = cw_component_transport(component);
    const char *name = cw_transport_settings(transport)->name;
    g_autofree char *state = describe_state(transport, user);

    return g_strdup_printf(
        "I am the gateway to %s.  %s\n"
        "To chat with somebody there, write to NAME@%s (a space in a name is \\20, an @ is \\40), "
        "or add that address to your contacts.\n"
        "What %s asks you comes as a message from me, and your next message to me is the answer.",
        name, state, cw_component_domain(component), name);
}

/* Whose question the user's next message answers; NULL: nobody asks him. */
static CwSession *find_asker(CwComponent *component, const char *user)
{
    CwTransport *transport = cw_component_transport(component);
    CwSession *trial = cw_transport_find_trial(transport, user);
    CwSession *session = cw_transport_find_session(transport, user);

    if (trial != NULL && cw_session_question(trial) != NULL)
        return trial;
    return session != NULL && cw_session_question(session) != NULL ? session : NULL;
}

static gboolean take_message(CwComponent *component, const CwStanza *stanza)
{
    const char *body = cw_node_child_text(stanza->node, "body", NULL);
    CwSession *session = find_asker(component, stanza->from->bare);

    if (stanza->to->local != NULL)
        return FALSE;
    /* A headline is nobody who talks, and an address without a local part is no person: another
     * gateway's help would be answered with ours, for ever. */
    if (body == NULL || g_strcmp0(stanza->type, "headline") == 0 || stanza->from->local == NULL)
        return TRUE;
    if (g_strcmp0(stanza->type, "groupchat") == 0) {
        cw_component_send_error(component, stanza, CW_STANZA_SERVICE_UNAVAILABLE,
                                "this is no room");
        return TRUE;
    }
    g_autofree char *typed = g_strstrip(g_strdup(body));
    if (session != NULL) {
        take_answer(component, session, typed);
        explicit_bzero(typed, strlen(typed));
        return TRUE;
    }
    g_autofree char *help = help_text(component, stanza->from->bare);
    say(component, stanza->from->full, stanza->type, help);
    return TRUE;
}

static const CwEvents events = {
    .question = question_cb,
    .question_gone = question_gone_cb,
    .notice = notice_cb,
};

const CwFeature cw_feature_gateway_chat = {
    .name = "gateway-chat",
    .message = take_message,
    .events = &events,
};
