/* transport/session-inquiries.c: what the host is asked for the user, and answers once
 *
 * Each inquiry has an id of its own on the link, is answered by a line of its own kind or by
 * `nack`, and waits no longer than it may.  All of them end with the log-in.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#define G_LOG_DOMAIN "transport"

#include "transport/session-private.h"

typedef struct {
    CwSession *session;
    CwLinkKind kind;
    gint64 id;
    CwInquiryDone done;
    GCallback asker;
    gpointer data;
    guint timer_id;
} Inquiry;

static Inquiry *find(const CwSession *session, gint64 id)
{
    for (const GList *l = session->inquiries.head; l != NULL; l = l->next) {
        Inquiry *inquiry = l->data;
        if (inquiry->id == id)
            return inquiry;
    }
    return NULL;
}

static void end(Inquiry *inquiry, const CwLinkMsg *answer, CwReason reason, const char *text)
{
    g_queue_remove(&inquiry->session->inquiries, inquiry);
    g_clear_handle_id(&inquiry->timer_id, cw_timer_remove);
    inquiry->done(inquiry->session, answer, reason, text, inquiry->asker, inquiry->data);
    g_free(inquiry);
}

static gboolean late_cb(gpointer data)
{
    Inquiry *inquiry = data;

    inquiry->timer_id = 0;
    end(inquiry, NULL, CW_REASON_NETWORK, NULL);
    return G_SOURCE_REMOVE;
}

static guint count(const CwSession *session, CwLinkKind kind)
{
    guint n = 0;

    for (const GList *l = session->inquiries.head; l != NULL; l = l->next)
        n += ((const Inquiry *)l->data)->kind == kind;
    return n;
}

gboolean cw_session_inquire(CwSession *session, CwLinkMsg *msg, guint most, guint timeout,
                            CwInquiryDone done, GCallback asker, gpointer data, CwReason *reason)
{
    msg->id = cw_transport_next_id(session->transport);
    *reason = CW_REASON_NONE;
    if (session->state != CW_SESSION_ONLINE || session->account == NULL)
        *reason = CW_REASON_NOT_ONLINE;
    else if ((most > 0 && count(session, msg->kind) >= most) ||
             cw_account_is_congested(session->account))
        *reason = CW_REASON_RATE;
    else if (!cw_account_send(session->account, msg))
        *reason = CW_REASON_HOST;
    if (*reason != CW_REASON_NONE)
        return FALSE;

    Inquiry *inquiry = g_new0(Inquiry, 1);
    inquiry->session = session;
    inquiry->kind = msg->kind;
    inquiry->id = msg->id;
    inquiry->done = done;
    inquiry->asker = asker;
    inquiry->data = data;
    inquiry->timer_id = cw_timer_add(timeout, late_cb, inquiry);
    g_queue_push_tail(&session->inquiries, inquiry);
    return TRUE;
}

gboolean cw_session_ask(CwSession *session, CwLinkMsg *msg, CwInquiryDone done, GCallback asker,
                        gpointer data, CwReason *reason)
{
    return cw_session_inquire(session, msg, LIMITS(session)->info_requests,
                              TIMING(session)->info_timeout, done, asker, data, reason);
}

/* One that nobody waits for any more came too late. */
void cw_session_take_inquiry_answer(CwSession *session, const CwLinkMsg *msg)
{
    Inquiry *inquiry = find(session, msg->id);

    if (inquiry != NULL && inquiry->kind == msg->kind)
        end(inquiry, msg, CW_REASON_NONE, NULL);
}

gboolean cw_session_take_inquiry_ack(CwSession *session, const CwLinkMsg *msg)
{
    Inquiry *inquiry = find(session, msg->id);

    if (inquiry != NULL)
        end(inquiry, msg, CW_REASON_NONE, NULL);
    return inquiry != NULL;
}

gboolean cw_session_take_inquiry_nack(CwSession *session, const CwLinkMsg *msg)
{
    Inquiry *inquiry = find(session, msg->id);

    if (inquiry != NULL)
        end(inquiry, NULL, msg->reason == CW_REASON_NONE ? CW_REASON_OTHER : msg->reason,
            msg->text);
    return inquiry != NULL;
}

void cw_session_drop_inquiries(CwSession *session)
{
    while (session->inquiries.head != NULL)
        end(session->inquiries.head->data, NULL, CW_REASON_NOT_ONLINE, NULL);
}
