/* tests/unit/transport/test-supervisor.c: crashes of hosts, and who comes back where
 *
 * The host is tests/peers/bad-host.py, with and without a scoreboard.  The accounts are what a
 * session does with them: one that is lost comes back at once, unless it is guilty.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "transport/supervisor.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#define PATIENCE 60000 /* ms */
#define ACCOUNTS 8

#define SETTINGS                                                                                   \
    "[log]\n"                                                                                      \
    "crash-path = %s/crashes\n"                                                                    \
    "crash-logs = 2\n"                                                                             \
    "[timing]\n"                                                                                   \
    "host-retry-first = 0.05\n"                                                                    \
    "host-retry-max = 5\n"                                                                         \
    "[transport a.example.com]\n"                                                                  \
    "secret = s\n"                                                                                 \
    "protocol = purple:prpl-test\n"

typedef struct World World;

typedef struct {
    World *world;
    CwAccount *account;
    char *name;
    guint lost, guilty;
    gboolean online;
    gint64 lost_at;
    gint64 line; /* of a message, with id 5 */
    CwFate fate; /* of it, when it was lost */
} User;

struct World {
    char *folder;
    CwSettings *settings;
    CwSupervisor *supervisor;
    User users[ACCOUNTS];
    guint n_users;
    guint lost; /* in all */
    gboolean stopped;
};

static void described_cb(const CwProtocol *protocol, gpointer data)
{
}

static void unavailable_cb(const char *why, gpointer data)
{
}

static void stopped_cb(gpointer data)
{
    ((World *)data)->stopped = TRUE;
}

static const CwSupervisorEvents events = {
    .described = described_cb, .unavailable = unavailable_cb, .stopped = stopped_cb};

static void log_in(User *user);

static void line_cb(const CwLinkMsg *msg, gpointer data)
{
    User *user = data;

    if (msg->kind == CW_LINK_STATE)
        user->online = msg->state == CW_ACCOUNT_ONLINE;
}

static gboolean again_cb(gpointer data)
{
    log_in(data);
    return G_SOURCE_REMOVE;
}

static void lost_cb(const char *why, gboolean guilty, gpointer data)
{
    User *user = data;

    user->lost++;
    user->world->lost++;
    user->guilty += guilty;
    user->online = FALSE;
    user->lost_at = g_get_monotonic_time();
    if (user->line != 0)
        user->fate = cw_account_fate(user->account, 5, (guint64)user->line);
    g_clear_pointer(&user->account, cw_account_free);
    if (!guilty)
        g_idle_add(again_cb, user);
}

static const CwAccountEvents account_events = {.line = line_cb, .lost = lost_cb};

static void log_in(User *user)
{
    g_autoptr(CwSecret) password = cw_secret_new("sesame");

    user->account =
        cw_account_new(user->world->supervisor, &account_events, user, user->name, password, NULL);
}

static void set_up(World *world, gboolean board)
{
    g_autofree char *program = g_test_build_filename(G_TEST_DIST, "peers", "bad-host.py", NULL);
    const char *const argv[] = {"/usr/bin/python3", program, board ? "board" : "none", NULL};
    g_autoptr(GError) error = NULL;

    *world = (World){.folder = g_dir_make_tmp("causeway-XXXXXX", NULL)};
    g_autofree char *text = g_strdup_printf(SETTINGS, world->folder);
    world->settings = cw_settings_parse(text, strlen(text), "test.conf", &error);
    g_assert_no_error(error);
    world->supervisor =
        cw_supervisor_new("test", argv, g_ptr_array_index(world->settings->transports, 0),
                          world->settings, &events, world);
    cw_supervisor_start(world->supervisor);
}

static User *add_user(World *world, const char *name)
{
    User *user = &world->users[world->n_users++];

    *user = (User){.world = world, .name = g_strdup(name)};
    log_in(user);
    return user;
}

static gboolean wake_cb(gpointer data)
{
    return G_SOURCE_CONTINUE;
}

static void run_until(World *world, gboolean (*done)(const World *))
{
    gint64 end = g_get_monotonic_time() + (gint64)PATIENCE * 1000;
    guint id = g_timeout_add(10, wake_cb, NULL);

    while (!done(world) && g_get_monotonic_time() < end)
        g_main_context_iteration(NULL, TRUE);
    g_source_remove(id);
    g_assert_true(done(world));
}

static gboolean is_stopped(const World *world)
{
    return world->stopped;
}

static gboolean are_online(const World *world)
{
    for (guint i = 0; i < world->n_users; i++) {
        if (!world->users[i].online && world->users[i].guilty == 0)
            return FALSE;
    }
    return TRUE;
}

static gboolean was_lost(const World *world)
{
    return world->lost > 0;
}

static gboolean is_over(const World *world)
{
    return was_lost(world) && are_online(world);
}

static gboolean is_convicted(const World *world)
{
    return world->users[ACCOUNTS - 1].guilty > 0 && are_online(world);
}

static void remove_logs(const char *folder)
{
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    const char *name;

    while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *path = g_build_filename(folder, name, NULL);
        g_unlink(path);
    }
    g_rmdir(folder);
}

static void tear_down(World *world)
{
    for (guint i = 0; i < world->n_users; i++)
        g_clear_pointer(&world->users[i].account, cw_account_free);
    cw_supervisor_stop(world->supervisor);
    run_until(world, is_stopped);
    for (guint i = 0; i < world->n_users; i++) {
        g_source_remove_by_user_data(&world->users[i]);
        g_free(world->users[i].name);
    }
    cw_supervisor_free(world->supervisor);
    remove_logs(world->settings->crash_path);
    g_rmdir(world->folder);
    g_free(world->folder);
    cw_settings_free(world->settings);
}

