/* protocols/agents/severe.c: what of a forecast is severe weather
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "protocols/agents/severe.h"

#include <math.h>
#include <string.h>

#define DATE 10                   /* bytes: 2026-11-28 */
#define TOLD (DATE + 2)           /* … with the kind and the level */
#define TOLD_MOST 100             /* that are remembered: 7 days of 7 kinds, and some */
#define WATER_OF_SNOW (1.0 / 0.7) /* mm of water in a cm of snow, as Open-Meteo counts them */

/* In the order of the kinds.  What is a step worse is worth telling again. */
static const struct {
    char letter;
    double step;
} kinds[CW_SEVERE_KINDS] = {
    [CW_SEVERE_HAIL] = {'h', 1},  [CW_SEVERE_GUSTS] = {'g', 25}, [CW_SEVERE_RAIN] = {'r', 30},
    [CW_SEVERE_SNOW] = {'s', 15}, [CW_SEVERE_ICE] = {'i', 1},    [CW_SEVERE_HEAT] = {'t', 4},
    [CW_SEVERE_COLD] = {'c', 7},
};

const CwSevereLimits cw_severe_usual = {
    .from =
        {
            [CW_SEVERE_GUSTS] = 75,
            [CW_SEVERE_RAIN] = 40,
            [CW_SEVERE_SNOW] = 15,
            [CW_SEVERE_HEAT] = 36,
            [CW_SEVERE_COLD] = 18,
        },
};

static guint level_of_code(int code, int bad, int worse)
{
    return code == worse ? 2 : code == bad ? 1 : 0;
}

guint cw_severe_level(const CwForecastDay *day, CwSevereKind kind, const CwSevereLimits *limits,
                      double *value)
{
    *value = NAN;
    switch (kind) {
    case CW_SEVERE_HAIL:
        return level_of_code(day->code, 96, 99);
    case CW_SEVERE_ICE:
        return level_of_code(day->code, 66, 67);
    case CW_SEVERE_GUSTS:
        *value = day->gusts;
        break;
    case CW_SEVERE_RAIN: /* what falls as snow is of another kind */
        *value = isnan(day->snow) ? day->rain : MAX(day->rain - day->snow * WATER_OF_SNOW, 0);
        break;
    case CW_SEVERE_SNOW:
        *value = day->snow;
        break;
    case CW_SEVERE_HEAT:
        *value = day->most;
        break;
    case CW_SEVERE_COLD:
        *value = -day->least;
        break;
    case CW_SEVERE_KINDS:
        break;
    }
    double above = *value - limits->from[kind];
    if (!(above >= 0)) /* not known, too */
        return 0;
    return 1 + (guint)MIN(above / kinds[kind].step, CW_SEVERE_LEVELS - 1);
}

/* ---- what was told ---- */

guint cw_severe_told(const char *told, const char *date, CwSevereKind kind)
{
    const char wanted[] = {kinds[kind].letter, '\0'};
    g_autofree char *mark = g_strconcat(date, wanted, NULL);
    const char *at = told == NULL ? NULL : strstr(told, mark);

    return at == NULL ? 0 : (guint)MAX(g_ascii_digit_value(at[strlen(mark)]), 0);
}

char *cw_severe_tell(const char *told, const char *today, const char *date, CwSevereKind kind,
                     guint level)
{
    g_auto(GStrv) marks = g_strsplit(told == NULL ? "" : told, " ", TOLD_MOST);
    GString *now = g_string_new(NULL);

    for (guint i = 0; marks[i] != NULL; i++) {
        gboolean same = strncmp(marks[i], date, DATE) == 0 && marks[i][DATE] == kinds[kind].letter;
        if (strlen(marks[i]) == TOLD && strncmp(marks[i], today, DATE) >= 0 && !same)
            g_string_append_printf(now, "%s ", marks[i]);
    }
    g_string_append_printf(now, "%.10s%c%u", date, kinds[kind].letter,
                           MIN(level, CW_SEVERE_LEVELS));
    return g_string_free(now, FALSE);
}
