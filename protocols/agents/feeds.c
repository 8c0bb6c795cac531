/* protocols/agents/feeds.c: news feeds: https://example.org/feed as a contact
 *
 *     fetch (with what the server gave us for it last) -> parse -> each watch: what is new to it
 *
 * What somebody has seen is remembered as short sums of the items' ids, so that no item comes
 * twice, whatever a feed does with its order and dates.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <string.h>

#include "protocols/agents/feed.h"
#include "protocols/agents/http.h"

#define INTERVAL_LEAST 300       /* s */
#define INTERVAL_MOST (6 * 3600) /* s: of a feed in which nothing happens */
#define SEEN "seen"              /* remembered: sums, newest first, ' ' between */
#define SUM_LENGTH 8             /* hexadecimal digits of one */
#define SEEN_MOST 400            /* sums that are kept, with those of items that went */
#define SEEN_GONE 50             /* … of so many that went, at least */
#define LINK_LONGEST 2000        /* bytes */
#define AT_ONCE 5                /* more news come as one list */
#define LISTED_MOST 20           /* … of so many */
#define LATEST_MOST 10           /* of the command */
#define FILTER_MOST 500          /* bytes */
#define FRESH 3600               /* s: a feed with an item so young is shown as talkative */

typedef struct {
    CwHttpCall *call; /* NULL: none is under way */
    CwFeed *feed;     /* NULL: not read yet */
    char *etag, *last_modified;
    char *moved; /* nullable: where it is now */
    guint quiet; /* fetches in a row that brought nothing */
    char *sums;  /* of the feed's items, as SEEN has them; nullable */
    guint age;   /* counts changes of `sums`; a watch's data is the one that it was told of */
} Source;

static guint interval_least = INTERVAL_LEAST;

static gboolean start(GError **error)
{
    return cw_agent_setting_number("interval-least", 1, INTERVAL_MOST, &interval_least, error);
}

/* ---- names ---- */

static char *normalize(const char *typed, GError **error)
{
    g_autofree char *text = g_strstrip(g_strdup(typed));
    const char *rest = g_ascii_strncasecmp(text, "feed:", 5) == 0 ? text + 5 : text;
    g_autofree char *url = NULL;

    if (g_str_has_prefix(rest, "//"))
        rest += 2;
    url = strstr(rest, "://") != NULL ? g_strdup(rest) : g_strconcat("https://", rest, NULL);
    if (strchr(rest, '.') == NULL && strstr(rest, "://") == NULL) {
        g_set_error(error, CW_AGENT_ERROR, CW_AGENT_ERROR_NAME,
                    "'%s' is no feed: write its address, such as https://example.org/feed", typed);
        return NULL;
    }
    return cw_http_normal_url(url, error);
}

/* ---- what was seen ---- */

static char *sums_of(const CwFeed *feed)
{
    GString *sums = g_string_new(NULL);

    for (guint i = 0; i < feed->items->len; i++) {
        const CwFeedItem *item = g_ptr_array_index(feed->items, i);
        g_autofree char *sum = g_compute_checksum_for_string(G_CHECKSUM_SHA256, item->id, -1);
        g_string_append_printf(sums, "%s%.*s", i == 0 ? "" : " ", SUM_LENGTH, sum);
    }
    return g_string_free(sums, FALSE);
}

/* `sum` need not end behind its digits. */
static gboolean has_sum(const char *sums, const char *sum)
{
    return sums != NULL && g_strstr_len(sums, -1, sum) != NULL;
}

/* All that are in the feed, then those before that are not: never fewer than there were, as an
 * item may come again in a feed that was cut short once. */
static char *merge_seen(const Source *source, const char *before)
{
    GString *sums = g_string_new(source->sums);
    gsize old = before == NULL ? 0 : strlen(before);
    gsize most =
        MIN(MAX(old, sums->len + SEEN_GONE * (SUM_LENGTH + 1)), SEEN_MOST * (SUM_LENGTH + 1));

    for (gsize at = 0; at + SUM_LENGTH <= old && sums->len < most; at += SUM_LENGTH + 1) {
        g_autofree char *sum = g_strndup(before + at, SUM_LENGTH);
        if (!has_sum(source->sums, sum))
            g_string_append_printf(sums, "%s%s", sums->len == 0 ? "" : " ", sum);
    }
    return g_string_free(sums, FALSE);
}

/* ---- what is told ---- */

static gboolean contains(const char *text, const char *word)
{
    g_autofree char *folded = text == NULL ? NULL : g_utf8_casefold(text, -1);

    return folded != NULL && strstr(folded, word) != NULL;
}