static void send_message(User *user, const char *contact)
{
    cw_account_send(
        user->account,
        &(CwLinkMsg){.kind = CW_LINK_MESSAGE, .id = 5, .contact = contact, .text = "wherefore"});
    user->line = (gint64)cw_account_line(user->account);
}

/* ---- who ends alone ---- */

/* The newest of them is of the host of the culprit alone. */
static void check_logs(const char *folder, gboolean board)
{
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    g_autofree char *newest = NULL;
    g_autofree char *text = NULL;
    const char *name;
    struct stat status;
    guint n = 0;

    g_assert_nonnull(dir);
    g_assert_cmpint(stat(folder, &status), ==, 0);
    g_assert_cmpint(status.st_mode & 0777, ==, 0700);
    for (; (name = g_dir_read_name(dir)) != NULL; n++) {
        if (g_strcmp0(name, newest) < 0)
            continue;
        g_free(newest);
        newest = g_strdup(name);
    }
    g_assert_cmpuint(n, ==, 2);
    g_autofree char *path = g_build_filename(folder, newest, NULL);
    g_assert_cmpint(stat(path, &status), ==, 0);
    g_assert_cmpint(status.st_mode & 0777, ==, 0600);
    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    g_assert_nonnull(strstr(text, "transport: a.example.com\n"));
    g_assert_nonnull(strstr(text, "signal: 9 (Killed)\n"));
    g_assert_nonnull(strstr(text, "accounts: 1\n"));
    g_assert_nonnull(strstr(text, "-> login"));
    g_assert_nonnull(strstr(text, "<- hello"));
    g_assert_cmpint(strstr(text, "serving: account 1, crash\n") != NULL, ==, board);
    g_assert_cmpint(strstr(text, "verdict: ") != NULL, ==, board);
    g_assert_null(strstr(text, "sesame"));
}

static void find_culprit(gboolean board, guint most_lost)
{
    World world;

    set_up(&world, board);
    for (guint i = 1; i < ACCOUNTS; i++) {
        g_autofree char *name = g_strdup_printf("user%u", i);
        add_user(&world, name);
    }
    run_until(&world, are_online);
    gint64 start = g_get_monotonic_time();
    User *culprit = add_user(&world, "crash");
    run_until(&world, is_convicted);
    g_test_message("the culprit was alone after %.2f s and %u crashes",
                   (double)(g_get_monotonic_time() - start) / G_USEC_PER_SEC, culprit->lost);
    g_assert_cmpuint(culprit->guilty, ==, 1);
    for (guint i = 0; i < ACCOUNTS - 1; i++) {
        g_assert_cmpuint(world.users[i].guilty, ==, 0);
        g_assert_cmpuint(world.users[i].lost, <=, most_lost);
        g_assert_cmpuint(world.users[i].lost, >=, 1);
    }
    g_assert_cmpuint(culprit->lost, ==, most_lost + 1);
    check_logs(world.settings->crash_path, board);
    tear_down(&world);
}

static void culprit__is_alone__after_one_crash_with_a_scoreboard(void)
{
    find_culprit(TRUE, 1);
}

/* 8, 4, 2, 1 */
static void culprit__is_alone__after_three_crashes_without(void)
{
    find_culprit(FALSE, 3);
}

static void nobody__is_guilty__of_the_first_crash_of_many(void)
{
    World world;

    set_up(&world, TRUE);
    for (guint i = 0; i < 4; i++) {
        g_autofree char *name = g_strdup_printf("user%u", i);
        add_user(&world, name);
    }
    run_until(&world, are_online);
    send_message(&world.users[0], "die");
    run_until(&world, is_over);
    for (guint i = 0; i < 4; i++) {
        g_assert_cmpuint(world.users[i].guilty, ==, 0);
        g_assert_cmpuint(world.users[i].lost, ==, 1);
    }
    tear_down(&world);
}

/* ---- what became of a line ---- */

static CwFate find_fate(gboolean board, const char *first, const char *second)
{
    World world;

    set_up(&world, board);
    User *user = add_user(&world, "user");
    User *other = add_user(&world, "other");
    run_until(&world, are_online);
    send_message(user, first);
    if (second != NULL)
        send_message(other, second);
    run_until(&world, was_lost);
    CwFate fate = second != NULL ? other->fate : user->fate;
    run_until(&world, are_online);
    tear_down(&world);
    return fate;
}

static void fate__is__what_the_scoreboard_says(void)
{
    g_assert_cmpint(find_fate(TRUE, "ack", NULL), ==, CW_FATE_TAKEN);
    g_assert_cmpint(find_fate(TRUE, "die", NULL), ==, CW_FATE_UNKNOWN);
    g_assert_cmpint(find_fate(TRUE, "die", "ack"), ==, CW_FATE_UNTOUCHED);
}

static void fate__is_unknown__without_a_scoreboard(void)
{
    g_assert_cmpint(find_fate(FALSE, "ack", NULL), ==, CW_FATE_UNKNOWN);
    g_assert_cmpint(find_fate(FALSE, "die", "ack"), ==, CW_FATE_UNKNOWN);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/culprit/is_alone/after_one_crash_with_a_scoreboard",
                    culprit__is_alone__after_one_crash_with_a_scoreboard);
    g_test_add_func("/culprit/is_alone/after_three_crashes_without",
                    culprit__is_alone__after_three_crashes_without);
    g_test_add_func("/nobody/is_guilty/of_the_first_crash_of_many",
                    nobody__is_guilty__of_the_first_crash_of_many);
    g_test_add_func("/fate/is/what_the_scoreboard_says", fate__is__what_the_scoreboard_says);
    g_test_add_func("/fate/is_unknown/without_a_scoreboard",
                    fate__is_unknown__without_a_scoreboard);
    return g_test_run();
}
