/* protocols/agents/forecast.h: places and weather as Open-Meteo says them; pure functions
 * over bytes
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include "protocols/agents/agent.h"

G_BEGIN_DECLS

#define CW_FORECAST_DAYS 7
#define CW_FORECAST_HOURS 24

/* A place of the geocoder's. */
typedef struct {
    char *name, *region, *district, *country, *country_code; /* region, district nullable */
    double latitude, longitude, population;
} CwPlace;

void cw_place_free(gpointer place);
/* CwPlace, owned, best first; NULL with the error. */
GPtrArray *cw_places_parse(const char *data, gsize length, GError **error);

typedef struct {
    char date[11];      /* 2026-11-28, of the place */
    int code;           /* WMO 4677, as Open-Meteo groups it */
    double least, most; /* °C */
    double rain;        /* mm, of whatever falls */
    double chance;      /* %, of any; < 0: not known */
    double wind;        /* km/h */
    double gusts, snow; /* km/h, cm; NAN: not known */
} CwForecastDay;

typedef struct {
    char zone[48];                 /* of the place: "Europe/Paris" */
    double temperature, humidity;  /* °C, % */
    double wind, gusts, direction; /* km/h, degrees from north */
    int code;
    gboolean is_day;
    CwForecastDay days[CW_FORECAST_DAYS];
    guint n_days;
    struct {
        char time[17]; /* 2026-11-28T13:00, of the place */
        double rain, chance;
    } hours[CW_FORECAST_HOURS]; /* from now on */
    guint n_hours;
} CwForecast;

gboolean cw_forecast_parse(const char *data, gsize length, CwForecast *forecast, GError **error);
const char *cw_forecast_words(int code);              /* "light rain" */
const char *cw_forecast_sign(int code, gboolean day); /* one character to look at */
const char *cw_forecast_direction(double degrees);    /* "NW" */

G_END_DECLS
