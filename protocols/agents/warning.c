/* protocols/agents/warning.c: official warnings of weather, and which are of a place
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "protocols/agents/warning.h"

#include <string.h>

/* ---- what they are made of ---- */

static void free_polygon(gpointer data)
{
    CwWarningPolygon *polygon = data;

    g_array_unref(polygon->points);
    g_free(polygon);
}

CwWarningArea *cw_warning_area_new(void)
{
    CwWarningArea *area = g_new0(CwWarningArea, 1);

    area->codes = g_ptr_array_new_with_free_func(g_free);
    area->polygons = g_ptr_array_new_with_free_func(free_polygon);
    area->circles = g_array_new(FALSE, FALSE, sizeof(CwWarningCircle));
    return area;
}

void cw_warning_area_free(gpointer data)
{
    CwWarningArea *area = data;

    g_free(area->name);
    g_ptr_array_unref(area->codes);
    g_ptr_array_unref(area->polygons);
    g_array_unref(area->circles);
    g_free(area);
}

CwWarningInfo *cw_warning_info_new(void)
{
    CwWarningInfo *info = g_new0(CwWarningInfo, 1);

    info->areas = g_ptr_array_new_with_free_func(cw_warning_area_free);
    return info;
}

void cw_warning_info_free(gpointer data)
{
    CwWarningInfo *info = data;

    g_free(info->language);
    g_free(info->event);
    g_free(info->headline);
    g_free(info->text);
    g_free(info->instruction);
    g_free(info->url);
    g_free(info->urgency);
    g_free(info->certainty);
    g_ptr_array_unref(info->areas);
    g_free(info);
}

CwWarning *cw_warning_new(void)
{
    CwWarning *warning = g_new0(CwWarning, 1);

    warning->references = g_ptr_array_new_with_free_func(g_free);
    warning->infos = g_ptr_array_new_with_free_func(cw_warning_info_free);
    return warning;
}

void cw_warning_free(gpointer data)
{
    CwWarning *warning = data;

    g_free(warning->id);
    g_ptr_array_unref(warning->references);
    g_ptr_array_unref(warning->infos);
    g_free(warning);
}

CwWarnings *cw_warnings_new(void)
{
    CwWarnings *warnings = g_rc_box_new0(CwWarnings);

    warnings->warnings = g_ptr_array_new_with_free_func(cw_warning_free);
    warnings->ended = g_ptr_array_new_with_free_func(cw_warning_free);
    warnings->successors = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    return warnings;
}

CwWarnings *cw_warnings_ref(CwWarnings *warnings)
{
    return g_rc_box_acquire(warnings);
}

static void clear_warnings(gpointer data)
{
    CwWarnings *warnings = data;

    g_ptr_array_unref(warnings->warnings);
    g_ptr_array_unref(warnings->ended);
    g_hash_table_unref(warnings->successors);
}

void cw_warnings_unref(CwWarnings *warnings)
{
    if (warnings != NULL)
        g_rc_box_release_full(warnings, clear_warnings);
}

/* ---- words of the protocol ---- */

static const char *const severities[] = {
    [CW_SEVERITY_UNKNOWN] = NULL,        [CW_SEVERITY_MINOR] = "Minor",
    [CW_SEVERITY_MODERATE] = "Moderate", [CW_SEVERITY_SEVERE] = "Severe",
    [CW_SEVERITY_EXTREME] = "Extreme",
};

const char *cw_severity_to_string(CwSeverity severity)
{
    return severities[severity];
}

CwSeverity cw_severity_from_string(const char *text)
{
    for (guint i = CW_SEVERITY_MINOR; text != NULL && i < G_N_ELEMENTS(severities); i++) {
        if (g_ascii_strcasecmp(severities[i], text) == 0)
            return i;
    }
    return CW_SEVERITY_UNKNOWN;
}

char *cw_warning_id(const char *text)
{
    const char *slash = strrchr(text, '/');

    /* https://api.weather.gov/alerts/urn:oid:2.49… */
    return g_strdup(slash != NULL && g_str_has_prefix(slash + 1, "urn:") ? slash + 1 : text);
}

char *cw_warning_sum(const char *id)
{
    char *sum = g_compute_checksum_for_string(G_CHECKSUM_SHA256, id, -1);

    sum[CW_WARNING_SUM] = '\0';
    return sum;
}

static gboolean is_word(const char *text, const char *word)
{
    return text == NULL || g_ascii_strcasecmp(text, word) == 0;
}

