/* component/features/gateway-chat.c: talking with the gateway itself
 *
 * A message to the gateway's own JID answers what it asked last (dialogue.c), is a command, or gets
 * a help text; the network's notices come from the same JID.  Clients without forms for gateways
 * (Dino, Monal, Conversations, profanity) have nothing else: they register here.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <string.h>

#include "component/features/dialogue.h"
#include "component/features/features.h"

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
                             GPtrArray *fields, CwDialogueDone done)
{
    CwDialogues *dialogues = get_dialogues(component);

    return !cw_dialogue_is_open(dialogues, user) &&
           cw_dialogue_begin(dialogues, user, intro, fields, done, NULL, NULL);
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

/* ---- commands ---- */

/* Takes `user`. */
static void report(CwComponent *component, char *user, gboolean done, const char *good,
                   const char *refusal)
{
    g_autofree char *bad = done ? NULL : g_strdup_printf("That did not work: %s.", refusal);

    cw_gateway_chat_say(component, user, done ? good : bad);
    g_free(user);
}

static void registered_cb(CwComponent *component, gboolean done, CwStanzaCondition condition,
                          const char *text, gpointer data)
{
    report(component, data, done,
           "Done.  If your client asks whether I may see your status, say yes.", text);
}

static void registration_filled_cb(CwComponent *component, const char *user, GHashTable *values,
                                   gpointer data)
{
    g_autoptr(CwJid) jid = values == NULL ? NULL : cw_jid_parse(user, NULL);

    if (jid == NULL)
        return;
    cw_gateway_chat_say(component, user, "I try to log you in …");
    cw_registration_submit(component, jid, values, registered_cb, g_strdup(user));
}

static void command_register(CwComponent *component, const CwJid *user, const char *rest)
{
    g_autofree char *instructions = NULL;
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) fields = cw_registration_fields(component, user, &instructions, &error);

    if (fields == NULL) {
        g_autofree char *text = g_strdup_printf("You cannot register: %s.", error->message);
        cw_gateway_chat_say(component, user->bare, text);
    } else if (!cw_dialogue_begin(get_dialogues(component), user->bare, instructions, fields,
                                  registration_filled_cb, NULL, NULL)) {
        cw_gateway_chat_say(component, user->bare,
                            "Too many people talk with me at the moment; try again later.");
    }
}

static void removed_cb(CwComponent *component, gboolean done, CwStanzaCondition condition,
                       const char *text, gpointer data)
{
    report(component, data, done,
           "You are not registered with me any more; nothing of you is kept.", text);
}

static void command_unregister(CwComponent *component, const CwJid *user, const char *rest)
{
    cw_registration_remove(component, user, removed_cb, g_strdup(user->bare));
}

static void command_logout(CwComponent *component, const CwJid *user, const char *rest)
{
    CwTransport *transport = cw_component_transport(component);
    gboolean was_there = cw_transport_find_session(transport, user->bare) != NULL;

    cw_transport_log_out(transport, user->bare);
    if (was_there)
        cw_component_send_presence(component, cw_component_domain(component), user->bare,
                                   "unavailable");
    cw_gateway_chat_say(component, user->bare,
                        was_there ? "You are logged out.  I log you in again when your client "
                                    "tells me next that you are online."
                                  : "You are not logged in.");
}

static char *describe_state(CwTransport *transport, const char *user)
{
    CwSession *session = cw_transport_find_session(transport, user);
    g_autofree char *problem = NULL;

    if (!cw_transport_is_registered(transport, user))
        return g_strdup("You are not registered with me.");
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

static void command_help(CwComponent *component, const CwJid *user, const char *rest)
{
    CwTransport *transport = cw_component_transport(component);
    const char *name = cw_transport_settings(transport)->name;
    const CwProtocol *protocol = cw_transport_protocol(transport);
    g_autofree char *state = describe_state(transport, user->bare);
    GString *help = g_string_new(NULL);

    g_string_append_printf(
        help,
        "I am the gateway to %s.  %s\n"
        "To chat with somebody there, write to NAME@%s (a space in a name is \\20, an @ is \\40), "
        "or add that address to your contacts.\n"
        "What %s asks you comes as a message from me, and your next message to me is the answer.\n"
        "I also understand:\n"
        "  register – tell me your account on %s, or change it\n"
        "  unregister – forget all that you told me\n"
        "  move NAME@SERVER – give your registration to another address of yours\n",
        name, state, cw_component_domain(component), name, name);
    if (protocol != NULL && protocol->search)
        g_string_append(help, "  search WORDS – look for people in the network's directory; "
                              "without words I ask you for what it can be searched for\n");
    cw_preferences_write_help(component, help);
    cw_rooms_write_help(component, help);
    g_string_append(help, "  help – this text");
    cw_gateway_chat_say(component, user->bare, help->str);
    g_string_free(help, TRUE);
}

static const struct {
    const char *word;
    gboolean has_rest; /* something follows the word */
    void (*run)(CwComponent *component, const CwJid *user, const char *rest);
} commands[] = {
    {"register", FALSE, command_register},   {"unregister", FALSE, command_unregister},
    {"move", TRUE, cw_move_begin},           {"accept", TRUE, cw_move_accept},
    {"search", TRUE, cw_search_by_chat},     {"help", FALSE, command_help},
    {"rooms", FALSE, cw_rooms_command_list}, {"autojoin", TRUE, cw_rooms_command_autojoin},
    {"stay", TRUE, cw_rooms_command_stay},   {"leave", TRUE, cw_rooms_command_leave},
    {"logout", FALSE, command_logout},
};

static void run_command(CwComponent *component, const CwJid *user, const char *typed)
{
    gsize length = strcspn(typed, " \t\n");
    g_autofree char *word = g_strndup(typed, length);
    g_autofree char *rest = g_strstrip(g_strdup(typed + length));

    for (guint i = 0; i < G_N_ELEMENTS(commands); i++) {
        if (g_ascii_strcasecmp(word, commands[i].word) == 0 &&
            (commands[i].has_rest || *rest == '\0')) {
            commands[i].run(component, user, rest);
            return;
        }
    }
    if (!cw_preferences_command(component, user->bare, word, rest))
        command_help(component, user, NULL);
}

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
        run_command(component, stanza->from, typed);
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
