/* tests/unit/transport/test-store-spool.c: messages that wait in the store
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "transport/store.h"

#include <string.h>

#include <sqlite3.h>

#include "tests/unit/transport/store-fixture.h"
#include "transport/store-schema.h"

#define TO_USER CW_SPOOL_TO_USER
#define TO_NETWORK CW_SPOOL_TO_NETWORK
#define TEXT "my-ears-have-not-yet-drunk-a-hundred-words"

static void set_up_users(Fixture *fixture, gconstpointer data)
{
    set_up_open(fixture, data);
    put(fixture->store, JULIET, PASSWORD);
    put(fixture->store, ROMEO, NULL);
}

/* The ids of a list, as "1 2 3". */
static char *ids(GPtrArray *list)
{
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < list->len; i++) {
        const CwSpooled *spooled = g_ptr_array_index(list, i);
        g_string_append_printf(text, "%s%d", i ? " " : "", (int)spooled->id);
    }
    return g_string_free(text, FALSE);
}

static void assert_list(CwStore *store, CwSpoolWay way, const char *jid, gint64 after, guint limit,
                        const char *expected)
{
    g_autoptr(GPtrArray) list = list_spooled(store, way, jid, after, limit);
    g_autofree char *text = ids(list);
    g_assert_cmpstr(text, ==, expected);
}

static void message__comes_back__as_it_was_put(Fixture *fixture, gconstpointer data)
{
    CwStore *store = fixture->store;
    g_autoptr(CwSpooled) put_one = make_spooled(3, TO_NETWORK, JULIET, TEXT " ✓\n<&>");
    put_one->contact = g_strdup("romeo");
    put_one->stanza_id = g_strdup("id-1");
    put_one->resource = g_strdup("balcony");
    put_one->sent = TRUE;
    cw_store_put_spooled(store, ICQ, put_one);
    g_autofree char *long_text = g_strnfill(70000, 'x');
    put_spooled(store, 4, TO_USER, JULIET, long_text);
    put_spooled(store, 5, TO_USER, JULIET, "");
    sync_store(store);

    g_autoptr(GPtrArray) list = list_spooled(store, TO_NETWORK, NULL, 0, 10);
    g_assert_cmpuint(list->len, ==, 1);
    const CwSpooled *spooled = g_ptr_array_index(list, 0);
    g_assert_cmpint(spooled->id, ==, 3);
    g_assert_cmpint(spooled->way, ==, TO_NETWORK);
    g_assert_cmpstr(spooled->jid, ==, JULIET);
    g_assert_cmpstr(spooled->contact, ==, "romeo");
    g_assert_cmpstr(spooled->stanza_id, ==, "id-1");
    g_assert_cmpstr(spooled->resource, ==, "balcony");
    g_assert_cmpstr(spooled->text, ==, TEXT " ✓\n<&>");
    g_assert_cmpint(spooled->made, ==, 1700000000126);
    g_assert_true(spooled->sent);

    g_autoptr(GPtrArray) other = list_spooled(store, TO_USER, JULIET, 0, 10);
    spooled = g_ptr_array_index(other, 0);
    g_assert_cmpstr(spooled->text, ==, long_text);
    g_assert_null(spooled->contact);
    g_assert_null(spooled->stanza_id);
    g_assert_null(spooled->resource);
    g_assert_false(spooled->sent);
    spooled = g_ptr_array_index(other, 1);
    g_assert_cmpstr(spooled->text, ==, "");
}

