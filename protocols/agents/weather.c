/* protocols/agents/weather.c: weather somewhere: paris@weather.example.com
 *
 *     find: geocoder -> one place, or the choice of several
 *     refresh: forecast -> in the United States also the warnings that are in force
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "protocols/agents/forecast.h"
#include "protocols/agents/http.h"
#include "protocols/agents/quote.h"
#include "protocols/agents/search.h"

#define GEOCODER                                                                                   \
    "https://geocoding-api.open-meteo.com/v1/search?name={name}&count=20&language=en&format=json"
#define FORECAST                                                                                   \
    "https://api.open-meteo.com/v1/forecast?latitude={latitude}&longitude={longitude}"             \
    "&current=temperature_2m,relative_humidity_2m,is_day,weather_code,wind_speed_10m,"             \
    "wind_direction_10m,wind_gusts_10m&hourly=precipitation,precipitation_probability"             \
    "&daily=weather_code,temperature_2m_max,temperature_2m_min,precipitation_sum,"                 \
    "precipitation_probability_max,wind_speed_10m_max&timezone=auto&forecast_days=7"
#define WARNINGS "https://api.weather.gov/alerts/active?point={latitude},{longitude}"
#define NAME_LONGEST 100 /* bytes */
#define CHOICES_MOST 8   /* places that are offered */
#define MUCH_LARGER 10   /* times the people: then the others are not meant */
#define WARNED "warned"  /* remembered: sums of the warnings that he knows */
#define SUM_LENGTH 8     /* hexadecimal digits */
#define RAIN_HOURS 12
#define DRY 0.1 /* mm an hour */
#define DAY (24 * 3600)

typedef struct {
    CwHttpCall *call; /* NULL: none is under way */
    CwPlace *place;   /* NULL: not found yet */
    CwForecast forecast;
    gboolean has_forecast;
    GPtrArray *warnings; /* CwWarning; nullable */
} Spot;

static struct {
    const char *geocoder, *forecast, *warnings;
} urls;

static gboolean start(GError **error)
{
    urls.geocoder = cw_agent_setting_or("geocoder-url", GEOCODER);
    urls.forecast = cw_agent_setting_or("forecast-url", FORECAST);
    urls.warnings = cw_agent_setting_or("warnings-url", WARNINGS);
    if (strstr(urls.geocoder, "{name}") != NULL && strstr(urls.forecast, "{latitude}") != NULL)
        return TRUE;
    g_set_error(error, CW_AGENT_ERROR, CW_AGENT_ERROR_SETTING,
                "agent.geocoder-url, agent.forecast-url: expected URLs with {name}, and with "
                "{latitude} and {longitude}");
    return FALSE;
}

/* ---- names: "paris", "paris,us", "paris,texas,us" ---- */

static char *normalize(const char *typed, GError **error)
{
    g_autofree char *valid = g_utf8_make_valid(typed, -1);
    g_autofree char *lower = g_utf8_strdown(valid, -1);
    g_autofree char *composed = g_utf8_normalize(lower, -1, G_NORMALIZE_NFC);
    g_auto(GStrv) parts = g_strsplit(composed, ",", 3);
    g_autoptr(GString) name = g_string_new(NULL);

    for (guint i = 0; parts[i] != NULL; i++) {
        g_auto(GStrv) words = g_strsplit_set(parts[i], " \t\n_+", -1);
        g_autoptr(GString) part = g_string_new(NULL);
        for (guint k = 0; words[k] != NULL; k++) {
            if (*words[k] != '\0')
                g_string_append_printf(part, "%s%s", part->len > 0 ? " " : "", words[k]);
        }
        if (part->len > 0)
            g_string_append_printf(name, "%s%s", name->len > 0 ? "," : "", part->str);
    }
    if (name->len < 2 || name->len > NAME_LONGEST || strpbrk(name->str, "@/{}<>\"\\") != NULL) {
        g_set_error(error, CW_AGENT_ERROR, CW_AGENT_ERROR_NAME,
                    "'%.60s' is no place: write such as Paris, or Paris, Texas, US", valid);
        return NULL;
    }
    return g_string_free(g_steal_pointer(&name), FALSE);
}

