/* protocols/agents/warning.c: official warnings of weather, and which are of a place
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "protocols/agents/warning.h"

#include <string.h>

#define URL_MOST 1000 /* bytes */
#define ID_MOST 300   /* the same; of what is longer the sum is as good */

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
    g_free(area->folded);
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
    g_free(warning->sender);
    g_ptr_array_unref(warning->references);
    g_ptr_array_unref(warning->infos);
    g_clear_pointer(&warning->earlier, g_hash_table_unref);
    g_free(warning);
}

CwWarnings *cw_warnings_new(void)
{
    CwWarnings *warnings = g_rc_box_new0(CwWarnings);

    warnings->warnings = g_ptr_array_new_with_free_func(cw_warning_free);
    warnings->ended = g_ptr_array_new_with_free_func(cw_warning_free);
    warnings->by_sum = g_hash_table_new(g_str_hash, g_str_equal);
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

    g_hash_table_unref(warnings->by_sum);
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
    const char *id = slash != NULL && g_str_has_prefix(slash + 1, "urn:") ? slash + 1 : text;
    return strlen(id) <= ID_MOST ? g_utf8_make_valid(id, -1)
                                 : g_compute_checksum_for_string(G_CHECKSUM_SHA256, id, -1);
}

char *cw_warning_sum(const char *text)
{
    char *sum = g_compute_checksum_for_string(G_CHECKSUM_SHA256, text, -1);

    sum[CW_WARNING_SUM] = '\0';
    return sum;
}

