/* protocols/agents/feed.c: RSS and Atom as they are met
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "protocols/agents/feed.h"

#include <stdio.h>
#include <string.h>

#include "protocols/agents/text.h"
#include "protocols/agents/xml.h"

#define TEXT_MOST (64 * 1024) /* bytes of one element's text that are looked at */
#define LINKS_MOST 10         /* feeds of a page */
#define TAGS_MOST 500         /* links of a page that are looked at */
#define TAG_LONGEST 4096      /* bytes */
#define DAY (24 * 3600)       /* s */

typedef struct {
    CwFeed *feed;
    CwFeedItem *item; /* the one that is being read, else NULL */
    guint item_depth;
    gboolean is_feed;   /* the root is one of a feed */
    const char *wanted; /* of the element that is open: which field its text is */
    guint wanted_depth;
    guint period, frequency; /* s, and how often in them; 0: not said */
    gboolean is_permalink;   /* the guid of the item is an address */
    GString *text;
} Reader;

static void free_item(gpointer data)
{
    CwFeedItem *item = data;

    g_free(item->id);
    g_free(item->title);
    g_free(item->summary);
    g_free(item->link);
    g_free(item);
}

void cw_feed_free(CwFeed *feed)
{
    if (feed == NULL)
        return;
    g_free(feed->title);
    g_free(feed->link);
    g_ptr_array_unref(feed->items);
    g_free(feed);
}

/* ---- dates ---- */

static const char months[] = "janfebmaraprmayjunjulaugsepoctnovdec";

/* RFC 822 5.1: what is to be added for UTC. */
static gint64 hours_of_zone(const char *zone)
{
    static const char *const names[] = {"EDT", "EST", "CDT", "CST", "MDT", "MST", "PDT", "PST"};

    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        if (g_str_equal(names[i], zone))
            return 4 + (i + 1) / 2;
    }
    return 0;
}

/* "Sat, 28 Nov 2026 12:00:00 +0100", the day's name, the seconds and the zone may be missing. */
static gint64 parse_822(const char *text)
{
    const char *comma = strchr(text, ',');
    char month[4] = "", zone[8] = "";
    int day = 0, year = 0, hour = 0, minute = 0, second = 0, used = 0;

    if (sscanf(comma == NULL ? text : comma + 1, " %2d %3s%*[a-zA-Z] %4d", &day, month, &year) <
            3 &&
        sscanf(comma == NULL ? text : comma + 1, " %2d %3s %4d", &day, month, &year) < 3)
        return 0;
    g_autofree char *lower = g_ascii_strdown(month, -1);
    const char *at = strlen(lower) == 3 ? strstr(months, lower) : NULL;
    const char *colon = strchr(text, ':');
    if (at == NULL || (at - months) % 3 != 0)
        return 0;
    if (colon != NULL && colon - text >= 2)
        sscanf(colon - 2, "%2d:%2d%n:%2d%n", &hour, &minute, &used, &second, &used);
    if (colon != NULL && colon - text >= 2)
        sscanf(colon - 2 + used, " %7s", zone);
    if (year < 100)
        year += year < 70 ? 2000 : 1900;
    g_autoptr(GTimeZone) offset =
        zone[0] == '+' || zone[0] == '-' ? g_time_zone_new_identifier(zone) : NULL;
    g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
    g_autoptr(GDateTime) time =
        g_date_time_new(offset == NULL ? utc : offset, year, (int)(at - months) / 3 + 1, day, hour,
                        minute, MIN(second, 59));
    if (time == NULL)
        return 0;
    return g_date_time_to_unix(time) + hours_of_zone(zone) * 3600;
}

gint64 cw_feed_parse_date(const char *text)
{
    g_autofree char *stripped = g_strstrip(g_strdup(text));
    g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
    g_autoptr(GDateTime) time = g_date_time_new_from_iso8601(stripped, utc);
    int year, month, day;

    if (time == NULL && sscanf(stripped, "%4d-%2d-%2d", &year, &month, &day) == 3 &&
        strlen(stripped) == 10)
        time = g_date_time_new(utc, year, month, day, 0, 0, 0);
    return time != NULL ? g_date_time_to_unix(time) : parse_822(stripped);
}

/* ---- elements ---- */

