/* tests/fuzz/fuzz-avatar.c: pictures as a host sends them, and what they are taken for
 *
 * The input is base64 as it is on the link, and the bytes of a picture too.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "transport/avatar.h"

#include <string.h>

#include "transport/image.h"

#define MOST 4096

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

static void take(const char *base64)
{
    CwAvatars *avatars = cw_avatars_new();
    const char *problem = NULL;
    CwAvatar *avatar = cw_avatars_take(avatars, base64, NULL, MOST, MOST, &problem);

    g_assert_true((avatar == NULL) == (problem != NULL));
    if (avatar != NULL) {
        g_assert_cmpuint(g_bytes_get_size(avatar->bytes), ==, cw_avatars_size(avatars));
        g_assert_cmpuint(cw_avatars_size(avatars), <=, MOST);
        g_assert_true(g_str_has_prefix(avatar->media, "image/"));
        g_assert_cmpuint(strlen(avatar->id), ==, 40);
    }
    cw_avatar_unref(avatar);
    g_assert_cmpuint(cw_avatars_size(avatars), ==, 0);
    cw_avatars_free(avatars);
}

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
    if (size == 0)
        return 0; /* `data` may be NULL */
    g_autofree char *text = g_strndup((const char *)data, size);
    g_autofree char *base64 = g_base64_encode(data, size);
    guint width = 0, height = 0;

    take(text);
    take(base64);
    cw_image_recognize(data, size, &width, &height);
    return 0;
}
