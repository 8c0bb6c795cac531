/* tests/fuzz/fuzz-forecast.c: any bytes as places and weather
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "protocols/agents/forecast.h"

#include <math.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

static void check_places(const char *data, gsize size)
{
    g_autoptr(GPtrArray) places = cw_places_parse(data, size, NULL);

    for (guint i = 0; places != NULL && i < places->len; i++) {
        const CwPlace *place = g_ptr_array_index(places, i);
        g_assert_true(place->name != NULL && place->country != NULL && place->country_code != NULL);
        g_assert_true(fabs(place->latitude) <= 90 && fabs(place->longitude) <= 180);
    }
}

static void check_forecast(const char *data, gsize size)
{
    CwForecast forecast;

    if (!cw_forecast_parse(data, size, &forecast, NULL))
        return;
    g_assert_true(isfinite(forecast.temperature));
    g_assert_cmpuint(forecast.n_days, <=, CW_FORECAST_DAYS);
    g_assert_cmpuint(forecast.n_hours, <=, CW_FORECAST_HOURS);
    g_assert_true(g_str_is_ascii(forecast.zone));
    g_assert_nonnull(cw_forecast_direction(forecast.direction));
    g_assert_nonnull(cw_forecast_words(forecast.code));
}

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
    const char *text = size == 0 ? "" : (const char *)data;

    check_places(text, size);
    check_forecast(text, size);
    return 0;
}
