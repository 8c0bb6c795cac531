/* tests/unit/transport/test-host.c: the watch over a child process, with a shell for a host
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "transport/host.h"

#include <string.h>

#define PATIENCE 4000 /* ms, under the host's own 5 s until a kill */

typedef struct {
    CwHost *host;
    gboolean ended;
    gboolean crashed;
    char *why;
} World;

static void ready_cb(CwHost *host, const CwProtocol *protocol, gpointer data)
{
}

static void line_cb(CwHost *host, const CwLinkMsg *msg, gpointer data)
{
}

static void ended_cb(CwHost *host, const char *why, gpointer data)
{
    World *world = data;

    CwHostRemains remains;

    cw_host_remains(host, &remains);
    world->crashed = remains.crashed;
    world->ended = TRUE;
    world->why = g_strdup(why);
    g_clear_pointer(&world->host, cw_host_free);
}

static const CwHostEvents events = {.ready = ready_cb, .line = line_cb, .ended = ended_cb};
static const CwLimits limits = {.link_queue = 65536, .host_memory = 64};
static const CwTiming timing = {.host_ping_interval = 1000, .host_ping_timeout = 1000};

static void start(World *world, const char *script)
{
    const char *const argv[] = {"/bin/sh", "-c", script, NULL};
    g_autoptr(GError) error = NULL;

    world->host = cw_host_new("test", argv, &limits, &timing, &events, world, &error);
    g_assert_no_error(error);
}

static gboolean wake_cb(gpointer data)
{
    return G_SOURCE_CONTINUE;
}

/* Until `*done`, or the host is about to end when `done` is NULL. */
static void run_until(World *world, const gboolean *done)
{
    gint64 end = g_get_monotonic_time() + PATIENCE * 1000;
    guint id = g_timeout_add(20, wake_cb, NULL);

    while (g_get_monotonic_time() < end && !(done != NULL ? *done : cw_host_is_ending(world->host)))
        g_main_context_iteration(NULL, TRUE);
    g_source_remove(id);
}

static void host__ends__when_the_process_does(void)
{
    World world = {0};

    start(&world, "read hello <&3; exit 3");
    run_until(&world, &world.ended);
    g_assert_true(world.ended);
    g_assert_true(world.crashed);
    g_assert_cmpstr(world.why, ==, "exited with status 3");
    g_free(world.why);
}

static void host__says_how_it_ended__when_it_read_nothing(void)
{
    World world = {0};

    start(&world, "exit 4");
    run_until(&world, &world.ended);
    g_assert_true(world.ended);
    g_assert_cmpstr(world.why, ==, "exited with status 4");
    g_free(world.why);
}

#define HELLO                                                                                      \
    "read hello <&3; echo '{\"type\":\"hello\",\"version\":1,"                                     \
    "\"protocol\":{\"id\":\"x\",\"name\":\"X\",\"password\":\"none\"}}' >&3; "

static void host__ends__when_it_has_too_much_memory(void)
{
    World world = {0};

    start(&world, HELLO "exec /usr/bin/python3 -c 'import time; x = b\"x\" * (100 << 20);"
                        "time.sleep(60)'");
    run_until(&world, &world.ended);
    g_assert_true(world.ended);
    g_assert_nonnull(strstr(world.why, "of memory, over the 64 of host-memory"));
    g_assert_true(world.crashed);
    g_free(world.why);
}

/* A loop that does nothing else, as of a plugin. */
static void host__ends__when_it_is_stuck(void)
{
    World world = {0};

    start(&world, HELLO "while :; do :; done");
    run_until(&world, &world.ended);
    g_assert_true(world.ended);
    g_assert_cmpstr(world.why, ==, "did not answer a ping in time");
    g_assert_true(world.crashed);
    g_free(world.why);
}

/* When memory is short the kernel takes it before the gateway. */
static void host__is__what_the_kernel_kills_first(void)
{
    World world = {0};

    start(&world, "read hello <&3; [ $(cat /proc/self/oom_score_adj) -ge 500 ] && exit 5; exit 6");
    run_until(&world, &world.ended);
    g_assert_cmpstr(world.why, ==, "exited with status 5");
    g_free(world.why);
}

static void host__did_not_crash__when_it_ends_in_order(void)
{
    World world = {0};

    start(&world, "read hello <&3; exit 0");
    run_until(&world, &world.ended);
    g_assert_cmpstr(world.why, ==, "ended by itself");
    g_assert_false(world.crashed);
    g_free(world.why);
}

/* More lines to a host that does not read than link-queue holds. */
static void host__ends__when_it_does_not_read(void)
{
    World world = {0};
    g_autofree char *text = g_strnfill(1000, 'x');

    start(&world, "read hello <&3; exec sleep 30");
    for (guint i = 1; i < 2000 && cw_host_send(world.host, &(CwLinkMsg){.kind = CW_LINK_MESSAGE,
                                                           .account = 1,
                                                           .id = i,
                                                           .contact = "a",
                                                           .text = text});
         i++)
        ;
    run_until(&world, &world.ended);
    g_assert_true(world.ended);
    g_assert_nonnull(strstr(world.why, "broke the link"));
    g_free(world.why);
}

/* The Jabber server is away, the host dies, and then the gateway is asked to stop. */
static void host_stop__ends__what_died_while_paused(void)
{
    World world = {0};

    start(&world, "read hello <&3; exit 0");
    cw_host_pause(world.host, TRUE);
    run_until(&world, NULL);
    g_assert_false(world.ended); /* its last words may still be wanted */
    cw_host_stop(world.host);
    run_until(&world, &world.ended);
    g_assert_true(world.ended);
    g_assert_null(world.why);
}

static void host_stop__ends__what_closed_its_link_before(void)
{
    World world = {0};

    start(&world, "read hello <&3; exec 3>&-; sleep 1");
    run_until(&world, NULL);
    cw_host_stop(world.host);
    run_until(&world, &world.ended);
    g_assert_true(world.ended);
    /* a timer that outlived it would run now */
    for (gint64 end = g_get_monotonic_time() + 100000; g_get_monotonic_time() < end;)
        g_main_context_iteration(NULL, FALSE);
    g_assert_false(g_main_context_pending(NULL));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/host/ends/when_the_process_does", host__ends__when_the_process_does);
    g_test_add_func("/host/says_how_it_ended/when_it_read_nothing",
                    host__says_how_it_ended__when_it_read_nothing);
    g_test_add_func("/host/ends/when_it_has_too_much_memory",
                    host__ends__when_it_has_too_much_memory);
    g_test_add_func("/host/ends/when_it_is_stuck", host__ends__when_it_is_stuck);
    g_test_add_func("/host/is/what_the_kernel_kills_first", host__is__what_the_kernel_kills_first);
    g_test_add_func("/host/did_not_crash/when_it_ends_in_order",
                    host__did_not_crash__when_it_ends_in_order);
    g_test_add_func("/host/ends/when_it_does_not_read", host__ends__when_it_does_not_read);
    g_test_add_func("/host/stop_ends/what_died_while_paused",
                    host_stop__ends__what_died_while_paused);
    g_test_add_func("/host/stop_ends/what_closed_its_link_before",
                    host_stop__ends__what_closed_its_link_before);
    return g_test_run();
}
