/* transport/pace.c: a token bucket: so many in so long, at once or spread
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "transport/pace.h"

gboolean cw_pace_take(CwPace *pace, guint count, guint period, guint burst, guint *wait)
{
    gint64 now = g_get_monotonic_time();

    if (wait != NULL)
        *wait = 0;
    if (count == 0)
        return TRUE;
    double per_us = (double)count / ((double)period * 1000);
    if (pace->at != 0)
        pace->used = MAX(0, pace->used - (double)(now - pace->at) * per_us);
    pace->at = now;
    if (burst == 0)
        burst = count;
    if (pace->used + 1 <= burst) {
        pace->used += 1;
        return TRUE;
    }
    if (wait != NULL)
        *wait = (guint)((pace->used + 1 - burst) / per_us / 1000) + 1;
    return FALSE;
}
