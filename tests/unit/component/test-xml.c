/* tests/unit/component/test-xml.c: the stream parser, its limits and what it refuses
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "component/xml.h"

#include <string.h>

#include "transport/arena.h"

#define HEADER                                                                                     \
    "<stream:stream xmlns='jabber:component:accept' "                                              \
    "xmlns:stream='http://etherx.jabber.org/streams' id='s1' from='icq.example.com'>"

/* What came, as text: "[header]", "{stanza}" in a notation of our own, "]" for the end. */
typedef struct {
    CwXmlParser *parser;
    GString *seen;
    gboolean stop_in_opened, stop_in_stanza;
} Trace;

static void describe(const CwNode *node, GString *out)
{
    g_string_append_printf(out, "<%s|%s", node->ns, node->name);
    if (node->lang)
        g_string_append_printf(out, "@%s", node->lang);
    for (const CwAttr *attr = node->attrs; attr; attr = attr->next)
        g_string_append_printf(out, " %s%s%s=%s", attr->ns ? attr->ns : "", attr->ns ? "|" : "",
                               attr->name, attr->value);
    g_string_append_c(out, '>');
    g_string_append(out, node->text);
    for (const CwNode *child = node->first_child; child; child = child->next) {
        g_assert_true(child->parent == node);
        describe(child, out);
    }
    g_string_append(out, "</>");
}

static void opened_cb(const CwNode *header, gpointer data)
{
    Trace *trace = data;

    g_assert_null(header->parent);
    g_assert_null(header->first_child);
    g_string_append(trace->seen, "[");
    describe(header, trace->seen);
    if (trace->stop_in_opened)
        cw_xml_parser_stop(trace->parser);
}

static void stanza_cb(const CwNode *stanza, gpointer data)
{
    Trace *trace = data;

    g_assert_null(stanza->parent);
    g_assert_null(stanza->next);
    g_string_append(trace->seen, "{");
    describe(stanza, trace->seen);
    g_string_append(trace->seen, "}");
    if (trace->stop_in_stanza)
        cw_xml_parser_stop(trace->parser);
}

static void closed_cb(gpointer data)
{
    g_string_append(((Trace *)data)->seen, "]");
}

static void skipped_cb(const CwNode *stanza, const char *why, gpointer data)
{
    Trace *trace = data;

    g_assert_null(stanza->parent);
    g_assert_cmpstr(why, !=, "");
    g_string_append(trace->seen, "(");
    describe(stanza, trace->seen);
    g_string_append(trace->seen, ")");
}

static const CwXmlEvents events = {opened_cb, stanza_cb, closed_cb, skipped_cb};

static void trace_begin(Trace *trace, const CwXmlLimits *limits)
{
    static const CwXmlLimits none;

    *trace = (Trace){.seen = g_string_new(NULL)};
    trace->parser = cw_xml_parser_new(limits ? limits : &none, &events, trace);
}

static void trace_end(Trace *trace)
{
    cw_xml_parser_free(trace->parser);
    g_string_free(trace->seen, TRUE);
}

static void feed(Trace *trace, const char *text)
{
    g_autoptr(GError) error = NULL;

    cw_xml_parser_feed(trace->parser, text, strlen(text), &error);
    g_assert_no_error(error);
}

/* What the stanza `text` is read as. */
static void assert_stanza(const char *text, const char *expected)
{
    Trace trace;

    trace_begin(&trace, NULL);
    feed(&trace, HEADER);
    g_string_truncate(trace.seen, 0);
    feed(&trace, text);
    g_assert_cmpstr(trace.seen->str, ==, expected);
    trace_end(&trace);
}

