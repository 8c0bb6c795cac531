/* tests/unit/transport/test-store-crash.c: the store after kill -9, and with a torn log
 *
 * A child writes and reports over a pipe what the store said is done; the parent kills it at a
 * random moment and holds the store to the reports.  --seed repeats a run.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "transport/store.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sqlite3.h>

#include "tests/unit/transport/store-fixture.h"

#define KEPT 20      /* messages: an older one is deleted when a new one comes */
#define IN_FLIGHT 50 /* steps that the child does not wait for */

/* ---- the child ---- */

/* "All up to this step is stored, and stands in the database or the first bytes of the log." */
typedef struct {
    gint64 step;
    gint64 log_size;
} Report;

typedef struct {
    char *log_path;
    int fd;
    gint64 queued, done;
} Writer;

typedef struct {
    Writer *writer;
    gint64 step;
} Step;

static gint64 size_of_file(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 ? info.st_size : 0;
}

static void report_cb(const GError *error, gpointer data)
{
    Step *step = data;
    Report report = {step->step, size_of_file(step->writer->log_path)};
    if (error || write(step->writer->fd, &report, sizeof report) != sizeof report)
        _exit(1);
    step->writer->done = step->step;
    g_free(step);
}

static char *jid_of(gint64 step)
{
    return g_strdup_printf("user%d@example.com", (int)(step / 10));
}

static char *text_of(gint64 id)
{
    return g_strdup_printf("message %d %0*d", (int)id, (int)(id * 7919 % 9000), 0);
}

/* Each tenth is a registration; all are a contact, a message, and the end of an older message. */
static void queue_step(CwStore *store, gint64 i, CwStoreDone done, gpointer data)
{
    g_autofree char *jid = jid_of(i), *text = text_of(i + 1);
    g_autofree char *name = g_strdup_printf("contact%d", (int)i);
    if (i % 10 == 0) {
        g_autoptr(CwUser) user = make_user(jid, PASSWORD);
        cw_store_put_user(store, user, NULL, NULL);
    }
    put_contact(store, jid, name, "Alias");
    put_spooled(store, i + 1, CW_SPOOL_TO_NETWORK, jid, text);
    if (i + 1 > KEPT)
        cw_store_delete_spooled(store, ICQ, i + 1 - KEPT);
    cw_store_sync(store, done, data);
}

G_NORETURN static void write_until_killed(Fixture *fixture, gint64 from, gint64 in_flight, int fd)
{
    Writer writer = {.fd = fd, .queued = from, .done = from - 1};
    writer.log_path = g_strconcat(fixture->path, "-wal", NULL);
    open_store(fixture);
    while (TRUE) {
        if (writer.queued - writer.done <= in_flight) { /* one less is under way */
            Step *step = g_new0(Step, 1);
            step->writer = &writer;
            step->step = writer.queued++;
            queue_step(fixture->store, step->step, report_cb, step);
        }
        g_main_context_iteration(NULL, writer.queued - writer.done > in_flight);
    }
}

/* ---- the parent ---- */

/* Starts a child at step `from`, kills it `delay` µs after its first `n` reports.  All reports. */
static GArray *run_and_kill(Fixture *fixture, gint64 from, gint64 in_flight, guint n, gulong delay)
{
    GArray *reports = g_array_new(FALSE, FALSE, sizeof(Report));
    Report report;
    int fds[2];
    g_assert_cmpint(pipe2(fds, O_CLOEXEC), ==, 0);
    pid_t child = fork();
    g_assert_cmpint(child, >=, 0);
    if (child == 0) {
        close(fds[0]);
        write_until_killed(fixture, from, in_flight, fds[1]);
    }
    close(fds[1]);
    while (reports->len < n && read(fds[0], &report, sizeof report) == sizeof report)
        g_array_append_val(reports, report);
    g_usleep(delay);
    g_assert_cmpint(kill(child, SIGKILL), ==, 0);
    while (read(fds[0], &report, sizeof report) == sizeof report)
        g_array_append_val(reports, report);
    close(fds[0]);
    int status;
    g_assert_cmpint(waitpid(child, &status, 0), ==, child);
    g_assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    g_assert_cmpuint(reports->len, >=, n);
    return reports;
}

