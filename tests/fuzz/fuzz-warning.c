/* tests/fuzz/fuzz-warning.c: any bytes as warnings, in XML and in JSON, and which are of a place
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "protocols/agents/warning.h"

#include <math.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

static void check_text(const char *text)
{
    if (text != NULL)
        g_assert_true(g_utf8_validate(text, -1, NULL) && *text != '\0');
}

static void check_area(const CwWarningArea *area)
{
    check_text(area->name);
    check_text(area->folded);
    for (guint i = 0; i < area->polygons->len; i++) {
        const GArray *points =
            ((const CwWarningPolygon *)g_ptr_array_index(area->polygons, i))->points;
        g_assert_cmpuint(points->len, >=, 3);
        for (guint k = 0; k < points->len; k++)
            g_assert_true(fabs(g_array_index(points, CwWarningPoint, k).latitude) <= 90);
    }
}

static void check_info(const CwWarningInfo *info)
{
    g_assert_nonnull(info->event);
    check_text(info->headline);
    check_text(info->text);
    check_text(info->url);
    if (info->url != NULL) {
        g_autofree char *shown = cw_warning_url(info->url);
        g_assert_cmpstr(shown, ==, info->url);
    }
    g_assert_cmpuint(info->areas->len, <=, CW_WARNING_AREAS_MOST);
    for (guint i = 0; i < info->areas->len; i++)
        check_area(g_ptr_array_index(info->areas, i));
}

static void check_warnings(const GPtrArray *warnings, gboolean ended)
{
    char verona[] = "Verona", italy[] = "Italy", it[] = "IT";
    const CwPlace place = {.name = verona,
                           .country = italy,
                           .country_code = it,
                           .latitude = 45.44,
                           .longitude = 10.99};

    g_assert_cmpuint(warnings->len, <=, CW_WARNINGS_MOST);
    for (guint i = 0; i < warnings->len; i++) {
        const CwWarning *warning = g_ptr_array_index(warnings, i);
        g_assert_nonnull(warning->id);
        g_assert_true(ended == (warning->kind == CW_WARNING_CANCEL));
        g_assert_true(ended || warning->infos->len > 0);
        g_assert_cmpuint(strlen(warning->sum), ==, CW_WARNING_SUM);
        g_assert_cmpuint(warning->references->len, <=, CW_WARNING_REFERENCES_MOST + 1);
        g_assert_cmpuint(g_hash_table_size(warning->earlier), <=, 2 * warning->references->len);
        for (guint k = 0; k < warning->infos->len; k++)
            check_info(g_ptr_array_index(warning->infos, k));
        cw_warning_at(warning, &place, FALSE, "it", 0);
        cw_warning_at(warning, &place, TRUE, "", G_MAXINT64);
    }
}

static void parse(const char *data, gsize size, const char *charset)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(CwWarnings) warnings = cw_warnings_parse(data, size, charset, &error);

    g_assert_true((warnings == NULL) == (error != NULL));
    if (warnings == NULL)
        return;
    check_warnings(warnings->warnings, FALSE);
    check_warnings(warnings->ended, TRUE);
}

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
    const char *text = size == 0 ? "" : (const char *)data;

    parse(text, size, NULL);
    parse(text, size, "iso-8859-1");
    return 0;
}
