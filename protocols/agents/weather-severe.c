/* protocols/agents/weather-severe.c: severe weather by the forecast, where nobody warns of it
 *
 * No official warning, and never called one.  Told once a day and kind, and again when the forecast
 * has become worse by a step; one that goes up and down at a limit is told once.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "protocols/agents/weather.h"

#include <string.h>

#include "protocols/agents/severe.h"

#define TOLD "severe"  /* remembered: what he knows of */
#define DATE_LENGTH 10 /* bytes: 2026-11-28 */

static struct {
    gboolean is_off;
    guint days;
    CwSevereLimits limits;
} settings;

static gboolean read_limits(GError **error)
{
    const struct {
        CwSevereKind kind;
        const char *name;
        guint least, most;
    } names[] = {
        {CW_SEVERE_GUSTS, "severe-gusts", 20, 400}, {CW_SEVERE_RAIN, "severe-rain", 5, 2000},
        {CW_SEVERE_SNOW, "severe-snow", 1, 500},    {CW_SEVERE_HEAT, "severe-heat", 20, 60},
        {CW_SEVERE_COLD, "severe-cold", 0, 80},
    };

    settings.limits = cw_severe_usual;
    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        if (!cw_agent_setting_number(names[i].name, names[i].least, names[i].most,
                                     &settings.limits.from[names[i].kind], error))
            return FALSE;
    }
    return TRUE;
}

gboolean cw_weather_severe_start(GError **error)
{
    gboolean on = TRUE;

    settings.days = 3;
    if (!cw_agent_setting_boolean("severe-weather", &on, error))
        return FALSE;
    settings.is_off = !on;
    return cw_agent_setting_number("severe-days", 1, CW_FORECAST_DAYS, &settings.days, error) &&
           read_limits(error);
}

guint cw_weather_severe_days(const CwSpot *spot)
{
    return settings.is_off || cw_weather_service_covers(spot->place) ? 0 : settings.days;
}

/* ---- its words ---- */

static void append_amount(GString *text, const CwWatch *watch, CwSevereKind kind, double value,
                          int code)
{
    switch (kind) {
    case CW_SEVERE_HAIL:
    case CW_SEVERE_ICE:
        g_string_append(text, cw_forecast_words(code));
        break;
    case CW_SEVERE_GUSTS:
        g_string_append(text, "gusts of up to ");
        cw_weather_append_speed(text, watch, value);
        break;
    case CW_SEVERE_RAIN:
        g_string_append(text, "heavy rain, ");
        cw_weather_append_rain(text, watch, value);
        break;
    case CW_SEVERE_SNOW:
        g_string_append(text, "heavy snow, ");
        cw_weather_append_snow(text, watch, value);
        break;
    case CW_SEVERE_HEAT:
    case CW_SEVERE_COLD:
        g_string_append(text, kind == CW_SEVERE_HEAT ? "heat of up to " : "cold, down to ");
        cw_weather_append_degrees(text, watch, kind == CW_SEVERE_HEAT ? value : -value);
        g_string_append_printf(text, " %s", cw_weather_unit(watch));
        break;
    case CW_SEVERE_KINDS:
        break;
    }
}

/* "Sat 28: gusts of up to 92 km/h" */
static void append_line(GString *text, const CwWatch *watch, const CwForecastDay *day,
                        CwSevereKind kind, double value)
{
    g_autofree char *name = cw_weather_day_name(day->date);

    g_string_append_printf(text, "%s: ", name);
    append_amount(text, watch, kind, value, day->code);
}

/* ---- telling ---- */

/* A line of what he does not know; it is noted in `told`. */
static void look_at(CwWatch *watch, const CwForecastDay *day, CwSevereKind kind, char **told,
                    GString *text)
{
    const CwSpot *spot = watch->thing->data;
    double value;
    guint level = cw_severe_level(day, kind, &settings.limits, &value);
    guint before = cw_severe_told(*told, day->date, kind);

    if (level <= before || strspn(day->date, G_CSET_DIGITS "-") != DATE_LENGTH)
        return;
    append_line(text, watch, day, kind, value);
    g_string_append(text, before > 0 ? ", more than before\n" : "\n");
    char *now = cw_severe_tell(*told, spot->forecast.days[0].date, day->date, kind, level);
    g_free(*told);
    *told = now;
}

void cw_weather_tell_severe(CwWatch *watch)
{
    const CwSpot *spot = watch->thing->data;
    guint days = MIN(cw_weather_severe_days(spot), spot->forecast.n_days);
    g_autofree char *told = g_strdup(cw_watch_remembered(watch, TOLD));
    g_autoptr(GString) text = g_string_new(NULL);

    for (guint i = 0; i < days; i++) {
        for (guint kind = 0; kind < CW_SEVERE_KINDS; kind++)
            look_at(watch, &spot->forecast.days[i], kind, &told, text);
    }
    if (text->len == 0)
        return;
    g_autofree char *title =
        g_strdup_printf("Severe weather in the forecast for %s", spot->place->name);
    g_string_append(text, "This is from the forecast, no official warning.");
    cw_watch_push(watch, title, text->str, NULL);
    cw_watch_remember(watch, TOLD, told);
}

/* ---- alerts ---- */

void cw_weather_append_severe(GString *text, const CwWatch *watch)
{
    const CwSpot *spot = watch->thing->data;
    guint days = cw_weather_severe_days(spot);
    gsize before;

    if (days == 0)
        return;
    g_string_append(text, "\nSevere weather in the forecast, no official warning:");
    before = text->len;
    for (guint i = 0; i < MIN(days, spot->forecast.n_days); i++) {
        for (guint kind = 0; kind < CW_SEVERE_KINDS; kind++) {
            double value;
            if (cw_severe_level(&spot->forecast.days[i], kind, &settings.limits, &value) == 0)
                continue;
            g_string_append(text, "\n- ");
            append_line(text, watch, &spot->forecast.days[i], kind, value);
        }
    }
    if (text->len == before && days == 1)
        g_string_append(text, " none today.");
    else if (text->len == before)
        g_string_append_printf(text, " none in %u days.", days);
}
