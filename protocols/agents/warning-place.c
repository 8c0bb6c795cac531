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

static gboolean is_pole(const CwWarningPoint *point)
{
    return fabs(point->latitude) == 90;
}

/* The same longitude, not more than half a turn away. */
static double nearest(double longitude, double to)
{
    return longitude - 360 * rint((longitude - to) / 360);
}

/* Points that follow each other are never half the world apart: the date line is no border.  But at
 * a pole, where all longitudes are one. */
static void unwrap(GArray *points)
{
    for (guint i = 1; i < points->len; i++) {
        CwWarningPoint *point = &g_array_index(points, CwWarningPoint, i);
        const CwWarningPoint *before = &g_array_index(points, CwWarningPoint, i - 1);
        if (is_pole(point) && is_pole(before))
            continue;
        point->longitude = nearest(point->longitude, before->longitude);
    }
}

/* What goes round the world ends a turn from where it began: the pole that is nearer is within. */
static void close_at_pole(GArray *points)
{
    const CwWarningPoint first = g_array_index(points, CwWarningPoint, 0);
    const CwWarningPoint last = g_array_index(points, CwWarningPoint, points->len - 1);
    const double end = nearest(first.longitude, last.longitude);
    double latitudes = 0;

    if (fabs(end - first.longitude) < 180)
        return;
    for (guint i = 0; i < points->len; i++)
        latitudes += g_array_index(points, CwWarningPoint, i).latitude;
    const double pole = latitudes < 0 ? -90 : 90;
    const CwWarningPoint rest[] = {{first.latitude, end}, {pole, end}, {pole, first.longitude}};
    g_array_append_vals(points, rest, G_N_ELEMENTS(rest));
}

/* "90,-180 90,180 -90,180 -90,-180": all corners are on the date line, and all the world is within
 * rather than nothing. */
static gboolean goes_round(const GArray *points)
{
    gboolean west = FALSE, east = FALSE, other = FALSE;

    for (guint i = 0; i < points->len; i++) {
        double longitude = g_array_index(points, CwWarningPoint, i).longitude;
        west |= longitude == -180;
        east |= longitude == 180;
        other |= fabs(longitude) != 180;
    }
    return west && east && !other;
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
    if (!goes_round(points)) {
        unwrap(points);
        close_at_pole(points);
    }
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

/* Small letters or not, and "é" however it is written. */
char *cw_warning_fold(const char *name)
{
    g_autofree char *composed = g_utf8_normalize(name, -1, G_NORMALIZE_NFC);
    g_autofree char *folded = g_utf8_casefold(composed, -1);

    return g_utf8_normalize(folded, -1, G_NORMALIZE_NFC);
}

static char *fold_or_null(const char *name)
{
    return name == NULL || *name == '\0' ? NULL : cw_warning_fold(name);
}

CwWarningWanted *cw_warning_wanted_new(const CwPlace *place, gboolean is_asked)
{
    CwWarningWanted *wanted = g_new(CwWarningWanted, 1);

    *wanted = (CwWarningWanted){
        .place = place,
        .is_asked = is_asked,
        .names = {fold_or_null(place->name), fold_or_null(place->district),
                  fold_or_null(place->region)},
        .country = fold_or_null(place->country),
    };
    return wanted;
}

void cw_warning_wanted_free(CwWarningWanted *wanted)
{
    for (guint i = 0; i < G_N_ELEMENTS(wanted->names); i++)
        g_free(wanted->names[i]);
    g_free(wanted->country);
    g_free(wanted);
}

/* As whole words.  Both are folded, `wanted` nullable. */
static gboolean has_name(const char *whole, const char *wanted)
{
    if (wanted == NULL)
        return FALSE;
    for (const char *at = strstr(whole, wanted); at != NULL; at = strstr(at, wanted)) {
        if (!is_letter_at(whole, at, TRUE) && !is_letter_at(whole, at + strlen(wanted), FALSE))
            return TRUE;
        do /* within this word none begins */
            at = g_utf8_next_char(at);
        while (is_letter_at(whole, at, FALSE));
    }
    return FALSE;
}

static gboolean name_is_of(const CwWarningArea *area, const CwWarningWanted *wanted)
{
    if (area->folded == NULL)
        return FALSE;
    for (guint i = 0; i < G_N_ELEMENTS(wanted->names); i++) {
        if (has_name(area->folded, wanted->names[i]))
            return TRUE;
    }
    return g_strcmp0(area->folded, wanted->country) == 0;
}

/* ---- the one that counts ---- */

static gboolean is_of(const CwWarningInfo *info, const CwWarningWanted *wanted)
{
    for (guint i = 0; i < info->areas->len; i++) {
        const CwWarningArea *area = g_ptr_array_index(info->areas, i);
        gboolean has_shape = area->polygons->len > 0 || area->circles->len > 0;
        if (has_shape ? shapes_have(area, wanted->place)
                      : wanted->is_asked || name_is_of(area, wanted))
            return TRUE;
    }
    return wanted->is_asked && info->areas->len == 0;
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

GPtrArray *cw_warning_infos_of(const CwWarning *warning, const CwWarningWanted *wanted)
{
    GPtrArray *infos = NULL;

    for (guint i = 0; i < warning->infos->len; i++) {
        CwWarningInfo *info = g_ptr_array_index(warning->infos, i);
        if (info->is_over || !is_of(info, wanted))
            continue;
        if (infos == NULL)
            infos = g_ptr_array_new();
        g_ptr_array_add(infos, info);
    }
    return infos;
}

const CwWarningInfo *cw_warning_best(const GPtrArray *infos, const char *language, gint64 now)
{
    const CwWarningInfo *best = NULL;

    for (guint i = 0; infos != NULL && i < infos->len; i++) {
        const CwWarningInfo *info = g_ptr_array_index(infos, i);
        if (info->expires == 0 || info->expires > now)
            best = better(best, info, language);
    }
    return best;
}

const CwWarningInfo *cw_warning_at(const CwWarning *warning, const CwPlace *place,
                                   gboolean is_asked, const char *language, gint64 now)
{
    g_autoptr(CwWarningWanted) wanted = cw_warning_wanted_new(place, is_asked);
    g_autoptr(GPtrArray) infos = cw_warning_infos_of(warning, wanted);

    return cw_warning_best(infos, language, now);
}
