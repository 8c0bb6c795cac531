/* transport/store-read.c: what is read from the store, on the caller's thread
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "transport/store-private.h"

#include <string.h>

#include <sqlite3.h>

#include "transport/store-archive.h"
#include "transport/store-remembered.h"
#include "transport/store-schema.h"
#include "transport/store-sql.h"

typedef enum {
    STATEMENT_GET_USER,
    STATEMENT_GET_OPTIONS,
    STATEMENT_GET_PREFERENCES,
    STATEMENT_HAS_USER,
    STATEMENT_COUNT_USERS,
    STATEMENT_LIST_USERS,
    STATEMENT_LIST_CONTACTS,
    STATEMENT_LIST_REQUESTS,
    STATEMENT_LIST_ROOMS,
    STATEMENT_LIST_STAYING,
    STATEMENT_LIST_SPOOLED,
    STATEMENT_LIST_SPOOLED_OF_USER,
    STATEMENT_LAST_SPOOLED,
    N_STATEMENTS,
} Statement;

static const char *const statements_sql[N_STATEMENTS] = {
    [STATEMENT_GET_USER] =
        "SELECT username, password, created, id FROM users WHERE domain = ?1 AND jid = ?2",
    [STATEMENT_GET_OPTIONS] = "SELECT name, value FROM user_options WHERE user = ?1",
    [STATEMENT_GET_PREFERENCES] = "SELECT name, value FROM user_preferences WHERE user = ?1",
    [STATEMENT_HAS_USER] = "SELECT 1 FROM users WHERE domain = ?1 AND jid = ?2",
    [STATEMENT_COUNT_USERS] = "SELECT count(*) FROM users WHERE domain = ?1",
    [STATEMENT_LIST_USERS] =
        "SELECT jid FROM users WHERE domain = ?1 AND jid > ?2 ORDER BY jid LIMIT ?3",
    [STATEMENT_LIST_CONTACTS] =
        ("SELECT name, alias, \"group\", offered, subscription, agreed, subscribed FROM contacts"
         " WHERE user ="
         " (SELECT id FROM users WHERE domain = ?1 AND jid = ?2) ORDER BY name"),
    [STATEMENT_LIST_REQUESTS] =
        ("SELECT contact, nick, text, answer FROM requests WHERE user ="
         " (SELECT id FROM users WHERE domain = ?1 AND jid = ?2) ORDER BY contact"),
    [STATEMENT_LIST_ROOMS] =
        ("SELECT name, nick, password, \"join\", stay, told, bookmarked FROM kept_rooms WHERE user "
         "="
         " (SELECT id FROM users WHERE domain = ?1 AND jid = ?2) ORDER BY name"),
    [STATEMENT_LIST_STAYING] =
        ("SELECT jid FROM users WHERE domain = ?1 AND jid > ?2 AND EXISTS"
         "  (SELECT 1 FROM kept_rooms WHERE user = users.id AND stay)"
         " AND NOT EXISTS (SELECT 1 FROM user_preferences WHERE user = users.id"
         "  AND name = 'logged-out' AND value = '1') ORDER BY jid LIMIT ?3"),
    [STATEMENT_LAST_SPOOLED] = "SELECT max(id) FROM spool WHERE domain = ?1",
};

struct CwStoreReader {
    sqlite3 *db;
    sqlite3_stmt *statements[N_STATEMENTS];
    CwArchiveReader *archive;
    CwRememberedReader *remembered;
};

/* The reader's n-th statement; the two that the schema's indices are made for stand with it. */
static const char *sql_of(Statement which)
{
    return which == STATEMENT_LIST_SPOOLED           ? cw_store_list_spooled_sql
           : which == STATEMENT_LIST_SPOOLED_OF_USER ? cw_store_list_spooled_of_user_sql
                                                     : statements_sql[which];
}

