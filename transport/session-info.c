/* transport/session-info.c: what the network knows of a contact, asked for by the user
 *
 * Each request has an id of its own on the link, is answered by `info` or `nack`, and waits for
 * info-timeout.  All of them end with the log-in.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#define G_LOG_DOMAIN "transport"

#include "transport/session-private.h"

typedef struct {
    CwSession *session;
    gint64 id;
    CwInfoDone done;
    gpointer data;
    guint timer_id;
} Info;

static Info *find(const CwSession *session, gint64 id)
{
    for (const GList *l = session->infos.head; l != NULL; l = l->next) {
        Info *info = l->data;
        if (info->id == id)
            return info;
    }
    return NULL;
}

static void end(Info *info, const GPtrArray *fields, CwReason reason)
{
    g_queue_remove(&info->session->infos, info);
    g_clear_handle_id(&info->timer_id, cw_timer_remove);
    info->done(info->session, fields, reason, info->data);
    g_free(info);
}

static gboolean late_cb(gpointer data)
{
    Info *info = data;

    info->timer_id = 0;
    end(info, NULL, CW_REASON_NETWORK);
    return G_SOURCE_REMOVE;
}

gboolean cw_session_ask_info(CwSession *session, const char *contact, CwInfoDone done,
                             gpointer data, CwReason *reason)
{
    guint most = LIMITS(session)->info_requests;
    gint64 id = cw_transport_next_id(session->transport);
    CwLinkMsg msg = {.kind = CW_LINK_INFO, .id = id, .contact = contact};

    *reason = CW_REASON_NONE;
    if (session->state != CW_SESSION_ONLINE)
        *reason = CW_REASON_NOT_ONLINE;
    else if ((most > 0 && session->infos.length >= most) ||
             cw_account_is_congested(session->account))
        *reason = CW_REASON_RATE;
    else if (!cw_account_send(session->account, &msg))
        *reason = CW_REASON_HOST;
    if (*reason != CW_REASON_NONE)
        return FALSE;

    Info *info = g_new0(Info, 1);
    info->session = session;
    info->id = id;
    info->done = done;
    info->data = data;
    info->timer_id = cw_timer_add(TIMING(session)->info_timeout, late_cb, info);
    g_queue_push_tail(&session->infos, info);
    return TRUE;
}

/* One that nobody waits for any more came too late. */
void cw_session_take_info(CwSession *session, const CwLinkMsg *msg)
{
    Info *info = find(session, msg->id);

    if (info != NULL)
        end(info, msg->fields, CW_REASON_NONE);
}

gboolean cw_session_take_info_nack(CwSession *session, const CwLinkMsg *msg)
{
    Info *info = find(session, msg->id);

    if (info != NULL)
        end(info, NULL, msg->reason == CW_REASON_NONE ? CW_REASON_OTHER : msg->reason);
    return info != NULL;
}

void cw_session_drop_infos(CwSession *session)
{
    while (session->infos.head != NULL)
        end(session->infos.head->data, NULL, CW_REASON_NOT_ONLINE);
}
