/* protocols/purple/markup.c: libpurple's HTML <-> plain text, and text made fit for a network
 *
 * The reader is one pass over the bytes.  It never fails: what is not a tag or an entity is text.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "protocols/purple/markup.h"

#include <string.h>

typedef struct {
    GString *out;
    char *href;       /* of the open link; NULL: none */
    gsize href_start; /* where in `out` its text begins */
    const char *skip; /* inside this element nothing is text; NULL: none */
    gboolean no_gt;   /* no '>' ahead: every further '<' is text */
} Reader;

static const struct {
    const char *name;
    const char *text;
} entities[] = {
    {"amp", "&"},   {"lt", "<"},    {"gt", ">"},    {"quot", "\""}, {"apos", "'"},
    {"nbsp", " "},  {"copy", "©"},  {"reg", "®"},   {"trade", "™"}, {"hellip", "…"},
    {"mdash", "—"}, {"ndash", "–"}, {"lsquo", "‘"}, {"rsquo", "’"}, {"ldquo", "“"},
    {"rdquo", "”"}, {"laquo", "«"}, {"raquo", "»"}, {"bull", "•"},  {"middot", "·"},
    {"euro", "€"},  {"pound", "£"}, {"yen", "¥"},   {"cent", "¢"},  {"sect", "§"},
    {"deg", "°"},   {"times", "×"}, {"auml", "ä"},  {"ouml", "ö"},  {"uuml", "ü"},
    {"Auml", "Ä"},  {"Ouml", "Ö"},  {"Uuml", "Ü"},  {"szlig", "ß"}, {"eacute", "é"},
};

/* May it stand in the body of a stanza?  XML 1.0, 2.2. */
static gboolean is_carried(gunichar c)
{
    if (c == '\n' || c == '\t')
        return TRUE;
    return c >= 0x20 && c != 0x7f && !(c >= 0x80 && c < 0xa0) && c != 0xfffe && c != 0xffff &&
           !(c >= 0xd800 && c < 0xe000) && c <= 0x10ffff;
}

char *cw_text_clean(const char *text)
{
    if (text == NULL)
        return g_strdup("");
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    GString *out = g_string_sized_new(strlen(valid));
    const char *plain = valid; /* where what can be copied as it is begins */
    const char *p = valid;
    for (; *p != '\0'; p = g_utf8_next_char(p)) {
        gunichar c = (guchar)*p < 0x80 ? (guchar)*p : g_utf8_get_char(p);
        if (is_carried(c))
            continue;
        g_string_append_len(out, plain, p - plain);
        if (c == '\r' && p[1] != '\n')
            g_string_append_c(out, '\n');
        plain = g_utf8_next_char(p);
    }
    g_string_append_len(out, plain, p - plain);
    return g_string_free(out, FALSE);
}

char *cw_text_one_line(const char *text)
{
    char *line = cw_text_clean(text);
    for (char *p = line; *p != '\0'; p++) {
        if (*p == '\n' || *p == '\t')
            *p = ' ';
    }
    return g_strstrip(line);
}

gboolean cw_text_has_control(const char *text)
{
    if (text == NULL)
        return FALSE;
    if (!g_utf8_validate(text, -1, NULL))
        return TRUE;
    for (const char *p = text; *p != '\0'; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);
        if (c == '\n' || c == '\t' || !is_carried(c))
            return TRUE;
    }
    return FALSE;
}

/* ---- entities ---- */

/* At '&'.  Appends what the entity stands for and returns the first byte behind it; NULL: none. */
static const char *read_entity(const char *p, GString *out)
{
    const char *name = p + 1;
    gsize length = strcspn(name, ";&< \n");
    if (length == 0 || length > 10 || name[length] != ';')
        return NULL;
    if (name[0] == '#') {
        gboolean hex = name[1] == 'x' || name[1] == 'X';
        const char *digits = name + (hex ? 2 : 1);
        if (!(hex ? g_ascii_isxdigit(*digits) : g_ascii_isdigit(*digits)))
            return NULL;
        char *end = NULL;
        guint64 code = g_ascii_strtoull(digits, &end, hex ? 16 : 10);
        if (end != name + length)
            return NULL;
        if (code == 0xa0)
            g_string_append_c(out, ' ');
        else if (code <= 0x10ffff && is_carried((gunichar)code))
            g_string_append_unichar(out, (gunichar)code);
        else if (code == '\r')
            g_string_append_c(out, '\n');
        return end + 1; /* what cannot be carried is dropped */
    }
    for (guint i = 0; i < G_N_ELEMENTS(entities); i++) {
        if (strlen(entities[i].name) == length && strncmp(name, entities[i].name, length) == 0) {
            g_string_append(out, entities[i].text);
            return name + length + 1;
        }
    }
    return NULL;
}

