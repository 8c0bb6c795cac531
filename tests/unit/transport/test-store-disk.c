/* tests/unit/transport/test-store-disk.c: the store on a disk that is full or broken
 *
 * Between SQLite and the disk stands a layer (a "VFS" of SQLite) that fails when it is told to.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "transport/store.h"

#include <string.h>

#include <sqlite3.h>

#include "tests/unit/transport/store-fixture.h"
#include "transport/store-trouble.h"
#include "transport/store-writer.h"

#define TEXT "my-ears-have-not-yet-drunk-a-hundred-words"

/* ---- the disk ---- */

static gint disk_error = SQLITE_OK; /* what a write answers ... */
static gint disk_writes = 0;        /* ... after so many that still work */

static gint lock_waits = 0; /* how often a lock was found taken */

typedef struct {
    sqlite3_file base;
    sqlite3_file *real; /* behind it, in the same block */
} ShimFile;

static sqlite3_file *real_of(sqlite3_file *file)
{
    return ((ShimFile *)file)->real;
}

static int shim_close(sqlite3_file *file)
{
    return real_of(file)->pMethods->xClose(real_of(file));
}

static int shim_read(sqlite3_file *file, void *bytes, int size, sqlite3_int64 at)
{
    return real_of(file)->pMethods->xRead(real_of(file), bytes, size, at);
}

static int shim_write(sqlite3_file *file, const void *bytes, int size, sqlite3_int64 at)
{
    gint error = g_atomic_int_get(&disk_error);
    if (error != SQLITE_OK && g_atomic_int_add(&disk_writes, -1) <= 0)
        return error;
    return real_of(file)->pMethods->xWrite(real_of(file), bytes, size, at);
}

static int shim_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    return real_of(file)->pMethods->xTruncate(real_of(file), size);
}

static int shim_sync(sqlite3_file *file, int flags)
{
    return real_of(file)->pMethods->xSync(real_of(file), flags);
}

static int shim_size(sqlite3_file *file, sqlite3_int64 *size)
{
    return real_of(file)->pMethods->xFileSize(real_of(file), size);
}

static int shim_lock(sqlite3_file *file, int kind)
{
    return real_of(file)->pMethods->xLock(real_of(file), kind);
}

static int shim_unlock(sqlite3_file *file, int kind)
{
    return real_of(file)->pMethods->xUnlock(real_of(file), kind);
}

static int shim_check_lock(sqlite3_file *file, int *result)
{
    return real_of(file)->pMethods->xCheckReservedLock(real_of(file), result);
}

static int shim_control(sqlite3_file *file, int code, void *argument)
{
    return real_of(file)->pMethods->xFileControl(real_of(file), code, argument);
}

static int shim_sector(sqlite3_file *file)
{
    return real_of(file)->pMethods->xSectorSize(real_of(file));
}

static int shim_traits(sqlite3_file *file)
{
    return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}

static int shim_shm_map(sqlite3_file *file, int page, int size, int extend, void volatile **memory)
{
    return real_of(file)->pMethods->xShmMap(real_of(file), page, size, extend, memory);
}

static int shim_shm_lock(sqlite3_file *file, int offset, int n, int flags)
{
    int result = real_of(file)->pMethods->xShmLock(real_of(file), offset, n, flags);
    if (result == SQLITE_BUSY)
        g_atomic_int_inc(&lock_waits);
    return result;
}

static void shim_shm_barrier(sqlite3_file *file)
{
    real_of(file)->pMethods->xShmBarrier(real_of(file));
}

static int shim_shm_unmap(sqlite3_file *file, int remove)
{
    return real_of(file)->pMethods->xShmUnmap(real_of(file), remove);
}

static const sqlite3_io_methods shim_methods = {
    .iVersion = 2,
    .xClose = shim_close,
    .xRead = shim_read,
    .xWrite = shim_write,
    .xTruncate = shim_truncate,
    .xSync = shim_sync,
    .xFileSize = shim_size,
    .xLock = shim_lock,
    .xUnlock = shim_unlock,
    .xCheckReservedLock = shim_check_lock,
    .xFileControl = shim_control,
    .xSectorSize = shim_sector,
    .xDeviceCharacteristics = shim_traits,
    .xShmMap = shim_shm_map,
    .xShmLock = shim_shm_lock,
    .xShmBarrier = shim_shm_barrier,
    .xShmUnmap = shim_shm_unmap,
};

