/* transport/avatar.c: pictures of contacts, each kept once for all users of a transport
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "transport/avatar.h"

#include <string.h>

struct CwAvatars {
    GHashTable *by_id; /* id -> CwAvatar, which its users own */
    gsize size;        /* bytes of all of them */
};

CwAvatars *cw_avatars_new(void)
{
    CwAvatars *avatars = g_new0(CwAvatars, 1);

    avatars->by_id = g_hash_table_new(g_str_hash, g_str_equal);
    return avatars;
}

void cw_avatars_free(CwAvatars *avatars)
{
    if (avatars == NULL)
        return;
    g_warn_if_fail(g_hash_table_size(avatars->by_id) == 0);
    g_hash_table_unref(avatars->by_id);
    g_free(avatars);
}

gsize cw_avatars_size(const CwAvatars *avatars)
{
    return avatars->size;
}

void cw_avatar_unref(CwAvatar *avatar)
{
    if (avatar == NULL || --avatar->users > 0)
        return;
    avatar->avatars->size -= g_bytes_get_size(avatar->bytes);
    g_hash_table_remove(avatar->avatars->by_id, avatar->id);
    g_bytes_unref(avatar->bytes);
    g_free(avatar->id);
    g_free(avatar);
}

/* ---- what it is ---- */

static gboolean begins(const guint8 *bytes, gsize length, const char *with, gsize n)
{
    return length >= n && memcmp(bytes, with, n) == 0;
}

const char *cw_avatar_recognize(const guint8 *bytes, gsize length, guint *width, guint *height)
{
    *width = *height = 0;
    if (begins(bytes, length, "\x89PNG\r\n\x1a\n", 8)) {
        if (length >= 24 && memcmp(bytes + 12, "IHDR", 4) == 0 && bytes[16] == 0 &&
            bytes[20] == 0) {
            *width = (guint)(bytes[17] << 16 | bytes[18] << 8 | bytes[19]);
            *height = (guint)(bytes[21] << 16 | bytes[22] << 8 | bytes[23]);
        }
        return "image/png";
    }
    if (begins(bytes, length, "GIF87a", 6) || begins(bytes, length, "GIF89a", 6)) {
        if (length >= 10) {
            *width = (guint)(bytes[6] | bytes[7] << 8);
            *height = (guint)(bytes[8] | bytes[9] << 8);
        }
        return "image/gif";
    }
    if (begins(bytes, length, "\xff\xd8\xff", 3))
        return "image/jpeg";
    if (begins(bytes, length, "RIFF", 4) && length >= 12 && memcmp(bytes + 8, "WEBP", 4) == 0)
        return "image/webp";
    if (begins(bytes, length, "BM", 2) && length >= 26)
        return "image/bmp";
    return NULL;
}

/* GLib's decoder takes anything. */
static gboolean is_base64(const char *data, gsize length)
{
    gsize body = strspn(data, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");

    return length % 4 == 0 && length - body <= 2 && strspn(data + body, "=") == length - body;
}

/* ---- keeping it ---- */

static CwAvatar *find_or_add(CwAvatars *avatars, GBytes *bytes, gsize most_all)
{
    gsize size = g_bytes_get_size(bytes);
    g_autofree char *id = g_compute_checksum_for_bytes(G_CHECKSUM_SHA1, bytes);
    CwAvatar *avatar = g_hash_table_lookup(avatars->by_id, id);

    if (avatar == NULL) {
        if (most_all > 0 && avatars->size + size > most_all)
            return NULL;
        avatar = g_new0(CwAvatar, 1);
        avatar->avatars = avatars;
        avatar->id = g_steal_pointer(&id);
        avatar->bytes = g_bytes_ref(bytes);
        avatar->media = cw_avatar_recognize(g_bytes_get_data(bytes, NULL), size, &avatar->width,
                                            &avatar->height);
        avatars->size += size;
        g_hash_table_insert(avatars->by_id, avatar->id, avatar);
    }
    avatar->users++;
    return avatar;
}

CwAvatar *cw_avatars_take(CwAvatars *avatars, const char *data, const char *media, gsize most,
                          gsize most_all, const char **problem)
{
    gsize length = strlen(data), size = 0;
    guint width = 0, height = 0;

    *problem = NULL;
    if (most > 0 && length / 4 * 3 > most + 2)
        *problem = "it is over avatar-size";
    else if (!is_base64(data, length))
        *problem = "it is not in base64";
    else if (media != NULL && !g_str_has_prefix(media, "image/"))
        *problem = "it is no picture";
    if (*problem != NULL)
        return NULL;

    guchar *decoded = g_base64_decode(data, &size);
    g_autoptr(GBytes) bytes = g_bytes_new_take(decoded, size);
    if (most > 0 && size > most)
        *problem = "it is over avatar-size";
    else if (cw_avatar_recognize(decoded, size, &width, &height) == NULL)
        *problem = "it is no picture that clients show";
    if (*problem != NULL)
        return NULL;
    CwAvatar *avatar = find_or_add(avatars, bytes, most_all);
    if (avatar == NULL)
        *problem = "avatar-cache is full";
    return avatar;
}
