/* protocols/agents/weather-service.c: what is asked for warnings, and of which places
 *
 *     a URL with {latitude}, {longitude}: each place for itself
 *     a URL without: one answer for all places, fetched once an interval
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "protocols/agents/weather.h"

#include <string.h>

#define WARNINGS "https://api.weather.gov/alerts/active?point={latitude},{longitude}"
#define COUNTRIES "US,PR,VI,GU,AS,MP" /* the United States, and islands that are theirs */
#define RETRY 60                      /* s, at most: to the next try of what is for all places */
#define FAILURES_QUIET 3              /* fewer in a row are nobody's business */
#define HERE_MOST 300                 /* kept of one place: the worst */
#define SLICE 20000 /* µs in which an answer is handed out, then others are heard */

static struct {
    const char *url;
    char **countries; /* codes of two letters */
    gboolean is_of_all_countries, is_shared;
} service;

/* The one answer for all places. */
static struct {
    CwHttpCall *call;
    GPtrArray *waiting; /* CwThing *: whom it is fetched for */
    guint hand_out_id;  /* they get it, some at a time */
    CwWarnings *warnings;
    char *etag, *last_modified, *problem; /* nullable */
    gint64 next;                          /* monotonic, µs: not fetched again before */
    guint failures;                       /* in a row */
} shared;

static gboolean read_countries(const char *text, GError **error)
{
    service.countries = g_strsplit_set(text, ", ", -1);
    for (guint i = 0; service.countries[i] != NULL; i++) {
        const char *code = service.countries[i];
        service.is_of_all_countries |= g_str_equal(code, "*");
        if (*code == '\0' || g_str_equal(code, "*") ||
            (strlen(code) == 2 && g_ascii_isalpha(code[0]) && g_ascii_isalpha(code[1])))
            continue;
        g_set_error(error, CW_AGENT_ERROR, CW_AGENT_ERROR_SETTING,
                    "agent.warnings-countries: found '%s', expected codes of two letters such as "
                    "'DE, AT', or *",
                    text);
        return FALSE;
    }
    return TRUE;
}

gboolean cw_weather_service_start(GError **error)
{
    static const char *const none[] = {NULL};
    const char *countries = cw_agent_setting("warnings-countries");

    service.url = cw_agent_setting_or("warnings-url", WARNINGS);
    gboolean latitude = strstr(service.url, "{latitude}") != NULL;
    gboolean longitude = strstr(service.url, "{longitude}") != NULL;
    service.is_shared = !latitude && !longitude;
    shared.waiting = g_ptr_array_new();
    if (latitude != longitude) {
        g_set_error(error, CW_AGENT_ERROR, CW_AGENT_ERROR_SETTING,
                    "agent.warnings-url: expected a URL with {latitude} and {longitude}, or with "
                    "neither");
        return FALSE;
    }
    if (*service.url != '\0' && service.is_shared && countries == NULL) {
        g_set_error(error, CW_AGENT_ERROR, CW_AGENT_ERROR_SETTING,
                    "agent.warnings-countries: found nothing, expected the countries that "
                    "agent.warnings-url is of, such as 'DE, AT', or *");
        return FALSE;
    }
    if (*service.url != '\0' && countries != NULL && strspn(countries, ", ") == strlen(countries)) {
        g_set_error(error, CW_AGENT_ERROR, CW_AGENT_ERROR_SETTING,
                    "agent.warnings-countries: found none, expected codes such as 'DE, AT', or *; "
                    "an empty agent.warnings-url is for no warnings");
        return FALSE;
    }
    return (*service.url == '\0' ||
            cw_agent_setting_url("warnings-url", none, &service.url, error)) &&
           read_countries(countries == NULL ? COUNTRIES : countries, error);
}

void cw_weather_service_stop(void)
{
    g_clear_pointer(&shared.call, cw_http_cancel);
    g_clear_handle_id(&shared.hand_out_id, g_source_remove);
    g_clear_pointer(&shared.waiting, g_ptr_array_unref);
    g_clear_pointer(&shared.warnings, cw_warnings_unref);
    g_clear_pointer(&shared.etag, g_free);
    g_clear_pointer(&shared.last_modified, g_free);
    g_clear_pointer(&shared.problem, g_free);
    g_clear_pointer(&service.countries, g_strfreev);
}

