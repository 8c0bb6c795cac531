/* protocols/agents/held.c: something that waits until its reader wants to hear of it, as a value
 * that the gateway remembers
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "protocols/agents/held.h"

#include <string.h>

#define NUMBER_DIGITS 13 /* of CW_HELD_NUMBER_MOST */
#define ELLIPSIS "…"

/* ---- values ---- */

static char *shorten(const char *text, gsize most)
{
    gsize length = strlen(text);

    if (length <= most)
        return g_strdup(text);
    const char *end = g_utf8_find_prev_char(text, text + most - strlen(ELLIPSIS) + 1);
    g_autofree char *start = g_strndup(text, end == NULL ? 0 : (gsize)(end - text));
    return g_strconcat(start, ELLIPSIS, NULL);
}

static gboolean is_control(char c)
{
    return g_ascii_iscntrl(c);
}

static char *one_line(const char *title)
{
    char *line = shorten(title == NULL ? "" : title, CW_HELD_TITLE_MOST);

    for (char *at = line; *at != '\0'; at++) {
        if (is_control(*at))
            *at = ' ';
    }
    return line;
}

static gboolean is_url(const char *url)
{
    if (!g_str_has_prefix(url, "http://") && !g_str_has_prefix(url, "https://"))
        return FALSE;
    for (const char *at = url; *at != '\0'; at++) {
        if (is_control(*at) || *at == ' ')
            return FALSE;
    }
    return strlen(url) <= CW_HELD_URL_MOST;
}

static gboolean is_id(const char *id)
{
    for (const char *at = id; *at != '\0'; at++) {
        if (is_control(*at) || *at == ' ')
            return FALSE;
    }
    return *id != '\0' && strlen(id) <= CW_HELD_ID_MOST;
}

char *cw_held_pack(const CwHeldNews *news)
{
    g_autofree char *line = one_line(news->title);
    g_autofree char *rest = shorten(news->text, CW_HELD_TEXT_MOST);
    g_autofree char *item =
        news->id == NULL || !is_id(news->id)
            ? g_strdup("")
            : g_strdup_printf("%s %" G_GINT64_FORMAT, news->id, MAX(news->time, 0));

    if (*line == '\0' && *rest == '\0')
        return NULL;
    return g_strconcat(line, "\n", news->url != NULL && is_url(news->url) ? news->url : "", "\n",
                       item, "\n", rest, NULL);
}

void cw_held_news_clear(CwHeldNews *news)
{
    g_clear_pointer(&news->title, g_free);
    g_clear_pointer(&news->url, g_free);
    g_clear_pointer(&news->text, g_free);
    g_clear_pointer(&news->id, g_free);
}

static char *or_null(char *text)
{
    if (*text != '\0')
        return text;
    g_free(text);
    return NULL;
}

static void read_item(const char *item, CwHeldNews *news)
{
    const char *space = strchr(item, ' ');

    if (space == NULL)
        return;
    news->id = g_strndup(item, (gsize)(space - item));
    news->time = g_ascii_strtoll(space + 1, NULL, 10);
}

gboolean cw_held_unpack(const char *packed, CwHeldNews *news)
{
    g_auto(GStrv) parts = g_strsplit(packed, "\n", 4);
    g_auto(CwHeldNews) read = {0};

    *news = read;
    if (g_strv_length(parts) != 4 || !g_utf8_validate(packed, -1, NULL))
        return FALSE;
    read.title = or_null(g_strdup(parts[0]));
    read.url = or_null(g_strdup(parts[1]));
    read.text = g_strdup(parts[3]);
    read_item(parts[2], &read);
    g_autofree char *as_packed = cw_held_pack(&read);
    if (g_strcmp0(as_packed, packed) != 0)
        return FALSE;
    *news = read;
    read = (CwHeldNews){0};
    return TRUE;
}

/* ---- names ---- */

char *cw_held_make_name(guint64 number, const char *contact)
{
    return g_strdup_printf(CW_HELD_PREFIX "%" G_GUINT64_FORMAT ".%s", number, contact);
}

gboolean cw_held_read_name(const char *name, guint64 *number, const char **contact)
{
    if (!g_str_has_prefix(name, CW_HELD_PREFIX))
        return FALSE;
    const char *digits = name + strlen(CW_HELD_PREFIX);
    gsize length = strspn(digits, "0123456789");
    if (length == 0 || length > NUMBER_DIGITS || *digits == '0' || digits[length] != '.' ||
        digits[length + 1] == '\0')
        return FALSE;
    *number = g_ascii_strtoull(digits, NULL, 10);
    *contact = digits + length + 1;
    return *number <= CW_HELD_NUMBER_MOST;
}
