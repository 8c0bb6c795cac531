/* protocols/agents/push.c: when a user wants to hear of news, and what waits until then
 *
 *     cw_watch_push() -> now, or held -> digest: when he is back, or his quiet hours are over
 *
 * What is held is remembered by the gateway, each item by itself: it is written once, and forgotten
 * once, whatever comes behind it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <stdio.h>
#include <string.h>

#include "protocols/agents/held.h"
#include "protocols/agents/host.h"
#include "protocols/agents/watch.h"
#include "transport/timers.h"

#define DIGEST_MOST 8000        /* bytes; behind them the rest is but counted */
#define ROOM_VALUES 400         /* remembered of one user, in which what is held lasts: */
#define ROOM_BYTES (384 * 1024) /* the gateway remembers 500, and 512 KiB */
#define DROPPED "held-dropped"  /* remembered: how many went */
#define DROPPED_MOST 1000000
#define LOOK_AGAIN 30000 /* ms between two looks at whose quiet hours are over */
#define DAY 1440         /* minutes */

static guint timer_id;
/* Of one user; then the oldest go, and he is told how many. */
static guint held_most, held_bytes_most;

/* ---- what he wishes ---- */

static const char *wish(const CwReader *reader, const char *name)
{
    g_autofree char *key = g_strconcat("wish.", name, NULL);

    return cw_reader_remembered(reader, key);
}

static GTimeZone *zone_of(const CwReader *reader)
{
    const char *name = wish(reader, "zone");
    GTimeZone *zone = name == NULL ? NULL : cw_agent_zone_new(name);

    return zone == NULL ? g_time_zone_new_utc() : zone;
}

GTimeZone *cw_watch_zone(const CwWatch *watch)
{
    return zone_of(watch->reader);
}

/* "22:00-07:00" in minutes of the day. */
static gboolean read_hours(const char *text, guint *from, guint *to)
{
    guint from_hour, from_minute, to_hour, to_minute;
    int end = 0;

    if (sscanf(text, "%2u:%2u-%2u:%2u%n", &from_hour, &from_minute, &to_hour, &to_minute, &end) !=
            4 ||
        text[end] != '\0' || from_hour > 23 || to_hour > 23 || from_minute > 59 || to_minute > 59)
        return FALSE;
    *from = from_hour * 60 + from_minute;
    *to = to_hour * 60 + to_minute;
    return *from != *to;
}

static gboolean is_in_quiet_hours(const CwReader *reader)
{
    const char *hours = wish(reader, "hours");
    guint from, to;

    if (hours == NULL || !read_hours(hours, &from, &to))
        return FALSE;
    g_autoptr(GTimeZone) zone = zone_of(reader);
    g_autoptr(GDateTime) now = g_date_time_new_now(zone);
    guint minute = (guint)(g_date_time_get_hour(now) * 60 + g_date_time_get_minute(now));
    return (minute + DAY - from) % DAY < (to + DAY - from) % DAY;
}

static gboolean wants_quiet(const CwReader *reader)
{
    const char *quiet = wish(reader, "quiet");
    gboolean busy = reader->show == CW_SHOW_DND;
    gboolean away = busy || reader->show == CW_SHOW_AWAY || reader->show == CW_SHOW_XA;

    return (g_strcmp0(quiet, "away") == 0 && away) || (g_strcmp0(quiet, "dnd") == 0 && busy) ||
           is_in_quiet_hours(reader);
}

/* ---- what waits ---- */

typedef struct {
    guint64 number;
    char *contact;
    char *packed;   /* GRefString, interned: the readers of a feed share it */
    gboolean lasts; /* the gateway remembers it, so that it outlives the log-in and this host */
} Held;

static void free_held(gpointer data)
{
    Held *held = data;

    g_free(held->contact);
    g_ref_string_release(held->packed);
    g_free(held);
}

static gsize size_of(const Held *held)
{
    return strlen(held->contact) + strlen(held->packed);
}

void cw_reader_free_held(CwReader *reader)
{
    g_queue_clear_full(&reader->held.items, free_held);
}

/* The gateway forgets it. */
static void end_lasting(CwReader *reader, Held *held)
{
    g_autofree char *name = cw_held_make_name(held->number, held->contact);

    if (held->lasts)
        cw_reader_remember(reader, name, NULL);
    held->lasts = FALSE;
}

static void take_away(CwReader *reader, GList *link)
{
    Held *held = link->data;

    g_queue_delete_link(&reader->held.items, link);
    reader->held.size -= size_of(held);
    end_lasting(reader, held);
    free_held(held);
}