/* Any of the words; with '-' before it: none of those. */
static gboolean passes(const CwWatch *watch, const CwFeedItem *item)
{
    const char *filter = cw_watch_remembered(watch, "filter");
    g_auto(GStrv) words = g_strsplit(filter == NULL ? "" : filter, " ", -1);
    gboolean wanted = FALSE, any = FALSE;

    for (guint i = 0; words[i] != NULL; i++) {
        gboolean not = words[i][0] == '-';
        g_autofree char *word = g_utf8_casefold(words[i] + not, -1);
        if (*word == '\0')
            continue;
        gboolean there = contains(item->title, word) || contains(item->summary, word);
        if (not &&there)
            return FALSE;
        any |= !not ;
        wanted |= !not &&there;
    }
    return wanted || !any;
}

static const char *headline(const CwFeedItem *item)
{
    return item->title != NULL     ? item->title
           : item->summary != NULL ? item->summary
                                   : "an item without a title";
}

/* NULL: there is none that leads into the web; "javascript:" is nothing for anybody's client. */
static char *absolute_link(const CwWatch *watch, const CwFeedItem *item)
{
    g_autofree char *link =
        item->link == NULL || strlen(item->link) > LINK_LONGEST
            ? NULL
            : g_uri_resolve_relative(watch->thing->name, item->link, G_URI_FLAGS_ENCODED, NULL);

    if (link == NULL || (!g_str_has_prefix(link, "http://") && !g_str_has_prefix(link, "https://")))
        return NULL;
    return g_steal_pointer(&link);
}

static void add_item(const CwWatch *watch, GPtrArray *into, const CwFeedItem *item)
{
    g_autofree char *link = absolute_link(watch, item);
    g_autofree char *id = g_compute_checksum_for_string(G_CHECKSUM_SHA256, item->id, -1);

    cw_agent_item_add(into, id, headline(item), item->summary, link, item->date);
}

static void tell(CwWatch *watch, const CwFeedItem *item)
{
    GPtrArray *items = cw_agent_found_new();

    add_item(watch, items, item);
    const CwFound *told = g_ptr_array_index(items, 0);
    const char *link = told->values[CW_ITEM_LINK];
    g_autofree char *text = cw_item_text(told);
    cw_watch_push_items(watch, headline(item), *text == '\0' ? headline(item) : text,
                        *link == '\0' ? NULL : link, items);
}

static char *list(const CwWatch *watch, GPtrArray *items, guint most)
{
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < items->len && i < most; i++) {
        const CwFeedItem *item = g_ptr_array_index(items, i);
        g_autofree char *link = absolute_link(watch, item);
        g_string_append_printf(text, "%s- %s%s%s", i == 0 ? "" : "\n", headline(item),
                               link == NULL ? "" : " ", link == NULL ? "" : link);
    }
    if (items->len > most)
        g_string_append_printf(text, "\n… and %u more", items->len - most);
    return g_string_free(text, FALSE);
}

/* (transfer full) NULL: there are too many to be told one by one */
static GPtrArray *list_items(const CwWatch *watch, const GPtrArray *items)
{
    if (items->len > CW_AGENT_ITEMS_MOST)
        return NULL;
    GPtrArray *told = cw_agent_found_new();
    for (guint i = items->len; i > 0; i--)
        add_item(watch, told, g_ptr_array_index(items, i - 1));
    return told;
}

static void tell_all(CwWatch *watch, GPtrArray *items)
{
    if (items->len > AT_ONCE) {
        g_autofree char *title = g_strdup_printf("%u new items", items->len);
        g_autofree char *text = list(watch, items, LISTED_MOST);
        cw_watch_push_items(watch, title, text, NULL, list_items(watch, items));
        return;
    }
    for (guint i = items->len; i > 0; i--) /* the oldest first */
        tell(watch, g_ptr_array_index(items, i - 1));
}

static void changed(CwWatch *watch)
{
    const Source *source = watch->thing->data;
    const char *seen = cw_watch_remembered(watch, SEEN);
    g_autoptr(GPtrArray) fresh = g_ptr_array_new();

    if (watch->data == NULL)
        watch->data = g_new0(guint, 1);
    if (source->feed == NULL || *(guint *)watch->data == source->age)
        return;
    *(guint *)watch->data = source->age;
    for (guint i = 0; i < source->feed->items->len; i++) {
        CwFeedItem *item = g_ptr_array_index(source->feed->items, i);
        g_autofree char *sum = g_strndup(source->sums + i * (SUM_LENGTH + 1), SUM_LENGTH);
        if (has_sum(seen, sum))
            continue;
        if (passes(watch, item))
            g_ptr_array_add(fresh, item);
        if (seen == NULL && fresh->len > 0)
            break; /* of a new one the latest alone */
    }
    g_autofree char *now = merge_seen(source, seen);
    tell_all(watch, fresh); /* before it counts as told */
    cw_watch_remember(watch, SEEN, now);
}

