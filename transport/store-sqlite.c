/* transport/store-sqlite.c: the store in one SQLite file
 *
 * Two connections to one database in WAL mode: the writer thread has one (store-writer.c), the
 * caller's thread reads on the other without waiting for it.  Passwords and the texts of messages
 * are sealed and opened here, on the caller's thread; the writer sees boxes only.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "transport/store.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sqlite3.h>

#include "transport/seal.h"
#include "transport/store-archive.h"
#include "transport/store-remembered.h"
#include "transport/store-schema.h"
#include "transport/store-writer.h"

#define BUSY_TIMEOUT 5000 /* ms; only a checkpoint ever makes the other connection wait */

/* Sealed in the database under its own name: tells at start whether key and database fit. */
#define KEY_CHECK "key-check"

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
        ("SELECT name, alias, \"group\", offered, subscription, agreed FROM contacts WHERE user ="
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

struct CwStore {
    char *path;
    sqlite3 *db; /* for reading */
    sqlite3_stmt *statements[N_STATEMENTS];
    CwArchiveReader *archive;
    CwRememberedReader *remembered;
    CwSeal *seal;
    CwStoreWriter *writer;
};

/* ---- opening ---- */

/* Makes the file with mode 0600; SQLite gives -wal and -shm the same. */
static gboolean touch_file(const char *path, GError **error)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    struct stat info;
    gboolean done =
        fd >= 0 && fstat(fd, &info) == 0 && ((info.st_mode & 0077) == 0 || fchmod(fd, 0600) == 0);
    if (!done)
        g_set_error(error, CW_STORE_ERROR, CW_STORE_ERROR_OPEN, "%s", g_strerror(errno));
    if (fd >= 0)
        close(fd);
    return done;
}

static sqlite3 *open_connection(const char *path, const char *pragmas, GError **error)
{
    sqlite3 *db = NULL;
    if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) ==
        SQLITE_OK) {
        sqlite3_extended_result_codes(db, 1);
        sqlite3_busy_timeout(db, BUSY_TIMEOUT);
        if (cw_store_exec(db, pragmas, CW_STORE_ERROR_OPEN, error))
            return db;
    } else {
        g_set_error(error, CW_STORE_ERROR, CW_STORE_ERROR_OPEN, "%s",
                    db ? sqlite3_errmsg(db) : "out of memory");
    }
    sqlite3_close(db);
    return NULL;
}

static sqlite3 *open_for_writing(const char *path, GError **error)
{
    return open_connection(path,
                           "PRAGMA journal_mode = WAL;"
                           "PRAGMA synchronous = NORMAL;"
                           "PRAGMA secure_delete = ON;"
                           "PRAGMA foreign_keys = ON;"
                           "PRAGMA temp_store = MEMORY;" /* nothing of ours in /tmp */
                           "PRAGMA trusted_schema = OFF;",
                           error);
}

static GBytes *column_bytes(sqlite3_stmt *statement, int column)
{
    const void *bytes = sqlite3_column_blob(statement, column);
    return g_bytes_new(bytes, (gsize)sqlite3_column_bytes(statement, column));
}

static gboolean write_key_check(sqlite3 *db, CwSeal *seal, GError **error)
{
    g_autoptr(CwSecret) text = cw_secret_new(KEY_CHECK);
    g_autoptr(GBytes) box = cw_seal_close_box(seal, text, KEY_CHECK);
    sqlite3_stmt *statement = NULL;
    gsize size;
    const void *bytes = g_bytes_get_data(box, &size);
    gboolean done = sqlite3_prepare_v2(db, "INSERT INTO meta (name, value) VALUES (?1, ?2)", -1,
                                       &statement, NULL) == SQLITE_OK &&
                    sqlite3_bind_text(statement, 1, KEY_CHECK, -1, SQLITE_STATIC) == SQLITE_OK &&
                    sqlite3_bind_blob(statement, 2, bytes, (int)size, SQLITE_STATIC) == SQLITE_OK &&
                    sqlite3_step(statement) == SQLITE_DONE;
    if (!done)
        g_set_error(error, CW_STORE_ERROR, CW_STORE_ERROR_OPEN, "%s", sqlite3_errmsg(db));
    sqlite3_finalize(statement);
    return done;
}

