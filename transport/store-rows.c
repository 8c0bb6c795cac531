/* transport/store-rows.c: the SQL of the writer's thread
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "transport/store-rows.h"

#include <sqlite3.h>

#include "transport/store-archive.h"
#include "transport/store-remembered.h"
#include "transport/store-sql.h"

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
    [STATEMENT_MOVE_CONTACTS] =
        "UPDATE contacts SET offered = 0, agreed = 0, subscribed = 0 WHERE user = ?1",
    [STATEMENT_MOVE_SPOOLED] = "DELETE FROM spool WHERE user = ?1", /* sealed for the old JID */
    [STATEMENT_MOVE_ROOMS] = "UPDATE kept_rooms SET password = NULL WHERE user = ?1", /* the same */
    [STATEMENT_MOVE_ROOM] = "UPDATE kept_rooms SET password = ?3 WHERE user = ?1 AND name = ?2",
    /* Nothing happens when the user is gone: he unregistered while his list came in. */
    [STATEMENT_PUT_CONTACT] =
        ("INSERT INTO contacts (user, name, alias, \"group\", offered, subscription, agreed, "
         "subscribed)"
         " SELECT id, ?3, ?4, ?5, ?6, ?7, ?8, ?9 FROM users WHERE domain = ?1 AND jid = ?2"
         " ON CONFLICT (user, name) DO UPDATE SET alias = excluded.alias,"
         "  \"group\" = excluded.\"group\", offered = excluded.offered,"
         "  subscription = excluded.subscription, agreed = excluded.agreed,"
         "  subscribed = excluded.subscribed"),
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

struct CwRowWriter {
    sqlite3 *db;
    sqlite3_stmt *statements[N_STATEMENTS];
    CwArchiveWriter *archive;
    CwRememberedWriter *remembered;
    gboolean residue; /* deleted rows may still stand in the WAL */
};

static gboolean fail(CwRowWriter *writer, GError **error)
{
    g_set_error(error, CW_STORE_ERROR, CW_STORE_ERROR_WRITE, "cannot write to the store: %s",
                sqlite3_errmsg(writer->db));
    return FALSE;
}

/* Runs it to its end; `id` (nullable) takes the one number that it returns. */
static gboolean run(CwRowWriter *writer, Statement which, gint64 *id, GError **error)
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

