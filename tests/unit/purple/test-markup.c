/* tests/unit/purple/test-markup.c: libpurple's HTML <-> plain text, and texts in pieces
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "protocols/purple/markup.h"

#include <string.h>

typedef struct {
    const char *in;
    const char *out;
} Pair;

static void check_pairs(const Pair *pairs, gsize n, char *(*function)(const char *))
{
    for (gsize i = 0; i < n; i++) {
        g_autofree char *out = function(pairs[i].in);
        g_assert_cmpstr(out, ==, pairs[i].out);
    }
}

static void to_text__entities(void)
{
    static const Pair pairs[] = {
        {"&lt;b&gt; &amp;amp; &quot;x&quot; &apos;y&apos;", "<b> &amp; \"x\" 'y'"},
        {"a&nbsp;b&#160;c", "a b c"},
        {"&#65;&#x42;&#X43;", "ABC"},
        {"&#128512; &#x1F600; &eacute;", "😀 😀 é"},
        {"&unknown; & &; &#; &#x; &#xg; &amp", "&unknown; & &; &#; &#x; &#xg; &amp"},
        {"&#0;&#1;&#xD800;&#x110000;&#xFFFE;x", "x"},
        {"&#99999999999999999999;", "&#99999999999999999999;"},
        {"&#13;x&#10;y", "\nx\ny"},
    };
    check_pairs(pairs, G_N_ELEMENTS(pairs), cw_markup_to_text);
}

static void to_text__tags(void)
{
    static const Pair pairs[] = {
        {"<b>bold</b> <i>it</i><font color=\"#fff\">col</font>", "bold itcol"},
        {"<html><body>x</body></html>", "x"},
        {"a<br>b<BR/>c<br />d", "a\nb\nc\nd"},
        {"a\nb", "a\nb"},
        {"  two  spaces  ", "  two  spaces  "},
        {"<p>one</p><p>two</p>", "one\ntwo"},
        {"<div>one</div><div>two</div>three", "one\ntwo\nthree"},
        {"one<br><br>two<br>", "one\n\ntwo\n"},
        {"<ul><li>a</li><li>b</li></ul>", "a\nb"},
        {"x<script>alert(\"<b>\")</script>y<style>z</style>", "xy"},
        {"<head><title>t</title></head>x", "x"},
        {"a<!-- no -->b", "ab"},
        {"a<!-- never closed", "a"},
        {"<!DOCTYPE html><?xml version='1.0'?>x", "x"},
        {"<img id=\"3\"> <img src='x' alt='a cat'>", "[image] a cat"},
        {"<span title=\"a>b\">x</span>", "x"},
    };
    check_pairs(pairs, G_N_ELEMENTS(pairs), cw_markup_to_text);
}

static void to_text__links(void)
{
    static const Pair pairs[] = {
        {"<a href=\"http://a.example/x\">here</a>!", "here (http://a.example/x)!"},
        {"<a href=\"http://a.example/?x=1&amp;y=2\">http://a.example/?x=1&amp;y=2</a>",
         "http://a.example/?x=1&y=2"},
        {"<a href=\"http://a.example/\">a.example</a>", "a.example"},
        {"<A HREF='mailto:a@b.example'>a@b.example</A>", "a@b.example"},
        {"<a href=http://a.example>x</a>", "x (http://a.example)"},
        {"<a href=\"http://a.example/\"></a>", "http://a.example/"},
        {"<a href=\"http://a.example/\"><b>x</b>", "x (http://a.example/)"},
        {"<a href=\"one\">1<a href=\"two\">2</a>", "1 (one)2 (two)"},
        {"<a name=\"x\">y</a>", "y"},
        {"<a data-href=\"no\">y</a>", "y"},
        {"<a href=\"\">y</a>", "y"},
    };
    check_pairs(pairs, G_N_ELEMENTS(pairs), cw_markup_to_text);
}

static void to_text__takes_broken_markup_as_text(void)
{
    static const Pair pairs[] = {
        {NULL, ""},
        {"", ""},
        {"<", "<"},
        {"a < b > c", "a < b > c"},
        {"1<2", "1<2"},
        {"<3", "<3"},
        {"</3", "</3"},
        {"<b", "<b"},
        {"x <b y", "x <b y"},
        {"<a href=\"never closed>x", "x"},
        {"<a href=\"x\">never closed", "never closed (x)"},
        {"<>", "<>"},
        {"</>", "</>"},
        {"\xff\xfe", "\xef\xbf\xbd\xef\xbf\xbd"},
        {"a\x01\x02\x1f\x7f"
         "b\tc",
         "ab\tc"},
        {"a\r\nb\rc", "a\nb\nc"},
        {"<script>x", ""},
    };
    check_pairs(pairs, G_N_ELEMENTS(pairs), cw_markup_to_text);
}

static void to_text__is_linear(void)
{
    /* each of these took time by the square in some reader of HTML */
    static const char *const parts[] = {"<", "<a", "<!--", "&", "<a href=\"", "&#", "<b '", "</"};
    for (guint i = 0; i < G_N_ELEMENTS(parts); i++) {
        GString *html = g_string_new(NULL);
        while (html->len < 512 * 1024)
            g_string_append(html, parts[i]);
        gint64 start = g_get_monotonic_time();
        g_autofree char *text = cw_markup_to_text(html->str);
        g_assert_cmpint(g_get_monotonic_time() - start, <, 5 * G_TIME_SPAN_SECOND);
        g_string_free(html, TRUE);
    }
}

