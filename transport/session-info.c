/* transport/session-info.c: what the user asks of a contact, or of a name: what the network knows
 * of it, and its commands
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#define G_LOG_DOMAIN "transport"

#include "transport/session-private.h"

#include <string.h>

static void tell_info(CwSession *session, const CwLinkMsg *answer, CwReason reason,
                      const char *text, GCallback asker, gpointer data)
{
    ((CwInfoDone)asker)(session, answer == NULL ? NULL : answer->fields, reason, data);
}

gboolean cw_session_ask_info(CwSession *session, const char *contact, CwInfoDone done,
                             gpointer data, CwReason *reason)
{
    CwLinkMsg msg = {.kind = CW_LINK_INFO, .contact = contact};

    return cw_session_ask(session, &msg, tell_info, G_CALLBACK(done), data, reason);
}

static void tell_items(CwSession *session, const CwLinkMsg *answer, CwReason reason,
                       const char *text, GCallback asker, gpointer data)
{
    ((CwItemsDone)asker)(session, answer == NULL ? NULL : answer->found, reason, data);
}

gboolean cw_session_ask_items(CwSession *session, const char *contact, CwItemsDone done,
                              gpointer data, CwReason *reason)
{
    CwLinkMsg msg = {.kind = CW_LINK_ITEMS, .contact = contact};

    return cw_session_ask(session, &msg, tell_items, G_CALLBACK(done), data, reason);
}

static void tell_name(CwSession *session, const CwLinkMsg *answer, CwReason reason,
                      const char *text, GCallback asker, gpointer data)
{
    ((CwNormalizeDone)asker)(session, answer == NULL ? NULL : answer->contact, reason, text, data);
}

gboolean cw_session_normalize(CwSession *session, const char *name, CwNormalizeDone done,
                              gpointer data)
{
    CwLinkMsg msg = {.kind = CW_LINK_NORMALIZE, .contact = name};
    CwReason reason = CW_REASON_NONE;

    return cw_session_ask(session, &msg, tell_name, G_CALLBACK(done), data, &reason);
}

static void tell_command(CwSession *session, const CwLinkMsg *answer, CwReason reason,
                         const char *text, GCallback asker, gpointer data)
{
    gsize most = LIMITS(session)->message_size;
    CwCommandDone done = (CwCommandDone)asker;

    if (answer == NULL) {
        done(session, FALSE, reason, text, data);
        return;
    }
    const char *said = answer->text == NULL ? "" : answer->text;
    const char *end = most == 0 ? said + strlen(said) : cw_session_end_within(said, most);
    g_autofree char *cut = g_strndup(said, (gsize)(end - said));
    done(session, TRUE, CW_REASON_NONE, cut, data);
}

gboolean cw_session_command(CwSession *session, const char *contact, const char *text,
                            CwCommandDone done, gpointer data, CwReason *reason)
{
    CwLinkMsg msg = {.kind = CW_LINK_COMMAND, .contact = contact, .text = text};

    return cw_session_may_send(session, contact, NULL, text, reason) &&
           cw_session_ask(session, &msg, tell_command, G_CALLBACK(done), data, reason);
}
