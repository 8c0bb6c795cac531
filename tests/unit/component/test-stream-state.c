/* tests/unit/component/test-stream-state.c: the stream's states, and what it knows of texts
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "component/stream.h"

#include <string.h>

#include "component/stream-text.h"

/* ---- the table of moves, in full ---- */

static void stream_state__allows__these_moves_and_no_other(void)
{
    static const char *const rows[] = {
        /* to:  idle connecting opening handshake up closing waiting stopped */
        [CW_STREAM_IDLE] = ".x.....x",    [CW_STREAM_CONNECTING] = "..x...xx",
        [CW_STREAM_OPENING] = "...x.xxx", [CW_STREAM_HANDSHAKE] = "....xxxx",
        [CW_STREAM_UP] = ".....xxx",      [CW_STREAM_CLOSING] = "......xx",
        [CW_STREAM_WAITING] = ".x.....x", [CW_STREAM_STOPPED] = "........",
    };

    for (guint from = 0; from <= CW_STREAM_STOPPED; from++)
        for (guint to = 0; to <= CW_STREAM_STOPPED; to++)
            g_assert_cmpint(cw_stream_state_may_follow(from, to), ==, rows[from][to] == 'x');
}

static void stream_state__has_a_name__for_each(void)
{
    for (guint a = 0; a <= CW_STREAM_STOPPED; a++) {
        g_assert_cmpstr(cw_stream_state_to_string(a), !=, "unknown");
        for (guint b = 0; b < a; b++)
            g_assert_cmpstr(cw_stream_state_to_string(a), !=, cw_stream_state_to_string(b));
    }
}

/* ---- C3 ---- */

static void assert_digest(const char *id, const char *secret, const char *expected)
{
    g_autofree char *digest = cw_stream_digest(id, secret);

    g_assert_cmpstr(digest, ==, expected);
}

/* The values come from sha1sum(1). */
static void stream_digest__is__sha1_of_id_and_secret(void)
{
    g_autofree char *long_id = g_strnfill(200, 'x');

    assert_digest("3BF96D32", "test", "aaee83c26aeeafcbabeabfcbcd50df997e0a2a1e");
    assert_digest("a&b", "s3cret", "ba39b7165046fb43c82c8455dfc1ef9628e6769d");
    assert_digest(long_id, "s3cret", "c0dac655ae727710ab0094cc91759ef8ba480e4a");
    assert_digest("s1", "gehe\xC3\xAFm\xE2\x82\xAC", "01ad961d805bf6299f74e10f0c317c8eb6637048");
    assert_digest("", "s3cret", "fef341f85d87439e7d91a2d465b9871ef66b5e98");
}

/* ---- C10 ---- */

static void stream_is_from__compares__the_domain_part(void)
{
    static const char *const ours[] = {"irc.x",           "a@irc.x",   "a@irc.x/b",
                                       "irc.x/b",         "irc.x/a@b", "irc.x/a@evil/irc.x",
                                       "a\\40b@irc.x/c@d"};
    static const char *const others[] = {
        "",         "x",        "a@x",       "irc.x.evil",   "evil.irc.x",
        "a@irc.xx", "@irc.x",   "a@b@irc.x", "evil/a@irc.x", "IRC.x",
        "/irc.x",   "a@/irc.x", "a@"};

    for (guint i = 0; i < G_N_ELEMENTS(ours); i++)
        g_assert_true(cw_stream_is_from(ours[i], "irc.x"));
    for (guint i = 0; i < G_N_ELEMENTS(others); i++)
        g_assert_false(cw_stream_is_from(others[i], "irc.x"));
}

static void stream_ping_target__is__the_domain_above(void)
{
    g_assert_cmpstr(cw_stream_ping_target("irc.example.com"), ==, "example.com");
    g_assert_cmpstr(cw_stream_ping_target("irc.localhost"), ==, "localhost");
    g_assert_cmpstr(cw_stream_ping_target("irc"), ==, "irc");
    g_assert_cmpstr(cw_stream_ping_target("irc."), ==, "irc.");
}

/* ---- logs ---- */

static void assert_presentable(const char *text, const char *expected)
{
    static const char *const secrets[] = {"s3cret", "", "digest", NULL};
    g_autofree char *shown = cw_stream_presentable(text, secrets);

    g_assert_cmpstr(shown, ==, expected);
}

static void stream_presentable__makes__text_fit_for_a_log(void)
{
    g_autofree char *longer = g_strnfill(1000, 'x');
    g_autofree char *cut = g_strnfill(200, 'x');

    assert_presentable("", "");
    assert_presentable("Given token does not match", "Given token does not match");
    assert_presentable("a\nb\x1B[31m\x7F", "a b [31m ");
    assert_presentable("caf\xE9", "caf\xEF\xBF\xBD");
    assert_presentable("you sent s3cret!", "(not shown)");
    assert_presentable("the digest is wrong", "(not shown)");
    assert_presentable(longer, cut);
}

static void stream_outline__hides__character_data(void)
{
    CwAttr type = {.name = "type", .value = "c'hat"};
    CwNode body = {.name = "body", .ns = "urn:a", .text = "my secret"};
    CwNode active = {.name = "active", .ns = "urn:b", .text = ""};
    CwNode message = {
        .name = "message", .ns = "urn:a", .text = "", .attrs = &type, .first_child = &body};
    const char *text = "<m a='b&gt;'><body>my &lt;secret</body><x/>tail</m>";

    body.next = &active;
    g_autofree char *node = cw_stream_outline_node(&message);
    g_assert_cmpstr(node, ==,
                    "<message type='c&apos;hat'><body>\xE2\x80\xA6</body>"
                    "<active xmlns='urn:b'/></message>");
    g_autofree char *written = cw_stream_outline_text(text, strlen(text));
    g_assert_cmpstr(written, ==, "<m a='b&gt;'><body>\xE2\x80\xA6</body><x/>\xE2\x80\xA6</m>");
}

static void stream_outline__hides__what_invitations_say(void)
{
    CwAttr reason = {.name = "reason", .value = "do come"};
    CwAttr password = {.name = "password", .value = "rosebud", .next = &reason};
    CwAttr jid = {.name = "jid", .value = "#a@b", .next = &password};
    CwNode x = {.name = "x", .ns = "urn:a", .text = "", .attrs = &jid};
    const char *text = "<x jid='#a@b' password='rose&apos;bud' reason='' n='='/><y password=''>";

    g_autofree char *node = cw_stream_outline_node(&x);
    g_assert_cmpstr(node, ==, "<x jid='#a@b' password='\xE2\x80\xA6' reason='\xE2\x80\xA6'/>");
    g_autofree char *written = cw_stream_outline_text(text, strlen(text));
    g_assert_cmpstr(written, ==,
                    "<x jid='#a@b' password='\xE2\x80\xA6' reason='\xE2\x80\xA6' n='='/>"
                    "<y password='\xE2\x80\xA6'>");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name) g_test_add_func("/stream-state/" #name, name)
    ADD(stream_state__allows__these_moves_and_no_other);
    ADD(stream_state__has_a_name__for_each);
    ADD(stream_digest__is__sha1_of_id_and_secret);
    ADD(stream_is_from__compares__the_domain_part);
    ADD(stream_ping_target__is__the_domain_above);
    ADD(stream_presentable__makes__text_fit_for_a_log);
    ADD(stream_outline__hides__character_data);
    ADD(stream_outline__hides__what_invitations_say);
    return g_test_run();
}