static void messages__are_listed__by_way_and_user_in_id_order(Fixture *fixture, gconstpointer data)
{
    CwStore *store = fixture->store;
    static const gint64 order[] = {7, 2, 9, 4, 1, 8, 3, 6, 5};
    for (guint i = 0; i < G_N_ELEMENTS(order); i++)
        put_spooled(store, order[i], order[i] % 3 ? TO_USER : TO_NETWORK,
                    order[i] % 2 ? JULIET : ROMEO, TEXT);
    g_autoptr(CwUser) elsewhere = cw_user_new("aim.example.com", JULIET);
    elsewhere->username = g_strdup("juliet");
    cw_store_put_user(store, elsewhere, NULL, NULL);
    g_autoptr(CwSpooled) same_id = make_spooled(5, TO_USER, JULIET, "another domain");
    cw_store_put_spooled(store, "aim.example.com", same_id);
    sync_store(store);

    assert_list(store, TO_USER, NULL, 0, 100, "1 2 4 5 7 8");
    assert_list(store, TO_NETWORK, NULL, 0, 100, "3 6 9");
    assert_list(store, TO_USER, JULIET, 0, 100, "1 5 7");
    assert_list(store, TO_USER, ROMEO, 0, 100, "2 4 8");
    assert_list(store, TO_NETWORK, ROMEO, 0, 100, "6");
    assert_list(store, TO_USER, NULL, 0, 2, "1 2");
    assert_list(store, TO_USER, NULL, 2, 2, "4 5");
    assert_list(store, TO_USER, NULL, 5, 2, "7 8");
    assert_list(store, TO_USER, NULL, 8, 2, "");
    assert_list(store, TO_USER, JULIET, 1, 1, "5");
    assert_list(store, TO_USER, JULIET, 0, 0, "");
    assert_list(store, TO_USER, "nobody@example.com", 0, 10, "");
    g_assert_cmpint(cw_store_last_spooled(store, ICQ), ==, 9);
    g_assert_cmpint(cw_store_last_spooled(store, "aim.example.com"), ==, 5);
    g_assert_cmpint(cw_store_last_spooled(store, "irc.example.com"), ==, 0);

    cw_store_delete_spooled(store, ICQ, 5);
    cw_store_delete_spooled(store, ICQ, 9);
    cw_store_delete_spooled(store, ICQ, 1000); /* nothing */
    sync_store(store);
    assert_list(store, TO_USER, JULIET, 0, 100, "1 7");
    g_assert_cmpint(cw_store_last_spooled(store, ICQ), ==, 8);
    g_assert_cmpint(cw_store_last_spooled(store, "aim.example.com"), ==, 5);
}

static void message__is_replaced__whole(Fixture *fixture, gconstpointer data)
{
    CwStore *store = fixture->store;
    put_spooled(store, 1, TO_NETWORK, JULIET, "one");
    put_spooled(store, 2, TO_NETWORK, JULIET, "two");
    sync_store(store);
    g_autoptr(CwSpooled) again = make_spooled(1, TO_NETWORK, JULIET, "one, again");
    again->sent = TRUE;
    cw_store_put_spooled(store, ICQ, again);
    put_spooled(store, 2, TO_USER, ROMEO, "two, elsewhere");
    sync_store(store);

    g_autoptr(GPtrArray) list = list_spooled(store, TO_NETWORK, NULL, 0, 10);
    g_assert_cmpuint(list->len, ==, 1);
    const CwSpooled *spooled = g_ptr_array_index(list, 0);
    g_assert_cmpstr(spooled->text, ==, "one, again");
    g_assert_true(spooled->sent);
    assert_list(store, TO_USER, ROMEO, 0, 10, "2");
}

static void messages__go__with_their_user(Fixture *fixture, gconstpointer data)
{
    CwStore *store = fixture->store;
    put_spooled(store, 1, TO_USER, JULIET, TEXT);
    put_spooled(store, 2, TO_USER, ROMEO, TEXT);
    put_spooled(store, 3, TO_USER, "nobody@example.com", TEXT);
    put(store, JULIET, "changed"); /* an edited registration keeps them */
    assert_list(store, TO_USER, NULL, 0, 10, "1 2");
    remove_user(store, JULIET);
    put_spooled(store, 4, TO_USER, JULIET, TEXT); /* she is gone */
    sync_store(store);
    assert_list(store, TO_USER, NULL, 0, 10, "2");
    put(store, JULIET, NULL);
    assert_list(store, TO_USER, JULIET, 0, 10, "");
}

