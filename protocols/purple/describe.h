/* protocols/purple/describe.h: what a plugin wants to know, as the gateway's CwProtocol
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include <libpurple/purple.h>

#include "transport/protocol.h"

G_BEGIN_DECLS

/* (transfer full) */
CwProtocol *cw_describe_plugin(PurplePlugin *plugin);

/* Sets one account option from its string form, by the type that the plugin gives it.  A name that
 * the plugin does not list is set as a string.  FALSE: the value does not fit, with `error`. */
gboolean cw_describe_set_option(PurpleAccount *account, const char *name, const char *value,
                                GError **error);

/* All protocol plugins found, for people.  (transfer full) */
char *cw_describe_all(void);

/* "prpl-irc, prpl-jabber": (transfer full) */
char *cw_describe_ids(void);

G_END_DECLS
