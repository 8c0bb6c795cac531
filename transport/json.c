/* transport/json.c: JSON (RFC 8259) as the link needs it: read into one arena, written into a
 * buffer
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "transport/json.h"

#include <string.h>

/* ---- reading ---- */

typedef struct {
    CwArena *arena;
    const char *at, *end; /* valid UTF-8 without NUL between them */
    guint depth;
} Reader;

static gboolean read_value(Reader *reader, CwJson *json);

static void skip_space(Reader *reader)
{
    while (reader->at < reader->end && (*reader->at == ' ' || *reader->at == '\t' ||
                                        *reader->at == '\n' || *reader->at == '\r'))
        reader->at++;
}

static gboolean take(Reader *reader, char c)
{
    if (reader->at == reader->end || *reader->at != c)
        return FALSE;
    reader->at++;
    return TRUE;
}

/* Behind white space. */
static gboolean take_sign(Reader *reader, char c)
{
    skip_space(reader);
    return take(reader, c);
}

static gboolean read_word(Reader *reader, const char *word)
{
    gsize length = strlen(word);

    if ((gsize)(reader->end - reader->at) < length || memcmp(reader->at, word, length) != 0)
        return FALSE;
    reader->at += length;
    return TRUE;
}

static guint skip_digits(Reader *reader)
{
    const char *start = reader->at;

    while (reader->at < reader->end && g_ascii_isdigit(*reader->at))
        reader->at++;
    return (guint)(reader->at - start);
}

/* FALSE: more than 64 bits. */
static gboolean to_integer(const char *digits, guint n, gboolean negative, gint64 *integer)
{
    guint64 most = negative ? (guint64)G_MAXINT64 + 1 : G_MAXINT64, value = 0;

    for (guint i = 0; i < n; i++) {
        guint digit = (guint)(digits[i] - '0');
        if (value > (most - digit) / 10)
            return FALSE;
        value = value * 10 + digit;
    }
    *integer = negative ? (gint64)(0 - value) : (gint64)value;
    return TRUE;
}

static gboolean read_number(Reader *reader, CwJson *json)
{
    gboolean negative = take(reader, '-');
    const char *digits = reader->at;
    guint n = skip_digits(reader);

    if (n == 0 || (n > 1 && *digits == '0'))
        return FALSE;
    json->kind = CW_JSON_INTEGER;
    if (take(reader, '.')) {
        json->kind = CW_JSON_REAL;
        if (skip_digits(reader) == 0)
            return FALSE;
    }
    if (take(reader, 'e') || take(reader, 'E')) {
        json->kind = CW_JSON_REAL;
        if (!take(reader, '-'))
            take(reader, '+');
        if (skip_digits(reader) == 0)
            return FALSE;
    }
    return json->kind == CW_JSON_REAL || to_integer(digits, n, negative, &json->integer);
}

/* The four digits of an escape; 0, which no text may have, when they are none. */
static gunichar read_hex(Reader *reader)
{
    gunichar value = 0;

    if (reader->end - reader->at < 4)
        return 0;
    for (guint i = 0; i < 4; i++) {
        int digit = g_ascii_xdigit_value(*reader->at++);
        if (digit < 0)
            return 0;
        value = value << 4 | (gunichar)digit;
    }
    return value;
}

static gboolean is_low_surrogate(gunichar c)
{
    return c >= 0xDC00 && c <= 0xDFFF;
}

/* Behind "\u".  What lies beyond U+FFFF comes as two halves. */
static gboolean read_unicode(Reader *reader, char **to)
{
    gunichar c = read_hex(reader);

    if (c == 0 || is_low_surrogate(c))
        return FALSE;
    if (c >= 0xD800 && c <= 0xDBFF) {
        gunichar low = read_word(reader, "\\u") ? read_hex(reader) : 0;
        if (!is_low_surrogate(low))
            return FALSE;
        c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
    }
    *to += g_unichar_to_utf8(c, *to);
    return TRUE;
}

