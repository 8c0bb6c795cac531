/* tests/unit/purple/test-looks.c: which pictures fit a plugin
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "protocols/purple/looks.h"

#include <string.h>

#define PNG(width, height) "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0" width "\0\0\0" height

static void assert_problem(const PurpleBuddyIconSpec *spec, const char *bytes, gsize length,
                           const char *expected)
{
    g_autofree char *problem = cw_looks_problem(spec, (const guint8 *)bytes, length);

    g_test_message("%s", problem == NULL ? "fits" : problem);
    if (expected == NULL)
        g_assert_null(problem);
    else
        g_assert_nonnull(strstr(problem, expected));
}

#define ASSERT_PROBLEM(spec, bytes, expected)                                                      \
    assert_problem(spec, bytes, sizeof bytes - 1, expected)

static void looks_problem__is__what_the_plugin_does_not_take(void)
{
    PurpleBuddyIconSpec jabber = {(char *)"png", 32, 32, 96, 96, 0, PURPLE_ICON_SCALE_SEND};
    PurpleBuddyIconSpec oscar = {(char *)"gif,jpeg,bmp,ico", 48, 48, 52, 64, 7168, 0};
    PurpleBuddyIconSpec any = {(char *)"png,jpg", 0, 0, 0, 0, 40, 0};
    PurpleBuddyIconSpec none = {0};
    char large[7169] = "GIF89a\x30\0\x30\0";

    ASSERT_PROBLEM(&jabber, PNG("\x20", "\x60"), NULL);
    ASSERT_PROBLEM(&jabber, PNG("\x1f", "\x20"), "31 x 32 pixels");
    ASSERT_PROBLEM(&jabber, PNG("\x20", "\x61"), "32 x 97 pixels");
    ASSERT_PROBLEM(&jabber, "GIF89a\x30\0\x30\0", "image/gif, and the network takes png");
    ASSERT_PROBLEM(&jabber, "\x89PNG\r\n\x1a\n", "0 x 0 pixels"); /* nobody knows */
    ASSERT_PROBLEM(&jabber, "<svg/>", "none, and the network takes png");
    ASSERT_PROBLEM(&oscar, "GIF89a\x30\0\x30\0", NULL);
    assert_problem(&oscar, large, 7168, NULL);
    assert_problem(&oscar, large, 7169, "7169 bytes");
    ASSERT_PROBLEM(&any, PNG("\xff", "\xff"), NULL);
    ASSERT_PROBLEM(&any, "\xff\xd8\xff\xe0....", NULL);
    ASSERT_PROBLEM(&none, PNG("\x20", "\x20"), "no pictures");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/looks/looks_problem__is__what_the_plugin_does_not_take",
                    looks_problem__is__what_the_plugin_does_not_take);
    return g_test_run();
}
