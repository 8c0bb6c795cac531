/* protocols/agents/quote.c: prices of shares as providers say them
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "protocols/agents/quote.h"

#include <math.h>
#include <string.h>

#include "protocols/agents/json-path.h"
#include "protocols/agents/text.h"

#define NAME_MOST 100   /* characters */
#define COLUMNS_MOST 64 /* of a CSV */

void cw_quote_clear(CwQuote *quote)
{
    g_free(quote->name);
    g_free(quote->currency);
    g_free(quote->date);
    *quote = (CwQuote){0};
}

static gboolean fail(GError **error, const char *text)
{
    g_set_error(error, CW_AGENT_ERROR, CW_AGENT_ERROR_NAME, "%s", text);
    return FALSE;
}

/* ---- CSV ---- */

/* RFC 4180: a value in quotes may hold a comma, and a quote as two.  (transfer full) */
static char **split(const char *line)
{
    g_autoptr(GStrvBuilder) values = g_strv_builder_new();
    const char *p = line;

    for (guint i = 0; i < COLUMNS_MOST; i++) {
        g_autoptr(GString) value = g_string_new(NULL);
        gboolean quoted = FALSE;
        for (; *p != '\0' && (quoted || *p != ','); p++) {
            if (*p != '"')
                g_string_append_c(value, *p);
            else if (quoted && p[1] == '"')
                g_string_append_c(value, *p++);
            else
                quoted = !quoted;
        }
        g_strv_builder_add(values, g_strstrip(value->str));
        if (*p == '\0')
            break;
        p++;
    }
    return g_strv_builder_end(values);
}

/* The value under this name; "": there is none. */
static const char *column(char **names, char **values, const char *name)
{
    for (guint i = 0; names[i] != NULL && values[i] != NULL; i++) {
        if (g_ascii_strcasecmp(names[i], name) == 0)
            return values[i];
    }
    return "";
}

/* Nothing that is no date at its beginning: "N/D", a number of seconds.  (transfer full) (nullable)
 */
static char *read_date(const char *text)
{
    for (guint i = 0; i < 10; i++) {
        if (i == 4 || i == 7 ? text[i] != '-' : !g_ascii_isdigit(text[i]))
            return NULL;
    }
    return g_strndup(text, 10);
}

static double number(const char *text)
{
    char *end = NULL;
    double value = g_ascii_strtod(text, &end);

    return end == text || *end != '\0' || !isfinite(value) || value < 0 ? 0 : value;
}

gboolean cw_quote_parse_csv(const char *data, gsize length, CwQuote *quote, GError **error)
{
    g_autofree char *text = g_utf8_make_valid(data, (gssize)length);
    g_auto(GStrv) lines = g_strsplit(g_strstrip(text), "\n", 3);

    if (g_strv_length(lines) < 2)
        return fail(error, "an answer without a line of values");
    g_auto(GStrv) names = split(lines[0]);
    g_auto(GStrv) values = split(lines[1]);
    const char *close = column(names, values, "close");
    if (*close == '\0' && *column(names, values, "symbol") == '\0')
        return fail(error, "an answer without a column named Close");
    double before = number(column(names, values, "prev"));
    quote->price = number(close);
    if (quote->price <= 0)
        return FALSE;
    quote->reference = before > 0 ? before : number(column(names, values, "open"));
    quote->name = cw_text_from_html(column(names, values, "name"), NAME_MOST);
    quote->date = read_date(column(names, values, "date"));
    if (*quote->name == '\0')
        g_clear_pointer(&quote->name, g_free);
    return TRUE;
}

/* ---- JSON ---- */

static char *short_text(json_t *json, const char *path)
{
    return path == NULL ? NULL : cw_json_words_at(json, path, NAME_MOST);
}

gboolean cw_quote_parse_json(const char *data, gsize length, const CwQuotePaths *paths,
                             CwQuote *quote, GError **error)
{
    json_t *json = cw_json_load(data, length, error);

    if (json == NULL)
        return FALSE;
    gboolean there = cw_json_number_at(json, paths->price, &quote->price) && quote->price > 0;
    if (there) {
        g_autofree char *open = short_text(json, paths->open);
        g_autofree char *folded = open == NULL ? NULL : g_ascii_strdown(open, -1);
        if (paths->reference == NULL ||
            !cw_json_number_at(json, paths->reference, &quote->reference))
            quote->reference = 0;
        quote->name = short_text(json, paths->name);
        quote->currency = short_text(json, paths->currency);
        g_autofree char *date = short_text(json, paths->date);
        quote->date = date == NULL ? NULL : read_date(date);
        quote->says_open = open != NULL;
        quote->is_open =
            folded != NULL && (g_str_equal(folded, "true") || g_str_equal(folded, "open") ||
                               g_str_equal(folded, "regular"));
    }
    json_decref(json);
    return there;
}

GPtrArray *cw_quote_parse_found(const char *data, gsize length, const char *items,
                                const char *symbol, const char *name, GError **error)
{
    json_t *json = cw_json_load(data, length, error);
    GPtrArray *found;
    size_t index;
    json_t *item;

    if (json == NULL)
        return NULL;
    found = cw_agent_found_new();
    json_array_foreach(cw_json_at(json, items), index, item)
    {
        g_autofree char *id = short_text(item, symbol);
        g_autofree char *title = short_text(item, name);
        if (id != NULL)
            cw_agent_found_add(found, id,
                               title == NULL ? id : title); /* normalised when it is added */
    }
    json_decref(json);
    return found;
}
