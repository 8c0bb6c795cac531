/* protocols/agents/chart.c: a line of numbers as a small picture
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "protocols/agents/chart.h"

#include <math.h>
#include <png.h>
#include <string.h>

#define WIDTH 480
#define HEIGHT 200
#define MARGIN 10
#define THICK 2 /* pixels of the line */

enum { PAPER, LINE, AREA, DOTS, FRAME, N_COLOURS };

static const png_color colours[N_COLOURS] = {
    [PAPER] = {255, 255, 255}, [LINE] = {32, 96, 192},    [AREA] = {218, 230, 246},
    [DOTS] = {160, 160, 160},  [FRAME] = {208, 208, 208},
};

typedef guint8 Pixels[HEIGHT][WIDTH];

static void put(Pixels pixels, int x, int y, guint8 colour)
{
    if (x >= 0 && x < WIDTH && y >= 0 && y < HEIGHT)
        pixels[y][x] = colour;
}

static int height_of(double value, double least, double most)
{
    double part = most > least ? (value - least) / (most - least) : 0.5;

    return HEIGHT - MARGIN - 1 - (int)lround(part * (HEIGHT - 2 * MARGIN - 1));
}

/* The value at a column, between its neighbours. */
static double value_at(const double *values, guint count, int x)
{
    double at = (double)(x - MARGIN) / (WIDTH - 2 * MARGIN - 1) * (count - 1);
    guint first = MIN((guint)at, count - 2);

    return values[first] + (values[first + 1] - values[first]) * (at - first);
}

static void draw(Pixels pixels, const double *values, guint count, double reference)
{
    double least = values[0], most = values[0];
    int before = -1;

    for (guint i = 0; i < count; i++) {
        least = MIN(least, values[i]);
        most = MAX(most, values[i]);
    }
    for (int x = MARGIN; x < WIDTH - MARGIN; x++) {
        int y = height_of(value_at(values, count, x), least, most);
        int from = before < 0 ? y : MIN(y, before), to = before < 0 ? y : MAX(y, before);
        for (int k = y; k < HEIGHT - MARGIN; k++)
            put(pixels, x, k, AREA);
        for (int k = from; k <= to + THICK - 1; k++)
            put(pixels, x, k, LINE);
        put(pixels, x, HEIGHT - MARGIN, FRAME);
        before = y;
    }
    if (reference < least || reference > most)
        return;
    for (int x = MARGIN; x < WIDTH - MARGIN; x += 6) {
        put(pixels, x, height_of(reference, least, most), DOTS);
        put(pixels, x + 1, height_of(reference, least, most), DOTS);
    }
}

/* ---- PNG ---- */

static void write_cb(png_structp png, png_bytep bytes, png_size_t length)
{
    g_byte_array_append(png_get_io_ptr(png), bytes, (guint)length);
}

static void flush_cb(png_structp png)
{
}

static void encode(png_structp png, png_infop info, Pixels pixels, GByteArray *out)
{
    png_set_write_fn(png, out, write_cb, flush_cb);
    png_set_IHDR(png, info, WIDTH, HEIGHT, 8, PNG_COLOR_TYPE_PALETTE, PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_set_PLTE(png, info, colours, N_COLOURS);
    png_write_info(png, info);
    for (int y = 0; y < HEIGHT; y++)
        png_write_row(png, pixels[y]);
    png_write_end(png, info);
}

GBytes *cw_chart_draw(const double *values, guint count, double reference)
{
    static Pixels pixels;
    png_structp png =
        count < 2 ? NULL : png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop info = png == NULL ? NULL : png_create_info_struct(png);
    GByteArray *out = g_byte_array_new();

    if (info == NULL || setjmp(png_jmpbuf(png)) != 0) { /* out of memory */
        png_destroy_write_struct(&png, &info);
        g_byte_array_unref(out);
        return NULL;
    }
    memset(pixels, PAPER, sizeof pixels);
    draw(pixels, values, count, reference);
    encode(png, info, pixels, out);
    png_destroy_write_struct(&png, &info);
    return g_byte_array_free_to_bytes(out);
}
