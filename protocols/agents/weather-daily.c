/* protocols/agents/weather-daily.c: the report of the day
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "protocols/agents/weather.h"

#include <stdio.h>

#define DAY (24 * 3600)

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

gint64 cw_weather_until(GDateTime *now, guint hour, guint minute, gboolean tomorrow)
{
    /* days on which clocks change have 23 or 25 hours */
    g_autoptr(GDateTime) day = g_date_time_add_days(now, tomorrow ? 1 : 0);
    g_autoptr(GDateTime) then = g_date_time_new(
        g_date_time_get_timezone(now), g_date_time_get_year(day), g_date_time_get_month(day),
        g_date_time_get_day_of_month(day), (int)hour, (int)minute, 0);

    return then == NULL ? DAY : g_date_time_to_unix(then) - g_date_time_to_unix(now);
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
    gint64 left = cw_weather_until(now, hour, minute, g_strcmp0(last, today) == 0);
    cw_thing_hurry(watch->thing, (guint)CLAMP(left, 0, DAY));
}

void cw_weather_tell_report(CwWatch *watch)
{
    g_autofree char *today = day_of_report(watch);
    if (today == NULL) {
        plan_report(watch);
        return;
    }
    CwShow show = CW_SHOW_ONLINE;
    g_autofree char *now = cw_weather_status(watch, &show);
    g_autofree char *days = cw_weather_days(watch, 2);
    g_autofree char *text = g_strdup_printf("Now: %s\n%s", now, days);
    cw_watch_push(watch, watch->thing->title, text, NULL);
    cw_watch_remember(watch, "daily-said", today);
}

void cw_weather_run_daily(CwWatch *watch, const char *arguments)
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
    g_autoptr(GTimeZone) own = cw_watch_zone(watch);
    g_autoptr(GDateTime) now = g_date_time_new_now(own);
    if (cw_weather_until(now, hour, minute, FALSE) > 0) /* today, even if there was one already */
        cw_watch_remember(watch, "daily-said", NULL);
    plan_report(watch);
    cw_watch_reply(watch, "A report each day at %s (%s).", arguments,
                   zone == NULL ? "UTC; set yours by: zone Europe/Rome" : zone);
}
