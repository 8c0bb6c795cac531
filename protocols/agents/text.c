/* protocols/agents/text.c: plain text of what others write
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "protocols/agents/text.h"

#include <string.h>

#define ENTITY_LONGEST 10

/* Those that feeds are seen to have; Latin-1 is a table of its own. */
static const struct {
    const char *name;
    gunichar character;
} entities[] = {
    {"amp", '&'},       {"lt", '<'},        {"gt", '>'},        {"quot", '"'},
    {"apos", '\''},     {"euro", 0x20ac},   {"hellip", 0x2026}, {"mdash", 0x2014},
    {"ndash", 0x2013},  {"lsquo", 0x2018},  {"rsquo", 0x2019},  {"sbquo", 0x201a},
    {"ldquo", 0x201c},  {"rdquo", 0x201d},  {"bdquo", 0x201e},  {"laquo", 0xab},
    {"raquo", 0xbb},    {"lsaquo", 0x2039}, {"rsaquo", 0x203a}, {"bull", 0x2022},
    {"trade", 0x2122},  {"minus", 0x2212},  {"times", 0xd7},    {"larr", 0x2190},
    {"rarr", 0x2192},   {"zwnj", 0x200c},   {"zwj", 0x200d},    {"shy", 0xad},
    {"OElig", 0x152},   {"oelig", 0x153},   {"Scaron", 0x160},  {"scaron", 0x161},
    {"thinsp", 0x2009}, {"ensp", 0x2002},   {"emsp", 0x2003},   {"deg", 0xb0},
};
/* U+00A0 to U+00FF, HTML 4 24.2.1 */
static const char *const latin1[96] = {
    "nbsp",   "iexcl",  "cent",   "pound",  "curren", "yen",    "brvbar", "sect",   "uml",
    "copy",   "ordf",   "laquo",  "not",    "shy",    "reg",    "macr",   "deg",    "plusmn",
    "sup2",   "sup3",   "acute",  "micro",  "para",   "middot", "cedil",  "sup1",   "ordm",
    "raquo",  "frac14", "frac12", "frac34", "iquest", "Agrave", "Aacute", "Acirc",  "Atilde",
    "Auml",   "Aring",  "AElig",  "Ccedil", "Egrave", "Eacute", "Ecirc",  "Euml",   "Igrave",
    "Iacute", "Icirc",  "Iuml",   "ETH",    "Ntilde", "Ograve", "Oacute", "Ocirc",  "Otilde",
    "Ouml",   "times",  "Oslash", "Ugrave", "Uacute", "Ucirc",  "Uuml",   "Yacute", "THORN",
    "szlig",  "agrave", "aacute", "acirc",  "atilde", "auml",   "aring",  "aelig",  "ccedil",
    "egrave", "eacute", "ecirc",  "euml",   "igrave", "iacute", "icirc",  "iuml",   "eth",
    "ntilde", "ograve", "oacute", "ocirc",  "otilde", "ouml",   "divide", "oslash", "ugrave",
    "uacute", "ucirc",  "uuml",   "yacute", "thorn",  "yuml",
};

static gunichar read_number(const char *digits, gsize length)
{
    gboolean hex = length > 0 && (*digits == 'x' || *digits == 'X');
    g_autofree char *text = g_strndup(digits + hex, length - hex);
    guint64 number = 0;

    if (!g_ascii_string_to_unsigned(text, hex ? 16 : 10, 1, 0x10ffff, &number, NULL) ||
        !g_unichar_validate((gunichar)number))
        return 0;
    return (gunichar)number;
}

gunichar cw_text_entity(const char *name, gsize length)
{
    if (length == 0 || length > ENTITY_LONGEST)
        return 0;
    if (*name == '#')
        return read_number(name + 1, length - 1);
    for (guint i = 0; i < G_N_ELEMENTS(entities); i++) {
        if (strlen(entities[i].name) == length && strncmp(entities[i].name, name, length) == 0)
            return entities[i].character;
    }
    for (guint i = 0; i < G_N_ELEMENTS(latin1); i++) {
        if (strlen(latin1[i]) == length && strncmp(latin1[i], name, length) == 0)
            return 0xa0 + i;
    }
    return 0;
}

/* ---- HTML ---- */

static gboolean is_tag(const char *at, const char *name)
{
    gsize length = strlen(name);

    return g_ascii_strncasecmp(at, name, length) == 0 && !g_ascii_isalnum(at[length]);
}

