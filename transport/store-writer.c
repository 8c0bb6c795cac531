/* transport/store-writer.c: the thread that writes
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "transport/store-writer.h"

#include <string.h>

#include <sqlite3.h>

#include "transport/store-archive.h"
#include "transport/store-remembered.h"
#include "transport/store-schema.h"
#include "transport/store-trouble.h"

#define GROUP_MAX 512                 /* writes in one transaction */
#define AGAIN_MAX 8192                /* deletions that are tried again */
#define AGAIN_INTERVAL G_USEC_PER_SEC /* µs; so often when there is nothing else to write */

typedef enum {
    STATEMENT_PUT_USER,
    STATEMENT_CLEAR_OPTIONS,
    STATEMENT_PUT_OPTION,
    STATEMENT_PUT_PREFERENCE,
    STATEMENT_DELETE_USER,
    STATEMENT_MOVE_USER,
    STATEMENT_MOVE_CONTACTS,
    STATEMENT_MOVE_SPOOLED,
    STATEMENT_MOVE_ROOMS,
    STATEMENT_MOVE_ROOM,
    STATEMENT_PUT_CONTACT,
    STATEMENT_DELETE_CONTACT,
    STATEMENT_PUT_REQUEST,
    STATEMENT_DELETE_REQUEST,
    STATEMENT_PUT_ROOM,
    STATEMENT_DELETE_ROOM,
    STATEMENT_PUT_SPOOLED,
    STATEMENT_DELETE_SPOOLED,
    N_STATEMENTS,
} Statement;

static const char *const statements_sql[N_STATEMENTS] = {
    [STATEMENT_PUT_USER] =
        ("INSERT INTO users (domain, jid, username, password, created) VALUES (?1, ?2, ?3, ?4, ?5)"
         " ON CONFLICT (domain, jid) DO UPDATE SET username = excluded.username,"
         "  password = excluded.password, created = excluded.created"
         " RETURNING id"),
    [STATEMENT_CLEAR_OPTIONS] = "DELETE FROM user_options WHERE user = ?1",
    [STATEMENT_PUT_OPTION] = "INSERT INTO user_options (user, name, value) VALUES (?1, ?2, ?3)",
    [STATEMENT_PUT_PREFERENCE] = ("INSERT INTO user_preferences (user, name, value)"
                                  " SELECT id, ?3, ?4 FROM users WHERE domain = ?1 AND jid = ?2"
                                  " ON CONFLICT (user, name) DO UPDATE SET value = excluded.value"),
    [STATEMENT_DELETE_USER] = "DELETE FROM users WHERE domain = ?1 AND jid = ?2",
    [STATEMENT_MOVE_USER] = ("UPDATE users SET jid = ?3, password = ?4 WHERE domain = ?1 AND"
                             " jid = ?2 AND NOT EXISTS (SELECT 1 FROM users WHERE"
                             " domain = ?1 AND jid = ?3) RETURNING id"),
    [STATEMENT_MOVE_CONTACTS] = "UPDATE contacts SET offered = 0, agreed = 0 WHERE user = ?1",
    [STATEMENT_MOVE_SPOOLED] = "DELETE FROM spool WHERE user = ?1", /* sealed for the old JID */
    [STATEMENT_MOVE_ROOMS] = "UPDATE kept_rooms SET password = NULL WHERE user = ?1", /* the same */
    [STATEMENT_MOVE_ROOM] = "UPDATE kept_rooms SET password = ?3 WHERE user = ?1 AND name = ?2",
    /* Nothing happens when the user is gone: he unregistered while his list came in. */
    [STATEMENT_PUT_CONTACT] =
        ("INSERT INTO contacts (user, name, alias, \"group\", offered, subscription, agreed)"
         " SELECT id, ?3, ?4, ?5, ?6, ?7, ?8 FROM users WHERE domain = ?1 AND jid = ?2"
         " ON CONFLICT (user, name) DO UPDATE SET alias = excluded.alias,"
         "  \"group\" = excluded.\"group\", offered = excluded.offered,"
         "  subscription = excluded.subscription, agreed = excluded.agreed"),
    [STATEMENT_DELETE_CONTACT] = ("DELETE FROM contacts WHERE name = ?3 AND user ="
                                  " (SELECT id FROM users WHERE domain = ?1 AND jid = ?2)"),
    [STATEMENT_PUT_REQUEST] =
        ("INSERT INTO requests (user, contact, nick, text, answer)"
         " SELECT id, ?3, ?4, ?5, ?6 FROM users WHERE domain = ?1 AND jid = ?2"
         " ON CONFLICT (user, contact) DO UPDATE SET nick = excluded.nick, text = excluded.text,"
         "  answer = excluded.answer"),
    [STATEMENT_DELETE_REQUEST] = ("DELETE FROM requests WHERE contact = ?3 AND user ="
                                  " (SELECT id FROM users WHERE domain = ?1 AND jid = ?2)"),
    [STATEMENT_PUT_ROOM] =
        ("INSERT INTO kept_rooms (user, name, nick, password, \"join\", stay, told, bookmarked)"
         " SELECT id, ?3, ?4, ?5, ?6, ?7, ?8, ?9 FROM users WHERE domain = ?1 AND jid = ?2"
         " ON CONFLICT (user, name) DO UPDATE SET nick = excluded.nick,"
         "  password = excluded.password, \"join\" = excluded.\"join\", stay = excluded.stay,"
         "  told = excluded.told, bookmarked = excluded.bookmarked"),
    [STATEMENT_DELETE_ROOM] = ("DELETE FROM kept_rooms WHERE name = ?3 AND user ="
                               " (SELECT id FROM users WHERE domain = ?1 AND jid = ?2)"),
    [STATEMENT_PUT_SPOOLED] =
        ("INSERT INTO spool (domain, id, user, way, contact, stanza_id, resource, text, made, sent)"
         " SELECT ?1, ?3, id, ?4, ?5, ?6, ?7, ?8, ?9, ?10 FROM users WHERE domain = ?1 AND jid = ?2"
         " ON CONFLICT (domain, id) DO UPDATE SET user = excluded.user, way = excluded.way,"
         "  contact = excluded.contact, stanza_id = excluded.stanza_id,"
         "  resource = excluded.resource, text = excluded.text, made = excluded.made,"
         "  sent = excluded.sent"),
    [STATEMENT_DELETE_SPOOLED] = "DELETE FROM spool WHERE domain = ?1 AND id = ?3",
};

