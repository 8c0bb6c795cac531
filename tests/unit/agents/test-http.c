/* tests/unit/agents/test-http.c: which addresses are of the public internet, and what is a URL of
 * ours
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "protocols/agents/http.h"

#include "protocols/agents/host.h"

static void is_public__addresses(void)
{
    static const char *const inside[] = {
        "0.0.0.0",
        "0.255.255.255",
        "10.0.0.1",
        "10.255.255.255",
        "100.64.0.1",
        "100.127.255.255",
        "127.0.0.1",
        "127.255.255.254",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.1",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.0.1",
        "192.168.255.255",
        "198.18.0.1",
        "198.19.255.255",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:192.168.1.1",
        "::127.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b::a00:1",
        "64:ff9b:1::1",
        "2002:7f00:1::1",
        "2002:a00:1::",
        "2002:c0a8:101::1",
        "2001::1",
        "2001:0:4136:e378::1",
        "2001:10::1",
        "2001:20::1",
        "2001:db8::1",
        "3fff::1",
        "3fff:fff::1",
        "100::1",
        "5f00::1",
        "fc00::1",
        "fd12:3456::1",
        "fe80::1",
        "fec0::1",
        "ff02::1",
        "4000::1",
    };
    static const char *const outside[] = {
        "1.1.1.1",
        "8.8.8.8",
        "9.255.255.255",
        "11.0.0.1",
        "100.63.255.255",
        "100.128.0.1",
        "126.255.255.255",
        "128.0.0.1",
        "169.253.255.255",
        "169.255.0.1",
        "172.15.255.255",
        "172.32.0.1",
        "192.0.1.1",
        "192.0.3.1",
        "192.88.98.1",
        "192.167.255.255",
        "192.169.0.1",
        "198.17.255.255",
        "198.20.0.1",
        "198.51.99.1",
        "203.0.112.1",
        "203.0.114.1",
        "223.255.255.255",
        "2606:4700:4700::1111",
        "2001:4860:4860::8888",
        "2001:200::1",
        "2a00:1450::1",
        "2002:808:808::1",
        "64:ff9b::808:808",
        "::ffff:8.8.8.8",
        "3fff:1000::1",
    };

    for (guint i = 0; i < G_N_ELEMENTS(inside); i++) {
        g_autoptr(GInetAddress) address = g_inet_address_new_from_string(inside[i]);
        g_test_message("%s", inside[i]);
        g_assert_false(cw_http_is_public(address));
    }
    for (guint i = 0; i < G_N_ELEMENTS(outside); i++) {
        g_autoptr(GInetAddress) address = g_inet_address_new_from_string(outside[i]);
        g_test_message("%s", outside[i]);
        g_assert_true(cw_http_is_public(address));
    }
}

static void normal_url__forms(void)
{
    static const struct {
        const char *url, *normal; /* NULL: it is refused */
    } cases[] = {
        {"https://Example.ORG", "https://example.org/"},
        {"HTTP://example.org:80/A?b=C#d", "http://example.org/A?b=C"},
        {"https://example.org:8443/%2f", "https://example.org:8443/%2F"},
        {"ftp://example.org/", NULL},
        {"file:///etc/passwd", NULL},
        {"https:///x", NULL},
        {"https://juliet:x@example.org/", NULL},
        {"https://juliet@example.org/", NULL},
        {"http://127.0.0.1/", NULL},
        {"http://[::1]/", NULL},
        {"http://[::ffff:10.0.0.1]:80/", NULL},
        {"http://example.org:99999/", NULL},
        {"example.org", NULL},
        {"", NULL},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *normal = cw_http_normal_url(cases[i].url, &error);
        g_assert_cmpstr(normal, ==, cases[i].normal);
        g_assert_true((normal == NULL) == (error != NULL));
    }
}

/* However many ask for it, and not for ever. */
static void zone_new__is_read_once(void)
{
    GTimeZone *rome = cw_agent_zone_new("Europe/Rome"), *first = rome;

    g_time_zone_unref(rome);
    rome = cw_agent_zone_new("Europe/Rome");
    g_assert_true(rome == first);
    g_assert_cmpstr(g_time_zone_get_identifier(rome), ==, "Europe/Rome");
    g_time_zone_unref(rome);
    for (guint i = 0; i < 300; i++) { /* more than are kept */
        g_autofree char *name = g_strdup_printf("Etc/GMT%s%u", i % 2 == 0 ? "+" : "-", i % 12);
        g_autoptr(GTimeZone) zone = cw_agent_zone_new(name);
        g_assert_nonnull(zone);
        g_assert_cmpstr(g_time_zone_get_identifier(zone), ==, name);
    }
}

static void zone_new__leads_nowhere_else(void)
{
    static const char *const wrong[] = {
        "",           "/etc/localtime", "../../etc/localtime", "Europe/../UTC", ":Europe/Rome",
        "/dev/stdin", "Verona",         "Europe/Rome\n"};
    g_autofree char *longest = g_strnfill(1000, 'a');
    g_autoptr(GTimeZone) rome = cw_agent_zone_new("Europe/Rome");

    g_assert_nonnull(rome);
    g_assert_null(cw_agent_zone_new(longest));
    for (guint i = 0; i < G_N_ELEMENTS(wrong); i++)
        g_assert_null(cw_agent_zone_new(wrong[i]));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/http/is_public__addresses", is_public__addresses);
    g_test_add_func("/http/normal_url__forms", normal_url__forms);
    g_test_add_func("/http/zone_new__is_read_once", zone_new__is_read_once);
    g_test_add_func("/http/zone_new__leads_nowhere_else", zone_new__leads_nowhere_else);
    return g_test_run();
}