/* (transfer full) or NULL: not there, which a crash between schema and check value leaves. */
static GBytes *read_key_check(sqlite3 *db)
{
    sqlite3_stmt *statement = NULL;
    GBytes *box = NULL;
    if (sqlite3_prepare_v2(db, "SELECT value FROM meta WHERE name = '" KEY_CHECK "'", -1,
                           &statement, NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW)
        box = column_bytes(statement, 0);
    sqlite3_finalize(statement);
    return box;
}

/* The key must be there before the first secret is sealed, and is made only for a database that
 * holds none: a new key beside old boxes would hide that the old key is lost. */
static CwSeal *open_seal(sqlite3 *db, const char *key_path, GError **error)
{
    g_autoptr(GBytes) box = read_key_check(db);
    g_autoptr(GError) local = NULL;
    g_autoptr(CwSeal) seal = cw_seal_open(key_path, box == NULL, &local);
    if (!seal) {
        g_set_error(error, CW_STORE_ERROR, CW_STORE_ERROR_KEY, "%s%s", local->message,
                    box ? "; the passwords in the database open with this key alone" : "");
        return NULL;
    }
    if (!box)
        return write_key_check(db, seal, error) ? g_steal_pointer(&seal) : NULL;

    g_autoptr(CwSecret) text = cw_seal_open_box(seal, box, KEY_CHECK, NULL);
    if (!text) {
        g_set_error(error, CW_STORE_ERROR, CW_STORE_ERROR_KEY,
                    "the key in '%s' is not this database's: put the right key file back",
                    key_path);
        return NULL;
    }
    return g_steal_pointer(&seal);
}

/* The reader's n-th statement; the two that the schema's indices are made for stand with it. */
static const char *sql_of(Statement which)
{
    return which == STATEMENT_LIST_SPOOLED           ? cw_store_list_spooled_sql
           : which == STATEMENT_LIST_SPOOLED_OF_USER ? cw_store_list_spooled_of_user_sql
                                                     : statements_sql[which];
}

static gboolean open_reader(CwStore *store, GError **error)
{
    store->db = open_connection(store->path,
                                "PRAGMA query_only = ON;"
                                "PRAGMA temp_store = MEMORY;"
                                "PRAGMA trusted_schema = OFF;",
                                error);
    if (!store->db)
        return FALSE;
    for (guint i = 0; i < N_STATEMENTS; i++) {
        if (sqlite3_prepare_v3(store->db, sql_of(i), -1, SQLITE_PREPARE_PERSISTENT,
                               &store->statements[i], NULL) != SQLITE_OK) {
            g_set_error(error, CW_STORE_ERROR, CW_STORE_ERROR_OPEN, "%s",
                        sqlite3_errmsg(store->db));
            return FALSE;
        }
    }
    store->archive = cw_archive_reader_new(store->db, store->seal, error);
    store->remembered = store->archive ? cw_remembered_reader_new(store->db, error) : NULL;
    return store->remembered != NULL;
}

static gboolean open_all(CwStore *store, const char *key_path, GError **error)
{
    if (!touch_file(store->path, error))
        return FALSE;
    sqlite3 *db = open_for_writing(store->path, error);
    if (!db)
        return FALSE;
    if (!cw_store_migrate(db, cw_store_migrations, cw_store_n_migrations, error) ||
        !(store->seal = open_seal(db, key_path, error))) {
        sqlite3_close(db);
        return FALSE;
    }
    store->writer = cw_store_writer_new(db, error);
    return store->writer && open_reader(store, error);
}

CwStore *cw_store_open(const char *path, const char *key_path, GError **error)
{
    g_autoptr(CwStore) store = g_new0(CwStore, 1);
    store->path = g_strdup(path);
    if (open_all(store, key_path, error))
        return g_steal_pointer(&store);
    g_prefix_error(error, "cannot open the store '%s': ", path);
    return NULL;
}

void cw_store_free(CwStore *store)
{
    if (!store)
        return;
    cw_store_writer_stop(store->writer); /* those who waited for it may read what is there now */
    /* The reader first: the last connection to close empties the WAL, and only the writer's has
     * secure_delete. */
    for (guint i = 0; i < N_STATEMENTS; i++)
        sqlite3_finalize(store->statements[i]);
    cw_archive_reader_free(store->archive);
    cw_remembered_reader_free(store->remembered);
    sqlite3_close(store->db);
    cw_store_writer_free(store->writer);
    cw_seal_free(store->seal);
    g_free(store->path);
    g_free(store);
}

/* ---- reading ---- */

static sqlite3_stmt *bind(CwStore *store, Statement which, const char *domain, const char *jid)
{
    sqlite3_stmt *statement = store->statements[which];
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
                    sqlite3_errmsg(store->db));
    sqlite3_reset(statement); /* ends the read transaction: a checkpoint may go on */
    sqlite3_clear_bindings(statement);
    return result == SQLITE_DONE || result == SQLITE_ROW;
}

