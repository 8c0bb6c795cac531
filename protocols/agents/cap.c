/* protocols/agents/cap.c: the Common Alerting Protocol 1.2 in XML: an <alert>, or a feed of entries
 *
 *     alert                      identifier status msgType scope references
 *       info, for each language  event severity urgency certainty headline description expires …
 *         area                   areaDesc polygon circle geocode
 *
 * An entry of a feed (Atom, RSS) holds elements of all three side by side, or a whole <alert>.
 * Whatever namespace they are in: there are those of 1.0, 1.1 and 1.2, and feeds with none.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "protocols/agents/warning.h"

#include <math.h>
#include <string.h>

#include "protocols/agents/feed.h"
#include "protocols/agents/text.h"
#include "protocols/agents/xml.h"

#define NAME_MOST 80   /* characters */
#define TITLE_MOST 300 /* the same */
#define TEXT_MOST 1500 /* the same */
#define KM_MOST 20100  /* half around the world */

typedef struct {
    CwXml *xml; /* while an event is handled */
    CwWarnings *warnings;
    gboolean is_known; /* the root is one of ours */
    guint count;       /* of alerts, entries */
    guint points;      /* in all */
    /* what is open, and how deep that is; 0: none */
    CwWarning *warning;
    CwWarningInfo *info;
    CwWarningArea *area;
    guint warning_depth, info_depth, area_depth, code_depth;
    gboolean is_entry;
    /* of the warning */
    char *status, *type, *scope, *sender, *identifier, *atom_id, *title;
    char *code; /* the name of a geocode */
    /* the element without others in it that is open */
    GString *name, *text;
    guint leaf_depth; /* 0: none */
} Reader;

/* ---- containers ---- */

static void clear_words(Reader *reader)
{
    g_clear_pointer(&reader->status, g_free);
    g_clear_pointer(&reader->type, g_free);
    g_clear_pointer(&reader->scope, g_free);
    g_clear_pointer(&reader->sender, g_free);
    g_clear_pointer(&reader->identifier, g_free);
    g_clear_pointer(&reader->atom_id, g_free);
    g_clear_pointer(&reader->title, g_free);
    g_clear_pointer(&reader->code, g_free);
}

static void drop_warning(Reader *reader)
{
    g_clear_pointer(&reader->area, cw_warning_area_free);
    g_clear_pointer(&reader->info, cw_warning_info_free);
    g_clear_pointer(&reader->warning, cw_warning_free);
    reader->warning_depth = reader->info_depth = reader->area_depth = reader->code_depth = 0;
    clear_words(reader);
}

static void begin_info(Reader *reader, guint depth)
{
    reader->info = cw_warning_info_new();
    reader->info_depth = depth;
}

static void begin_area(Reader *reader, guint depth)
{
    reader->area = cw_warning_area_new();
    reader->area_depth = depth;
}

static void begin_warning(Reader *reader, guint depth, gboolean is_entry)
{
    drop_warning(reader); /* an alert in an entry says all that the entry does */
    if (++reader->count > CW_WARNINGS_MOST) {
        cw_xml_refuse(reader->xml, "too many warnings");
        return;
    }
    reader->warning = cw_warning_new();
    reader->warning_depth = depth;
    reader->is_entry = is_entry;
    if (!is_entry)
        return;
    begin_info(reader, depth);
    begin_area(reader, depth);
}

static void end_area(Reader *reader)
{
    CwWarningArea *area = g_steal_pointer(&reader->area);
    gboolean says_nothing = area->name == NULL && area->codes->len == 0 &&
                            area->polygons->len == 0 && area->circles->len == 0;

    reader->area_depth = 0;
    if (reader->info == NULL || says_nothing)
        cw_warning_area_free(area);
    else if (reader->info->areas->len >= CW_WARNING_AREAS_MOST) {
        cw_warning_area_free(area);
        cw_xml_refuse(reader->xml, "too many areas");
    } else {
        g_ptr_array_add(reader->info->areas, area);
    }
}