static void set_dropped(CwReader *reader, guint n)
{
    g_autofree char *text = n == 0 ? NULL : g_strdup_printf("%u", n);

    reader->held.n_dropped = n;
    cw_reader_remember(reader, DROPPED, text);
}

void cw_reader_drop_held(CwReader *reader, const char *contact)
{
    for (GList *l = reader->held.items.head, *next = NULL; l != NULL; l = next) {
        next = l->next;
        if (g_str_equal(((Held *)l->data)->contact, contact))
            take_away(reader, l);
    }
    if (reader->held.items.length == 0)
        set_dropped(reader, 0);
}

/* The oldest go. */
static void drop_what_is_too_much(CwReader *reader)
{
    guint n = reader->held.n_dropped;

    while (reader->held.items.length > held_most ||
           (reader->held.size > held_bytes_most && reader->held.items.length > 1)) {
        take_away(reader, reader->held.items.head);
        n++;
    }
    if (n != reader->held.n_dropped)
        set_dropped(reader, n);
}

/* Alerts and preferences are worth more: the oldest that is held lasts no longer than this log-in
 * then. */
void cw_reader_make_room(CwReader *reader)
{
    for (GList *l = reader->held.items.head; l != NULL; l = l->next) {
        if (g_hash_table_size(reader->remembered) <= ROOM_VALUES &&
            reader->remembered_size <= ROOM_BYTES)
            return;
        end_lasting(reader, l->data);
    }
}

static guint n_held; /* of all readers */

static void count_held(CwReader *reader)
{
    n_held += reader->held.items.length;
}

static gboolean look_cb(gpointer data)
{
    n_held = 0;
    cw_readers_each(cw_reader_flush);
    cw_readers_each(count_held);
    if (n_held > 0)
        return G_SOURCE_CONTINUE;
    timer_id = 0;
    return G_SOURCE_REMOVE;
}

gboolean cw_push_start(GError **error)
{
    held_most = 50;
    held_bytes_most = 64 * 1024;
    return cw_agent_setting_number("held", 1, 300, &held_most, error) &&
           cw_agent_setting_number("held-size", 1024, 256 * 1024, &held_bytes_most, error);
}

void cw_push_stop(void)
{
    g_clear_handle_id(&timer_id, cw_timer_remove);
}

static int compare_held(gconstpointer a, gconstpointer b, gpointer data)
{
    const Held *one = a, *other = b;

    return one->number < other->number ? -1 : one->number > other->number;
}

static void add_held(CwReader *reader, Held *held)
{
    g_queue_insert_sorted(&reader->held.items, held, compare_held, NULL);
    reader->held.size += size_of(held);
    if (timer_id == 0)
        timer_id = cw_timer_add(LOOK_AGAIN, look_cb, NULL);
}

static Held *new_held(guint64 number, const char *contact, const char *packed)
{
    Held *held = g_new(Held, 1);

    *held = (Held){number, g_strdup(contact), g_ref_string_new_intern(packed), FALSE};
    return held;
}

/* It may be found anew by a host that was killed before it could say that it was seen. */
static gboolean is_held(const CwReader *reader, const char *contact, const char *packed)
{
    for (const GList *l = reader->held.items.head; l != NULL; l = l->next) {
        const Held *held = l->data;
        if (g_str_equal(held->contact, contact) && g_str_equal(held->packed, packed))
            return TRUE;
    }
    return FALSE;
}

/* It lasts from now on, as its agent is about to remember that it was told. */
static void hold(CwReader *reader, const char *contact, const CwHeldNews *news)
{
    g_autofree char *packed = cw_held_pack(news);

    if (packed == NULL || is_held(reader, contact, packed))
        return;
    const Held *last = g_queue_peek_tail(&reader->held.items);
    Held *held = new_held(last == NULL ? 1 : last->number + 1, contact, packed);
    g_autofree char *name = cw_held_make_name(held->number, contact);
    add_held(reader, held);
    drop_what_is_too_much(reader);
    held->lasts = TRUE;
    cw_reader_remember(reader, name, packed);
}

/* Each by itself: their names are in the digest, and none is told twice. */
static void hold_items(CwReader *reader, const char *contact, const GPtrArray *items)
{
    for (guint i = 0; i < items->len; i++) {
        const CwFound *item = g_ptr_array_index(items, i);
        char **values = item->values;
        g_autofree char *text = cw_item_text(item);
        hold(reader, contact,
             &(CwHeldNews){.title = values[CW_ITEM_TITLE],
                           .url = values[CW_ITEM_LINK],
                           .text = text,
                           .id = item->contact,
                           .time = g_ascii_strtoll(values[CW_ITEM_TIME], NULL, 10)});
    }
}

