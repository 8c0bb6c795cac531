/* tests/unit/component/test-jid.c: addresses, and the escape both ways
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "component/jid.h"

#include <string.h>

#include "component/jid-private.h"

static void assert_jid(const char *text, const char *local, const char *domain,
                       const char *resource)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(CwJid) jid = cw_jid_parse(text, &error);

    g_assert_no_error(error);
    g_assert_cmpstr(jid->local, ==, local);
    g_assert_cmpstr(jid->domain, ==, domain);
    g_assert_cmpstr(jid->resource, ==, resource);

    g_autofree char *bare = local ? g_strdup_printf("%s@%s", local, domain) : g_strdup(domain);
    g_autofree char *full = resource ? g_strdup_printf("%s/%s", bare, resource) : g_strdup(bare);
    g_assert_cmpstr(jid->bare, ==, bare);
    g_assert_cmpstr(jid->full, ==, full);

    g_autoptr(CwJid) again = cw_jid_parse(jid->full, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(again->full, ==, jid->full);
}

static void assert_malformed(const char *text)
{
    g_autoptr(GError) error = NULL;

    g_assert_null(cw_jid_parse(text, &error));
    g_assert_error(error, CW_JID_ERROR, CW_JID_ERROR_MALFORMED);
}

static void jid_parse__splits__at_first_slash_then_first_at(void)
{
    assert_jid("example.org", NULL, "example.org", NULL);
    assert_jid("juliet@example.org", "juliet", "example.org", NULL);
    assert_jid("juliet@example.org/balcony", "juliet", "example.org", "balcony");
    assert_jid("example.org/a@b/c", NULL, "example.org", "a@b/c");
    assert_jid("a@example.org/b@c", "a", "example.org", "b@c");
    assert_jid("a@[::1]/r", "a", "[::1]", "r");
    assert_jid("a@127.0.0.1", "a", "127.0.0.1", NULL);
    assert_jid("a@my_host.local", "a", "my_host.local", NULL);
}

static void jid_parse__prepares__each_part_by_its_profile(void)
{
    /* C19 */
    assert_jid("ROMEO@Montague.LIT/Orchard", "romeo", "montague.lit", "Orchard");
    assert_jid("Stra\xC3\x9F"
               "e@x",
               "strasse", "x", NULL);
    assert_jid("a@B\xC3\x9C"
               "CHER.example",
               "a",
               "b\xC3\xBC"
               "cher.example",
               NULL);
    assert_jid("\xEF\xBC\xA1@x", "a", "x", NULL);     /* fullwidth A */
    assert_jid("e\xCC\x81@x", "\xC3\xA9", "x", NULL); /* e + acute */
    assert_jid("a@x/e\xCC\x81", "a", "x", "\xC3\xA9");
    assert_jid("a\xC2\xAD"
               "b@x",
               "ab", "x", NULL); /* soft hyphen: nothing */
    assert_jid("a@x/ spaced out ", "a", "x", " spaced out ");
    assert_jid("a@x.example.", "a", "x.example", NULL); /* RFC 6122 2.2 */
    assert_jid("a@x\xE3\x80\x82"
               "example",
               "a", "x.example", NULL);
    assert_jid("\xF0\x9F\x98\x80@x/\xF0\x9F\x98\x80", "\xF0\x9F\x98\x80", "x",
               "\xF0\x9F\x98\x80"); /* unknown to Unicode 3.2, let through */
}

static void jid_parse__rejects__empty_domain(void)
{
    assert_malformed("");
    assert_malformed("a@");
    assert_malformed("a@/r");
    assert_malformed("/r");
    assert_malformed("a@\xC2\xAD");
    assert_malformed("a@.");
}

static void jid_parse__rejects__empty_local_part(void)
{
    assert_malformed("@example.org");
    assert_malformed("@");
    assert_malformed("\xC2\xAD@example.org");
}

static void jid_parse__rejects__empty_resource(void)
{
    assert_malformed("a@example.org/");
    assert_malformed("example.org/");
    assert_malformed("a@example.org/\xC2\xAD");
}