static char *status(const CwWatch *watch, CwShow *show)
{
    const Source *source = watch->thing->data;
    const CwFeed *feed = source->feed;

    if (feed == NULL || feed->items->len == 0)
        return g_strdup("nothing in it so far");
    const CwFeedItem *item = g_ptr_array_index(feed->items, 0);
    if (ABS(item->date - g_get_real_time() / G_USEC_PER_SEC) < FRESH)
        *show = CW_SHOW_CHAT;
    return g_strdup(headline(item));
}

/* ---- fetching ---- */

static Source *source_of(CwThing *thing)
{
    if (thing->data == NULL)
        thing->data = g_new0(Source, 1);
    return thing->data;
}

static void keep(char **place, const char *text)
{
    g_free(*place);
    *place = g_strdup(text);
}

/* Half of what lies between its items, within the limits; longer while nothing happens, and not
 * before it asks for it. */
static guint next_fetch(const CwThing *thing, const Source *source)
{
    guint usual = thing->agent->interval;
    gint64 newest = 0, oldest = G_MAXINT64, gap = 0;
    guint dated = 0;

    cw_agent_setting_number("interval", 1, 86400, &usual, NULL);
    for (guint i = 0; source->feed != NULL && i < source->feed->items->len; i++) {
        gint64 date = ((const CwFeedItem *)g_ptr_array_index(source->feed->items, i))->date;
        if (date == 0)
            continue;
        newest = MAX(newest, date);
        oldest = MIN(oldest, date);
        dated++;
    }
    if (dated > 2)
        gap = (newest - oldest) / (dated - 1) / 2;
    gint64 next = gap == 0 ? usual : CLAMP(gap, interval_least, usual);
    next += next * MIN(source->quiet, 20) / 4;
    if (source->feed != NULL)
        next = MAX(next, MIN(source->feed->ttl, INTERVAL_MOST));
    return (guint)CLAMP(next, MIN(interval_least, usual), MAX(INTERVAL_MOST, usual));
}

static void give_up(CwThing *thing, const CwHttpAnswer *answer)
{
    Source *source = thing->data;

    g_clear_pointer(&source->moved, g_free); /* whoever sent us there may know better now */
    if (answer->status == 410 || (answer->status == 404 && !thing->is_known))
        cw_thing_unknown(thing, answer->status == 410 ? "this feed is no more, says its server"
                                                      : "there is no such page");
    else
        cw_thing_failed(thing, answer->problem, answer->retry_after);
}

static void take_feed(CwThing *thing, const CwHttpAnswer *answer, CwFeed *feed)
{
    Source *source = thing->data;
    const CwFeedItem *top = feed->items->len == 0 ? NULL : g_ptr_array_index(feed->items, 0);
    const CwFeedItem *before = source->feed == NULL || source->feed->items->len == 0
                                   ? NULL
                                   : g_ptr_array_index(source->feed->items, 0);

    source->quiet =
        top != NULL && before != NULL && g_str_equal(top->id, before->id) ? source->quiet + 1 : 0;
    keep(&source->etag, answer->etag);
    keep(&source->last_modified, answer->last_modified);
    cw_feed_free(source->feed);
    source->feed = feed;
    g_autofree char *sums = sums_of(feed);
    if (g_strcmp0(sums, source->sums) != 0) {
        g_free(source->sums);
        source->sums = g_steal_pointer(&sums);
        source->age++;
    }
    if (!thing->is_known)
        cw_thing_known(thing, feed->title);
    cw_thing_refreshed(thing, next_fetch(thing, source));
}

/* A page rather than a feed: it may name some. */
static void take_page(CwThing *thing, const char *data, gsize size, const GError *error)
{
    g_autoptr(GPtrArray) links = cw_feed_find_links(data, size, thing->name);
    g_autoptr(GString) text = g_string_new(NULL);

    if (links->len == 0) {
        g_string_printf(text, "this is no feed (%s)", error->message);
    } else {
        g_string_append(text, "this is a page, no feed; it names these:");
        for (guint i = 0; i < links->len; i++)
            g_string_append_printf(text, "\n%s", (const char *)g_ptr_array_index(links, i));
    }
    g_clear_pointer(&((Source *)thing->data)->moved, g_free);
    if (thing->is_known)
        cw_thing_failed(thing, "what comes is no feed any more", 0);
    else
        cw_thing_unknown(thing, text->str);
}