static gboolean prepare(CwStoreReader *reader, CwSeal *seal, GError **error)
{
    for (guint i = 0; i < N_STATEMENTS; i++) {
        if (sqlite3_prepare_v3(reader->db, sql_of(i), -1, SQLITE_PREPARE_PERSISTENT,
                               &reader->statements[i], NULL) != SQLITE_OK) {
            g_set_error(error, CW_STORE_ERROR, CW_STORE_ERROR_OPEN, "%s",
                        sqlite3_errmsg(reader->db));
            return FALSE;
        }
    }
    reader->archive = cw_archive_reader_new(reader->db, seal, error);
    reader->remembered = reader->archive ? cw_remembered_reader_new(reader->db, error) : NULL;
    return reader->remembered != NULL;
}

CwStoreReader *cw_store_reader_new(sqlite3 *db, CwSeal *seal, GError **error)
{
    CwStoreReader *reader = g_new0(CwStoreReader, 1);
    reader->db = db;
    if (prepare(reader, seal, error))
        return reader;
    cw_store_reader_free(reader);
    return NULL;
}

void cw_store_reader_free(CwStoreReader *reader)
{
    if (!reader)
        return;
    for (guint i = 0; i < N_STATEMENTS; i++)
        sqlite3_finalize(reader->statements[i]);
    cw_archive_reader_free(reader->archive);
    cw_remembered_reader_free(reader->remembered);
    sqlite3_close(reader->db);
    g_free(reader);
}

static sqlite3_stmt *bind(CwStore *store, Statement which, const char *domain, const char *jid)
{
    sqlite3_stmt *statement = store->reader->statements[which];
    sqlite3_bind_text(statement, 1, domain, -1, SQLITE_STATIC);
    if (jid)
        sqlite3_bind_text(statement, 2, jid, -1, SQLITE_STATIC);
    return statement;
}

/* Ends a read that stands at `result`.  FALSE with `error`: it broke off. */
static gboolean finish(CwStore *store, sqlite3_stmt *statement, int result, GError **error)
{
    if (result != SQLITE_DONE && result != SQLITE_ROW)
        g_set_error(error, CW_STORE_ERROR, CW_STORE_ERROR_READ, "cannot read from the store: %s",
                    sqlite3_errmsg(store->reader->db));
    sqlite3_reset(statement); /* ends the read transaction: a checkpoint may go on */
    sqlite3_clear_bindings(statement);
    return result == SQLITE_DONE || result == SQLITE_ROW;
}

static gboolean read_password(CwStore *store, CwUser *user, sqlite3_stmt *statement, int column,
                              GError **error)
{
    if (sqlite3_column_type(statement, column) == SQLITE_NULL)
        return TRUE;
    g_autoptr(GBytes) box = cw_sql_column_bytes(statement, column);
    g_autofree char *place = cw_store_password_place(user->domain, user->jid);
    g_autoptr(GError) local = NULL;
    user->password = cw_seal_open_box(store->seal, box, place, &local);
    if (!user->password)
        g_set_error(error, CW_STORE_ERROR, CW_STORE_ERROR_READ, "the password of %s at %s: %s",
                    user->jid, user->domain, local->message);
    return user->password != NULL;
}

/* Names and values of the user with this number. */
static gboolean read_pairs(CwStore *store, Statement which, gint64 id, GHashTable *into,
                           GError **error)
{
    sqlite3_stmt *statement = store->reader->statements[which];
    sqlite3_bind_int64(statement, 1, id);
    int result;
    while ((result = sqlite3_step(statement)) == SQLITE_ROW)
        g_hash_table_insert(into, cw_sql_column_text(statement, 0),
                            cw_sql_column_text(statement, 1));
    return finish(store, statement, result, error);
}

CwUser *cw_store_get_user(CwStore *store, const char *domain, const char *jid, GError **error)
{
    sqlite3_stmt *statement = bind(store, STATEMENT_GET_USER, domain, jid);
    g_autoptr(CwUser) user = NULL;
    gboolean whole = TRUE;
    int result = sqlite3_step(statement);
    if (result == SQLITE_ROW) {
        user = cw_user_new(domain, jid);
        user->username = cw_sql_column_text(statement, 0);
        user->created = sqlite3_column_int64(statement, 2);
        gint64 id = sqlite3_column_int64(statement, 3);
        whole = read_password(store, user, statement, 1, error) &&
                read_pairs(store, STATEMENT_GET_OPTIONS, id, user->options, error) &&
                read_pairs(store, STATEMENT_GET_PREFERENCES, id, user->preferences, error);
    }
    if (!finish(store, statement, result, whole ? error : NULL) || !whole)
        return NULL;
    return g_steal_pointer(&user);
}