static void jid_parse__rejects__forbidden_characters(void)
{
    static const char *const locals[] = {" ",
                                         "\"",
                                         "&",
                                         "'",
                                         ":",
                                         "<",
                                         ">",
                                         "\x7F",
                                         "\x01",
                                         "a b",
                                         "\xE2\x80\xA8",
                                         "\xEF\xBC\xA0",
                                         "\xEF\xBC\x8F",
                                         "\xEE\x80\x80",
                                         "\xE2\x80\x8E",
                                         "\xEF\xBF\xBD"};

    for (guint i = 0; i < G_N_ELEMENTS(locals); i++) {
        g_autofree char *text = g_strconcat(locals[i], "@example.org", NULL);
        assert_malformed(text);
    }
    assert_malformed("a@b@c");
    assert_malformed("a@b c");
    assert_malformed("a@b:c");
    assert_malformed("a@b..c");
    assert_malformed("a@.b");
    assert_malformed("a@b\xEF\xBC\xA0"
                     "c"); /* fullwidth signs become the real ones */
    assert_malformed("a@b\xEF\xBC\x8F"
                     "c");
    assert_malformed("a@[::1");
    assert_malformed("a@[x]");
    assert_malformed("a@x/\x01");
    assert_malformed("a@x/\xC2\xA0\xE2\x80\xA8");
}

static void jid_parse__rejects__what_is_not_utf8(void)
{
    assert_malformed("\xE9@example.org");
    assert_malformed("a@ex\xC0\x80mple.org");
    assert_malformed("a@example.org/\xED\xA0\x80");
}

static void jid_parse__limits__each_part_to_1023_bytes(void)
{
    g_autofree char *fits = g_strnfill(1023, 'a');
    g_autofree char *over = g_strnfill(1024, 'a');
    g_autofree char *huge = g_strnfill(1000000, 'a');
    g_autofree char *all = g_strdup_printf("%s@%s/%s", fits, fits, fits);
    g_autofree char *local = g_strdup_printf("%s@x", over);
    g_autofree char *domain = g_strdup_printf("a@%s", over);
    g_autofree char *resource = g_strdup_printf("a@x/%s", over);
    g_autoptr(GString) growing = g_string_new(NULL);

    assert_jid(all, fits, fits, fits);
    assert_malformed(local);
    assert_malformed(domain);
    assert_malformed(resource);
    assert_malformed(huge);

    /* U+FDFA is 3 bytes and becomes 33 */
    for (int i = 0; i < 100; i++)
        g_string_append(growing, "\xEF\xB7\xBA");
    g_string_append(growing, "@x");
    assert_malformed(growing->str);
}

/* ---- the escape ---- */

static void jid_is_plain_resource__agrees__with_parsing(void)
{
    static const char *const texts[] = {"romeo", "a b",   "[x]|^`{}",      " ", "", "\x7F",
                                        "a\tb",  "Ärger", "\xEF\xAC\x81sh"};
    g_autofree char *longest = g_strnfill(1023, 'x'), *longer = g_strnfill(1024, 'x');

    for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autofree char *full = g_strconcat("a@b/", texts[i], NULL);
        g_autoptr(CwJid) jid = cw_jid_parse(full, NULL);
        if (cw_jid_is_plain_resource(texts[i]))
            g_assert_cmpstr(jid == NULL ? NULL : jid->resource, ==, texts[i]);
    }
    g_assert_true(cw_jid_is_plain_resource("a b"));
    g_assert_true(cw_jid_is_plain_resource(longest));
    g_assert_false(cw_jid_is_plain_resource(longer));
    g_assert_false(cw_jid_is_plain_resource(""));
    g_assert_false(cw_jid_is_plain_resource("Ärger"));
}

static void assert_escape(const char *legacy, const char *local)
{
    g_autofree char *escaped = cw_jid_escape_local(legacy);
    g_autofree char *back = NULL;

    g_assert_cmpstr(escaped, ==, local);
    g_assert_true(cw_jid_nodeprep_keeps(escaped));
    back = cw_jid_unescape_local(escaped);
    g_assert_cmpstr(back, ==, legacy);
}

static void jid_escape__writes__what_xep_0106_lists(void)
{
    assert_escape("d'artagnan", "d\\27artagnan");
    assert_escape("treville@musketeers.lit", "treville\\40musketeers.lit");
    assert_escape("space cadet", "space\\20cadet");
    assert_escape("call me \"ishmael\"", "call\\20me\\20\\22ishmael\\22");
    assert_escape("at&t guy", "at\\26t\\20guy");
    assert_escape("/.fanboy", "\\2f.fanboy");
    assert_escape("::foo::", "\\3a\\3afoo\\3a\\3a");
    assert_escape("<foo>", "\\3cfoo\\3e");
    assert_escape("user@host", "user\\40host");
    assert_escape("c:\\net", "c\\3a\\net");
    assert_escape("c:\\\\net", "c\\3a\\\\net");
    assert_escape("c:\\cool stuff", "c\\3a\\cool\\20stuff");
    assert_escape("c:\\5commas", "c\\3a\\5c5commas");
    assert_escape("\\3and\\2is\\5cool", "\\5c3and\\2is\\5c5cool");
}

