/* protocols/agents/weather.c: weather somewhere: paris@weather.example.com
 *
 *     find: geocoder -> one place, or the choice of several
 *     refresh: forecast -> where a service of warnings covers it, those that are in force
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "protocols/agents/weather.h"

#include <string.h>

#include "protocols/agents/text.h"

#define FORECAST                                                                                   \
    "https://api.open-meteo.com/v1/forecast?latitude={latitude}&longitude={longitude}"             \
    "&current=temperature_2m,relative_humidity_2m,is_day,weather_code,wind_speed_10m,"             \
    "wind_direction_10m,wind_gusts_10m&hourly=precipitation,precipitation_probability"             \
    "&daily=weather_code,temperature_2m_max,temperature_2m_min,precipitation_sum,"                 \
    "precipitation_probability_max,wind_speed_10m_max,wind_gusts_10m_max,snowfall_sum&timezone="   \
    "auto&forecast_days=7"

static const char *forecast_url;

static gboolean start(GError **error)
{
    static const char *const words[] = {"latitude", "longitude", NULL};

    forecast_url = FORECAST;
    return cw_agent_setting_url("forecast-url", words, &forecast_url, error) &&
           cw_weather_place_start(error) && cw_weather_service_start(error) &&
           cw_weather_warnings_start(error) && cw_weather_severe_start(error);
}

/* ---- fetching ---- */

CwSpot *cw_spot_of(CwThing *thing)
{
    if (thing->data == NULL)
        thing->data = g_new0(CwSpot, 1);
    return thing->data;
}

void cw_spot_get(CwThing *thing, const char *pattern, CwHttpDone done)
{
    CwSpot *spot = thing->data;
    g_auto(GStrv) parts = g_strsplit(thing->name, ",", 2);
    char latitude[G_ASCII_DTOSTR_BUF_SIZE] = "", longitude[G_ASCII_DTOSTR_BUF_SIZE] = "";
    g_autoptr(GError) error = NULL;

    if (spot->place != NULL) {
        g_ascii_formatd(latitude, sizeof latitude, "%.4f", spot->place->latitude);
        g_ascii_formatd(longitude, sizeof longitude, "%.4f", spot->place->longitude);
    }
    const char *const pairs[] = {"name",      parts[0],  "latitude", latitude,
                                 "longitude", longitude, NULL};
    g_autofree char *url = cw_text_fill_url(pattern, pairs);
    spot->call = cw_http_get(url, NULL, NULL, NULL, done, thing, &error);
    if (spot->call == NULL)
        cw_thing_failed(thing, error->message, 0);
}

static void forecast_cb(const CwHttpAnswer *answer, gpointer data)
{
    CwThing *thing = data;
    CwSpot *spot = thing->data;
    g_autoptr(GError) error = NULL;
    CwForecast forecast;
    gsize size = 0;

    spot->call = NULL;
    if (answer->problem != NULL) {
        cw_thing_failed(thing, answer->problem, answer->retry_after);
        return;
    }
    const char *body = cw_http_body(answer, &size);
    if (!cw_forecast_parse(body, size, &forecast, &error)) {
        cw_thing_failed(thing, error->message, 0);
        return;
    }
    spot->forecast = forecast;
    cw_weather_fetch_warnings(thing);
}

static void refresh(CwThing *thing)
{
    cw_spot_get(thing, forecast_url, forecast_cb);
}

static void forget(CwThing *thing)
{
    CwSpot *spot = thing->data;

    if (spot == NULL)
        return;
    cw_http_cancel(spot->call);
    if (spot->place != NULL)
        cw_place_free(spot->place);
    cw_weather_service_forget(thing);
    g_free(spot);
}

/* ---- what it says ---- */

char *cw_weather_status(const CwWatch *watch, CwShow *show)
{
    const CwSpot *spot = watch->thing->data;
    const CwForecast *now = &spot->forecast;
    GString *text = g_string_new(cw_forecast_sign(now->code, now->is_day));

    g_string_append_c(text, ' ');
    cw_weather_append_degrees(text, watch, now->temperature);
    g_string_append_printf(text, " %s, %s, wind %s ", cw_weather_unit(watch),
                           cw_forecast_words(now->code), cw_forecast_direction(now->direction));
    cw_weather_append_speed(text, watch, now->wind);
    const CwWarningInfo *warning = cw_weather_worst_warning(watch);
    if (warning != NULL) {
        *show = CW_SHOW_DND;
        g_string_append_printf(text, ". Warning: %s", warning->event);
    }
    return g_string_free(text, FALSE);
}

static void changed(CwWatch *watch)
{
    cw_weather_tell_warnings(watch);
    cw_weather_tell_severe(watch);
    cw_weather_tell_report(watch);
}

static const CwAgentCommand commands[] = {
    {"forecast", NULL, "the next seven days", cw_weather_run_forecast},
    {"rain", NULL, "when it rains in the next hours", cw_weather_run_rain},
    {"wind", NULL, "how it blows", cw_weather_run_wind},
    {"alerts", NULL, "warnings that are in force", cw_weather_run_alerts},
    {"language", "fr", "the language of warnings, where they come in several",
     cw_weather_run_language, TRUE},
    {"units", "C|F", "how temperatures are shown to you", cw_weather_run_units, TRUE},
    {"daily", "07:30|off", "a report each day", cw_weather_run_daily, TRUE},
    {NULL},
};

const CwAgent cw_agent_weather = {
    .id = "weather",
    .name = "Weather",
    .category = "headline",
    .identity = "weather",
    .example = "Paris",
    .caseless = TRUE,
    .start = start,
    .stop = cw_weather_service_stop,
    .normalize = cw_weather_normalize,
    .find = cw_weather_find,
    .refresh = refresh,
    .forget = forget,
    .status = cw_weather_status,
    .changed = changed,
    .search = cw_weather_search,
    .commands = commands,
    .interval = 900,
};
