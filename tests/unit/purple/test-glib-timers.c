/* tests/unit/purple/test-glib-timers.c: a plugin's timers, whichever functions it makes them with
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "protocols/purple/eventloop.h"

#include "transport/timers.h"

static guint calls, freed;

static gboolean count_cb(gpointer data)
{
    calls++;
    return G_SOURCE_CONTINUE;
}

static void freed_cb(gpointer data)
{
    freed++;
}

static void glib_timers__are__on_the_heap(void)
{
    guint ids[4];

    ids[0] = g_timeout_add(1000000, count_cb, NULL);
    ids[1] = g_timeout_add_full(G_PRIORITY_DEFAULT, 1000000, count_cb, NULL, freed_cb);
    ids[2] = g_timeout_add_seconds(1000, count_cb, NULL);
    ids[3] = g_timeout_add_seconds_full(G_PRIORITY_DEFAULT, 1000, count_cb, NULL, freed_cb);
    g_assert_cmpuint(cw_timers_count(), ==, 4);
    for (guint i = 0; i < 4; i++)
        g_assert_true(g_source_remove(ids[i]));
    g_assert_cmpuint(cw_timers_count(), ==, 0);
    g_assert_cmpuint(freed, ==, 2);
}

/* Plugins mix them up; where both are GLib's it is all the same. */
static void glib_timers__are__libpurples_too(void)
{
    const PurpleEventLoopUiOps *ops = cw_eventloop_ops();
    guint one = ops->timeout_add(1000000, count_cb, NULL);
    guint other = g_timeout_add(1000000, count_cb, NULL);
    guint seconds = ops->timeout_add_seconds(1000, count_cb, NULL);

    g_assert_true(g_source_remove(one));
    g_assert_true(ops->timeout_remove(other));
    g_assert_false(ops->timeout_remove(other));
    g_assert_true(ops->timeout_remove(seconds));
    g_assert_cmpuint(cw_timers_count(), ==, 0);
}

static void glib_timers__leave__other_sources_alone(void)
{
    guint idle = g_idle_add(count_cb, NULL);
    guint low = g_timeout_add_full(G_PRIORITY_LOW, 1000000, count_cb, NULL, NULL);

    g_assert_cmpuint(cw_timers_count(), ==, 0);
    g_assert_nonnull(g_main_context_find_source_by_id(NULL, low));
    g_assert_true(g_source_remove(idle));
    g_assert_true(g_source_remove(low));
    g_test_expect_message(NULL, G_LOG_LEVEL_CRITICAL, "Source ID * was not found*");
    g_assert_false(g_source_remove(low));
    g_test_assert_expected_messages();
}

static void glib_timers__are_found__by_their_data(void)
{
    int data, others;

    g_timeout_add(1000000, count_cb, &data);
    g_idle_add(count_cb, &others);
    calls = 0;
    cw_eventloop_hurry_timer_of(&data);
    cw_eventloop_hurry_timer_of(&others);
    while (calls == 0 || g_main_context_pending(NULL)) {
        g_main_context_iteration(NULL, FALSE);
        if (calls > 0)
            g_source_remove_by_user_data(&others);
    }
    g_assert_true(g_source_remove_by_user_data(&data));
    g_assert_false(g_source_remove_by_user_data(&data));
    g_assert_cmpuint(cw_timers_count(), ==, 0);
}

static gpointer thread_cb(gpointer data)
{
    const PurpleEventLoopUiOps *ops = cw_eventloop_ops();
    guint *ids = data;

    ids[0] = g_timeout_add(1000000, count_cb, NULL);
    ids[1] = ops->timeout_add(1000000, count_cb, NULL);
    return NULL;
}

/* The heap is not for threads: theirs are GLib's own, and may be removed from anywhere. */
static void glib_timers__of_threads__are_glibs(void)
{
    guint ids[2] = {0};
    GThread *thread = g_thread_new("plugin", thread_cb, ids);

    g_thread_join(thread);
    g_assert_cmpuint(cw_timers_count(), ==, 0);
    g_assert_true(g_source_remove(ids[0]));
    g_assert_true(cw_eventloop_ops()->timeout_remove(ids[1]));
}

static guint64 seen_owner;

static gboolean owner_cb(gpointer data)
{
    seen_owner = cw_eventloop_owner;
    return G_SOURCE_REMOVE;
}

static void glib_timers__know__whose_they_are(void)
{
    cw_eventloop_set_owner(42);
    g_timeout_add(0, owner_cb, NULL);
    cw_eventloop_set_owner(0);
    while (cw_timers_count() > 0)
        g_main_context_iteration(NULL, TRUE);
    g_assert_cmpuint(seen_owner, ==, 42);
    g_assert_cmpuint(cw_eventloop_owner, ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    cw_eventloop_init();
    g_test_add_func("/glib_timers/are/on_the_heap", glib_timers__are__on_the_heap);
    g_test_add_func("/glib_timers/are/libpurples_too", glib_timers__are__libpurples_too);
    g_test_add_func("/glib_timers/leave/other_sources_alone",
                    glib_timers__leave__other_sources_alone);
    g_test_add_func("/glib_timers/are_found/by_their_data", glib_timers__are_found__by_their_data);
    g_test_add_func("/glib_timers/of_threads/are_glibs", glib_timers__of_threads__are_glibs);
    g_test_add_func("/glib_timers/know/whose_they_are", glib_timers__know__whose_they_are);
    return g_test_run();
}