/* The name by which this very place is found again.  (transfer full) */
static char *precise_name(const CwPlace *place)
{
    g_autofree char *whole =
        place->region == NULL
            ? g_strdup_printf("%s,%s", place->name, place->country_code)
            : g_strdup_printf("%s,%s,%s", place->name, place->region, place->country_code);

    return g_utf8_strdown(whole, -1);
}

static char *title_of(const CwPlace *place)
{
    return place->region == NULL || g_str_equal(place->region, place->name)
               ? g_strdup_printf("%s, %s", place->name, place->country)
               : g_strdup_printf("%s, %s, %s", place->name, place->region, place->country);
}

static gboolean is_same(const char *a, const char *b)
{
    g_autofree char *first = a == NULL ? NULL : g_utf8_casefold(a, -1);
    g_autofree char *second = b == NULL ? NULL : g_utf8_casefold(b, -1);

    return first != NULL && g_strcmp0(first, second) == 0;
}

/* What stands behind the place's own name says which one. */
static gboolean fits(const CwPlace *place, char **parts)
{
    guint count = g_strv_length(parts);

    for (guint i = 1; i < count; i++) {
        if (!is_same(parts[i], place->country_code) && !is_same(parts[i], place->country) &&
            !is_same(parts[i], place->region))
            return FALSE;
    }
    return TRUE;
}

/* ---- finding ---- */

static Spot *spot_of(CwThing *thing)
{
    if (thing->data == NULL)
        thing->data = g_new0(Spot, 1);
    return thing->data;
}

static void offer(CwThing *thing, const GPtrArray *places)
{
    g_autoptr(GString) text = g_string_new("there are several; add the one that you mean:");

    for (guint i = 0; i < places->len && i < CHOICES_MOST; i++) {
        const CwPlace *place = g_ptr_array_index(places, i);
        g_autofree char *name = precise_name(place);
        g_autofree char *title = title_of(place);
        g_string_append_printf(text, "\n%s (%s)", name, title);
    }
    cw_thing_unknown(thing, text->str);
}

static void choose(CwThing *thing, GPtrArray *places)
{
    Spot *spot = thing->data;
    g_auto(GStrv) parts = g_strsplit(thing->name, ",", -1);

    for (guint i = 0; i < places->len;) {
        if (fits(g_ptr_array_index(places, i), parts))
            i++;
        else
            g_ptr_array_remove_index(places, i);
    }
    if (places->len == 0) {
        cw_thing_unknown(thing, "no such place is known; write such as Paris, or Paris, Texas, US");
        return;
    }
    const CwPlace *first = g_ptr_array_index(places, 0);
    const CwPlace *second = places->len > 1 ? g_ptr_array_index(places, 1) : NULL;
    g_autofree char *precise = precise_name(first);
    if (second != NULL && first->population < second->population * MUCH_LARGER &&
        !is_same(precise, thing->name)) {
        offer(thing, places);
        return;
    }
    spot->place = g_ptr_array_steal_index(places, 0);
    g_autofree char *title = title_of(spot->place);
    cw_thing_known(thing, title);
}

static void located_cb(const CwHttpAnswer *answer, gpointer data)
{
    CwThing *thing = data;
    Spot *spot = thing->data;
    g_autoptr(GError) error = NULL;
    gsize size = 0;

    spot->call = NULL;
    if (answer->problem != NULL) {
        cw_thing_failed(thing, answer->problem, answer->retry_after);
        return;
    }
    const char *body = cw_http_body(answer, &size);
    g_autoptr(GPtrArray) places = cw_places_parse(body, size, &error);
    if (places == NULL)
        cw_thing_failed(thing, error->message, 0);
    else
        choose(thing, places);
}