static void what_is_deleted_at_once__is_not_there(Fixture *fixture, gconstpointer data)
{
    CwStore *store = fixture->store;
    put_spooled(store, 1, TO_USER, JULIET, "was there before");
    sync_store(store);
    for (gint64 id = 1; id <= 2000; id++) {
        put_spooled(store, id, TO_USER, JULIET, TEXT);
        if (id % 10 != 0)
            cw_store_delete_spooled(store, ICQ, id);
    }
    sync_store(store);
    g_autoptr(GPtrArray) list = list_spooled(store, TO_USER, NULL, 0, 10000);
    g_assert_cmpuint(list->len, ==, 200);

    /* Deleted and put: there; another domain's number is another message. */
    cw_store_delete_spooled(store, ICQ, 3);
    put_spooled(store, 3, TO_USER, JULIET, TEXT);
    put_spooled(store, 4, TO_USER, JULIET, TEXT);
    cw_store_delete_spooled(store, "aim.example.com", 4);
    sync_store(store);
    assert_list(store, TO_USER, JULIET, 0, 3, "3 4 10");
}

static void messages__survive__a_restart(Fixture *fixture, gconstpointer data)
{
    put_spooled(fixture->store, 41, TO_USER, JULIET, TEXT);
    put_spooled(fixture->store, 42, TO_NETWORK, ROMEO, TEXT);
    cw_store_delete_spooled(fixture->store, ICQ, 41);
    close_store(fixture);
    open_store(fixture);
    assert_list(fixture->store, TO_USER, NULL, 0, 10, "");
    assert_list(fixture->store, TO_NETWORK, NULL, 0, 10, "42");
    g_assert_cmpint(cw_store_last_spooled(fixture->store, ICQ), ==, 42);
}

/* ---- secrets ---- */

static void database__never_holds__a_text(Fixture *fixture, gconstpointer data)
{
    CwStore *store = fixture->store;
    g_autofree char *long_text = g_strnfill(20000, 'x');
    g_autofree char *framed = g_strconcat(TEXT, long_text, TEXT, NULL);
    g_autoptr(CwSpooled) spooled = make_spooled(1, TO_NETWORK, JULIET, framed);
    spooled->contact = g_strdup("romeo-montague");
    cw_store_put_spooled(store, ICQ, spooled);
    put_spooled(store, 2, TO_USER, JULIET, TEXT);
    sync_store(store);
    g_assert_true(database_contains(fixture, "romeo-montague")); /* it looks into the right files */
    g_assert_false(database_contains(fixture, TEXT));
    g_assert_false(database_contains(fixture, "xxxxxxxx"));
    cw_store_delete_spooled(store, ICQ, 2);
    close_store(fixture);
    g_assert_false(database_contains(fixture, TEXT));
    g_assert_false(database_contains(fixture, "xxxxxxxx"));
}

static void assert_one_is_skipped(CwStore *store, const char *warning, const char *expected)
{
    g_test_expect_message("transport", G_LOG_LEVEL_WARNING, warning);
    assert_list(store, TO_USER, NULL, 0, 10, expected);
    g_test_assert_expected_messages();
}

static void a_box__opens__only_in_its_own_row(Fixture *fixture, gconstpointer data)
{
    CwStore *store = fixture->store;
    for (gint64 id = 1; id <= 4; id++)
        put_spooled(store, id, TO_USER, id % 2 ? JULIET : ROMEO, TEXT);
    sync_store(store);
    run_sql(fixture->path,
            "UPDATE spool SET text = (SELECT text FROM spool WHERE id = 3) WHERE id = 1");
    assert_one_is_skipped(store, "store: 1 waiting*number 1 of " JULIET " at " ICQ, "2 3 4");
    run_sql(fixture->path, "UPDATE spool SET user = (SELECT user FROM spool WHERE id = 1)"
                           " WHERE id = 4");
    run_sql(fixture->path, "UPDATE spool SET text = x'' WHERE id = 2");
    assert_one_is_skipped(store, "store: 3 waiting*number 1 of " JULIET " at " ICQ, "3");

    /* What does not open does not end a page. */
    g_test_expect_message("transport", G_LOG_LEVEL_WARNING, "store: 2 waiting*");
    assert_list(store, TO_USER, NULL, 0, 1, "3");
    g_test_assert_expected_messages();

    for (gint64 id = 1; id <= 4; id++)
        if (id != 3)
            cw_store_delete_spooled(store, ICQ, id);
    sync_store(store);
    assert_list(store, TO_USER, NULL, 0, 10, "3");
}

/* ---- many ---- */