static sqlite3_vfs *real_vfs;

static int shim_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *given)
{
    ShimFile *shim = (ShimFile *)file;
    shim->real = (sqlite3_file *)(shim + 1);
    shim->base.pMethods = NULL;
    int result = real_vfs->xOpen(real_vfs, name, shim->real, flags, given);
    if (shim->real->pMethods)
        shim->base.pMethods = &shim_methods;
    return result;
}

static void use_shim(void)
{
    static sqlite3_vfs shim;
    real_vfs = sqlite3_vfs_find(NULL);
    shim = *real_vfs;
    shim.zName = "failing";
    shim.szOsFile += (int)sizeof(ShimFile);
    shim.xOpen = shim_open;
    g_assert_cmpint(sqlite3_vfs_register(&shim, 1), ==, SQLITE_OK);
}

static void break_disk(int error, gint after)
{
    g_atomic_int_set(&disk_writes, after);
    g_atomic_int_set(&disk_error, error);
}

static void mend_disk(void)
{
    g_atomic_int_set(&disk_error, SQLITE_OK);
}

/* ---- what is said ---- */

static void expect_trouble(const char *pattern)
{
    g_test_expect_message("transport", G_LOG_LEVEL_WARNING, pattern);
}

static void expect_end_of_trouble(void)
{
    g_test_expect_message("transport", G_LOG_LEVEL_MESSAGE, "store: writing to '*' works again*");
}

static void trouble__is_told__once_a_minute(void)
{
    CwStoreTrouble trouble = {0};
    const gint64 start = 1000, minute = CW_STORE_TROUBLE_INTERVAL;
    g_assert_null(cw_store_trouble_tell(&trouble, "a.db", start));
    g_assert_null(cw_store_trouble_over(&trouble, "a.db"));
    g_assert_cmpint(cw_store_trouble_due(&trouble), ==, 0);

    cw_store_trouble_add(&trouble, CW_TROUBLE_MESSAGES, "full");
    g_assert_cmpint(cw_store_trouble_due(&trouble), >, 0);
    g_autofree char *first = cw_store_trouble_tell(&trouble, "a.db", start);
    g_assert_cmpstr(first, ==,
                    "store: not stored: 1 message: full; make room on the disk of 'a.db', or mend "
                    "it: no restart is needed");
    g_assert_cmpint(cw_store_trouble_due(&trouble), ==, 0);

    for (guint i = 0; i < 1000; i++)
        cw_store_trouble_add(&trouble, i % 4 ? CW_TROUBLE_CONTACTS : CW_TROUBLE_MESSAGES, "full");
    cw_store_trouble_add(&trouble, CW_TROUBLE_REGISTRATIONS, "broken");
    g_assert_null(cw_store_trouble_tell(&trouble, "a.db", start + minute - 1));
    g_assert_cmpint(cw_store_trouble_due(&trouble), ==, start + minute);
    g_autofree char *second = cw_store_trouble_tell(&trouble, "a.db", start + minute);
    g_assert_true(g_str_has_prefix(second, "store: not stored since the last such line: "
                                           "1 registration, 750 contacts, 250 messages: broken; "));

    g_autofree char *over = cw_store_trouble_over(&trouble, "a.db");
    g_assert_cmpstr(over, ==, "store: writing to 'a.db' works again");
    g_assert_null(cw_store_trouble_over(&trouble, "a.db"));

    /* Again in the same minute: not told before it is over, and then the end of it as well. */
    cw_store_trouble_add(&trouble, CW_TROUBLE_CONTACTS, "full");
    g_assert_null(cw_store_trouble_tell(&trouble, "a.db", start + minute + 1));
    g_assert_null(cw_store_trouble_over(&trouble, "a.db"));
    g_autofree char *third = cw_store_trouble_tell(&trouble, "a.db", start + 2 * minute);
    g_assert_nonnull(strstr(third, "not stored: 1 contact: full"));
    cw_store_trouble_add(&trouble, CW_TROUBLE_CONTACTS, "full");
    g_autofree char *over_again = cw_store_trouble_over(&trouble, "a.db");
    g_assert_true(
        g_str_has_suffix(over_again, "works again; not stored since the last line: 1 contact"));
    g_assert_cmpint(cw_store_trouble_due(&trouble), ==, 0);
    cw_store_trouble_clear(&trouble);
}