gboolean cw_weather_service_covers(const CwPlace *place)
{
    if (*service.url == '\0')
        return FALSE;
    for (guint i = 0; service.countries[i] != NULL; i++) {
        if (g_ascii_strcasecmp(service.countries[i], place->country_code) == 0)
            return TRUE;
    }
    return service.is_of_all_countries;
}

/* ---- what of an answer is of the place ---- */

const CwWarningInfo *cw_weather_warning_at(const CwSpot *spot, const CwWarning *warning,
                                           const char *language)
{
    return cw_warning_at(warning, spot->place, !service.is_shared, language,
                         g_get_real_time() / G_USEC_PER_SEC);
}

const CwWarningInfo *cw_weather_info(const CwHere *here, const char *language)
{
    return cw_warning_best(here->infos, language, g_get_real_time() / G_USEC_PER_SEC);
}

static void free_here(gpointer data)
{
    CwHere *here = data;

    g_ptr_array_unref(here->infos);
    g_free(here);
}

/* Of those that are as severe, always the same come first, however the service sorts them. */
static gint compare_here(gconstpointer a, gconstpointer b)
{
    const CwHere *first = *(const CwHere *const *)a, *second = *(const CwHere *const *)b;

    return first->severity != second->severity ? (gint)second->severity - (gint)first->severity
                                               : strcmp(first->warning->sum, second->warning->sum);
}

/* There may be thousands of warnings and places: this is the one time that shapes and names are
 * looked at.  (transfer full) */
static GPtrArray *find_here(const CwSpot *spot, const CwWarnings *warnings)
{
    GPtrArray *all = g_ptr_array_new_with_free_func(free_here);
    g_autoptr(CwWarningWanted) wanted = cw_warning_wanted_new(spot->place, !service.is_shared);
    gint64 now = g_get_real_time() / G_USEC_PER_SEC;

    for (guint i = 0; i < warnings->warnings->len; i++) {
        const CwWarning *warning = g_ptr_array_index(warnings->warnings, i);
        GPtrArray *infos = cw_warning_infos_of(warning, wanted);
        const CwWarningInfo *info = cw_warning_best(infos, "", now);
        if (info != NULL) {
            CwHere *here = g_new(CwHere, 1);
            *here = (CwHere){warning, infos, info->severity};
            g_ptr_array_add(all, here);
        } else if (infos != NULL) {
            g_ptr_array_unref(infos);
        }
    }
    g_ptr_array_sort(all, compare_here);
    if (all->len > HERE_MOST)
        g_ptr_array_set_size(all, HERE_MOST);
    return all;
}

/* `warnings` NULL: they could not be had, and are as they were. */
static void take(CwThing *thing, CwWarnings *warnings, const char *problem)
{
    CwSpot *spot = thing->data;

    g_free(spot->unwarned);
    spot->unwarned = g_strdup(problem);
    if (warnings == NULL)
        return;
    g_clear_pointer(&spot->here, g_ptr_array_unref);
    if (spot->warnings != warnings) {
        cw_warnings_unref(spot->before);
        spot->before = spot->warnings;
        spot->warnings = cw_warnings_ref(warnings);
    }
    spot->here = find_here(spot, warnings);
}

/* The warnings of an answer, or NULL with why there are none. */
static CwWarnings *read_answer(const CwHttpAnswer *answer, char **problem)
{
    g_autoptr(GError) error = NULL;
    gsize size = 0;

    if (answer->problem != NULL) {
        *problem = g_strdup(answer->problem);
        return NULL;
    }
    const char *body = cw_http_body(answer, &size);
    CwWarnings *warnings = cw_warnings_parse(body, size, answer->charset, &error);
    if (warnings == NULL)
        *problem = g_strdup(error->message);
    return warnings;
}

/* ---- each place for itself ---- */

/* Warnings that cannot be had are no reason to show no weather. */
static void of_place_cb(const CwHttpAnswer *answer, gpointer data)
{
    CwThing *thing = data;
    g_autofree char *problem = NULL;
    g_autoptr(CwWarnings) warnings = read_answer(answer, &problem);

    ((CwSpot *)thing->data)->call = NULL;
    if (warnings == NULL)
        cw_agent_log("debug", "%s: no warnings: %s", thing->name, problem);
    take(thing, warnings, problem);
    cw_thing_refreshed(thing, 0);
}