static void end_info(Reader *reader)
{
    CwWarningInfo *info = g_steal_pointer(&reader->info);

    reader->info_depth = 0;
    if (info->event == NULL && info->severity != CW_SEVERITY_UNKNOWN)
        info->event = g_strdup(info->headline != NULL ? info->headline : reader->title);
    if (info->headline == NULL)
        info->headline = g_strdup(reader->title);
    if (reader->warning == NULL || info->event == NULL) {
        cw_warning_info_free(info);
    } else if (reader->warning->infos->len >= CW_WARNING_INFOS_MOST) {
        cw_warning_info_free(info);
        cw_xml_refuse(reader->xml, "too much about one warning");
    } else {
        g_ptr_array_add(reader->warning->infos, info);
    }
}

static void end_warning(Reader *reader)
{
    if (reader->is_entry) {
        end_area(reader);
        end_info(reader);
    }
    CwWarning *warning = g_steal_pointer(&reader->warning);
    const char *id = reader->identifier != NULL ? reader->identifier : reader->atom_id;
    if (id != NULL)
        warning->id = g_strdup(id);
    if (reader->identifier != NULL)
        warning->sender = g_steal_pointer(&reader->sender);
    if (cw_warning_take_kind(warning, reader->status, reader->type, reader->scope))
        cw_warnings_add(reader->warnings, warning);
    else
        cw_warning_free(warning);
    drop_warning(reader);
}

/* ---- shapes ---- */

/* The next number of "38.47,-120.14 38.34,-119.95"; FALSE: there is none. */
static gboolean next_number(const char **at, double *number)
{
    char *end;

    while (**at == ',' || g_ascii_isspace(**at))
        (*at)++;
    *number = g_ascii_strtod(*at, &end);
    if (end == *at || !isfinite(*number))
        return FALSE;
    *at = end;
    return TRUE;
}

static void take_polygon(Reader *reader, const char *text)
{
    g_autoptr(GArray) points = g_array_new(FALSE, FALSE, sizeof(CwWarningPoint));
    CwWarningPoint point;

    while (next_number(&text, &point.latitude) && next_number(&text, &point.longitude)) {
        g_array_append_val(points, point);
        if (++reader->points > CW_WARNING_POINTS_MOST) {
            cw_xml_refuse(reader->xml, "its shapes have too many corners");
            return;
        }
    }
    cw_warning_area_add_polygon(reader->area, g_steal_pointer(&points));
}

static void take_circle(Reader *reader, const char *text)
{
    CwWarningCircle circle;

    if (!next_number(&text, &circle.at.latitude) || !next_number(&text, &circle.at.longitude) ||
        !next_number(&text, &circle.radius) || fabs(circle.at.latitude) > 90 ||
        fabs(circle.at.longitude) > 180 || circle.radius < 0 || circle.radius > KM_MOST)
        return;
    if (++reader->points > CW_WARNING_POINTS_MOST)
        cw_xml_refuse(reader->xml, "its shapes have too many corners");
    else
        g_array_append_val(reader->area->circles, circle);
}

/* ---- texts ---- */

static void keep(char **place, const char *text, gsize most)
{
    if (*place != NULL)
        return;
    char *plain = cw_text_from_html(text, most);
    if (*plain != '\0')
        *place = plain;
    else
        g_free(plain);
}

static void keep_id(char **place, const char *text)
{
    if (*place == NULL && *text != '\0')
        *place = cw_warning_id(text);
}

static void keep_url(char **place, const char *text)
{
    if (*place == NULL)
        *place = cw_warning_url(text);
}

/* "sender,identifier,sent sender,identifier,sent" */
static void take_references(Reader *reader, const char *text)
{
    g_auto(GStrv) references = g_strsplit_set(text, " \t\r\n", CW_WARNING_REFERENCES_MOST + 1);

    for (guint i = 0; references[i] != NULL && i < CW_WARNING_REFERENCES_MOST; i++) {
        g_auto(GStrv) parts = g_strsplit(references[i], ",", 3);
        gboolean is_whole = g_strv_length(parts) > 1 && *parts[0] != '\0';
        const char *id = g_strv_length(parts) > 1 ? parts[1] : references[i];
        if (*id != '\0')
            cw_warnings_add_reference(reader->warnings, reader->warning, is_whole ? parts[0] : NULL,
                                      id);
    }
}

