/* transport/store-writer.c: the thread that writes
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "transport/store-writer.h"

#include <string.h>

#include <sqlite3.h>

#include "transport/store-archive.h"
#include "transport/store-rows.h"
#include "transport/store-trouble.h"

#define GROUP_MAX 512                 /* writes in one transaction */
#define AGAIN_MAX 8192                /* deletions that are tried again */
#define AGAIN_INTERVAL G_USEC_PER_SEC /* µs; so often when there is nothing else to write */

struct CwStoreWriter {
    sqlite3 *db;
    CwRowWriter *rows;
    GAsyncQueue *queue;    /* of CwWrite, to the thread; `stop` is its last */
    GAsyncQueue *finished; /* of CwWrite, from the thread */
    GSource *source;       /* runs what is finished; made ready by the thread */
    GThread *thread;
    CwWrite stop;

    /* the thread's */
    GPtrArray *again; /* of CwWrite: deletions that failed */

    /* the caller's */
    char *path;
    GQueue unfinished;  /* of CwWrite: cw_store_writer_each_unfinished() */
    guint n_waiting;    /* writes that were queued and are not finished */
    gsize waiting, max; /* bytes that they hold, and may hold */
    CwStoreTrouble trouble;
    GSource *reminder; /* for the next line about it */
};

CwWrite *cw_write_new(CwWriteKind kind, const char *domain, const char *jid, CwStoreDone done,
                      gpointer data)
{
    CwWrite *write = g_new0(CwWrite, 1);
    write->kind = kind;
    write->user = cw_user_new(domain, jid);
    write->done = done;
    write->data = data;
    return write;
}

static void write_free(CwWrite *write)
{
    cw_user_free(write->user);
    g_free(write->new_jid);
    g_clear_pointer(&write->box, g_bytes_unref);
    cw_stored_contact_free(write->contact);
    cw_stored_request_free(write->request);
    cw_spooled_free(write->spooled);
    cw_archived_free(write->line);
    g_free(write->line_room);
    g_free(write->name);
    cw_stored_room_free(write->room);
    g_clear_pointer(&write->boxes, g_hash_table_unref);
    g_clear_error(&write->error);
    g_free(write);
}

/* ---- in the writer's thread ---- */

/* A message that comes and goes within one group is not written at all: that is most of them when
 * the network takes them at once, and on a full disk none stays behind that was taken. */
static void drop_what_is_deleted(CwWrite **writes, guint n)
{
    g_autoptr(GHashTable) deleted = NULL; /* "id domain" */
    for (guint i = n; i-- > 0;) {
        gboolean put = writes[i]->kind == CW_WRITE_PUT_SPOOLED;
        if (put ? deleted == NULL : writes[i]->kind != CW_WRITE_DELETE_SPOOLED)
            continue;
        g_autofree char *name = g_strdup_printf("%" G_GINT64_FORMAT " %s", writes[i]->spooled->id,
                                                writes[i]->user->domain);
        if (put) {
            writes[i]->dropped = g_hash_table_contains(deleted, name);
            continue;
        }
        if (deleted == NULL)
            deleted = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        g_hash_table_add(deleted, g_steal_pointer(&name));
    }
}

/* What is too old in a room's archive is deleted once a group, behind its last line. */
static void mark_last_lines(CwWrite **writes, guint n)
{
    g_autoptr(GHashTable) seen = NULL; /* "domain jid room" */
    for (guint i = n; i-- > 0;) {
        if (writes[i]->kind != CW_WRITE_ARCHIVE_LINE || writes[i]->most == 0)
            continue;
        if (seen == NULL)
            seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        writes[i]->trims =
            g_hash_table_add(seen, g_strconcat(writes[i]->user->domain, " ", writes[i]->user->jid,
                                               " ", writes[i]->line_room, NULL));
    }
}

static void hand_back(CwStoreWriter *writer, CwWrite *write)
{
    g_async_queue_push(writer->finished, write);
    g_source_set_ready_time(writer->source, 0);
}

/* Deletions that failed: all or none. */
static gboolean try_again(CwStoreWriter *writer, GError **error)
{
    if (writer->again->len == 0)
        return TRUE;
    if (!cw_row_writer_commit(writer->rows, (CwWrite **)writer->again->pdata, writer->again->len,
                              error))
        return FALSE;
    for (guint i = 0; i < writer->again->len; i++)
        hand_back(writer, g_ptr_array_index(writer->again, i));
    g_ptr_array_set_size(writer->again, 0);
    return TRUE;
}