static void get(CwThing *thing, const char *pattern, CwHttpDone done)
{
    Spot *spot = thing->data;
    g_auto(GStrv) parts = g_strsplit(thing->name, ",", 2);
    char latitude[G_ASCII_DTOSTR_BUF_SIZE] = "", longitude[G_ASCII_DTOSTR_BUF_SIZE] = "";
    g_autoptr(GError) error = NULL;

    if (spot->place != NULL) {
        g_ascii_formatd(latitude, sizeof latitude, "%.4f", spot->place->latitude);
        g_ascii_formatd(longitude, sizeof longitude, "%.4f", spot->place->longitude);
    }
    const char *const pairs[] = {"name",      parts[0],  "latitude", latitude,
                                 "longitude", longitude, NULL};
    g_autofree char *url = cw_quote_fill_url(pattern, pairs);
    spot->call = cw_http_get(url, NULL, NULL, NULL, done, thing, &error);
    if (spot->call == NULL)
        cw_thing_failed(thing, error->message, 0);
}

static void find(CwThing *thing)
{
    spot_of(thing);
    get(thing, urls.geocoder, located_cb);
}

/* ---- fetching ---- */

/* Warnings that cannot be had are no reason to show no weather. */
static void warned_cb(const CwHttpAnswer *answer, gpointer data)
{
    CwThing *thing = data;
    Spot *spot = thing->data;
    gsize size = 0;

    spot->call = NULL;
    if (answer->problem != NULL) {
        cw_agent_log("debug", "%s: no warnings: %s", thing->name, answer->problem);
    } else {
        const char *body = cw_http_body(answer, &size);
        GPtrArray *warnings = cw_warnings_parse(body, size, NULL);
        if (warnings != NULL) {
            g_clear_pointer(&spot->warnings, g_ptr_array_unref);
            spot->warnings = warnings;
        }
    }
    cw_thing_refreshed(thing, 0);
}

static void forecast_cb(const CwHttpAnswer *answer, gpointer data)
{
    CwThing *thing = data;
    Spot *spot = thing->data;
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
    spot->has_forecast = TRUE;
    if (g_str_equal(spot->place->country_code, "US") && *urls.warnings != '\0')
        get(thing, urls.warnings, warned_cb);
    else
        cw_thing_refreshed(thing, 0);
}

static void refresh(CwThing *thing)
{
    get(thing, urls.forecast, forecast_cb);
}

static void forget(CwThing *thing)
{
    Spot *spot = thing->data;

    if (spot == NULL)
        return;
    cw_http_cancel(spot->call);
    if (spot->place != NULL)
        cw_place_free(spot->place);
    if (spot->warnings != NULL)
        g_ptr_array_unref(spot->warnings);
    g_free(spot);
}

/* ---- what it says ---- */

static gboolean wants_fahrenheit(const CwWatch *watch)
{
    const Spot *spot = watch->thing->data;
    const char *units = cw_watch_preference(watch, "units");

    return units != NULL ? g_str_equal(units, "F")
                         : spot->place != NULL && g_str_equal(spot->place->country_code, "US");
}

static void append_degrees(GString *text, const CwWatch *watch, double celsius)
{
    double shown = wants_fahrenheit(watch) ? celsius * 1.8 + 32 : celsius;

    if (isfinite(shown))
        g_string_append_printf(text, "%.0f", shown == 0 || fabs(shown) < 0.5 ? 0.0 : shown);
    else
        g_string_append(text, "?");
}

static const char *unit(const CwWatch *watch)
{
    return wants_fahrenheit(watch) ? "°F" : "°C";
}

static void append_speed(GString *text, const CwWatch *watch, double kmh)
{
    if (wants_fahrenheit(watch))
        g_string_append_printf(text, "%.0f mph", kmh / 1.609344);
    else
        g_string_append_printf(text, "%.0f km/h", kmh);
}