static void assert_refused(const CwXmlLimits *limits, const char *text, gint code)
{
    g_autoptr(GError) whole = NULL;
    g_autoptr(GError) again = NULL;
    g_autoptr(GError) cut = NULL;
    gsize length = strlen(text);
    Trace trace;

    trace_begin(&trace, limits);
    g_assert_false(cw_xml_parser_feed(trace.parser, text, length, &whole));
    g_assert_error(whole, CW_XML_ERROR, code);
    /* it takes no more */
    g_assert_false(cw_xml_parser_feed(trace.parser, HEADER, strlen(HEADER), &again));
    g_assert_error(again, CW_XML_ERROR, code);
    trace_end(&trace);

    /* a huge tag byte by byte would be looked at from its start each time */
    gsize size = length < 8192 ? 1 : 1021;
    trace_begin(&trace, limits);
    for (gsize i = 0; i < length && !cut; i += size)
        cw_xml_parser_feed(trace.parser, text + i, MIN(size, length - i), &cut);
    g_assert_error(cut, CW_XML_ERROR, code);
    trace_end(&trace);
}

/* The stanza `text` is left out, seen as `expected`, and the next one is read; cut or whole. */
static void assert_skipped(const CwXmlLimits *limits, const char *text, const char *expected)
{
    g_autofree char *all = g_strconcat(HEADER, text, "<after/>", NULL);
    g_autofree char *seen = g_strconcat(expected, "{<jabber:component:accept|after></>}", NULL);
    const gsize sizes[] = {strlen(all), 1021, 7};

    for (guint i = 0; i < G_N_ELEMENTS(sizes); i++) {
        Trace trace;
        trace_begin(&trace, limits);
        for (gsize at = 0; at < strlen(all); at += sizes[i]) {
            g_autoptr(GError) error = NULL;
            cw_xml_parser_feed(trace.parser, all + at, MIN(sizes[i], strlen(all) - at), &error);
            g_assert_no_error(error);
        }
        g_assert_true(g_str_has_suffix(trace.seen->str, seen));
        trace_end(&trace);
    }
}

/* ---- reading ---- */

static void xml_parse__reads__header_stanza_and_end(void)
{
    Trace trace;

    trace_begin(&trace, NULL);
    feed(&trace, "<?xml version=\"1.0\" encoding='UTF-8'?>\n" HEADER);
    g_assert_cmpstr(trace.seen->str, ==,
                    "[<http://etherx.jabber.org/streams|stream id=s1 from=icq.example.com></>");
    g_string_truncate(trace.seen, 0);
    feed(&trace, "<handshake/><message to='a'><body>hi</body></message></stream:stream>");
    g_assert_cmpstr(trace.seen->str, ==,
                    "{<jabber:component:accept|handshake></>}"
                    "{<jabber:component:accept|message to=a>"
                    "<jabber:component:accept|body>hi</></>}]");
    feed(&trace, "what comes behind the end is nobody's");
    trace_end(&trace);
}

static void xml_parse__reads__input_cut_at_every_byte(void)
{
    const char *text = "<?xml version='1.0'?>" HEADER
                       "\n <a:m xmlns:a='urn:a' a:x='1' y=\"&lt;2\">t&#xe9;xt <![CDATA[<&>]]>\r\n"
                       "<b xml:lang='de'/>tail</a:m> <handshake></handshake></stream:stream>\n";
    gsize length = strlen(text);
    Trace whole;

    trace_begin(&whole, NULL);
    feed(&whole, text);
    g_assert_nonnull(strstr(whole.seen->str, "<urn:a|m urn:a|x=1 y=<2>t\xC3\xA9xt <&>\ntail"));
    for (gsize size = 1; size < length; size++) {
        Trace cut;

        trace_begin(&cut, NULL);
        for (gsize at = 0; at < length; at += size) {
            g_autofree char *piece = g_strndup(text + at, MIN(size, length - at));
            feed(&cut, piece);
        }
        g_assert_cmpstr(cut.seen->str, ==, whole.seen->str);
        trace_end(&cut);
    }
    trace_end(&whole);
}

