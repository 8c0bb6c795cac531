/* protocols/agents/weather-text.c: the forecast in words, in the units that he wants
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "protocols/agents/weather.h"

#include <math.h>
#include <stdio.h>

#define RAIN_HOURS 12
#define DRY 0.1 /* mm an hour */

static gboolean wants_fahrenheit(const CwWatch *watch)
{
    const CwSpot *spot = watch->thing->data;
    const char *units = cw_watch_preference(watch, "units");

    return units != NULL ? g_str_equal(units, "F")
                         : spot->place != NULL && g_str_equal(spot->place->country_code, "US");
}

void cw_weather_append_degrees(GString *text, const CwWatch *watch, double celsius)
{
    double shown = wants_fahrenheit(watch) ? celsius * 1.8 + 32 : celsius;

    if (isfinite(shown))
        g_string_append_printf(text, "%.0f", shown == 0 || fabs(shown) < 0.5 ? 0.0 : shown);
    else
        g_string_append(text, "?");
}

const char *cw_weather_unit(const CwWatch *watch)
{
    return wants_fahrenheit(watch) ? "°F" : "°C";
}

void cw_weather_append_speed(GString *text, const CwWatch *watch, double kmh)
{
    if (wants_fahrenheit(watch))
        g_string_append_printf(text, "%.0f mph", kmh / 1.609344);
    else
        g_string_append_printf(text, "%.0f km/h", kmh);
}

void cw_weather_append_rain(GString *text, const CwWatch *watch, double mm)
{
    if (wants_fahrenheit(watch))
        g_string_append_printf(text, "%.2f in", mm / 25.4);
    else
        g_string_append_printf(text, "%.1f mm", mm);
}

void cw_weather_append_snow(GString *text, const CwWatch *watch, double cm)
{
    if (wants_fahrenheit(watch))
        g_string_append_printf(text, "%.1f in", cm / 2.54);
    else
        g_string_append_printf(text, "%.0f cm", cm);
}

char *cw_weather_day_name(const char *date)
{
    g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
    int year, month, day;

    if (sscanf(date, "%4d-%2d-%2d", &year, &month, &day) != 3)
        return g_strdup("?");
    g_autoptr(GDateTime) time = g_date_time_new(utc, year, month, day, 0, 0, 0);
    return time == NULL ? g_strdup("?") : g_date_time_format(time, "%a %d");
}

/* Aligned, for a font of one width and as well as may be for others. */
char *cw_weather_days(const CwWatch *watch, guint most)
{
    const CwSpot *spot = watch->thing->data;
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < spot->forecast.n_days && i < most; i++) {
        const CwForecastDay *day = &spot->forecast.days[i];
        g_autofree char *name = cw_weather_day_name(day->date);
        g_autoptr(GString) least = g_string_new(NULL), degrees = g_string_new(NULL);
        cw_weather_append_degrees(least, watch, day->least);
        cw_weather_append_degrees(degrees, watch, day->most);
        g_string_append_printf(text, "%s%-7s %4s … %3s %s  %s", i == 0 ? "" : "\n", name,
                               least->str, degrees->str, cw_weather_unit(watch),
                               cw_forecast_words(day->code));
        if (day->rain >= DRY) {
            g_string_append(text, ", ");
            cw_weather_append_rain(text, watch, day->rain);
        }
        if (day->rain >= DRY && day->chance >= 0)
            g_string_append_printf(text, " (%.0f %%)", day->chance);
    }
    return g_string_free(text, FALSE);
}

/* ---- commands ---- */

void cw_weather_run_forecast(CwWatch *watch, const char *arguments)
{
    g_autofree char *text = cw_weather_days(watch, CW_FORECAST_DAYS);
    cw_watch_reply(watch, "%s\n%s", watch->thing->title, text);
}

void cw_weather_run_rain(CwWatch *watch, const char *arguments)
{
    g_autoptr(GString) text = g_string_new(NULL);

    const CwForecast *forecast = &((const CwSpot *)watch->thing->data)->forecast;
    for (guint i = 0; i < forecast->n_hours && i < RAIN_HOURS; i++) {
        if (forecast->hours[i].rain < DRY)
            continue;
        g_string_append_printf(text, "\n%s ", forecast->hours[i].time + 11);
        cw_weather_append_rain(text, watch, forecast->hours[i].rain);
        if (forecast->hours[i].chance >= 0)
            g_string_append_printf(text, " (%.0f %%)", forecast->hours[i].chance);
    }
    if (text->len == 0)
        cw_watch_reply(watch, "No rain in the next %d hours.", RAIN_HOURS);
    else
        cw_watch_reply(watch, "In the next %d hours:%s", RAIN_HOURS, text->str);
}

static void append_gusts(GString *text, const CwWatch *watch, double kmh)
{
    if (!(kmh > 0)) /* not known, too */
        return;
    g_string_append(text, ", gusts of ");
    cw_weather_append_speed(text, watch, kmh);
}

void cw_weather_run_wind(CwWatch *watch, const char *arguments)
{
    g_autoptr(GString) text = g_string_new(NULL);

    const CwForecast *now = &((const CwSpot *)watch->thing->data)->forecast;
    cw_weather_append_speed(text, watch, now->wind);
    g_string_append_printf(text, " from %s", cw_forecast_direction(now->direction));
    append_gusts(text, watch, now->gusts);
    for (guint i = 0; i < now->n_days; i++) {
        const CwForecastDay *day = &now->days[i];
        g_autofree char *name = cw_weather_day_name(day->date);
        g_string_append_printf(text, "\n%-7s up to ", name);
        cw_weather_append_speed(text, watch, day->wind);
        append_gusts(text, watch, day->gusts);
    }
    cw_watch_reply(watch, "Wind: %s", text->str);
}

void cw_weather_run_units(CwWatch *watch, const char *arguments)
{
    g_autofree char *unit_name = g_ascii_strup(arguments, -1);

    if (!g_str_equal(unit_name, "C") && !g_str_equal(unit_name, "F")) {
        cw_watch_reply(watch, "Say: units C, or: units F");
        return;
    }
    cw_watch_set_preference(watch, "units", unit_name);
    cw_watch_reply(watch, "Temperatures are in %s from now on.", cw_weather_unit(watch));
    cw_watch_show(watch);
}
