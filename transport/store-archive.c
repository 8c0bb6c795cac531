/* transport/store-archive.c: the SQL of the rooms' archives, for both connections of the store
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "transport/store-archive.h"

#include <string.h>

#include <sqlite3.h>

#include "transport/seal.h"
#include "transport/store-sql.h"

#define COPY_REACH 1000 /* the last lines of a room among which a copy is looked for */

#define USER "(SELECT id FROM users WHERE domain = ?1 AND jid = ?2)"

/* A NULL asks for nothing. */
#define FITS                                                                                       \
    " FROM archive WHERE user = " USER " AND room = ?3 AND number > ?4 AND number < ?5"            \
    " AND (?6 IS NULL OR said >= ?6) AND (?7 IS NULL OR said <= ?7)"                               \
    " AND (?8 IS NULL OR nick = ?8 OR nick = ?9) AND (?10 IS NULL OR who = ?10)"                   \
    " AND (?11 IS NULL OR number IN (SELECT value FROM json_each(?11)))"
#define COLUMNS "SELECT number, id, nick, who, stanza_id, text, said"

const char *const cw_archive_list_sql = COLUMNS FITS " ORDER BY number";
const char *const cw_archive_list_last_sql = COLUMNS FITS " ORDER BY number DESC";
const char *const cw_archive_count_sql = "SELECT count(*) FROM (SELECT 1" FITS " LIMIT ?12)";

/* ---- statements ---- */

static gboolean prepare(sqlite3 *db, const char *const *sql, sqlite3_stmt **statements, guint n,
                        GError **error)
{
    for (guint i = 0; i < n; i++) {
        if (sqlite3_prepare_v3(db, sql[i], -1, SQLITE_PREPARE_PERSISTENT, &statements[i], NULL) !=
            SQLITE_OK) {
            g_set_error(error, CW_STORE_ERROR, CW_STORE_ERROR_OPEN, "%s", sqlite3_errmsg(db));
            return FALSE;
        }
    }
    return TRUE;
}

static void bind_place(sqlite3_stmt *statement, const CwArchivePlace *place)
{
    cw_sql_bind_text(statement, 1, place->domain);
    cw_sql_bind_text(statement, 2, place->jid);
    cw_sql_bind_text(statement, 3, place->room);
}

static void end(sqlite3_stmt *statement)
{
    sqlite3_reset(statement); /* ends a read transaction: a checkpoint may go on */
    sqlite3_clear_bindings(statement);
}

char *cw_archive_box_place(const char *domain, const char *room, const char *id)
{
    return g_strconcat("archive\n", domain, "\n", room, "\n", id, NULL);
}

/* ---- writing ---- */

typedef enum { WRITE_PUT, WRITE_TRIM, WRITE_EXPIRE, N_WRITES } Write;

static const char *const writes_sql[N_WRITES] = {
    /* Nothing happens when the user is gone. */
    [WRITE_PUT] = ("INSERT INTO archive (user, room, id, nick, who, stanza_id, text, said)"
                   " SELECT id, ?3, ?4, ?5, ?6, ?7, ?8, ?9 FROM users WHERE domain = ?1 AND"
                   " jid = ?2 ON CONFLICT DO NOTHING"),
    [WRITE_TRIM] = ("DELETE FROM archive WHERE user = " USER " AND room = ?3 AND number <="
                    " (SELECT number FROM archive WHERE user = " USER
                    "  AND room = ?3 ORDER BY number DESC LIMIT 1 OFFSET ?4)"),
    [WRITE_EXPIRE] = ("DELETE FROM archive WHERE number IN"
                      " (SELECT number FROM archive WHERE said < ?1 ORDER BY said LIMIT ?2)"),
};

struct CwArchiveWriter {
    sqlite3 *db;
    sqlite3_stmt *statements[N_WRITES];
};

CwArchiveWriter *cw_archive_writer_new(sqlite3 *db, GError **error)
{
    CwArchiveWriter *writer = g_new0(CwArchiveWriter, 1);

    writer->db = db;
    if (prepare(db, writes_sql, writer->statements, N_WRITES, error))
        return writer;
    cw_archive_writer_free(writer);
    return NULL;
}

void cw_archive_writer_free(CwArchiveWriter *writer)
{
    if (!writer)
        return;
    for (guint i = 0; i < N_WRITES; i++)
        sqlite3_finalize(writer->statements[i]);
    g_free(writer);
}

static gboolean run(sqlite3_stmt *statement)
{
    gboolean done = sqlite3_step(statement) == SQLITE_DONE;
    end(statement);
    return done;
}

gboolean cw_archive_writer_put(CwArchiveWriter *writer, const CwArchivePlace *place,
                               const CwArchived *line, GBytes *box)
{
    sqlite3_stmt *statement = writer->statements[WRITE_PUT];
    gsize size;
    const void *data = g_bytes_get_data(box, &size);
    bind_place(statement, place);
    cw_sql_bind_text(statement, 4, line->id);
    cw_sql_bind_text(statement, 5, line->nick);
    cw_sql_bind_text(statement, 6, line->who);
    cw_sql_bind_text(statement, 7, line->stanza_id);
    sqlite3_bind_blob(statement, 8, data, (int)size, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 9, line->said);
    return run(statement);
}

