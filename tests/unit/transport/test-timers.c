/* tests/unit/transport/test-timers.c: timers on one heap, and work at the end of a turn
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "transport/timers.h"

#include "transport/turn.h"

#define MANY 1000

/* ---- timers ---- */

typedef struct {
    guint calls, most; /* `most`: the timer ends with that call */
    guint freed;
    guint id;
    gint64 last; /* monotonic, µs */
} Count;

static gboolean count_cb(gpointer data)
{
    Count *count = data;

    count->last = g_get_monotonic_time();
    return ++count->calls < count->most;
}

static void freed_cb(gpointer data)
{
    ((Count *)data)->freed++;
}

static void run_until_none(void)
{
    while (cw_timers_count() > 0)
        g_main_context_iteration(NULL, TRUE);
}

static void timers__run__until_they_say_no(void)
{
    Count count = {.most = 3};
    gint64 start = g_get_monotonic_time();

    guint id = cw_timer_add_full(5, FALSE, count_cb, &count, freed_cb);
    g_assert_cmpuint(id, >, 0);
    run_until_none();
    g_assert_cmpuint(count.calls, ==, 3);
    g_assert_cmpuint(count.freed, ==, 1);
    g_assert_cmpint(count.last - start, >=, 15000);
    g_assert_false(cw_timer_remove(id));
}

static GArray *order;

static gboolean note_cb(gpointer data)
{
    guint number = GPOINTER_TO_UINT(data);

    g_array_append_val(order, number);
    return G_SOURCE_REMOVE;
}

/* In whatever order they are made and removed, they run in the order of their times. */
static void timers__run__in_order(void)
{
    g_autoptr(GRand) random = g_rand_new_with_seed(7);
    guint ids[MANY], left = 0;

    order = g_array_new(FALSE, FALSE, sizeof(guint));
    for (guint i = 0; i < MANY; i++) {
        guint wait = (guint)g_rand_int_range(random, 1, 40) * 20;
        ids[i] = cw_timer_add(wait, note_cb, GUINT_TO_POINTER(wait));
    }
    for (guint i = 0; i < MANY; i++) {
        if (g_rand_boolean(random))
            g_assert_true(cw_timer_remove(ids[i]));
        else
            left++;
    }
    g_assert_cmpuint(cw_timers_count(), ==, left);
    run_until_none();
    g_assert_cmpuint(order->len, ==, left);
    for (guint i = 1; i < order->len; i++)
        g_assert_cmpuint(g_array_index(order, guint, i - 1), <=, g_array_index(order, guint, i));
    g_array_unref(order);
}

static gboolean remove_self_cb(gpointer data)
{
    Count *count = data;

    count->calls++;
    g_assert_true(cw_timer_remove(count->id));
    g_assert_false(cw_timer_remove(count->id));
    g_assert_cmpuint(count->freed, ==, 0); /* it is in use */
    return G_SOURCE_CONTINUE;
}

static void timers__may_remove__themselves(void)
{
    Count count = {0};

    count.id = cw_timer_add_full(0, FALSE, remove_self_cb, &count, freed_cb);
    run_until_none();
    g_assert_cmpuint(count.calls, ==, 1);
    while (count.freed == 0)
        g_main_context_iteration(NULL, FALSE);
}

/* One that is due again at once must not keep the loop from all else. */
static void timers__leave__the_loop_to_others(void)
{
    Count busy = {.most = G_MAXUINT}, idle = {.most = 1};
    guint id = cw_timer_add(0, count_cb, &busy);

    g_idle_add_full(G_PRIORITY_DEFAULT, count_cb, &idle, NULL);
    while (idle.calls == 0 && busy.calls < MANY)
        g_main_context_iteration(NULL, TRUE);
    g_assert_cmpuint(busy.calls, <, MANY);
    g_assert_true(cw_timer_remove(id));
}

static void timers__can_be__hurried(void)
{
    Count count = {.most = 2};
    guint id = cw_timer_add(1000000, count_cb, &count);

    g_assert_true(cw_timer_hurry(id));
    g_main_context_iteration(NULL, FALSE);
    g_assert_cmpuint(count.calls, ==, 1);
    g_main_context_iteration(NULL, FALSE);
    g_assert_cmpuint(count.calls, ==, 1); /* the next time is an interval away again */
    g_assert_true(cw_timer_remove(id));
    g_assert_false(cw_timer_hurry(id));
}