/* Which field of an item (or of the feed, where the second is TRUE) an element's text is. */
static const char *field_of(const char *name, const char *ns, gboolean in_item)
{
    static const struct {
        const char *element, *field;
        gboolean of_feed;
    } known[] = {
        {"title", "title", TRUE},
        {"guid", "id", FALSE},
        {"id", "id", FALSE},
        {"link", "link", TRUE},
        {"description", "summary", FALSE},
        {"summary", "summary", FALSE},
        {"content", "content", FALSE},
        {"encoded", "content", FALSE},
        {"pubDate", "date", FALSE},
        {"published", "date", FALSE},
        {"updated", "updated", FALSE},
        {"date", "date", FALSE},
        {"ttl", "ttl", TRUE},
        {"updatePeriod", "period", TRUE},
        {"updateFrequency", "frequency", TRUE},
    };

    enum { OF_ITEMS = 12 }; /* the first so many are in items as well */

    if (strstr(ns, "search.yahoo.com") != NULL || strstr(ns, "itunes") != NULL)
        return NULL; /* media:title and the like */
    for (guint i = 0; i < G_N_ELEMENTS(known); i++) {
        if (g_str_equal(known[i].element, name))
            return (in_item ? i < OF_ITEMS : known[i].of_feed) ? known[i].field : NULL;
    }
    return NULL;
}

static void set(char **place, const char *text)
{
    if (*place == NULL && text != NULL && *text != '\0')
        *place = g_strdup(text);
}

/* Atom: <link href='…' rel='alternate'/> */
static void take_link(Reader *reader, const char **attributes)
{
    const char *href = cw_xml_attribute(attributes, "href"),
               *rel = cw_xml_attribute(attributes, "rel");

    if (href == NULL || (rel != NULL && !g_str_equal(rel, "alternate")))
        return;
    set(reader->item != NULL ? &reader->item->link : &reader->feed->link, href);
}

static void begin_item(Reader *reader, guint depth, const char **attributes)
{
    reader->item = g_new0(CwFeedItem, 1);
    reader->item_depth = depth;
    reader->is_permalink = FALSE;
    for (; attributes[0] != NULL; attributes += 2) { /* RSS 1.0 */
        if (g_str_has_suffix(attributes[0], "\x1f"
                                            "about"))
            set(&reader->item->id, attributes[1]);
    }
}

static void start_cb(CwXml *xml, const char *ns, const char *name, const char **attributes,
                     gpointer data)
{
    Reader *reader = data;
    guint depth = cw_xml_depth(xml);

    if (depth == 1) {
        reader->is_feed =
            g_str_equal(name, "rss") || g_str_equal(name, "RDF") || g_str_equal(name, "feed");
        if (!reader->is_feed)
            cw_xml_refuse(xml, "it is no feed");
        return;
    }
    if (reader->wanted != NULL) { /* a tag in a text: XHTML, or RSS that forgot to escape */
        g_string_append_c(reader->text, ' ');
        return;
    }
    if (reader->item == NULL && (g_str_equal(name, "item") || g_str_equal(name, "entry")) &&
        reader->feed->items->len < CW_FEED_ITEMS_MOST) {
        begin_item(reader, depth, attributes);
        return;
    }
    gboolean own = reader->item != NULL ? depth == reader->item_depth + 1 : depth <= 3;
    if (!own)
        return;
    if (g_str_equal(name, "link") && cw_xml_attribute(attributes, "href") != NULL) {
        take_link(reader, attributes);
        return;
    }
    reader->wanted = field_of(name, ns, reader->item != NULL);
    reader->wanted_depth = depth;
    if (g_str_equal(name, "guid"))
        reader->is_permalink = g_strcmp0(cw_xml_attribute(attributes, "isPermaLink"), "false") != 0;
    g_string_truncate(reader->text, 0);
}

static void text_cb(const char *text, gsize length, gpointer data)
{
    Reader *reader = data;

    if (reader->wanted != NULL && reader->text->len < TEXT_MOST)
        g_string_append_len(reader->text, text, (gssize)length);
}

