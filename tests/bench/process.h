/* tests/bench/process.h: the folder, settings and processes of what is measured
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

void bench_process_init(guint16 jabber_port, guint16 irc_port);
void bench_process_uninit(void);

G_END_DECLS
