/* tests/unit/agents/test-severe.c: what of a forecast is severe weather, and what was told of it
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "protocols/agents/severe.h"

#include <math.h>
#include <string.h>

static const CwForecastDay mild = {
    .code = 3, .least = 5, .most = 12, .rain = 2, .wind = 10, .gusts = 30, .snow = 0};

static guint level(CwForecastDay day, CwSevereKind kind)
{
    double value;

    return cw_severe_level(&day, kind, &cw_severe_usual, &value);
}

static void level__of_mild_and_unknown_days(void)
{
    CwForecastDay unknown = {
        .code = -1, .least = NAN, .most = NAN, .rain = 0, .gusts = NAN, .snow = NAN};

    for (guint kind = 0; kind < CW_SEVERE_KINDS; kind++) {
        g_assert_cmpuint(level(mild, kind), ==, 0);
        g_assert_cmpuint(level(unknown, kind), ==, 0);
    }
}

static void level__of_codes(void)
{
    CwForecastDay day = mild;

    for (day.code = -1; day.code < 120; day.code++) {
        g_assert_cmpuint(level(day, CW_SEVERE_HAIL), ==,
                         day.code == 96   ? 1
                         : day.code == 99 ? 2
                                          : 0);
        g_assert_cmpuint(level(day, CW_SEVERE_ICE), ==,
                         day.code == 66   ? 1
                         : day.code == 67 ? 2
                                          : 0);
    }
}

static void level__rises_in_steps(void)
{
    CwForecastDay day = mild;

    day.gusts = 74.9;
    g_assert_cmpuint(level(day, CW_SEVERE_GUSTS), ==, 0);
    day.gusts = 75;
    g_assert_cmpuint(level(day, CW_SEVERE_GUSTS), ==, 1);
    day.gusts = 99.9;
    g_assert_cmpuint(level(day, CW_SEVERE_GUSTS), ==, 1);
    day.gusts = 100;
    g_assert_cmpuint(level(day, CW_SEVERE_GUSTS), ==, 2);
    day.gusts = 1e300;
    g_assert_cmpuint(level(day, CW_SEVERE_GUSTS), ==, CW_SEVERE_LEVELS);
    day.most = 40;
    g_assert_cmpuint(level(day, CW_SEVERE_HEAT), ==, 2);
    day.least = -18;
    g_assert_cmpuint(level(day, CW_SEVERE_COLD), ==, 1);
}

static void level__snow_is_no_rain(void)
{
    CwForecastDay day = mild;
    double value;

    day.rain = 45;
    g_assert_cmpuint(level(day, CW_SEVERE_RAIN), ==, 1);
    day.snow = 28; /* 40 mm of water */
    g_assert_cmpuint(cw_severe_level(&day, CW_SEVERE_RAIN, &cw_severe_usual, &value), ==, 0);
    g_assert_cmpfloat_with_epsilon(value, 5, 0.01);
    g_assert_cmpuint(level(day, CW_SEVERE_SNOW), ==, 1);
    day.snow = NAN;
    g_assert_cmpuint(level(day, CW_SEVERE_RAIN), ==, 1);
}

static void told__is_kept_until_the_day_is_over(void)
{
    const char *today = "2026-11-28";
    g_autofree char *one = cw_severe_tell(NULL, today, today, CW_SEVERE_GUSTS, 1);
    g_autofree char *two = cw_severe_tell(one, today, "2026-11-29", CW_SEVERE_HEAT, 3);
    g_autofree char *worse = cw_severe_tell(two, today, today, CW_SEVERE_GUSTS, 2);
    g_autofree char *later = cw_severe_tell(worse, "2026-11-29", "2026-11-30", CW_SEVERE_HAIL, 12);

    g_assert_cmpstr(one, ==, "2026-11-28g1");
    g_assert_cmpuint(cw_severe_told(two, today, CW_SEVERE_GUSTS), ==, 1);
    g_assert_cmpuint(cw_severe_told(two, today, CW_SEVERE_HEAT), ==, 0);
    g_assert_cmpuint(cw_severe_told(two, "2026-11-29", CW_SEVERE_HEAT), ==, 3);
    g_assert_cmpstr(worse, ==, "2026-11-29t3 2026-11-28g2");
    g_assert_cmpstr(later, ==, "2026-11-29t3 2026-11-30h9");
    g_assert_cmpuint(cw_severe_told(NULL, today, CW_SEVERE_ICE), ==, 0);
}

static void told__takes_what_is_none(void)
{
    g_autofree char *many = g_strnfill(5000, ' ');
    g_autofree char *left = cw_severe_tell("x 2026-11-28 2026-11-28g 2026-11-28gx9 2026-11-28",
                                           "2026-11-28", "2026-11-28", CW_SEVERE_ICE, 1);
    g_autofree char *short_one = cw_severe_tell(many, "2026-11-28", "2026-11-28", CW_SEVERE_ICE, 1);

    g_assert_cmpstr(left, ==, "2026-11-28i1");
    g_assert_cmpstr(short_one, ==, "2026-11-28i1");
    g_assert_cmpuint(cw_severe_told("2026-11-28g", "2026-11-28", CW_SEVERE_GUSTS), ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/severe/level__of_mild_and_unknown_days", level__of_mild_and_unknown_days);
    g_test_add_func("/severe/level__of_codes", level__of_codes);
    g_test_add_func("/severe/level__rises_in_steps", level__rises_in_steps);
    g_test_add_func("/severe/level__snow_is_no_rain", level__snow_is_no_rain);
    g_test_add_func("/severe/told__is_kept_until_the_day_is_over",
                    told__is_kept_until_the_day_is_over);
    g_test_add_func("/severe/told__takes_what_is_none", told__takes_what_is_none);
    return g_test_run();
}
