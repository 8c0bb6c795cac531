/* transport/outage.h: whether it is a network that is down, or one account
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct CwOutage CwOutage;

CwOutage *cw_outage_new(void);
void cw_outage_free(CwOutage *outage);

/* `server`: the part of the network that the account is at (an IRC network, an XMPP domain; "" for
 * a network of one part).  The connection of `jid` could not be made, or broke. */
void cw_outage_add(CwOutage *outage, const char *server, const char *jid);
/* One more is online there, or one less. */
void cw_outage_online(CwOutage *outage, const char *server);
void cw_outage_offline(CwOutage *outage, const char *server);
/* Several accounts failed there, nobody got in since, and nobody is online there. */
gboolean cw_outage_is_down(const CwOutage *outage, const char *server);

G_END_DECLS
