/* transport/store-sqlite.c: the store in one SQLite file
 *
 * Two connections to one database in WAL mode: the writer thread has one (store-writer.c), the
 * caller's thread reads on the other without waiting for it (store-read.c).  Passwords and the
 * texts of messages are sealed (store-write.c) and opened on the caller's thread; the writer sees
 * boxes only.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "transport/store-private.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sqlite3.h>

#include "transport/store-schema.h"
#include "transport/store-sql.h"

#define BUSY_TIMEOUT 5000 /* ms; only a checkpoint ever makes the other connection wait */

/* Sealed in the database under its own name: tells at start whether key and database fit. */
#define KEY_CHECK "key-check"

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
        if (cw_sql_exec(db, pragmas, CW_STORE_ERROR_OPEN, error))
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
        box = cw_sql_column_bytes(statement, 0);
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

static gboolean open_reader(CwStore *store, GError **error)
{
    sqlite3 *db = open_connection(store->path,
                                  "PRAGMA query_only = ON;"
                                  "PRAGMA temp_store = MEMORY;"
                                  "PRAGMA trusted_schema = OFF;",
                                  error);
    store->reader = db ? cw_store_reader_new(db, store->seal, error) : NULL;
    return store->reader != NULL;
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
    cw_store_reader_free(store->reader);
    cw_store_writer_free(store->writer);
    cw_seal_free(store->seal);
    g_free(store->path);
    g_free(store);
}