static char *column_text(sqlite3_stmt *statement, int column)
{
    return g_strdup((const char *)sqlite3_column_text(statement, column)); /* NULL stays NULL */
}

/* Binds a box to its row. */
static char *password_place(const char *domain, const char *jid)
{
    return g_strconcat("password\n", domain, "\n", jid, NULL);
}

static char *room_place(const char *domain, const char *jid, const char *room)
{
    return g_strconcat("room\n", domain, "\n", jid, "\n", room, NULL);
}

static char *spool_place(const char *domain, const char *jid, gint64 id)
{
    return g_strdup_printf("spool\n%s\n%s\n%" G_GINT64_FORMAT, domain, jid, id);
}

static gboolean read_password(CwStore *store, CwUser *user, sqlite3_stmt *statement, int column,
                              GError **error)
{
    if (sqlite3_column_type(statement, column) == SQLITE_NULL)
        return TRUE;
    g_autoptr(GBytes) box = column_bytes(statement, column);
    g_autofree char *place = password_place(user->domain, user->jid);
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
    sqlite3_stmt *statement = store->statements[which];
    sqlite3_bind_int64(statement, 1, id);
    int result;
    while ((result = sqlite3_step(statement)) == SQLITE_ROW)
        g_hash_table_insert(into, column_text(statement, 0), column_text(statement, 1));
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
        user->username = column_text(statement, 0);
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
        g_ptr_array_add(list, column_text(statement, 0));
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
        contact->name = column_text(statement, 0);
        contact->alias = column_text(statement, 1);
        contact->group = column_text(statement, 2);
        contact->offered = sqlite3_column_int(statement, 3) != 0;
        contact->unanswered = sqlite3_column_int(statement, 3) == 2;
        contact->subscription = (CwSubscription)sqlite3_column_int(statement, 4);
        contact->agreed = (guint)sqlite3_column_int(statement, 5);
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
        request->contact = column_text(statement, 0);
        request->nick = column_text(statement, 1);
        request->text = column_text(statement, 2);
        request->answer = (CwAnswer)sqlite3_column_int(statement, 3);
        g_ptr_array_add(list, request);
    }
    return finish(store, statement, result, error) ? g_steal_pointer(&list) : NULL;
}

static CwSecret *read_room_password(CwStore *store, sqlite3_stmt *statement, int column,
                                    const char *domain, const char *jid, const char *name)
{
    g_autofree char *place = room_place(domain, jid, name);
    g_autoptr(GError) error = NULL;

    if (sqlite3_column_type(statement, column) == SQLITE_NULL)
        return NULL;
    g_autoptr(GBytes) box = column_bytes(statement, column);
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
        room->name = column_text(statement, 0);
        room->nick = column_text(statement, 1);
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
    spooled->jid = column_text(statement, 1);
    spooled->contact = column_text(statement, 2);
    spooled->stanza_id = column_text(statement, 3);
    spooled->resource = column_text(statement, 4);
    spooled->made = sqlite3_column_int64(statement, 6);
    spooled->sent = sqlite3_column_int(statement, 7) != 0;
    g_autoptr(GBytes) box = column_bytes(statement, 5);
    g_autofree char *place = spool_place(domain, spooled->jid, spooled->id);
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
    return cw_archive_reader_list(store->archive, &place, filter, last, limit, size, error);
}

gint64 cw_store_count_archive(CwStore *store, const char *domain, const char *jid, const char *room,
                              const CwArchiveFilter *filter, guint most)
{
    const CwArchivePlace place = {domain, jid, room};
    return cw_archive_reader_count(store->archive, &place, filter, most);
}

gint64 cw_store_find_archived(CwStore *store, const char *domain, const char *jid, const char *room,
                              const char *id)
{
    const CwArchivePlace place = {domain, jid, room};
    return cw_archive_reader_find(store->archive, &place, id);
}

gboolean cw_store_has_archive(CwStore *store, const char *domain, const char *jid, const char *room)
{
    const CwArchivePlace place = {domain, jid, room};
    return cw_archive_reader_has(store->archive, &place) > 0;
}

