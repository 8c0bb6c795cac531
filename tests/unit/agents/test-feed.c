/* tests/unit/agents/test-feed.c: RSS and Atom as they are met, pages that name feeds, dates
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "protocols/agents/feed.h"

#include <string.h>

static CwFeed *parse(const char *text)
{
    return cw_feed_parse(text, strlen(text), NULL, NULL);
}

static const CwFeedItem *item(const CwFeed *feed, guint number)
{
    g_assert_nonnull(feed);
    g_assert_cmpuint(number, <, feed->items->len);
    return g_ptr_array_index(feed->items, number);
}

static void parse__rss(void)
{
    g_autoptr(CwFeed) feed =
        parse(" \n<?xml version='1.0'?><rss version='2.0'><channel><title>Verona &amp; more</title>"
              "<link>https://example.org/</link><image><title>no</title></image>"
              "<item><title>One</title><link> https://example.org/1 </link><guid "
              "isPermaLink='false'>1</guid>"
              "<description>&lt;p&gt;A &lt;b&gt;feud&lt;/b&gt;&lt;/p&gt;</description>"
              "<pubDate>Sat, 28 Nov 2026 12:00:00 +0100</pubDate></item></channel></rss>");

    g_assert_cmpstr(feed->title, ==, "Verona & more");
    g_assert_cmpstr(feed->link, ==, "https://example.org/");
    g_assert_cmpstr(item(feed, 0)->title, ==, "One");
    g_assert_cmpstr(item(feed, 0)->summary, ==, "A feud");
    g_assert_cmpstr(item(feed, 0)->link, ==, "https://example.org/1");
    g_assert_cmpstr(item(feed, 0)->id, ==, "1");
    g_assert_cmpint(item(feed, 0)->date, ==, 1795863600);
}

static void parse__atom(void)
{
    g_autoptr(CwFeed) feed =
        parse("<feed xmlns='http://www.w3.org/2005/Atom'><title type='html'>&lt;i&gt;V&lt;/i&gt;"
              "</title><entry><id>urn:1</id><title>One</title><link rel='edit' href='/edit'/>"
              "<link href='/1'/><updated>2026-11-28T12:00:00Z</updated>"
              "<published>2026-11-27T12:00:00Z</published>"
              "<content type='xhtml'><div>a<br/>b</div></content></entry></feed>");

    g_assert_cmpstr(feed->title, ==, "V");
    g_assert_cmpstr(item(feed, 0)->link, ==, "/1");
    g_assert_cmpstr(item(feed, 0)->summary, ==, "a b");
    g_assert_cmpint(item(feed, 0)->date, ==, 1795780800);
}

static void parse__takes_a_guid_for_a_link(void)
{
    g_autoptr(CwFeed) feed =
        parse("<rss><channel><item><title>a</title><guid>https://example.org/a</guid></item>"
              "<item><title>b</title><guid isPermaLink='false'>https://example.org/b</guid></item>"
              "<item><title>c</title><guid>c</guid></item></channel></rss>");

    g_assert_cmpstr(item(feed, 0)->link, ==, "https://example.org/a");
    g_assert_null(item(feed, 1)->link);
    g_assert_null(item(feed, 2)->link);
}

static void parse__takes_an_item_once(void)
{
    /* three times: the sanitizer sees a look at the second, which is gone by then */
    g_autoptr(CwFeed) feed = parse(
        "<rss><channel><item><title>a</title><guid>1</guid></item>"
        "<item><title>b</title><guid>1</guid></item><item><title>c</title><guid>1</guid></item>"
        "<item><title>d</title><guid>2</guid></item></channel></rss>");

    g_assert_cmpuint(feed->items->len, ==, 2);
    g_assert_cmpstr(item(feed, 0)->title, ==, "a");
    g_assert_cmpstr(item(feed, 1)->title, ==, "d");
}

static void parse__makes_ids(void)
{
    g_autoptr(CwFeed) feed = parse("<rss><channel><item><title>a</title></item><item/>"
                                   "<item><title>a</title><description>x</description></item>"
                                   "<item><link>/b</link></item></channel></rss>");

    g_assert_cmpuint(feed->items->len, ==, 3);
    g_assert_cmpstr(item(feed, 0)->id, !=, item(feed, 1)->id);
    g_assert_cmpstr(item(feed, 2)->id, ==, "/b");
}

