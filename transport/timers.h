/* transport/timers.h: timers by the thousand
 *
 * GLib looks at each of its sources twice a turn of the loop, whatever the turn is about: with a
 * few timers for each of a thousand users that is most of what an event costs.  Here one source
 * stands for all of them, and a heap knows the next.
 *
 * For the main thread and its default context alone.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* As g_timeout_add(): until `callback` says G_SOURCE_REMOVE, each `interval` ms.  The id is one of
 * GLib's own numbers, which no other source has. */
guint cw_timer_add(guint interval, GSourceFunc callback, gpointer data);
/* `whole_seconds`: on the beat that all of them share, so that they wake the process together. */
guint cw_timer_add_full(guint interval, gboolean whole_seconds, GSourceFunc callback, gpointer data,
                        GDestroyNotify free_data);
/* Fits g_clear_handle_id().  FALSE: there is no such timer. */
gboolean cw_timer_remove(guint id);
gboolean cw_timer_hurry(guint id); /* it is due now; FALSE: there is none */

guint cw_timers_count(void);

G_END_DECLS