gboolean cw_warning_take_kind(CwWarning *warning, const char *status, const char *type,
                              const char *scope)
{
    if (type != NULL && is_word(type, "Update"))
        warning->kind = CW_WARNING_UPDATE;
    else if (type != NULL && is_word(type, "Cancel"))
        warning->kind = CW_WARNING_CANCEL;
    else if (!is_word(type, "Alert"))
        return FALSE; /* Ack, Error: between services */
    return is_word(status, "Actual") && is_word(scope, "Public");
}

/* ---- the whole of an answer ---- */

static gboolean all_are_over(CwWarning *warning, GHashTable *unused)
{
    for (guint i = 0; i < warning->infos->len; i++) {
        if (!((const CwWarningInfo *)g_ptr_array_index(warning->infos, i))->is_over)
            return FALSE;
    }
    return TRUE;
}

static CwWarning *find(const GPtrArray *warnings, const char *id)
{
    for (guint i = warnings->len; i > 0; i--) { /* those of one id follow each other */
        CwWarning *warning = g_ptr_array_index(warnings, i - 1);
        if (g_str_equal(warning->id, id))
            return warning;
    }
    return NULL;
}

void cw_warnings_add(CwWarnings *warnings, CwWarning *warning)
{
    gboolean ends = warning->kind == CW_WARNING_CANCEL;

    if (warning->id == NULL || (warning->infos->len == 0 && !ends)) {
        cw_warning_free(warning);
        return;
    }
    CwWarning *same = find(ends ? warnings->ended : warnings->warnings, warning->id);
    if (same == NULL) {
        g_ptr_array_add(ends ? warnings->ended : warnings->warnings, warning);
        return;
    }
    g_ptr_array_extend_and_steal(same->infos, g_steal_pointer(&warning->infos));
    g_ptr_array_extend_and_steal(same->references, g_steal_pointer(&warning->references));
    g_free(warning->id);
    g_free(warning);
}

static void note_references(GHashTable *gone, const GPtrArray *warnings)
{
    for (guint i = 0; i < warnings->len; i++) {
        const CwWarning *warning = g_ptr_array_index(warnings, i);
        for (guint k = 0; k < warning->references->len; k++) {
            char *id = g_ptr_array_index(warning->references, k);
            if (warning->kind == CW_WARNING_CANCEL || !g_str_equal(id, warning->id))
                g_hash_table_add(gone, g_strdup(id));
        }
    }
}

/* Those that `leaves` says go into `to`, or are freed where it is NULL; the others stay in order.
 */
static void move(GPtrArray *from, GPtrArray *to, gboolean (*leaves)(CwWarning *, GHashTable *),
                 GHashTable *data)
{
    guint count = from->len;
    g_autofree gpointer *all = g_ptr_array_steal(from, NULL);

    for (guint i = 0; i < count; i++) {
        if (!leaves(all[i], data))
            g_ptr_array_add(from, all[i]);
        else if (to != NULL)
            g_ptr_array_add(to, all[i]);
        else
            cw_warning_free(all[i]);
    }
}

static gboolean is_replaced(CwWarning *warning, GHashTable *gone)
{
    return g_hash_table_contains(gone, warning->id);
}

static void note_successors(GHashTable *successors, const GPtrArray *warnings)
{
    for (guint i = 0; i < warnings->len; i++) {
        CwWarning *warning = g_ptr_array_index(warnings, i);
        for (guint k = 0; k < warning->references->len; k++)
            g_hash_table_replace(
                successors, cw_warning_sum(g_ptr_array_index(warning->references, k)), warning);
    }
}

void cw_warnings_end(CwWarnings *warnings)
{
    g_autoptr(GHashTable) gone = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    move(warnings->warnings, warnings->ended, all_are_over, NULL);
    for (guint i = 0; i < warnings->ended->len; i++) { /* some use the id of what it ends */
        CwWarning *ended = g_ptr_array_index(warnings->ended, i);
        ended->kind = CW_WARNING_CANCEL;
        g_ptr_array_add(ended->references, g_strdup(ended->id));
    }
    note_references(gone, warnings->warnings);
    note_references(gone, warnings->ended);
    move(warnings->warnings, NULL, is_replaced, gone);
    note_successors(warnings->successors, warnings->warnings);
    note_successors(warnings->successors, warnings->ended); /* the end of it is what counts */
}

CwWarnings *cw_warnings_parse(const char *data, gsize length, const char *charset, GError **error)
{
    static const char mark[] = "\xef\xbb\xbf"; /* U+FEFF in UTF-8 */
    gsize at = length >= 3 && memcmp(data, mark, 3) == 0 ? 3 : 0;

    while (at < length && g_ascii_isspace(data[at]))
        at++;
    if (at < length && (data[at] == '{' || data[at] == '['))
        return cw_warnings_read_json(data + at, length - at, error);
    return cw_warnings_read_cap(data, length, charset, error);
}
