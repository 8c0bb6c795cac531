/* tests/bench/loop.h: epoll, buffered sockets, and a tick of a millisecond
 *
 * As cheap as it gets, for the machine has two cores and what is measured needs them.  What is sent
 * on a channel goes out at the end of the turn; what arrives is shown where it was read.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct BenchChannel BenchChannel;

struct BenchChannel {
    int fd;
    /* How many of the bytes it took; the rest is shown again with what follows. */
    gsize (*input)(BenchChannel *channel, const char *bytes, gsize length);
    void (*closed)(BenchChannel *channel); /* the last call; the channel is freed behind it */
    gpointer data;

    GString *in; /* what input() did not take; NULL: nothing */
    GString *out;
    gboolean queued;  /* among those that write at the end of the turn */
    gboolean blocked; /* waits for room in the socket */
    gboolean closing; /* closes when everything is out */
};

/* Listens on loopback; `accepted` makes channels.  (out) port. */
void bench_loop_listen(void (*accepted)(int fd), guint16 *port);
int bench_loop_connect(guint16 port); /* to loopback, blocking until it stands */
BenchChannel *bench_channel_new(int fd,
                                gsize (*input)(BenchChannel *, const char *bytes, gsize length),
                                void (*closed)(BenchChannel *), gpointer data);
void bench_channel_send(BenchChannel *channel, const char *bytes, gsize length);
void bench_channel_close(BenchChannel *channel); /* behind what was sent */

/* Each millisecond, and at the end of each turn. */
void bench_loop_set_tick(void (*tick)(gpointer data), gpointer data);
/* Runs until `done` says so (TRUE) or `seconds` are over (FALSE).  `done` NULL: always FALSE. */
gboolean bench_loop_run(gboolean (*done)(gpointer data), gpointer data, double seconds);

gint64 bench_now(void); /* monotonic, µs */

G_END_DECLS
