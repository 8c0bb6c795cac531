/* transport/backoff.c: exponential waits with jitter
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "transport/backoff.h"

/* 0 … `span`, both included */
static guint random_up_to(guint span, GRand *random)
{
    /* g_rand_int_range() ends before its second number, which is a signed int */
    gint32 end = (gint32)MIN(span, (guint)G_MAXINT32 - 1) + 1;

    return (guint)(random ? g_rand_int_range(random, 0, end) : g_random_int_range(0, end));
}

guint cw_backoff_next(CwBackoff *backoff, GRand *random)
{
    guint64 wait = backoff->first;

    /* Past 31 doublings every wait is the longest one, whatever the first. */
    wait <<= MIN(backoff->attempt, 31U);
    wait = MIN(wait, backoff->max);
    if (backoff->attempt < G_MAXUINT)
        backoff->attempt++;

    guint half = (guint)(wait / 2);
    return (guint)wait - half + random_up_to(half, random);
}

void cw_backoff_reset(CwBackoff *backoff)
{
    backoff->attempt = 0;
}

guint cw_backoff_spread(guint base, GRand *random)
{
    guint room = MIN(base / 2, G_MAXUINT - base);

    return base + random_up_to(room, random);
}
