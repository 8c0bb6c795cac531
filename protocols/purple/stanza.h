/* protocols/purple/stanza.h: refused messages of plugins that let their stanzas be seen
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Listens to the plugin's signals, if the table of defaults names any.  Once, when the plugin is
 * chosen. */
void cw_stanza_connect(void);

G_END_DECLS
