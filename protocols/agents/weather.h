/* protocols/agents/weather.h: what the files of the weather agent share
 *
 *     weather.c            the agent: its settings, what is fetched, status
 *     weather-place.c      names, and which place one means
 *     weather-text.c       the forecast in words and in his units
 *     weather-daily.c      the report of the day
 *     weather-service.c    what is asked for warnings, and of which places
 *     weather-warnings.c   warnings, told once each
 *     weather-severe.c     severe weather by the forecast, where nobody warns
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include "protocols/agents/forecast.h"
#include "protocols/agents/http.h"
#include "protocols/agents/warning.h"

G_BEGIN_DECLS

/* What a warning says of a place, whenever that is. */
typedef struct {
    const CwWarning *warning;
    GPtrArray *infos; /* CwWarningInfo *, of it */
    CwSeverity severity;
} CwHere;

/* `data` of a thing. */
typedef struct {
    CwHttpCall *call; /* NULL: none is under way */
    CwPlace *place;   /* NULL: not found yet */
    CwForecast forecast;
    CwWarnings *warnings; /* nullable: as they were had last */
    CwWarnings *before;   /* nullable: as they were then, for what is over now */
    GPtrArray *here;      /* CwHere: those of this place, the worst first; nullable */
    char *unwarned;       /* nullable: why they could not be had of late */
} CwSpot;

/* ---- weather.c ---- */

CwSpot *cw_spot_of(CwThing *thing);
/* The pattern with {name}, {latitude} and {longitude} of the thing; cw_thing_failed() when that is
 * no URL. */
void cw_spot_get(CwThing *thing, const char *pattern, CwHttpDone done);
/* The status in words; `show` is set when it is no usual weather.  (transfer full) */
char *cw_weather_status(const CwWatch *watch, CwShow *show);

/* ---- weather-place.c ---- */

gboolean cw_weather_place_start(GError **error);
char *cw_weather_normalize(const char *typed, GError **error);
void cw_weather_find(CwThing *thing);
void cw_weather_search(const char *text, CwAgentFoundDone done, gpointer data);

/* ---- weather-text.c: in the units that he wants ---- */

void cw_weather_append_degrees(GString *text, const CwWatch *watch, double celsius);
void cw_weather_append_speed(GString *text, const CwWatch *watch, double kmh);
void cw_weather_append_rain(GString *text, const CwWatch *watch, double mm);
void cw_weather_append_snow(GString *text, const CwWatch *watch, double cm);
const char *cw_weather_unit(const CwWatch *watch); /* of degrees */
char *cw_weather_day_name(const char *date);       /* "Sat 28" of "2026-11-28".  (transfer full) */
/* The days from today on, a line each.  (transfer full) */
char *cw_weather_days(const CwWatch *watch, guint most);
void cw_weather_run_forecast(CwWatch *watch, const char *arguments);
void cw_weather_run_rain(CwWatch *watch, const char *arguments);
void cw_weather_run_wind(CwWatch *watch, const char *arguments);
void cw_weather_run_units(CwWatch *watch, const char *arguments);

/* ---- weather-daily.c ---- */

/* s from `now` until it is that time where `now` is; below 0: so long ago.  `tomorrow`: of the day
 * behind that of `now`. */
gint64 cw_weather_until(GDateTime *now, guint hour, guint minute, gboolean tomorrow);
/* Says the report when it is time, else sees to it that there is a fetch then. */
void cw_weather_tell_report(CwWatch *watch);
void cw_weather_run_daily(CwWatch *watch, const char *arguments);

/* ---- weather-service.c ---- */

gboolean cw_weather_service_start(GError **error);
void cw_weather_service_stop(void);
gboolean cw_weather_service_covers(const CwPlace *place);
/* What is in force there; ends with cw_thing_refreshed(). */
void cw_weather_fetch_warnings(CwThing *thing);
void cw_weather_service_forget(CwThing *thing);
/* What the warning says there and now; NULL: nothing. */
const CwWarningInfo *cw_weather_warning_at(const CwSpot *spot, const CwWarning *warning,
                                           const char *language);
/* The same of what `here` has of it. */
const CwWarningInfo *cw_weather_info(const CwHere *here, const char *language);

/* ---- weather-warnings.c ---- */

gboolean cw_weather_warnings_start(GError **error);
void cw_weather_tell_warnings(CwWatch *watch); /* those that are new to him */
/* The worst that is in force; NULL: none is. */
const CwWarningInfo *cw_weather_worst_warning(const CwWatch *watch);
void cw_weather_run_alerts(CwWatch *watch, const char *arguments);
void cw_weather_run_language(CwWatch *watch, const char *arguments);

/* ---- weather-severe.c ---- */

gboolean cw_weather_severe_start(GError **error);
/* So many days of its forecast are looked at; 0: it is off, or a service warns there. */
guint cw_weather_severe_days(const CwSpot *spot);
void cw_weather_tell_severe(CwWatch *watch); /* what is new to him */
void cw_weather_append_severe(GString *text,
                              const CwWatch *watch); /* the list, if it is looked for */

G_END_DECLS