gboolean cw_archive_writer_trim(CwArchiveWriter *writer, const CwArchivePlace *place, guint most)
{
    sqlite3_stmt *statement = writer->statements[WRITE_TRIM];
    bind_place(statement, place);
    sqlite3_bind_int64(statement, 4, most);
    return run(statement);
}

gboolean cw_archive_writer_expire(CwArchiveWriter *writer, gint64 before, guint *n)
{
    sqlite3_stmt *statement = writer->statements[WRITE_EXPIRE];
    sqlite3_bind_int64(statement, 1, before);
    sqlite3_bind_int64(statement, 2, CW_ARCHIVE_EXPIRE_BATCH);
    gboolean done = run(statement);
    *n = done ? (guint)sqlite3_changes(writer->db) : 0;
    return done;
}

/* ---- reading ---- */

typedef enum {
    READ_LIST,
    READ_LIST_LAST,
    READ_COUNT,
    READ_FIND,
    READ_HAS,
    READ_COPIES,
    N_READS
} Read;

struct CwArchiveReader {
    sqlite3 *db;
    CwSeal *seal;
    sqlite3_stmt *statements[N_READS];
};

CwArchiveReader *cw_archive_reader_new(sqlite3 *db, CwSeal *seal, GError **error)
{
    const char *const sql[N_READS] = {
        [READ_LIST] = cw_archive_list_sql,
        [READ_LIST_LAST] = cw_archive_list_last_sql,
        [READ_COUNT] = cw_archive_count_sql,
        [READ_FIND] = "SELECT number FROM archive WHERE user = " USER " AND room = ?3 AND id = ?4",
        [READ_HAS] = "SELECT 1 FROM archive WHERE user = " USER " AND room = ?3 LIMIT 1",
        [READ_COPIES] = ("SELECT id, text FROM archive WHERE number IN (SELECT number FROM"
                         " (SELECT number, said, nick FROM archive WHERE user = " USER
                         "  AND room = ?3 AND number <= ?8 ORDER BY number DESC LIMIT ?4)"
                         " WHERE said BETWEEN ?5 - ?6 AND ?5 + ?6 AND nick IS ?7)"
                         " ORDER BY abs(said - ?5), number"),
    };
    CwArchiveReader *reader = g_new0(CwArchiveReader, 1);

    reader->db = db;
    reader->seal = seal;
    if (prepare(db, sql, reader->statements, N_READS, error))
        return reader;
    cw_archive_reader_free(reader);
    return NULL;
}

void cw_archive_reader_free(CwArchiveReader *reader)
{
    if (!reader)
        return;
    for (guint i = 0; i < N_READS; i++)
        sqlite3_finalize(reader->statements[i]);
    g_free(reader);
}

static gboolean finish(CwArchiveReader *reader, sqlite3_stmt *statement, int result, GError **error)
{
    gboolean done = result == SQLITE_DONE || result == SQLITE_ROW;
    if (!done)
        g_set_error(error, CW_STORE_ERROR, CW_STORE_ERROR_READ, "cannot read from the store: %s",
                    sqlite3_errmsg(reader->db));
    end(statement);
    return done;
}

/* (transfer full) NULL: it does not ask for certain lines */
static char *numbers_as_json(const CwArchiveFilter *filter)
{
    if (!filter->numbers)
        return NULL;
    GString *json = g_string_new("[");
    for (guint i = 0; i < filter->n_numbers; i++)
        g_string_append_printf(json, "%s%" G_GINT64_FORMAT, i ? "," : "", filter->numbers[i]);
    g_string_append_c(json, ']');
    return g_string_free(json, FALSE);
}

static sqlite3_stmt *bind_filter(CwArchiveReader *reader, Read which, const CwArchivePlace *place,
                                 const CwArchiveFilter *filter)
{
    sqlite3_stmt *statement = reader->statements[which];
    bind_place(statement, place);
    sqlite3_bind_int64(statement, 4, filter->after);
    sqlite3_bind_int64(statement, 5, filter->before ? filter->before : G_MAXINT64);
    if (filter->start)
        sqlite3_bind_int64(statement, 6, filter->start);
    if (filter->has_end)
        sqlite3_bind_int64(statement, 7, filter->end);
    cw_sql_bind_text(statement, 8, filter->nick);
    cw_sql_bind_text(statement, 9, filter->other_nick ? filter->other_nick : filter->nick);
    cw_sql_bind_text(statement, 10, filter->who);
    char *json = numbers_as_json(filter);
    if (json)
        sqlite3_bind_text(statement, 11, json, -1, g_free);
    return statement;
}

