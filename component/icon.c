/* component/icon.c: the picture that a gateway has in rosters: of the admin's choice, or one of
 * ours
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "component/icon.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/settings.h"
#include "transport/image.h"

#define MOST (700 * 1024) /* bytes; avatar-size cannot be more either */
#define REST "other"

static const CwIcon *find(const char *name)
{
    const CwIcon *icon = cw_icons;

    while (icon->name != NULL && !g_str_equal(icon->name, name))
        icon++;
    return icon->name == NULL ? NULL : icon;
}

GBytes *cw_icon_standard(const char *identity)
{
    const CwIcon *icon = find(identity);

    if (icon == NULL)
        icon = find(REST);
    return g_bytes_new_static(icon->bytes, icon->size);
}

static gboolean fail(GError **error, const char *path, const char *found, const char *expected)
{
    g_set_error(error, CW_SETTINGS_ERROR, CW_SETTINGS_ERROR_VALUE,
                "found '%s', which %s, expected %s", path, found, expected);
    return FALSE;
}

/* Up to `most` bytes and one, so that more can be told.  It may be a pipe or a device, which would
 * never end. */
static gboolean read_file(const char *path, gsize most, GByteArray *into, GError **error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat info;
    gssize n = 0;

    if (fd < 0) {
        g_autofree char *found = g_strdup_printf("cannot be read (%s)", g_strerror(errno));
        return fail(error, path, found, "a PNG or JPEG file that causeway can read");
    }
    gboolean is_file = fstat(fd, &info) == 0 && S_ISREG(info.st_mode);
    g_byte_array_set_size(into, (guint)most + 1);
    gsize length = 0;
    while (is_file && length < into->len &&
           (n = read(fd, into->data + length, into->len - length)) > 0)
        length += (gsize)n;
    g_byte_array_set_size(into, (guint)length);
    close(fd);
    if (!is_file || n < 0)
        return fail(error, path, "is no file that can be read", "a PNG or JPEG file");
    return TRUE;
}

GBytes *cw_icon_read(const char *path, gsize most, GError **error)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    gsize limit = most == 0 ? MOST : most;
    guint width = 0, height = 0;

    if (!read_file(path, limit, bytes, error))
        return NULL;
    if (bytes->len > limit) {
        g_autofree char *found = g_strdup_printf("has over %" G_GSIZE_FORMAT " bytes", limit);
        fail(error, path, found, "a smaller picture, 64x64 will do; or raise [limits] avatar-size");
        return NULL;
    }
    const char *media = cw_image_recognize(bytes->data, bytes->len, &width, &height);
    if (g_strcmp0(media, "image/png") != 0 && g_strcmp0(media, "image/jpeg") != 0) {
        fail(error, path, media == NULL ? "is no picture" : media, "a PNG or JPEG file");
        return NULL;
    }
    return g_byte_array_free_to_bytes(g_steal_pointer(&bytes));
}