/* (transfer full) */
static char *resolve(const char *text, gsize length)
{
    g_autofree char *copy = g_strndup(text, length);
    GString *out = g_string_sized_new(length);
    for (const char *p = copy; *p != '\0';) {
        const char *next = *p == '&' ? read_entity(p, out) : NULL;
        if (next == NULL)
            g_string_append_c(out, *p++);
        else
            p = next;
    }
    return g_string_free(out, FALSE);
}

/* ---- tags ---- */

/* At '<'.  The '>' that ends the tag; NULL: it is not a tag. */
static const char *find_tag_end(Reader *reader, const char *p)
{
    char quote = '\0';
    const char *first = NULL;
    if (reader->no_gt || !(g_ascii_isalpha(p[1]) || p[1] == '!' || p[1] == '?' ||
                           (p[1] == '/' && g_ascii_isalpha(p[2]))))
        return NULL;
    for (const char *q = p + 1; *q != '\0'; q++) {
        if (*q == '>' && first == NULL)
            first = q;
        if (quote != '\0') {
            if (*q == quote)
                quote = '\0';
        } else if ((*q == '"' || *q == '\'') && q > p && q[-1] == '=') {
            quote = *q;
        } else if (*q == '>') {
            return q;
        }
    }
    /* a quote that is never closed: the first '>' it is */
    if (first == NULL)
        reader->no_gt = TRUE;
    return first;
}

/* The value of an attribute in the tag [p, end); NULL: none.  (transfer full) */
static char *find_attribute(const char *p, const char *end, const char *name)
{
    gsize length = strlen(name);
    for (; p < end; p++) {
        if (!g_ascii_isspace(*p) || (gsize)(end - p) <= length + 1)
            continue;
        if (g_ascii_strncasecmp(p + 1, name, length) != 0 || p[1 + length] != '=')
            continue;
        const char *value = p + 1 + length + 1;
        if (value >= end)
            return NULL;
        const char *stop = value;
        if (*value == '"' || *value == '\'') {
            stop = memchr(value + 1, *value, (gsize)(end - value - 1));
            if (stop == NULL)
                return NULL;
            value++;
        } else {
            while (stop < end && !g_ascii_isspace(*stop))
                stop++;
        }
        return resolve(value, (gsize)(stop - value));
    }
    return NULL;
}

static void break_line(GString *out, gboolean always)
{
    if (always || (out->len > 0 && out->str[out->len - 1] != '\n'))
        g_string_append_c(out, '\n');
}

/* Do the text of a link and its address say the same? */
static gboolean is_same_address(const char *text, const char *href)
{
    static const char *const noise[] = {"mailto:", "http://", "https://", "xmpp:", "tel:"};
    if (strcmp(text, href) == 0)
        return TRUE;
    for (guint i = 0; i < G_N_ELEMENTS(noise); i++) {
        if (g_str_has_prefix(href, noise[i])) {
            href += strlen(noise[i]);
            break;
        }
    }
    gsize length = strlen(href);
    if (length > 0 && href[length - 1] == '/')
        length--;
    gsize text_length = strlen(text);
    if (text_length > 0 && text[text_length - 1] == '/')
        text_length--;
    return length == text_length && strncmp(text, href, length) == 0;
}

static void end_link(Reader *reader)
{
    if (reader->href == NULL)
        return;
    GString *out = reader->out;
    const char *text = out->str + MIN(reader->href_start, out->len);
    if (*text == '\0')
        g_string_append(out, reader->href);
    else if (!is_same_address(text, reader->href))
        g_string_append_printf(out, " (%s)", reader->href);
    g_clear_pointer(&reader->href, g_free);
}

static gboolean is_one_of(const char *name, const char *const *names)
{
    for (; *names != NULL; names++) {
        if (strcmp(name, *names) == 0)
            return TRUE;
    }
    return FALSE;
}

/* `p` behind '<', `end` at '>'. */
static void read_tag(Reader *reader, const char *p, const char *end)
{
    static const char *const blocks[] = {"p",     "div", "li",  "ul",         "ol", "tr",
                                         "table", "h1",  "h2",  "h3",         "h4", "h5",
                                         "h6",    "hr",  "pre", "blockquote", NULL};
    static const char *const silent[] = {"script", "style", "head", "title", NULL};
    gboolean closing = *p == '/';
    if (closing)
        p++;
    char name[16];
    gsize length = 0;
    while (p < end && g_ascii_isalnum(*p) && length < sizeof name - 1)
        name[length++] = g_ascii_tolower(*p++);
    name[length] = '\0';

    if (reader->skip != NULL) {
        if (closing && strcmp(name, reader->skip) == 0)
            reader->skip = NULL;
        return;
    }
    if (strcmp(name, "br") == 0) {
        break_line(reader->out, TRUE);
    } else if (strcmp(name, "a") == 0) {
        end_link(reader);
        if (!closing) {
            g_autofree char *href = find_attribute(p, end, "href");
            g_autofree char *clean = href != NULL ? cw_text_one_line(href) : NULL;
            if (clean != NULL && *clean != '\0') {
                reader->href = g_steal_pointer(&clean);
                reader->href_start = reader->out->len;
            }
        }
    } else if (strcmp(name, "img") == 0) {
        g_autofree char *alt = find_attribute(p, end, "alt");
        g_string_append(reader->out, alt != NULL && *alt != '\0' ? alt : "[image]");
    } else if (is_one_of(name, blocks)) {
        break_line(reader->out, FALSE);
    } else if (!closing && end[-1] != '/') {
        for (guint i = 0; silent[i] != NULL; i++) {
            if (strcmp(name, silent[i]) == 0)
                reader->skip = silent[i];
        }
    }
}

