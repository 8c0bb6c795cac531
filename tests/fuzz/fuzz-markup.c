/* tests/fuzz/fuzz-markup.c: any bytes as libpurple's HTML, and as a text to send
 *
 * What comes out can stand in a stanza; a text of ours survives the way to HTML and back; pieces
 * are whole characters, short enough, and lose nothing.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "protocols/purple/markup.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

static void check_text(const char *text)
{
    g_assert_true(g_utf8_validate(text, -1, NULL));
    for (const char *p = text; *p != '\0'; p++)
        g_assert_true((guint8)*p >= 0x20 || *p == '\n' || *p == '\t');
    g_autofree char *again = cw_text_clean(text);
    g_assert_cmpstr(again, ==, text);
}

static void check_split(const char *text, gsize max, gboolean lines)
{
    g_auto(GStrv) pieces = cw_text_split(text, max, lines);
    g_assert_nonnull(pieces[0]);
    for (char **piece = pieces; *piece != NULL; piece++) {
        g_assert_true(g_utf8_validate(*piece, -1, NULL));
        g_assert_true(max == 0 || strlen(*piece) <= max);
        g_assert_true(!lines || strchr(*piece, '\n') == NULL);
    }
    if (!lines) {
        g_autofree char *whole = g_strjoinv("", pieces);
        g_assert_cmpstr(whole, ==, text);
    }
}

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
    g_autofree char *input = g_strndup((const char *)data, size);
    g_autofree char *text = cw_markup_to_text(input);
    check_text(text);

    g_autofree char *clean = cw_text_clean(input);
    check_text(clean);
    g_autofree char *html = cw_markup_from_text(clean);
    g_autofree char *back = cw_markup_to_text(html);
    g_assert_cmpstr(back, ==, clean);

    gsize max = size > 0 ? 16 + data[0] : 0;
    check_split(clean, max, FALSE);
    check_split(clean, max, TRUE);
    g_autofree char *line = cw_text_one_line(input);
    g_assert_true(!cw_text_has_control(line));
    return 0;
}
