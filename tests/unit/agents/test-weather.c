/* tests/unit/agents/test-weather.c: when the report of the day is due
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "protocols/agents/weather.h"

static gint64 until(const char *now, const char *zone, guint hour, guint minute, gboolean tomorrow)
{
    g_autoptr(GTimeZone) where = g_time_zone_new_identifier(zone);
    g_autoptr(GDateTime) utc = g_date_time_new_from_iso8601(now, NULL);
    g_autoptr(GDateTime) there = g_date_time_to_timezone(utc, where);

    return cw_weather_until(there, hour, minute, tomorrow);
}

static void until__usual_days(void)
{
    g_assert_cmpint(until("2026-11-28T05:00:30Z", "Europe/Rome", 7, 30, FALSE), ==, 89 * 60 + 30);
    g_assert_cmpint(until("2026-11-28T08:00:00Z", "Europe/Rome", 7, 30, FALSE), ==, -90 * 60);
    g_assert_cmpint(until("2026-11-28T08:00:00Z", "Europe/Rome", 7, 30, TRUE), ==, 1350 * 60);
    g_assert_cmpint(until("2026-12-31T23:30:00Z", "UTC", 0, 0, TRUE), ==, 30 * 60);
    g_assert_cmpint(until("2026-11-28T20:00:00Z", "Asia/Kolkata", 2, 0, FALSE), ==, 30 * 60);
}

/* 2026-03-29, 2026-10-25: clocks change at 01:00 UTC. */
static void until__days_on_which_clocks_change(void)
{
    g_assert_cmpint(until("2026-03-29T00:00:00Z", "Europe/Rome", 7, 30, FALSE), ==, 330 * 60);
    g_assert_cmpint(until("2026-03-28T06:30:00Z", "Europe/Rome", 7, 30, TRUE), ==, 23 * 3600);
    g_assert_cmpint(until("2026-10-25T00:00:00Z", "Europe/Rome", 7, 30, FALSE), ==, 390 * 60);
    g_assert_cmpint(until("2026-10-24T05:30:00Z", "Europe/Rome", 7, 30, TRUE), ==, 25 * 3600);
    /* there is no 02:30 on that day: within the hour all the same */
    gint64 missing = until("2026-03-29T00:00:00Z", "Europe/Rome", 2, 30, FALSE);
    g_assert_cmpint(missing, >=, 30 * 60);
    g_assert_cmpint(missing, <=, 90 * 60);
}

/* As a store may give it back that was written by hand: no fetch each second. */
static void until__no_time_of_day(void)
{
    g_assert_cmpint(until("2026-11-28T05:00:30Z", "UTC", 99, 99, FALSE), ==, 24 * 3600);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/weather/until__usual_days", until__usual_days);
    g_test_add_func("/weather/until__days_on_which_clocks_change",
                    until__days_on_which_clocks_change);
    g_test_add_func("/weather/until__no_time_of_day", until__no_time_of_day);
    return g_test_run();
}