/* ---- one for all ---- */

/* A thousand places, each with as many warnings to look at, are no reason to hear nobody else. */
static gboolean hand_out_cb(gpointer unused)
{
    gint64 end = g_get_monotonic_time() + SLICE;

    do {
        if (shared.waiting->len == 0) {
            shared.hand_out_id = 0;
            return G_SOURCE_REMOVE;
        }
        CwThing *thing = g_ptr_array_steal_index(shared.waiting, 0);
        take(thing, shared.warnings, shared.problem);
        cw_thing_refreshed(thing, 0);
    } while (g_get_monotonic_time() < end);
    return G_SOURCE_CONTINUE;
}

static void keep(char **place, const char *text)
{
    g_free(*place);
    *place = g_strdup(text);
}

static void note_failure(const char *problem, guint interval, guint retry_after)
{
    shared.failures++;
    keep(&shared.problem, problem);
    shared.next = g_get_monotonic_time() + MAX(retry_after, MIN(RETRY, interval)) * G_USEC_PER_SEC;
    cw_agent_log(shared.failures == FAILURES_QUIET ? "info" : "debug",
                 "warnings: fetch %u failed: %s", shared.failures, problem);
}

/* A place is refreshed a tenth sooner or later than each interval, and this with the first. */
static void note_success(const CwHttpAnswer *answer, guint interval)
{
    shared.failures = 0;
    g_clear_pointer(&shared.problem, g_free);
    if (answer->status != 304 || answer->etag != NULL) /* it need not say all again */
        keep(&shared.etag, answer->etag);
    if (answer->status != 304 || answer->last_modified != NULL)
        keep(&shared.last_modified, answer->last_modified);
    shared.next = g_get_monotonic_time() + interval * (G_USEC_PER_SEC * 9 / 10);
}

static void of_all_cb(const CwHttpAnswer *answer, gpointer data)
{
    guint interval = GPOINTER_TO_UINT(data);
    g_autofree char *problem = NULL;

    shared.call = NULL;
    if (answer->status != 304 || shared.warnings == NULL) {
        CwWarnings *warnings = read_answer(answer, &problem);
        if (warnings != NULL) {
            cw_warnings_unref(shared.warnings);
            shared.warnings = warnings;
        }
    }
    if (problem != NULL)
        note_failure(problem, interval, answer->retry_after);
    else
        note_success(answer, interval);
    if (shared.hand_out_id == 0)
        shared.hand_out_id = g_idle_add(hand_out_cb, NULL);
}

static void fetch_for_all(const CwThing *thing)
{
    guint interval = thing->agent->interval;
    gboolean has_it = shared.warnings != NULL;
    g_autoptr(GError) error = NULL;

    cw_agent_setting_number("interval", 1, 86400, &interval, NULL); /* checked at the start */
    shared.call =
        cw_http_get(service.url, has_it ? shared.etag : NULL, has_it ? shared.last_modified : NULL,
                    NULL, of_all_cb, GUINT_TO_POINTER(interval), &error);
    if (shared.call == NULL)
        note_failure(error->message, interval, 0);
}

void cw_weather_fetch_warnings(CwThing *thing)
{
    const CwSpot *spot = thing->data;

    if (!cw_weather_service_covers(spot->place)) {
        cw_thing_refreshed(thing, 0);
        return;
    }
    if (!service.is_shared) {
        cw_spot_get(thing, service.url, of_place_cb);
        return;
    }
    if (shared.call == NULL && g_get_monotonic_time() >= shared.next)
        fetch_for_all(thing);
    if (shared.call != NULL) {
        g_ptr_array_add(shared.waiting, thing);
        return;
    }
    take(thing, shared.warnings, shared.problem);
    cw_thing_refreshed(thing, 0);
}

void cw_weather_service_forget(CwThing *thing)
{
    CwSpot *spot = thing->data;

    g_ptr_array_remove(shared.waiting, thing);
    g_clear_pointer(&spot->here, g_ptr_array_unref);
    g_clear_pointer(&spot->warnings, cw_warnings_unref);
    g_clear_pointer(&spot->before, cw_warnings_unref);
    g_clear_pointer(&spot->unwarned, g_free);
}
