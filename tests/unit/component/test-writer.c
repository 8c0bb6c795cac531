/* tests/unit/component/test-writer.c: nothing that goes in makes what comes out ill-formed
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "component/xml.h"

#include <string.h>

static void assert_text(const char *text, const char *expected)
{
    g_autoptr(GString) out = g_string_new(NULL);
    g_autofree char *whole = g_strdup_printf("<b>%s</b>", expected);
    CwWriter writer;

    cw_writer_init(&writer, out);
    cw_writer_leaf(&writer, "b", NULL, text);
    g_assert_cmpstr(out->str, ==, whole);
}

static void assert_attribute(const char *text, const char *expected)
{
    g_autoptr(GString) out = g_string_new(NULL);
    g_autofree char *whole = g_strdup_printf("<b a='%s'/>", expected);
    CwWriter writer;

    cw_writer_init(&writer, out);
    cw_writer_start(&writer, "b", NULL);
    cw_writer_attr(&writer, "a", text);
    cw_writer_end(&writer);
    g_assert_cmpstr(out->str, ==, whole);
}

#define FFFD "\xEF\xBF\xBD"

static void writer__writes__nested_elements(void)
{
    g_autoptr(GString) out = g_string_new(NULL);
    CwWriter writer;

    cw_writer_init(&writer, out);
    cw_writer_start(&writer, "message", NULL);
    cw_writer_attr(&writer, "to", "a@b");
    cw_writer_attr(&writer, "id", NULL);
    cw_writer_leaf(&writer, "body", NULL, "hi");
    cw_writer_leaf(&writer, "active", "http://jabber.org/protocol/chatstates", NULL);
    cw_writer_start(&writer, "x", "urn:x");
    cw_writer_leaf(&writer, "y", NULL, "");
    cw_writer_text(&writer, NULL);
    cw_writer_text(&writer, "tail");
    cw_writer_end(&writer);
    cw_writer_end(&writer);
    g_assert_cmpstr(out->str, ==,
                    "<message to='a@b'><body>hi</body>"
                    "<active xmlns='http://jabber.org/protocol/chatstates'/>"
                    "<x xmlns='urn:x'><y/>tail</x></message>");
    g_assert_cmpuint(writer.depth, ==, 0);
}

static void writer__escapes__markup(void)
{
    assert_text("<&>\"'", "&lt;&amp;&gt;\"'");
    assert_text("a ]]> b", "a ]]&gt; b");
    assert_text("<!-- &foo; -->", "&lt;!-- &amp;foo; --&gt;");
    assert_attribute("<&>\"'", "&lt;&amp;&gt;&quot;&apos;");
}

static void writer__keeps__line_ends_and_tabs(void)
{
    assert_text("a\nb\tc\rd", "a\nb\tc&#13;d");
    assert_attribute("a\nb\tc\rd", "a&#10;b&#9;c&#13;d");
}

static void writer__replaces__characters_that_xml_forbids(void)
{
    assert_text("a\x01"
                "b\x1F\x0B",
                "a" FFFD "b" FFFD FFFD);
    assert_text("\x7F\xC2\x85", "\x7F\xC2\x85"); /* discouraged, not forbidden */
    assert_text("\xEF\xBF\xBE|\xEF\xBF\xBF", FFFD "|" FFFD);
    assert_text("\xEF\xBF\xBD", FFFD);
    assert_text("\xEE\x80\x80", "\xEE\x80\x80");
    assert_attribute("\x02", FFFD);
}

static void writer__replaces__broken_utf8(void)
{
    assert_text("\xC0\x80", FFFD FFFD);          /* overlong NUL */
    assert_text("\xE0\x80\xAF", FFFD FFFD FFFD); /* overlong '/' */
    assert_text("\xED\xA0\x80", FFFD FFFD FFFD); /* surrogate */
    assert_text("\xF4\x90\x80\x80x", FFFD FFFD FFFD FFFD "x");
    assert_text("\xF0\x80\x80\x80", FFFD FFFD FFFD FFFD);
    assert_text("\xFE\xFF\x80", FFFD FFFD FFFD);
    assert_text("caf\xE9", "caf" FFFD); /* Latin-1, cut by the end */
    assert_text("\xE2\x82"
                "x",
                FFFD "x"); /* one for a character that was cut */
    assert_text("\xF0\x9F\x98", FFFD);
    assert_text("\xF0\x9F\x98<", FFFD "&lt;");
    assert_text("\xF0\x9F\x98\x80\xC3\xA9", "\xF0\x9F\x98\x80\xC3\xA9");
}