static char *open_text(CwArchiveReader *reader, const CwArchivePlace *place, const char *id,
                       sqlite3_stmt *statement, int column)
{
    g_autofree char *box_place = cw_archive_box_place(place->domain, place->room, id);
    g_autoptr(GBytes) box = cw_sql_column_bytes(statement, column);
    return cw_seal_open_text(reader->seal, box, box_place, NULL);
}

/* Its text NULL: it does not open. */
static CwArchived *read_line(CwArchiveReader *reader, const CwArchivePlace *place,
                             sqlite3_stmt *statement)
{
    CwArchived *line = g_new0(CwArchived, 1);
    line->number = sqlite3_column_int64(statement, 0);
    line->id = cw_sql_column_text(statement, 1);
    line->nick = cw_sql_column_text(statement, 2);
    line->who = cw_sql_column_text(statement, 3);
    line->stanza_id = cw_sql_column_text(statement, 4);
    line->text = open_text(reader, place, line->id, statement, 5);
    line->said = sqlite3_column_int64(statement, 6);
    return line;
}

static void reverse(GPtrArray *list)
{
    for (guint i = 0; i < list->len / 2; i++) {
        gpointer other = list->pdata[i];
        list->pdata[i] = list->pdata[list->len - 1 - i];
        list->pdata[list->len - 1 - i] = other;
    }
}

GPtrArray *cw_archive_reader_list(CwArchiveReader *reader, const CwArchivePlace *place,
                                  const CwArchiveFilter *filter, gboolean last, guint limit,
                                  gsize size, GError **error)
{
    sqlite3_stmt *statement = bind_filter(reader, last ? READ_LIST_LAST : READ_LIST, place, filter);
    g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func((GDestroyNotify)cw_archived_free);
    gsize total = 0;
    guint n_bad = 0;
    int result = SQLITE_DONE;
    while (list->len < limit && (total < size || list->len == 0) &&
           (result = sqlite3_step(statement)) == SQLITE_ROW) {
        CwArchived *line = read_line(reader, place, statement);
        if (line->text) {
            total += strlen(line->text);
            g_ptr_array_add(list, line);
        } else {
            n_bad++;
            cw_archived_free(line);
        }
    }
    if (n_bad > 0)
        g_warning("store: %u line(s) of the archive of a room of %s at %s cannot be opened and are "
                  "skipped: made with another key, or damaged",
                  n_bad, place->jid, place->domain);
    if (last)
        reverse(list);
    return finish(reader, statement, result, error) ? g_steal_pointer(&list) : NULL;
}

/* The number in the one row of a read, 0 when there is none, -1 when it fails, which is logged. */
static gint64 read_number(CwArchiveReader *reader, sqlite3_stmt *statement)
{
    g_autoptr(GError) error = NULL;
    int result = sqlite3_step(statement);
    gint64 number = result == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
    if (finish(reader, statement, result, &error))
        return number;
    g_warning("store: %s", error->message);
    return -1;
}

gint64 cw_archive_reader_count(CwArchiveReader *reader, const CwArchivePlace *place,
                               const CwArchiveFilter *filter, guint most)
{
    sqlite3_stmt *statement = bind_filter(reader, READ_COUNT, place, filter);
    sqlite3_bind_int64(statement, 12, most);
    return read_number(reader, statement);
}

gint64 cw_archive_reader_find(CwArchiveReader *reader, const CwArchivePlace *place, const char *id)
{
    sqlite3_stmt *statement = reader->statements[READ_FIND];
    bind_place(statement, place);
    cw_sql_bind_text(statement, 4, id);
    return read_number(reader, statement);
}

gint64 cw_archive_reader_has(CwArchiveReader *reader, const CwArchivePlace *place)
{
    bind_place(reader->statements[READ_HAS], place);
    return read_number(reader, reader->statements[READ_HAS]);
}

char *cw_archive_reader_find_copy(CwArchiveReader *reader, const CwArchivePlace *place,
                                  const CwArchived *line, guint tolerance, gint64 until,
                                  GHashTable *besides)
{
    sqlite3_stmt *statement = reader->statements[READ_COPIES];
    g_autoptr(GError) error = NULL;
    char *found = NULL;
    int result = SQLITE_DONE;
    bind_place(statement, place);
    sqlite3_bind_int64(statement, 4, COPY_REACH);
    sqlite3_bind_int64(statement, 5, line->said);
    sqlite3_bind_int64(statement, 6, tolerance);
    cw_sql_bind_text(statement, 7, line->nick);
    sqlite3_bind_int64(statement, 8, until);
    while (!found && (result = sqlite3_step(statement)) == SQLITE_ROW) {
        g_autofree char *id = cw_sql_column_text(statement, 0);
        g_autofree char *text = open_text(reader, place, id, statement, 1);
        if (g_strcmp0(text, line->text) == 0 && !g_hash_table_contains(besides, id))
            found = g_steal_pointer(&id);
    }
    if (!finish(reader, statement, result, &error))
        g_warning("store: %s", error->message);
    return found;
}