static void take_item_text(CwFeedItem *item, const char *field, const char *text)
{
    g_autofree char *stripped = g_strstrip(g_strdup(text));

    if (g_str_equal(field, "title") && item->title == NULL) {
        item->title = cw_text_from_html(stripped, CW_FEED_TITLE_MOST);
    } else if (g_str_equal(field, "summary") || g_str_equal(field, "content")) {
        if (item->summary == NULL || *item->summary == '\0') {
            g_free(item->summary);
            item->summary = cw_text_from_html(stripped, CW_FEED_SUMMARY_MOST);
        }
    } else if (g_str_equal(field, "id")) {
        if (*stripped != '\0') {
            g_free(item->id);
            item->id = g_strdup(stripped);
        }
    } else if (g_str_equal(field, "link")) {
        set(&item->link, stripped);
    } else if (g_str_equal(field, "date") || item->date == 0) {
        gint64 date = cw_feed_parse_date(stripped);
        item->date = date == 0 ? item->date : date;
    }
}

/* http://purl.org/rss/1.0/modules/syndication/: so often in a period. */
static guint period(const char *text)
{
    static const struct {
        const char *name;
        guint seconds;
    } periods[] = {{"hourly", 3600}, {"daily", DAY}, {"weekly", 7 * DAY}};

    for (guint i = 0; i < G_N_ELEMENTS(periods); i++) {
        if (g_str_equal(periods[i].name, text))
            return periods[i].seconds;
    }
    return 0;
}

static void take_hint(Reader *reader, const char *field, const char *text)
{
    g_autofree char *stripped = g_strstrip(g_strdup(text));
    guint64 number = 0;

    if (g_str_equal(field, "period"))
        reader->period = period(stripped);
    else if (!g_ascii_string_to_unsigned(stripped, 10, 1, DAY, &number, NULL))
        return;
    else if (g_str_equal(field, "ttl"))
        reader->feed->ttl = (guint)MIN(number * 60, DAY);
    else if (g_str_equal(field, "frequency"))
        reader->frequency = (guint)number;
}

static void end_text(Reader *reader)
{
    if (reader->item != NULL) {
        take_item_text(reader->item, reader->wanted, reader->text->str);
    } else if (g_str_equal(reader->wanted, "title")) {
        if (reader->feed->title == NULL)
            reader->feed->title = cw_text_from_html(reader->text->str, CW_FEED_TITLE_MOST);
    } else if (g_str_equal(reader->wanted, "link")) {
        g_autofree char *link = g_strstrip(g_strdup(reader->text->str));
        set(&reader->feed->link, link);
    } else {
        take_hint(reader, reader->wanted, reader->text->str);
    }
    reader->wanted = NULL;
}

static void clear_empty(char **text)
{
    if (*text != NULL && **text == '\0')
        g_clear_pointer(text, g_free);
}

static void end_item(Reader *reader)
{
    CwFeedItem *item = g_steal_pointer(&reader->item);

    clear_empty(&item->title);
    clear_empty(&item->summary);
    if (reader->is_permalink && item->link == NULL && item->id != NULL &&
        g_str_has_prefix(item->id, "http"))
        item->link = g_strdup(item->id);
    if (item->title == NULL && item->summary == NULL && item->link == NULL) {
        free_item(item);
        return;
    }
    set(&item->id, item->link);
    if (item->id == NULL) {
        g_autofree char *all = g_strconcat(item->title == NULL ? "" : item->title, "\n",
                                           item->summary == NULL ? "" : item->summary, NULL);
        item->id = g_compute_checksum_for_string(G_CHECKSUM_SHA256, all, -1);
    }
    g_ptr_array_add(reader->feed->items, item);
}

static void end_cb(CwXml *xml, gpointer data)
{
    Reader *reader = data;
    guint depth = cw_xml_depth(xml);

    if (reader->wanted != NULL && depth == reader->wanted_depth)
        end_text(reader);
    if (reader->item != NULL && depth == reader->item_depth)
        end_item(reader);
}

/* ---- the whole ---- */

static gint compare_dates(gconstpointer a, gconstpointer b)
{
    gint64 first = (*(const CwFeedItem *const *)a)->date;
    gint64 second = (*(const CwFeedItem *const *)b)->date;

    return first < second ? 1 : first > second ? -1 : 0;
}

