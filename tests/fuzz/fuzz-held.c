/* tests/fuzz/fuzz-held.c: any bytes as the name and the value of something held, and as something
 * to hold
 *
 * The first line is the name, what follows the value.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "protocols/agents/held.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

static void check_name(const char *name)
{
    const char *contact = NULL;
    guint64 number = 0;

    if (!cw_held_read_name(name, &number, &contact))
        return;
    g_autofree char *again = cw_held_make_name(number, contact);
    g_assert_cmpstr(again, ==, name);
}

static void check_value(const char *value)
{
    g_auto(CwHeldNews) news = {0};

    if (!cw_held_unpack(value, &news))
        return;
    g_assert_true(news.title != NULL || *news.text != '\0');
    g_assert_true(news.title == NULL || strpbrk(news.title, "\r\n") == NULL);
    g_assert_true(news.url == NULL || strpbrk(news.url, " \r\n") == NULL);
    g_assert_true(news.id == NULL || (strpbrk(news.id, " \r\n") == NULL && news.time >= 0));
    g_autofree char *again = cw_held_pack(&news);
    g_assert_cmpstr(again, ==, value);
}

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
    g_autofree char *all = g_strndup((const char *)data, size);
    const char *newline = strchr(all, '\n');
    g_autofree char *name =
        newline == NULL ? g_strdup(all) : g_strndup(all, (gsize)(newline - all));
    const char *value = newline == NULL ? all : newline + 1;

    check_name(name);
    check_value(value);
    if (!g_utf8_validate(all, -1, NULL))
        return 0;
    g_autofree char *rest = g_strdup(value);
    g_autofree char *packed =
        cw_held_pack(&(CwHeldNews){.title = name, .text = rest, .url = name, .id = name});
    g_auto(CwHeldNews) news = {0};
    g_assert_true(packed == NULL || cw_held_unpack(packed, &news));
    return 0;
}
