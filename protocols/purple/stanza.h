/* protocols/purple/stanza.h: what plugins say by letting their stanzas be seen: refused messages,
 * authorisation
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include "protocols/purple/account.h"

G_BEGIN_DECLS

/* Listens to the plugin's signals, if the table of defaults names any.  Once, when the plugin is
 * chosen. */
void cw_stanza_connect(void);

/* <presence type= to=/> to a contact.  FALSE: the plugin cannot, or it is not logged in. */
gboolean cw_stanza_send_presence(const CwAccount *account, const char *contact, const char *type);

/* XEP-0045 8, 9: gives an occupant a role or an affiliation ("moderator", "outcast"; the other one
 * NULL).  `jid`, `reason` nullable.  FALSE: as above. */
gboolean cw_stanza_send_room_item(const CwAccount *account, const char *room, const char *nick,
                                  const char *jid, const char *role, const char *affiliation,
                                  const char *reason);

/* The user's own nickname, for his contacts; NULL: none any more.  FALSE: the plugin has no way. */
gboolean cw_stanza_publish_nick(const CwAccount *account, const char *nick);
/* The alias of the account, when the server has another one. */
gboolean cw_stanza_publish_new_nick(const CwAccount *account);

G_END_DECLS