/* ---- a disk that is full, or broken ---- */

static void set_up_users(Fixture *fixture, gconstpointer data)
{
    set_up_open(fixture, data);
    put(fixture->store, JULIET, PASSWORD);
    put_contact(fixture->store, JULIET, "romeo", NULL);
    put_spooled(fixture->store, 1, CW_SPOOL_TO_USER, JULIET, TEXT);
    sync_store(fixture->store);
}

static void mend_and_tear_down(Fixture *fixture, gconstpointer data)
{
    mend_disk();
    tear_down(fixture, data);
}

static guint count_spooled(CwStore *store)
{
    g_autoptr(GPtrArray) list = list_spooled(store, CW_SPOOL_TO_USER, NULL, 0, 100000);
    return list->len;
}

static void nothing_is_harmed__while_writes_fail(Fixture *fixture, gconstpointer data)
{
    CwStore *store = fixture->store;
    int error = GPOINTER_TO_INT(data);
    break_disk(error, 0);
    expect_trouble(error == SQLITE_FULL
                       ? "store: not stored: *database or disk is full; make room on the disk of*"
                       : "store: not stored: *disk I/O error; *or mend it*");
    for (gint64 id = 2; id < 1000; id++) {
        put_spooled(store, id, CW_SPOOL_TO_USER, JULIET, TEXT);
        put_contact(store, JULIET, "tybalt", "Tybalt");
        if (id % 100 == 0)
            sync_store(store);
    }
    g_autoptr(CwUser) user = make_user(ROMEO, PASSWORD);
    Answer refused = {0};
    cw_store_put_user(store, user, answer_cb, &refused);
    wait_for(&refused);
    g_assert_error(refused.error, CW_STORE_ERROR, CW_STORE_ERROR_WRITE);
    g_clear_error(&refused.error);

    g_autoptr(CwUser) juliet = get(store, JULIET); /* reading goes on */
    g_assert_cmpstr(cw_secret_peek(juliet->password), ==, PASSWORD);
    g_assert_false(cw_store_has_user(store, ICQ, ROMEO));
    g_autoptr(GPtrArray) list = contacts(store, JULIET);
    g_assert_cmpuint(list->len, ==, 1);
    g_assert_cmpuint(count_spooled(store), ==, 1);
    cw_store_delete_contact(store, ICQ, JULIET, "nobody"); /* changes nothing: proves nothing */
    sync_store(store);
    g_test_assert_expected_messages(); /* one line, for all of this */

    mend_disk();
    expect_end_of_trouble();
    put_spooled(store, 1000, CW_SPOOL_TO_USER, JULIET, TEXT);
    put(store, ROMEO, PASSWORD);
    sync_store(store);
    g_test_assert_expected_messages();
    g_assert_cmpuint(count_spooled(store), ==, 2);
    g_assert_true(cw_store_has_user(store, ICQ, ROMEO));
    assert_sound(fixture);
}

static void ignore_log(const char *domain, GLogLevelFlags level, const char *text, gpointer data)
{
}

