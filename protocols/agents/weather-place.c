/* protocols/agents/weather-place.c: names, and which place one means
 *
 *     paris -> geocoder -> one place, or the choice of several
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "protocols/agents/weather.h"

#include <string.h>

#include "protocols/agents/search.h"
#include "protocols/agents/text.h"

#define GEOCODER                                                                                   \
    "https://geocoding-api.open-meteo.com/v1/search?name={name}&count=20&language=en&format=json"
#define NAME_LONGEST 100 /* bytes */
#define MUCH_LARGER 10   /* times the people: then the others are not meant */

static const char *geocoder;

gboolean cw_weather_place_start(GError **error)
{
    static const char *const words[] = {"name", NULL};

    geocoder = GEOCODER;
    return cw_agent_setting_url("geocoder-url", words, &geocoder, error);
}

/* ---- names: "paris", "paris,us", "paris,texas,us" ---- */

char *cw_weather_normalize(const char *typed, GError **error)
{
    g_autofree char *valid = g_utf8_make_valid(typed, -1);
    g_autofree char *lower = g_utf8_strdown(valid, -1);
    g_autofree char *composed = g_utf8_normalize(lower, -1, G_NORMALIZE_NFC);
    g_auto(GStrv) parts = g_strsplit(composed, ",", 3);
    g_autoptr(GString) name = g_string_new(NULL);

    for (guint i = 0; parts[i] != NULL; i++) {
        g_auto(GStrv) words = g_strsplit_set(parts[i], " \t\n_+", -1);
        g_autoptr(GString) part = g_string_new(NULL);
        for (guint k = 0; words[k] != NULL; k++) {
            if (*words[k] != '\0')
                g_string_append_printf(part, "%s%s", part->len > 0 ? " " : "", words[k]);
        }
        if (part->len > 0)
            g_string_append_printf(name, "%s%s", name->len > 0 ? "," : "", part->str);
    }
    if (name->len < 2 || name->len > NAME_LONGEST || strpbrk(name->str, "@/{}<>\"\\") != NULL) {
        g_set_error(error, CW_AGENT_ERROR, CW_AGENT_ERROR_NAME,
                    "'%.60s' is no place: write it such as Paris, or Paris, Texas, US", valid);
        return NULL;
    }
    return g_string_free(g_steal_pointer(&name), FALSE);
}

/* The name by which this very place is found again.  (transfer full) */
static char *precise_name(const CwPlace *place)
{
    g_autofree char *whole =
        place->region == NULL
            ? g_strdup_printf("%s,%s", place->name, place->country_code)
            : g_strdup_printf("%s,%s,%s", place->name, place->region, place->country_code);

    return g_utf8_strdown(whole, -1);
}

static char *title_of(const CwPlace *place)
{
    return place->region == NULL || g_str_equal(place->region, place->name)
               ? g_strdup_printf("%s, %s", place->name, place->country)
               : g_strdup_printf("%s, %s, %s", place->name, place->region, place->country);
}

static gboolean is_same(const char *a, const char *b)
{
    g_autofree char *first = a == NULL ? NULL : g_utf8_casefold(a, -1);
    g_autofree char *second = b == NULL ? NULL : g_utf8_casefold(b, -1);

    return first != NULL && g_strcmp0(first, second) == 0;
}

/* What stands behind the place's own name says which one. */
static gboolean fits(const CwPlace *place, char **parts)
{
    guint count = g_strv_length(parts);

    for (guint i = 1; i < count; i++) {
        if (!is_same(parts[i], place->country_code) && !is_same(parts[i], place->country) &&
            !is_same(parts[i], place->region))
            return FALSE;
    }
    return TRUE;
}

/* ---- finding ---- */

static GPtrArray *found_of(const GPtrArray *places)
{
    GPtrArray *found = cw_agent_found_new();

    for (guint i = 0; i < places->len; i++) {
        g_autofree char *name = precise_name(g_ptr_array_index(places, i));
        g_autofree char *title = title_of(g_ptr_array_index(places, i));
        cw_agent_found_add(found, name, title);
    }
    return found;
}

static void choose(CwThing *thing, GPtrArray *places)
{
    CwSpot *spot = thing->data;
    g_auto(GStrv) parts = g_strsplit(thing->name, ",", -1);

    for (guint i = 0; i < places->len;) {
        if (fits(g_ptr_array_index(places, i), parts))
            i++;
        else
            g_ptr_array_remove_index(places, i);
    }
    if (places->len == 0) {
        cw_thing_unknown(thing,
                         "no such place is known; write it such as Paris, or Paris, Texas, US");
        return;
    }
    const CwPlace *first = g_ptr_array_index(places, 0);
    const CwPlace *second = places->len > 1 ? g_ptr_array_index(places, 1) : NULL;
    g_autofree char *precise = precise_name(first);
    if (second != NULL && first->population < second->population * MUCH_LARGER &&
        !is_same(precise, thing->name)) {
        g_autoptr(GPtrArray) found = found_of(places);
        cw_thing_ambiguous(thing, "there are several", found);
        return;
    }
    spot->place = g_ptr_array_steal_index(places, 0);
    g_autofree char *title = title_of(spot->place);
    cw_thing_known(thing, title);
}

static void located_cb(const CwHttpAnswer *answer, gpointer data)
{
    CwThing *thing = data;
    CwSpot *spot = thing->data;
    g_autoptr(GError) error = NULL;
    gsize size = 0;

    spot->call = NULL;
    if (answer->problem != NULL) {
        cw_thing_failed(thing, answer->problem, answer->retry_after);
        return;
    }
    const char *body = cw_http_body(answer, &size);
    g_autoptr(GPtrArray) places = cw_places_parse(body, size, &error);
    if (places == NULL)
        cw_thing_failed(thing, error->message, 0);
    else
        choose(thing, places);
}

void cw_weather_find(CwThing *thing)
{
    cw_spot_of(thing);
    cw_spot_get(thing, geocoder, located_cb);
}

/* ---- searching ---- */

static GPtrArray *read_found(const char *body, gsize size, GError **error)
{
    g_autoptr(GPtrArray) places = cw_places_parse(body, size, error);

    return places == NULL ? NULL : found_of(places);
}

void cw_weather_search(const char *text, CwAgentFoundDone done, gpointer data)
{
    const char *const pairs[] = {"name", text, NULL};
    g_autofree char *url = cw_text_fill_url(geocoder, pairs);

    cw_search_web(url, read_found, done, data);
}
