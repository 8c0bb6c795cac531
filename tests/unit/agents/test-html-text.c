/* tests/unit/agents/test-html-text.c: plain text of what others write
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "protocols/agents/text.h"

#include <string.h>

static void from_html__forms(void)
{
    static const struct {
        const char *html, *text;
    } cases[] = {
        {"", ""},
        {"plain", "plain"},
        {"  a \n\t b&nbsp;c  ", "a b c"},
        {"<p>one</p>\n<p>two</p>", "one\ntwo"},
        {"a<br/>b<BR>c", "a\nb\nc"},
        {"<b>a</b><i>b</i>", "ab"},
        {"a<script>var x = '<p>';</script>b<STYLE>c</STYLE>d", "abd"},
        {"a<scripts>b</scripts>", "ab"},
        {"a<!-- <p> -->b<!-- open", "ab"},
        {"a<script>open", "a"},
        {"a<b", "a"},
        {"1 < 2 > 1 <3", "1 < 2 > 1 <3"},
        {"&amp;&lt;&#65;&#x42;&eacute;&euro;&hellip;", "&<ABé€…"},
        {"&unknown;&;&#;&#x;&#1114112;&#xd800;&amp", "&unknown;&;&#;&#x;&#1114112;&#xd800;&amp"},
        {"&#1;\x01\x7f&shy;a\xc2\xad", "a"},
        {"😀 &#128512;", "😀 😀"}, /* beyond the first plane */
        {"&#xfffe;&#xffff;&#x1ffff;a", "a"},
        /* they turn what is around them */
        {"a\xe2\x80\xae&#x202e;b\xe2\x81\xa6&#8297;\xef\xbb\xbf"
         "c",
         "abc"},
        {"\xff\xfe", "\xef\xbf\xbd\xef\xbf\xbd"},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = cw_text_from_html(cases[i].html, 100);
        g_assert_cmpstr(text, ==, cases[i].text);
    }
}

static void from_html__cuts_between_characters(void)
{
    g_autofree char *whole = cw_text_from_html("ééééé", 5);
    g_autofree char *cut = cw_text_from_html("éééééé", 5);
    g_autofree char *none = cw_text_from_html("a", 0);
    g_autofree char *space = cw_text_from_html("abcde f", 5);

    g_assert_cmpstr(whole, ==, "ééééé");
    g_assert_cmpstr(cut, ==, "ééééé…");
    g_assert_cmpstr(none, ==, "…");
    g_assert_cmpstr(space, ==, "abcde …");
}

static void from_html__is_linear(void)
{
    static const char *const pieces[] = {"<", "<!--", "<script>", "</", "&", "&#", "<p"};

    for (guint i = 0; i < G_N_ELEMENTS(pieces); i++) {
        g_autoptr(GString) html = g_string_new(NULL);
        while (html->len < 1024 * 1024)
            g_string_append(html, pieces[i]);
        g_free(cw_text_from_html(html->str, 4 * 1024 * 1024));
    }
}

static void fill_url__encodes(void)
{
    static const char *const pairs[] = {"symbol", "a&b/é{key}", "key", "k", NULL};
    g_autofree char *url = cw_text_fill_url("https://x/{symbol}?k={key}&{no}{symbol", pairs);

    g_assert_cmpstr(url, ==, "https://x/a%26b%2F%C3%A9%7Bkey%7D?k=k&{no}{symbol");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/html-text/from_html__forms", from_html__forms);
    g_test_add_func("/html-text/from_html__cuts_between_characters",
                    from_html__cuts_between_characters);
    g_test_add_func("/html-text/from_html__is_linear", from_html__is_linear);
    g_test_add_func("/html-text/fill_url__encodes", fill_url__encodes);
    return g_test_run();
}