/* The disk is full after the n-th write: each moment within a transaction, a checkpoint. */
static void any_write__may_fail(Fixture *fixture, gconstpointer data)
{
    CwStore *store = fixture->store;
    g_autofree char *long_text = g_strnfill(10000, 'x');
    guint failed = 0;
    GLogLevelFlags fatal = g_log_set_always_fatal(G_LOG_FATAL_MASK);
    g_log_set_handler("transport", G_LOG_LEVEL_MASK, ignore_log, NULL);
    for (gint after = 0; after < 120; after++) {
        g_autofree char *jid = g_strdup_printf("user%u@example.com", after);
        g_autoptr(CwUser) user = make_user(jid, PASSWORD);
        Answer answer = {0};
        break_disk(SQLITE_FULL, after);
        for (guint i = 0; i < 3; i++)
            put_spooled(store, 1000 * (after + 1) + i, CW_SPOOL_TO_USER, JULIET, long_text);
        cw_store_put_user(store, user, answer_cb, &answer);
        wait_for(&answer);
        mend_disk();
        g_assert_true(cw_store_has_user(store, ICQ, jid) == (answer.error == NULL));
        failed += answer.error != NULL;
        g_clear_error(&answer.error);
        assert_sound(fixture);
    }
    close_store(fixture);
    g_log_set_handler("transport", G_LOG_LEVEL_MASK, g_log_default_handler, NULL);
    g_log_set_always_fatal(fatal);
    g_assert_cmpuint(failed, >, 10);
    g_assert_cmpuint(failed, <, 120);
    open_store(fixture);
    g_assert_cmpuint(cw_store_count_users(fixture->store, ICQ), ==, 1 + 120 - failed);
}

static void deletion__is_tried__again(Fixture *fixture, gconstpointer data)
{
    CwStore *store = fixture->store;
    put_spooled(store, 2, CW_SPOOL_TO_USER, JULIET, TEXT);
    put_spooled(store, 3, CW_SPOOL_TO_USER, JULIET, TEXT);
    sync_store(store);
    break_disk(SQLITE_FULL, 0);
    cw_store_delete_spooled(store, ICQ, 1);
    sync_store(store);
    g_assert_cmpuint(count_spooled(store), ==, 3);
    mend_disk();
    put_contact(store, JULIET, "tybalt", NULL); /* with the next write that works */
    sync_store(store);
    g_assert_cmpuint(count_spooled(store), ==, 2);

    break_disk(SQLITE_FULL, 0);
    cw_store_delete_spooled(store, ICQ, 2);
    sync_store(store);
    mend_disk();
    gint64 deadline = g_get_monotonic_time() + 20 * G_USEC_PER_SEC;
    while (count_spooled(store) == 2) { /* or by itself, soon */
        g_assert_cmpint(g_get_monotonic_time(), <, deadline);
        g_usleep(10000);
    }
    g_assert_cmpuint(count_spooled(store), ==, 1);

    /* What never works is said in the end. */
    break_disk(SQLITE_FULL, 0);
    cw_store_delete_spooled(store, ICQ, 3);
    expect_trouble("store: not stored: 1 message: *");
    close_store(fixture);
    g_test_assert_expected_messages();
    mend_disk();
    open_store(fixture);
    g_assert_cmpuint(count_spooled(fixture->store), ==, 1);
}

static void put_and_deletion__leave_nothing(Fixture *fixture, gconstpointer data)
{
    CwStore *store = fixture->store;
    sqlite3 *db;
    g_assert_cmpint(sqlite3_open(fixture->path, &db), ==, SQLITE_OK);
    g_assert_cmpint(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), ==, SQLITE_OK);
    g_atomic_int_set(&lock_waits, 0);
    cw_store_delete_contact(store, ICQ, JULIET, "nobody");
    while (g_atomic_int_get(&lock_waits) == 0) /* the writer waits with this one ... */
        g_usleep(1000);
    /* ... and the next two come in one group. */
    put_spooled(store, 2, CW_SPOOL_TO_USER, JULIET, TEXT);
    cw_store_delete_spooled(store, ICQ, 2);
    /* Room for the first, and for nothing more. */
    break_disk(SQLITE_FULL, 2);
    g_assert_cmpint(sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL), ==, SQLITE_OK);
    sqlite3_close(db);
    sync_store(store);
    mend_disk();
    g_assert_cmpuint(count_spooled(store), ==, 1);
}