/* Behind the backslash. */
static gboolean read_escape(Reader *reader, char **to)
{
    static const char signs[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";

    if (take(reader, 'u'))
        return read_unicode(reader, to);
    const char *sign = reader->at < reader->end ? strchr(signs, *reader->at) : NULL;
    if (sign == NULL)
        return FALSE;
    reader->at++;
    *(*to)++ = meanings[sign - signs];
    return TRUE;
}

/* The quote that ends the string which begins at `at`, NULL: there is none; whether there are
 * escapes on the way. */
static const char *find_end(const Reader *reader, gboolean *escaped)
{
    *escaped = FALSE;
    for (const char *c = reader->at; c < reader->end; c++) {
        if (*c == '"')
            return c;
        if ((guchar)*c < 0x20)
            return NULL;
        if (*c == '\\') {
            *escaped = TRUE;
            c++;
        }
    }
    return NULL;
}

/* Behind the opening quote.  NULL: it is none. */
static const char *read_string(Reader *reader)
{
    gboolean escaped;
    const char *end = find_end(reader, &escaped);

    if (end == NULL)
        return NULL;
    if (!escaped) {
        const char *text = cw_arena_strndup(reader->arena, reader->at, (gsize)(end - reader->at));
        reader->at = end + 1;
        return text;
    }
    /* no escape is shorter than what it stands for */
    char *text = cw_arena_alloc(reader->arena, (gsize)(end - reader->at) + 1), *to = text;
    while (reader->at < end) {
        if (!take(reader, '\\'))
            *to++ = *reader->at++;
        else if (!read_escape(reader, &to))
            return NULL;
    }
    reader->at = end + 1;
    return text;
}

static gboolean has_member(const CwJson *first, const char *name)
{
    for (; first != NULL; first = first->next) {
        if (strcmp(first->name, name) == 0)
            return TRUE;
    }
    return FALSE;
}

static gboolean read_name(Reader *reader, const CwJson *object, CwJson *member)
{
    if (!take_sign(reader, '"'))
        return FALSE;
    member->name = read_string(reader);
    return member->name != NULL && !has_member(object->first, member->name) &&
           take_sign(reader, ':');
}

/* Behind the bracket, up to its other one. */
static gboolean read_items(Reader *reader, CwJson *json, char close)
{
    CwJson *last = NULL;

    json->first = NULL;
    if (take_sign(reader, close))
        return TRUE;
    if (reader->depth == CW_JSON_DEPTH)
        return FALSE;
    reader->depth++;
    for (guint n = 0; json->kind == CW_JSON_ARRAY || n < CW_JSON_MEMBERS; n++) {
        CwJson *item = cw_arena_new_object(reader->arena, CwJson);
        if ((json->kind == CW_JSON_OBJECT && !read_name(reader, json, item)) ||
            !read_value(reader, item))
            return FALSE;
        if (last == NULL)
            json->first = item;
        else
            last->next = item;
        last = item;
        if (take_sign(reader, close)) {
            reader->depth--;
            return TRUE;
        }
        if (!take(reader, ','))
            return FALSE;
    }
    return FALSE;
}

static gboolean read_value(Reader *reader, CwJson *json)
{
    skip_space(reader);
    if (reader->at == reader->end)
        return FALSE;
    switch (*reader->at) {
    case '"':
        reader->at++;
        json->kind = CW_JSON_STRING;
        json->string = read_string(reader);
        return json->string != NULL;
    case '{':
        reader->at++;
        json->kind = CW_JSON_OBJECT;
        return read_items(reader, json, '}');
    case '[':
        reader->at++;
        json->kind = CW_JSON_ARRAY;
        return read_items(reader, json, ']');
    case 't':
        json->kind = CW_JSON_TRUE;
        return read_word(reader, "true");
    case 'f':
        json->kind = CW_JSON_FALSE;
        return read_word(reader, "false");
    case 'n':
        json->kind = CW_JSON_NULL;
        return read_word(reader, "null");
    default:
        return read_number(reader, json);
    }
}

const CwJson *cw_json_read(CwArena *arena, const char *text, gsize length, gsize *position)
{
    const char *valid = NULL;
    CwJson *json = cw_arena_new_object(arena, CwJson);
    Reader reader = {.arena = arena, .at = text, .end = text + length};

    if (!g_utf8_validate(text, (gssize)length, &valid)) {
        *position = (gsize)(valid - text);
        return NULL;
    }
    gboolean whole = read_value(&reader, json);
    skip_space(&reader);
    *position = (gsize)(reader.at - text);
    return whole && reader.at == reader.end ? json : NULL;
}

const CwJson *cw_json_get(const CwJson *object, const char *name)
{
    if (!cw_json_is(object, CW_JSON_OBJECT))
        return NULL;
    const CwJson *member = object->first;
    while (member != NULL && strcmp(member->name, name) != 0)
        member = member->next;
    return member;
}

gboolean cw_json_is(const CwJson *json, CwJsonKind kind)
{
    return json != NULL && json->kind == kind;
}

const char *cw_json_string(const CwJson *json)
{
    return cw_json_is(json, CW_JSON_STRING) ? json->string : NULL;
}

/* ---- writing ---- */

static void write_escape(GString *out, guchar c)
{
    static const char signs[] = "\"\\bfnrt", meanings[] = "\"\\\b\f\n\r\t";
    const char *meaning = strchr(meanings, c);

    if (meaning != NULL) {
        g_string_append_c(out, '\\');
        g_string_append_c(out, signs[meaning - meanings]);
    } else {
        g_string_append_printf(out, "\\u%04x", c);
    }
}

static void write_valid(GString *out, const char *text)
{
    const char *plain = text; /* where what needs no escape begins */

    g_string_append_c(out, '"');
    for (; *text != '\0'; text++) {
        guchar c = (guchar)*text;
        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        g_string_append_len(out, plain, text - plain);
        write_escape(out, c);
        plain = text + 1;
    }
    g_string_append_len(out, plain, text - plain);
    g_string_append_c(out, '"');
}

void cw_json_write_string(GString *out, const char *text)
{
    if (g_utf8_validate(text, -1, NULL)) {
        write_valid(out, text);
        return;
    }
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    write_valid(out, valid);
}

void cw_json_write_integer(GString *out, gint64 integer)
{
    char digits[24];
    char *first = digits + sizeof digits;
    guint64 left = integer < 0 ? 0 - (guint64)integer : (guint64)integer;

    do
        *--first = (char)('0' + left % 10);
    while ((left /= 10) > 0);
    if (integer < 0)
        *--first = '-';
    g_string_append_len(out, first, digits + sizeof digits - first);
}

void cw_json_write_next(GString *out, const char *name)
{
    char before = out->len == 0 ? '{' : out->str[out->len - 1];

    if (before != '{' && before != '[')
        g_string_append_c(out, ',');
    if (name == NULL)
        return;
    cw_json_write_string(out, name);
    g_string_append_c(out, ':');
}