static void xml_parse__sees_at_once__a_start_tag_in_three_reads(void)
{
    Trace trace;

    /* a library that defers its second look would hold the stanza back until more bytes came */
    trace_begin(&trace, NULL);
    feed(&trace, "<stream:stream xmlns='jabber:component:accept' xml");
    feed(&trace, "ns:stream='http://etherx.jabber.org/streams' i");
    feed(&trace, "d='s1'>");
    g_assert_cmpstr(trace.seen->str, ==, "[<http://etherx.jabber.org/streams|stream id=s1></>");

    g_string_truncate(trace.seen, 0);
    feed(&trace, "<message fr");
    feed(&trace, "om='a@b' to='");
    feed(&trace, "c'/>");
    g_assert_cmpstr(trace.seen->str, ==, "{<jabber:component:accept|message from=a@b to=c></>}");

    g_string_truncate(trace.seen, 0);
    g_autofree char *filler = g_strnfill(20000, 'x');
    feed(&trace, "<message to='");
    feed(&trace, filler);
    feed(&trace, "'/>");
    g_assert_cmpuint(trace.seen->len, >, 20000);
    trace_end(&trace);
}

static void xml_parse__joins__text_around_children(void)
{
    assert_stanza("<m>one<b/> two<b>in</b> three</m>", "{<jabber:component:accept|m>one two three"
                                                       "<jabber:component:accept|b></>"
                                                       "<jabber:component:accept|b>in</></>}");
    assert_stanza("<m> lead\nand trail </m>", "{<jabber:component:accept|m> lead\nand trail </>}");
    assert_stanza("<m>&amp;&lt;&gt;&quot;&apos;&#x1F600;</m>",
                  "{<jabber:component:accept|m>&<>\"'\xF0\x9F\x98\x80</>}");
}

static void xml_parse__joins__long_text_in_linear_time(void)
{
    g_autoptr(GString) stanza = g_string_new("<m>");
    guint lines = 200000;
    Trace trace;

    /* a callback a line, and a child that parts them */
    for (guint i = 0; i < lines; i++)
        g_string_append(stanza, i % 100 ? "line\n" : "<b/>\n");
    g_string_append(stanza, "</m>");
    trace_begin(&trace, NULL);
    feed(&trace, HEADER);
    gint64 before = g_get_monotonic_time();
    feed(&trace, stanza->str);
    g_assert_cmpint(g_get_monotonic_time() - before, <, 10 * G_USEC_PER_SEC);
    g_assert_cmpuint(trace.seen->len, >, 5 * lines - 5 * lines / 100);
    trace_end(&trace);
}

static void xml_parse__inherits__lang(void)
{
    Trace trace;

    trace_begin(&trace, NULL);
    feed(&trace, "<s:s xmlns:s='http://etherx.jabber.org/streams' xml:lang='en'>");
    feed(&trace, "<a><b xml:lang='fr'><c/></b><d xml:lang=''/></a>");
    g_assert_nonnull(strstr(trace.seen->str, "{<|a@en><|b@fr"));
    g_assert_nonnull(strstr(trace.seen->str, "<|c@fr>"));
    g_assert_nonnull(strstr(trace.seen->str, "<|d http://www.w3.org/XML/1998/namespace|lang=>"));
    trace_end(&trace);
}

static void xml_parse__ignores__whitespace_between_stanzas(void)
{
    CwXmlLimits limits = {.stanza_size = 200};
    g_autofree char *blanks = g_strnfill(10000, ' ');
    Trace trace;

    /* keep-alives do not add up to a stanza that is too large */
    trace_begin(&trace, &limits);
    feed(&trace, HEADER);
    for (int i = 0; i < 10; i++) {
        feed(&trace, blanks);
        feed(&trace, "\r\n\t<m/>");
    }
    g_assert_true(g_str_has_suffix(trace.seen->str, "{<jabber:component:accept|m></>}"));
    trace_end(&trace);
}