static gboolean take_of_warning(Reader *reader, const char *name, const char *text)
{
    if (g_str_equal(name, "identifier"))
        keep_id(&reader->identifier, text);
    else if (g_str_equal(name, "sender"))
        keep_id(&reader->sender, text);
    else if (g_str_equal(name, "status"))
        keep(&reader->status, text, NAME_MOST);
    else if (g_str_equal(name, "msgType") || g_str_equal(name, "message_type"))
        keep(&reader->type, text, NAME_MOST);
    else if (g_str_equal(name, "scope"))
        keep(&reader->scope, text, NAME_MOST);
    else if (g_str_equal(name, "references"))
        take_references(reader, text);
    else if (reader->is_entry && (g_str_equal(name, "id") || g_str_equal(name, "guid")))
        keep_id(&reader->atom_id, text);
    else if (reader->is_entry && g_str_equal(name, "title"))
        keep(&reader->title, text, TITLE_MOST);
    else
        return FALSE;
    return TRUE;
}

static gboolean take_time(CwWarningInfo *info, const char *name, const char *text)
{
    if (g_str_equal(name, "onset") || (g_str_equal(name, "effective") && info->begins == 0))
        info->begins = cw_feed_parse_date(text);
    else if (g_str_equal(name, "expires"))
        info->expires = cw_feed_parse_date(text);
    else
        return FALSE;
    return TRUE;
}

static void take_of_info(CwWarningInfo *info, const char *name, const char *text)
{
    const struct {
        const char *name;
        char **to;
        gsize most;
    } texts[] = {
        {"language", &info->language, NAME_MOST},
        {"event", &info->event, NAME_MOST},
        {"headline", &info->headline, TITLE_MOST},
        {"description", &info->text, TEXT_MOST},
        {"summary", &info->text, TEXT_MOST},
        {"urgency", &info->urgency, NAME_MOST},
        {"instruction", &info->instruction, TEXT_MOST},
        {"certainty", &info->certainty, NAME_MOST},
    };

    for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
        if (g_str_equal(texts[i].name, name))
            keep(texts[i].to, text, texts[i].most);
    }
    if (g_str_equal(name, "severity"))
        info->severity = cw_severity_from_string(text);
    else if (g_str_equal(name, "web") || g_str_equal(name, "link"))
        keep_url(&info->url, text);
    info->is_over |= (g_str_equal(name, "responseType") && g_str_equal(text, "AllClear")) ||
                     (g_str_equal(name, "urgency") && g_str_equal(text, "Past"));
}

static void take_of_area(Reader *reader, const char *name, const char *text)
{
    if (g_str_equal(name, "areaDesc"))
        keep(&reader->area->name, text, CW_WARNING_NAMES_MOST);
    else if (g_str_equal(name, "polygon"))
        take_polygon(reader, text);
    else if (g_str_equal(name, "circle"))
        take_circle(reader, text);
}

static void take_code(Reader *reader, const char *name, const char *text)
{
    if (g_str_equal(name, "valueName")) {
        g_free(reader->code);
        reader->code = cw_text_from_html(text, NAME_MOST);
    } else if (g_str_equal(name, "value") && reader->area->codes->len < CW_WARNING_CODES_MOST) {
        g_autofree char *value = cw_text_from_html(text, NAME_MOST);
        g_ptr_array_add(reader->area->codes,
                        g_strdup_printf("%s=%s", reader->code == NULL ? "" : reader->code, value));
    }
}

static void take(Reader *reader, const char *name, const char *text, guint depth)
{
    guint parent = depth - 1;

    if (reader->warning == NULL || parent == 0)
        return;
    if (parent == reader->code_depth && reader->area != NULL)
        take_code(reader, name, text);
    else if (parent == reader->area_depth && !reader->is_entry)
        take_of_area(reader, name, text);
    else if (parent == reader->info_depth && !reader->is_entry) {
        if (!take_time(reader->info, name, text))
            take_of_info(reader->info, name, text);
    } else if (parent == reader->warning_depth && !take_of_warning(reader, name, text) &&
               reader->is_entry) {
        if (!take_time(reader->info, name, text))
            take_of_info(reader->info, name, text);
        take_of_area(reader, name, text);
    }
}