static void jid_escape__writes__the_rest_by_number(void)
{
    assert_escape("Alice", "\\u41;lice");
    assert_escape("#chan", "#chan");
    assert_escape("[nick]|{away}`^_-", "[nick]|{away}`^_-");
    assert_escape(" a b ", "\\u20;a\\20b\\u20;");
    assert_escape(" ", "\\u20;");
    assert_escape("\x01\x1F\x7F\n", "\\u1;\\u1f;\\u7f;\\ua;");
    assert_escape("stra\xC3\x9F"
                  "e",
                  "stra\\udf;e");
    assert_escape("\xC3\xA9", "\xC3\xA9");
    assert_escape("\xC3\x89", "\\uc9;");
    assert_escape("\xC2\xAD", "\\uad;");
    assert_escape("\xEF\xBF\xBE", "\\ufffe;");
    assert_escape("\xF4\x8F\xBF\xBF", "\\u10ffff;");
    assert_escape("\xF0\x9F\x98\x80", "\xF0\x9F\x98\x80");
}

static void jid_escape__looks__at_neighbours(void)
{
    /* each stable alone, composed when they meet */
    assert_escape("e\xCC\x81", "e\\u301;");
    /* right-to-left letters may not stand beside Latin ones */
    assert_escape("\xD7\x90", "\xD7\x90");
    assert_escape("a\xD7\x90", "a\\u5d0;");
    /* what is changed alone is escaped first, the rest stays when that is enough */
    assert_escape("\xC3\xA9\xC3\x89", "\xC3\xA9\\uc9;");
}

static void jid_escape__escapes__a_backslash_only_where_it_would_be_misread(void)
{
    assert_escape("\\", "\\");
    assert_escape("\\\\", "\\\\");
    assert_escape("\\ ", "\\\\u20;");
    assert_escape("\\5c", "\\5c5c");
    assert_escape("\\5C", "\\5\\u43;");
    assert_escape("\\20", "\\5c20");
    assert_escape("\\u41;", "\\5cu41;");
    assert_escape("\\u61;", "\\u61;"); /* 'a' needs no escape, so this is none */
    assert_escape("\\u041;", "\\u041;");
    assert_escape("\\ud800;", "\\ud800;");
    assert_escape("\\u110000;", "\\u110000;");
    assert_escape("\\u41", "\\u41");
    assert_escape("\\u;", "\\u;");
    assert_escape("\\u4A;", "\\u4\\u41;;");
    assert_escape("\\2 0", "\\2\\200");
}

static void jid_escape__refuses__what_cannot_be_a_local_part(void)
{
    g_autofree char *fits = g_strnfill(1023, 'a');
    g_autofree char *over = g_strnfill(1024, 'a');
    g_autofree char *spaces = g_strdup_printf("a%*sa", 341, "");
    g_autofree char *escaped = cw_jid_escape_local(fits);

    g_assert_cmpstr(escaped, ==, fits);
    g_assert_null(cw_jid_escape_local(over));
    g_assert_null(cw_jid_escape_local(spaces));
    g_assert_null(cw_jid_escape_local(""));
    g_assert_null(cw_jid_escape_local("\xE9"));
    g_assert_null(cw_jid_escape_local("\xED\xA0\x80"));
    g_assert_null(cw_jid_for_legacy("", "irc.example.com"));

    g_autofree char *jid = cw_jid_for_legacy("a b", "irc.example.com");
    g_assert_cmpstr(jid, ==, "a\\20b@irc.example.com");
}

static gunichar random_character(GRand *random)
{
    static const gunichar odd[] = {' ',    '\\',   'u',    ';',    '5',    'c',    '2',   '0',
                                   '@',    '/',    'A',    0x300,  0x301,  0x5D0,  0x627, 0xDF,
                                   0x130,  0x131,  0x345,  0x3C2,  0xAD,   0x200D, 0x2F,  0x1100,
                                   0x1161, 0xAC00, 0x1E9E, 0xFF20, 0x1F600};
    gunichar c;

    switch (g_rand_int_range(random, 0, 5)) {
    case 0:
        return odd[g_rand_int_range(random, 0, G_N_ELEMENTS(odd))];
    case 1:
        return (gunichar)g_rand_int_range(random, 1, 0x80);
    case 2:
        return (gunichar)g_rand_int_range(random, 0x80, 0x800);
    default:
        do
            c = (gunichar)g_rand_int_range(random, 1, g_rand_boolean(random) ? 0x10000 : 0x110000);
        while (c >= 0xD800 && c <= 0xDFFF);
        return c;
    }
}