static void xml_node__finds__attributes_and_children(void)
{
    static const char *text =
        "<iq xmlns='jabber:component:accept'><q xmlns='urn:1'/><q xmlns='urn:2'>two</q>"
        "<q xmlns='urn:2'>three</q></iq>";
    Trace trace;

    /* a Trace is no help to look into nodes; the notation shows that order is kept */
    trace_begin(&trace, NULL);
    feed(&trace, HEADER);
    g_string_truncate(trace.seen, 0);
    feed(&trace, text);
    g_assert_cmpstr(
        trace.seen->str, ==,
        "{<jabber:component:accept|iq><urn:1|q></><urn:2|q>two</><urn:2|q>three</></>}");
    trace_end(&trace);

    CwAttr plain = {.name = "to", .value = "x"};
    CwAttr foreign = {.ns = "urn:f", .name = "to", .value = "y", .next = &plain};
    CwNode third = {.name = "q", .ns = "urn:2", .text = "three"};
    CwNode second = {.name = "q", .ns = "urn:2", .text = "two", .next = &third};
    CwNode first = {.name = "q", .ns = "urn:1", .text = "", .next = &second};
    CwNode node = {.name = "iq", .ns = "", .text = "", .attrs = &foreign, .first_child = &first};

    g_assert_cmpstr(cw_node_attr(&node, "to"), ==, "x");
    g_assert_null(cw_node_attr(&node, "from"));
    g_assert_true(cw_node_child(&node, NULL, NULL) == &first);
    g_assert_true(cw_node_child(&node, "q", "urn:2") == &second);
    g_assert_true(cw_node_next(&second, "q", "urn:2") == &third);
    g_assert_null(cw_node_next(&third, "q", "urn:2"));
    g_assert_null(cw_node_child(&node, "z", NULL));
    g_assert_cmpstr(cw_node_child_text(&node, "q", "urn:2"), ==, "two");
    g_assert_null(cw_node_child_text(&node, "z", NULL));
    g_assert_cmpuint(cw_node_n_children(&node), ==, 3);
    g_assert_true(cw_node_is(&node, "iq", NULL));
    g_assert_false(cw_node_is(&first, "q", "urn:2"));
}

/* ---- stopping ---- */

static void xml_stop__ends_parsing_behind_the_callback(void)
{
    Trace trace;

    trace_begin(&trace, NULL);
    trace.stop_in_stanza = TRUE;
    feed(&trace, HEADER "<a/><b/>");
    feed(&trace, "<c/>");
    g_assert_true(g_str_has_suffix(trace.seen->str, "{<jabber:component:accept|a></>}"));
    trace_end(&trace);

    trace_begin(&trace, NULL);
    trace.stop_in_opened = TRUE;
    feed(&trace, "<a/>");
    g_assert_cmpstr(trace.seen->str, ==, "[<|a></>");
    trace_end(&trace);
}

/* ---- refusing ---- */

static void xml_parse__refuses__what_is_restricted(void)
{
    gint code = CW_XML_ERROR_RESTRICTED;

    assert_refused(NULL, "<!DOCTYPE a><a>", code);
    assert_refused(NULL, "<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b 'c'>]><a>", code);
    assert_refused(NULL, "<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a>", code);
    assert_refused(NULL, HEADER "<!DOCTYPE a [<!ENTITY b 'c'>]>", code);
    assert_refused(NULL, HEADER "<m><!ENTITY b 'c'></m>", code);
    assert_refused(NULL, HEADER "<m>&foo;</m>", code);
    assert_refused(NULL, HEADER "<m a='&foo;'/>", code);
    assert_refused(NULL, HEADER "<!-- comment -->", code);
    assert_refused(NULL, HEADER "<m><!-- comment --></m>", code);
    assert_refused(NULL, "<!-- comment -->" HEADER, code);
    assert_refused(NULL, HEADER "<?php echo ?>", code);
}

static void xml_parse__refuses__a_billion_laughs_before_they_expand(void)
{
    g_autoptr(GString) bomb = g_string_new("<!DOCTYPE lolz [<!ENTITY l0 'lol'>");
    g_autoptr(GError) error = NULL;
    Trace trace;

    for (int i = 1; i < 10; i++) {
        g_string_append_printf(bomb, "<!ENTITY l%d '", i);
        for (int j = 0; j < 10; j++)
            g_string_append_printf(bomb, "&l%d;", i - 1);
        g_string_append(bomb, "'>");
    }
    g_string_append(bomb, "]><a>&l9;</a>");
    assert_refused(NULL, bomb->str, CW_XML_ERROR_RESTRICTED);

    /* refused at the name: no entity was declared, nothing behind it is needed */
    trace_begin(&trace, NULL);
    g_assert_false(cw_xml_parser_feed(trace.parser, "<!DOCTYPE lolz [", 16, &error));
    g_assert_error(error, CW_XML_ERROR, CW_XML_ERROR_RESTRICTED);
    trace_end(&trace);
}

