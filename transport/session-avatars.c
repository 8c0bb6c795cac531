/* transport/session-avatars.c: the pictures of a session's contacts
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#define G_LOG_DOMAIN "transport"

#include "transport/session-private.h"

void cw_session_take_avatar(CwSession *session, const CwLinkMsg *msg)
{
    CwContact *contact = cw_session_ensure_contact(session, msg->contact);
    const char *problem = NULL;
    CwAvatar *avatar = NULL;

    if (contact == NULL)
        return;
    if (msg->data != NULL && *msg->data != '\0')
        avatar =
            cw_avatars_take(cw_transport_avatars(session->transport), msg->data, msg->media,
                            LIMITS(session)->avatar_size, LIMITS(session)->avatar_cache, &problem);
    if (problem != NULL) {
        g_autofree char *shown = g_strescape(contact->name, NULL);
        g_debug("%s/%s: the picture of '%.80s' is left out: %s", session->jid,
                cw_transport_domain(session->transport), shown, problem);
    }
    gboolean changed = !contact->avatar_known || avatar != contact->avatar;
    cw_avatar_unref(contact->avatar);
    contact->avatar = avatar;
    contact->avatar_known = TRUE;
    if (changed && contact->show != CW_SHOW_OFFLINE)
        EMIT(session, contact_presence, session, contact);
    if (changed)
        EMIT(session, contact_avatar, session, contact);
}

void cw_session_forget_avatar(CwContact *contact)
{
    g_clear_pointer(&contact->avatar, cw_avatar_unref);
    contact->avatar_known = FALSE;
}
