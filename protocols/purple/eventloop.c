/* protocols/purple/eventloop.c: libpurple's event loop on GLib's, with one epoll set and one heap
 *
 * GLib's poll() costs with each descriptor that is open, and its loop with each timer; libpurple
 * and its plugins have some of either for each account.  Here all descriptors are in one epoll set,
 * which is the one descriptor of one GSource, and all timers on one heap (transport/timers.h): a
 * turn costs with what is ready.
 *
 *     Watch  what libpurple added: id, conditions, function; libpurple often adds two for one fd
 *     Slot   a descriptor in the epoll set and its watches
 *
 * A callback may remove any watch, close descriptors and open others under the same number.  So an
 * event names its slot by descriptor and generation, and a watch that is newer than the batch of
 * events waits for the next one.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "protocols/purple/eventloop.h"

#include <errno.h>
#include <glib-unix.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "protocols/purple/host.h"
#include "transport/timers.h"

#define BATCH 64 /* events a turn, so that other sources get theirs */

typedef struct {
    guint id;
    int fd;
    PurpleInputCondition cond;
    PurpleInputFunction func;
    gpointer data;
    guint64 owner;
    guint plain_id; /* a GLib source instead, for what epoll does not take (files) */
} Watch;

typedef struct {
    int fd;
    guint32 generation;
    GPtrArray *watches; /* Watch *, borrowed */
} Slot;

static struct {
    int epoll_fd;
    GSource *source;
    gpointer tag;
    GHashTable *watches;   /* id -> Watch, owned */
    GHashTable *slots;     /* fd -> Slot, owned */
    GHashTable *timers_of; /* data -> id of the newest of GLib's timers with it */
    GThread *thread;
    guint last_id;
    guint32 last_generation;
    gboolean paused;
} loop = {.epoll_fd = -1};

guint64 cw_eventloop_owner;

void cw_eventloop_set_owner(guint64 serial)
{
    cw_eventloop_owner = serial;
    if (cw_host.scoreboard != NULL)
        cw_scoreboard_serve(cw_host.scoreboard, (guint32)serial);
}

static void free_slot(gpointer data)
{
    Slot *slot = data;
    g_ptr_array_unref(slot->watches);
    g_free(slot);
}

static void free_watch(gpointer data)
{
    Watch *watch = data;
    if (watch->plain_id != 0)
        g_source_remove(watch->plain_id);
    g_free(watch);
}

/* Tells epoll what the slot's watches want.  FALSE: epoll does not take such a descriptor. */
static gboolean update_slot(const Slot *slot)
{
    struct epoll_event event = {.data.u64 = ((guint64)slot->generation << 32) | (guint32)slot->fd};
    for (guint i = 0; i < slot->watches->len; i++) {
        const Watch *watch = g_ptr_array_index(slot->watches, i);
        if (watch->cond & PURPLE_INPUT_READ)
            event.events |= EPOLLIN;
        if (watch->cond & PURPLE_INPUT_WRITE)
            event.events |= EPOLLOUT;
    }
    /* MOD fails when a plugin closed the descriptor before it removed the watch and the number is
     * in use again; ADD fails when the descriptor is still in. */
    if (epoll_ctl(loop.epoll_fd, EPOLL_CTL_MOD, slot->fd, &event) == 0)
        return TRUE;
    if (errno != ENOENT)
        return errno == EBADF; /* closed already: libpurple will find out by itself */
    return epoll_ctl(loop.epoll_fd, EPOLL_CTL_ADD, slot->fd, &event) == 0 || errno == EBADF;
}

static gboolean plain_cb(gint fd, GIOCondition condition, gpointer data)
{
    Watch *watch = data;
    PurpleInputCondition cond = 0;
    if (condition & (G_IO_IN | G_IO_HUP | G_IO_ERR))
        cond |= PURPLE_INPUT_READ & watch->cond;
    if (condition & (G_IO_OUT | G_IO_HUP | G_IO_ERR | G_IO_NVAL))
        cond |= PURPLE_INPUT_WRITE & watch->cond;
    cw_eventloop_set_owner(watch->owner);
    if (cond != 0)
        watch->func(watch->data, fd, cond);
    cw_eventloop_set_owner(0);
    return G_SOURCE_CONTINUE; /* a removal inside the callback has destroyed the source already */
}