static void ten_thousand__are_stored__and_listed(Fixture *fixture, gconstpointer data)
{
    CwStore *store = fixture->store;
    enum { N = 10000, PAGE = 100 };
    gint64 start = g_get_monotonic_time();
    for (gint64 id = 1; id <= N; id++)
        put_spooled(store, id, id % 2 ? TO_USER : TO_NETWORK, id % 5 ? ROMEO : JULIET, TEXT);
    gint64 queued = g_get_monotonic_time();
    sync_store(store);
    gint64 written = g_get_monotonic_time();
    guint seen = 0;
    gint64 after = 0;
    while (TRUE) {
        g_autoptr(GPtrArray) page = list_spooled(store, TO_USER, NULL, after, PAGE);
        if (page->len == 0)
            break;
        for (guint i = 0; i < page->len; i++, seen++) {
            const CwSpooled *spooled = g_ptr_array_index(page, i);
            g_assert_cmpint(spooled->id, ==, 2 * seen + 1);
            after = spooled->id;
        }
    }
    gint64 listed = g_get_monotonic_time();
    g_assert_cmpuint(seen, ==, N / 2);
    g_autoptr(GPtrArray) hers = list_spooled(store, TO_NETWORK, JULIET, 0, N);
    g_assert_cmpuint(hers->len, ==, N / 10);
    for (gint64 id = 1; id <= N; id++)
        cw_store_delete_spooled(store, ICQ, id);
    sync_store(store);
    g_test_message("%d messages: queued in %d ms, written in %d ms, half listed in %d ms, "
                   "deleted in %d ms",
                   N, (int)(queued - start) / 1000, (int)(written - queued) / 1000,
                   (int)(listed - written) / 1000, (int)(g_get_monotonic_time() - listed) / 1000);
    assert_list(store, TO_USER, NULL, 0, 10, "");
    g_assert_cmpint(cw_store_last_spooled(store, ICQ), ==, 0);
}

static void assert_plan(sqlite3 *db, const char *sql, const char *index)
{
    g_autofree char *explain = g_strconcat("EXPLAIN QUERY PLAN ", sql, NULL);
    g_autoptr(GString) plan = g_string_new(NULL);
    sqlite3_stmt *statement;
    g_assert_cmpint(sqlite3_prepare_v2(db, explain, -1, &statement, NULL), ==, SQLITE_OK);
    while (sqlite3_step(statement) == SQLITE_ROW)
        g_string_append_printf(plan, "%s\n", (const char *)sqlite3_column_text(statement, 3));
    sqlite3_finalize(statement);
    g_test_message("%s", plan->str);
    g_assert_nonnull(strstr(plan->str, index));
    g_assert_null(strstr(plan->str, "TEMP B-TREE")); /* sorted for each page */
    g_assert_null(strstr(plan->str, "SCAN"));
}

/* The store's own statements, with its indices. */
static void lists__use__an_index(Fixture *fixture, gconstpointer data)
{
    sqlite3 *db;
    g_assert_cmpint(sqlite3_open(fixture->path, &db), ==, SQLITE_OK);
    assert_plan(db, cw_store_list_spooled_sql, "spool_by_way");
    assert_plan(db, cw_store_list_spooled_of_user_sql, "spool_by_user");
    assert_plan(db, "SELECT id FROM spool WHERE user = 1", "spool_by_user"); /* a user's deletion */
    sqlite3_close(db);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD_WITH_USERS(name)                                                                       \
    g_test_add("/store-spool/" #name, Fixture, NULL, set_up_users, name, tear_down)
    ADD_WITH_USERS(message__comes_back__as_it_was_put);
    ADD_WITH_USERS(messages__are_listed__by_way_and_user_in_id_order);
    ADD_WITH_USERS(message__is_replaced__whole);
    ADD_WITH_USERS(messages__go__with_their_user);
    ADD_WITH_USERS(what_is_deleted_at_once__is_not_there);
    ADD_WITH_USERS(messages__survive__a_restart);
    ADD_WITH_USERS(database__never_holds__a_text);
    ADD_WITH_USERS(a_box__opens__only_in_its_own_row);
    ADD_WITH_USERS(ten_thousand__are_stored__and_listed);
    ADD_WITH_USERS(lists__use__an_index);
    return g_test_run();
}
