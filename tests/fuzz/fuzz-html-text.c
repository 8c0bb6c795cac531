/* tests/fuzz/fuzz-html-text.c: any bytes as HTML of which plain text is made
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "protocols/agents/text.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
    g_autofree char *html = g_strndup((const char *)data, size);
    gsize most = size == 0 ? 0 : data[0];
    g_autofree char *text = cw_text_from_html(html, most);

    g_assert_true(g_utf8_validate(text, -1, NULL));
    g_assert_cmpint(g_utf8_strlen(text, -1), <=, (glong)most + 2);
    for (const char *p = text; *p != '\0'; p = g_utf8_next_char(p)) {
        gunichar character = g_utf8_get_char(p);
        g_assert_true(character == '\n' || !g_unichar_iscntrl(character));
        g_assert_true((character & 0xfffe) != 0xfffe);
    }
    g_assert_true(*text == '\0' ||
                  (!g_ascii_isspace(*text) && !g_ascii_isspace(text[strlen(text) - 1])));
    return 0;
}