static guint input_add(int fd, PurpleInputCondition cond, PurpleInputFunction func, gpointer data)
{
    g_return_val_if_fail(fd >= 0 && func != NULL, 0);
    Watch *watch = g_new0(Watch, 1);
    do
        watch->id = ++loop.last_id;
    while (watch->id == 0 || g_hash_table_contains(loop.watches, GUINT_TO_POINTER(watch->id)));
    watch->fd = fd;
    watch->cond = cond;
    watch->func = func;
    watch->data = data;
    watch->owner = cw_eventloop_owner;
    g_hash_table_insert(loop.watches, GUINT_TO_POINTER(watch->id), watch);

    Slot *slot = g_hash_table_lookup(loop.slots, GINT_TO_POINTER(fd));
    if (slot == NULL) {
        slot = g_new0(Slot, 1);
        slot->fd = fd;
        slot->generation = ++loop.last_generation;
        slot->watches = g_ptr_array_new();
        g_hash_table_insert(loop.slots, GINT_TO_POINTER(fd), slot);
    }
    g_ptr_array_add(slot->watches, watch);
    if (!update_slot(slot)) {
        g_ptr_array_remove(slot->watches, watch);
        if (slot->watches->len == 0)
            g_hash_table_remove(loop.slots, GINT_TO_POINTER(fd));
        GIOCondition io =
            (cond & PURPLE_INPUT_READ ? G_IO_IN : 0) | (cond & PURPLE_INPUT_WRITE ? G_IO_OUT : 0);
        watch->plain_id = g_unix_fd_add(fd, io, plain_cb, watch);
    }
    return watch->id;
}

static gboolean input_remove(guint id)
{
    Watch *watch = g_hash_table_lookup(loop.watches, GUINT_TO_POINTER(id));
    if (watch == NULL)
        return FALSE;
    Slot *slot = g_hash_table_lookup(loop.slots, GINT_TO_POINTER(watch->fd));
    if (slot != NULL && g_ptr_array_remove(slot->watches, watch)) {
        if (slot->watches->len == 0) {
            struct epoll_event unused = {0};
            epoll_ctl(loop.epoll_fd, EPOLL_CTL_DEL, slot->fd, &unused); /* may be closed already */
            g_hash_table_remove(loop.slots, GINT_TO_POINTER(watch->fd));
        } else {
            update_slot(slot);
        }
    }
    g_hash_table_remove(loop.watches, GUINT_TO_POINTER(id));
    return TRUE;
}

/* One ready descriptor: its watches as they were, each only if it is still there. */
static void serve(guint64 key, guint32 events, guint newest_id)
{
    Slot *slot = g_hash_table_lookup(loop.slots, GINT_TO_POINTER((int)(guint32)key));
    if (slot == NULL || slot->generation != (guint32)(key >> 32))
        return;
    PurpleInputCondition ready = 0;
    if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
        ready |= PURPLE_INPUT_READ;
    if (events & (EPOLLOUT | EPOLLHUP | EPOLLERR))
        ready |= PURPLE_INPUT_WRITE;
    guint ids[8];
    guint n = 0;
    for (guint i = 0; i < slot->watches->len && n < G_N_ELEMENTS(ids); i++)
        ids[n++] = ((Watch *)g_ptr_array_index(slot->watches, i))->id;
    for (guint i = 0; i < n; i++) {
        Watch *watch = g_hash_table_lookup(loop.watches, GUINT_TO_POINTER(ids[i]));
        if (watch == NULL || ids[i] > newest_id || (watch->cond & ready) == 0)
            continue;
        cw_eventloop_set_owner(watch->owner);
        watch->func(watch->data, watch->fd, watch->cond & ready);
        cw_eventloop_set_owner(0);
    }
}

static gboolean dispatch_cb(GSource *source, GSourceFunc callback, gpointer data)
{
    struct epoll_event events[BATCH];
    int n = epoll_wait(loop.epoll_fd, events, BATCH, 0);
    guint newest_id = loop.last_id;
    for (int i = 0; i < n && !loop.paused; i++)
        serve(events[i].data.u64, events[i].events, newest_id);
    return G_SOURCE_CONTINUE;
}

static GSourceFuncs source_funcs = {.dispatch = dispatch_cb};