static char *status(const CwWatch *watch, CwShow *show)
{
    const Spot *spot = watch->thing->data;
    const CwForecast *now = &spot->forecast;
    GString *text = g_string_new(cw_forecast_sign(now->code, now->is_day));

    g_string_append_c(text, ' ');
    append_degrees(text, watch, now->temperature);
    g_string_append_printf(text, " %s, %s, wind %s ", unit(watch), cw_forecast_words(now->code),
                           cw_forecast_direction(now->direction));
    append_speed(text, watch, now->wind);
    if (spot->warnings != NULL && spot->warnings->len > 0) {
        *show = CW_SHOW_DND;
        g_string_append_printf(text, ". Warning: %s",
                               ((const CwWarning *)g_ptr_array_index(spot->warnings, 0))->event);
    }
    return g_string_free(text, FALSE);
}

static char *day_name(const char *date)
{
    g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
    int year, month, day;

    if (sscanf(date, "%4d-%2d-%2d", &year, &month, &day) != 3)
        return g_strdup("?");
    g_autoptr(GDateTime) time = g_date_time_new(utc, year, month, day, 0, 0, 0);
    return time == NULL ? g_strdup("?") : g_date_time_format(time, "%a %d");
}

/* Aligned, for a font of one width and as well as may be for others. */
static char *describe_days(const CwWatch *watch, guint most)
{
    const Spot *spot = watch->thing->data;
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < spot->forecast.n_days && i < most; i++) {
        const CwForecastDay *day = &spot->forecast.days[i];
        g_autofree char *name = day_name(day->date);
        g_autoptr(GString) least = g_string_new(NULL), degrees = g_string_new(NULL);
        append_degrees(least, watch, day->least);
        append_degrees(degrees, watch, day->most);
        g_string_append_printf(text, "%s%-7s %4s … %3s %s  %s", i == 0 ? "" : "\n", name,
                               least->str, degrees->str, unit(watch), cw_forecast_words(day->code));
        if (day->rain >= DRY)
            g_string_append_printf(text, ", %.1f mm", day->rain);
        if (day->rain >= DRY && day->chance >= 0)
            g_string_append_printf(text, " (%.0f %%)", day->chance);
    }
    return g_string_free(text, FALSE);
}

/* ---- news: warnings once each, the report of the day ---- */

static void append_sum(GString *sums, const char *id)
{
    g_autofree char *sum = g_compute_checksum_for_string(G_CHECKSUM_SHA256, id, -1);

    g_string_append_printf(sums, "%s%.*s", sums->len > 0 ? " " : "", SUM_LENGTH, sum);
}

static void tell_warnings(CwWatch *watch)
{
    const Spot *spot = watch->thing->data;
    g_autofree char *known = g_strdup(cw_watch_remembered(watch, WARNED));
    g_autoptr(GString) now = g_string_new(NULL);

    if (spot->warnings == NULL)
        return;
    for (guint i = 0; i < spot->warnings->len; i++) {
        const CwWarning *warning = g_ptr_array_index(spot->warnings, i);
        g_autoptr(GString) sum = g_string_new(NULL);
        append_sum(sum, warning->id);
        g_string_append_printf(now, "%s%s", i == 0 ? "" : " ", sum->str);
        if (known != NULL && strstr(known, sum->str) != NULL)
            continue;
        g_autofree char *text =
            g_strdup_printf("%s%s%s", warning->severity == NULL ? "" : warning->severity,
                            warning->severity == NULL || warning->text == NULL ? "" : ": ",
                            warning->text == NULL ? "" : warning->text);
        cw_watch_push(watch, warning->headline == NULL ? warning->event : warning->headline, text,
                      warning->url);
    }
    cw_watch_remember(watch, WARNED, now->len == 0 ? NULL : now->str);
}

