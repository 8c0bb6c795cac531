/* tests/unit/transport/test-json.c: JSON in and out
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "transport/json.h"

#include <string.h>

static const CwJson *read_text(CwArena *arena, const char *text)
{
    gsize position = 0;

    return cw_json_read(arena, text, strlen(text), &position);
}

static void assert_refused(const char *text, gsize length)
{
    g_autoptr(CwArena) arena = cw_arena_new();
    gsize position = 0;

    g_test_message("%s", text);
    g_assert_null(cw_json_read(arena, text, length, &position));
    g_assert_cmpuint(position, <=, length);
}

static void json_read__takes__every_kind(void)
{
    g_autoptr(CwArena) arena = cw_arena_new();
    const CwJson *json = read_text(arena, " { \"a\" : [ 1 , -0, 2.5, 1e9 ,\t\"x\", true,false,null,"
                                          "{},[] ],\r\n\"b\":{\"c\":\"d\"} } ");
    static const CwJsonKind kinds[] = {
        CW_JSON_INTEGER, CW_JSON_INTEGER, CW_JSON_REAL, CW_JSON_REAL,   CW_JSON_STRING,
        CW_JSON_TRUE,    CW_JSON_FALSE,   CW_JSON_NULL, CW_JSON_OBJECT, CW_JSON_ARRAY};

    g_assert_true(cw_json_is(json, CW_JSON_OBJECT));
    const CwJson *list = cw_json_get(json, "a");
    g_assert_true(cw_json_is(list, CW_JSON_ARRAY));
    const CwJson *item = list->first;
    for (guint i = 0; i < G_N_ELEMENTS(kinds); i++, item = item->next) {
        g_assert_true(cw_json_is(item, kinds[i]));
        g_assert_null(item->name);
    }
    g_assert_null(item);
    g_assert_cmpstr(cw_json_string(cw_json_get(cw_json_get(json, "b"), "c")), ==, "d");
    g_assert_null(cw_json_get(json, "c"));
    g_assert_null(cw_json_get(list, "a"));
    g_assert_null(cw_json_get(NULL, "a"));
    g_assert_null(cw_json_string(list));
}

static void json_read__reads__whole_numbers_of_64_bits(void)
{
    g_autoptr(CwArena) arena = cw_arena_new();

    g_assert_cmpint(read_text(arena, "9223372036854775807")->integer, ==, G_MAXINT64);
    g_assert_cmpint(read_text(arena, "-9223372036854775808")->integer, ==, G_MININT64);
    g_assert_cmpint(read_text(arena, "-7")->integer, ==, -7);
    g_assert_null(read_text(arena, "9223372036854775808"));
    g_assert_null(read_text(arena, "-9223372036854775809"));
    g_assert_null(read_text(arena, "99999999999999999999999999"));
}

static void json_read__reads__escapes(void)
{
    g_autoptr(CwArena) arena = cw_arena_new();
    static const char *const texts[][2] = {
        {"\"\"", ""},
        {"\"a\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "a\"\\/\b\f\n\r\t"},
        {"\"\\u0041\\u00e4\\u2665\"", "Aä♥"},
        {"\"\\ud83d\\ude00!\"", "😀!"},
        {"\"\\uFFFF\"", "\xEF\xBF\xBF"},
        {"\"♥\x7f\"", "♥\x7f"},
    };

    for (guint i = 0; i < G_N_ELEMENTS(texts); i++)
        g_assert_cmpstr(cw_json_string(read_text(arena, texts[i][0])), ==, texts[i][1]);
}

static void json_read__refuses__what_is_none(void)
{
    static const char *const texts[] = {
        "",
        " ",
        "{",
        "[",
        "[1,]",
        "[,1]",
        "[1 2]",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{a:1}",
        "{\"a\":1 \"b\":2}",
        "{\"a\":1}}",
        "1 2",
        "tru",
        "nul",
        "True",
        "01",
        "-",
        "+1",
        "1.",
        ".5",
        "1e",
        "1e+",
        "0x1",
        "NaN",
        "\"",
        "\"a",
        "\"\\",
        "\"\\\"",
        "\"\\x\"",
        "\"\\u12\"",
        "\"\\u12g4\"",
        "\"\\u0000\"",
        "\"\\ud83d\"",
        "\"\\ud83dx\"",
        "\"\\ud83d\\u0041\"",
        "\"\\ude00\"",
        "\"a\nb\"",
        "\"\xff\"",
        "\"\xed\xa0\x80\"",
        "'a'",
        "{\"a\":1,\"a\":1}",
        "{\"a\":1,\"\\u0061\":1}",
        "[{\"a\":1,\"b\":2,\"a\":3}]",
        "/**/1",
        "\xef\xbb\xbf"
        "1",
    };

    for (guint i = 0; i < G_N_ELEMENTS(texts); i++)
        assert_refused(texts[i], strlen(texts[i]));
    assert_refused("1\0", 2);
    assert_refused("\"a\0b\"", 5);
}