void cw_eventloop_pause(gboolean yes)
{
    loop.paused = yes;
    if (loop.source != NULL)
        g_source_modify_unix_fd(loop.source, loop.tag, yes ? 0 : G_IO_IN);
}

guint cw_eventloop_watches(void)
{
    return loop.watches != NULL ? g_hash_table_size(loop.watches) : 0;
}

/* ---- timers ---- */

typedef struct {
    guint id;
    GSourceFunc func;
    gpointer data;
    GDestroyNotify notify; /* nullable */
    guint64 owner;
} Timer;

static gboolean timer_cb(gpointer data)
{
    const Timer *timer = data;
    cw_eventloop_set_owner(timer->owner);
    gboolean again = timer->func(timer->data);
    cw_eventloop_set_owner(0);
    return again;
}

static guint find_timer_of(gconstpointer data)
{
    return GPOINTER_TO_UINT(g_hash_table_lookup(loop.timers_of, data));
}

static void free_timer(gpointer data)
{
    Timer *timer = data;
    if (find_timer_of(timer->data) == timer->id)
        g_hash_table_remove(loop.timers_of, timer->data);
    if (timer->notify != NULL)
        timer->notify(timer->data);
    g_free(timer);
}

static Timer *timer_new(guint interval, gboolean whole_seconds, GSourceFunc func, gpointer data)
{
    Timer *timer = g_new0(Timer, 1);
    timer->func = func;
    timer->data = data;
    timer->owner = cw_eventloop_owner;
    timer->id = cw_timer_add_full(interval, whole_seconds, timer_cb, timer, free_timer);
    return timer;
}

gboolean cw_eventloop_is_ours(void)
{
    return loop.thread == g_thread_self();
}

guint cw_eventloop_add_timer(guint interval, gboolean whole_seconds, GSourceFunc func,
                             gpointer data, GDestroyNotify notify)
{
    Timer *timer = timer_new(interval, whole_seconds, func, data);
    timer->notify = notify;
    g_hash_table_insert(loop.timers_of, data, GUINT_TO_POINTER(timer->id));
    return timer->id;
}

gboolean cw_eventloop_remove_timer_of(gconstpointer data)
{
    return cw_timer_remove(find_timer_of(data));
}

void cw_eventloop_hurry_timer_of(gconstpointer data)
{
    cw_timer_hurry(find_timer_of(data));
}

static guint timeout_add(guint interval, GSourceFunc function, gpointer data)
{
    if (!cw_eventloop_is_ours()) /* a thread of a plugin: GLib takes care of that */
        return g_timeout_add(interval, function, data);
    return timer_new(interval, FALSE, function, data)->id;
}

static guint timeout_add_seconds(guint interval, GSourceFunc function, gpointer data)
{
    if (!cw_eventloop_is_ours())
        return g_timeout_add_seconds(interval, function, data);
    return timer_new(interval * 1000, TRUE, function, data)->id;
}

/* Plugins remove timers that are over; g_source_remove() would complain in the log each time. */
static gboolean timeout_remove(guint id)
{
    if (cw_eventloop_is_ours() && cw_timer_remove(id))
        return TRUE;
    GSource *source = id != 0 ? g_main_context_find_source_by_id(NULL, id) : NULL;
    if (source == NULL)
        return FALSE;
    g_source_destroy(source);
    return TRUE;
}

static PurpleEventLoopUiOps ops = {
    .timeout_add = timeout_add,
    .timeout_remove = timeout_remove,
    .input_add = input_add,
    .input_remove = input_remove,
    .timeout_add_seconds = timeout_add_seconds,
};

PurpleEventLoopUiOps *cw_eventloop_ops(void)
{
    return &ops;
}

void cw_eventloop_init(void)
{
    loop.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (loop.epoll_fd < 0)
        g_error("cannot make an epoll set: %s", g_strerror(errno));
    loop.watches = g_hash_table_new_full(NULL, NULL, NULL, free_watch);
    loop.slots = g_hash_table_new_full(NULL, NULL, NULL, free_slot);
    loop.timers_of = g_hash_table_new(NULL, NULL);
    loop.thread = g_thread_self();
    loop.source = g_source_new(&source_funcs, sizeof(GSource));
    g_source_set_static_name(loop.source, "libpurple");
    loop.tag = g_source_add_unix_fd(loop.source, loop.epoll_fd, G_IO_IN);
    g_source_attach(loop.source, NULL);
}
