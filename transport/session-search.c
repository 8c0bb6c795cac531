/* transport/session-search.c: the user searches in the network's directory of users
 *
 * A network that has one may have none for this account: its server's.  That is known when the
 * first search was refused for it, and forgotten with the log-in.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#define G_LOG_DOMAIN "transport"

#include "transport/session-private.h"

static void tell_people(CwSession *session, const CwLinkMsg *msg, CwReason reason, const char *text,
                        GCallback asker, gpointer data)
{
    CwSearchDone done = (CwSearchDone)asker;

    if (msg != NULL || reason == CW_REASON_NO_CONTACT)
        session->no_directory = msg == NULL;
    if (msg == NULL) {
        done(session, NULL, reason, text, data);
        return;
    }
    CwSearchAnswer answer = {.text = msg->text, .fields = msg->fields, .found = msg->found};
    if (msg->found != NULL)
        answer.total = (guint)CLAMP(msg->total, msg->found->len, G_MAXINT);
    done(session, &answer, CW_REASON_NONE, NULL, data);
}

gboolean cw_session_search(CwSession *session, GHashTable *values, CwSearchDone done, gpointer data,
                           CwReason *reason)
{
    CwLinkMsg msg = {.kind = CW_LINK_SEARCH, .values = values};

    return cw_session_inquire(session, &msg, LIMITS(session)->search_requests,
                              TIMING(session)->search_timeout, tell_people, G_CALLBACK(done), data,
                              reason);
}

gboolean cw_session_may_search(const CwSession *session)
{
    const CwProtocol *protocol = cw_transport_protocol(session->transport);

    return protocol != NULL && protocol->search && !session->no_directory;
}