/* As g_timeout_add_seconds(): together, and neither much too early nor a whole beat late. */
static void timers__of_seconds__come_together(void)
{
    Count a = {.most = 1}, b = {.most = 1};
    gint64 start = g_get_monotonic_time();

    cw_timer_add_full(1000, TRUE, count_cb, &a, NULL);
    g_usleep(2000);
    cw_timer_add_full(1000, TRUE, count_cb, &b, NULL);
    run_until_none();
    g_assert_cmpint(a.last - start, >=, 740000);
    g_assert_cmpint(a.last - start, <, 1900000);
    g_assert_cmpint(ABS(b.last - a.last) % G_USEC_PER_SEC, <, 100000);
}

static void timers__have__ids_of_their_own(void)
{
    guint timer = cw_timer_add(1000, note_cb, NULL);
    guint source = g_timeout_add(1000, note_cb, NULL);

    g_assert_cmpuint(timer, !=, source);
    g_assert_null(g_main_context_find_source_by_id(NULL, timer));
    g_assert_false(cw_timer_remove(source));
    g_assert_true(cw_timer_remove(timer));
    g_assert_true(g_source_remove(source));
}

/* ---- the end of a turn ---- */

typedef struct {
    CwTurnJob job;
    gboolean is_quick;
    guint quicks, works;
} Work;

static gboolean quick_cb(gpointer data)
{
    Work *work = data;

    work->quicks++;
    return work->is_quick;
}

static void work_cb(gpointer data)
{
    Work *work = data;

    if (++work->works == 1 && !work->is_quick)
        cw_turn_queue(&work->job); /* once more */
}

static void prepare(Work *work, gboolean is_quick)
{
    *work = (Work){.is_quick = is_quick};
    work->job = (CwTurnJob){.quick = quick_cb, .work = work_cb, .data = work};
}

static void turn__does__what_is_quick_before_it_sleeps(void)
{
    Work work;

    prepare(&work, TRUE);
    cw_turn_queue(&work.job);
    cw_turn_queue(&work.job);
    g_assert_cmpuint(work.quicks, ==, 0);
    g_main_context_iteration(NULL, FALSE);
    g_assert_cmpuint(work.quicks, ==, 1);
    g_assert_cmpuint(work.works, ==, 0);
    g_assert_false(work.job.queued);
}

static void turn__dispatches__what_is_not(void)
{
    Work work;

    prepare(&work, FALSE);
    cw_turn_queue(&work.job);
    g_main_context_iteration(NULL, TRUE);
    g_assert_cmpuint(work.works, ==, 1); /* what it queued has its own turn */
    g_main_context_iteration(NULL, TRUE);
    g_assert_cmpuint(work.works, ==, 2);
    g_assert_false(g_main_context_iteration(NULL, FALSE));
}

static void turn__forgets__what_is_cancelled(void)
{
    Work a, b;

    prepare(&a, TRUE);
    prepare(&b, TRUE);
    cw_turn_queue(&a.job);
    cw_turn_queue(&b.job);
    cw_turn_cancel(&a.job);
    cw_turn_cancel(&a.job);
    g_main_context_iteration(NULL, FALSE);
    g_assert_cmpuint(a.quicks, ==, 0);
    g_assert_cmpuint(b.quicks, ==, 1);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/timers/run/until_they_say_no", timers__run__until_they_say_no);
    g_test_add_func("/timers/run/in_order", timers__run__in_order);
    g_test_add_func("/timers/may_remove/themselves", timers__may_remove__themselves);
    g_test_add_func("/timers/leave/the_loop_to_others", timers__leave__the_loop_to_others);
    g_test_add_func("/timers/can_be/hurried", timers__can_be__hurried);
    g_test_add_func("/timers/of_seconds/come_together", timers__of_seconds__come_together);
    g_test_add_func("/timers/have/ids_of_their_own", timers__have__ids_of_their_own);
    g_test_add_func("/turn/does/what_is_quick_before_it_sleeps",
                    turn__does__what_is_quick_before_it_sleeps);
    g_test_add_func("/turn/dispatches/what_is_not", turn__dispatches__what_is_not);
    g_test_add_func("/turn/forgets/what_is_cancelled", turn__forgets__what_is_cancelled);
    return g_test_run();
}
