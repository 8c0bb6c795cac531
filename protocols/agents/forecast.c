/* protocols/agents/forecast.c: places and weather as providers say them
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "protocols/agents/forecast.h"

#include <math.h>
#include <string.h>

#include "protocols/agents/json-path.h"

#define NAME_MOST 80       /* characters */
#define NUMBER_MOST 100000 /* of anything in a forecast */

/* What is beyond all that weather can be is as unknown as what is no number. */
static double number_at(json_t *json, const char *path, double otherwise)
{
    double number;

    return cw_json_number_at(json, path, &number) && fabs(number) <= NUMBER_MOST ? number
                                                                                 : otherwise;
}

/* ---- places ---- */

void cw_place_free(gpointer data)
{
    CwPlace *place = data;

    g_free(place->name);
    g_free(place->region);
    g_free(place->district);
    g_free(place->country);
    g_free(place->country_code);
    g_free(place);
}

static CwPlace *read_place(json_t *item)
{
    CwPlace *place = g_new0(CwPlace, 1);

    place->name = cw_json_words_at(item, "name", NAME_MOST);
    place->region = cw_json_words_at(item, "admin1", NAME_MOST);
    place->district = cw_json_words_at(item, "admin2", NAME_MOST);
    place->country = cw_json_words_at(item, "country", NAME_MOST);
    place->country_code = cw_json_words_at(item, "country_code", 8);
    place->latitude = number_at(item, "latitude", NAN);
    place->longitude = number_at(item, "longitude", NAN);
    if (!cw_json_number_at(item, "population", &place->population))
        place->population = 0;
    if (place->name == NULL || !(fabs(place->latitude) <= 90) || !(fabs(place->longitude) <= 180)) {
        cw_place_free(place);
        return NULL;
    }
    if (place->country_code == NULL)
        place->country_code = g_strdup("");
    if (place->country == NULL)
        place->country = g_strdup(place->country_code);
    return place;
}

GPtrArray *cw_places_parse(const char *data, gsize length, GError **error)
{
    json_t *json = cw_json_load(data, length, error), *item;
    size_t index;

    if (json == NULL)
        return NULL;
    GPtrArray *places = g_ptr_array_new_with_free_func(cw_place_free);
    json_array_foreach(cw_json_at(json, "results"), index, item)
    {
        CwPlace *place = read_place(item);
        if (place != NULL)
            g_ptr_array_add(places, place);
    }
    json_decref(json);
    return places;
}

/* ---- weather ---- */

static void read_text(json_t *json, char *to, gsize size)
{
    const char *text = json_string_value(json);

    if (text != NULL &&
        strspn(text, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "/_+-:") == strlen(text))
        g_strlcpy(to, text, size);
}

static int read_code(json_t *json, const char *path)
{
    double code = number_at(json, path, -1);

    return code >= 0 && code <= 99 ? (int)code : -1;
}

static void read_day(json_t *daily, guint day, CwForecastDay *into)
{
    g_autofree char *at = g_strdup_printf("[%u]", day);
    const struct {
        const char *name;
        double *to;
        double otherwise;
    } columns[] = {
        {"temperature_2m_min", &into->least, NAN},
        {"temperature_2m_max", &into->most, NAN},
        {"precipitation_sum", &into->rain, 0},
        {"precipitation_probability_max", &into->chance, -1},
        {"wind_speed_10m_max", &into->wind, 0},
        {"wind_gusts_10m_max", &into->gusts, NAN},
        {"snowfall_sum", &into->snow, NAN},
    };
    g_autofree char *code = g_strconcat("weather_code", at, NULL);

    into->code = read_code(daily, code);
    for (guint i = 0; i < G_N_ELEMENTS(columns); i++) {
        g_autofree char *path = g_strconcat(columns[i].name, at, NULL);
        *columns[i].to = number_at(daily, path, columns[i].otherwise);
    }
}

static void read_hours(json_t *hourly, const char *now, CwForecast *forecast)
{
    json_t *times = json_object_get(hourly, "time");

    for (guint i = 0; i < json_array_size(times) && forecast->n_hours < CW_FORECAST_HOURS; i++) {
        char time[17] = "";
        read_text(json_array_get(times, i), time, sizeof time);
        if (strncmp(time, now, 13) < 0) /* that hour is over */
            continue;
        g_autofree char *rain = g_strdup_printf("precipitation[%u]", i);
        g_autofree char *chance = g_strdup_printf("precipitation_probability[%u]", i);
        memcpy(forecast->hours[forecast->n_hours].time, time, sizeof time);
        forecast->hours[forecast->n_hours].rain = number_at(hourly, rain, 0);
        forecast->hours[forecast->n_hours].chance = number_at(hourly, chance, -1);
        forecast->n_hours++;
    }
}

