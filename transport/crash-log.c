/* transport/crash-log.c: what is known of a host that crashed, in a file for the admin
 *
 *     FOLDER/crash-20260101T120000.123456Z-irc.example.com-4711.log
 *
 * The names are in the order of time; only files with such a name are ever removed.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "transport/crash-log.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#define PREFIX "crash-"
#define SUFFIX ".log"

/* ---- the text ---- */

static void add_serving(GString *text, const CwCrash *crash)
{
    const CwHostRemains *remains = crash->remains;

    if (!remains->kept) {
        g_string_append(text, "serving: not known, it keeps no scoreboard\n");
        return;
    }
    if (remains->scoreboard.serving == 0)
        g_string_append(text, "serving: nobody\n");
    else if (crash->served == NULL)
        g_string_append_printf(text, "serving: account %u, which is gone\n",
                               remains->scoreboard.serving);
    else {
        g_autofree char *name = g_strescape(crash->served, NULL);
        g_string_append_printf(text, "serving: account %u, %s\n", remains->scoreboard.serving,
                               name);
    }
    g_string_append_printf(text,
                           "lines it began: %" G_GUINT64_FORMAT "\n"
                           "lines it finished: %" G_GUINT64_FORMAT "\n"
                           "messages it acknowledged: %" G_GUINT64_FORMAT "\n",
                           remains->scoreboard.begun, remains->scoreboard.finished,
                           remains->scoreboard.n_acks);
}

static void add_lines(GString *text, const CwLinkTrace *trace)
{
    guint64 first = trace->n > CW_LINK_TRACE ? trace->n - CW_LINK_TRACE : 0;
    gint64 now = g_get_monotonic_time();

    g_string_append(
        text,
        "\nThe last lines of the link: seconds before this was written, -> to the "
        "host or <- from it, kind,\naccount, id, bytes (0 where that would tell of a secret).\n\n");
    for (guint64 i = first; i < trace->n; i++) {
        const CwLinkTraced *line = &trace->lines[i % CW_LINK_TRACE];
        g_string_append_printf(text, "%10.6f %s %-18s %6u %6" G_GINT64_FORMAT " %8u\n",
                               (double)(now - line->at) / G_USEC_PER_SEC, line->sent ? "->" : "<-",
                               cw_link_kind_to_string(line->kind), line->account, line->id,
                               line->length);
    }
}

static GString *make_text(const CwCrash *crash, GDateTime *now)
{
    const CwHostRemains *remains = crash->remains;
    g_autofree char *time = g_date_time_format(now, "%Y-%m-%dT%H:%M:%SZ");
    g_autofree char *why = g_strescape(crash->why, NULL);
    GString *text = g_string_new(NULL);

    g_string_append_printf(text, "transport: %s\ntime: %s\nhost: %s\nwhy: %s\n", crash->transport,
                           time, remains->pid, why);
    if (remains->signal != 0)
        g_string_append_printf(text, "signal: %d (%s)\n", remains->signal,
                               g_strsignal(remains->signal));
    else
        g_string_append_printf(text, "exit status: %d\n", remains->status);
    g_string_append_printf(text, "uptime: %.1f s\n", (double)remains->uptime / G_USEC_PER_SEC);
    if (remains->memory != 0)
        g_string_append_printf(text, "memory: %u MiB\n", (guint)(remains->memory >> 20));
    g_string_append_printf(text, "accounts: %u\nlines to it: %" G_GUINT64_FORMAT "\n",
                           crash->accounts, remains->lines);
    add_serving(text, crash);
    if (crash->guilty)
        g_string_append(text, "verdict: this account crashes its host\n");
    add_lines(text, remains->trace);
    return text;
}

/* ---- the folder ---- */

static gint compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void remove_old(const char *folder, guint most)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    const char *name;

    while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
        if (g_str_has_prefix(name, PREFIX) && g_str_has_suffix(name, SUFFIX))
            g_ptr_array_add(names, g_strdup(name));
    }
    g_ptr_array_sort(names, compare_names);
    for (guint i = 0; i + most < names->len; i++) {
        g_autofree char *path = g_build_filename(folder, g_ptr_array_index(names, i), NULL);
        g_unlink(path);
    }
}

static gboolean write_file(const char *path, const GString *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

    if (fd < 0)
        return FALSE;
    gboolean done = write(fd, text->str, text->len) == (gssize)text->len;
    int problem = done ? 0 : errno;
    close(fd);
    if (!done)
        g_unlink(path); /* half of it is worth nothing, and a full disk wants the room */
    errno = problem;
    return done;
}

char *cw_crash_log_write(const char *folder, guint most, const CwCrash *crash, GError **error)
{
    g_autoptr(GDateTime) now = g_date_time_new_now_utc();
    g_autofree char *time = g_date_time_format(now, "%Y%m%dT%H%M%S");
    g_autofree char *name =
        g_strdup_printf(PREFIX "%s.%06dZ-%s-%s" SUFFIX, time, g_date_time_get_microsecond(now),
                        crash->transport, crash->remains->pid);
    g_autofree char *path = g_build_filename(folder, name, NULL);
    GString *text = make_text(crash, now);
    gboolean done = g_mkdir_with_parents(folder, 0700) == 0 && write_file(path, text);
    int problem = errno;

    g_string_free(text, TRUE);
    if (!done) {
        g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(problem),
                    "cannot write the crash log %s: %s", path, g_strerror(problem));
        return NULL;
    }
    remove_old(folder, most);
    return g_steal_pointer(&path);
}
