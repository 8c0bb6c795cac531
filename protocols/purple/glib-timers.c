/* protocols/purple/glib-timers.c: GLib's timers, for all that runs in this process, on the heap
 *
 * A plugin may use GLib's timers as well as libpurple's, and mix them up: prpl-irc has one of
 * GLib's for each connection that runs every second.  In the clients that plugins are made for it
 * is all the same.  So it is here: the functions below stand in for GLib's of the same name, since
 * the dynamic linker takes the program's first, and put such timers on the heap
 * (transport/timers.h). With 1,000 accounts in a host an event costs a sixth.
 *
 * Threads of plugins, and timers with a priority of their own, get GLib's.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "protocols/purple/eventloop.h"

#include "transport/timers.h"

static guint add(gint priority, guint interval, gboolean whole_seconds, GSourceFunc function,
                 gpointer data, GDestroyNotify notify)
{
    g_return_val_if_fail(function != NULL, 0);
    if (priority == G_PRIORITY_DEFAULT && cw_eventloop_is_ours())
        return cw_eventloop_add_timer(interval, whole_seconds, function, data, notify);

    GSource *source = whole_seconds ? g_timeout_source_new_seconds(interval / 1000)
                                    : g_timeout_source_new(interval);
    if (priority != G_PRIORITY_DEFAULT)
        g_source_set_priority(source, priority);
    g_source_set_callback(source, function, data, notify);
    guint id = g_source_attach(source, NULL);
    g_source_unref(source);
    return id;
}

static guint to_ms(guint seconds)
{
    return seconds > G_MAXUINT / 1000 ? G_MAXUINT : seconds * 1000;
}

guint g_timeout_add_full(gint priority, guint interval, GSourceFunc function, gpointer data,
                         GDestroyNotify notify)
{
    return add(priority, interval, FALSE, function, data, notify);
}

guint g_timeout_add(guint interval, GSourceFunc function, gpointer data)
{
    return add(G_PRIORITY_DEFAULT, interval, FALSE, function, data, NULL);
}

guint g_timeout_add_seconds_full(gint priority, guint interval, GSourceFunc function, gpointer data,
                                 GDestroyNotify notify)
{
    return add(priority, to_ms(interval), TRUE, function, data, notify);
}

guint g_timeout_add_seconds(guint interval, GSourceFunc function, gpointer data)
{
    return add(G_PRIORITY_DEFAULT, to_ms(interval), TRUE, function, data, NULL);
}

gboolean g_source_remove(guint id)
{
    if (cw_eventloop_is_ours() && cw_timer_remove(id))
        return TRUE;
    GSource *source = id == 0 ? NULL : g_main_context_find_source_by_id(NULL, id);
    if (source == NULL) {
        g_critical("Source ID %u was not found when attempting to remove it", id);
        return FALSE;
    }
    g_source_destroy(source);
    return TRUE;
}

gboolean g_source_remove_by_user_data(gpointer data)
{
    if (cw_eventloop_is_ours() && cw_eventloop_remove_timer_of(data))
        return TRUE;
    GSource *source = g_main_context_find_source_by_user_data(NULL, data);
    if (source == NULL)
        return FALSE;
    g_source_destroy(source);
    return TRUE;
}
