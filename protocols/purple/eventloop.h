/* protocols/purple/eventloop.h: libpurple's event loop on GLib's, with one epoll set
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include <libpurple/eventloop.h>

G_BEGIN_DECLS

void cw_eventloop_init(void); /* makes the epoll set and its source */
PurpleEventLoopUiOps *cw_eventloop_ops(void);

/* Whose work is being done: the serial of an account (its lower half is the gateway's number of the
 * account, see account.c), 0 for nobody's.  libpurple asks and
 * tells much without naming an account.  What is done for an account begins with a line of the
 * gateway (which sets this), and goes on by watches, timers and look-ups: each is tied to whom it
 * was made for, and sets this while it runs.  The scoreboard shows it. */
extern guint64 cw_eventloop_owner;
void cw_eventloop_set_owner(guint64 serial);

/* Back-pressure: while paused no descriptor of libpurple is served; timers go on. */
void cw_eventloop_pause(gboolean yes);

/* ---- GLib's timers, see glib-timers.c ---- */

gboolean cw_eventloop_is_ours(void); /* the thread that it runs in is the loop's */
guint cw_eventloop_add_timer(guint interval, gboolean whole_seconds, GSourceFunc func,
                             gpointer data, GDestroyNotify notify);
/* The newest timer with that data that was made by these, not by libpurple's functions. */
gboolean cw_eventloop_remove_timer_of(gconstpointer data);
void cw_eventloop_hurry_timer_of(gconstpointer data);

/* For tests and logs: watches that are open. */
guint cw_eventloop_watches(void);

G_END_DECLS
