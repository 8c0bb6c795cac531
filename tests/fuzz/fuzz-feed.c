/* tests/fuzz/fuzz-feed.c: any bytes as a feed, a page that names feeds, and a date
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "protocols/agents/feed.h"

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

static void check_text(const char *text, gsize most)
{
    if (text == NULL)
        return;
    g_assert_true(g_utf8_validate(text, -1, NULL));
    g_assert_cmpint(g_utf8_strlen(text, -1), <=, (glong)most + 2);
}

static void check_feed(const CwFeed *feed)
{
    g_autoptr(GHashTable) ids = g_hash_table_new(g_str_hash, g_str_equal);

    check_text(feed->title, CW_FEED_TITLE_MOST);
    g_assert_cmpuint(feed->items->len, <=, CW_FEED_ITEMS_MOST);
    for (guint i = 0; i < feed->items->len; i++) {
        const CwFeedItem *item = g_ptr_array_index(feed->items, i);
        check_text(item->title, CW_FEED_TITLE_MOST);
        check_text(item->summary, CW_FEED_SUMMARY_MOST);
        g_assert_true(item->title != NULL || item->summary != NULL || item->link != NULL);
        g_assert_true(g_hash_table_add(ids, item->id));
    }
}

static void parse(const char *data, gsize size, const char *charset)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(CwFeed) feed = cw_feed_parse(data, size, charset, &error);

    g_assert_true((feed == NULL) == (error != NULL));
    if (feed != NULL)
        check_feed(feed);
}

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
    static const char *const charsets[] = {NULL, "utf8", "utf-16", "koi8-r", "shift_jis"};
    g_autofree char *text = g_strndup((const char *)data, size);

    if (size == 0)
        return 0; /* `data` may be NULL */
    parse((const char *)data, size, NULL);
    parse((const char *)data, size, charsets[data[size - 1] % G_N_ELEMENTS(charsets)]);
    g_autoptr(GPtrArray) links =
        cw_feed_find_links((const char *)data, size, "https://example.org/");
    for (guint i = 0; i < links->len; i++)
        check_text(g_ptr_array_index(links, i), 10000);
    cw_feed_parse_date(text);
    return 0;
}
