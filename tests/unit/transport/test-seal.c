/* tests/unit/transport/test-seal.c: boxes and the key file
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "transport/seal.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

typedef struct {
    char *folder;
    char *path;
} Fixture;

static void set_up(Fixture *fixture, gconstpointer data)
{
    fixture->folder = g_dir_make_tmp("causeway-XXXXXX", NULL);
    fixture->path = g_build_filename(fixture->folder, "key", NULL);
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
    g_remove(fixture->path);
    g_rmdir(fixture->folder);
    g_free(fixture->path);
    g_free(fixture->folder);
}

static CwSeal *open_seal(Fixture *fixture, gboolean create)
{
    g_autoptr(GError) error = NULL;
    CwSeal *seal = cw_seal_open(fixture->path, create, &error);
    g_assert_no_error(error);
    return seal;
}

static void assert_opens(CwSeal *seal, GBytes *box, const char *place, const char *bytes,
                         gsize length)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(CwSecret) secret = cw_seal_open_box(seal, box, place, &error);
    g_assert_no_error(error);
    g_assert_cmpmem(cw_secret_peek(secret), cw_secret_length(secret), bytes, length);
}

static void assert_stays_closed(CwSeal *seal, const void *bytes, gsize size, const char *place)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) box = g_bytes_new(bytes, size);
    g_assert_null(cw_seal_open_box(seal, box, place, &error));
    g_assert_error(error, CW_SEAL_ERROR, CW_SEAL_ERROR_BOX);
}

static void box__opens__to_what_was_sealed(Fixture *fixture, gconstpointer data)
{
    g_autoptr(CwSeal) seal = open_seal(fixture, TRUE);
    for (gsize length = 0; length < 300; length++) {
        g_autofree char *text = g_malloc0(length + 1);
        for (gsize i = 0; i < length; i++)
            text[i] = (char)(i * 7); /* NUL and bytes that look like padding (0x80) too */
        g_autoptr(CwSecret) secret = cw_secret_new_bytes(text, length);
        g_autoptr(GBytes) box = cw_seal_close_box(seal, secret, "here");
        assert_opens(seal, box, "here", text, length);
    }
}

static void box__hides__text_and_length(Fixture *fixture, gconstpointer data)
{
    g_autoptr(CwSeal) seal = open_seal(fixture, TRUE);
    g_autoptr(CwSecret) short_secret = cw_secret_new("a"),
                        secret = cw_secret_new("wherefore art thou");
    g_autoptr(GBytes) a = cw_seal_close_box(seal, short_secret, "here");
    g_autoptr(GBytes) b = cw_seal_close_box(seal, secret, "here");
    g_autoptr(GBytes) again = cw_seal_close_box(seal, secret, "here");
    g_assert_cmpuint(g_bytes_get_size(a), ==, g_bytes_get_size(b));
    g_assert_false(g_bytes_equal(b, again)); /* a fresh nonce each time */
    g_assert_null(memmem(g_bytes_get_data(b, NULL), g_bytes_get_size(b), "wherefore", 9));
}

static void box__stays_closed__elsewhere_or_changed(Fixture *fixture, gconstpointer data)
{
    g_autoptr(CwSeal) seal = open_seal(fixture, TRUE);
    g_autoptr(CwSecret) secret = cw_secret_new("wherefore");
    g_autoptr(GBytes) box = cw_seal_close_box(seal, secret, "juliet");
    gsize size;
    g_autofree guint8 *bytes = g_memdup2(g_bytes_get_data(box, &size), g_bytes_get_size(box));

    assert_stays_closed(seal, bytes, size, "romeo");
    for (gsize i = 0; i < size; i++) {
        bytes[i] ^= 1;
        assert_stays_closed(seal, bytes, size, "juliet");
        bytes[i] ^= 1;
    }
    for (gsize length = 0; length < size; length++)
        assert_stays_closed(seal, bytes, length, "juliet");
    assert_opens(seal, box, "juliet", "wherefore", 9);
}

static void key__is_made__once_and_private(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_assert_null(cw_seal_open(fixture->path, FALSE, &error));
    g_assert_error(error, CW_SEAL_ERROR, CW_SEAL_ERROR_KEY);

    g_autoptr(CwSeal) seal = open_seal(fixture, TRUE);
    struct stat info;
    g_assert_cmpint(stat(fixture->path, &info), ==, 0);
    g_assert_cmpuint(info.st_mode & 07777, ==, 0600);

    g_autoptr(CwSecret) secret = cw_secret_new("wherefore");
    g_autoptr(GBytes) box = cw_seal_close_box(seal, secret, "juliet");
    g_autoptr(CwSeal) later = open_seal(fixture, TRUE); /* there is one: it is read */
    assert_opens(later, box, "juliet", "wherefore", 9);

    g_remove(fixture->path);
    g_autoptr(CwSeal) other = open_seal(fixture, TRUE);
    assert_stays_closed(other, g_bytes_get_data(box, NULL), g_bytes_get_size(box), "juliet");
}

static void key__is_refused__when_others_can_read_it(Fixture *fixture, gconstpointer data)
{
    cw_seal_free(open_seal(fixture, TRUE));
    static const mode_t modes[] = {0644, 0604, 0660, 0606, 0601};
    for (guint i = 0; i < G_N_ELEMENTS(modes); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_cmpint(chmod(fixture->path, modes[i]), ==, 0);
        g_assert_null(cw_seal_open(fixture->path, TRUE, &error));
        g_assert_error(error, CW_SEAL_ERROR, CW_SEAL_ERROR_KEY);
        g_assert_nonnull(strstr(error->message, "chmod 0600"));
        g_assert_nonnull(strstr(error->message, fixture->path));
    }
    g_assert_cmpint(chmod(fixture->path, 0400), ==, 0);
    g_autoptr(CwSeal) read_only = open_seal(fixture, FALSE);
    g_assert_nonnull(read_only);
}

static void key__is_refused__when_it_is_none(Fixture *fixture, gconstpointer data)
{
    static const char *const texts[] = {
        "", "abc\n", "zz00000000000000000000000000000000000000000000000000000000000000\n",
        "000000000000000000000000000000000000000000000000000000000000000000\n"};
    for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_true(g_file_set_contents(fixture->path, texts[i], -1, NULL));
        g_assert_cmpint(chmod(fixture->path, 0600), ==, 0);
        g_assert_null(cw_seal_open(fixture->path, TRUE, &error));
        g_assert_error(error, CW_SEAL_ERROR, CW_SEAL_ERROR_KEY);
        g_assert_null(strstr(error->message, "0000000000000000"));
    }
    g_remove(fixture->path);
    g_assert_cmpint(mkfifo(fixture->path, 0600), ==, 0);
    g_autoptr(GError) error = NULL;
    g_assert_null(cw_seal_open(fixture->path, TRUE, &error));
    g_assert_nonnull(strstr(error->message, "not a plain file"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name) g_test_add("/seal/" #name, Fixture, NULL, set_up, name, tear_down)
    ADD(box__opens__to_what_was_sealed);
    ADD(box__hides__text_and_length);
    ADD(box__stays_closed__elsewhere_or_changed);
    ADD(key__is_made__once_and_private);
    ADD(key__is_refused__when_others_can_read_it);
    ADD(key__is_refused__when_it_is_none);
    return g_test_run();
}
