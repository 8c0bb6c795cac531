/* transport/backoff.h: how long to wait before something is tried again
 *
 * Exponential with "equal jitter": the n-th wait is somewhere in the upper half of
 * first * 2^n, at most `max`.  The lower half keeps a peer from being hammered, the upper half
 * keeps many of us from coming back in step.  Times are milliseconds.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct {
    guint first;   /* the first wait, before jitter */
    guint max;     /* no wait is longer */
    guint attempt; /* waits since the last reset */
} CwBackoff;

/* The next wait, and counts it.  `random` (nullable): a generator of the caller's, for tests. */
guint cw_backoff_next(CwBackoff *backoff, GRand *random);

/* It worked: the next wait is the first again. */
void cw_backoff_reset(CwBackoff *backoff);

/* A wait of `base` or up to half of it longer, never less: for peers that asked us to stay away. */
guint cw_backoff_spread(guint base, GRand *random);

G_END_DECLS
