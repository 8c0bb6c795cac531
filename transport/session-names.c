/* transport/session-names.c: what a contact is called: on the network, and in the user's roster
 *
 *     roster and network agreed, or the network had nothing -- the user renames --> contact-rename
 *
 * Who changed a name is told by CwContact.agreed.  What goes to the network is remembered as its
 * own, so that the network's echo of it is no news.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#define G_LOG_DOMAIN "transport"

#include "transport/session-private.h"

static gboolean is_empty(const char *text)
{
    return text == NULL || *text == '\0';
}

gboolean cw_session_may_rename(const CwSession *session)
{
    const CwProtocol *protocol = cw_transport_protocol(session->transport);

    return session->state == CW_SESSION_ONLINE && protocol != NULL &&
           (protocol->contact_names || protocol->contact_groups);
}

/* Did the user change it, so that the network is to know?  `old` is what the network called it
 * before, while that is on its way to the roster. */
static gboolean is_wish(const char *mine, const char *theirs, gboolean agreed,
                        const CwContact *contact, const char *old)
{
    if (is_empty(mine) || g_strcmp0(mine, theirs) == 0 ||
        (contact->renamed && g_strcmp0(mine, old) == 0))
        return FALSE;
    return agreed || is_empty(theirs);
}

/* `name` or `group` NULL: stays. */
static void rename_contact(CwSession *session, CwContact *contact, const char *name,
                           const char *group)
{
    CwLinkMsg msg = {
        .kind = CW_LINK_CONTACT_RENAME, .contact = contact->name, .name = name, .group = group};

    if ((name == NULL && group == NULL) || !cw_account_send(session->account, &msg))
        return;
    if (name != NULL) {
        g_free(contact->alias);
        contact->alias = g_strdup(name);
    }
    if (group != NULL) {
        g_free(contact->group);
        contact->group = g_strdup(group);
    }
    cw_session_store_contact(session, contact);
}

/* One that is missing says nothing new. */
static gboolean agrees(const CwContact *contact, CwAgreed what, const char *mine,
                       const char *theirs)
{
    return is_empty(mine) ? (contact->agreed & what) != 0 : g_strcmp0(mine, theirs) == 0;
}

void cw_session_take_roster_names(CwSession *session, CwContact *contact, const char *name,
                                  const char *group)
{
    const CwProtocol *protocol = cw_transport_protocol(session->transport);
    g_autofree char *mine = cw_session_keep_short(name), *my_group = cw_session_keep_short(group);

    if (contact->subscription == CW_SUBSCRIPTION_REMOVED)
        return;
    if (contact->listed && cw_session_may_rename(session)) {
        gboolean named = protocol->contact_names &&
                         is_wish(mine, contact->alias, (contact->agreed & CW_AGREED_NAME) != 0,
                                 contact, contact->old_alias);
        gboolean grouped =
            protocol->contact_groups &&
            is_wish(my_group, contact->group, (contact->agreed & CW_AGREED_GROUP) != 0, contact,
                    contact->old_group);
        rename_contact(session, contact, named ? mine : NULL, grouped ? my_group : NULL);
    }
    guint agreed =
        (agrees(contact, CW_AGREED_NAME, mine, contact->alias) ? CW_AGREED_NAME : 0u) |
        (agrees(contact, CW_AGREED_GROUP, my_group, contact->group) ? CW_AGREED_GROUP : 0u);
    if (agreed == contact->agreed)
        return;
    contact->agreed = agreed;
    cw_session_store_contact(session, contact);
}