gboolean cw_forecast_parse(const char *data, gsize length, CwForecast *forecast, GError **error)
{
    json_t *json = cw_json_load(data, length, error);
    char now[17] = "";

    *forecast = (CwForecast){0};
    if (json == NULL)
        return FALSE;
    forecast->temperature = number_at(json, "current.temperature_2m", NAN);
    gboolean there = isfinite(forecast->temperature);
    if (there) {
        json_t *dates = cw_json_at(json, "daily.time");
        forecast->humidity = number_at(json, "current.relative_humidity_2m", -1);
        forecast->wind = number_at(json, "current.wind_speed_10m", 0);
        forecast->gusts = number_at(json, "current.wind_gusts_10m", 0);
        forecast->direction = number_at(json, "current.wind_direction_10m", 0);
        forecast->code = read_code(json, "current.weather_code");
        forecast->is_day = number_at(json, "current.is_day", 1) > 0;
        read_text(cw_json_at(json, "timezone"), forecast->zone, sizeof forecast->zone);
        read_text(cw_json_at(json, "current.time"), now, sizeof now);
        for (guint i = 0; i < json_array_size(dates) && i < CW_FORECAST_DAYS; i++) {
            read_text(json_array_get(dates, i), forecast->days[i].date,
                      sizeof forecast->days[i].date);
            read_day(json_object_get(json, "daily"), i, &forecast->days[i]);
            forecast->n_days++;
        }
        read_hours(json_object_get(json, "hourly"), now, forecast);
    } else {
        g_set_error(error, CW_AGENT_ERROR, CW_AGENT_ERROR_NAME, "an answer without a temperature");
    }
    json_decref(json);
    return there;
}

static const struct {
    int code;
    const char *words, *day, *night;
} codes[] = {
    {0, "clear", "☀", "☾"},
    {1, "mainly clear", "☀", "☾"},
    {2, "partly cloudy", "⛅", "☁"},
    {3, "overcast", "☁", "☁"},
    {45, "fog", "🌫", "🌫"},
    {48, "freezing fog", "🌫", "🌫"},
    {51, "light drizzle", "☂", "☂"},
    {53, "drizzle", "☂", "☂"},
    {55, "heavy drizzle", "☂", "☂"},
    {56, "light freezing drizzle", "☂", "☂"},
    {57, "freezing drizzle", "☂", "☂"},
    {61, "light rain", "☔", "☔"},
    {63, "rain", "☔", "☔"},
    {65, "heavy rain", "☔", "☔"},
    {66, "light freezing rain", "☔", "☔"},
    {67, "freezing rain", "☔", "☔"},
    {71, "light snow", "❄", "❄"},
    {73, "snow", "❄", "❄"},
    {75, "heavy snow", "❄", "❄"},
    {77, "snow grains", "❄", "❄"},
    {80, "light showers", "☔", "☔"},
    {81, "showers", "☔", "☔"},
    {82, "violent showers", "☔", "☔"},
    {85, "light snow showers", "❄", "❄"},
    {86, "snow showers", "❄", "❄"},
    {95, "thunderstorm", "⚡", "⚡"},
    {96, "thunderstorm with hail", "⚡", "⚡"},
    {99, "thunderstorm with heavy hail", "⚡", "⚡"},
};

const char *cw_forecast_words(int code)
{
    for (guint i = 0; i < G_N_ELEMENTS(codes); i++) {
        if (codes[i].code == code)
            return codes[i].words;
    }
    return "no word for it";
}

const char *cw_forecast_sign(int code, gboolean day)
{
    for (guint i = 0; i < G_N_ELEMENTS(codes); i++) {
        if (codes[i].code == code)
            return day ? codes[i].day : codes[i].night;
    }
    return "?";
}

const char *cw_forecast_direction(double degrees)
{
    static const char *const names[] = {"N", "NE", "E", "SE", "S", "SW", "W", "NW"};
    double turn = fmod(degrees, 360);

    return names[(guint)((turn < 0 ? turn + 360 : turn) / 45 + 0.5) % 8];
}
