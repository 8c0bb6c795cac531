/* tests/bench/irc.h: as much of an IRC server as prpl-irc needs
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include "tests/bench/loop.h"

G_BEGIN_DECLS

typedef struct {
    void (*joined)(guint user, BenchChannel *channel);           /* "u00012" has logged in */
    void (*left)(guint user);                                    /* and is gone */
    void (*message)(guint user, const char *text, gsize length); /* he wrote to somebody */
} BenchIrcEvents;

guint16 bench_irc_listen(const BenchIrcEvents *events); /* the port */
void bench_irc_send(BenchChannel *channel, guint user, const char *text, gsize length);

G_END_DECLS