/* A gateway that was killed is started again before anybody has made room. */
static void store__opens__on_a_full_disk(Fixture *fixture, gconstpointer data)
{
    close_store(fixture);
    break_disk(SQLITE_FULL, 0);
    open_store(fixture);
    g_autoptr(CwUser) juliet = get(fixture->store, JULIET);
    g_assert_cmpstr(cw_secret_peek(juliet->password), ==, PASSWORD);
    g_assert_cmpuint(count_spooled(fixture->store), ==, 1);
}

/* ---- a disk that is slow ---- */

static void queue__is_bounded__in_bytes(Fixture *fixture, gconstpointer data)
{
    CwStore *store = fixture->store;
    g_autofree char *long_text = g_strnfill(65536, 'x');
    sqlite3 *db;
    cw_store_set_queue_bytes(store, 1024 * 1024);
    g_assert_cmpint(sqlite3_open(fixture->path, &db), ==, SQLITE_OK);
    g_assert_cmpint(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), ==, SQLITE_OK);
    for (gint64 id = 101; id < 201; id++)
        put_spooled(store, id, CW_SPOOL_TO_USER, JULIET, long_text);
    cw_store_delete_spooled(store, ICQ, 1); /* makes room, and is taken */
    Answer answer = {0};
    cw_store_sync(store, answer_cb, &answer);
    expect_trouble("store: not stored: 85 messages: *too much waits already; *");
    while (g_main_context_iteration(NULL, FALSE)) /* said while the others still wait */
        ;
    g_test_assert_expected_messages();
    g_assert_cmpint(sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL), ==, SQLITE_OK);
    sqlite3_close(db);
    expect_end_of_trouble();
    wait_for_success(&answer);
    g_test_assert_expected_messages();
    g_assert_cmpuint(count_spooled(store), ==, 15);

    /* What is larger than the bound by itself is stored all the same. */
    g_autofree char *huge = g_strnfill(2 * 1024 * 1024, 'x');
    put_spooled(store, 300, CW_SPOOL_TO_USER, JULIET, huge);
    sync_store(store);
    g_assert_cmpuint(count_spooled(store), ==, 16);
}

static void queue__is_bounded__in_writes(Fixture *fixture, gconstpointer data)
{
    CwStore *store = fixture->store;
    sqlite3 *db;
    g_assert_cmpint(sqlite3_open(fixture->path, &db), ==, SQLITE_OK);
    g_assert_cmpint(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), ==, SQLITE_OK);
    for (guint i = 0; i < CW_STORE_QUEUE_MAX + 10; i++)
        cw_store_delete_contact(store, ICQ, "nobody@example.com", "x");
    g_autoptr(CwUser) user = make_user(ROMEO, PASSWORD);
    Answer answer = {0};
    cw_store_put_user(store, user, answer_cb, &answer);
    expect_trouble("store: not stored: 1 registration, 10 contacts: *too much waits already; *");
    wait_for(&answer);
    g_test_assert_expected_messages();
    g_assert_error(answer.error, CW_STORE_ERROR, CW_STORE_ERROR_WRITE);
    g_clear_error(&answer.error);
    g_assert_cmpint(sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL), ==, SQLITE_OK);
    sqlite3_close(db);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    use_shim();
#define ADD_DISK(name, data)                                                                       \
    g_test_add("/store-disk/" #name, Fixture, GINT_TO_POINTER(data), set_up_users, name,           \
               mend_and_tear_down)
    g_test_add_func("/store-disk/trouble__is_told__once_a_minute", trouble__is_told__once_a_minute);
    ADD_DISK(nothing_is_harmed__while_writes_fail, SQLITE_FULL);
    g_test_add("/store-disk/nothing_is_harmed__while_writes_break_off", Fixture,
               GINT_TO_POINTER(SQLITE_IOERR_WRITE), set_up_users,
               nothing_is_harmed__while_writes_fail, mend_and_tear_down);
    ADD_DISK(any_write__may_fail, 0);
    ADD_DISK(deletion__is_tried__again, 0);
    ADD_DISK(store__opens__on_a_full_disk, 0);
    ADD_DISK(put_and_deletion__leave_nothing, 0);
    ADD_DISK(queue__is_bounded__in_bytes, 0);
    ADD_DISK(queue__is_bounded__in_writes, 0);
    return g_test_run();
}
