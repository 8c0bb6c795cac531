/* transport/timers.c: timers by the thousand
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "transport/timers.h"

typedef struct {
    guint id;
    gint64 due;     /* monotonic, µs */
    guint64 serial; /* in the order of being scheduled: among those due at once, and to know news */
    guint interval; /* ms */
    gboolean whole_seconds;
    GSourceFunc callback;
    gpointer data;
    GDestroyNotify free_data; /* nullable */
    guint place;              /* in the heap */
    gboolean running;         /* not in the heap: its callback is being called */
    gboolean removed;         /* meanwhile */
} Timer;

static struct {
    GSource *source;
    GPtrArray *heap;   /* Timer *, the next one first */
    GHashTable *by_id; /* id -> Timer, owned */
    guint64 last_serial;
} timers;

/* ---- the heap ---- */

static Timer *at(guint place)
{
    return g_ptr_array_index(timers.heap, place);
}

static gboolean is_before(const Timer *a, const Timer *b)
{
    return a->due != b->due ? a->due < b->due : a->serial < b->serial;
}

static void put(guint place, Timer *timer)
{
    g_ptr_array_index(timers.heap, place) = timer;
    timer->place = place;
}

static void rise(Timer *timer)
{
    guint place = timer->place;

    for (; place > 0 && is_before(timer, at((place - 1) / 2)); place = (place - 1) / 2)
        put(place, at((place - 1) / 2));
    put(place, timer);
}

static void sink(Timer *timer)
{
    guint place = timer->place;

    for (guint child; (child = 2 * place + 1) < timers.heap->len; place = child) {
        if (child + 1 < timers.heap->len && is_before(at(child + 1), at(child)))
            child++;
        if (!is_before(at(child), timer))
            break;
        put(place, at(child));
    }
    put(place, timer);
}

static void schedule(Timer *timer, gint64 due)
{
    timer->due = due;
    timer->serial = ++timers.last_serial;
    timer->place = timers.heap->len;
    g_ptr_array_add(timers.heap, timer);
    rise(timer);
}

static void unschedule(Timer *timer)
{
    Timer *last = at(timers.heap->len - 1);
    guint place = timer->place;

    g_ptr_array_set_size(timers.heap, (gint)timers.heap->len - 1);
    if (last == timer)
        return;
    put(place, last);
    rise(last);
    sink(last);
}

/* ---- the source ---- */

static void free_timer(gpointer data)
{
    Timer *timer = data;

    if (timer->free_data != NULL)
        timer->free_data(timer->data);
    g_free(timer);
}

static gint64 next_due(const Timer *timer)
{
    gint64 due = g_get_monotonic_time() + (gint64)timer->interval * 1000;

    /* as g_timeout_add_seconds(): to the nearest second, but rather later than earlier */
    if (timer->whole_seconds)
        due = (due + 3 * G_USEC_PER_SEC / 4) / G_USEC_PER_SEC * G_USEC_PER_SEC;
    return due;
}

static void run(Timer *timer)
{
    unschedule(timer);
    timer->running = TRUE;
    gboolean again = timer->callback(timer->data);
    timer->running = FALSE;
    if (again && !timer->removed)
        schedule(timer, next_due(timer));
    else if (timer->removed)
        free_timer(timer);
    else
        g_hash_table_remove(timers.by_id, GUINT_TO_POINTER(timer->id));
}

static gboolean is_due(gint64 now)
{
    return timers.heap->len > 0 && at(0)->due <= now;
}

static gboolean prepare_cb(GSource *source, gint *timeout)
{
    gint64 now = g_source_get_time(source);

    if (is_due(now)) {
        *timeout = 0;
        return TRUE;
    }
    *timeout = timers.heap->len == 0 ? -1 : (gint)MIN((at(0)->due - now + 999) / 1000, G_MAXINT);
    return FALSE;
}

static gboolean check_cb(GSource *source)
{
    return is_due(g_source_get_time(source));
}

/* Those that are due now; what their callbacks schedule anew has its time in the next turn. */
static gboolean dispatch_cb(GSource *source, GSourceFunc callback, gpointer data)
{
    gint64 now = g_source_get_time(source);
    guint64 newest = timers.last_serial;

    while (is_due(now) && at(0)->serial <= newest)
        run(at(0));
    return G_SOURCE_CONTINUE;
}

static GSourceFuncs source_funcs = {prepare_cb, check_cb, dispatch_cb, NULL};

static void start(void)
{
    if (timers.source != NULL)
        return;
    timers.heap = g_ptr_array_new();
    timers.by_id = g_hash_table_new_full(NULL, NULL, NULL, free_timer);
    timers.source = g_source_new(&source_funcs, sizeof(GSource));
    g_source_set_static_name(timers.source, "timers");
    g_source_attach(timers.source, NULL);
}

/* ---- for all ---- */

/* A number that no source has: GLib counts. */
static guint new_id(void)
{
    static GSourceFuncs none;
    GSource *source = g_source_new(&none, sizeof(GSource));
    guint id = g_source_attach(source, NULL);

    g_source_destroy(source);
    g_source_unref(source);
    return id;
}

guint cw_timer_add_full(guint interval, gboolean whole_seconds, GSourceFunc callback, gpointer data,
                        GDestroyNotify free_data)
{
    Timer *timer = g_new0(Timer, 1);

    start();
    timer->id = new_id();
    timer->interval = interval;
    timer->whole_seconds = whole_seconds;
    timer->callback = callback;
    timer->data = data;
    timer->free_data = free_data;
    g_hash_table_insert(timers.by_id, GUINT_TO_POINTER(timer->id), timer);
    schedule(timer, next_due(timer));
    return timer->id;
}

guint cw_timer_add(guint interval, GSourceFunc callback, gpointer data)
{
    return cw_timer_add_full(interval, FALSE, callback, data, NULL);
}

static Timer *find(guint id)
{
    return timers.by_id == NULL ? NULL : g_hash_table_lookup(timers.by_id, GUINT_TO_POINTER(id));
}

gboolean cw_timer_remove(guint id)
{
    Timer *timer = find(id);

    if (timer == NULL)
        return FALSE;
    g_hash_table_steal(timers.by_id, GUINT_TO_POINTER(id));
    if (timer->running) {
        timer->removed = TRUE;
    } else {
        unschedule(timer);
        free_timer(timer);
    }
    return TRUE;
}

gboolean cw_timer_hurry(guint id)
{
    Timer *timer = find(id);

    if (timer == NULL || timer->running)
        return FALSE;
    unschedule(timer);
    schedule(timer, 0);
    return TRUE;
}

guint cw_timers_count(void)
{
    return timers.by_id == NULL ? 0 : g_hash_table_size(timers.by_id);
}