char *cw_warning_url(const char *text)
{
    if ((!g_str_has_prefix(text, "https://") && !g_str_has_prefix(text, "http://")) ||
        strlen(text) > URL_MOST || !g_utf8_validate(text, -1, NULL))
        return NULL;
    for (const char *at = text; *at != '\0'; at = g_utf8_next_char(at)) {
        gunichar character = g_utf8_get_char(at);
        if (!g_unichar_isgraph(character) || g_unichar_type(character) == G_UNICODE_FORMAT)
            return NULL;
    }
    return g_strdup(text);
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

static gboolean all_are_over(const CwWarning *warning)
{
    for (guint i = 0; i < warning->infos->len; i++) {
        if (!((const CwWarningInfo *)g_ptr_array_index(warning->infos, i))->is_over)
            return FALSE;
    }
    return TRUE;
}

/* By which it is referred to.  (transfer full) */
static char *make_key(const char *sender, const char *id)
{
    return sender == NULL ? g_strdup(id) : g_strconcat(sender, ",", id, NULL);
}

void cw_warnings_add_reference(CwWarnings *warnings, CwWarning *warning, const char *sender,
                               const char *id)
{
    g_autofree char *plain = cw_warning_id(id);
    g_autofree char *whose = sender == NULL ? NULL : cw_warning_id(sender);

    if (warning->references->len < CW_WARNING_REFERENCES_MOST &&
        warnings->n_references++ < CW_WARNINGS_REFERENCES_MOST)
        g_ptr_array_add(warning->references, make_key(whose, plain));
}

static CwWarning *find(const GPtrArray *warnings, const CwWarning *as)
{
    for (guint i = warnings->len; i > 0; i--) { /* those of one id follow each other */
        CwWarning *warning = g_ptr_array_index(warnings, i - 1);
        if (g_str_equal(warning->id, as->id) && g_strcmp0(warning->sender, as->sender) == 0)
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
    CwWarning *same = find(ends ? warnings->ended : warnings->warnings, warning);
    if (same == NULL) {
        g_ptr_array_add(ends ? warnings->ended : warnings->warnings, warning);
        return;
    }
    while (warning->infos->len > 0)
        g_ptr_array_add(same->infos, g_ptr_array_steal_index(warning->infos, 0));
    while (warning->references->len > 0 && same->references->len < CW_WARNING_REFERENCES_MOST)
        g_ptr_array_add(same->references, g_ptr_array_steal_index(warning->references, 0));
    cw_warning_free(warning);
}

/* ---- which stand for which ---- */

/* Those that may be referred to: as "sender,id" and "id", without a sender as ",id" and "id". */
static GHashTable *index_of(const GPtrArray *warnings)
{
    GHashTable *index = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    for (guint i = 0; i < warnings->len; i++) {
        CwWarning *warning = g_ptr_array_index(warnings, i);
        g_hash_table_replace(
            index, make_key(warning->sender == NULL ? "" : warning->sender, warning->id), warning);
        if (!g_hash_table_contains(index, warning->id))
            g_hash_table_insert(index, g_strdup(warning->id), warning);
    }
    return index;
}

/* A reference may name the sender where the warning does not. */
static CwWarning *find_referred(GHashTable *index, const char *reference)
{
    CwWarning *warning = g_hash_table_lookup(index, reference);
    const char *comma = strchr(reference, ',');

    return warning != NULL || comma == NULL ? warning : g_hash_table_lookup(index, comma);
}

/* `visit` for each other one that it refers to. */
static void each_referred(GHashTable *index, CwWarning *from,
                          void (*visit)(CwWarning *warning, GQueue *queue), GQueue *queue)
{
    for (guint i = 0; i < from->references->len; i++) {
        CwWarning *warning = find_referred(index, g_ptr_array_index(from->references, i));
        if (warning != NULL && warning != from)
            visit(warning, queue);
    }
}

static void note_referred(CwWarning *warning, GQueue *unused)
{
    warning->is_referred_to = TRUE;
}

static void replace(CwWarning *warning, GQueue *queue)
{
    if (warning->is_replaced)
        return;
    warning->is_replaced = TRUE;
    g_queue_push_tail(queue, warning);
}

/* What begins at one that nothing refers to.  Of those that refer to each other in a circle, all
 * stay: which one counts is not known, and a warning too many harms less than none. */
static void find_replaced(CwWarnings *warnings)
{
    g_autoptr(GHashTable) index = index_of(warnings->warnings);
    g_auto(GQueue) queue = G_QUEUE_INIT;

    for (guint i = 0; i < warnings->warnings->len; i++)
        each_referred(index, g_ptr_array_index(warnings->warnings, i), note_referred, NULL);
    for (guint i = 0; i < warnings->warnings->len; i++) {
        CwWarning *warning = g_ptr_array_index(warnings->warnings, i);
        if (!warning->is_referred_to)
            g_queue_push_tail(&queue, warning);
    }
    for (guint i = 0; i < warnings->ended->len; i++)
        g_queue_push_tail(&queue, g_ptr_array_index(warnings->ended, i));
    while (!g_queue_is_empty(&queue))
        each_referred(index, g_queue_pop_head(&queue), replace, &queue);
}

/* Those that `leaves` says go into `to`, or are freed where it is NULL; the others stay in order.
 */
static void move(GPtrArray *from, GPtrArray *to, gboolean (*leaves)(const CwWarning *))
{
    guint count = from->len;
    g_autofree gpointer *all = g_ptr_array_steal(from, NULL);

    for (guint i = 0; i < count; i++) {
        if (!leaves(all[i]))
            g_ptr_array_add(from, all[i]);
        else if (to != NULL)
            g_ptr_array_add(to, all[i]);
        else
            cw_warning_free(all[i]);
    }
}

static gboolean is_replaced(const CwWarning *warning)
{
    return warning->is_replaced;
}

/* ---- how they are known ---- */

static void note_earlier(CwWarnings *warnings, CwWarning *warning, const char *key)
{
    char *sum = cw_warning_sum(key);

    g_hash_table_replace(warnings->successors, g_strdup(sum), warning);
    g_hash_table_add(warning->earlier, sum);
}

/* With and without the sender: some formats of a service say it, others do not. */
static void note_sums(CwWarnings *warnings, CwWarning *warning)
{
    g_autofree char *key = make_key(warning->sender, warning->id);
    g_autofree char *sum = cw_warning_sum(key);

    g_strlcpy(warning->sum, sum, sizeof warning->sum);
    warning->earlier = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (guint i = 0; i < warning->references->len; i++) {
        const char *reference = g_ptr_array_index(warning->references, i);
        const char *comma = strchr(reference, ',');
        g_autofree char *own = make_key(warning->sender, reference);
        note_earlier(warnings, warning, reference);
        if (comma != NULL)
            note_earlier(warnings, warning, comma + 1);
        else if (warning->sender != NULL)
            note_earlier(warnings, warning, own);
    }
}

/* Names count where there is no shape. */
static void fold_names(const CwWarning *warning)
{
    for (guint i = 0; i < warning->infos->len; i++) {
        const CwWarningInfo *info = g_ptr_array_index(warning->infos, i);
        for (guint k = 0; k < info->areas->len; k++) {
            CwWarningArea *area = g_ptr_array_index(info->areas, k);
            if (area->name != NULL && area->polygons->len == 0 && area->circles->len == 0)
                area->folded = cw_warning_fold(area->name);
        }
    }
}

void cw_warnings_end(CwWarnings *warnings)
{
    move(warnings->warnings, warnings->ended, all_are_over);
    for (guint i = 0; i < warnings->ended->len; i++) { /* some use the id of what it ends */
        CwWarning *ended = g_ptr_array_index(warnings->ended, i);
        ended->kind = CW_WARNING_CANCEL;
        g_ptr_array_add(ended->references, make_key(ended->sender, ended->id));
    }
    find_replaced(warnings);
    move(warnings->warnings, NULL, is_replaced);
    for (guint i = 0; i < warnings->warnings->len; i++) {
        CwWarning *warning = g_ptr_array_index(warnings->warnings, i);
        note_sums(warnings, warning);
        fold_names(warning);
        g_hash_table_insert(warnings->by_sum, warning->sum, warning);
    }
    for (guint i = 0; i < warnings->ended->len; i++) /* the end of it is what counts */
        note_sums(warnings, g_ptr_array_index(warnings->ended, i));
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