char *cw_markup_to_text(const char *html)
{
    if (html == NULL)
        return g_strdup("");
    g_autofree char *clean = cw_text_clean(html);
    gsize length = strlen(clean);
    Reader reader = {.out = g_string_sized_new(length)};
    gboolean block_at_end = FALSE;
    for (const char *p = clean; *p != '\0';) {
        if (*p == '<') {
            if (g_str_has_prefix(p, "<!--")) {
                const char *end = strstr(p + 4, "-->");
                p = end != NULL ? end + 3 : clean + length;
                continue;
            }
            const char *end = find_tag_end(&reader, p);
            if (end != NULL) {
                gsize before = reader.out->len;
                read_tag(&reader, p + 1, end);
                /* the line break that a closing block leaves at the very end is nobody's text */
                block_at_end = (reader.out->len == before && block_at_end) ||
                               (reader.out->len == before + 1 && p[1] == '/');
                p = end + 1;
                continue;
            }
        }
        if (reader.skip != NULL) {
            p++;
            continue;
        }
        block_at_end = FALSE;
        const char *next = *p == '&' ? read_entity(p, reader.out) : NULL;
        if (next == NULL) { /* text, up to what may be none */
            next = p + 1 + strcspn(p + 1, "<&");
            g_string_append_len(reader.out, p, next - p);
        }
        p = next;
    }
    end_link(&reader);
    if (block_at_end && reader.out->len > 0 && reader.out->str[reader.out->len - 1] == '\n')
        g_string_truncate(reader.out, reader.out->len - 1);
    return g_string_free(reader.out, FALSE);
}

static const char *html_of(char c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\n':
        return "<br>";
    default:
        return NULL;
    }
}

char *cw_markup_from_text(const char *text)
{
    GString *out = g_string_sized_new(strlen(text) + 16);
    const char *plain = text; /* where what can be copied as it is begins */
    for (; *text != '\0'; text++) {
        const char *html = html_of(*text);
        if (html == NULL)
            continue;
        g_string_append_len(out, plain, text - plain);
        g_string_append(out, html);
        plain = text + 1;
    }
    g_string_append_len(out, plain, text - plain);
    return g_string_free(out, FALSE);
}

/* ---- pieces ---- */

/* Does a character begin at `p` that belongs to the one before it (accent, joiner, variant)? */
static gboolean is_joined(const char *start, const char *p)
{
    gunichar c = g_utf8_get_char(p);
    gunichar before = p > start ? g_utf8_get_char(g_utf8_prev_char(p)) : 0;
    return g_unichar_iszerowidth(c) || before == 0x200d || (c >= 0x1f3fb && c <= 0x1f3ff);
}

/* The length of the first piece of the `length` bytes at `text`, which are more than `max`. */
static gsize cut(const char *text, gsize max)
{
    const char *end = text + max;
    while ((*end & 0xc0) == 0x80)
        end--;
    for (const char *p = end; p > text + max / 2; p--) {
        if (*p == ' ' && p[-1] != ' ')
            return (gsize)(p - text);
    }
    const char *whole = end;
    for (guint i = 0; i < 8 && whole > text + max / 2 && is_joined(text, whole); i++)
        whole = g_utf8_prev_char(whole);
    return (gsize)((whole > text + max / 2 ? whole : end) - text);
}

static void split_line(GPtrArray *pieces, const char *line, gsize length, gsize max)
{
    while (max > 0 && length > max) {
        gsize n = cut(line, max);
        g_ptr_array_add(pieces, g_strndup(line, n));
        line += n;
        length -= n;
    }
    g_ptr_array_add(pieces, g_strndup(line, length));
}

char **cw_text_split(const char *text, gsize max, gboolean lines)
{
    g_return_val_if_fail(max == 0 || max >= 16, NULL);
    GPtrArray *pieces = g_ptr_array_new();
    if (!lines) {
        split_line(pieces, text, strlen(text), max);
    } else {
        for (;;) {
            gsize length = strcspn(text, "\n");
            if (length == 0)
                g_ptr_array_add(pieces, g_strdup(" "));
            else
                split_line(pieces, text, length, max);
            if (text[length] == '\0')
                break;
            text += length + 1;
        }
    }
    g_ptr_array_add(pieces, NULL);
    return (char **)g_ptr_array_free(pieces, FALSE);
}
