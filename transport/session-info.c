/* transport/session-info.c: what the network knows of a contact, or of a name, asked for by the
 * user
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#define G_LOG_DOMAIN "transport"

#include "transport/session-private.h"

typedef struct {
    CwInfoDone done;
    gpointer data;
} Info;

static void done_cb(CwSession *session, const CwLinkMsg *answer, CwReason reason, const char *text,
                    gpointer data)
{
    Info *info = data;

    info->done(session, answer == NULL ? NULL : answer->fields, reason, info->data);
    g_free(info);
}

gboolean cw_session_ask_info(CwSession *session, const char *contact, CwInfoDone done,
                             gpointer data, CwReason *reason)
{
    CwLinkMsg msg = {.kind = CW_LINK_INFO, .contact = contact};
    Info *info = g_new(Info, 1);

    *info = (Info){done, data};
    if (cw_session_inquire(session, &msg, LIMITS(session)->info_requests,
                           TIMING(session)->info_timeout, done_cb, info, reason))
        return TRUE;
    g_free(info);
    return FALSE;
}

typedef struct {
    CwNormalizeDone done;
    gpointer data;
} Normalize;

static void normalized_cb(CwSession *session, const CwLinkMsg *answer, CwReason reason,
                          const char *text, gpointer data)
{
    Normalize *normalize = data;

    normalize->done(session, answer == NULL ? NULL : answer->contact, reason, normalize->data);
    g_free(normalize);
}

gboolean cw_session_normalize(CwSession *session, const char *name, CwNormalizeDone done,
                              gpointer data)
{
    CwLinkMsg msg = {.kind = CW_LINK_NORMALIZE, .contact = name};
    CwReason reason = CW_REASON_NONE;
    Normalize *normalize = g_new(Normalize, 1);

    *normalize = (Normalize){done, data};
    if (cw_session_inquire(session, &msg, LIMITS(session)->info_requests,
                           TIMING(session)->info_timeout, normalized_cb, normalize, &reason))
        return TRUE;
    g_free(normalize);
    return FALSE;
}