/* The number in the one row of a read, 0 when there is none, `failure` when it fails, which is
 * logged. */
static gint64 read_number(CwStore *store, Statement which, const char *domain, const char *jid,
                          gint64 failure)
{
    sqlite3_stmt *statement = bind(store, which, domain, jid);
    g_autoptr(GError) error = NULL;
    int result = sqlite3_step(statement);
    gint64 number = result == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
    if (finish(store, statement, result, &error))
        return number;
    g_warning("store: %s", error->message);
    return failure;
}

gboolean cw_store_has_user(CwStore *store, const char *domain, const char *jid)
{
    return read_number(store, STATEMENT_HAS_USER, domain, jid, 0) != 0;
}

guint cw_store_count_users(CwStore *store, const char *domain)
{
    return (guint)read_number(store, STATEMENT_COUNT_USERS, domain, NULL, 0);
}

static GPtrArray *list_jids(CwStore *store, Statement which, const char *domain, const char *after,
                            guint limit, GError **error)
{
    sqlite3_stmt *statement = bind(store, which, domain, after ? after : "");
    g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(g_free);
    sqlite3_bind_int64(statement, 3, limit);
    int result;
    while ((result = sqlite3_step(statement)) == SQLITE_ROW)
        g_ptr_array_add(list, cw_sql_column_text(statement, 0));
    return finish(store, statement, result, error) ? g_steal_pointer(&list) : NULL;
}

GPtrArray *cw_store_list_users(CwStore *store, const char *domain, const char *after, guint limit,
                               GError **error)
{
    return list_jids(store, STATEMENT_LIST_USERS, domain, after, limit, error);
}

GPtrArray *cw_store_list_staying(CwStore *store, const char *domain, const char *after, guint limit,
                                 GError **error)
{
    return list_jids(store, STATEMENT_LIST_STAYING, domain, after, limit, error);
}

GPtrArray *cw_store_list_contacts(CwStore *store, const char *domain, const char *jid,
                                  GError **error)
{
    sqlite3_stmt *statement = bind(store, STATEMENT_LIST_CONTACTS, domain, jid);
    g_autoptr(GPtrArray) list =
        g_ptr_array_new_with_free_func((GDestroyNotify)cw_stored_contact_free);
    int result;
    while ((result = sqlite3_step(statement)) == SQLITE_ROW) {
        CwStoredContact *contact = g_new0(CwStoredContact, 1);
        contact->name = cw_sql_column_text(statement, 0);
        contact->alias = cw_sql_column_text(statement, 1);
        contact->group = cw_sql_column_text(statement, 2);
        contact->offered = sqlite3_column_int(statement, 3) != 0;
        contact->unanswered = sqlite3_column_int(statement, 3) == 2;
        contact->subscription = (CwSubscription)sqlite3_column_int(statement, 4);
        contact->agreed = (guint)sqlite3_column_int(statement, 5);
        contact->subscribed = sqlite3_column_int(statement, 6) != 0;
        g_ptr_array_add(list, contact);
    }
    return finish(store, statement, result, error) ? g_steal_pointer(&list) : NULL;
}

