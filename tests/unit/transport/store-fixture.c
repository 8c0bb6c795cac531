/* tests/unit/transport/store-fixture.c: a store in a folder of its own, and short calls
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "tests/unit/transport/store-fixture.h"

#include <glib/gstdio.h>
#include <string.h>

#include <sqlite3.h>

#include "transport/store-schema.h"
#include "transport/store-sql.h"

void open_store(Fixture *fixture)
{
    g_autoptr(GError) error = NULL;
    fixture->store = cw_store_open(fixture->path, fixture->key_path, &error);
    g_assert_no_error(error);
}

void close_store(Fixture *fixture)
{
    g_clear_pointer(&fixture->store, cw_store_free);
}

void set_up(Fixture *fixture, gconstpointer data)
{
    fixture->folder = g_dir_make_tmp("causeway-XXXXXX", NULL);
    fixture->path = g_build_filename(fixture->folder, "causeway.db", NULL);
    fixture->key_path = g_build_filename(fixture->folder, "causeway.db.key", NULL);
}

void set_up_open(Fixture *fixture, gconstpointer data)
{
    set_up(fixture, data);
    open_store(fixture);
}

void tear_down(Fixture *fixture, gconstpointer data)
{
    close_store(fixture);
    g_autoptr(GDir) dir = g_dir_open(fixture->folder, 0, NULL);
    const char *name;
    while ((name = g_dir_read_name(dir))) {
        g_autofree char *path = g_build_filename(fixture->folder, name, NULL);
        g_remove(path);
    }
    g_rmdir(fixture->folder);
    g_free(fixture->path);
    g_free(fixture->key_path);
    g_free(fixture->folder);
}

/* ---- waiting for a write ---- */

void answer_cb(const GError *error, gpointer data)
{
    Answer *answer = data;
    g_assert_false(answer->called);
    answer->called = TRUE;
    answer->error = error ? g_error_copy(error) : NULL;
}

void wait_for(Answer *answer)
{
    while (!answer->called)
        g_main_context_iteration(NULL, TRUE);
}

void wait_for_success(Answer *answer)
{
    wait_for(answer);
    g_assert_no_error(answer->error);
}

void sync_store(CwStore *store)
{
    Answer answer = {0};
    cw_store_sync(store, answer_cb, &answer);
    wait_for_success(&answer);
}

CwUser *make_user(const char *jid, const char *password)
{
    CwUser *user = cw_user_new(ICQ, jid);
    user->username = g_strdup("12345678");
    user->password = password ? cw_secret_new(password) : NULL;
    user->created = 1700000000;
    g_hash_table_insert(user->options, g_strdup("port"), g_strdup("5190"));
    g_hash_table_insert(user->options, g_strdup("empty"), g_strdup(""));
    return user;
}

void put(CwStore *store, const char *jid, const char *password)
{
    g_autoptr(CwUser) user = make_user(jid, password);
    Answer answer = {0};
    cw_store_put_user(store, user, answer_cb, &answer);
    wait_for_success(&answer);
}

CwUser *get(CwStore *store, const char *jid)
{
    g_autoptr(GError) error = NULL;
    CwUser *user = cw_store_get_user(store, ICQ, jid, &error);
    g_assert_no_error(error);
    return user;
}

void remove_user(CwStore *store, const char *jid)
{
    Answer answer = {0};
    cw_store_delete_user(store, ICQ, jid, answer_cb, &answer);
    wait_for_success(&answer);
}

void put_contact(CwStore *store, const char *jid, const char *name, const char *alias)
{
    CwStoredContact contact = {
        .name = (char *)name, .alias = (char *)alias, .offered = alias != NULL};
    cw_store_put_contact(store, ICQ, jid, &contact);
}

GPtrArray *contacts(CwStore *store, const char *jid)
{
    g_autoptr(GError) error = NULL;
    GPtrArray *list = cw_store_list_contacts(store, ICQ, jid, &error);
    g_assert_no_error(error);
    return list;
}

gboolean file_contains(const char *path, const char *needle, gsize length)
{
    g_autofree char *bytes = NULL;
    gsize size;
    return g_file_get_contents(path, &bytes, &size, NULL) && memmem(bytes, size, needle, length);
}

gboolean database_contains(Fixture *fixture, const char *text)
{
    static const char *const suffixes[] = {"", "-wal", "-shm"};
    gboolean found = FALSE;
    for (guint i = 0; i < G_N_ELEMENTS(suffixes); i++) {
        g_autofree char *path = g_strconcat(fixture->path, suffixes[i], NULL);
        found = found || file_contains(path, text, strlen(text));
    }
    return found;
}

CwSpooled *make_spooled(gint64 id, CwSpoolWay way, const char *jid, const char *text)
{
    CwSpooled *spooled = g_new0(CwSpooled, 1);
    spooled->id = id;
    spooled->way = way;
    spooled->jid = g_strdup(jid);
    spooled->text = g_strdup(text);
    spooled->made = 1700000000123 + id;
    return spooled;
}

void put_spooled(CwStore *store, gint64 id, CwSpoolWay way, const char *jid, const char *text)
{
    g_autoptr(CwSpooled) spooled = make_spooled(id, way, jid, text);
    cw_store_put_spooled(store, ICQ, spooled);
}

GPtrArray *list_spooled(CwStore *store, CwSpoolWay way, const char *jid, gint64 after, guint limit)
{
    g_autoptr(GError) error = NULL;
    GPtrArray *list = cw_store_list_spooled(store, ICQ, way, jid, after, limit, &error);
    g_assert_no_error(error);
    return list;
}

void run_sql(const char *path, const char *sql)
{
    sqlite3 *db;
    g_assert_cmpint(sqlite3_open(path, &db), ==, SQLITE_OK);
    g_assert_cmpint(sqlite3_exec(db, sql, NULL, NULL, NULL), ==, SQLITE_OK);
    sqlite3_close(db);
}

void assert_sound(Fixture *fixture)
{
    sqlite3 *db;
    sqlite3_stmt *statement;
    g_assert_cmpint(sqlite3_open(fixture->path, &db), ==, SQLITE_OK);
    g_assert_cmpint(sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &statement, NULL), ==,
                    SQLITE_OK);
    g_assert_cmpint(sqlite3_step(statement), ==, SQLITE_ROW);
    g_assert_cmpstr((const char *)sqlite3_column_text(statement, 0), ==, "ok");
    sqlite3_finalize(statement);
    g_assert_cmpint(cw_sql_number(db, "SELECT count(*) FROM pragma_foreign_key_check"), ==, 0);
    sqlite3_close(db);
}
