/* protocols/agents/warning-json.c: warnings in the GeoJSON of the US weather service
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "protocols/agents/warning.h"

#include <string.h>

#include "protocols/agents/feed.h"
#include "protocols/agents/json-path.h"
#include "protocols/agents/text.h"

#define NAME_MOST 80   /* characters */
#define TITLE_MOST 300 /* the same */
#define TEXT_MOST 1500 /* the same */

static gint64 time_at(json_t *json, const char *path)
{
    g_autofree char *text = cw_json_text_at(json, path);

    return text == NULL ? 0 : cw_feed_parse_date(text);
}

/* Outer rings alone: a hole in a warning is no place to feel safe. */
static gboolean read_ring(json_t *polygon, CwWarningArea *area, guint *points_left)
{
    g_autoptr(GArray) points = g_array_new(FALSE, FALSE, sizeof(CwWarningPoint));
    json_t *pair;
    size_t index;

    json_array_foreach(json_array_get(polygon, 0), index, pair)
    {
        CwWarningPoint point;
        if (*points_left == 0)
            return FALSE;
        (*points_left)--;
        if (!cw_json_number_at(pair, "[0]", &point.longitude) ||
            !cw_json_number_at(pair, "[1]", &point.latitude))
            return TRUE; /* no shape */
        g_array_append_val(points, point);
    }
    cw_warning_area_add_polygon(area, g_steal_pointer(&points));
    return TRUE;
}

static gboolean read_shape(json_t *geometry, CwWarningArea *area, guint *points_left)
{
    json_t *coordinates = json_object_get(geometry, "coordinates"), *polygon;
    const char *type = json_string_value(json_object_get(geometry, "type"));
    size_t index;

    if (g_strcmp0(type, "Polygon") == 0)
        return read_ring(coordinates, area, points_left);
    if (g_strcmp0(type, "MultiPolygon") != 0)
        return TRUE;
    json_array_foreach(coordinates, index, polygon)
    {
        if (!read_ring(polygon, area, points_left))
            return FALSE;
    }
    return TRUE;
}

static void read_codes(json_t *codes, CwWarningArea *area)
{
    const char *name;
    json_t *list, *value;
    size_t index;

    json_object_foreach(codes, name, list)
    {
        g_autofree char *plain = cw_text_from_html(name, NAME_MOST);
        json_array_foreach(list, index, value)
        {
            if (!json_is_string(value) || area->codes->len >= CW_WARNING_CODES_MOST)
                continue;
            g_autofree char *code = cw_text_from_html(json_string_value(value), NAME_MOST);
            g_ptr_array_add(area->codes, g_strdup_printf("%s=%s", plain, code));
        }
    }
}

static void read_references(json_t *references, CwWarning *warning, CwWarnings *into)
{
    json_t *reference;
    size_t index;

    json_array_foreach(references, index, reference)
    {
        const char *id = json_string_value(json_object_get(reference, "identifier"));
        if (id != NULL && *id != '\0')
            cw_warnings_add_reference(into, warning, NULL, id);
    }
}

/* NULL: it has no event. */
static CwWarningInfo *read_info(json_t *properties)
{
    g_autofree char *severity = cw_json_text_at(properties, "severity");
    g_autofree char *response = cw_json_text_at(properties, "response");
    g_autofree char *url = cw_json_text_at(properties, "web");
    CwWarningInfo *info = cw_warning_info_new();

    info->event = cw_json_words_at(properties, "event", NAME_MOST);
    info->headline = cw_json_words_at(properties, "headline", TITLE_MOST);
    info->text = cw_json_words_at(properties, "description", TEXT_MOST);
    info->instruction = cw_json_words_at(properties, "instruction", TEXT_MOST);
    info->url = url == NULL ? NULL : cw_warning_url(url);
    info->urgency = cw_json_words_at(properties, "urgency", NAME_MOST);
    info->certainty = cw_json_words_at(properties, "certainty", NAME_MOST);
    info->severity = cw_severity_from_string(severity);
    info->begins = time_at(properties, "onset");
    if (info->begins == 0)
        info->begins = time_at(properties, "effective");
    info->ends = time_at(properties, "ends");
    info->expires = time_at(properties, "expires");
    info->is_over = g_strcmp0(response, "AllClear") == 0 || g_strcmp0(info->urgency, "Past") == 0;
    if (info->event != NULL)
        return info;
    cw_warning_info_free(info);
    return NULL;
}

/* FALSE: there are too many corners. */
static gboolean read_feature(json_t *item, CwWarnings *into, guint *points_left)
{
    json_t *properties = json_object_get(item, "properties");
    g_autofree char *type = cw_json_text_at(properties, "messageType");
    g_autofree char *status = cw_json_text_at(properties, "status");
    g_autofree char *scope = cw_json_text_at(properties, "scope");
    g_autofree char *own = cw_json_text_at(properties, "id");
    g_autofree char *id =
        own != NULL && *own != '\0' ? g_steal_pointer(&own) : cw_json_text_at(item, "id");
    CwWarning *warning = cw_warning_new();
    CwWarningInfo *info = read_info(properties);

    if (info != NULL) {
        CwWarningArea *area = cw_warning_area_new();
        area->name = cw_json_words_at(properties, "areaDesc", CW_WARNING_NAMES_MOST);
        read_codes(json_object_get(properties, "geocode"), area);
        g_ptr_array_add(info->areas, area);
        g_ptr_array_add(warning->infos, info);
        if (!read_shape(json_object_get(item, "geometry"), area, points_left)) {
            cw_warning_free(warning);
            return FALSE;
        }
    }
    if (id != NULL && *id != '\0')
        warning->id = cw_warning_id(id);
    read_references(json_object_get(properties, "references"), warning, into);
    if (cw_warning_take_kind(warning, status, type, scope))
        cw_warnings_add(into, warning);
    else
        cw_warning_free(warning);
    return TRUE;
}

CwWarnings *cw_warnings_read_json(const char *data, gsize length, GError **error)
{
    json_t *json = cw_json_load(data, length, error), *features, *item;
    g_autoptr(CwWarnings) warnings = cw_warnings_new();
    guint points_left = CW_WARNING_POINTS_MOST;
    const char *problem = NULL;
    size_t index;

    if (json == NULL)
        return NULL;
    features = cw_json_at(json, "features");
    if (!json_is_array(features))
        problem = "JSON without a list of features";
    else if (json_array_size(features) > CW_WARNINGS_MOST)
        problem = "too many warnings";
    else
        json_array_foreach(features, index, item)
        {
            if (problem == NULL && !read_feature(item, warnings, &points_left))
                problem = "its shapes have too many corners";
        }
    json_decref(json);
    if (problem != NULL) {
        g_set_error(error, CW_AGENT_ERROR, CW_AGENT_ERROR_NAME, "%s", problem);
        return NULL;
    }
    cw_warnings_end(warnings);
    return g_steal_pointer(&warnings);
}
