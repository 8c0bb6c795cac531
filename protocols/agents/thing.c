/* protocols/agents/thing.c: what is watched, and when it is fetched
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "protocols/agents/thing.h"

#include "protocols/agents/host.h"
#include "protocols/agents/watch.h"
#include "transport/timers.h"

#define RETRY_FIRST 30        /* s; doubled with each failure in a row */
#define RETRY_MOST 3600       /* s */
#define FAILURES_QUIET 3      /* fewer in a row are nobody's business */
#define CHOICES_MOST 8        /* that are named when it is not clear which is meant */
#define NEXT_LEAST 1          /* s */
#define NEXT_MOST (24 * 3600) /* s */

static GHashTable *things; /* name -> CwThing, owned */

void cw_things_start(void)
{
    things = g_hash_table_new(g_str_hash, g_str_equal);
}

static void free_thing(CwThing *thing)
{
    g_clear_handle_id(&thing->timer_id, cw_timer_remove);
    if (thing->agent->forget != NULL)
        thing->agent->forget(thing);
    g_ptr_array_unref(thing->watches);
    g_free(thing->problem);
    g_free(thing->title);
    g_free(thing->name);
    g_free(thing);
}

void cw_things_stop(void)
{
    g_hash_table_unref(things);
}

CwThing *cw_things_get(const CwAgent *agent, const char *name)
{
    CwThing *thing = g_hash_table_lookup(things, name);

    if (thing != NULL)
        return thing;
    thing = g_new0(CwThing, 1);
    thing->agent = agent;
    thing->name = g_strdup(name);
    thing->watches = g_ptr_array_new();
    g_hash_table_insert(things, thing->name, thing);
    return thing;
}

/* ---- fetching ---- */

static void fetch(CwThing *thing)
{
    if (thing->is_busy)
        return;
    thing->is_busy = TRUE;
    if (thing->is_known)
        thing->agent->refresh(thing);
    else if (thing->agent->find != NULL)
        thing->agent->find(thing);
    else
        cw_thing_known(thing, NULL);
}

static gboolean due_cb(gpointer data)
{
    CwThing *thing = data;

    thing->timer_id = 0;
    fetch(thing);
    return G_SOURCE_REMOVE;
}

static void set_timer(CwThing *thing, gint64 ms)
{
    g_clear_handle_id(&thing->timer_id, cw_timer_remove);
    thing->timer_id = cw_timer_add((guint)ms, due_cb, thing);
    thing->due = g_get_monotonic_time() + ms * 1000;
}

/* A tenth sooner or later, so that what began together does not stay together. */
static void fetch_in(CwThing *thing, guint seconds)
{
    gint64 ms = CLAMP(seconds, NEXT_LEAST, NEXT_MOST) * 1000LL;

    set_timer(thing, ms + g_random_int_range(0, (gint32)(ms / 5)) - ms / 10);
}

void cw_thing_hurry(CwThing *thing, guint seconds)
{
    gint64 ms = CLAMP(seconds, NEXT_LEAST, NEXT_MOST) * 1000LL;

    if (thing->timer_id != 0 && thing->due > g_get_monotonic_time() + ms * 1000)
        set_timer(thing, ms);
}

static guint usual_interval(const CwThing *thing)
{
    guint interval = thing->agent->interval;

    cw_agent_setting_number("interval", 1, NEXT_MOST, &interval, NULL); /* checked at the start */
    return interval;
}

void cw_thing_add_watch(CwThing *thing, CwWatch *watch)
{
    g_ptr_array_add(thing->watches, watch);
    if (thing->is_known) {
        cw_watch_is_known(watch);
        if (thing->is_fresh && thing->agent->changed != NULL)
            thing->agent->changed(watch);
    }
    if (!thing->is_known && thing->failures > 0) { /* the next try may be an hour away */
        cw_watch_is_late(watch);
        cw_watch_show(watch);
    }
    if (!thing->is_known && thing->timer_id == 0)
        thing->timer_id = cw_timer_add(0, due_cb, thing); /* behind those who come together */
}

void cw_thing_remove_watch(CwThing *thing, CwWatch *watch)
{
    g_ptr_array_remove(thing->watches, watch);
    if (thing->watches->len > 0)
        return;
    g_hash_table_remove(things, thing->name);
    free_thing(thing);
}

/* ---- what the agent found ---- */

/* What is told to one may take others away. */
static void each_watch(CwThing *thing, void (*visit)(CwWatch *watch))
{
    for (guint i = thing->watches->len; i > 0; i--) {
        if (i <= thing->watches->len)
            visit(g_ptr_array_index(thing->watches, i - 1));
    }
}

void cw_thing_known(CwThing *thing, const char *title)
{
    thing->is_busy = FALSE;
    thing->is_known = TRUE;
    thing->failures = 0;
    g_free(thing->title);
    thing->title = g_strdup(title);
    each_watch(thing, cw_watch_is_known);
    set_timer(thing, 0); /* unless find() has fetched it, and says so right behind */
}

void cw_thing_unknown(CwThing *thing, const char *text)
{
    g_autofree char *why = g_strdup(text);
    g_autoptr(GPtrArray) watches = g_ptr_array_copy(thing->watches, NULL, NULL);

    thing->is_busy = FALSE;
    for (guint i = 0; i < watches->len; i++)
        cw_watch_is_unknown(g_ptr_array_index(watches, i), why); /* the last frees the thing */
}

void cw_thing_ambiguous(CwThing *thing, const char *text, const GPtrArray *found)
{
    g_autoptr(GString) whole = g_string_new(text);

    g_string_append(whole, "; add the one that you mean:");
    for (guint i = 0; i < found->len && i < CHOICES_MOST; i++) {
        const CwFound *choice = g_ptr_array_index(found, i);
        g_string_append_printf(whole, "\n%s (%s)", choice->contact, choice->values[0]);
    }
    cw_thing_unknown(thing, whole->str);
}

void cw_thing_refreshed(CwThing *thing, guint next)
{
    if (!thing->is_known)
        cw_thing_known(thing, NULL);
    thing->is_busy = FALSE;
    thing->is_fresh = TRUE;
    thing->failures = 0;
    g_clear_pointer(&thing->problem, g_free);
    thing->fetched = g_get_real_time() / G_USEC_PER_SEC;
    fetch_in(thing, next == 0 ? usual_interval(thing) : next);
    cw_thing_show(thing);
    if (thing->agent->changed != NULL)
        each_watch(thing, thing->agent->changed);
}

void cw_thing_failed(CwThing *thing, const char *why, guint retry)
{
    guint wait = RETRY_FIRST << MIN(thing->failures, 7);

    thing->is_busy = FALSE;
    thing->failures++;
    g_free(thing->problem);
    thing->problem = g_strdup(why);
    gboolean is_news =
        thing->failures == FAILURES_QUIET || (thing->failures == 1 && !thing->is_fresh);
    cw_agent_log(is_news ? "info" : "debug", "%s: fetch %u failed: %s", thing->name,
                 thing->failures, why);
    if (!thing->is_known)
        each_watch(thing, cw_watch_is_late);
    if (thing->failures >= FAILURES_QUIET || !thing->is_fresh)
        cw_thing_show(thing);
    fetch_in(thing, retry == 0 ? MIN(wait, RETRY_MOST) : retry);
}

void cw_thing_show(CwThing *thing)
{
    each_watch(thing, cw_watch_show);
}