static void parse__sorts_when_all_have_dates(void)
{
    g_autoptr(CwFeed) feed =
        parse("<rss><channel><item><title>old</title><pubDate>2026-01-01</pubDate></item>"
              "<item><title>new</title><pubDate>2026-02-01</pubDate></item></channel></rss>");
    g_autoptr(CwFeed) some =
        parse("<rss><channel><item><title>old</title><pubDate>2026-01-01</pubDate></item>"
              "<item><title>new</title></item></channel></rss>");

    g_assert_cmpstr(item(feed, 0)->title, ==, "new");
    g_assert_cmpstr(item(some, 0)->title, ==, "old");
}

static void parse__reads_what_servers_misname(void)
{
    static const char utf8[] =
        "<rss><channel><item><title>caf\xc3\xa9</title></item></channel></rss>";
    static const char latin[] = "<?xml version='1.0' encoding='iso-8859-1'?><rss><channel><item>"
                                "<title>caf\xe9</title></item></channel></rss>";
    static const char cyrillic[] = "<?xml version='1.0' encoding='windows-1251'?><rss><channel>"
                                   "<item><title>\xcf\xf0</title></item></channel></rss>";
    const struct {
        const char *text, *charset, *title;
    } cases[] = {
        {utf8, "utf8", "café"},      {utf8, "UTF-8", "café"}, {utf8, "no-such-thing", "café"},
        {utf8, "x//IGNORE", "café"}, {utf8, "", "café"},      {latin, NULL, "café"},
        {latin, "utf-8", "café"},    {cyrillic, NULL, "Пр"},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(CwFeed) feed =
            cw_feed_parse(cases[i].text, strlen(cases[i].text), cases[i].charset, NULL);
        g_assert_cmpstr(item(feed, 0)->title, ==, cases[i].title);
    }
}

static void parse__keeps_what_came_before_the_end(void)
{
    g_autoptr(CwFeed) feed =
        parse("<rss><channel><item><title>a &nbsp;&eacute;</title></item><item><title>cut");

    g_assert_cmpuint(feed->items->len, ==, 1);
    g_assert_cmpstr(item(feed, 0)->title, ==, "a é");
}

static void parse__refuses(void)
{
    static const char *const wrong[] = {
        "",
        "no XML",
        "<html/>",
        "<rss",
        "<!DOCTYPE rss [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;'>]><rss><channel><item><title>&b;"
        "</title></item></channel></rss>",
        "<!DOCTYPE rss [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><rss><channel><item><title>&a;"
        "</title></item></channel></rss>",
        "<!DOCTYPE rss [<!ENTITY % a SYSTEM 'file:///etc/passwd'>%a;]><rss/>",
    };

    for (guint i = 0; i < G_N_ELEMENTS(wrong); i++) {
        int code =
            strstr(wrong[i], "ENTITY") != NULL ? CW_AGENT_ERROR_ENTITIES : CW_AGENT_ERROR_NAME;
        g_autoptr(GError) error = NULL;
        g_assert_null(cw_feed_parse(wrong[i], strlen(wrong[i]), NULL, &error));
        g_assert_error(error, CW_AGENT_ERROR, code);
    }
}

static void parse__is_bounded(void)
{
    g_autoptr(GString) many = g_string_new("<rss><channel><title>t</title>");
    g_autoptr(GString) deep = g_string_new("<rss>");

    for (guint i = 0; i < CW_FEED_ITEMS_MOST + 50; i++)
        g_string_append_printf(many, "<item><title>%u</title></item>", i);
    g_string_append(many, "</channel></rss>");
    g_autoptr(CwFeed) feed = parse(many->str);
    g_assert_cmpuint(feed->items->len, ==, CW_FEED_ITEMS_MOST);
    for (guint i = 0; i < 100; i++)
        g_string_append(deep, "<a>");
    g_assert_null(parse(deep->str));
}

static void parse__says_how_often(void)
{
    static const struct {
        const char *head;
        guint ttl;
    } cases[] = {
        {"<ttl> 60 </ttl>", 3600},
        {"<ttl>999999999999</ttl>", 0},
        {"<ttl>50000</ttl>", 86400},
        {"<ttl>-1</ttl><ttl>x</ttl>", 0},
        {"<sy:updatePeriod>hourly</sy:updatePeriod>", 3600},
        {"<sy:updatePeriod>\ndaily </sy:updatePeriod><sy:updateFrequency>4</sy:updateFrequency>",
         21600},
        {"<sy:updatePeriod>weekly</sy:updatePeriod>", 86400},
        {"<sy:updatePeriod>never</sy:updatePeriod>", 0},
        {"<item><ttl>60</ttl><title>x</title></item>", 0},
        {"", 0},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = g_strdup_printf(
            "<rss xmlns:sy='http://purl.org/rss/1.0/modules/syndication/'><channel><title>t"
            "</title>%s</channel></rss>",
            cases[i].head);
        g_autoptr(CwFeed) feed = parse(text);
        g_assert_nonnull(feed);
        g_assert_cmpuint(feed->ttl, ==, cases[i].ttl);
    }
}

