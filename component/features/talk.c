/* component/features/talk.c: something that a user wants of the gateway itself, and where its
 * answer goes
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "component/features/talk.h"

#include "component/features/adhoc.h"
#include "component/features/features.h"
#include "component/features/gateway-commands.h"

struct CwTalk {
    CwComponent *component;
    CwJid *user;
    const CwGatewayCommand *command;
    CwReply *reply; /* of a menu; NULL: it is a chat, or was answered */
    char *session;  /* the same */
};

CwTalk *cw_talk_new(CwComponent *component, const CwJid *user, const CwGatewayCommand *command)
{
    CwTalk *talk = g_rc_box_new0(CwTalk);

    talk->component = component;
    talk->user = cw_jid_parse(user->full, NULL);
    talk->command = command;
    return talk;
}

CwTalk *cw_talk_new_from_menu(CwComponent *component, const CwStanza *stanza,
                              const CwGatewayCommand *command, const char *session)
{
    CwTalk *talk = cw_talk_new(component, stanza->from, command);

    talk->reply = cw_component_keep(component, stanza);
    talk->session =
        session == NULL ? cw_adhoc_session_new(stanza, command->word) : g_strdup(session);
    return talk;
}

static void free_reply(CwTalk *talk)
{
    g_clear_pointer(&talk->reply, cw_reply_free);
}

static void clear_talk(gpointer data)
{
    CwTalk *talk = data;

    if (talk->reply != NULL)
        cw_component_send_error(talk->component, cw_reply_stanza(talk->reply),
                                CW_STANZA_INTERNAL_SERVER_ERROR, "this was not done; try again");
    free_reply(talk);
    cw_jid_free(talk->user);
    g_free(talk->session);
}

CwTalk *cw_talk_ref(CwTalk *talk)
{
    return g_rc_box_acquire(talk);
}

void cw_talk_unref(CwTalk *talk)
{
    if (talk != NULL)
        g_rc_box_release_full(talk, clear_talk);
}

CwComponent *cw_talk_component(const CwTalk *talk)
{
    return talk->component;
}

CwTransport *cw_talk_transport(const CwTalk *talk)
{
    return cw_component_transport(talk->component);
}

const CwJid *cw_talk_user(const CwTalk *talk)
{
    return talk->user;
}

const char *cw_talk_word(const CwTalk *talk)
{
    return talk->command->word;
}

static void answer(CwTalk *talk, gboolean failed, const char *text)
{
    if (talk->reply == NULL) {
        cw_gateway_chat_say(talk->component, talk->user->bare, text);
        return;
    }
    cw_adhoc_send_note(talk->component, cw_reply_stanza(talk->reply), talk->command->word,
                       talk->session, failed, text);
    free_reply(talk);
}

void cw_talk_say(CwTalk *talk, const char *text)
{
    answer(talk, FALSE, text);
}

void cw_talk_refuse(CwTalk *talk, const char *text)
{
    answer(talk, TRUE, text);
}

void cw_talk_mention(CwTalk *talk, const char *text)
{
    if (talk->reply == NULL)
        cw_gateway_chat_say(talk->component, talk->user->bare, text);
}

/* ---- asking ---- */

static void filled_cb(CwComponent *component, const char *user, GHashTable *values, gpointer data)
{
    CwTalk *talk = data;

    if (values != NULL)
        talk->command->filled(talk, values);
}

gboolean cw_talk_ask(CwTalk *talk, const char *intro, GPtrArray *fields)
{
    if (talk->reply != NULL) {
        g_autofree char *title = cw_gateway_command_label(talk->component, talk->command);
        cw_adhoc_send_form(talk->component, cw_reply_stanza(talk->reply), talk->command->word,
                           title, intro, fields);
        free_reply(talk);
        return TRUE;
    }
    if (cw_gateway_chat_ask(talk->component, talk->user->bare, intro, fields, filled_cb,
                            cw_talk_ref(talk), (GDestroyNotify)cw_talk_unref))
        return TRUE;
    cw_talk_unref(talk);
    return FALSE;
}
