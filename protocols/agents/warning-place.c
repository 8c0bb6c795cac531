/* protocols/agents/warning-place.c: which warnings are of a place, and in which words
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "protocols/agents/warning.h"

#include <math.h>
#include <string.h>

#define EARTH 6371.0 /* km */
#define RADIANS (G_PI / 180)

/* ---- shapes ---- */

/* Points that follow each other are never half the world apart: the date line is no border. */
static void unwrap(GArray *points)
{
    for (guint i = 1; i < points->len; i++) {
        CwWarningPoint *point = &g_array_index(points, CwWarningPoint, i);
        double before = g_array_index(points, CwWarningPoint, i - 1).longitude;
        if (point->longitude - before > 180)
            point->longitude -= 360;
        else if (point->longitude - before < -180)
            point->longitude += 360;
    }
}

static gboolean is_on_earth(const CwWarningPoint *point)
{
    return fabs(point->latitude) <= 90 && fabs(point->longitude) <= 180;
}

void cw_warning_area_add_polygon(CwWarningArea *area, GArray *points)
{
    gboolean good = points->len >= 3;

    for (guint i = 0; i < points->len; i++)
        good &= is_on_earth(&g_array_index(points, CwWarningPoint, i));
    if (!good) {
        g_array_unref(points);
        return;
    }
    unwrap(points);
    CwWarningPolygon *polygon = g_new(CwWarningPolygon, 1);
    CwWarningPoint first = g_array_index(points, CwWarningPoint, 0);
    *polygon = (CwWarningPolygon){points, first, first};
    for (guint i = 1; i < points->len; i++) {
        const CwWarningPoint *point = &g_array_index(points, CwWarningPoint, i);
        polygon->least.latitude = MIN(polygon->least.latitude, point->latitude);
        polygon->least.longitude = MIN(polygon->least.longitude, point->longitude);
        polygon->most.latitude = MAX(polygon->most.latitude, point->latitude);
        polygon->most.longitude = MAX(polygon->most.longitude, point->longitude);
    }
    g_ptr_array_add(area->polygons, polygon);
}

/* How often a line to the east meets its border: an odd number, from within. */
static gboolean is_inside(const CwWarningPolygon *polygon, double latitude, double longitude)
{
    const GArray *points = polygon->points;
    gboolean inside = FALSE;

    if (latitude < polygon->least.latitude || latitude > polygon->most.latitude ||
        longitude < polygon->least.longitude || longitude > polygon->most.longitude)
        return FALSE;
    for (guint i = 0, k = points->len - 1; i < points->len; k = i++) {
        const CwWarningPoint *a = &g_array_index(points, CwWarningPoint, i);
        const CwWarningPoint *b = &g_array_index(points, CwWarningPoint, k);
        if ((a->latitude > latitude) != (b->latitude > latitude) &&
            longitude < (b->longitude - a->longitude) * (latitude - a->latitude) /
                                (b->latitude - a->latitude) +
                            a->longitude)
            inside = !inside;
    }
    return inside;
}

/* km, on a sphere. */
static double distance(const CwWarningPoint *from, const CwPlace *to)
{
    double height = sin((to->latitude - from->latitude) * RADIANS / 2);
    double width = sin((to->longitude - from->longitude) * RADIANS / 2);
    double part = height * height +
                  cos(from->latitude * RADIANS) * cos(to->latitude * RADIANS) * width * width;

    return 2 * EARTH * asin(sqrt(MIN(part, 1)));
}

static gboolean shapes_have(const CwWarningArea *area, const CwPlace *place)
{
    for (guint i = 0; i < area->polygons->len; i++) {
        const CwWarningPolygon *polygon = g_ptr_array_index(area->polygons, i);
        for (int turn = -360; turn <= 360; turn += 360) {
            if (is_inside(polygon, place->latitude, place->longitude + turn))
                return TRUE;
        }
    }
    for (guint i = 0; i < area->circles->len; i++) {
        const CwWarningCircle *circle = &g_array_index(area->circles, CwWarningCircle, i);
        if (distance(&circle->at, place) <= circle->radius)
            return TRUE;
    }
    return FALSE;
}

/* ---- names ---- */

static gboolean is_letter_at(const char *text, const char *at, gboolean before)
{
    if (before ? at == text : *at == '\0')
        return FALSE;
    return g_unichar_isalnum(g_utf8_get_char(before ? g_utf8_prev_char(at) : at));
}

/* As whole words, small letters or not.  `whole` is folded, `name` nullable. */
static gboolean has_name(const char *whole, const char *name)
{
    g_autofree char *wanted = name == NULL || *name == '\0' ? NULL : g_utf8_casefold(name, -1);

    if (wanted == NULL)
        return FALSE;
    for (const char *at = strstr(whole, wanted); at != NULL; at = strstr(at + 1, wanted)) {
        if (!is_letter_at(whole, at, TRUE) && !is_letter_at(whole, at + strlen(wanted), FALSE))
            return TRUE;
    }
    return FALSE;
}

static gboolean name_is_of(const CwWarningArea *area, const CwPlace *place)
{
    g_autofree char *folded = area->name == NULL ? NULL : g_utf8_casefold(area->name, -1);
    g_autofree char *country = g_utf8_casefold(place->country, -1);

    return folded != NULL && (has_name(folded, place->name) || has_name(folded, place->district) ||
                              has_name(folded, place->region) || g_str_equal(folded, country));
}

/* ---- the one that counts ---- */

static gboolean is_of(const CwWarningInfo *info, const CwPlace *place, gboolean is_asked)
{
    for (guint i = 0; i < info->areas->len; i++) {
        const CwWarningArea *area = g_ptr_array_index(info->areas, i);
        gboolean has_shape = area->polygons->len > 0 || area->circles->len > 0;
        if (has_shape ? shapes_have(area, place) : is_asked || name_is_of(area, place))
            return TRUE;
    }
    return is_asked && info->areas->len == 0;
}

/* "fr" is of "fr-FR" and the other way round. */
static gboolean is_language(const char *tag, const char *wanted)
{
    gsize length = strcspn(tag, "-_");

    return length == strcspn(wanted, "-_") && g_ascii_strncasecmp(tag, wanted, length) == 0;
}

static guint rank(const CwWarningInfo *info, const char *language)
{
    const char *tag = info->language == NULL ? "en" : info->language; /* CAP 1.2 3.2.2 */

    return is_language(tag, language) ? 2 : is_language(tag, "en") ? 1 : 0;
}

/* NULL counts for nothing; of two that are as good, the first stays. */
static const CwWarningInfo *better(const CwWarningInfo *best, const CwWarningInfo *info,
                                   const char *language)
{
    guint first = best == NULL ? 0 : rank(best, language), second = rank(info, language);

    return best == NULL || second > first || (second == first && info->severity > best->severity)
               ? info
               : best;
}

const CwWarningInfo *cw_warning_in(const CwWarning *warning, const char *language)
{
    const CwWarningInfo *best = NULL;

    for (guint i = 0; i < warning->infos->len; i++)
        best = better(best, g_ptr_array_index(warning->infos, i), language);
    return best;
}

const CwWarningInfo *cw_warning_at(const CwWarning *warning, const CwPlace *place,
                                   gboolean is_asked, const char *language, gint64 now)
{
    const CwWarningInfo *best = NULL;

    for (guint i = 0; i < warning->infos->len; i++) {
        const CwWarningInfo *info = g_ptr_array_index(warning->infos, i);
        if (info->is_over || (info->expires != 0 && info->expires <= now) ||
            !is_of(info, place, is_asked))
            continue;
        best = better(best, info, language);
    }
    return best;
}