GPtrArray *cw_store_list_requests(CwStore *store, const char *domain, const char *jid,
                                  GError **error)
{
    sqlite3_stmt *statement = bind(store, STATEMENT_LIST_REQUESTS, domain, jid);
    g_autoptr(GPtrArray) list =
        g_ptr_array_new_with_free_func((GDestroyNotify)cw_stored_request_free);
    int result;
    while ((result = sqlite3_step(statement)) == SQLITE_ROW) {
        CwStoredRequest *request = g_new0(CwStoredRequest, 1);
        request->contact = cw_sql_column_text(statement, 0);
        request->nick = cw_sql_column_text(statement, 1);
        request->text = cw_sql_column_text(statement, 2);
        request->answer = (CwAnswer)sqlite3_column_int(statement, 3);
        g_ptr_array_add(list, request);
    }
    return finish(store, statement, result, error) ? g_steal_pointer(&list) : NULL;
}

static CwSecret *read_room_password(CwStore *store, sqlite3_stmt *statement, int column,
                                    const char *domain, const char *jid, const char *name)
{
    g_autofree char *place = cw_store_room_place(domain, jid, name);
    g_autoptr(GError) error = NULL;

    if (sqlite3_column_type(statement, column) == SQLITE_NULL)
        return NULL;
    g_autoptr(GBytes) box = cw_sql_column_bytes(statement, column);
    CwSecret *password = cw_seal_open_box(store->seal, box, place, &error);
    if (!password)
        g_warning("store: the password of a room of %s at %s: %s", jid, domain, error->message);
    return password;
}

GPtrArray *cw_store_list_rooms(CwStore *store, const char *domain, const char *jid, GError **error)
{
    sqlite3_stmt *statement = bind(store, STATEMENT_LIST_ROOMS, domain, jid);
    g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func((GDestroyNotify)cw_stored_room_free);
    int result;
    while ((result = sqlite3_step(statement)) == SQLITE_ROW) {
        CwStoredRoom *room = g_new0(CwStoredRoom, 1);
        room->name = cw_sql_column_text(statement, 0);
        room->nick = cw_sql_column_text(statement, 1);
        room->password = read_room_password(store, statement, 2, domain, jid, room->name);
        room->join = sqlite3_column_int(statement, 3) != 0;
        room->stay = sqlite3_column_int(statement, 4) != 0;
        room->told = sqlite3_column_int(statement, 5) != 0;
        room->bookmarked = sqlite3_column_int(statement, 6) != 0;
        g_ptr_array_add(list, room);
    }
    return finish(store, statement, result, error) ? g_steal_pointer(&list) : NULL;
}

/* Its text NULL: it does not open. */
static CwSpooled *read_spooled(CwStore *store, sqlite3_stmt *statement, const char *domain,
                               CwSpoolWay way)
{
    CwSpooled *spooled = g_new0(CwSpooled, 1);
    spooled->id = sqlite3_column_int64(statement, 0);
    spooled->way = way;
    spooled->jid = cw_sql_column_text(statement, 1);
    spooled->contact = cw_sql_column_text(statement, 2);
    spooled->stanza_id = cw_sql_column_text(statement, 3);
    spooled->resource = cw_sql_column_text(statement, 4);
    spooled->made = sqlite3_column_int64(statement, 6);
    spooled->sent = sqlite3_column_int(statement, 7) != 0;
    g_autoptr(GBytes) box = cw_sql_column_bytes(statement, 5);
    g_autofree char *place = cw_store_spool_place(domain, spooled->jid, spooled->id);
    spooled->text = cw_seal_open_text(store->seal, box, place, NULL);
    return spooled;
}

GPtrArray *cw_store_list_spooled(CwStore *store, const char *domain, CwSpoolWay way,
                                 const char *jid, gint64 after, guint limit, GError **error)
{
    sqlite3_stmt *statement =
        bind(store, jid ? STATEMENT_LIST_SPOOLED_OF_USER : STATEMENT_LIST_SPOOLED, domain, jid);
    g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func((GDestroyNotify)cw_spooled_free);
    CwSpooled *bad = NULL;
    guint n_bad = 0;
    sqlite3_bind_int(statement, 3, (int)way);
    sqlite3_bind_int64(statement, 4, after);
    int result = SQLITE_DONE;
    while (list->len < limit && (result = sqlite3_step(statement)) == SQLITE_ROW) {
        CwSpooled *spooled = read_spooled(store, statement, domain, way);
        if (spooled->text)
            g_ptr_array_add(list, spooled);
        else if (n_bad++ == 0)
            bad = spooled;
        else
            cw_spooled_free(spooled);
    }
    if (n_bad > 0)
        g_warning("store: %u waiting message(s) cannot be opened and are skipped: made with "
                  "another key, or damaged; the first is number %" G_GINT64_FORMAT " of %s at %s",
                  n_bad, bad->id, bad->jid, domain);
    cw_spooled_free(bad);
    return finish(store, statement, result, error) ? g_steal_pointer(&list) : NULL;
}