static void assert_messages(CwStore *store, gint64 last)
{
    g_autoptr(GPtrArray) list = list_spooled(store, CW_SPOOL_TO_NETWORK, NULL, 0, 1000);
    gint64 expected = MAX(last + 1 - KEPT, 0) + 1, first = 0;
    for (guint i = 0; i < list->len; i++) {
        const CwSpooled *spooled = g_ptr_array_index(list, i);
        first = i == 0 ? spooled->id : first;
        g_assert_cmpint(spooled->id, ==, first + i); /* without a gap */
        g_autofree char *text = text_of(spooled->id), *jid = jid_of(spooled->id - 1);
        g_assert_cmpstr(spooled->text, ==, text);
        g_assert_cmpstr(spooled->jid, ==, jid);
    }
    /* What was reported is there; what was deleted and reported is not. */
    g_assert_cmpint(first, >=, expected);
    g_assert_cmpint(cw_store_last_spooled(store, ICQ), >=, last + 1);
    g_assert_cmpuint(list->len, >=, MIN(last + 1, KEPT));
}

/* All up to this step is there. */
static void assert_all(CwStore *store, gint64 last)
{
    for (gint64 i = 0; i <= last; i += 10) {
        g_autofree char *jid = jid_of(i);
        g_autoptr(CwUser) user = get(store, jid);
        g_assert_nonnull(user);
        g_assert_cmpstr(cw_secret_peek(user->password), ==, PASSWORD);
        g_assert_cmpuint(g_hash_table_size(user->options), ==, 2);
        g_autoptr(GPtrArray) list = contacts(store, jid);
        g_assert_cmpuint(list->len, >=, MIN(last - i + 1, 10));
    }
    assert_messages(store, last);
}

static void what_is_reported__survives__kills(Fixture *fixture, gconstpointer data)
{
    gint64 last = -1, next = 0;
    guint n_reports = 0;
    for (guint round = 0; round < 40; round++) {
        g_autoptr(GArray) reports =
            run_and_kill(fixture, next, IN_FLIGHT, (guint)g_test_rand_int_range(0, 60),
                         (gulong)g_test_rand_int_range(0, 10000));
        if (reports->len > 0)
            last = g_array_index(reports, Report, reports->len - 1).step;
        n_reports += reports->len;
        open_store(fixture); /* by itself */
        if (last >= 0)
            assert_all(fixture->store, last);
        assert_sound(fixture);
        /* Steps that were not reported may be stored as well, the last of them in part. */
        next = MAX(cw_store_last_spooled(fixture->store, ICQ) - 1, 0);
        close_store(fixture);
    }
    g_test_message("%u steps reported, up to %d", n_reports, (int)last);
    g_assert_cmpint(last, >, 200);
}

/* ---- a torn log ---- */

/* The last bytes, from `at` on, are gone or garbage. */
static void damage(const char *path, gint64 at)
{
    gint64 size = size_of_file(path);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    g_assert_cmpint(fd, >=, 0);
    if (g_test_rand_bit()) {
        g_assert_cmpint(ftruncate(fd, at), ==, 0);
    } else {
        for (gint64 i = at; i < size; i++) {
            guint8 byte = (guint8)g_test_rand_int_range(0, 256);
            g_assert_cmpint(pwrite(fd, &byte, 1, i), ==, 1);
        }
    }
    close(fd);
}

static void a_torn_log__costs__only_its_end(Fixture *fixture, gconstpointer data)
{
    guint lost = 0, kept = 0;
    for (guint round = 0; round < 40; round++) {
        g_autofree char *log_path = g_strconcat(fixture->path, "-wal", NULL);
        /* Step by step, so that many sizes of the log are reported. */
        g_autoptr(GArray) reports = run_and_kill(fixture, 0, 1, (guint)g_test_rand_int_range(1, 40),
                                                 (gulong)g_test_rand_int_range(0, 300));
        gint64 size = size_of_file(log_path), last = -1;
        gint64 end = g_test_rand_int_range(1, round % 2 ? 5000 : 400000), at = MAX(size - end, 0);
        damage(log_path, at);
        for (guint i = 0; i < reports->len; i++) {
            const Report *report = &g_array_index(reports, Report, i);
            if (report->log_size <= at)
                last = report->step;
        }
        lost += reports->len - (guint)(last + 1);
        kept += (guint)(last + 1);

        open_store(fixture);
        if (last >= 0)
            assert_all(fixture->store, last);
        assert_sound(fixture);
        put(fixture->store, JULIET, PASSWORD); /* and it goes on */
        close_store(fixture);
        tear_down(fixture, data);
        set_up(fixture, data);
    }
    g_test_message("%u steps before the damage, %u behind it", kept, lost);
    g_assert_cmpuint(kept, >, 20);
    g_assert_cmpuint(lost, >, 20);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add("/store-crash/what_is_reported__survives__kills", Fixture, NULL, set_up,
               what_is_reported__survives__kills, tear_down);
    g_test_add("/store-crash/a_torn_log__costs__only_its_end", Fixture, NULL, set_up,
               a_torn_log__costs__only_its_end, tear_down);
    return g_test_run();
}
