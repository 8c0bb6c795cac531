/* tests/fuzz/fuzz-xml.c: any bytes as a stream, cut anywhere
 *
 * The first byte seeds the cuts.  Cut or whole, the same must be seen and the same be refused, and
 * what was read must come out of the writer in a form that reads back the same.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "component/xml.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

typedef struct {
    GString *seen;
    guint stanzas;
    gboolean opened, closed;
} Trace;

static void describe(const CwNode *node, guint level, GString *out)
{
    g_assert_cmpuint(level, <=, 8);
    g_assert_true(g_utf8_validate(node->text, -1, NULL));
    g_assert_true(g_utf8_validate(node->ns, -1, NULL));
    g_string_append_printf(out, "<%s|%s@%s", node->ns, node->name, node->lang ? node->lang : "");
    for (const CwAttr *attr = node->attrs; attr; attr = attr->next)
        g_string_append_printf(out, " %s|%s='%s'", attr->ns ? attr->ns : "", attr->name,
                               attr->value);
    g_string_append_printf(out, ">%s", node->text);
    for (const CwNode *child = node->first_child; child; child = child->next) {
        g_assert_true(child->parent == node);
        describe(child, level + 1, out);
    }
}

static void opened_cb(const CwNode *header, gpointer data)
{
    Trace *trace = data;

    g_assert_false(trace->opened);
    trace->opened = TRUE;
    describe(header, 0, trace->seen);
}

static void found_cb(const CwNode *stanza, gpointer data)
{
    g_string_assign(data, stanza->text);
}

static void nothing_cb(const CwNode *header, gpointer data)
{
}

static void over_cb(gpointer data)
{
}

static void check_round_trip(const CwNode *stanza)
{
    static const CwXmlEvents events = {nothing_cb, found_cb, over_cb};
    g_autoptr(GString) written = g_string_new("<s>");
    g_autoptr(GString) found = g_string_new(NULL);
    g_autoptr(GError) error = NULL;
    CwXmlLimits limits = {0};
    g_autoptr(CwXmlParser) parser = cw_xml_parser_new(&limits, &events, found);
    CwWriter writer;

    cw_writer_init(&writer, written);
    cw_writer_start(&writer, "m", stanza->ns);
    if (stanza->attrs)
        cw_writer_attr(&writer, "a", stanza->attrs->value);
    cw_writer_text(&writer, stanza->text);
    cw_writer_end(&writer);
    cw_xml_parser_feed(parser, written->str, written->len, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(found->str, ==, stanza->text);
}

static void stanza_cb(const CwNode *stanza, gpointer data)
{
    Trace *trace = data;

    g_assert_true(trace->opened && !trace->closed);
    trace->stanzas++;
    describe(stanza, 1, trace->seen);
    check_round_trip(stanza);
}

static void closed_cb(gpointer data)
{
    ((Trace *)data)->closed = TRUE;
    g_string_append(((Trace *)data)->seen, "]");
}

static void skipped_cb(const CwNode *stanza, const char *why, gpointer data)
{
    Trace *trace = data;

    g_assert_true(trace->opened && !trace->closed);
    g_assert_null(stanza->first_child);
    g_string_append_c(trace->seen, '(');
    describe(stanza, 1, trace->seen);
}

static gint parse(const guint8 *data, gsize size, guint32 seed, Trace *trace)
{
    static const CwXmlEvents events = {opened_cb, stanza_cb, closed_cb, skipped_cb};
    CwXmlLimits limits = {.stanza_size = 512, .depth = 8, .attributes = 6};
    g_autoptr(CwXmlParser) parser = cw_xml_parser_new(&limits, &events, trace);
    gboolean fine = TRUE;
    gint code = -1;

    for (gsize at = 0; at < size && fine;) {
        g_autoptr(GError) error = NULL;
        gsize piece = size - at;

        if (seed) {
            seed = seed * 1103515245 + 12345;
            piece = MIN(piece, 1 + (seed >> 16) % 9);
        }
        fine = cw_xml_parser_feed(parser, (const char *)data + at, piece, &error);
        g_assert_true(fine == (error == NULL));
        if (!fine) {
            g_assert_true(error->domain == CW_XML_ERROR);
            code = error->code;
        }
        at += piece;
    }
    return code;
}

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
    if (size < 1)
        return 0;

    Trace whole = {.seen = g_string_new(NULL)}, cut = {.seen = g_string_new(NULL)};
    gint code = parse(data + 1, size - 1, 0, &whole);
    gint cut_code = parse(data + 1, size - 1, data[0] + 1U, &cut);

    /* "x]]>" between stanzas is wrong in two ways, and expat reports the text before the brackets
     * only when the brackets have not come yet */
    if (cut_code == CW_XML_ERROR_INVALID && code == CW_XML_ERROR_NOT_WELL_FORMED)
        code = cut_code;
    g_assert_cmpint(code, ==, cut_code);
    g_assert_cmpstr(whole.seen->str, ==, cut.seen->str);
    g_assert_cmpuint(whole.stanzas, ==, cut.stanzas);
    g_string_free(whole.seen, TRUE);
    g_string_free(cut.seen, TRUE);
    return 0;
}