/* ---- elements ---- */

/* Atom: people are led to a page rather than to XML. */
static void take_link(Reader *reader, const char **attributes)
{
    const char *href = cw_xml_attribute(attributes, "href");
    const char *type = cw_xml_attribute(attributes, "type");
    const char *rel = cw_xml_attribute(attributes, "rel");

    if (rel != NULL && !g_str_equal(rel, "alternate"))
        return;
    if (type == NULL || strstr(type, "cap") == NULL)
        g_clear_pointer(&reader->info->url, g_free);
    keep_url(&reader->info->url, href);
}

static void start_cb(CwXml *xml, const char *ns, const char *name, const char **attributes,
                     gpointer data)
{
    Reader *reader = data;
    guint depth = cw_xml_depth(xml);

    reader->xml = xml;
    reader->leaf_depth = depth;
    g_string_assign(reader->name, name);
    g_string_truncate(reader->text, 0);
    if (depth == 1) {
        static const char *const roots[] = {"alert", "feed", "rss", NULL};
        reader->is_known = g_strv_contains(roots, name);
        if (!reader->is_known)
            cw_xml_refuse(xml, "neither CAP nor a feed of it");
    }
    if (g_str_equal(name, "alert"))
        begin_warning(reader, depth, FALSE);
    else if (reader->warning == NULL && (g_str_equal(name, "entry") || g_str_equal(name, "item")))
        begin_warning(reader, depth, TRUE);
    if (reader->warning == NULL || depth == reader->warning_depth)
        return;
    if (g_str_equal(name, "info") && reader->info == NULL)
        begin_info(reader, depth);
    else if (g_str_equal(name, "area") && reader->info != NULL && reader->area == NULL)
        begin_area(reader, depth);
    else if (g_str_equal(name, "geocode") && reader->area != NULL)
        reader->code_depth = depth;
    else if (reader->is_entry && g_str_equal(name, "link") &&
             cw_xml_attribute(attributes, "href") != NULL)
        take_link(reader, attributes);
}

static void text_cb(const char *text, gsize length, gpointer data)
{
    Reader *reader = data;

    if (reader->warning != NULL && reader->leaf_depth != 0)
        g_string_append_len(reader->text, text, (gssize)length);
}

static void end_cb(CwXml *xml, gpointer data)
{
    Reader *reader = data;
    guint depth = cw_xml_depth(xml);

    reader->xml = xml;
    if (depth == reader->leaf_depth)
        take(reader, reader->name->str, g_strstrip(reader->text->str), depth);
    reader->leaf_depth = 0;
    if (depth == reader->code_depth)
        reader->code_depth = 0;
    if (reader->warning != NULL && depth == reader->warning_depth)
        end_warning(reader);
    else if (reader->area != NULL && depth == reader->area_depth)
        end_area(reader);
    else if (reader->info != NULL && depth == reader->info_depth)
        end_info(reader);
}

/* ---- the whole ---- */

/* `charset` nullable. */
static CwWarnings *read_as(const char *data, gsize length, const char *charset, GError **error)
{
    static const CwXmlEvents events = {.start = start_cb, .end = end_cb, .text = text_cb};
    g_autoptr(CwWarnings) warnings = cw_warnings_new();
    Reader reader = {.warnings = warnings, .name = g_string_new(NULL), .text = g_string_new(NULL)};
    gboolean good = cw_xml_read(data, length, charset, &events, &reader, error);

    drop_warning(&reader);
    g_string_free(reader.name, TRUE);
    g_string_free(reader.text, TRUE);
    if (!good)
        return NULL;
    cw_warnings_end(warnings);
    return g_steal_pointer(&warnings);
}

CwWarnings *cw_warnings_read_cap(const char *data, gsize length, const char *charset,
                                 GError **error)
{
    const char *named = cw_xml_charset(charset);
    CwWarnings *warnings = named == NULL ? NULL : read_as(data, length, named, NULL);

    /* servers say what they are set to, documents what they are written in */
    return warnings != NULL ? warnings : read_as(data, length, NULL, error);
}