static void xml_parse__refuses__what_is_not_well_formed(void)
{
    gint code = CW_XML_ERROR_NOT_WELL_FORMED;

    assert_refused(NULL, "hello world", code);
    assert_refused(NULL, HEADER "<m></n>", code);
    assert_refused(NULL, HEADER "<m a=b/>", code);
    assert_refused(NULL, HEADER "< m/>", code);
    assert_refused(NULL, HEADER "</m>", code);
    assert_refused(NULL, HEADER "<?xml version='1.0'?>", code);
}

static void xml_parse__refuses__broken_characters(void)
{
    gint code = CW_XML_ERROR_NOT_WELL_FORMED;

    assert_refused(NULL, HEADER "<m>\xC0\x80</m>", code);     /* overlong */
    assert_refused(NULL, HEADER "<m>\xED\xA0\x80</m>", code); /* surrogate */
    assert_refused(NULL, HEADER "<m>\x01</m>", code);         /* control */
    assert_refused(NULL, HEADER "<m>&#0;</m>", code);         /* NUL by number */
    assert_refused(NULL, HEADER "<m>&#x1F;</m>", code);       /* our separator by number */
    assert_refused(NULL,
                   HEADER "<m xmlns='a\x1F"
                          "b'/>",
                   code); /* and in a namespace */
    assert_refused(NULL, HEADER "<m>]]></m>", code);
    assert_refused(NULL, HEADER "<m a='1' a='2'/>", code);
    assert_refused(NULL, HEADER "<x:m/>", code); /* unbound prefix */
    /* Latin-1, whatever the declaration says: RFC 6120 11.6 */
    assert_refused(NULL, "<?xml version='1.0' encoding='ISO-8859-1'?><m>\xE9</m>", code);
}

/* RFC 6120 11.6: UTF-8 and nothing else, though expat would know more */
static void xml_parse__refuses__utf16(void)
{
    static const char header[] = "\xFF\xFE<\0s\0>\0<\0m\0/\0>\0";
    static const char zero[] = HEADER "<m>\0</m>";
    g_autoptr(GError) error = NULL;
    Trace trace;

    trace_begin(&trace, NULL);
    g_assert_false(cw_xml_parser_feed(trace.parser, header, sizeof header - 1, &error));
    g_assert_error(error, CW_XML_ERROR, CW_XML_ERROR_NOT_WELL_FORMED);
    g_assert_cmpstr(trace.seen->str, ==, "");
    trace_end(&trace);

    g_clear_error(&error);
    trace_begin(&trace, NULL);
    g_assert_false(cw_xml_parser_feed(trace.parser, zero, sizeof zero - 1, &error));
    g_assert_error(error, CW_XML_ERROR, CW_XML_ERROR_NOT_WELL_FORMED);
    trace_end(&trace);
}

static void xml_parse__refuses__text_between_stanzas(void)
{
    assert_refused(NULL, HEADER "x<m/>", CW_XML_ERROR_INVALID);
    assert_refused(NULL, HEADER "<m/>  x", CW_XML_ERROR_INVALID);
    assert_refused(NULL, HEADER "<![CDATA[x]]>", CW_XML_ERROR_INVALID);
}