static void find_links__of_a_page(void)
{
    static const char page[] =
        "<html><head><link rel=alternate type=application/rss+xml href=/rss>"
        "<LINK href='https://other.example/atom?a=1&amp;b=2' type='application/atom+xml'>"
        "<link type='text/css' href='/style'><link type='application/feed+json' href='/json'>"
        "<link type='application/rss+xml'></head>";
    g_autoptr(GPtrArray) links =
        cw_feed_find_links(page, strlen(page), "https://example.org/a/page");

    g_assert_cmpuint(links->len, ==, 2);
    g_assert_cmpstr(g_ptr_array_index(links, 0), ==, "https://example.org/rss");
    g_assert_cmpstr(g_ptr_array_index(links, 1), ==, "https://other.example/atom?a=1&b=2");
}

/* Two megabytes, which took hours when each of the tags was looked for to the end. */
static void find_links__is_linear(void)
{
    g_autoptr(GString) open = g_string_new(NULL), closed = g_string_new(NULL);

    while (open->len < 2 * 1024 * 1024)
        g_string_append(open, "<link");
    while (closed->len < 2 * 1024 * 1024)
        g_string_append(closed, "<link>");
    g_autoptr(GPtrArray) none = cw_feed_find_links(open->str, open->len, "https://example.org/");
    g_autoptr(GPtrArray) more = cw_feed_find_links(closed->str, closed->len, "https://a.example/");
    g_assert_cmpuint(none->len + more->len, ==, 0);
}

static void parse_date__forms(void)
{
    static const struct {
        const char *text;
        gint64 time;
    } cases[] = {
        {"Sat, 28 Nov 2026 12:00:00 GMT", 1795867200},
        {"Sat, 28 Nov 2026 12:00:00 +0100", 1795863600},
        {"28 Nov 2026 12:00 GMT", 1795867200},
        {"Sat, 28 November 2026 12:00:00 GMT", 1795867200},
        {"28 Nov 26 12:00:00 EST", 1795885200},
        {"28 Nov 2026 12:00:00 EDT", 1795881600},
        {"28 Nov 2026 12:00:00 CST", 1795888800},
        {"28 Nov 2026 12:00:00 PDT", 1795892400},
        {"28 Nov 2026 12:00:00 PST", 1795896000},
        {"2026-11-28T12:00:00Z", 1795867200},
        {"2026-11-28T13:00:00+01:00", 1795867200},
        {" 2026-11-28 ", 1795824000},
        {"", 0},
        {"yesterday", 0},
        {"99 Nov 2026 12:00:00 GMT", 0},
        {"28 Foo 2026 12:00:00 GMT", 0},
        {"28 Nov 2026 99:99:99 GMT", 0},
        {":", 0},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
        g_assert_cmpint(cw_feed_parse_date(cases[i].text), ==, cases[i].time);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/feed/parse__rss", parse__rss);
    g_test_add_func("/feed/parse__atom", parse__atom);
    g_test_add_func("/feed/parse__takes_a_guid_for_a_link", parse__takes_a_guid_for_a_link);
    g_test_add_func("/feed/parse__takes_an_item_once", parse__takes_an_item_once);
    g_test_add_func("/feed/parse__makes_ids", parse__makes_ids);
    g_test_add_func("/feed/parse__sorts_when_all_have_dates", parse__sorts_when_all_have_dates);
    g_test_add_func("/feed/parse__reads_what_servers_misname", parse__reads_what_servers_misname);
    g_test_add_func("/feed/parse__keeps_what_came_before_the_end",
                    parse__keeps_what_came_before_the_end);
    g_test_add_func("/feed/parse__refuses", parse__refuses);
    g_test_add_func("/feed/parse__is_bounded", parse__is_bounded);
    g_test_add_func("/feed/parse__says_how_often", parse__says_how_often);
    g_test_add_func("/feed/find_links__of_a_page", find_links__of_a_page);
    g_test_add_func("/feed/find_links__is_linear", find_links__is_linear);
    g_test_add_func("/feed/parse_date__forms", parse_date__forms);
    return g_test_run();
}
