/* tests/unit/component/test-adhoc.c: sessions of XEP-0050
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "component/features/adhoc.h"

static const char *check(const char *from, const char *to, const char *node, const char *id,
                         gint64 at)
{
    g_autoptr(CwJid) sender = cw_jid_parse(from, NULL);
    g_autoptr(CwJid) addressee = cw_jid_parse(to, NULL);
    CwStanza stanza = {.from = sender, .to = addressee};

    return cw_adhoc_check_session(&stanza, node, id, at);
}

static char *begin(void)
{
    g_autoptr(CwJid) from = cw_jid_parse("juliet@capulet.lit/balcony", NULL);
    g_autoptr(CwJid) to = cw_jid_parse("irc.example.com", NULL);

    return cw_adhoc_session_new(&(CwStanza){.from = from, .to = to}, "move");
}

static gint64 now(void)
{
    return g_get_monotonic_time() / G_USEC_PER_SEC;
}

static void session__is_of__one_client_address_and_command(void)
{
    static const struct {
        const char *from, *to, *node, *problem;
    } cases[] = {
        {"juliet@capulet.lit/balcony", "irc.example.com", "move", NULL},
        {"juliet@capulet.lit/balcony", "irc.example.com/x", "move", NULL},
        {"juliet@capulet.lit/chamber", "irc.example.com", "move", "bad-sessionid"},
        {"romeo@montague.lit/balcony", "irc.example.com", "move", "bad-sessionid"},
        {"juliet@capulet.lit/balcony", "icq.example.com", "move", "bad-sessionid"},
        {"juliet@capulet.lit/balcony", "nurse@irc.example.com", "move", "bad-sessionid"},
        {"juliet@capulet.lit/balcony", "irc.example.com", "unregister", "bad-sessionid"},
    };
    g_autofree char *id = begin();

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
        g_assert_cmpstr(check(cases[i].from, cases[i].to, cases[i].node, id, now()), ==,
                        cases[i].problem);
}

static void session__ends__after_an_hour(void)
{
    g_autofree char *id = begin();
    gint64 at = now();

    g_assert_null(check("juliet@capulet.lit/balcony", "irc.example.com", "move", id,
                        at + CW_ADHOC_SESSION_TIME - 60));
    g_assert_cmpstr(check("juliet@capulet.lit/balcony", "irc.example.com", "move", id,
                          at + CW_ADHOC_SESSION_TIME + 1),
                    ==, "session-expired");
    /* somebody else's does not tell how old it is */
    g_assert_cmpstr(check("romeo@montague.lit/balcony", "irc.example.com", "move", id,
                          at + CW_ADHOC_SESSION_TIME + 1),
                    ==, "bad-sessionid");
}

static void session__refuses__what_nobody_made(void)
{
    g_autofree char *id = begin();
    g_autofree char *longer = g_strconcat(id, "0", NULL);
    g_autofree char *later = g_strconcat("f", id, NULL);
    const char *const ids[] = {"", "-", "x", "0-", longer, later};

    for (guint i = 0; i < G_N_ELEMENTS(ids); i++)
        g_assert_cmpstr(
            check("juliet@capulet.lit/balcony", "irc.example.com", "move", ids[i], now()), ==,
            "bad-sessionid");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/adhoc/session/is-of/one-client-address-and-command",
                    session__is_of__one_client_address_and_command);
    g_test_add_func("/adhoc/session/ends/after-an-hour", session__ends__after_an_hour);
    g_test_add_func("/adhoc/session/refuses/what-nobody-made", session__refuses__what_nobody_made);
    return g_test_run();
}