static void jid_escape__is_exact__over_random_unicode(void)
{
    g_autoptr(GRand) random = g_rand_new_with_seed(20);
    g_autoptr(GString) legacy = g_string_new(NULL);

    for (int round = 0; round < 150000; round++) {
        g_string_truncate(legacy, 0);
        for (int i = g_rand_int_range(random, 1, 9); i > 0; i--)
            g_string_append_unichar(legacy, random_character(random));

        g_autofree char *local = cw_jid_escape_local(legacy->str);
        g_assert_nonnull(local);
        g_autofree char *back = cw_jid_unescape_local(local);
        g_assert_cmpstr(back, ==, legacy->str);
        g_assert_true(cw_jid_nodeprep_keeps(local));

        g_autofree char *text = g_strconcat(local, "@x", NULL);
        g_autoptr(GError) error = NULL;
        g_autoptr(CwJid) jid = cw_jid_parse(text, &error);
        g_assert_no_error(error);
        g_assert_cmpstr(jid->local, ==, local);
    }
}

static void jid_escape__is_exact__for_each_character(void)
{
    for (gunichar c = 1; c <= 0x10FFFF; c += c < 0x3100 || (c >= 0xF900 && c < 0x10000) ? 1 : 97) {
        char legacy[7] = {0};

        if (c >= 0xD800 && c <= 0xDFFF)
            continue;
        g_unichar_to_utf8(c, legacy);
        g_autofree char *local = cw_jid_escape_local(legacy);
        g_autofree char *back = cw_jid_unescape_local(local);
        g_assert_cmpstr(back, ==, legacy);
        g_assert_true(cw_jid_nodeprep_keeps(local));
    }
}

static void jid_parse__is_stable__over_random_unicode(void)
{
    g_autoptr(GRand) random = g_rand_new_with_seed(21);
    g_autoptr(GString) text = g_string_new(NULL);
    guint parsed = 0;

    for (int round = 0; round < 100000; round++) {
        g_string_assign(text, "a");
        for (int i = g_rand_int_range(random, 0, 3); i > 0; i--)
            g_string_append_unichar(text, random_character(random));
        g_string_append(text, "@x");
        for (int i = g_rand_int_range(random, 0, 3); i > 0; i--)
            g_string_append_unichar(text, random_character(random));
        g_string_append(text, "/r");
        for (int i = g_rand_int_range(random, 0, 3); i > 0; i--)
            g_string_append_unichar(text, random_character(random));

        g_autoptr(CwJid) jid = cw_jid_parse(text->str, NULL);
        if (!jid)
            continue;
        parsed++;
        g_autoptr(CwJid) again = cw_jid_parse(jid->full, NULL);
        g_assert_nonnull(again);
        g_assert_cmpstr(again->full, ==, jid->full);
    }
    g_assert_cmpuint(parsed, >, 10000);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name) g_test_add_func("/jid/" #name, name)
    ADD(jid_parse__splits__at_first_slash_then_first_at);
    ADD(jid_parse__prepares__each_part_by_its_profile);
    ADD(jid_parse__rejects__empty_domain);
    ADD(jid_parse__rejects__empty_local_part);
    ADD(jid_parse__rejects__empty_resource);
    ADD(jid_parse__rejects__forbidden_characters);
    ADD(jid_parse__rejects__what_is_not_utf8);
    ADD(jid_parse__limits__each_part_to_1023_bytes);
    ADD(jid_is_plain_resource__agrees__with_parsing);
    ADD(jid_escape__writes__what_xep_0106_lists);
    ADD(jid_escape__writes__the_rest_by_number);
    ADD(jid_escape__looks__at_neighbours);
    ADD(jid_escape__escapes__a_backslash_only_where_it_would_be_misread);
    ADD(jid_escape__refuses__what_cannot_be_a_local_part);
    ADD(jid_escape__is_exact__over_random_unicode);
    ADD(jid_escape__is_exact__for_each_character);
    ADD(jid_parse__is_stable__over_random_unicode);
    return g_test_run();
}