/* The item that it told of; the link stands at the end of the text. */
static void add_item(GPtrArray *items, const CwHeldNews *news)
{
    g_autofree char *summary = g_strdup(news->text);

    if (news->url != NULL && g_str_has_suffix(summary, news->url))
        summary[strlen(summary) - strlen(news->url)] = '\0';
    g_strchomp(summary);
    cw_agent_item_add(items, news->id, news->title, summary, news->url, news->time);
}

/* FALSE: it was never one of ours. */
static gboolean restore(CwReader *reader, const char *name, const char *value)
{
    g_auto(CwHeldNews) news = {0};
    const char *contact = NULL;
    guint64 number = 0;

    if (!cw_held_read_name(name, &number, &contact) || !cw_held_unpack(value, &news))
        return FALSE;
    Held *held = new_held(number, contact, value);
    held->lasts = TRUE;
    add_held(reader, held);
    return TRUE;
}

/* They are told when their things are added: what he let go while he was offline is not. */
void cw_reader_restore_held(CwReader *reader)
{
    const char *dropped = cw_reader_remembered(reader, DROPPED);
    g_autoptr(GPtrArray) damaged = g_ptr_array_new_with_free_func(g_free);
    GHashTableIter iter;
    gpointer name, value;
    guint64 n = 0;

    g_hash_table_iter_init(&iter, reader->remembered);
    while (g_hash_table_iter_next(&iter, &name, &value)) {
        if (g_str_has_prefix(name, CW_HELD_PREFIX) && !restore(reader, name, value))
            g_ptr_array_add(damaged, g_strdup(name));
    }
    for (guint i = 0; i < damaged->len; i++)
        cw_reader_remember(reader, g_ptr_array_index(damaged, i), NULL);
    if (dropped != NULL && !g_ascii_string_to_unsigned(dropped, 10, 1, DROPPED_MOST, &n, NULL))
        cw_reader_remember(reader, DROPPED, NULL);
    reader->held.n_dropped = (guint)n;
    drop_what_is_too_much(reader);
    cw_reader_make_room(reader);
}

/* ---- telling it ---- */

static void add_line(GString *text, const CwHeldNews *news)
{
    g_string_append_printf(text, "\n- %s%s%s", news->title == NULL ? news->text : news->title,
                           news->url == NULL ? "" : " ", news->url == NULL ? "" : news->url);
}

/* One message a thing, oldest first; one alone as it would have come.  What is told is forgotten
 * behind it: a host that is killed between the two has it told twice rather than lost. */
static void say_held(CwReader *reader, const char *contact)
{
    g_autoptr(GString) text = g_string_new("Meanwhile:");
    g_autoptr(GPtrArray) items = cw_agent_found_new();
    g_auto(CwHeldNews) news = {0};
    guint n = 0, more = 0;

    for (const GList *l = reader->held.items.head; l != NULL; l = l->next) {
        const Held *held = l->data;
        if (!g_str_equal(held->contact, contact))
            continue;
        cw_held_news_clear(&news);
        cw_held_unpack(held->packed, &news);
        n++;
        if (news.id != NULL)
            add_item(items, &news);
        if (text->len > DIGEST_MOST)
            more++;
        else
            add_line(text, &news);
    }
    if (more > 0)
        g_string_append_printf(text, "\n… and %u more", more);
    if (items->len < n) /* what is no item would be lost for who wants items alone */
        g_clear_pointer(&items, g_ptr_array_unref);
    if (n == 1)
        cw_reader_say(reader, contact, news.title, *news.text == '\0' ? news.title : news.text,
                      news.url, items);
    else
        cw_reader_say(reader, contact, NULL, text->str, NULL, items);
    cw_reader_drop_held(reader, contact);
}

/* (nullable) The oldest of something that he watches. */
static const Held *find_speakable(const CwReader *reader)
{
    for (const GList *l = reader->held.items.head; l != NULL; l = l->next) {
        const Held *held = l->data;
        if (g_hash_table_contains(reader->watches, held->contact))
            return held;
    }
    return NULL;
}

void cw_reader_flush(CwReader *reader)
{
    const Held *held =
        reader->held.items.length == 0 || wants_quiet(reader) ? NULL : find_speakable(reader);

    if (held != NULL && reader->held.n_dropped > 0) {
        g_autofree char *text =
            g_strdup_printf("%u more happened meanwhile than I keep.", reader->held.n_dropped);
        cw_agent_send(
            &(CwLinkMsg){.kind = CW_LINK_NOTICE, .account = reader->number, .text = text});
        set_dropped(reader, 0);
    }
    for (; held != NULL; held = find_speakable(reader)) {
        g_autofree char *contact = g_strdup(held->contact);
        say_held(reader, contact);
    }
}

