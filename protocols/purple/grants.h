/* protocols/purple/grants.h: which contacts the user may see, as far as it can be known
 *
 * libpurple has no event for it.  Plugins that let their stanzas be seen show it (stanza.c); of
 * others the first sign counts: a contact that is online grants, and one that nobody can be asked
 * about is granted when it is added.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include "protocols/purple/account.h"

G_BEGIN_DECLS

CwGrants *cw_grants_new(CwAccount *account);
void cw_grants_free(CwGrants *grants);

/* All tell the gateway when something is new.  `contact` is the normal form. */
void cw_grants_set(CwAccount *account, const char *contact, CwAuthorization authorization);
/* We have asked.  Until the list of the network shows that, it is older than the question. */
void cw_grants_asked(CwAccount *account, const char *contact);
/* The question could not be brought to the contact. */
void cw_grants_bounced(CwAccount *account, const char *contact);
/* What the list of the network says. */
void cw_grants_listed(CwAccount *account, const char *contact, CwAuthorization authorization);
/* It is off the list. */
void cw_grants_forget(CwAccount *account, const char *contact);

/* We take it off the network's list; and the network says that it is off.  What its list says of
 * the contact between the two is older, and would bring it back. */
void cw_grants_leave(CwAccount *account, const char *contact);
void cw_grants_left(CwAccount *account, const char *contact);
/* What libpurple's list says of it is not what will be: it leaves; or it was asked again meanwhile,
 * and the plugin has taken the new one off its list when it was told that the old one is off. */
gboolean cw_grants_is_between(const CwAccount *account, const char *contact);

/* Is there nothing that was asked or granted? */
gboolean cw_grants_needs_asking(const CwAccount *account, const char *contact);

/* Of plugins without stanza signals: it was added; it is online. */
void cw_grants_added(CwAccount *account, const char *contact);
void cw_grants_online(CwAccount *account, const char *contact);

G_END_DECLS
