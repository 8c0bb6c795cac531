/* transport/session-messages.c: messages of a session, from the network and to it
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#define G_LOG_DOMAIN "transport"

#include <string.h>

#include "transport/session-private.h"

/* ---- from the network ---- */

/* The pieces before the last are news of no item when the last is of some. */
static void take_news(CwSession *session, const CwLinkMsg *msg)
{
    const GPtrArray *items = msg->found == NULL || msg->found->len == 0 ? NULL : msg->found;
    g_autoptr(GPtrArray) none = items == NULL ? NULL : cw_found_list_new();
    const char *text = msg->text;

    for (char *piece; (piece = cw_session_cut_piece(session, &text)) != NULL; g_free(piece))
        EMIT(session, news, session, msg->contact, NULL, piece, NULL, none, msg->stamp);
    EMIT(session, news, session, msg->contact, msg->title, text, msg->url, items, msg->stamp);
}

/* One that is longer than message-size, more than a server may take at once, comes in pieces. */
void cw_session_take_message(CwSession *session, const CwLinkMsg *msg)
{
    const char *text = msg->text;

    if (cw_seen_is_repeat(session->seen, msg->contact, text, msg->own, msg->stamp,
                          LIMITS(session)->remembered_messages)) {
        g_debug("%s/%s: a message came again; left out", session->jid,
                cw_transport_domain(session->transport));
        return;
    }

    if (msg->title != NULL || msg->url != NULL || msg->found != NULL) {
        take_news(session, msg);
        return;
    }
    for (char *piece; (piece = cw_session_cut_piece(session, &text)) != NULL; g_free(piece))
        EMIT(session, message, session, msg->contact, piece, msg->stamp, msg->own);
    EMIT(session, message, session, msg->contact, text, msg->stamp, msg->own);
}

/* ---- to it: through the outbox ---- */

static guint64 send_cb(const CwOutgoing *message, gpointer data)
{
    CwSession *session = data;
    CwLinkMsg msg = {.kind = CW_LINK_MESSAGE,
                     .id = message->id,
                     .contact = message->contact,
                     .text = message->text};

    if (message->in_room) {
        msg.kind = message->nick == NULL ? CW_LINK_ROOM_MESSAGE : CW_LINK_ROOM_PRIVATE;
        msg.contact = NULL;
        msg.room = message->contact;
        msg.nick = message->nick;
    }
    if (session->state != CW_SESSION_ONLINE || cw_account_is_congested(session->account) ||
        !cw_account_send(session->account, &msg))
        return 0;
    return MAX(cw_account_line(session->account), 1);
}

static void store_cb(const CwOutgoing *message, gpointer data)
{
    CwSession *session = data;
    CwSpooled spooled = {.id = message->id,
                         .way = CW_SPOOL_TO_NETWORK,
                         .jid = session->jid,
                         .contact = message->contact,
                         .stanza_id = message->stanza_id,
                         .resource = message->resource,
                         .text = message->text,
                         .made = message->made,
                         .sent = message->state == CW_OUTGOING_SENT};

    cw_store_put_spooled(cw_transport_store(session->transport),
                         cw_transport_domain(session->transport), &spooled);
}

static void unstore_cb(const CwOutgoing *message, gpointer data)
{
    CwSession *session = data;

    cw_store_delete_spooled(cw_transport_store(session->transport),
                            cw_transport_domain(session->transport), message->id);
}

/* A long text may grow over what a line of the link holds. */
static gboolean fits(const char *contact, const char *nick, const char *text)
{
    CwLinkMsg msg = {
        .kind = CW_LINK_MESSAGE, .account = 1, .id = 1, .contact = contact, .text = text};

    if (nick != NULL) {
        msg.kind = CW_LINK_ROOM_PRIVATE;
        msg.contact = NULL;
        msg.room = contact;
        msg.nick = nick;
    }

    if (strlen(text) < CW_LINK_LINE_MAX / 8)
        return TRUE;
    g_autoptr(GString) line = g_string_new(NULL);
    return cw_link_encode(&msg, CW_LINK_GATEWAY, line, NULL);
}

gboolean cw_session_may_send(CwSession *session, const char *contact, const char *nick,
                             const char *text, CwReason *reason)
{
    const CwLimits *limits = LIMITS(session);
    CwOutbox *outbox = session->outbox;
    gsize size = strlen(text);

    if (session->state == CW_SESSION_FAILED || session->state == CW_SESSION_OFFLINE)
        *reason = CW_REASON_NOT_ONLINE;
    else if (cw_transport_protocol(session->transport) == NULL &&
             cw_transport_problem(session->transport) != NULL)
        *reason = CW_REASON_HOST; /* there is nothing to wait for: no host ever said hello */
    else if ((limits->message_size > 0 && size > limits->message_size) ||
             !fits(contact, nick, text))
        *reason = CW_REASON_TOO_LONG;
    else if ((limits->pending_messages > 0 &&
              cw_outbox_pending(outbox) >= limits->pending_messages) ||
             (limits->pending_size > 0 &&
              cw_outbox_pending_size(outbox) + size > MAX(limits->pending_size, size)) ||
             !cw_pace_take(&session->pace, limits->messages_per_minute, 60000, 0, NULL))
        *reason = CW_REASON_RATE;
    else
        *reason = CW_REASON_NONE;
    cw_outbox_set_times(outbox, TIMING(session)->message_timeout, TIMING(session)->pending_time);
    return *reason == CW_REASON_NONE;
}

gboolean cw_session_send(CwSession *session, const char *contact, const char *text,
                         const char *stanza_id, const char *resource, CwReason *reason)
{
    if (!cw_session_may_send(session, contact, NULL, text, reason))
        return FALSE;
    cw_outbox_add(session->outbox, cw_transport_next_id(session->transport), contact, text,
                  stanza_id, resource);
    return TRUE;
}

void cw_session_load_message(CwSession *session, const CwSpooled *spooled)
{
    cw_outbox_set_times(session->outbox, TIMING(session)->message_timeout,
                        TIMING(session)->pending_time);
    cw_outbox_load(session->outbox, spooled);
}

void cw_session_shelve_messages(CwSession *session)
{
    cw_outbox_shelve(session->outbox);
}

guint cw_session_unanswered(const CwSession *session)
{
    return cw_outbox_unanswered(session->outbox);
}

void cw_session_typing(CwSession *session, const char *contact, CwTyping typing)
{
    if (session->state == CW_SESSION_ONLINE)
        cw_account_send(session->account,
                        &(CwLinkMsg){.kind = CW_LINK_TYPING, .contact = contact, .typing = typing});
}

static void returned_cb(const CwOutgoing *message, CwReason reason, const char *text, gpointer data)
{
    CwSession *session = data;

    EMIT(session, message_returned, session, message, reason, text);
}

static gint64 outbox_clock(gpointer data)
{
    return cw_session_clock(data);
}

static void settled_cb(gpointer data)
{
    cw_session_settled(data);
}

static const CwOutboxEvents outbox_events = {
    .send = send_cb,
    .returned = returned_cb,
    .store = store_cb,
    .unstore = unstore_cb,
    .settled = settled_cb,
    .clock = outbox_clock,
};

CwOutbox *cw_session_new_outbox(CwSession *session)
{
    return cw_outbox_new(&outbox_events, session);
}