void cw_watch_push_items(CwWatch *watch, const char *title, const char *text, const char *url,
                         GPtrArray *items)
{
    g_autoptr(GPtrArray) told = items;
    CwReader *reader = watch->reader;
    const char *contact = watch->thing->name;

    if (!wants_quiet(reader))
        cw_reader_say(reader, contact, title, text, url, told);
    else if (told != NULL)
        hold_items(reader, contact, told);
    else
        hold(reader, contact,
             &(CwHeldNews){.title = (char *)title, .url = (char *)url, .text = (char *)text});
}

void cw_watch_push(CwWatch *watch, const char *title, const char *text, const char *url)
{
    cw_watch_push_items(watch, title, text, url, NULL);
}

/* ---- commands ---- */

static void run_quiet(CwWatch *watch, const char *arguments)
{
    gboolean off = g_ascii_strcasecmp(arguments, "off") == 0;
    const char *wish = off ? NULL : g_ascii_strcasecmp(arguments, "away") == 0 ? "away" : "dnd";
    const char *now = cw_watch_preference(watch, "quiet");

    if (wish != NULL && g_ascii_strcasecmp(arguments, wish) != 0) {
        cw_watch_reply(watch,
                       "%s Say one of: quiet away (also while you are busy), quiet dnd (only while "
                       "you are busy), quiet off.",
                       now == NULL                ? "News do not wait while you are away."
                       : g_str_equal(now, "away") ? "News wait while you are away or busy."
                                                  : "News wait while you are busy.");
        return;
    }
    cw_watch_set_preference(watch, "quiet", wish);
    cw_watch_reply(watch,
                   off ? "I tell you everything at once."
                       : "What happens while you are %s comes in one message when you are "
                         "back.",
                   g_strcmp0(wish, "away") == 0 ? "away or busy" : "busy");
    cw_reader_flush(watch->reader);
}

static void run_hours(CwWatch *watch, const char *arguments)
{
    gboolean off = g_ascii_strcasecmp(arguments, "off") == 0;
    const char *now = cw_watch_preference(watch, "hours");
    const char *zone = cw_watch_preference(watch, "zone");
    guint from, to;

    if (!off && !read_hours(arguments, &from, &to)) {
        cw_watch_reply(watch, "%s%s%sSay for example: hours 22:00-07:00, or hours off.",
                       now == NULL ? "" : "Quiet hours: ", now == NULL ? "" : now,
                       now == NULL ? "" : ".  ");
        return;
    }
    cw_watch_set_preference(watch, "hours", off ? NULL : arguments);
    if (off)
        cw_watch_reply(watch, "There are no quiet hours.");
    else
        cw_watch_reply(watch, "Quiet hours: %s (%s)", arguments,
                       zone == NULL ? "UTC; set yours by: zone Europe/Rome" : zone);
    cw_reader_flush(watch->reader);
}

static void run_zone(CwWatch *watch, const char *arguments)
{
    g_autofree char *capitals = cw_agent_zone_name(arguments);
    g_autoptr(GTimeZone) typed = cw_agent_zone_new(arguments);
    g_autoptr(GTimeZone) zone =
        typed == NULL ? cw_agent_zone_new(capitals) : g_steal_pointer(&typed);
    const char *now = cw_watch_preference(watch, "zone");

    if (*arguments == '\0') {
        cw_watch_reply(watch, "Your time zone is %s; set another by: zone Europe/Rome",
                       now == NULL ? "UTC" : now);
        return;
    }
    if (zone == NULL) {
        cw_watch_reply(watch, "There is no time zone '%s'; say for example: zone Europe/Rome",
                       arguments);
        return;
    }
    cw_watch_set_preference(watch, "zone", g_time_zone_get_identifier(zone));
    g_autoptr(GDateTime) time = g_date_time_new_now(zone);
    g_autofree char *text = g_date_time_format(time, "%H:%M");
    cw_watch_reply(watch, "For you it is %s now.", text);
}

const CwAgentCommand cw_common_commands[] = {
    {"quiet", "away|dnd|off", "whether news wait while you are away or busy", run_quiet, TRUE},
    {"hours", "22:00-07:00|off", "hours in which news wait", run_hours, TRUE},
    {"zone", "Europe/Rome", "your time zone", run_zone, TRUE},
    {NULL},
};
