/* transport/pace.h: a token bucket: so many in so long, at once or spread
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct {
    double used; /* of the bucket, leaking away */
    gint64 at;   /* monotonic µs when `used` was right; 0: never */
} CwPace;

/* Takes one of `count` every `period` ms, of which `burst` may come at once (0: all).  FALSE: none
 * is left, `wait` (nullable) ms until there is.  count 0: no limit. */
gboolean cw_pace_take(CwPace *pace, guint count, guint period, guint burst, guint *wait);

G_END_DECLS
