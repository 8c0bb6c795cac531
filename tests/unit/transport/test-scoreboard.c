/* tests/unit/transport/test-scoreboard.c: the page that a host leaves behind
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "transport/scoreboard.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "transport/link.h"

typedef struct {
    CwScoreboard *gateways, *hosts;
} World;

static void set_up(World *world, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    int fd = -1;

    world->gateways = cw_scoreboard_create(&fd, &error);
    g_assert_no_error(error);
    world->hosts = cw_scoreboard_attach(fd);
    g_assert_nonnull(world->hosts);
    g_assert_cmpint(fcntl(fd, F_GETFD), ==, -1);
}

static void tear_down(World *world, gconstpointer data)
{
    cw_scoreboard_free(world->gateways);
    cw_scoreboard_free(world->hosts);
}

static void scoreboard__says__what_the_host_did(World *world, gconstpointer data)
{
    CwScoreboard copy;

    cw_scoreboard_begin(world->hosts);
    cw_scoreboard_finish(world->hosts);
    cw_scoreboard_begin(world->hosts);
    cw_scoreboard_serve(world->hosts, 7);
    cw_scoreboard_ack(world->hosts, 7, 70);
    g_assert_true(cw_scoreboard_read(world->gateways, 2, &copy));
    g_assert_cmpuint(copy.begun, ==, 2);
    g_assert_cmpuint(copy.finished, ==, 1);
    g_assert_cmpuint(copy.serving, ==, 7);
    g_assert_true(cw_scoreboard_has_ack(&copy, 7, 70));
    g_assert_false(cw_scoreboard_has_ack(&copy, 7, 71));
    g_assert_false(cw_scoreboard_has_ack(&copy, 8, 70));
    g_assert_false(cw_scoreboard_has_ack(&copy, 0, 0));
}

static void scoreboard__keeps__the_last_acks(World *world, gconstpointer data)
{
    CwScoreboard copy;

    for (gint64 id = 1; id <= 3 * CW_SCOREBOARD_ACKS + 5; id++)
        cw_scoreboard_ack(world->hosts, 1, id);
    g_assert_true(cw_scoreboard_read(world->gateways, 0, &copy));
    for (gint64 id = 1; id <= 3 * CW_SCOREBOARD_ACKS + 5; id++)
        g_assert_cmpint(cw_scoreboard_has_ack(&copy, 1, id), ==, id > 2 * CW_SCOREBOARD_ACKS + 5);
}

static void scoreboard__is_not_believed__what_cannot_be(World *world, gconstpointer data)
{
    CwScoreboard copy;

    world->hosts->begun = 5;
    g_assert_false(cw_scoreboard_read(world->gateways, 4, &copy));
    g_assert_true(cw_scoreboard_read(world->gateways, 5, &copy));
    world->hosts->finished = 6;
    g_assert_false(cw_scoreboard_read(world->gateways, 5, &copy));
    world->hosts->finished = 0;
    world->hosts->n_acks = G_MAXUINT64;
    g_assert_true(cw_scoreboard_read(world->gateways, 5, &copy));
    g_assert_false(cw_scoreboard_has_ack(&copy, 1, 1));
    world->hosts->kept = 0;
    g_assert_false(cw_scoreboard_read(world->gateways, 5, &copy));
}

static void scoreboard__is_not__any_descriptor(void)
{
    g_autoptr(GError) error = NULL;
    CwScoreboard copy;
    int fd = -1;

    g_autoptr(CwScoreboard) page = cw_scoreboard_create(&fd, &error);
    g_assert_no_error(error);
    g_assert_cmpint(ftruncate(fd, 0), ==, -1);          /* the host cannot take it from under us */
    g_assert_false(cw_scoreboard_read(page, 0, &copy)); /* nobody keeps it */
    page->version = 99;
    g_assert_null(cw_scoreboard_attach(fd));
    close(fd);
    g_assert_null(cw_scoreboard_attach(fd));
    g_assert_null(cw_scoreboard_attach(0));
}

/* ---- the link counts by itself ---- */

typedef struct {
    CwScoreboard *page;
    guint lines;
} Host;

static void message_cb(const CwLinkMsg *msg, gpointer data)
{
    Host *host = data;

    host->lines++;
    g_assert_cmpuint(host->page->begun, ==, host->lines);
    g_assert_cmpuint(host->page->finished, ==, host->lines - 1);
    g_assert_cmpuint(host->page->serving, ==, msg->account);
}

static void closed_cb(const GError *error, gpointer data)
{
}

static void link__counts__lines_on_both_sides(World *world, gconstpointer data)
{
    static const CwLinkPeerEvents events = {.message = message_cb, .closed = closed_cb};
    Host host = {.page = world->hosts};
    int fds[2];

    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), ==, 0);
    g_autoptr(CwLinkPeer) gateway = cw_link_peer_new(fds[0], CW_LINK_GATEWAY, 0, 0, &events, NULL);
    g_autoptr(CwLinkPeer) peer = cw_link_peer_new(fds[1], CW_LINK_HOST, 0, 0, &events, &host);
    cw_link_peer_set_scoreboard(peer, world->hosts);
    cw_link_peer_send(gateway, &(CwLinkMsg){.kind = CW_LINK_PING, .id = 1});
    cw_link_peer_send(gateway, &(CwLinkMsg){.kind = CW_LINK_LOGOUT, .account = 5});
    g_assert_cmpuint(cw_link_peer_lines(gateway), ==, 2);
    g_assert_cmpuint(cw_link_peer_lines_written(gateway), ==, 0);
    while (host.lines < 2)
        g_main_context_iteration(NULL, TRUE);
    g_assert_cmpuint(cw_link_peer_lines_written(gateway), ==, 2);
    g_assert_cmpuint(world->gateways->finished, ==, 2);
    g_assert_cmpuint(world->gateways->serving, ==, 0);
}

static void link__does_not_count__what_nobody_read(World *world, gconstpointer data)
{
    static const CwLinkPeerEvents events = {.message = message_cb, .closed = closed_cb};
    int fds[2];

    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), ==, 0);
    g_autoptr(CwLinkPeer) gateway = cw_link_peer_new(fds[0], CW_LINK_GATEWAY, 0, 0, &events, NULL);
    close(fds[1]);
    cw_link_peer_send(gateway, &(CwLinkMsg){.kind = CW_LINK_PING, .id = 1});
    cw_link_peer_flush(gateway, 0);
    g_assert_cmpuint(cw_link_peer_lines(gateway), ==, 1);
    g_assert_cmpuint(cw_link_peer_lines_written(gateway), ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(path, function) g_test_add(path, World, NULL, set_up, function, tear_down)
    ADD("/scoreboard/says/what_the_host_did", scoreboard__says__what_the_host_did);
    ADD("/scoreboard/keeps/the_last_acks", scoreboard__keeps__the_last_acks);
    ADD("/scoreboard/is_not_believed/what_cannot_be", scoreboard__is_not_believed__what_cannot_be);
    ADD("/link/counts/lines_on_both_sides", link__counts__lines_on_both_sides);
    ADD("/link/does_not_count/what_nobody_read", link__does_not_count__what_nobody_read);
    g_test_add_func("/scoreboard/is_not/any_descriptor", scoreboard__is_not__any_descriptor);
    return g_test_run();
}