/* The last attempt. */
static void give_up(CwStoreWriter *writer)
{
    g_autoptr(GError) error = NULL;
    if (try_again(writer, &error))
        return;
    for (guint i = 0; i < writer->again->len; i++) {
        CwWrite *write = g_ptr_array_index(writer->again, i);
        write->error = g_error_copy(error);
        hand_back(writer, write);
    }
    g_ptr_array_set_size(writer->again, 0);
}

/* For itself.  FALSE: it is kept to be tried again. */
static gboolean do_one(CwStoreWriter *writer, CwWrite *write)
{
    if (cw_row_writer_commit(writer->rows, &write, 1, &write->error) ||
        write->kind != CW_WRITE_DELETE_SPOOLED || writer->again->len >= AGAIN_MAX)
        return TRUE;
    g_clear_error(&write->error);
    g_ptr_array_add(writer->again, write);
    return FALSE;
}

static void do_group(CwStoreWriter *writer, CwWrite **writes, guint n)
{
    drop_what_is_deleted(writes, n);
    mark_last_lines(writes, n);
    gboolean done = n > 1 && cw_row_writer_commit(writer->rows, writes, n, NULL), changed = FALSE;
    for (guint i = 0; i < n; i++) {
        if (!done && !do_one(writer, writes[i]))
            writes[i] = NULL;
        changed = changed || (writes[i] && writes[i]->changed);
    }
    if (changed)
        try_again(writer, NULL);
    cw_row_writer_wipe_log(writer->rows);
    for (guint i = 0; i < n; i++)
        if (writes[i])
            hand_back(writer, writes[i]);
}

static CwWrite *wait_for_write(CwStoreWriter *writer)
{
    while (writer->again->len > 0) {
        CwWrite *write = g_async_queue_timeout_pop(writer->queue, AGAIN_INTERVAL);
        if (write)
            return write;
        try_again(writer, NULL);
    }
    return g_async_queue_pop(writer->queue);
}

static gpointer writer_thread(gpointer data)
{
    CwStoreWriter *writer = data;
    CwWrite *group[GROUP_MAX];
    gboolean stop = FALSE;
    while (!stop) {
        guint n = 0;
        for (CwWrite *write = wait_for_write(writer); write;
             write = n < GROUP_MAX ? g_async_queue_try_pop(writer->queue) : NULL) {
            if (write == &writer->stop) {
                stop = TRUE;
                break;
            }
            group[n++] = write;
        }
        if (n > 0)
            do_group(writer, group, n);
    }
    give_up(writer);
    return NULL;
}

/* ---- in the caller's main context ---- */

/* It is not the disk's fault that a move comes too late, or that somebody has enough. */
static gboolean is_trouble(const CwWrite *write)
{
    return write->error != NULL &&
           !g_error_matches(write->error, CW_STORE_ERROR, CW_STORE_ERROR_MOVE) &&
           !g_error_matches(write->error, CW_STORE_ERROR, CW_STORE_ERROR_FULL);
}

static void count_failure(CwStoreWriter *writer, const CwWrite *write)
{
    CwTroubleKind kind = CW_TROUBLE_REGISTRATIONS;
    switch (write->kind) {
    case CW_WRITE_PUT_USER:
    case CW_WRITE_PUT_PREFERENCES:
    case CW_WRITE_DELETE_USER:
    case CW_WRITE_MOVE_USER:
        break;
    case CW_WRITE_PUT_CONTACT:
    case CW_WRITE_DELETE_CONTACT:
    case CW_WRITE_PUT_REQUEST:
    case CW_WRITE_DELETE_REQUEST:
    case CW_WRITE_PUT_ROOM:
    case CW_WRITE_DELETE_ROOM:
        kind = CW_TROUBLE_CONTACTS;
        break;
    case CW_WRITE_PUT_SPOOLED:
    case CW_WRITE_DELETE_SPOOLED:
        kind = CW_TROUBLE_MESSAGES;
        break;
    case CW_WRITE_ARCHIVE_LINE:
    case CW_WRITE_EXPIRE_ARCHIVE:
        kind = CW_TROUBLE_ARCHIVE;
        break;
    case CW_WRITE_REMEMBER:
        kind = CW_TROUBLE_REMEMBERED;
        break;
    case CW_WRITE_SYNC:
        return;
    }
    cw_store_trouble_add(&writer->trouble, kind, write->error->message);
}

