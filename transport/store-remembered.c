/* transport/store-remembered.c: the SQL of what hosts remember of their accounts, for both
 * connections of the store
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "transport/store-remembered.h"

#include <sqlite3.h>

#include "transport/store-sql.h"

#define USER "(SELECT id FROM users WHERE domain = ?1 AND jid = ?2)"

char *cw_remembered_box_place(const char *domain, const char *name)
{
    return g_strconcat("remembered\n", domain, "\n", name, NULL);
}

static gboolean prepare(sqlite3 *db, const char *sql, sqlite3_stmt **statement, GError **error)
{
    if (sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, statement, NULL) == SQLITE_OK)
        return TRUE;
    g_set_error(error, CW_STORE_ERROR, CW_STORE_ERROR_OPEN, "%s", sqlite3_errmsg(db));
    return FALSE;
}

static void end(sqlite3_stmt *statement)
{
    sqlite3_reset(statement); /* ends a read transaction: a checkpoint may go on */
    sqlite3_clear_bindings(statement);
}

/* ---- writing ---- */

typedef enum { WRITE_PUT, WRITE_DELETE, WRITE_FIND_USER, N_WRITES } Write;

static const char *const writes_sql[N_WRITES] = {
    /* Nothing happens when the user is gone, or would have too much. */
    [WRITE_PUT] =
        ("INSERT INTO remembered (user, name, value) SELECT id, ?3, ?4 FROM users"
         " WHERE domain = ?1 AND jid = ?2"
         "  AND (SELECT count(*) FROM remembered WHERE user = users.id AND name <> ?3) < ?5"
         "  AND (SELECT total(length(CAST(name AS BLOB)) + length(value)) FROM remembered"
         "       WHERE user = users.id AND name <> ?3)"
         "   + length(CAST(?3 AS BLOB)) + length(?4) <= ?6"
         " ON CONFLICT (user, name) DO UPDATE SET value = excluded.value"),
    [WRITE_DELETE] = "DELETE FROM remembered WHERE user = " USER " AND name = ?3",
    [WRITE_FIND_USER] = "SELECT 1 FROM users WHERE domain = ?1 AND jid = ?2",
};

struct CwRememberedWriter {
    sqlite3 *db;
    sqlite3_stmt *statements[N_WRITES];
};

CwRememberedWriter *cw_remembered_writer_new(sqlite3 *db, GError **error)
{
    CwRememberedWriter *writer = g_new0(CwRememberedWriter, 1);

    writer->db = db;
    for (guint i = 0; i < N_WRITES; i++) {
        if (!prepare(db, writes_sql[i], &writer->statements[i], error)) {
            cw_remembered_writer_free(writer);
            return NULL;
        }
    }
    return writer;
}

void cw_remembered_writer_free(CwRememberedWriter *writer)
{
    if (!writer)
        return;
    for (guint i = 0; i < N_WRITES; i++)
        sqlite3_finalize(writer->statements[i]);
    g_free(writer);
}

static gboolean has_user(CwRememberedWriter *writer, const char *domain, const char *jid)
{
    sqlite3_stmt *statement = writer->statements[WRITE_FIND_USER];
    cw_sql_bind_text(statement, 1, domain);
    cw_sql_bind_text(statement, 2, jid);
    gboolean found = sqlite3_step(statement) == SQLITE_ROW;
    end(statement);
    return found;
}

gboolean cw_remembered_writer_put(CwRememberedWriter *writer, const char *domain, const char *jid,
                                  const char *name, GBytes *box, guint most, guint most_bytes,
                                  gboolean *refused)
{
    sqlite3_stmt *statement = writer->statements[box ? WRITE_PUT : WRITE_DELETE];
    cw_sql_bind_text(statement, 1, domain);
    cw_sql_bind_text(statement, 2, jid);
    cw_sql_bind_text(statement, 3, name);
    if (box) {
        gsize size;
        const void *data = g_bytes_get_data(box, &size);
        sqlite3_bind_blob(statement, 4, data, (int)size, SQLITE_STATIC);
        sqlite3_bind_int64(statement, 5, most);
        sqlite3_bind_int64(statement, 6, most_bytes);
    }
    gboolean done = sqlite3_step(statement) == SQLITE_DONE;
    end(statement);
    *refused = done && box && sqlite3_changes(writer->db) == 0 && has_user(writer, domain, jid);
    return done;
}

/* ---- reading ---- */

struct CwRememberedReader {
    sqlite3 *db;
    sqlite3_stmt *list;
};

CwRememberedReader *cw_remembered_reader_new(sqlite3 *db, GError **error)
{
    CwRememberedReader *reader = g_new0(CwRememberedReader, 1);

    reader->db = db;
    if (prepare(db, "SELECT name, value FROM remembered WHERE user = " USER, &reader->list, error))
        return reader;
    cw_remembered_reader_free(reader);
    return NULL;
}

void cw_remembered_reader_free(CwRememberedReader *reader)
{
    if (!reader)
        return;
    sqlite3_finalize(reader->list);
    g_free(reader);
}

GHashTable *cw_remembered_reader_list(CwRememberedReader *reader, const char *domain,
                                      const char *jid, GError **error)
{
    g_autoptr(GHashTable) boxes =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_bytes_unref);
    int result;
    cw_sql_bind_text(reader->list, 1, domain);
    cw_sql_bind_text(reader->list, 2, jid);
    while ((result = sqlite3_step(reader->list)) == SQLITE_ROW)
        g_hash_table_insert(boxes, cw_sql_column_text(reader->list, 0),
                            cw_sql_column_bytes(reader->list, 1));
    if (result != SQLITE_DONE)
        g_set_error(error, CW_STORE_ERROR, CW_STORE_ERROR_READ, "cannot read from the store: %s",
                    sqlite3_errmsg(reader->db));
    end(reader->list);
    return result == SQLITE_DONE ? g_steal_pointer(&boxes) : NULL;
}