static void fetched_cb(const CwHttpAnswer *answer, gpointer data)
{
    CwThing *thing = data;
    Source *source = thing->data;
    g_autoptr(GError) error = NULL;
    gsize size = 0;

    source->call = NULL;
    if (answer->moved != NULL)
        keep(&source->moved, answer->moved);
    if (answer->status == 304 && source->feed != NULL) {
        source->quiet++;
        cw_thing_refreshed(thing, next_fetch(thing, source));
        return;
    }
    if (answer->problem != NULL) {
        give_up(thing, answer);
        return;
    }
    const char *body = cw_http_body(answer, &size);
    CwFeed *feed = cw_feed_parse(body, size, answer->charset, &error);
    if (feed != NULL)
        take_feed(thing, answer, feed);
    else
        take_page(thing, body, size, error);
}

static void fetch(CwThing *thing)
{
    Source *source = source_of(thing);
    g_autoptr(GError) error = NULL;
    gboolean has_it = source->feed != NULL;

    source->call = cw_http_get(source->moved == NULL ? thing->name : source->moved,
                               has_it ? source->etag : NULL, has_it ? source->last_modified : NULL,
                               NULL, fetched_cb, thing, &error);
    if (source->call == NULL)
        cw_thing_failed(thing, error->message, 0);
}

static void forget(CwThing *thing)
{
    Source *source = thing->data;

    if (source == NULL)
        return;
    cw_http_cancel(source->call);
    cw_feed_free(source->feed);
    g_free(source->etag);
    g_free(source->last_modified);
    g_free(source->moved);
    g_free(source->sums);
    g_free(source);
}

static void items(const CwWatch *watch, GPtrArray *into)
{
    const Source *source = watch->thing->data;

    for (guint i = 0;
         source->feed != NULL && i < source->feed->items->len && i < CW_AGENT_ITEMS_MOST; i++)
        add_item(watch, into, g_ptr_array_index(source->feed->items, i));
}

/* ---- commands ---- */

static void run_latest(CwWatch *watch, const char *arguments)
{
    const Source *source = watch->thing->data;
    guint64 number = 3;

    if (*arguments != '\0' &&
        !g_ascii_string_to_unsigned(arguments, 10, 1, LATEST_MOST, &number, NULL)) {
        cw_watch_reply(watch, "Say how many, from 1 to %d: latest 5", LATEST_MOST);
        return;
    }
    if (source->feed->items->len == 0) {
        cw_watch_reply(watch, "There is nothing in it so far.");
        return;
    }
    g_autoptr(GPtrArray) items = g_ptr_array_new();
    for (guint i = 0; i < source->feed->items->len && i < number; i++)
        g_ptr_array_add(items, g_ptr_array_index(source->feed->items, i));
    g_autofree char *text = list(watch, items, LATEST_MOST);
    cw_watch_reply(watch, "%s", text);
}

static void run_filter(CwWatch *watch, const char *arguments)
{
    const char *filter = cw_watch_remembered(watch, "filter");

    if (*arguments == '\0') {
        cw_watch_reply(watch, filter == NULL ? "You hear of everything." : "Your filter: %s",
                       filter);
    } else if (strlen(arguments) > FILTER_MOST) {
        cw_watch_reply(watch, "That is too long.");
    } else if (g_str_equal(arguments, "off")) {
        cw_watch_remember(watch, "filter", NULL);
        cw_watch_reply(watch, "You hear of everything.");
    } else {
        cw_watch_remember(watch, "filter", arguments);
        cw_watch_reply(watch,
                       "You hear of what has one of these words, and none of those with - "
                       "before them: %s",
                       arguments);
    }
}

static const CwAgentCommand commands[] = {
    {"latest", "3", "the latest items", run_latest},
    {"filter", "word other -unwanted|off", "which items you want to hear of", run_filter, TRUE},
    {NULL},
};

const CwAgent cw_agent_feeds = {
    .id = "feeds",
    .name = "News feeds",
    .category = "headline",
    .identity = "rss",
    .example = "https://example.org/feed",
    .start = start,
    .normalize = normalize,
    .find = fetch,
    .refresh = fetch,
    .forget = forget,
    .status = status,
    .changed = changed,
    .items = items,
    .commands = commands,
    .interval = 1800,
};