static void tell_trouble(CwStoreWriter *writer, gint64 now)
{
    g_autofree char *line = cw_store_trouble_tell(&writer->trouble, writer->path, now);
    if (line)
        g_warning("%s", line);
    gint64 due = cw_store_trouble_due(&writer->trouble);
    g_source_set_ready_time(writer->reminder, due > 0 ? due : -1);
}

static void tell_end_of_trouble(CwStoreWriter *writer)
{
    g_autofree char *line = cw_store_trouble_over(&writer->trouble, writer->path);
    if (!line)
        return;
    g_message("%s", line);
    g_source_set_ready_time(writer->reminder, -1);
}

static void expire_again(CwStoreWriter *writer, gint64 before)
{
    CwWrite *write = cw_write_new(CW_WRITE_EXPIRE_ARCHIVE, "", "", NULL, NULL);
    write->before = before;
    cw_store_writer_push(writer, write);
}

static gboolean is_of_remembered(const CwWrite *write)
{
    return write->kind == CW_WRITE_REMEMBER || write->kind == CW_WRITE_DELETE_USER ||
           write->kind == CW_WRITE_MOVE_USER;
}

void cw_store_writer_each_unfinished(CwStoreWriter *writer,
                                     void (*visit)(const CwWrite *write, gpointer data),
                                     gpointer data)
{
    for (const GList *l = writer->unfinished.head; l; l = l->next)
        visit(l->data, data);
}

static void run_finished(CwStoreWriter *writer)
{
    CwWrite *write;
    gboolean failed = FALSE, changed = FALSE;
    while ((write = g_async_queue_try_pop(writer->finished))) {
        if (is_of_remembered(write))
            g_queue_remove(&writer->unfinished, write);
        if (write->refused && !write->error)
            write->error = g_error_new(CW_STORE_ERROR, CW_STORE_ERROR_FULL,
                                       "more would be remembered than may be");
        if (write->size > 0)
            writer->n_waiting--;
        writer->waiting -= write->size;
        failed = failed || is_trouble(write);
        changed = changed || write->changed;
        if (is_trouble(write))
            count_failure(writer, write);
        if (write->done)
            write->done(write->error, write->data);
        if (write->more && !write->error && writer->thread)
            expire_again(writer, write->before);
        write_free(write);
    }
    if (failed)
        tell_trouble(writer, g_get_monotonic_time());
    else if (changed)
        tell_end_of_trouble(writer);
}

static gboolean finished_cb(gpointer data)
{
    CwStoreWriter *writer = data;
    g_source_set_ready_time(writer->source, -1);
    run_finished(writer);
    return G_SOURCE_CONTINUE;
}

static gboolean remind_cb(gpointer data)
{
    tell_trouble(data, g_get_monotonic_time());
    return G_SOURCE_CONTINUE;
}

static gboolean dispatch_cb(GSource *source, GSourceFunc callback, gpointer data)
{
    return callback(data);
}

static gsize length_of(const char *text)
{
    return text ? strlen(text) + 1 : 0;
}

/* What it holds, about: the blocks of the allocator are not counted. */
static gsize size_of(const CwWrite *write)
{
    const CwUser *user = write->user;
    gsize size = sizeof *write + sizeof *user + length_of(user->domain) + length_of(user->jid) +
                 length_of(user->username) + length_of(write->new_jid) + length_of(write->name);
    GHashTableIter iter;
    gpointer name, value;
    g_hash_table_iter_init(&iter, user->options);
    while (g_hash_table_iter_next(&iter, &name, &value))
        size += length_of(name) + length_of(value);
    g_hash_table_iter_init(&iter, user->preferences);
    while (g_hash_table_iter_next(&iter, &name, &value))
        size += length_of(name) + length_of(value);
    if (write->box)
        size += g_bytes_get_size(write->box);
    if (write->contact)
        size += sizeof *write->contact + length_of(write->contact->name) +
                length_of(write->contact->alias) + length_of(write->contact->group);
    if (write->request)
        size += sizeof *write->request + length_of(write->request->contact) +
                length_of(write->request->nick) + length_of(write->request->text);
    if (write->room)
        size += sizeof *write->room + length_of(write->room->name) + length_of(write->room->nick);
    if (write->spooled)
        size += sizeof *write->spooled + length_of(write->spooled->contact) +
                length_of(write->spooled->stanza_id) + length_of(write->spooled->resource);
    if (write->line)
        size += sizeof *write->line + length_of(write->line_room) + length_of(write->line->id) +
                length_of(write->line->nick) + length_of(write->line->who) +
                length_of(write->line->stanza_id);
    return size;
}

