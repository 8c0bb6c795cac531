/* tests/unit/component/test-icon.c: icons of gateways, ours and an admin's
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "component/icon.h"

#include <glib/gstdio.h>
#include <string.h>

#include "conf/settings.h"
#include "transport/image.h"

#define SMALL_MOST 4096 /* bytes: it goes into each vCard that is asked for */

static const guint8 *bytes_of(GBytes *icon, gsize *size)
{
    return g_bytes_get_data(icon, size);
}

static void icons__are__small_pictures(void)
{
    for (const CwIcon *icon = cw_icons; icon->name != NULL; icon++) {
        guint width = 0, height = 0;
        g_assert_cmpstr(cw_image_recognize(icon->bytes, icon->size, &width, &height), ==,
                        "image/png");
        g_assert_cmpuint(width, ==, 64);
        g_assert_cmpuint(height, ==, 64);
        g_assert_cmpuint(icon->size, <, SMALL_MOST);
    }
}

static void icon_standard__goes_by__the_identity(void)
{
    static const char *const known[] = {"stocks", "weather", "rss", "clock", "irc"};
    g_autoptr(GBytes) other = cw_icon_standard("other");

    for (guint i = 0; i < G_N_ELEMENTS(known); i++) {
        g_autoptr(GBytes) icon = cw_icon_standard(known[i]);
        g_assert_false(g_bytes_equal(icon, other));
        for (guint j = 0; j < i; j++) {
            g_autoptr(GBytes) before = cw_icon_standard(known[j]);
            g_assert_false(g_bytes_equal(icon, before));
        }
    }
    g_autoptr(GBytes) icq = cw_icon_standard("icq");
    g_assert_true(g_bytes_equal(icq, other));
}

/* In a folder that goes with the test. */
static char *write_file(const char *folder, const char *name, gconstpointer bytes, gsize size)
{
    char *path = g_build_filename(folder, name, NULL);

    g_assert_true(g_file_set_contents(path, bytes, (gssize)size, NULL));
    return path;
}

static void assert_refused(const char *path, gsize most, const char *expected)
{
    g_autoptr(GError) error = NULL;

    g_assert_null(cw_icon_read(path, most, &error));
    g_assert_error(error, CW_SETTINGS_ERROR, CW_SETTINGS_ERROR_VALUE);
    g_assert_nonnull(strstr(error->message, path));
    if (strstr(error->message, expected) == NULL)
        g_error("'%s' has no '%s'", error->message, expected);
}

static void icon_read__takes__pictures_within_the_limit(void)
{
    g_autofree char *folder = g_dir_make_tmp("causeway-icon-XXXXXX", NULL);
    g_autoptr(GBytes) icon = cw_icon_standard("irc");
    gsize size = 0;
    const guint8 *bytes = bytes_of(icon, &size);
    g_autofree char *png = write_file(folder, "icon", bytes, size);
    g_autofree char *jpeg = write_file(folder, "photo", "\xff\xd8\xff\xe0 and so on", 15);
    g_autofree char *gif = write_file(folder, "moving", "GIF89a\1\0\1\0", 10);
    g_autofree char *text = write_file(folder, "text", "a text", 6);
    g_autofree char *empty = write_file(folder, "empty", "", 0);
    g_autofree char *gone = g_build_filename(folder, "gone", NULL);
    const char *const paths[] = {png, jpeg, gif, text, empty};

    for (gsize most = 0; most <= size; most += size) {
        g_autoptr(GError) error = NULL;
        g_autoptr(GBytes) read = cw_icon_read(png, most, &error);
        g_assert_no_error(error);
        g_assert_true(g_bytes_equal(read, icon));
    }
    g_autoptr(GBytes) photo = cw_icon_read(jpeg, 0, NULL);
    g_assert_nonnull(photo);
    assert_refused(png, size - 1, "avatar-size");
    assert_refused(gif, 0, "expected a PNG or JPEG file");
    assert_refused(text, 0, "is no picture");
    assert_refused(empty, 0, "is no picture");
    assert_refused(gone, 0, "No such file");
    assert_refused(folder, 0, "is no file");
    assert_refused("/dev/zero", 0, "is no file");
    for (guint i = 0; i < G_N_ELEMENTS(paths); i++)
        g_unlink(paths[i]);
    g_rmdir(folder);
}

#define ADD(name) g_test_add_func("/icon/" #name, name)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD(icons__are__small_pictures);
    ADD(icon_standard__goes_by__the_identity);
    ADD(icon_read__takes__pictures_within_the_limit);
    return g_test_run();
}