gint64 cw_store_last_spooled(CwStore *store, const char *domain)
{
    return read_number(store, STATEMENT_LAST_SPOOLED, domain, NULL, -1);
}

GPtrArray *cw_store_list_archive(CwStore *store, const char *domain, const char *jid,
                                 const char *room, const CwArchiveFilter *filter, gboolean last,
                                 guint limit, gsize size, GError **error)
{
    const CwArchivePlace place = {domain, jid, room};
    return cw_archive_reader_list(store->reader->archive, &place, filter, last, limit, size, error);
}

gint64 cw_store_count_archive(CwStore *store, const char *domain, const char *jid, const char *room,
                              const CwArchiveFilter *filter, guint most)
{
    const CwArchivePlace place = {domain, jid, room};
    return cw_archive_reader_count(store->reader->archive, &place, filter, most);
}

gint64 cw_store_find_archived(CwStore *store, const char *domain, const char *jid, const char *room,
                              const char *id)
{
    const CwArchivePlace place = {domain, jid, room};
    return cw_archive_reader_find(store->reader->archive, &place, id);
}

gboolean cw_store_has_archive(CwStore *store, const char *domain, const char *jid, const char *room)
{
    const CwArchivePlace place = {domain, jid, room};
    return cw_archive_reader_has(store->reader->archive, &place) > 0;
}

char *cw_store_find_copy(CwStore *store, const char *domain, const char *jid, const char *room,
                         const CwArchived *line, guint tolerance, gint64 until, GHashTable *besides)
{
    const CwArchivePlace place = {domain, jid, room};
    return cw_archive_reader_find_copy(store->reader->archive, &place, line, tolerance, until,
                                       besides);
}

typedef struct {
    const char *domain, *jid;
    GHashTable *boxes; /* name -> GBytes */
} Remembered;

static void overlay(const CwWrite *write, gpointer data)
{
    const Remembered *remembered = data;

    if (!g_str_equal(write->user->jid, remembered->jid) ||
        !g_str_equal(write->user->domain, remembered->domain))
        return;
    if (write->kind != CW_WRITE_REMEMBER)
        g_hash_table_remove_all(remembered->boxes);
    else if (write->box)
        g_hash_table_replace(remembered->boxes, g_strdup(write->name), g_bytes_ref(write->box));
    else
        g_hash_table_remove(remembered->boxes, write->name);
}

GHashTable *cw_store_list_remembered(CwStore *store, const char *domain, const char *jid,
                                     GError **error)
{
    g_autoptr(GHashTable) boxes =
        cw_remembered_reader_list(store->reader->remembered, domain, jid, error);
    GHashTableIter iter;
    gpointer name, box;
    guint n_bad = 0;

    if (!boxes)
        return NULL;
    cw_store_writer_each_unfinished(store->writer, overlay, &(Remembered){domain, jid, boxes});
    GHashTable *values = cw_secret_table_new();
    g_hash_table_iter_init(&iter, boxes);
    while (g_hash_table_iter_next(&iter, &name, &box)) {
        g_autofree char *place = cw_remembered_box_place(domain, name);
        char *value = cw_seal_open_text(store->seal, box, place, NULL);
        if (value)
            g_hash_table_insert(values, g_strdup(name), value);
        else
            n_bad++;
    }
    if (n_bad > 0)
        g_warning("store: %u remembered value(s) of %s at %s cannot be opened and are skipped: "
                  "made with another key, or damaged",
                  n_bad, jid, domain);
    return values;
}