static gboolean is_put(const CwWrite *write)
{
    return write->kind == CW_WRITE_PUT_USER || write->kind == CW_WRITE_PUT_CONTACT ||
           write->kind == CW_WRITE_PUT_REQUEST || write->kind == CW_WRITE_PUT_SPOOLED ||
           write->kind == CW_WRITE_PUT_PREFERENCES || write->kind == CW_WRITE_PUT_ROOM ||
           write->kind == CW_WRITE_ARCHIVE_LINE ||
           (write->kind == CW_WRITE_REMEMBER && write->box != NULL);
}

void cw_store_writer_set_queue_bytes(CwStoreWriter *writer, gsize bytes)
{
    writer->max = bytes;
}

void cw_store_writer_push(CwStoreWriter *writer, CwWrite *write)
{
    gsize size = size_of(write);
    /* One alone is always taken, be it as large as it may. */
    if (writer->thread && writer->n_waiting < CW_STORE_QUEUE_MAX &&
        (!is_put(write) || writer->n_waiting == 0 || writer->waiting + size <= writer->max)) {
        write->size = size;
        writer->waiting += size;
        writer->n_waiting++;
        if (is_of_remembered(write))
            g_queue_push_tail(&writer->unfinished, write);
        g_async_queue_push(writer->queue, write);
        return;
    }
    write->error = g_error_new(CW_STORE_ERROR, CW_STORE_ERROR_WRITE,
                               writer->thread ? "cannot write to the store: too much waits already"
                                              : "cannot write to the store: it is being closed");
    hand_back(writer, write);
}

static GSource *add_source(const char *name, GSourceFunc callback, CwStoreWriter *writer)
{
    static GSourceFuncs functions = {.dispatch = dispatch_cb};
    GSource *source = g_source_new(&functions, sizeof(GSource));
    g_source_set_static_name(source, name);
    g_source_set_callback(source, callback, writer, NULL);
    g_source_attach(source, g_main_context_get_thread_default());
    return source;
}

CwStoreWriter *cw_store_writer_new(sqlite3 *db, GError **error)
{
    CwStoreWriter *writer = g_new0(CwStoreWriter, 1);
    writer->db = db;
    writer->queue = g_async_queue_new();
    writer->finished = g_async_queue_new();
    writer->source = add_source("store", finished_cb, writer);
    writer->reminder = add_source("store trouble", remind_cb, writer);
    writer->again = g_ptr_array_new();
    writer->path = g_strdup(sqlite3_db_filename(db, "main"));
    writer->max = CW_STORE_QUEUE_BYTES;

    writer->rows = cw_row_writer_new(db, error);
    if (!writer->rows) {
        cw_store_writer_free(writer);
        return NULL;
    }
    writer->thread = g_thread_new("store", writer_thread, writer);
    return writer;
}

void cw_store_writer_stop(CwStoreWriter *writer)
{
    if (!writer || !writer->thread)
        return;
    g_async_queue_push(writer->queue, &writer->stop);
    g_thread_join(g_steal_pointer(&writer->thread));
    run_finished(writer);
}

void cw_store_writer_free(CwStoreWriter *writer)
{
    if (!writer)
        return;
    cw_store_writer_stop(writer);
    tell_trouble(writer, G_MAXINT64 - CW_STORE_TROUBLE_INTERVAL); /* what is not told yet */
    cw_store_trouble_clear(&writer->trouble);
    g_source_destroy(writer->source);
    g_source_unref(writer->source);
    g_source_destroy(writer->reminder);
    g_source_unref(writer->reminder);
    g_ptr_array_unref(writer->again);
    g_free(writer->path);
    g_async_queue_unref(writer->queue);
    g_async_queue_unref(writer->finished);
    cw_row_writer_free(writer->rows);
    sqlite3_close(writer->db);
    g_free(writer);
}