static gboolean put_preferences(CwRowWriter *writer, const CwWrite *write, GError **error)
{
    sqlite3_stmt *statement = writer->statements[STATEMENT_PUT_PREFERENCE];
    GHashTableIter iter;
    gpointer name, value;
    g_hash_table_iter_init(&iter, write->user->preferences);
    while (g_hash_table_iter_next(&iter, &name, &value)) {
        cw_sql_bind_text(statement, 1, write->user->domain);
        cw_sql_bind_text(statement, 2, write->user->jid);
        cw_sql_bind_text(statement, 3, name);
        cw_sql_bind_text(statement, 4, value);
        if (!run(writer, STATEMENT_PUT_PREFERENCE, NULL, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean put_user(CwRowWriter *writer, const CwWrite *write, GError **error)
{
    const CwUser *user = write->user;
    sqlite3_stmt *statement = writer->statements[STATEMENT_PUT_USER];
    gint64 id = 0;
    cw_sql_bind_text(statement, 1, user->domain);
    cw_sql_bind_text(statement, 2, user->jid);
    cw_sql_bind_text(statement, 3, user->username ? user->username : "");
    if (write->box)
        cw_sql_bind_bytes(statement, 4, write->box);
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
        cw_sql_bind_text(statement, 2, name);
        cw_sql_bind_text(statement, 3, value);
        if (!run(writer, STATEMENT_PUT_OPTION, NULL, error))
            return FALSE;
    }
    return put_preferences(writer, write, error);
}

static gboolean run_for_user(CwRowWriter *writer, Statement which, const CwWrite *write,
                             GError **error)
{
    sqlite3_stmt *statement = writer->statements[which];
    const CwStoredContact *contact = write->contact;
    const CwStoredRequest *request = write->request;
    cw_sql_bind_text(statement, 1, write->user->domain);
    cw_sql_bind_text(statement, 2, write->user->jid);
    if (contact)
        cw_sql_bind_text(statement, 3, contact->name);
    else if (request)
        cw_sql_bind_text(statement, 3, request->contact);
    if (which == STATEMENT_PUT_CONTACT) {
        cw_sql_bind_text(statement, 4, contact->alias);
        cw_sql_bind_text(statement, 5, contact->group);
        sqlite3_bind_int(statement, 6, !contact->offered ? 0 : contact->unanswered ? 2 : 1);
        sqlite3_bind_int(statement, 7, (int)contact->subscription);
        sqlite3_bind_int(statement, 8, (int)contact->agreed);
        sqlite3_bind_int(statement, 9, contact->subscribed);
    } else if (which == STATEMENT_PUT_REQUEST) {
        cw_sql_bind_text(statement, 4, request->nick);
        cw_sql_bind_text(statement, 5, request->text);
        sqlite3_bind_int(statement, 6, (int)request->answer);
    }
    return run(writer, which, NULL, error);
}

static gboolean run_for_id(CwRowWriter *writer, Statement which, gint64 id, GError **error)
{
    sqlite3_bind_int64(writer->statements[which], 1, id);
    return run(writer, which, NULL, error);
}

/* Those that are not among the boxes lose their password: they were stored this very moment. */
static gboolean move_rooms(CwRowWriter *writer, const CwWrite *write, gint64 id, GError **error)
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
        cw_sql_bind_text(statement, 2, name);
        cw_sql_bind_bytes(statement, 3, box);
        if (!run(writer, STATEMENT_MOVE_ROOM, NULL, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean move_user(CwRowWriter *writer, const CwWrite *write, GError **error)
{
    sqlite3_stmt *statement = writer->statements[STATEMENT_MOVE_USER];
    gint64 id = 0;
    cw_sql_bind_text(statement, 1, write->user->domain);
    cw_sql_bind_text(statement, 2, write->user->jid);
    cw_sql_bind_text(statement, 3, write->new_jid);
    if (write->box)
        cw_sql_bind_bytes(statement, 4, write->box);
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

static gboolean put_room(CwRowWriter *writer, const CwWrite *write, GError **error)
{
    sqlite3_stmt *statement = writer->statements[STATEMENT_PUT_ROOM];
    const CwStoredRoom *room = write->room;
    cw_sql_bind_text(statement, 1, write->user->domain);
    cw_sql_bind_text(statement, 2, write->user->jid);
    cw_sql_bind_text(statement, 3, room->name);
    cw_sql_bind_text(statement, 4, room->nick);
    if (write->box)
        cw_sql_bind_bytes(statement, 5, write->box);
    sqlite3_bind_int(statement, 6, room->join ? 1 : 0);
    sqlite3_bind_int(statement, 7, room->stay ? 1 : 0);
    sqlite3_bind_int(statement, 8, room->told ? 1 : 0);
    sqlite3_bind_int(statement, 9, room->bookmarked ? 1 : 0);
    return run(writer, STATEMENT_PUT_ROOM, NULL, error);
}

static gboolean delete_room(CwRowWriter *writer, const CwWrite *write, GError **error)
{
    sqlite3_stmt *statement = writer->statements[STATEMENT_DELETE_ROOM];
    cw_sql_bind_text(statement, 1, write->user->domain);
    cw_sql_bind_text(statement, 2, write->user->jid);
    cw_sql_bind_text(statement, 3, write->room->name);
    return run(writer, STATEMENT_DELETE_ROOM, NULL, error);
}

static gboolean put_spooled(CwRowWriter *writer, const CwWrite *write, GError **error)
{
    sqlite3_stmt *statement = writer->statements[STATEMENT_PUT_SPOOLED];
    const CwSpooled *spooled = write->spooled;
    cw_sql_bind_text(statement, 1, write->user->domain);
    cw_sql_bind_text(statement, 2, write->user->jid);
    sqlite3_bind_int64(statement, 3, spooled->id);
    sqlite3_bind_int(statement, 4, (int)spooled->way);
    cw_sql_bind_text(statement, 5, spooled->contact);
    cw_sql_bind_text(statement, 6, spooled->stanza_id);
    cw_sql_bind_text(statement, 7, spooled->resource);
    cw_sql_bind_bytes(statement, 8, write->box);
    sqlite3_bind_int64(statement, 9, spooled->made);
    sqlite3_bind_int(statement, 10, spooled->sent ? 1 : 0);
    return run(writer, STATEMENT_PUT_SPOOLED, NULL, error);
}

static gboolean delete_spooled(CwRowWriter *writer, const CwWrite *write, GError **error)
{
    sqlite3_stmt *statement = writer->statements[STATEMENT_DELETE_SPOOLED];
    cw_sql_bind_text(statement, 1, write->user->domain);
    sqlite3_bind_int64(statement, 3, write->spooled->id);
    return run(writer, STATEMENT_DELETE_SPOOLED, NULL, error);
}

static gboolean archive_line(CwRowWriter *writer, const CwWrite *write, GError **error)
{
    const CwArchivePlace place = {write->user->domain, write->user->jid, write->line_room};
    return (cw_archive_writer_put(writer->archive, &place, write->line, write->box) &&
            (!write->trims || cw_archive_writer_trim(writer->archive, &place, write->most))) ||
           fail(writer, error);
}

static gboolean expire_archive(CwRowWriter *writer, CwWrite *write, GError **error)
{
    guint n = 0;
    if (!cw_archive_writer_expire(writer->archive, write->before, &n))
        return fail(writer, error);
    write->more = n == CW_ARCHIVE_EXPIRE_BATCH;
    writer->residue = writer->residue || n > 0;
    return TRUE;
}

/* That it is refused is no failure: the others of its group are done. */
static gboolean put_remembered(CwRowWriter *writer, CwWrite *write, GError **error)
{
    return cw_remembered_writer_put(writer->remembered, write->user->domain, write->user->jid,
                                    write->name, write->box, write->most, write->most_bytes,
                                    &write->refused) ||
           fail(writer, error);
}

static gboolean apply(CwRowWriter *writer, CwWrite *write, GError **error)
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

gboolean cw_row_writer_commit(CwRowWriter *writer, CwWrite **writes, guint n, GError **error)
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
 * emptied.  Kept for the next time when a reader is in the way. */
void cw_row_writer_wipe_log(CwRowWriter *writer)
{
    if (writer->residue && cw_sql_number(writer->db, "PRAGMA wal_checkpoint(TRUNCATE)") == 0)
        writer->residue = FALSE;
}

CwRowWriter *cw_row_writer_new(sqlite3 *db, GError **error)
{
    g_autoptr(CwRowWriter) writer = g_new0(CwRowWriter, 1);
    writer->db = db;
    for (guint i = 0; i < N_STATEMENTS; i++) {
        if (sqlite3_prepare_v3(db, statements_sql[i], -1, SQLITE_PREPARE_PERSISTENT,
                               &writer->statements[i], NULL) != SQLITE_OK) {
            g_set_error(error, CW_STORE_ERROR, CW_STORE_ERROR_OPEN, "%s", sqlite3_errmsg(db));
            return NULL;
        }
    }
    if (!(writer->archive = cw_archive_writer_new(db, error)) ||
        !(writer->remembered = cw_remembered_writer_new(db, error)))
        return NULL;
    return g_steal_pointer(&writer);
}

void cw_row_writer_free(CwRowWriter *writer)
{
    if (!writer)
        return;
    for (guint i = 0; i < N_STATEMENTS; i++)
        sqlite3_finalize(writer->statements[i]);
    cw_archive_writer_free(writer->archive);
    cw_remembered_writer_free(writer->remembered);
    g_free(writer);
}
