/* tests/unit/agents/test-held.c: what waits for its reader, as a value that is remembered
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "protocols/agents/held.h"

#include <string.h>

static void check_item(const CwHeldNews *given, const CwHeldNews *wanted)
{
    g_autofree char *packed = cw_held_pack(given);
    g_auto(CwHeldNews) news = {0};

    g_assert_nonnull(packed);
    g_assert_true(cw_held_unpack(packed, &news));
    g_assert_cmpstr(news.title, ==, wanted->title);
    g_assert_cmpstr(news.text, ==, wanted->text);
    g_assert_cmpstr(news.url, ==, wanted->url);
    g_assert_cmpstr(news.id, ==, wanted->id);
    g_assert_cmpint(news.time, ==, wanted->time);
}

static void check(char *title, char *text, char *url, const CwHeldNews *wanted)
{
    check_item(&(CwHeldNews){.title = title, .text = text, .url = url}, wanted);
}

static void pack__and_back(void)
{
    check("T", "a\n\nb\n", "https://example.org/1?a=b",
          &(CwHeldNews){"T", "https://example.org/1?a=b", "a\n\nb\n", NULL, 0});
    check(NULL, "a", NULL, &(CwHeldNews){NULL, NULL, "a", NULL, 0});
    check("", "a", "", &(CwHeldNews){NULL, NULL, "a", NULL, 0});
    check("T", "", NULL, &(CwHeldNews){"T", NULL, "", NULL, 0});
    check("Ä\nö\tü\x7f", "a", NULL, &(CwHeldNews){"Ä ö ü ", NULL, "a", NULL, 0});
    g_assert_null(cw_held_pack(&(CwHeldNews){"", "https://example.org/", "", "id", 1}));
}

static void pack__keeps__what_item_it_was(void)
{
    g_autofree char *longest = g_strnfill(CW_HELD_ID_MOST, 'x');
    g_autofree char *longer = g_strconcat(longest, "x", NULL);
    char *ids[] = {"0f3a", "a:b", longest, "", "a b", "a\nb", longer};

    for (guint i = 0; i < G_N_ELEMENTS(ids); i++)
        check_item(&(CwHeldNews){"T", NULL, "a", ids[i], 1764000000},
                   &(CwHeldNews){"T", NULL, "a", i < 3 ? ids[i] : NULL, i < 3 ? 1764000000 : 0});
    check_item(&(CwHeldNews){"T", NULL, "a\nb", "0f3a", -5},
               &(CwHeldNews){"T", NULL, "a\nb", "0f3a", 0});
}

static void pack__leaves_out__urls_that_are_none(void)
{
    g_autofree char *long_one = g_strnfill(CW_HELD_URL_MOST, 'x');
    g_autofree char *longer = g_strconcat("https://", long_one, NULL);
    char *urls[] = {"javascript:alert(1)", "https://example.org/\nx", "http://a b",
                    "ftp://example.org/", longer};

    for (guint i = 0; i < G_N_ELEMENTS(urls); i++)
        check("T", "a", urls[i], &(CwHeldNews){"T", NULL, "a", NULL, 0});
}

static void pack__shortens__at_a_character(void)
{
    for (gsize most = CW_HELD_TEXT_MOST - 3; most < CW_HELD_TEXT_MOST + 5; most++) {
        g_autoptr(GString) text = g_string_new(NULL);
        while (text->len < most)
            g_string_append(text, most % 2 == 0 ? "ä" : "€");
        g_autofree char *packed =
            cw_held_pack(&(CwHeldNews){.title = text->str, .text = text->str});
        g_auto(CwHeldNews) news = {0};
        g_assert_true(cw_held_unpack(packed, &news));
        g_assert_cmpuint(strlen(news.text), <=, CW_HELD_TEXT_MOST);
        g_assert_cmpuint(strlen(news.text), >, CW_HELD_TEXT_MOST - 8);
        g_assert_cmpuint(strlen(news.title), <=, CW_HELD_TITLE_MOST);
        g_assert_true(g_str_has_suffix(news.title, "…"));
        g_assert_cmpint(g_str_has_suffix(news.text, "…"), ==, text->len > CW_HELD_TEXT_MOST);
    }
}

static void unpack__refuses__what_was_never_packed(void)
{
    g_autofree char *title = g_strnfill(CW_HELD_TITLE_MOST + 1, 'x');
    g_autofree char *text = g_strnfill(CW_HELD_TEXT_MOST + 1, 'x');
    g_autofree char *long_title = g_strconcat(title, "\n\n\na", NULL);
    g_autofree char *long_text = g_strconcat("T\n\n\n", text, NULL);
    const char *const values[] = {
        "",
        "T",
        "T\n",
        "\n\n",
        "T\nhttps://example.org",
        "T\nhttps://example.org\na",
        "T\njavascript:x\n\na",
        "T\r\n\n\na",
        "T\n\n\n\xff",
        "T\n\nid\na",
        "T\n\nid \na",
        "T\n\nid x\na",
        "T\n\nid -1\na",
        "T\n\nid 01\na",
        "T\n\n 1\na",
        "T\n\nid 99999999999999999999\na",
        "T\n\nid 1 2\na",
        long_title,
        long_text,
        "\nhttps://example.org/\n\n",
    };

    for (guint i = 0; i < G_N_ELEMENTS(values); i++) {
        g_auto(CwHeldNews) news = {0};
        g_assert_false(cw_held_unpack(values[i], &news));
        g_assert_null(news.title);
        g_assert_null(news.text);
        g_assert_null(news.id);
    }
}

static void name__and_back(void)
{
    const char *const contacts[] = {"aapl", "https://example.org/a.b-c?d=1", ".", "held-1.x"};
    const guint64 numbers[] = {1, 50, CW_HELD_NUMBER_MOST};

    for (guint i = 0; i < G_N_ELEMENTS(contacts) * G_N_ELEMENTS(numbers); i++) {
        const char *contact = contacts[i / G_N_ELEMENTS(numbers)], *read = NULL;
        guint64 wanted = numbers[i % G_N_ELEMENTS(numbers)], number = 0;
        g_autofree char *name = cw_held_make_name(wanted, contact);
        g_assert_true(cw_held_read_name(name, &number, &read));
        g_assert_cmpuint(number, ==, wanted);
        g_assert_cmpstr(read, ==, contact);
    }
}

static void name__refuses__what_is_none(void)
{
    const char *const names[] = {
        "",
        "watch.held-",
        "watch.held-1",
        "watch.held-1.",
        "watch.held-.aapl",
        "watch.held-0.aapl",
        "watch.held-01.aapl",
        "watch.held-+1.aapl",
        "watch.held- 1.aapl",
        "watch.held-1x.aapl",
        "watch.held-1000000000001.aapl",
        "watch.held-99999999999999999999999.aapl",
        "watch.seen.aapl",
        "held-1.aapl",
    };

    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        const char *contact = NULL;
        guint64 number = 0;
        g_assert_false(cw_held_read_name(names[i], &number, &contact));
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/held/pack/and-back", pack__and_back);
    g_test_add_func("/held/pack/keeps/what-item-it-was", pack__keeps__what_item_it_was);
    g_test_add_func("/held/pack/leaves-out/urls-that-are-none",
                    pack__leaves_out__urls_that_are_none);
    g_test_add_func("/held/pack/shortens/at-a-character", pack__shortens__at_a_character);
    g_test_add_func("/held/unpack/refuses/what-was-never-packed",
                    unpack__refuses__what_was_never_packed);
    g_test_add_func("/held/name/and-back", name__and_back);
    g_test_add_func("/held/name/refuses/what-is-none", name__refuses__what_is_none);
    return g_test_run();
}
