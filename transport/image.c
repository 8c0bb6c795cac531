/* transport/image.c: what kind of picture some bytes are, and how large it is
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "transport/image.h"

#include <string.h>

static gboolean begins(const guint8 *bytes, gsize length, const char *with, gsize n)
{
    return length >= n && memcmp(bytes, with, n) == 0;
}

/* From 24 bits on it is no size: what would not fit stays 0. */
static guint read_big(const guint8 *bytes)
{
    return bytes[0] != 0 ? 0 : (guint)(bytes[1] << 16 | bytes[2] << 8 | bytes[3]);
}

static guint read_little(const guint8 *bytes)
{
    return bytes[3] != 0 ? 0 : (guint)(bytes[2] << 16 | bytes[1] << 8 | bytes[0]);
}

/* ISO/IEC 10918-1 B.1: segments, each with its length, up to the frame header. */
static void find_jpeg_size(const guint8 *bytes, gsize length, guint *width, guint *height)
{
    gsize at = 2;

    while (length - at >= 9 && bytes[at] == 0xff) {
        guint8 marker = bytes[at + 1];
        gsize size = (gsize)(bytes[at + 2] << 8 | bytes[at + 3]);
        if (marker == 0xff) { /* fill */
            at++;
            continue;
        }
        if (marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 &&
            marker != 0xcc) {
            *height = (guint)(bytes[at + 5] << 8 | bytes[at + 6]);
            *width = (guint)(bytes[at + 7] << 8 | bytes[at + 8]);
            return;
        }
        if (size < 2 || size + 2 > length - at)
            return;
        at += size + 2;
    }
}

const char *cw_image_recognize(const guint8 *bytes, gsize length, guint *width, guint *height)
{
    *width = *height = 0;
    if (begins(bytes, length, "\x89PNG\r\n\x1a\n", 8)) {
        if (length >= 24 && memcmp(bytes + 12, "IHDR", 4) == 0) {
            *width = read_big(bytes + 16);
            *height = read_big(bytes + 20);
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
    if (begins(bytes, length, "\xff\xd8\xff", 3)) {
        find_jpeg_size(bytes, length, width, height);
        return "image/jpeg";
    }
    if (begins(bytes, length, "RIFF", 4) && length >= 12 && memcmp(bytes + 8, "WEBP", 4) == 0)
        return "image/webp";
    if (begins(bytes, length, "BM", 2) && length >= 26) {
        *width = read_little(bytes + 18);
        *height = read_little(bytes + 22);
        return "image/bmp";
    }
    return NULL;
}
