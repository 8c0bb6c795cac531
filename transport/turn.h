/* transport/turn.h: what is to be done at the end of a turn of the loop
 *
 * Output is gathered and written once a turn.  An idle source for that costs a turn of its own,
 * with another poll(): here it is done right before the loop would sleep.
 *
 * For the main thread and its default context alone.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Lives in whoever has it. */
typedef struct {
    /* Called while the loop gets ready to sleep: may make system calls, and nothing of the loop's
     * (no sources, no callbacks to others).  FALSE, or NULL: it takes more than that. */
    gboolean (*quick)(gpointer data);
    void (*work)(gpointer data); /* then this is called, as from any source */
    gpointer data;
    gboolean queued;
} CwTurnJob;

void cw_turn_queue(CwTurnJob *job); /* for the end of this turn; once is enough */
void cw_turn_cancel(CwTurnJob *job);

G_END_DECLS