static void from_text__and_back(void)
{
    static const char *const texts[] = {
        "",         "plain",     "  <b>&amp; \"x\" 'y'  ", "two\n\n lines\n", "\ttab &#65; &lt;",
        "é日本語😀", "</a><br>&", "http://a.example/?a=1&b"};
    for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autofree char *html = cw_markup_from_text(texts[i]);
        g_autofree char *text = cw_markup_to_text(html);
        g_assert_cmpstr(text, ==, texts[i]);
    }
    g_autofree char *html = cw_markup_from_text("a<b>\n\"&");
    g_assert_cmpstr(html, ==, "a&lt;b&gt;<br>&quot;&amp;");
}

static void clean__drops_what_cannot_be_carried(void)
{
    static const Pair pairs[] = {
        {NULL, ""},
        {"a\rQUIT\r\nb", "a\nQUIT\nb"},
        {"a\x1b[31mb\xc2\x85", "a[31mb"},
        {"\xed\xa0\x80x\xef\xbf\xbe", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdx"},
    };
    check_pairs(pairs, G_N_ELEMENTS(pairs), cw_text_clean);
    g_autofree char *line = cw_text_one_line(" a\nb\r\n\tc ");
    g_assert_cmpstr(line, ==, "a b  c");
    g_assert_true(cw_text_has_control("a\nb"));
    g_assert_true(cw_text_has_control("\xff"));
    g_assert_false(cw_text_has_control("a b é"));
    g_assert_false(cw_text_has_control(NULL));
}

static void check_split(const char *text, gsize max, gboolean lines)
{
    g_auto(GStrv) pieces = cw_text_split(text, max, lines);
    g_assert_nonnull(pieces[0]);
    for (char **piece = pieces; *piece != NULL; piece++) {
        g_assert_true(g_utf8_validate(*piece, -1, NULL));
        g_assert_true(max == 0 || strlen(*piece) <= max);
        g_assert_true(!lines || strchr(*piece, '\n') == NULL);
    }
    if (strchr(text, '\n') == NULL || !lines) {
        g_autofree char *whole = g_strjoinv("", pieces);
        g_assert_cmpstr(whole, ==, *text == '\0' && lines ? " " : text);
    }
}

static void split__loses_nothing(void)
{
    GString *text = g_string_new(NULL);
    static const char *const words[] = {
        "word ",    "é", "日本語", "😀👨‍👩‍👧", "x", "  ", "verylongwordwithoutspaces",
        "e\xcc\x81"};
    g_autoptr(GRand) rand = g_rand_new_with_seed(7);
    for (guint i = 0; i < 300; i++) {
        g_string_append(text, words[g_rand_int_range(rand, 0, G_N_ELEMENTS(words))]);
        for (gsize max = 16; max < 90; max += 7) {
            check_split(text->str, max, FALSE);
            check_split(text->str, max, TRUE);
        }
        check_split(text->str, 0, TRUE);
    }
    g_string_free(text, TRUE);
    check_split("", 0, TRUE);
    check_split("", 16, FALSE);
}

static void split__lines_and_words(void)
{
    g_auto(GStrv) lines = cw_text_split("a\n\n  b\n", 0, TRUE);
    g_autofree char *joined = g_strjoinv("|", lines);
    g_assert_cmpstr(joined, ==, "a| |  b| ");
    g_auto(GStrv) words = cw_text_split("one two three four five", 16, TRUE);
    g_autofree char *cut = g_strjoinv("|", words);
    g_assert_cmpstr(cut, ==, "one two three| four five");
    g_auto(GStrv) whole = cw_text_split("a\nb", 0, FALSE);
    g_assert_cmpstr(whole[0], ==, "a\nb");
    g_assert_null(whole[1]);
}

static void split__keeps_characters_together(void)
{
    /* a letter with its accent, a family of four with its joiners */
    g_auto(GStrv) accents = cw_text_split("aaaaaaaaaaaaaae\xcc\x81"
                                          "bbb",
                                          16, FALSE);
    g_assert_cmpstr(accents[0], ==, "aaaaaaaaaaaaaa");
    g_assert_cmpstr(accents[1], ==,
                    "e\xcc\x81"
                    "bbb");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/markup/to_text__entities", to_text__entities);
    g_test_add_func("/markup/to_text__tags", to_text__tags);
    g_test_add_func("/markup/to_text__links", to_text__links);
    g_test_add_func("/markup/to_text__takes_broken_markup_as_text",
                    to_text__takes_broken_markup_as_text);
    g_test_add_func("/markup/to_text__is_linear", to_text__is_linear);
    g_test_add_func("/markup/from_text__and_back", from_text__and_back);
    g_test_add_func("/text/clean__drops_what_cannot_be_carried",
                    clean__drops_what_cannot_be_carried);
    g_test_add_func("/text/split__loses_nothing", split__loses_nothing);
    g_test_add_func("/text/split__lines_and_words", split__lines_and_words);
    g_test_add_func("/text/split__keeps_characters_together", split__keeps_characters_together);
    return g_test_run();
}