/* Cut anywhere, a text is none any more, and nothing behind the cut is looked at. */
static void json_read__refuses__every_beginning(void)
{
    static const char text[] = "{\"a\":[1,{\"b\":\"\\ud83d\\ude00\"}],\"c\":-1.5e3,\"d\":true}";

    for (gsize i = 0; i < sizeof text - 1; i++) {
        g_autofree char *start = g_memdup2(text, i);
        assert_refused(start == NULL ? "" : start, i);
    }
}

static char *nested(guint depth)
{
    g_autofree char *open = g_strnfill(depth, '['), *close = g_strnfill(depth, ']');

    return g_strconcat(open, close, NULL);
}

static GString *object_of(guint members)
{
    GString *text = g_string_new("{");

    for (guint i = 0; i < members; i++) {
        g_autofree char *name = g_strdup_printf("%u", i);
        cw_json_write_next(text, name);
        g_string_append(text, "1");
    }
    g_string_append_c(text, '}');
    return text;
}

static void json_read__bounds__depth_and_members(void)
{
    g_autoptr(CwArena) arena = cw_arena_new();
    g_autofree char *deep = nested(CW_JSON_DEPTH), *deeper = nested(100000);
    g_autoptr(GString) many = object_of(CW_JSON_MEMBERS);
    g_autoptr(GString) more = object_of(CW_JSON_MEMBERS + 1);

    g_assert_nonnull(read_text(arena, deep));
    g_assert_null(read_text(arena, deeper));
    g_assert_nonnull(read_text(arena, many->str));
    g_assert_null(read_text(arena, more->str));
}

static void json_write__escapes__what_must_be(void)
{
    g_autoptr(GString) out = g_string_new("{");

    cw_json_write_next(out, "a\"b");
    cw_json_write_string(out, "\x01\x1f\b\f\n\r\t\"\\/\x7fä😀");
    cw_json_write_next(out, "c");
    cw_json_write_string(out, "x\xffy");
    g_string_append_c(out, '}');
    g_assert_cmpstr(
        out->str, ==,
        "{\"a\\\"b\":\"\\u0001\\u001f\\b\\f\\n\\r\\t\\\"\\\\/\x7fä😀\",\"c\":\"x\uFFFDy\"}");
}

static void json_write__is_read__as_it_was(void)
{
    g_autoptr(CwArena) arena = cw_arena_new();

    for (gunichar c = 1; c < 0x11000; c++) {
        char text[8] = {0};
        g_autoptr(GString) out = g_string_new(NULL);
        if (!g_unichar_validate(c))
            continue;
        g_unichar_to_utf8(c, text);
        cw_json_write_string(out, text);
        g_assert_cmpstr(cw_json_string(read_text(arena, out->str)), ==, text);
        cw_arena_reset(arena);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/json/read/takes/every_kind", json_read__takes__every_kind);
    g_test_add_func("/json/read/reads/whole_numbers_of_64_bits",
                    json_read__reads__whole_numbers_of_64_bits);
    g_test_add_func("/json/read/reads/escapes", json_read__reads__escapes);
    g_test_add_func("/json/read/refuses/what_is_none", json_read__refuses__what_is_none);
    g_test_add_func("/json/read/refuses/every_beginning", json_read__refuses__every_beginning);
    g_test_add_func("/json/read/bounds/depth_and_members", json_read__bounds__depth_and_members);
    g_test_add_func("/json/write/escapes/what_must_be", json_write__escapes__what_must_be);
    g_test_add_func("/json/write/is_read/as_it_was", json_write__is_read__as_it_was);
    return g_test_run();
}