/* Newest first: by dates where all have one, else as the feed has them.  None is twice in it. */
static void put_in_order(CwFeed *feed)
{
    g_autoptr(GHashTable) ids = g_hash_table_new(g_str_hash, g_str_equal);
    gboolean dated = TRUE;

    for (guint i = 0; i < feed->items->len;) {
        const CwFeedItem *item = g_ptr_array_index(feed->items, i);
        if (g_hash_table_contains(ids, item->id)) {
            g_ptr_array_remove_index(feed->items, i);
            continue;
        }
        g_hash_table_add(ids, item->id);
        dated &= item->date != 0;
        i++;
    }
    if (dated)
        g_ptr_array_sort(feed->items, compare_dates);
}

/* `charset` nullable. */
static CwFeed *parse_as(const char *data, gsize length, const char *charset, GError **error)
{
    static const CwXmlEvents events = {.start = start_cb, .end = end_cb, .text = text_cb};
    Reader reader = {.feed = g_new0(CwFeed, 1), .text = g_string_new(NULL)};
    g_autoptr(CwFeed) feed = reader.feed;
    g_autoptr(GError) refused = NULL;

    feed->items = g_ptr_array_new_with_free_func(free_item);
    cw_xml_read(data, length, charset, &events, &reader, &refused);
    g_string_free(reader.text, TRUE);
    if (reader.item != NULL)
        free_item(reader.item);
    if (!reader.is_feed || (refused != NULL && feed->items->len == 0) ||
        g_error_matches(refused, CW_AGENT_ERROR, CW_AGENT_ERROR_ENTITIES)) {
        g_propagate_error(error, g_steal_pointer(&refused));
        return NULL;
    }
    clear_empty(&feed->title);
    if (feed->ttl == 0)
        feed->ttl = MIN(reader.period / MAX(reader.frequency, 1), DAY);
    put_in_order(feed);
    return g_steal_pointer(&feed);
}

CwFeed *cw_feed_parse(const char *data, gsize length, const char *charset, GError **error)
{
    const char *named = cw_xml_charset(charset);
    CwFeed *feed = named == NULL ? NULL : parse_as(data, length, named, NULL);

    /* servers say what they are set to, documents what they are written in */
    return feed != NULL ? feed : parse_as(data, length, NULL, error);
}

/* ---- pages ---- */

/* The value of the attribute that the pattern finds.  (transfer full) (nullable) */
static char *tag_attribute(const char *tag, const GRegex *pattern)
{
    g_autoptr(GMatchInfo) match = NULL;

    if (!g_regex_match(pattern, tag, 0, &match))
        return NULL;
    for (int group = 1; group <= 3; group++) {
        g_autofree char *value = g_match_info_fetch(match, group);
        if (value != NULL && *value != '\0')
            return cw_text_from_html(value, 2000);
    }
    return NULL;
}

static GRegex *attribute_pattern(const char *name)
{
    g_autofree char *pattern =
        g_strdup_printf("\\b%s\\s*=\\s*(?:\"([^\"]*)\"|'([^']*)'|([^\\s>]+))", name);

    return g_regex_new(pattern, G_REGEX_CASELESS, 0, NULL);
}

GPtrArray *cw_feed_find_links(const char *html, gsize length, const char *base)
{
    GPtrArray *links = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *text = g_utf8_make_valid(html, (gssize)length);
    g_autoptr(GRegex) types = attribute_pattern("type"), hrefs = attribute_pattern("href");
    guint tags = 0;

    for (const char *at = strchr(text, '<');
         at != NULL && links->len < LINKS_MOST && tags < TAGS_MOST; at = strchr(at + 1, '<')) {
        if (g_ascii_strncasecmp(at, "<link", 5) != 0)
            continue;
        const char *end = memchr(at, '>', strnlen(at, TAG_LONGEST));
        tags++;
        if (end == NULL)
            continue;
        g_autofree char *tag = g_strndup(at, (gsize)(end - at));
        g_autofree char *type = tag_attribute(tag, types);
        g_autofree char *href = tag_attribute(tag, hrefs);
        if (type == NULL || href == NULL || strstr(type, "json") != NULL ||
            (strstr(type, "rss") == NULL && strstr(type, "atom") == NULL))
            continue;
        char *whole = g_uri_resolve_relative(base, href, G_URI_FLAGS_ENCODED, NULL);
        if (whole != NULL)
            g_ptr_array_add(links, whole);
    }
    return links;
}