char *cw_store_find_copy(CwStore *store, const char *domain, const char *jid, const char *room,
                         const CwArchived *line, guint tolerance, gint64 until, GHashTable *besides)
{
    const CwArchivePlace place = {domain, jid, room};
    return cw_archive_reader_find_copy(store->archive, &place, line, tolerance, until, besides);
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
    g_autoptr(GHashTable) boxes = cw_remembered_reader_list(store->remembered, domain, jid, error);
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

/* ---- writing ---- */

void cw_store_put_user(CwStore *store, const CwUser *user, CwStoreDone done, gpointer data)
{
    CwWrite *write = cw_write_new(CW_WRITE_PUT_USER, user->domain, user->jid, done, data);
    if (user->password) {
        g_autofree char *place = password_place(user->domain, user->jid);
        write->box = cw_seal_close_box(store->seal, user->password, place);
    }
    cw_user_free(write->user);
    write->user = cw_user_copy(user);
    g_clear_pointer(&write->user->password, cw_secret_unref);
    cw_store_writer_push(store->writer, write);
}

void cw_store_put_preferences(CwStore *store, const CwUser *user, CwStoreDone done, gpointer data)
{
    CwWrite *write = cw_write_new(CW_WRITE_PUT_PREFERENCES, user->domain, user->jid, done, data);
    GHashTableIter iter;
    gpointer name, value;
    g_hash_table_iter_init(&iter, user->preferences);
    while (g_hash_table_iter_next(&iter, &name, &value))
        g_hash_table_insert(write->user->preferences, g_strdup(name), g_strdup(value));
    cw_store_writer_push(store->writer, write);
}

void cw_store_delete_user(CwStore *store, const char *domain, const char *jid, CwStoreDone done,
                          gpointer data)
{
    cw_store_writer_push(store->writer,
                         cw_write_new(CW_WRITE_DELETE_USER, domain, jid, done, data));
}

void cw_store_move_user(CwStore *store, const CwUser *user, const char *jid, CwStoreDone done,
                        gpointer data)
{
    CwWrite *write = cw_write_new(CW_WRITE_MOVE_USER, user->domain, user->jid, done, data);
    write->new_jid = g_strdup(jid);
    if (user->password) {
        g_autofree char *place = password_place(user->domain, jid);
        write->box = cw_seal_close_box(store->seal, user->password, place);
    }
    /* Passwords of rooms are sealed for their user: for the new one anew. */
    g_autoptr(GPtrArray) rooms = cw_store_list_rooms(store, user->domain, user->jid, NULL);
    for (guint i = 0; rooms && i < rooms->len; i++) {
        const CwStoredRoom *room = g_ptr_array_index(rooms, i);
        if (!room->password)
            continue;
        g_autofree char *place = room_place(user->domain, jid, room->name);
        if (!write->boxes)
            write->boxes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
                                                 (GDestroyNotify)g_bytes_unref);
        g_hash_table_insert(write->boxes, g_strdup(room->name),
                            cw_seal_close_box(store->seal, room->password, place));
    }
    cw_store_writer_push(store->writer, write);
}

void cw_store_put_room(CwStore *store, const char *domain, const char *jid,
                       const CwStoredRoom *room)
{
    CwWrite *write = cw_write_new(CW_WRITE_PUT_ROOM, domain, jid, NULL, NULL);
    if (room->password) {
        g_autofree char *place = room_place(domain, jid, room->name);
        write->box = cw_seal_close_box(store->seal, room->password, place);
    }
    write->room = cw_stored_room_copy(room);
    g_clear_pointer(&write->room->password, cw_secret_unref);
    cw_store_writer_push(store->writer, write);
}

void cw_store_delete_room(CwStore *store, const char *domain, const char *jid, const char *name)
{
    CwWrite *write = cw_write_new(CW_WRITE_DELETE_ROOM, domain, jid, NULL, NULL);
    write->room = cw_stored_room_new(name, NULL);
    cw_store_writer_push(store->writer, write);
}

void cw_store_put_contact(CwStore *store, const char *domain, const char *jid,
                          const CwStoredContact *contact)
{
    CwWrite *write = cw_write_new(CW_WRITE_PUT_CONTACT, domain, jid, NULL, NULL);
    write->contact = g_new0(CwStoredContact, 1);
    write->contact->name = g_strdup(contact->name);
    write->contact->alias = g_strdup(contact->alias);
    write->contact->group = g_strdup(contact->group);
    write->contact->offered = contact->offered;
    write->contact->unanswered = contact->unanswered;
    write->contact->subscription = contact->subscription;
    write->contact->agreed = contact->agreed;
    cw_store_writer_push(store->writer, write);
}

