/* component/features/gateway-chat.c: talking with the gateway itself
 *
 * A message to the gateway's own JID answers what it asked last (dialogue.c), is a command
 * (gateway-commands.c), or gets a help text; the network's notices come from the same JID.  Clients
 * without forms for gateways (Dino, Monal, Conversations, profanity) have nothing else: they
 * register here.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "component/features/dialogue.h"
#include "component/features/features.h"
#include "component/features/gateway-commands.h"
#include "transport/secret.h"

static CwDialogues *get_dialogues(CwComponent *component)
{
    CwDialogues *dialogues = cw_component_get_data(component, &cw_feature_gateway_chat);

    if (dialogues == NULL) {
        dialogues = cw_dialogues_new(component);
        cw_component_set_data(component, &cw_feature_gateway_chat, dialogues,
                              (GDestroyNotify)cw_dialogues_free);
    }
    return dialogues;
}

static void say(CwComponent *component, const char *to, const char *type, const char *text)
{
    g_autofree char *id = g_uuid_string_random();
    CwWriter *writer = cw_component_begin_lasting(component, "message",
                                                  cw_component_domain(component), to, type, id);

    cw_writer_leaf(writer, "body", NULL, text);
    cw_component_end_lasting(component, FALSE);
}

void cw_gateway_chat_say(CwComponent *component, const char *to, const char *text)
{
    say(component, to, "chat", text);
}

gboolean cw_gateway_chat_ask(CwComponent *component, const char *user, const char *intro,
                             GPtrArray *fields, CwDialogueDone done, gpointer data,
                             GDestroyNotify free_data)
{
    CwDialogues *dialogues = get_dialogues(component);

    return !cw_dialogue_is_open(dialogues, user) &&
           cw_dialogue_begin(dialogues, user, intro, fields, done, data, free_data);
}

/* ---- questions of the network ---- */

/* While a registration is being verified, the questions of its trial go before those of a session
 * that the user has already. */
typedef struct {
    CwSession *session; /* question_gone() comes before it goes */
    gint64 id;
} Asked;

static void ask_next_question(CwComponent *component, const char *user);

static void answered_cb(CwComponent *component, const char *user, GHashTable *values, gpointer data)
{
    const Asked *asked = data;

    cw_session_answer(asked->session, asked->id, values);
    ask_next_question(component, user);
}

/* Who has a question for the user; NULL: nobody. */
static CwSession *find_asker(CwComponent *component, const char *user)
{
    CwTransport *transport = cw_component_transport(component);
    CwSession *trial = cw_transport_find_trial(transport, user);
    CwSession *session = cw_transport_find_session(transport, user);

    if (trial != NULL && cw_session_question(trial) != NULL)
        return trial;
    return session != NULL && cw_session_question(session) != NULL ? session : NULL;
}

/* A question that finds its user in another dialogue waits for its end. */
static void ask_next_question(CwComponent *component, const char *user)
{
    CwDialogues *dialogues = get_dialogues(component);
    CwSession *session = find_asker(component, user);

    if (session == NULL || cw_dialogue_is_open(dialogues, user))
        return;
    const CwQuestion *question = cw_session_question(session);
    GString *intro = g_string_new(question->title);
    if (intro->len > 0 && question->text != NULL && *question->text != '\0')
        g_string_append_c(intro, '\n');
    g_string_append(intro, question->text == NULL ? "" : question->text);
    Asked *asked = g_new(Asked, 1);
    *asked = (Asked){session, question->id};
    if (!cw_dialogue_begin(dialogues, user, intro->str, question->fields, answered_cb, asked,
                           g_free)) {
        cw_session_answer(session, asked->id, NULL);
        g_free(asked);
    }
    g_string_free(intro, TRUE);
}

static void question_cb(CwSession *session, const CwQuestion *question, gpointer data)
{
    ask_next_question(data, cw_session_jid(session));
}

static void question_gone_cb(CwSession *session, const CwQuestion *question, gpointer data)
{
    CwDialogues *dialogues = get_dialogues(data);
    const Asked *asked = cw_dialogue_data(dialogues, cw_session_jid(session));

    if (asked == NULL || asked->session != session || asked->id != question->id)
        return;
    cw_dialogue_drop(dialogues, cw_session_jid(session));
    cw_gateway_chat_say(data, cw_session_jid(session),
                        "The network does not wait for an answer any more.");
    ask_next_question(data, cw_session_jid(session));
}

static void notice_cb(CwSession *session, const char *title, const char *text, gpointer data)
{
    g_autofree char *whole = title == NULL || *title == '\0' || g_str_equal(title, text)
                                 ? g_strdup(text)
                                 : g_strdup_printf("%s\n%s", title, text);

    cw_gateway_chat_say(data, cw_session_jid(session), whole);
}

/* ---- messages ---- */

static gboolean take_message(CwComponent *component, const CwStanza *stanza)
{
    const char *body = cw_node_child_text(stanza->node, "body", NULL);
    const char *user = stanza->from->bare;

    if (stanza->to->local != NULL)
        return FALSE;
    /* A headline is nobody who talks, and an address without a local part is no person: another
     * gateway's help would be answered with ours, for ever. */
    if (body == NULL || *body == '\0' || g_strcmp0(stanza->type, "headline") == 0 ||
        stanza->from->local == NULL)
        return TRUE;
    if (g_strcmp0(stanza->type, "groupchat") == 0) {
        cw_component_send_error(component, stanza, CW_STANZA_SERVICE_UNAVAILABLE,
                                "this is no room");
        return TRUE;
    }
    char *typed = g_strstrip(g_strdup(body));
    if (cw_dialogue_is_open(get_dialogues(component), user))
        cw_dialogue_take(get_dialogues(component), user, typed);
    else
        cw_gateway_commands_run(component, stanza->from, typed);
    cw_secret_wipe_string(typed);
    ask_next_question(component, user);
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