static void xml_parse__limits__size(void)
{
    CwXmlLimits limits = {.stanza_size = 1000};
    g_autofree char *fits = g_strnfill(1000 - strlen("<m></m>"), 'x');
    g_autofree char *exact = g_strdup_printf(HEADER "<m>%s</m><m>%s</m>", fits, fits);
    g_autofree char *over = g_strdup_printf("<m f='a'>%s<b><c/></b>more</m>", fits);
    g_autofree char *filler = g_strnfill(5000, 'x');
    g_autofree char *in_tag = g_strdup_printf("<m f='a' a='%s'><b/></m>", filler);
    g_autofree char *in_child = g_strdup_printf("<m f='a'>x<b>y<c a='%s'>z</c></b>x</m>", filler);
    g_autofree char *in_header = g_strdup_printf("<a x='%s", filler);
    Trace trace;

    trace_begin(&trace, &limits);
    feed(&trace, exact);
    trace_end(&trace);
    assert_skipped(&limits, over, "(<jabber:component:accept|m f=a></>)");
    assert_skipped(&limits, in_child, "(<jabber:component:accept|m f=a></>)");
    assert_skipped(&limits, in_tag, "(<jabber:component:accept|m></>)");
    assert_refused(&limits, in_header, CW_XML_ERROR_LIMIT);
}

static void xml_parse__limits__absurd_size(void)
{
    CwXmlLimits limits = {.stanza_size = 1000};
    g_autofree char *filler = g_strnfill(1000 * CW_XML_ABSURD, 'x');
    g_autofree char *within = g_strdup_printf("<m>%.*s</m>", 1000 * CW_XML_ABSURD - 10, filler);
    g_autofree char *in_text = g_strdup_printf(HEADER "<m>%s", filler);
    g_autofree char *in_tag = g_strdup_printf(HEADER "<m a='%s", filler);
    g_autofree char *in_declaration = g_strdup_printf(HEADER "<m xmlns:%s", filler);
    g_autofree char *broken = g_strdup_printf(HEADER "<m>%.5000s</n>", filler);

    assert_skipped(&limits, within, "(<jabber:component:accept|m></>)");
    assert_refused(&limits, in_text, CW_XML_ERROR_LIMIT);
    assert_refused(&limits, in_tag, CW_XML_ERROR_LIMIT);
    assert_refused(&limits, in_declaration, CW_XML_ERROR_LIMIT);
    /* what is left out is looked at all the same */
    assert_refused(&limits, broken, CW_XML_ERROR_NOT_WELL_FORMED);
}

static void xml_parse__limits__size_of_one_huge_stanza(void)
{
    CwXmlLimits limits = {.stanza_size = 262144};
    gsize size = 10 * 1024 * 1024;
    g_autofree char *filler = g_strnfill(size, 'x');
    g_autofree char *huge = g_strdup_printf(HEADER "<m>%s</m>", filler);
    g_autoptr(GError) error = NULL;
    Trace trace;

    trace_begin(&trace, &limits);
    g_assert_false(cw_xml_parser_feed(trace.parser, huge, strlen(huge), &error));
    g_assert_error(error, CW_XML_ERROR, CW_XML_ERROR_LIMIT);
    trace_end(&trace);
}

static char *nested(guint levels)
{
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < levels; i++)
        g_string_append(text, "<a>");
    for (guint i = 0; i < levels; i++)
        g_string_append(text, "</a>");
    return g_string_free(text, FALSE);
}

static void xml_parse__limits__depth(void)
{
    CwXmlLimits limits = {.depth = 64};
    g_autofree char *fits = nested(64);
    g_autofree char *over = nested(65);
    g_autofree char *nearly = nested(64 * CW_XML_ABSURD - 1);
    g_autofree char *levels = nested(10000);
    g_autofree char *deep = g_strconcat(HEADER, levels, NULL);
    Trace trace;

    trace_begin(&trace, &limits);
    feed(&trace, HEADER);
    feed(&trace, fits);
    g_assert_null(strchr(trace.seen->str, '('));
    trace_end(&trace);
    assert_skipped(&limits, over, "(<jabber:component:accept|a></>)");
    assert_skipped(&limits, nearly, "(<jabber:component:accept|a></>)");
    assert_refused(&limits, deep, CW_XML_ERROR_LIMIT);
}

static char *with_attributes(const char *format, guint count)
{
    GString *text = g_string_new("<m");

    for (guint i = 0; i < count; i++) {
        g_string_append_c(text, ' ');
        g_string_append_printf(text, "%s%u='%u'", format, i, i);
    }
    g_string_append(text, "/>");
    return g_string_free(text, FALSE);
}