void cw_store_delete_contact(CwStore *store, const char *domain, const char *jid, const char *name)
{
    CwWrite *write = cw_write_new(CW_WRITE_DELETE_CONTACT, domain, jid, NULL, NULL);
    write->contact = g_new0(CwStoredContact, 1);
    write->contact->name = g_strdup(name);
    cw_store_writer_push(store->writer, write);
}

void cw_store_put_request(CwStore *store, const char *domain, const char *jid,
                          const CwStoredRequest *request)
{
    CwWrite *write = cw_write_new(CW_WRITE_PUT_REQUEST, domain, jid, NULL, NULL);
    write->request = g_new0(CwStoredRequest, 1);
    write->request->contact = g_strdup(request->contact);
    write->request->nick = g_strdup(request->nick);
    write->request->text = g_strdup(request->text);
    write->request->answer = request->answer;
    cw_store_writer_push(store->writer, write);
}

void cw_store_delete_request(CwStore *store, const char *domain, const char *jid,
                             const char *contact)
{
    CwWrite *write = cw_write_new(CW_WRITE_DELETE_REQUEST, domain, jid, NULL, NULL);
    write->request = g_new0(CwStoredRequest, 1);
    write->request->contact = g_strdup(contact);
    cw_store_writer_push(store->writer, write);
}

void cw_store_put_spooled(CwStore *store, const char *domain, const CwSpooled *spooled)
{
    g_return_if_fail(spooled->id > 0 && spooled->jid && spooled->text);
    CwWrite *write = cw_write_new(CW_WRITE_PUT_SPOOLED, domain, spooled->jid, NULL, NULL);
    g_autofree char *place = spool_place(domain, spooled->jid, spooled->id);
    write->box = cw_seal_close_text(store->seal, spooled->text, place);
    write->spooled = g_new0(CwSpooled, 1);
    write->spooled->id = spooled->id;
    write->spooled->way = spooled->way;
    write->spooled->contact = g_strdup(spooled->contact);
    write->spooled->stanza_id = g_strdup(spooled->stanza_id);
    write->spooled->resource = g_strdup(spooled->resource);
    write->spooled->made = spooled->made;
    write->spooled->sent = spooled->sent;
    cw_store_writer_push(store->writer, write);
}

void cw_store_delete_spooled(CwStore *store, const char *domain, gint64 id)
{
    CwWrite *write = cw_write_new(CW_WRITE_DELETE_SPOOLED, domain, "", NULL, NULL);
    write->spooled = g_new0(CwSpooled, 1);
    write->spooled->id = id;
    cw_store_writer_push(store->writer, write);
}

void cw_store_archive_line(CwStore *store, const char *domain, const char *jid, const char *room,
                           const CwArchived *line, guint most, CwStoreDone done, gpointer data)
{
    g_return_if_fail(line->id && line->text);
    CwWrite *write = cw_write_new(CW_WRITE_ARCHIVE_LINE, domain, jid, done, data);
    g_autofree char *place = cw_archive_box_place(domain, room, line->id);
    write->box = cw_seal_close_text(store->seal, line->text, place);
    write->line_room = g_strdup(room);
    write->most = most;
    write->line = g_new0(CwArchived, 1);
    write->line->id = g_strdup(line->id);
    write->line->nick = g_strdup(line->nick);
    write->line->who = g_strdup(line->who);
    write->line->stanza_id = g_strdup(line->stanza_id);
    write->line->said = line->said;
    cw_store_writer_push(store->writer, write);
}

void cw_store_expire_archive(CwStore *store, gint64 before)
{
    CwWrite *write = cw_write_new(CW_WRITE_EXPIRE_ARCHIVE, "", "", NULL, NULL);
    write->before = before;
    cw_store_writer_push(store->writer, write);
}

void cw_store_remember(CwStore *store, const char *domain, const char *jid, const char *name,
                       const char *value, guint most, guint most_bytes, CwStoreDone done,
                       gpointer data)
{
    CwWrite *write = cw_write_new(CW_WRITE_REMEMBER, domain, jid, done, data);
    if (value) {
        g_autofree char *place = cw_remembered_box_place(domain, name);
        write->box = cw_seal_close_text(store->seal, value, place);
    }
    write->name = g_strdup(name);
    write->most = most;
    write->most_bytes = most_bytes;
    cw_store_writer_push(store->writer, write);
}

void cw_store_set_queue_bytes(CwStore *store, guint bytes)
{
    cw_store_writer_set_queue_bytes(store->writer, bytes);
}

void cw_store_sync(CwStore *store, CwStoreDone done, gpointer data)
{
    cw_store_writer_push(store->writer, cw_write_new(CW_WRITE_SYNC, "", "", done, data));
}
