/* protocols/agents/files.h: small files that users are given links to
 *
 * A web server of our own, for a reverse proxy to publish: agent.files-port on loopback, and
 * agent.files-url, what is in front of it.  Names cannot be guessed; nothing is kept on disk.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Reads agent.files-port and agent.files-url; without them there are no files. */
gboolean cw_files_start(gboolean only_check, GError **error);
void cw_files_stop(void);
gboolean cw_files_are_on(void);
/* Its URL, good for a day or until there are many newer ones.  `name`: how it ends, "chart.png".
 * (transfer full) */
char *cw_files_publish(GBytes *bytes, const char *name, const char *type);

G_END_DECLS