static void xml_parse__limits__attributes(void)
{
    CwXmlLimits limits = {.attributes = 64};
    g_autofree char *fits = with_attributes("a", 64);
    g_autofree char *over = with_attributes("a", 65);
    g_autofree char *inner = g_strdup_printf("<m f='a'>%s</m>", over);
    g_autofree char *spaces = with_attributes("xmlns:a", 65);
    g_autofree char *many = with_attributes("a", 10000);
    g_autofree char *many_spaces = with_attributes("xmlns:a", 10000);
    g_autofree char *all_many = g_strconcat(HEADER, many, NULL);
    g_autofree char *all_spaces = g_strconcat(HEADER, many_spaces, NULL);
    Trace trace;

    trace_begin(&trace, &limits);
    feed(&trace, HEADER);
    feed(&trace, fits);
    g_assert_null(strchr(trace.seen->str, '('));
    trace_end(&trace);
    assert_skipped(&limits, over, "(<jabber:component:accept|m></>)");
    assert_skipped(&limits, spaces, "(<jabber:component:accept|m></>)");
    assert_skipped(&limits, inner, "(<jabber:component:accept|m f=a></>)");
    assert_refused(&limits, all_many, CW_XML_ERROR_LIMIT);
    assert_refused(&limits, all_spaces, CW_XML_ERROR_LIMIT);
}

/* ---- the arena ---- */

static void arena__aligns_extends_and_gives_back(void)
{
    g_autoptr(CwArena) arena = cw_arena_new();
    gsize small = cw_arena_footprint(arena);

    for (int round = 0; round < 3; round++) {
        for (gsize size = 0; size < 6000; size += 7) {
            char *object = cw_arena_alloc(arena, size);

            g_assert_cmpuint(GPOINTER_TO_SIZE(object) % sizeof(gpointer), ==, 0);
            for (gsize i = 0; i < size; i++)
                g_assert_cmpint(object[i], ==, 0);
            memset(object, 0xAA, size);
        }
        cw_arena_reset(arena);
        g_assert_cmpuint(cw_arena_footprint(arena), <=, 8192);
    }
    cw_arena_alloc(arena, 1024 * 1024);
    cw_arena_reset(arena);
    g_assert_cmpuint(cw_arena_footprint(arena), ==, small);

    char *text = cw_arena_strndup(arena, "abc", 3);
    g_assert_true(cw_arena_extend(arena, text, 4, 4));
    g_assert_false(cw_arena_extend(arena, text, 4, 4)); /* no longer its size */
    g_assert_false(cw_arena_extend(arena, text, 8, 1 << 20));
    cw_arena_strndup(arena, "x", 1);
    g_assert_false(cw_arena_extend(arena, text, 8, 1));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name) g_test_add_func("/xml/" #name, name)
    ADD(xml_parse__reads__header_stanza_and_end);
    ADD(xml_parse__reads__input_cut_at_every_byte);
    ADD(xml_parse__sees_at_once__a_start_tag_in_three_reads);
    ADD(xml_parse__joins__text_around_children);
    ADD(xml_parse__joins__long_text_in_linear_time);
    ADD(xml_parse__inherits__lang);
    ADD(xml_parse__ignores__whitespace_between_stanzas);
    ADD(xml_node__finds__attributes_and_children);
    ADD(xml_stop__ends_parsing_behind_the_callback);
    ADD(xml_parse__refuses__what_is_restricted);
    ADD(xml_parse__refuses__a_billion_laughs_before_they_expand);
    ADD(xml_parse__refuses__what_is_not_well_formed);
    ADD(xml_parse__refuses__broken_characters);
    ADD(xml_parse__refuses__utf16);
    ADD(xml_parse__refuses__text_between_stanzas);
    ADD(xml_parse__limits__size);
    ADD(xml_parse__limits__absurd_size);
    ADD(xml_parse__limits__size_of_one_huge_stanza);
    ADD(xml_parse__limits__depth);
    ADD(xml_parse__limits__attributes);
    ADD(arena__aligns_extends_and_gives_back);
    return g_test_run();
}