/* Behind the tag that begins at `at`; the end of the text when nothing closes it. */
static const char *skip_tag(const char *at)
{
    const char *end;

    if (g_str_has_prefix(at, "<!--")) {
        end = strstr(at, "-->");
        return end == NULL ? at + strlen(at) : end + 3;
    }
    for (const char *const *name = (const char *const[]){"script", "style", NULL}; *name != NULL;
         name++) {
        if (!is_tag(at + 1, *name))
            continue;
        for (end = strchr(at, '<'); end != NULL; end = strchr(end + 1, '<')) {
            if (end[1] == '/' && is_tag(end + 2, *name))
                break;
        }
        if (end == NULL)
            return at + strlen(at);
        at = end;
    }
    end = strchr(at, '>');
    return end == NULL ? at + strlen(at) : end + 1;
}

static gboolean is_block(const char *at)
{
    static const char *const blocks[] = {"p",  "br", "div", "li", "ul",         "ol",
                                         "tr", "h1", "h2",  "h3", "blockquote", NULL};

    if (*at == '/')
        at++;
    for (guint i = 0; blocks[i] != NULL; i++) {
        if (is_tag(at, blocks[i]))
            return TRUE;
    }
    return FALSE;
}

/* What is written so far, and the white space that waits for the next character. */
typedef struct {
    GString *out;
    gsize count, most;
    gboolean space, newline;
} Writer;

/* What nobody sees: it turns the text around it (U+202E), or hides what is the same from a search.
 */
static gboolean is_invisible(gunichar character)
{
    return character == 0xad || (character >= 0x202a && character <= 0x202e) ||
           (character >= 0x2066 && character <= 0x2069) || character == 0xfeff ||
           (character >= 0xfff9 && character <= 0xfffb) || (character & 0xfffe) == 0xfffe;
}

static void put(Writer *writer, gunichar character)
{
    gboolean plain = character > ' ' && character < 0x7f; /* most are */

    if (!plain && (g_unichar_isspace(character) || character == 0xa0)) {
        writer->space = TRUE;
        return;
    }
    if ((!plain && (g_unichar_iscntrl(character) || is_invisible(character))) ||
        writer->count > writer->most)
        return;
    if (writer->out->len > 0 && (writer->space || writer->newline)) {
        g_string_append_c(writer->out, writer->newline ? '\n' : ' ');
        writer->count++;
    }
    writer->space = writer->newline = FALSE;
    if (writer->count++ < writer->most && plain)
        g_string_append_c(writer->out, (char)character);
    else if (writer->count <= writer->most)
        g_string_append_unichar(writer->out, character);
    else
        g_string_append(writer->out, "…");
}

char *cw_text_from_html(const char *html, gsize most)
{
    g_autofree char *text = g_utf8_make_valid(html, -1);
    Writer writer = {.out = g_string_new(NULL), .most = most};

    for (const char *p = text; *p != '\0' && writer.count <= most;) {
        const char *semicolon = *p == '&' ? memchr(p, ';', strnlen(p, ENTITY_LONGEST + 2)) : NULL;
        gunichar entity = semicolon == NULL ? 0 : cw_text_entity(p + 1, (gsize)(semicolon - p - 1));
        if (*p == '<' && (g_ascii_isalpha(p[1]) || p[1] == '/' || p[1] == '!' || p[1] == '?')) {
            writer.newline |= is_block(p + 1);
            p = skip_tag(p);
        } else if (entity != 0) {
            put(&writer, entity);
            p = semicolon + 1;
        } else {
            put(&writer, g_utf8_get_char(p));
            p = g_utf8_next_char(p);
        }
    }
    return g_string_free(writer.out, FALSE);
}

char *cw_text_fill_url(const char *pattern, const char *const *pairs)
{
    GString *url = g_string_new(NULL);

    for (const char *p = pattern; *p != '\0';) {
        const char *const *pair = pairs;
        gsize length = 0;
        for (; *p == '{' && pair[0] != NULL; pair += 2) {
            length = strlen(pair[0]);
            if (strncmp(p + 1, pair[0], length) == 0 && p[1 + length] == '}')
                break;
        }
        if (*p == '{' && pair[0] != NULL) {
            g_autofree char *value = g_uri_escape_string(pair[1], NULL, FALSE);
            g_string_append(url, value);
            p += length + 2;
        } else {
            g_string_append_c(url, *p++);
        }
    }
    return g_string_free(url, FALSE);
}
