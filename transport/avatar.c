/* transport/avatar.c: pictures, each kept once for all users of a transport
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "transport/avatar.h"

#include <string.h>

#include "transport/image.h"

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

char *cw_avatar_encode(const CwAvatar *avatar)
{
    gsize size = 0;
    gconstpointer bytes = g_bytes_get_data(avatar->bytes, &size);

    return g_base64_encode(bytes, size);
}

CwAvatar *cw_avatar_ref(CwAvatar *avatar)
{
    avatar->users++;
    return avatar;
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
        avatar->media = cw_image_recognize(g_bytes_get_data(bytes, NULL), size, &avatar->width,
                                           &avatar->height);
        avatars->size += size;
        g_hash_table_insert(avatars->by_id, avatar->id, avatar);
    }
    avatar->users++;
    return avatar;
}

CwAvatar *cw_avatars_take_bytes(CwAvatars *avatars, GBytes *bytes, gsize most, gsize most_all,
                                const char **problem)
{
    gsize size = 0;
    const guint8 *data = g_bytes_get_data(bytes, &size);
    guint width = 0, height = 0;
    CwAvatar *avatar = NULL;

    *problem = NULL;
    if (most > 0 && size > most)
        *problem = "it is over avatar-size";
    else if (data == NULL || cw_image_recognize(data, size, &width, &height) == NULL)
        *problem = "it is no picture that clients show";
    else if ((avatar = find_or_add(avatars, bytes, most_all)) == NULL)
        *problem = "avatar-cache is full";
    return avatar;
}

CwAvatar *cw_avatars_take(CwAvatars *avatars, const char *data, const char *media, gsize most,
                          gsize most_all, const char **problem)
{
    gsize length = strlen(data), size = 0;

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
    return cw_avatars_take_bytes(avatars, bytes, most, most_all, problem);
}
