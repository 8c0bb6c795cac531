/* tests/unit/agents/test-forecast.c: places and weather as providers say them
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "protocols/agents/forecast.h"

#include <math.h>
#include <string.h>

static void places__good_ones_alone(void)
{
    static const char text[] =
        "{\"results\":[{\"name\":\"Paris\",\"latitude\":48.85,\"longitude\":2.35,\"country\":"
        "\"France\",\"country_code\":\"FR\",\"admin1\":\"Île-de-France\",\"population\":2138551},"
        "{\"name\":\"Nowhere\"},{\"name\":\"Off\",\"latitude\":91,\"longitude\":0},"
        "{\"latitude\":1,\"longitude\":1},{\"name\":\"Bare\",\"latitude\":\"1\",\"longitude\":-180}"
        ","
        "null,7]}";
    g_autoptr(GPtrArray) places = cw_places_parse(text, strlen(text), NULL);

    g_assert_cmpuint(places->len, ==, 2);
    const CwPlace *paris = g_ptr_array_index(places, 0), *bare = g_ptr_array_index(places, 1);
    g_assert_cmpstr(paris->region, ==, "Île-de-France");
    g_assert_cmpfloat(paris->population, ==, 2138551);
    g_assert_cmpstr(bare->country_code, ==, "");
    g_assert_cmpfloat(bare->longitude, ==, -180);
}

static void places__none(void)
{
    static const char *const none[] = {"{}", "[]", "{\"results\":7}", "{\"results\":{}}"};

    for (guint i = 0; i < G_N_ELEMENTS(none); i++) {
        g_autoptr(GPtrArray) places = cw_places_parse(none[i], strlen(none[i]), NULL);
        g_assert_cmpuint(places->len, ==, 0);
    }
    g_autoptr(GError) error = NULL;
    g_assert_null(cw_places_parse("<html>", 6, &error));
    g_assert_error(error, CW_AGENT_ERROR, CW_AGENT_ERROR_NAME);
}

static void forecast__days_and_hours(void)
{
    static const char text[] =
        "{\"timezone\":\"Europe/Paris\",\"current\":{\"time\":\"2026-11-28T13:15\","
        "\"temperature_2m\":-0.4,\"weather_code\":61,\"is_day\":0,\"wind_direction_10m\":315},"
        "\"hourly\":{\"time\":[\"2026-11-28T12:00\",\"2026-11-28T13:00\",\"2026-11-28T14:00\","
        "\"é\",7],\"precipitation\":[9,1.5,null],\"precipitation_probability\":[1,50]},"
        "\"daily\":{\"time\":[\"2026-11-28\",\"2026-11-29\"],\"weather_code\":[3],"
        "\"temperature_2m_min\":[-2],\"wind_gusts_10m_max\":[80.5],\"temperature_2m_max\":[\"5\",{}"
        "]}}";
    CwForecast forecast;

    g_assert_true(cw_forecast_parse(text, strlen(text), &forecast, NULL));
    g_assert_cmpfloat(forecast.temperature, ==, -0.4);
    g_assert_false(forecast.is_day);
    g_assert_cmpstr(forecast.zone, ==, "Europe/Paris");
    g_assert_cmpstr(cw_forecast_direction(forecast.direction), ==, "NW");
    g_assert_cmpuint(forecast.n_days, ==, 2);
    g_assert_cmpfloat(forecast.days[0].most, ==, 5);
    g_assert_true(isnan(forecast.days[1].least) && isnan(forecast.days[1].most));
    g_assert_cmpint(forecast.days[1].code, ==, -1);
    g_assert_cmpfloat(forecast.days[0].gusts, ==, 80.5);
    g_assert_true(isnan(forecast.days[1].gusts) && isnan(forecast.days[0].snow));
    g_assert_cmpstr(forecast.hours[0].time, ==, "2026-11-28T13:00");
    g_assert_cmpfloat(forecast.hours[0].rain, ==, 1.5);
    g_assert_cmpfloat(forecast.hours[1].chance, ==, -1);
}

static void forecast__wild_numbers_and_texts(void)
{
    static const char text[] =
        "{\"timezone\":\"Europe/\\u0007Paris\",\"current\":{\"time\":\"2026-11-28T13:15\","
        "\"temperature_2m\":7,\"weather_code\":1e308,\"wind_speed_10m\":1e308,"
        "\"wind_direction_10m\":-1e300},\"hourly\":{\"time\":[\"2026-11-28T\\n\\u001b[1m\"],"
        "\"precipitation\":[\"1e300\"]},\"daily\":{\"time\":[\"2026\\n11\\n28\"],"
        "\"wind_gusts_10m_max\":[1e9],\"temperature_2m_max\":[-1e6]}}";
    CwForecast forecast;

    g_assert_true(cw_forecast_parse(text, strlen(text), &forecast, NULL));
    g_assert_cmpstr(forecast.zone, ==, "");
    g_assert_cmpstr(forecast.days[0].date, ==, "");
    g_assert_cmpfloat(forecast.wind, ==, 0);
    g_assert_cmpint(forecast.code, ==, -1);
    g_assert_true(isnan(forecast.days[0].gusts) && isnan(forecast.days[0].most));
    for (guint i = 0; i < forecast.n_hours; i++) {
        g_assert_cmpstr(forecast.hours[i].time, ==, "");
        g_assert_cmpfloat(forecast.hours[i].rain, ==, 0);
    }
}

static void forecast__none(void)
{
    static const char *const wrong[] = {"",
                                        "{}",
                                        "[]",
                                        "{\"current\":{\"temperature_2m\":null}}",
                                        "{\"current\":{\"temperature_2m\":\"warm\"}}",
                                        "{\"current\":{\"temperature_2m\":-1e9}}"};

    for (guint i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_autoptr(GError) error = NULL;
        CwForecast forecast;
        g_assert_false(cw_forecast_parse(wrong[i], strlen(wrong[i]), &forecast, &error));
        g_assert_error(error, CW_AGENT_ERROR, CW_AGENT_ERROR_NAME);
    }
}

static void words__for_every_code(void)
{
    for (int code = -1; code < 200; code++) {
        g_assert_nonnull(cw_forecast_words(code));
        g_assert_nonnull(cw_forecast_sign(code, TRUE));
    }
    g_assert_cmpstr(cw_forecast_words(61), ==, "light rain");
    g_assert_cmpstr(cw_forecast_sign(0, FALSE), ==, "☾");
    g_assert_cmpstr(cw_forecast_direction(0), ==, "N");
    g_assert_cmpstr(cw_forecast_direction(359), ==, "N");
    g_assert_cmpstr(cw_forecast_direction(-90), ==, "W");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/forecast/places__good_ones_alone", places__good_ones_alone);
    g_test_add_func("/forecast/places__none", places__none);
    g_test_add_func("/forecast/forecast__days_and_hours", forecast__days_and_hours);
    g_test_add_func("/forecast/forecast__wild_numbers_and_texts", forecast__wild_numbers_and_texts);
    g_test_add_func("/forecast/forecast__none", forecast__none);
    g_test_add_func("/forecast/words__for_every_code", words__for_every_code);
    return g_test_run();
}
