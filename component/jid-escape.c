/* component/jid-escape.c: any legacy name as a local part, and back
 *
 * XEP-0106 says ten characters as \hh.  Names have more that nodeprep would fold, compose or
 * refuse; those are said as \uHEX; with lower-case hex, no leading zero.  A backslash stands for
 * itself wherever what follows cannot be misread, as XEP-0106 4.2 (3) wants it.
 *
 * Whether nodeprep leaves a character alone can depend on its neighbours (a combining mark behind
 * its base, letters that are written from right to left), so the assembled whole decides: first
 * everything outside ASCII stays; when nodeprep changes that, what it changes alone is escaped;
 * when that does not help, all of it.  Only ASCII that nodeprep keeps is left then.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "component/jid.h"

#include <string.h>

#include "component/jid-private.h"

#define LOCAL_MAX 1023

/* Both directions read a backslash by this one function, which is what makes them inverse: the
 * length of the escape that begins at `text`, and what it stands for; 0: just a backslash. */
static gsize read_escape(const char *text, gunichar *character)
{
    static const char codes[][3] = {"20", "22", "26", "27", "2f", "3a", "3c", "3e", "40", "5c"};

    if (text[0] != '\\')
        return 0;
    for (guint i = 0; i < G_N_ELEMENTS(codes); i++)
        if (strncmp(text + 1, codes[i], 2) == 0) {
            *character = (gunichar)(g_ascii_xdigit_value(codes[i][0]) * 16 +
                                    g_ascii_xdigit_value(codes[i][1]));
            return 3;
        }

    if (text[1] != 'u')
        return 0;
    gunichar value = 0;
    gsize digits = 0;
    const char *hex = text + 2;
    while (digits < 6 && g_ascii_isxdigit(hex[digits]) && !g_ascii_isupper(hex[digits]))
        value = value * 16 + (gunichar)g_ascii_xdigit_value(hex[digits++]);
    if (digits == 0 || hex[0] == '0' || hex[digits] != ';')
        return 0;
    if (value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF))
        return 0;
    /* nobody escapes what needs none: one name would have two addresses */
    if (value < 0x80 && cw_jid_is_plain_local((guchar)value))
        return 0;
    *character = value;
    return digits + 3;
}

typedef enum { KEEP_ALL, KEEP_STABLE, KEEP_NONE } Foreign; /* of what is not ASCII */

static gboolean keeps_alone(const char *character)
{
    char alone[7] = {0};

    g_unichar_to_utf8(g_utf8_get_char(character), alone);
    return cw_jid_nodeprep_keeps(alone);
}

static gboolean has_short_escape(guchar c)
{
    return strchr(" \"&'/:<>@", c) != NULL;
}

static char *assemble(const char *legacy, Foreign foreign)
{
    g_autoptr(GString) out = g_string_sized_new(strlen(legacy) + 16);

    for (const char *p = legacy; *p; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p), meant;
        /* XEP-0106 2.2: \20 is neither the first nor the last */
        gboolean end_space = c == ' ' && (p == legacy || p[1] == '\0');

        if (c == '\\')
            g_string_append(out, read_escape(p, &meant) ? "\\5c" : "\\");
        else if (c < 0x80 && has_short_escape((guchar)c) && !end_space)
            g_string_append_printf(out, "\\%02x", c);
        else if (c < 0x80 ? cw_jid_is_plain_local((guchar)c)
                          : foreign == KEEP_ALL || (foreign == KEEP_STABLE && keeps_alone(p)))
            g_string_append_unichar(out, c);
        else
            g_string_append_printf(out, "\\u%x;", c);
    }
    return g_string_free(g_steal_pointer(&out), FALSE);
}

/* Most names are: nothing in them is escaped. */
static gboolean is_plain(const char *text)
{
    while (*text != '\\' && cw_jid_is_plain_local((guchar)*text))
        text++;
    return *text == '\0';
}

static gboolean is_ascii(const char *text)
{
    while (*text && (guchar)*text < 0x80)
        text++;
    return *text == '\0';
}

char *cw_jid_escape_local(const char *legacy)
{
    /* every escape is longer than what it stands for */
    gsize length = strnlen(legacy, LOCAL_MAX + 1);

    if (length == 0 || length > LOCAL_MAX || !g_utf8_validate(legacy, (gssize)length, NULL))
        return NULL;
    if (is_plain(legacy))
        return g_strdup(legacy);
    for (Foreign foreign = KEEP_ALL; foreign <= KEEP_NONE; foreign++) {
        g_autofree char *local = assemble(legacy, foreign);

        if (is_ascii(local) || cw_jid_nodeprep_keeps(local))
            return strlen(local) <= LOCAL_MAX ? g_steal_pointer(&local) : NULL;
    }
    g_return_val_if_reached(NULL);
}

char *cw_jid_unescape_local(const char *local)
{
    g_autoptr(GString) out = g_string_sized_new(strlen(local));

    while (*local) {
        gunichar character;
        gsize length = read_escape(local, &character);

        if (length)
            g_string_append_unichar(out, character);
        else
            g_string_append_c(out, *local);
        local += length ? length : 1;
    }
    return g_string_free(g_steal_pointer(&out), FALSE);
}

char *cw_jid_for_legacy(const char *legacy, const char *domain)
{
    g_autofree char *local = cw_jid_escape_local(legacy);

    return local ? g_strconcat(local, "@", domain, NULL) : NULL;
}
