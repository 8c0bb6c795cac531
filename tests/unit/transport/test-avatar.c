/* tests/unit/transport/test-avatar.c: pictures of contacts
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "transport/avatar.h"

#include <string.h>

#define PNG "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0 \0\0\0@"

static CwAvatar *take(CwAvatars *avatars, const char *bytes, gsize length, const char *media,
                      gsize most, gsize most_all)
{
    g_autofree char *data = g_base64_encode((const guchar *)bytes, length);
    const char *problem = NULL;
    CwAvatar *avatar = cw_avatars_take(avatars, data, media, most, most_all, &problem);

    g_assert_true((avatar == NULL) == (problem != NULL));
    return avatar;
}

static void avatars_take__keeps_once__what_two_have(void)
{
    CwAvatars *avatars = cw_avatars_new();
    CwAvatar *one = take(avatars, PNG, sizeof PNG - 1, "image/png", 0, 0);
    CwAvatar *two = take(avatars, PNG, sizeof PNG - 1, NULL, 0, 0);

    g_assert_true(one == two);
    g_assert_cmpuint(cw_avatars_size(avatars), ==, sizeof PNG - 1);
    g_assert_cmpuint(strlen(one->id), ==, 40);
    g_assert_cmpstr(one->media, ==, "image/png");
    g_assert_cmpuint(one->width, ==, 32);
    g_assert_cmpuint(one->height, ==, 64);
    cw_avatar_unref(one);
    g_assert_cmpuint(cw_avatars_size(avatars), ==, sizeof PNG - 1);
    cw_avatar_unref(two);
    g_assert_cmpuint(cw_avatars_size(avatars), ==, 0);
    cw_avatar_unref(NULL);
    cw_avatars_free(avatars);
}

static void avatars_take__refuses__what_is_over_a_limit(void)
{
    CwAvatars *avatars = cw_avatars_new();
    char bytes[300] = PNG;
    CwAvatar *first = take(avatars, bytes, 100, NULL, 100, 250);

    g_assert_nonnull(first);
    for (gsize length = 101; length < 110; length++)
        g_assert_null(take(avatars, bytes, length, NULL, 100, 250));
    bytes[99] = 1;
    CwAvatar *second = take(avatars, bytes, 100, NULL, 100, 250);
    g_assert_nonnull(second);
    bytes[99] = 2;
    g_assert_null(take(avatars, bytes, 100, NULL, 100, 250));
    cw_avatar_unref(first); /* makes room */
    first = take(avatars, bytes, 100, NULL, 100, 250);
    g_assert_nonnull(first);
    cw_avatar_unref(first);
    cw_avatar_unref(second);
    cw_avatars_free(avatars);
}

static void avatars_take__refuses__broken_base64(void)
{
    static const char *const wrong[] = {
        "iVBORw0KGgo",
        "iVBORw0KGgo===",
        "iVBORw0K\nGgo=",
        "iVBORw0K GgoAAA=",
        "=VBORw0KGgoAAAA=",
        "iVBO====w0KGgoA=",
        "iVBORw0KGgoAAA=A",
        "<x/>",
        "====",
        "\xc3\xa4\xc3\xa4",
        "iVBORw0KGgo-____",
    };
    CwAvatars *avatars = cw_avatars_new();

    for (guint i = 0; i < G_N_ELEMENTS(wrong); i++) {
        const char *problem = NULL;
        g_assert_null(cw_avatars_take(avatars, wrong[i], NULL, 0, 0, &problem));
        g_assert_nonnull(problem);
    }
    cw_avatars_free(avatars);
}

static void avatars_take__refuses__what_is_no_picture(void)
{
    CwAvatars *avatars = cw_avatars_new();

    g_assert_null(take(avatars, PNG, sizeof PNG - 1, "text/html", 0, 0));
    g_assert_null(take(avatars, "<svg onload='x'/>", 17, "image/svg+xml", 0, 0));
    g_assert_null(take(avatars, "", 0, "image/png", 0, 0));
    cw_avatars_free(avatars);
}

#define ADD(name) g_test_add_func("/avatar/" #name, name)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD(avatars_take__keeps_once__what_two_have);
    ADD(avatars_take__refuses__what_is_over_a_limit);
    ADD(avatars_take__refuses__broken_base64);
    ADD(avatars_take__refuses__what_is_no_picture);
    return g_test_run();
}
