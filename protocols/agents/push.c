/* protocols/agents/push.c: when a user wants to hear of news, and what waits until then
 *
 *     cw_watch_push() -> now, or held -> digest: when he is back, or his quiet hours are over
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <stdio.h>
#include <string.h>

#include "protocols/agents/host.h"
#include "protocols/agents/watch.h"
#include "transport/timers.h"

#define HELD_MOST 50     /* of one user; then the oldest go, and he is told how many */
#define LOOK_AGAIN 30000 /* ms between two looks at whose quiet hours are over */
#define DAY 1440         /* minutes */

#define DIGEST_MOST 8000 /* bytes; behind them the rest is but counted */

static guint timer_id;

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

void cw_held_free(gpointer data)
{
    CwHeld *held = data;

    g_free(held->contact);
    g_free(held->title);
    g_free(held->text);
    g_free(held->url);
    g_free(held);
}

static guint n_held; /* of all readers */

static void count_held(CwReader *reader)
{
    n_held += reader->held.length;
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

void cw_push_stop(void)
{
    g_clear_handle_id(&timer_id, cw_timer_remove);
}

void cw_reader_drop_held(CwReader *reader, const char *contact)
{
    for (GList *l = reader->held.head, *next = NULL; l != NULL; l = next) {
        CwHeld *held = l->data;
        next = l->next;
        if (!g_str_equal(held->contact, contact))
            continue;
        cw_held_free(held);
        g_queue_delete_link(&reader->held, l);
    }
}

static void hold(CwReader *reader, const char *contact, const char *title, const char *text,
                 const char *url)
{
    CwHeld *held = g_new(CwHeld, 1);

    *held = (CwHeld){g_strdup(contact), g_strdup(title), g_strdup(text), g_strdup(url)};
    g_queue_push_tail(&reader->held, held);
    if (reader->held.length > HELD_MOST) {
        cw_held_free(g_queue_pop_head(&reader->held));
        reader->n_dropped++;
    }
    if (timer_id == 0)
        timer_id = cw_timer_add(LOOK_AGAIN, look_cb, NULL);
}

/* One message a thing, oldest first. */
static void say_digest(CwReader *reader, const char *contact)
{
    g_autoptr(GString) text = g_string_new("Meanwhile:");
    g_autofree char *whose = g_strdup(contact);
    guint more = 0;

    for (GList *l = reader->held.head, *next = NULL; l != NULL; l = next) {
        CwHeld *held = l->data;
        next = l->next;
        if (!g_str_equal(held->contact, whose))
            continue;
        if (text->len > DIGEST_MOST)
            more++;
        else
            g_string_append_printf(
                text, "\n- %s%s%s", held->title == NULL ? held->text : held->title,
                held->url == NULL ? "" : " ", held->url == NULL ? "" : held->url);
        cw_held_free(held);
        g_queue_delete_link(&reader->held, l);
    }
    if (more > 0)
        g_string_append_printf(text, "\n… and %u more", more);
    cw_reader_say(reader, whose, NULL, text->str, NULL);
}

void cw_reader_flush(CwReader *reader)
{
    if (reader->held.length == 0 || wants_quiet(reader))
        return;
    if (reader->n_dropped > 0) {
        g_autofree char *text =
            g_strdup_printf("%u more happened meanwhile than I keep.", reader->n_dropped);
        cw_agent_send(
            &(CwLinkMsg){.kind = CW_LINK_NOTICE, .account = reader->number, .text = text});
        reader->n_dropped = 0;
    }
    if (reader->held.length == 1) {
        CwHeld *held = g_queue_pop_head(&reader->held);
        cw_reader_say(reader, held->contact, held->title, held->text, held->url);
        cw_held_free(held);
    }
    while (reader->held.length > 0)
        say_digest(reader, ((const CwHeld *)reader->held.head->data)->contact);
}

void cw_watch_push(CwWatch *watch, const char *title, const char *text, const char *url)
{
    CwReader *reader = watch->reader;

    if (wants_quiet(reader))
        hold(reader, watch->thing->name, title, text, url);
    else
        cw_reader_say(reader, watch->thing->name, title, text, url);
}

/* ---- commands ---- */

static void run_quiet(CwWatch *watch, const char *arguments)
{
    gboolean off = g_str_equal(arguments, "off");

    if (!off && !g_str_equal(arguments, "away") && !g_str_equal(arguments, "dnd")) {
        cw_watch_reply(watch, "Say one of: quiet away (also while you are busy), quiet dnd, "
                              "quiet off.");
        return;
    }
    cw_watch_set_preference(watch, "quiet", off ? NULL : arguments);
    cw_watch_reply(watch,
                   off ? "I tell you everything at once."
                       : "What happens while you are %s comes in one message when you are "
                         "back.",
                   arguments);
    cw_reader_flush(watch->reader);
}

static void run_hours(CwWatch *watch, const char *arguments)
{
    gboolean off = g_str_equal(arguments, "off");
    const char *zone = cw_watch_preference(watch, "zone");
    guint from, to;

    if (!off && !read_hours(arguments, &from, &to)) {
        cw_watch_reply(watch, "Say for example: hours 22:00-07:00, or hours off.");
        return;
    }
    cw_watch_set_preference(watch, "hours", off ? NULL : arguments);
    cw_watch_reply(watch, "Quiet hours: %s (%s)", arguments,
                   zone == NULL ? "UTC; set yours by: zone Europe/Rome" : zone);
    cw_reader_flush(watch->reader);
}

static void run_zone(CwWatch *watch, const char *arguments)
{
    g_autoptr(GTimeZone) zone = cw_agent_zone_new(arguments);

    if (zone == NULL) {
        cw_watch_reply(watch, "There is no time zone '%s'; say for example: zone Europe/Rome",
                       arguments);
        return;
    }
    cw_watch_set_preference(watch, "zone", arguments);
    g_autoptr(GDateTime) now = g_date_time_new_now(zone);
    g_autofree char *text = g_date_time_format(now, "%H:%M");
    cw_watch_reply(watch, "For you it is %s now.", text);
}

const CwAgentCommand cw_common_commands[] = {
    {"quiet", "away|dnd|off", "whether news wait while you are away or busy", run_quiet},
    {"hours", "22:00-07:00|off", "hours in which news wait", run_hours},
    {"zone", "Europe/Rome", "your time zone", run_zone},
    {NULL},
};
