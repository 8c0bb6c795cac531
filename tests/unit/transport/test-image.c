/* tests/unit/transport/test-image.c: kinds and sizes of pictures
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "transport/image.h"

#include <string.h>

#define JPEG "\xff\xd8\xff\xe0\0\x04JF"
#define FRAME(marker) "\xff" marker "\0\x11\x08\x00\x30\x01\x40\x03............"

static const struct {
    const char *bytes;
    gsize length;
    const char *media; /* NULL: none */
    guint width, height;
} pictures[] = {
#define PICTURE(bytes) bytes, sizeof bytes - 1
    {PICTURE("\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0 \0\0\x01@"), "image/png", 32, 320},
    {PICTURE("\x89PNG\r\n\x1a\n\0\0\0\rIHDR\x01\0\0 \0\0\x01@"), "image/png", 0, 320},
    {PICTURE("\x89PNG\r\n\x1a\n"), "image/png", 0, 0},
    {PICTURE("GIF89a\x10\x01\x20\0"), "image/gif", 272, 32},
    {PICTURE("GIF87a"), "image/gif", 0, 0},
    {PICTURE(JPEG FRAME("\xc0")), "image/jpeg", 320, 48},
    {PICTURE(JPEG "\xff\xdb\0\x05..." FRAME("\xc2")), "image/jpeg", 320, 48}, /* progressive */
    {PICTURE(JPEG "\xff\xff\xff" FRAME("\xc0")), "image/jpeg", 320, 48},      /* fill */
    {PICTURE(JPEG FRAME("\xc4") "........"), "image/jpeg", 0, 0},             /* no frame header */
    {PICTURE(JPEG "\xff\xdb\0\0" FRAME("\xc0")), "image/jpeg", 0, 0},
    {PICTURE(JPEG "\xff\xdb\xff\xff" FRAME("\xc0")), "image/jpeg", 0, 0},
    {PICTURE(JPEG "no marker......."), "image/jpeg", 0, 0},
    {PICTURE("RIFF....WEBP.............."), "image/webp", 0, 0},
    {PICTURE("BM................\x60\0\0\0\x40\0\0\0"), "image/bmp", 96, 64},
    {PICTURE("BM................\x60\0\0\xff\x40\0\0\0"), "image/bmp", 0, 64},
    {PICTURE("BM"), NULL, 0, 0},
    {PICTURE("<svg xmlns='http://www.w3.org/2000/svg'/>"), NULL, 0, 0},
    {"", 0, NULL, 0, 0},
};

static void image_recognize__tells__kind_and_size(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(pictures); i++) {
        guint width = 99, height = 99;
        const char *media = cw_image_recognize((const guint8 *)pictures[i].bytes,
                                               pictures[i].length, &width, &height);
        g_test_message("picture %u", i);
        g_assert_cmpstr(media, ==, pictures[i].media);
        g_assert_cmpuint(width, ==, pictures[i].width);
        g_assert_cmpuint(height, ==, pictures[i].height);
    }
}

static void image_recognize__survives__every_length(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(pictures); i++) {
        for (gsize length = 0; length <= pictures[i].length; length++) {
            g_autofree guint8 *exact = g_memdup2(pictures[i].bytes, length); /* for ASan */
            guint width = 0, height = 0;
            cw_image_recognize(exact, length, &width, &height);
        }
    }
}

#define ADD(name) g_test_add_func("/image/" #name, name)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD(image_recognize__tells__kind_and_size);
    ADD(image_recognize__survives__every_length);
    return g_test_run();
}
