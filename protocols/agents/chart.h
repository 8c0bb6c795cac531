/* protocols/agents/chart.h: a line of numbers as a small picture
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* PNG, 480 × 200: the values from left to right, the least at the bottom and the most at the top;
 * `reference` (0: none) as a dotted line.  At least two values.  (transfer full), NULL: it could
 * not be made. */
GBytes *cw_chart_draw(const double *values, guint count, double reference);

G_END_DECLS
