/* transport/session-lines.c: what the host says of a session, each line to the part that it is for
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#define G_LOG_DOMAIN "transport"

#include <string.h>

#include "transport/session-private.h"

/* What the log-in itself needs cannot wait for its end: a captcha, a certificate. */
static gboolean is_of_the_login(const CwLinkMsg *msg)
{
    return msg->kind == CW_LINK_STATE || msg->kind == CW_LINK_QUESTION ||
           msg->kind == CW_LINK_QUESTION_GONE || msg->kind == CW_LINK_LOG;
}

/* Keeps the line for cw_session_release().  FALSE: it is not to be held back. */
static gboolean hold_back(CwSession *session, const CwLinkMsg *msg)
{
    gsize most = LIMITS(session)->link_queue;

    if (session->held == NULL || is_of_the_login(msg))
        return FALSE;
    if (msg->kind == CW_LINK_AVATAR && most > 0 && session->held->len > most / 2)
        return TRUE; /* so that pictures leave room for what is worth more */
    if (most > 0 && session->held->len > most)
        g_message("%s/%s: too much arrives before the registration is through; a line is lost",
                  session->jid, cw_transport_domain(session->transport));
    else
        cw_link_encode(msg, CW_LINK_HOST, session->held, NULL);
    return TRUE;
}

void cw_session_take_line(const CwLinkMsg *msg, gpointer data)
{
    CwSession *session = data;

    if (hold_back(session, msg))
        return;
    switch (msg->kind) {
    case CW_LINK_STATE:
        cw_session_take_state(session, msg);
        break;
    case CW_LINK_CONTACT:
        cw_session_take_contact(session, msg);
        break;
    case CW_LINK_CONTACT_GONE:
        cw_session_take_contact_gone(session, msg->contact);
        break;
    case CW_LINK_PRESENCE:
        cw_session_take_contact_presence(session, msg);
        break;
    case CW_LINK_MESSAGE:
        cw_session_take_message(session, msg);
        break;
    case CW_LINK_TYPING:
        EMIT(session, typing, session, msg->contact, msg->typing);
        break;
    case CW_LINK_ASK_AUTHORIZATION:
        cw_session_take_ask(session, msg);
        break;
    case CW_LINK_ASK_GONE:
        cw_session_take_ask_gone(session, msg->contact);
        break;
    case CW_LINK_AUTHORIZATION:
        cw_session_take_authorization(session, msg);
        break;
    case CW_LINK_QUESTION:
        cw_session_take_question(session, msg);
        break;
    case CW_LINK_QUESTION_GONE:
        cw_session_take_question_gone(session, msg->id);
        break;
    case CW_LINK_NOTICE:
        EMIT(session, notice, session, msg->title, msg->text);
        break;
    case CW_LINK_AVATAR:
        cw_session_take_avatar(session, msg);
        break;
    case CW_LINK_INFO:
    case CW_LINK_NORMALIZE:
    case CW_LINK_ITEMS:
    case CW_LINK_SEARCH:
    case CW_LINK_COMMAND:
        cw_session_take_inquiry_answer(session, msg);
        break;
    case CW_LINK_ROOMS:
        cw_session_take_room_list(session, msg);
        break;
    case CW_LINK_ACK:
        if (!cw_session_take_contact_answer(session, msg) &&
            !cw_session_take_inquiry_ack(session, msg))
            cw_outbox_ack(session->outbox, msg->id);
        break;
    case CW_LINK_NACK:
        if (!cw_session_take_contact_answer(session, msg) &&
            !cw_session_take_inquiry_nack(session, msg))
            cw_outbox_nack(session->outbox, msg->id, msg->reason, msg->text);
        break;
    case CW_LINK_LOG:
        g_info("%s/%s: %s: %s", session->jid, cw_transport_domain(session->transport), msg->level,
               msg->text);
        break;
    case CW_LINK_ROOM_JOINED:
    case CW_LINK_ROOM_LEFT:
    case CW_LINK_OCCUPANT:
    case CW_LINK_OCCUPANT_GONE:
    case CW_LINK_ROOM_MESSAGE:
    case CW_LINK_ROOM_PRIVATE:
    case CW_LINK_ROOM_SUBJECT:
    case CW_LINK_ROOM_INVITED:
        cw_session_take_room_line(session, msg);
        break;
    case CW_LINK_REMEMBER:
        cw_session_take_remember(session, msg);
        break;
    case CW_LINK_ROOM_JOIN:
    case CW_LINK_ROOM_LEAVE:
    case CW_LINK_ROOM_NICK:
    case CW_LINK_ROOM_SET:
    case CW_LINK_ROOM_INVITE:
    case CW_LINK_HELLO:
    case CW_LINK_LOGIN:
    case CW_LINK_LOGOUT:
    case CW_LINK_CONTACT_ADD:
    case CW_LINK_CONTACT_REMOVE:
    case CW_LINK_CONTACT_RENAME:
    case CW_LINK_AUTHORIZE:
    case CW_LINK_DENY:
    case CW_LINK_ANSWER:
    case CW_LINK_NICK:
    case CW_LINK_PING:
    case CW_LINK_PONG:
    case CW_LINK_N_KINDS:
        break; /* the link's table does not let them come to here */
    }
}

void cw_session_take_lines(CwSession *session, const char *lines)
{
    for (const char *line = lines; *line != '\0';) {
        const char *end = strchr(line, '\n');
        CwLinkMsg msg;
        if (cw_link_decode(line, (gsize)(end - line), CW_LINK_HOST, &msg, NULL))
            cw_session_take_line(&msg, session);
        cw_link_msg_clear(&msg);
        line = end + 1;
    }
}
