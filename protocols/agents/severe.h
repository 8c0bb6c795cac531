/* protocols/agents/severe.h: what of a forecast is severe weather; pure functions
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include "protocols/agents/forecast.h"

G_BEGIN_DECLS

#define CW_SEVERE_LEVELS 9

typedef enum {
    CW_SEVERE_HAIL,  /* thunderstorm with hail: WMO 96, 99 */
    CW_SEVERE_GUSTS, /* km/h */
    CW_SEVERE_RAIN,  /* mm a day */
    CW_SEVERE_SNOW,  /* cm a day */
    CW_SEVERE_ICE,   /* freezing rain: WMO 66, 67 */
    CW_SEVERE_HEAT,  /* °C */
    CW_SEVERE_COLD,  /* °C below zero */
    CW_SEVERE_KINDS,
} CwSevereKind;

typedef struct {
    guint from[CW_SEVERE_KINDS]; /* what is severe; of no account for hail and ice */
} CwSevereLimits;

extern const CwSevereLimits cw_severe_usual;

/* 0: it is not; else 1, and one more with each step that is clearly worse, to CW_SEVERE_LEVELS.
 * `value`: how much it is, in the unit of its kind. */
guint cw_severe_level(const CwForecastDay *day, CwSevereKind kind, const CwSevereLimits *limits,
                      double *value);

/* What a user was told: "2026-11-28g2 …", the day, the kind, the level. */
/* 0: nothing of that day and kind.  `told` nullable. */
guint cw_severe_told(const char *told, const char *date, CwSevereKind kind);
/* The same with this in it, without the days before `today`.  (transfer full) */
char *cw_severe_tell(const char *told, const char *today, const char *date, CwSevereKind kind,
                     guint level);

G_END_DECLS