struct CwStoreWriter {
    sqlite3 *db;
    sqlite3_stmt *statements[N_STATEMENTS];
    CwArchiveWriter *archive;
    CwRememberedWriter *remembered;
    GAsyncQueue *queue;    /* of CwWrite, to the thread; `stop` is its last */
    GAsyncQueue *finished; /* of CwWrite, from the thread */
    GSource *source;       /* runs what is finished; made ready by the thread */
    GThread *thread;
    CwWrite stop;

    /* the thread's */
    gboolean residue; /* deleted rows may still stand in the WAL */
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

static gboolean fail(CwStoreWriter *writer, GError **error)
{
    g_set_error(error, CW_STORE_ERROR, CW_STORE_ERROR_WRITE, "cannot write to the store: %s",
                sqlite3_errmsg(writer->db));
    return FALSE;
}

static void bind_text(sqlite3_stmt *statement, int place, const char *text)
{
    sqlite3_bind_text(statement, place, text, -1, SQLITE_STATIC); /* NULL text binds NULL */
}

static void bind_bytes(sqlite3_stmt *statement, int place, GBytes *bytes)
{
    gsize size;
    const void *data = g_bytes_get_data(bytes, &size);
    sqlite3_bind_blob(statement, place, data, (int)size, SQLITE_STATIC);
}

/* Runs it to its end; `id` (nullable) takes the one number that it returns. */
static gboolean run(CwStoreWriter *writer, Statement which, gint64 *id, GError **error)
{
    sqlite3_stmt *statement = writer->statements[which];
    int result;
    while ((result = sqlite3_step(statement)) == SQLITE_ROW)
        if (id)
            *id = sqlite3_column_int64(statement, 0);
    gboolean done = result == SQLITE_DONE || fail(writer, error);
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    return done;
}

static gboolean put_preferences(CwStoreWriter *writer, const CwWrite *write, GError **error)
{
    sqlite3_stmt *statement = writer->statements[STATEMENT_PUT_PREFERENCE];
    GHashTableIter iter;
    gpointer name, value;
    g_hash_table_iter_init(&iter, write->user->preferences);
    while (g_hash_table_iter_next(&iter, &name, &value)) {
        bind_text(statement, 1, write->user->domain);
        bind_text(statement, 2, write->user->jid);
        bind_text(statement, 3, name);
        bind_text(statement, 4, value);
        if (!run(writer, STATEMENT_PUT_PREFERENCE, NULL, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean put_user(CwStoreWriter *writer, const CwWrite *write, GError **error)
{
    const CwUser *user = write->user;
    sqlite3_stmt *statement = writer->statements[STATEMENT_PUT_USER];
    gint64 id = 0;
    bind_text(statement, 1, user->domain);
    bind_text(statement, 2, user->jid);
    bind_text(statement, 3, user->username ? user->username : "");
    if (write->box)
        bind_bytes(statement, 4, write->box);
    sqlite3_bind_int64(statement, 5, user->created);
    if (!run(writer, STATEMENT_PUT_USER, &id, error))
        return FALSE;

    sqlite3_bind_int64(writer->statements[STATEMENT_CLEAR_OPTIONS], 1, id);
    if (!run(writer, STATEMENT_CLEAR_OPTIONS, NULL, error))
        return FALSE;

    GHashTableIter iter;
    gpointer name, value;
    g_hash_table_iter_init(&iter, user->options);
    while (g_hash_table_iter_next(&iter, &name, &value)) {
        statement = writer->statements[STATEMENT_PUT_OPTION];
        sqlite3_bind_int64(statement, 1, id);
        bind_text(statement, 2, name);
        bind_text(statement, 3, value);
        if (!run(writer, STATEMENT_PUT_OPTION, NULL, error))
            return FALSE;
    }
    return put_preferences(writer, write, error);
}

static gboolean run_for_user(CwStoreWriter *writer, Statement which, const CwWrite *write,
                             GError **error)
{
    sqlite3_stmt *statement = writer->statements[which];
    const CwStoredContact *contact = write->contact;
    const CwStoredRequest *request = write->request;
    bind_text(statement, 1, write->user->domain);
    bind_text(statement, 2, write->user->jid);
    if (contact)
        bind_text(statement, 3, contact->name);
    else if (request)
        bind_text(statement, 3, request->contact);
    if (which == STATEMENT_PUT_CONTACT) {
        bind_text(statement, 4, contact->alias);
        bind_text(statement, 5, contact->group);
        sqlite3_bind_int(statement, 6, !contact->offered ? 0 : contact->unanswered ? 2 : 1);
        sqlite3_bind_int(statement, 7, (int)contact->subscription);
        sqlite3_bind_int(statement, 8, (int)contact->agreed);
    } else if (which == STATEMENT_PUT_REQUEST) {
        bind_text(statement, 4, request->nick);
        bind_text(statement, 5, request->text);
        sqlite3_bind_int(statement, 6, (int)request->answer);
    }
    return run(writer, which, NULL, error);
}

static gboolean run_for_id(CwStoreWriter *writer, Statement which, gint64 id, GError **error)
{
    sqlite3_bind_int64(writer->statements[which], 1, id);
    return run(writer, which, NULL, error);
}

/* Those that are not among the boxes lose their password: they were stored this very moment. */
static gboolean move_rooms(CwStoreWriter *writer, const CwWrite *write, gint64 id, GError **error)
{
    sqlite3_stmt *statement = writer->statements[STATEMENT_MOVE_ROOM];
    GHashTableIter iter;
    gpointer name, box;
    if (!run_for_id(writer, STATEMENT_MOVE_ROOMS, id, error))
        return FALSE;
    if (!write->boxes)
        return TRUE;
    g_hash_table_iter_init(&iter, write->boxes);
    while (g_hash_table_iter_next(&iter, &name, &box)) {
        sqlite3_bind_int64(statement, 1, id);
        bind_text(statement, 2, name);
        bind_bytes(statement, 3, box);
        if (!run(writer, STATEMENT_MOVE_ROOM, NULL, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean move_user(CwStoreWriter *writer, const CwWrite *write, GError **error)
{
    sqlite3_stmt *statement = writer->statements[STATEMENT_MOVE_USER];
    gint64 id = 0;
    bind_text(statement, 1, write->user->domain);
    bind_text(statement, 2, write->user->jid);
    bind_text(statement, 3, write->new_jid);
    if (write->box)
        bind_bytes(statement, 4, write->box);
    if (!run(writer, STATEMENT_MOVE_USER, &id, error))
        return FALSE;
    if (id == 0) {
        g_set_error(error, CW_STORE_ERROR, CW_STORE_ERROR_MOVE, "%s is not registered, or %s is",
                    write->user->jid, write->new_jid);
        return FALSE;
    }
    return run_for_id(writer, STATEMENT_MOVE_CONTACTS, id, error) &&
           run_for_id(writer, STATEMENT_MOVE_SPOOLED, id, error) &&
           move_rooms(writer, write, id, error);
}

static gboolean put_room(CwStoreWriter *writer, const CwWrite *write, GError **error)
{
    sqlite3_stmt *statement = writer->statements[STATEMENT_PUT_ROOM];
    const CwStoredRoom *room = write->room;
    bind_text(statement, 1, write->user->domain);
    bind_text(statement, 2, write->user->jid);
    bind_text(statement, 3, room->name);
    bind_text(statement, 4, room->nick);
    if (write->box)
        bind_bytes(statement, 5, write->box);
    sqlite3_bind_int(statement, 6, room->join ? 1 : 0);
    sqlite3_bind_int(statement, 7, room->stay ? 1 : 0);
    sqlite3_bind_int(statement, 8, room->told ? 1 : 0);
    sqlite3_bind_int(statement, 9, room->bookmarked ? 1 : 0);
    return run(writer, STATEMENT_PUT_ROOM, NULL, error);
}

static gboolean delete_room(CwStoreWriter *writer, const CwWrite *write, GError **error)
{
    sqlite3_stmt *statement = writer->statements[STATEMENT_DELETE_ROOM];
    bind_text(statement, 1, write->user->domain);
    bind_text(statement, 2, write->user->jid);
    bind_text(statement, 3, write->room->name);
    return run(writer, STATEMENT_DELETE_ROOM, NULL, error);
}

static gboolean put_spooled(CwStoreWriter *writer, const CwWrite *write, GError **error)
{
    sqlite3_stmt *statement = writer->statements[STATEMENT_PUT_SPOOLED];
    const CwSpooled *spooled = write->spooled;
    bind_text(statement, 1, write->user->domain);
    bind_text(statement, 2, write->user->jid);
    sqlite3_bind_int64(statement, 3, spooled->id);
    sqlite3_bind_int(statement, 4, (int)spooled->way);
    bind_text(statement, 5, spooled->contact);
    bind_text(statement, 6, spooled->stanza_id);
    bind_text(statement, 7, spooled->resource);
    bind_bytes(statement, 8, write->box);
    sqlite3_bind_int64(statement, 9, spooled->made);
    sqlite3_bind_int(statement, 10, spooled->sent ? 1 : 0);
    return run(writer, STATEMENT_PUT_SPOOLED, NULL, error);
}

static gboolean delete_spooled(CwStoreWriter *writer, const CwWrite *write, GError **error)
{
    sqlite3_stmt *statement = writer->statements[STATEMENT_DELETE_SPOOLED];
    bind_text(statement, 1, write->user->domain);
    sqlite3_bind_int64(statement, 3, write->spooled->id);
    return run(writer, STATEMENT_DELETE_SPOOLED, NULL, error);
}

static gboolean archive_line(CwStoreWriter *writer, const CwWrite *write, GError **error)
{
    const CwArchivePlace place = {write->user->domain, write->user->jid, write->line_room};
    return (cw_archive_writer_put(writer->archive, &place, write->line, write->box) &&
            (!write->trims || cw_archive_writer_trim(writer->archive, &place, write->most))) ||
           fail(writer, error);
}

static gboolean expire_archive(CwStoreWriter *writer, CwWrite *write, GError **error)
{
    guint n = 0;
    if (!cw_archive_writer_expire(writer->archive, write->before, &n))
        return fail(writer, error);
    write->more = n == CW_ARCHIVE_EXPIRE_BATCH;
    writer->residue = writer->residue || n > 0;
    return TRUE;
}

/* That it is refused is no failure: the others of its group are done. */
static gboolean put_remembered(CwStoreWriter *writer, CwWrite *write, GError **error)
{
    return cw_remembered_writer_put(writer->remembered, write->user->domain, write->user->jid,
                                    write->name, write->box, write->most, write->most_bytes,
                                    &write->refused) ||
           fail(writer, error);
}

static gboolean apply(CwStoreWriter *writer, CwWrite *write, GError **error)
{
    switch (write->kind) {
    case CW_WRITE_PUT_USER:
        return put_user(writer, write, error);
    case CW_WRITE_PUT_PREFERENCES:
        return put_preferences(writer, write, error);
    case CW_WRITE_DELETE_USER:
        writer->residue = TRUE;
        return run_for_user(writer, STATEMENT_DELETE_USER, write, error);
    case CW_WRITE_MOVE_USER:
        writer->residue = TRUE;
        return move_user(writer, write, error);
    case CW_WRITE_PUT_CONTACT:
        return run_for_user(writer, STATEMENT_PUT_CONTACT, write, error);
    case CW_WRITE_DELETE_CONTACT:
        return run_for_user(writer, STATEMENT_DELETE_CONTACT, write, error);
    case CW_WRITE_PUT_REQUEST:
        return run_for_user(writer, STATEMENT_PUT_REQUEST, write, error);
    case CW_WRITE_DELETE_REQUEST:
        return run_for_user(writer, STATEMENT_DELETE_REQUEST, write, error);
    case CW_WRITE_PUT_ROOM:
        writer->residue = TRUE; /* the password of before */
        return put_room(writer, write, error);
    case CW_WRITE_DELETE_ROOM:
        writer->residue = TRUE;
        return delete_room(writer, write, error);
    case CW_WRITE_PUT_SPOOLED:
        return write->dropped || put_spooled(writer, write, error);
    case CW_WRITE_DELETE_SPOOLED:
        return delete_spooled(writer, write, error);
    case CW_WRITE_ARCHIVE_LINE:
        return archive_line(writer, write, error);
    case CW_WRITE_EXPIRE_ARCHIVE:
        return expire_archive(writer, write, error);
    case CW_WRITE_REMEMBER:
        return put_remembered(writer, write, error);
    case CW_WRITE_SYNC:
        return TRUE;
    }
    g_return_val_if_reached(FALSE);
}

/* One transaction.  FALSE: nothing of it was written. */
static gboolean commit(CwStoreWriter *writer, CwWrite **writes, guint n, GError **error)
{
    if (sqlite3_exec(writer->db, "BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK)
        return fail(writer, error);
    int changes = sqlite3_total_changes(writer->db);
    gboolean done = TRUE;
    for (guint i = 0; done && i < n; i++)
        done = apply(writer, writes[i], error);
    if (done && sqlite3_exec(writer->db, "COMMIT", NULL, NULL, NULL) == SQLITE_OK) {
        for (guint i = 0; i < n; i++)
            writes[i]->changed = sqlite3_total_changes(writer->db) != changes;
        return TRUE;
    }
    if (done)
        fail(writer, error);
    /* A full disk may have rolled it back already: then this says so, and that is fine. */
    sqlite3_exec(writer->db, "ROLLBACK", NULL, NULL, NULL);
    return FALSE;
}

/* secure_delete overwrites rows in the database; the write-ahead log keeps old pages until it is
 * emptied.  Kept for the next group when a reader is in the way. */
static void wipe_log(CwStoreWriter *writer)
{
    if (writer->residue && cw_store_number(writer->db, "PRAGMA wal_checkpoint(TRUNCATE)") == 0)
        writer->residue = FALSE;
}

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
    if (!commit(writer, (CwWrite **)writer->again->pdata, writer->again->len, error))
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
    if (commit(writer, &write, 1, &write->error) || write->kind != CW_WRITE_DELETE_SPOOLED ||
        writer->again->len >= AGAIN_MAX)
        return TRUE;
    g_clear_error(&write->error);
    g_ptr_array_add(writer->again, write);
    return FALSE;
}

static void do_group(CwStoreWriter *writer, CwWrite **writes, guint n)
{
    drop_what_is_deleted(writes, n);
    mark_last_lines(writes, n);
    gboolean done = n > 1 && commit(writer, writes, n, NULL), changed = FALSE;
    for (guint i = 0; i < n; i++) {
        if (!done && !do_one(writer, writes[i]))
            writes[i] = NULL;
        changed = changed || (writes[i] && writes[i]->changed);
    }
    if (changed)
        try_again(writer, NULL);
    wipe_log(writer);
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

    for (guint i = 0; i < N_STATEMENTS; i++) {
        if (sqlite3_prepare_v3(db, statements_sql[i], -1, SQLITE_PREPARE_PERSISTENT,
                               &writer->statements[i], NULL) != SQLITE_OK) {
            g_set_error(error, CW_STORE_ERROR, CW_STORE_ERROR_OPEN, "%s", sqlite3_errmsg(db));
            cw_store_writer_free(writer);
            return NULL;
        }
    }
    writer->archive = cw_archive_writer_new(db, error);
    if (!writer->archive) {
        cw_store_writer_free(writer);
        return NULL;
    }
    writer->remembered = cw_remembered_writer_new(db, error);
    if (!writer->remembered) {
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
    for (guint i = 0; i < N_STATEMENTS; i++)
        sqlite3_finalize(writer->statements[i]);
    cw_archive_writer_free(writer->archive);
    cw_remembered_writer_free(writer->remembered);
    sqlite3_close(writer->db);
    g_free(writer);
}
