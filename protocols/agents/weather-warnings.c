/* protocols/agents/weather-warnings.c: warnings, told once each
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "protocols/agents/weather.h"

#include <string.h>

#define WARNINGS "https://api.weather.gov/alerts/active?point={latitude},{longitude}"
#define WARNED "warned" /* remembered: sums of the warnings that he knows */
#define SUM_LENGTH 8    /* hexadecimal digits */

static const char *warnings_url;

void cw_weather_warnings_start(void)
{
    warnings_url = cw_agent_setting_or("warnings-url", WARNINGS);
}

/* Warnings that cannot be had are no reason to show no weather. */
static void warned_cb(const CwHttpAnswer *answer, gpointer data)
{
    CwThing *thing = data;
    CwSpot *spot = thing->data;
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

void cw_weather_fetch_warnings(CwThing *thing)
{
    const CwSpot *spot = thing->data;

    if (g_str_equal(spot->place->country_code, "US") && *warnings_url != '\0')
        cw_spot_get(thing, warnings_url, warned_cb);
    else
        cw_thing_refreshed(thing, 0);
}

static void append_sum(GString *sums, const char *id)
{
    g_autofree char *sum = g_compute_checksum_for_string(G_CHECKSUM_SHA256, id, -1);

    g_string_append_printf(sums, "%s%.*s", sums->len > 0 ? " " : "", SUM_LENGTH, sum);
}

void cw_weather_tell_warnings(CwWatch *watch)
{
    const CwSpot *spot = watch->thing->data;
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

void cw_weather_run_alerts(CwWatch *watch, const char *arguments)
{
    const CwSpot *spot = watch->thing->data;
    g_autoptr(GString) text = g_string_new("Warnings:");

    if (!cw_weather_has_forecast(watch))
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