static void ignore_node(const CwNode *node, gpointer data)
{
}

static void take_stanza(const CwNode *node, gpointer data)
{
    char **texts = data;

    texts[0] = g_strdup(node->text);
    texts[1] = g_strdup(cw_node_attr(node, "a"));
}

static void ignore_end(gpointer data)
{
}

/* Random bytes: what is written parses, and text that was good comes back the same. */
static void writer__is_always_well_formed__over_random_bytes(void)
{
    static const CwXmlEvents events = {ignore_node, take_stanza, ignore_end};
    static const char bits[][5] = {"<",        "&",    ">",    "]]>",      "\r",   "\n",
                                   "\xC3\xA9", "\xED", "\xA0", "\xEF\xBF", "\xBE", "\xF0\x9F",
                                   "\x80",     "a",    "'",    "\""};
    g_autoptr(GRand) random = g_rand_new_with_seed(7);

    for (int round = 0; round < 20000; round++) {
        g_autoptr(GString) in = g_string_new(NULL);
        g_autoptr(GString) out = g_string_new("<s>");
        g_autoptr(GError) error = NULL;
        char *texts[2] = {NULL, NULL};
        CwXmlLimits limits = {0};
        CwWriter writer;

        for (int i = g_rand_int_range(random, 0, 12); i > 0; i--) {
            if (g_rand_boolean(random))
                g_string_append(in, bits[g_rand_int_range(random, 0, G_N_ELEMENTS(bits))]);
            else
                g_string_append_c(in, (char)g_rand_int_range(random, 1, 256));
        }
        cw_writer_init(&writer, out);
        cw_writer_start(&writer, "m", NULL);
        cw_writer_attr(&writer, "a", in->str);
        cw_writer_text(&writer, in->str);
        cw_writer_end(&writer);

        CwXmlParser *parser = cw_xml_parser_new(&limits, &events, texts);
        cw_xml_parser_feed(parser, out->str, out->len, &error);
        g_assert_no_error(error);
        g_assert_nonnull(texts[0]);
        g_assert_cmpstr(texts[0], ==, texts[1]);
        if (g_utf8_validate(in->str, -1, NULL)) {
            gboolean allowed = TRUE;

            for (const char *p = in->str; *p; p = g_utf8_next_char(p)) {
                gunichar c = g_utf8_get_char(p);
                if ((c < 0x20 && !strchr("\t\n\r", (int)c)) || c == 0xFFFE || c == 0xFFFF)
                    allowed = FALSE;
            }
            if (allowed)
                g_assert_cmpstr(texts[0], ==, in->str);
        }
        cw_xml_parser_free(parser);
        g_free(texts[0]);
        g_free(texts[1]);
    }
}

static void xml_escape__serves__both_places(void)
{
    g_autoptr(GString) out = g_string_new(NULL);

    cw_xml_escape(out, "a\n<'", -1);
    cw_xml_escape(out, "bcd", 1);
    cw_xml_escape(out, "a\0b", 3);
    g_assert_cmpstr(out->str, ==, "a&#10;&lt;&apos;ba" FFFD "b");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name) g_test_add_func("/writer/" #name, name)
    ADD(writer__writes__nested_elements);
    ADD(writer__escapes__markup);
    ADD(writer__keeps__line_ends_and_tabs);
    ADD(writer__replaces__characters_that_xml_forbids);
    ADD(writer__replaces__broken_utf8);
    ADD(writer__is_always_well_formed__over_random_bytes);
    ADD(xml_escape__serves__both_places);
    return g_test_run();
}