/* "07:30": today, if it is time and not said yet; NULL otherwise.  (transfer full) */
static char *day_of_report(CwWatch *watch)
{
    const char *at = cw_watch_remembered(watch, "daily");
    const char *last = cw_watch_remembered(watch, "daily-said");
    guint hour, minute;

    if (at == NULL || sscanf(at, "%2u:%2u", &hour, &minute) != 2)
        return NULL;
    g_autoptr(GTimeZone) zone = cw_watch_zone(watch);
    g_autoptr(GDateTime) now = g_date_time_new_now(zone);
    g_autofree char *today = g_date_time_format(now, "%Y-%m-%d");
    guint minutes = (guint)(g_date_time_get_hour(now) * 60 + g_date_time_get_minute(now));
    if (minutes < hour * 60 + minute || g_strcmp0(last, today) == 0)
        return NULL;
    return g_steal_pointer(&today);
}

/* So that the weather of that minute is told in that minute. */
static void plan_report(CwWatch *watch)
{
    const char *at = cw_watch_remembered(watch, "daily");
    const char *last = cw_watch_remembered(watch, "daily-said");
    guint hour, minute;

    if (at == NULL || sscanf(at, "%2u:%2u", &hour, &minute) != 2)
        return;
    g_autoptr(GTimeZone) zone = cw_watch_zone(watch);
    g_autoptr(GDateTime) now = g_date_time_new_now(zone);
    g_autofree char *today = g_date_time_format(now, "%Y-%m-%d");
    int left =
        ((int)(hour * 60 + minute) - g_date_time_get_hour(now) * 60 - g_date_time_get_minute(now)) *
            60 -
        g_date_time_get_second(now);
    if (g_strcmp0(last, today) == 0)
        left += DAY;
    cw_thing_hurry(watch->thing, (guint)MAX(left, 0));
}

static void changed(CwWatch *watch)
{
    tell_warnings(watch);
    g_autofree char *today = day_of_report(watch);
    if (today == NULL) {
        plan_report(watch);
        return;
    }
    CwShow show = CW_SHOW_ONLINE;
    g_autofree char *now = status(watch, &show);
    g_autofree char *days = describe_days(watch, 2);
    g_autofree char *text = g_strdup_printf("Now: %s\n%s", now, days);
    cw_watch_push(watch, watch->thing->title, text, NULL);
    cw_watch_remember(watch, "daily-said", today);
}

/* ---- commands ---- */

static gboolean has_forecast(CwWatch *watch)
{
    const Spot *spot = watch->thing->data;

    if (spot != NULL && spot->has_forecast)
        return TRUE;
    cw_watch_reply(watch, "I do not know its weather yet.");
    return FALSE;
}

static void run_forecast(CwWatch *watch, const char *arguments)
{
    if (!has_forecast(watch))
        return;
    g_autofree char *text = describe_days(watch, CW_FORECAST_DAYS);
    cw_watch_reply(watch, "%s\n%s", watch->thing->title, text);
}

static void run_rain(CwWatch *watch, const char *arguments)
{
    g_autoptr(GString) text = g_string_new(NULL);

    if (!has_forecast(watch))
        return;
    const CwForecast *forecast = &((const Spot *)watch->thing->data)->forecast;
    for (guint i = 0; i < forecast->n_hours && i < RAIN_HOURS; i++) {
        if (forecast->hours[i].rain < DRY)
            continue;
        g_string_append_printf(text, "\n%s %.1f mm", forecast->hours[i].time + 11,
                               forecast->hours[i].rain);
        if (forecast->hours[i].chance >= 0)
            g_string_append_printf(text, " (%.0f %%)", forecast->hours[i].chance);
    }
    if (text->len == 0)
        cw_watch_reply(watch, "No rain in the next %d hours.", RAIN_HOURS);
    else
        cw_watch_reply(watch, "In the next %d hours:%s", RAIN_HOURS, text->str);
}

static void run_wind(CwWatch *watch, const char *arguments)
{
    g_autoptr(GString) text = g_string_new(NULL);

    if (!has_forecast(watch))
        return;
    const CwForecast *now = &((const Spot *)watch->thing->data)->forecast;
    append_speed(text, watch, now->wind);
    g_string_append_printf(text, " from %s", cw_forecast_direction(now->direction));
    if (now->gusts > 0) {
        g_string_append(text, ", gusts of ");
        append_speed(text, watch, now->gusts);
    }
    cw_watch_reply(watch, "Wind: %s", text->str);
}

