/* protocols/purple/core.h: libpurple's start and end, and the UI ops that have little to say
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define CW_CORE_UI "causeway"

/* `plugin_path`: (nullable) folders with ':' between.  Once a process. */
gboolean cw_core_start(const char *plugin_path, GError **error);
void cw_core_stop(void);

/* ops.c: signals that need libpurple to be up */
void cw_ops_connect(void);
void cw_ops_disconnect(void);
/* ops.c: blist, privacy, idle, roomlist, xfer, notify and request included */
void cw_ops_install(void);

G_END_DECLS