static void run_alerts(CwWatch *watch, const char *arguments)
{
    const Spot *spot = watch->thing->data;
    g_autoptr(GString) text = g_string_new("Warnings:");

    if (!has_forecast(watch))
        return;
    if (!g_str_equal(spot->place->country_code, "US")) {
        cw_watch_reply(watch, "I know of warnings in the United States only.");
        return;
    }
    for (guint i = 0; spot->warnings != NULL && i < spot->warnings->len; i++) {
        const CwWarning *warning = g_ptr_array_index(spot->warnings, i);
        g_string_append_printf(text, "\n- %s",
                               warning->headline == NULL ? warning->event : warning->headline);
    }
    cw_watch_reply(watch, "%s",
                   spot->warnings == NULL || spot->warnings->len == 0
                       ? "There is no warning at present."
                       : text->str);
}

static void run_units(CwWatch *watch, const char *arguments)
{
    g_autofree char *unit_name = g_ascii_strup(arguments, -1);

    if (!g_str_equal(unit_name, "C") && !g_str_equal(unit_name, "F")) {
        cw_watch_reply(watch, "Say: units C, or: units F");
        return;
    }
    cw_watch_set_preference(watch, "units", unit_name);
    cw_watch_reply(watch, "Temperatures are in %s from now on.", unit(watch));
    cw_watch_show(watch);
}

static void run_daily(CwWatch *watch, const char *arguments)
{
    const char *zone = cw_watch_preference(watch, "zone");
    guint hour, minute;
    int end = 0;

    if (g_str_equal(arguments, "off")) {
        cw_watch_remember(watch, "daily", NULL);
        cw_watch_remember(watch, "daily-said", NULL);
        cw_watch_reply(watch, "No more daily reports.");
        return;
    }
    if (sscanf(arguments, "%2u:%2u%n", &hour, &minute, &end) != 2 || arguments[end] != '\0' ||
        hour > 23 || minute > 59) {
        cw_watch_reply(watch, "Say for example: daily 07:30, or daily off.");
        return;
    }
    cw_watch_remember(watch, "daily", arguments);
    plan_report(watch);
    cw_watch_reply(watch, "A report each day at %s (%s).", arguments,
                   zone == NULL ? "UTC; set yours by: zone Europe/Rome" : zone);
}

/* ---- searching ---- */

static GPtrArray *read_found(const char *body, gsize size, GError **error)
{
    g_autoptr(GPtrArray) places = cw_places_parse(body, size, error);
    GPtrArray *found = places == NULL ? NULL : cw_agent_found_new();

    for (guint i = 0; places != NULL && i < places->len; i++) {
        g_autofree char *name = precise_name(g_ptr_array_index(places, i));
        g_autofree char *title = title_of(g_ptr_array_index(places, i));
        cw_agent_found_add(found, name, title);
    }
    return found;
}

static void search(const char *text, CwAgentFoundDone done, gpointer data)
{
    const char *const pairs[] = {"name", text, NULL};
    g_autofree char *url = cw_quote_fill_url(urls.geocoder, pairs);

    cw_search_web(url, read_found, done, data);
}

static const CwAgentCommand commands[] = {
    {"forecast", NULL, "the next seven days", run_forecast},
    {"rain", NULL, "when it rains in the next hours", run_rain},
    {"wind", NULL, "how it blows", run_wind},
    {"alerts", NULL, "warnings that are in force", run_alerts},
    {"units", "C|F", "how temperatures are shown to you", run_units},
    {"daily", "07:30|off", "a report each day", run_daily},
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
    .normalize = normalize,
    .find = find,
    .refresh = refresh,
    .forget = forget,
    .status = status,
    .changed = changed,
    .search = search,
    .commands = commands,
    .interval = 900,
};
