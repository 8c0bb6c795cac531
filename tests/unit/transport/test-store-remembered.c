/* tests/unit/transport/test-store-remembered.c: what hosts remember of their accounts
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "tests/unit/transport/store-fixture.h"

static void remember(CwStore *store, const char *jid, const char *name, const char *value)
{
    cw_store_remember(store, ICQ, jid, name, value, 3, 4096, NULL, NULL);
}

static void refused(CwStore *store, const char *name, const char *value, guint most, guint bytes)
{
    Answer answer = {0};

    cw_store_remember(store, ICQ, JULIET, name, value, most, bytes, answer_cb, &answer);
    wait_for(&answer);
    g_assert_error(answer.error, CW_STORE_ERROR, CW_STORE_ERROR_FULL);
    g_clear_error(&answer.error);
}

static GHashTable *list(CwStore *store, const char *jid)
{
    g_autoptr(GError) error = NULL;
    GHashTable *values = cw_store_list_remembered(store, ICQ, jid, &error);

    g_assert_no_error(error);
    return values;
}

static void assert_value(CwStore *store, const char *jid, const char *name, const char *expected)
{
    g_autoptr(GHashTable) values = list(store, jid);

    g_assert_cmpstr(g_hash_table_lookup(values, name), ==, expected);
}

static void assert_count(CwStore *store, const char *jid, guint n)
{
    g_autoptr(GHashTable) values = list(store, jid);

    g_assert_cmpuint(g_hash_table_size(values), ==, n);
}

static void a_value__is_seen__before_and_after_it_is_written(Fixture *fixture, gconstpointer data)
{
    CwStore *store = fixture->store;

    put(store, JULIET, NULL);
    remember(store, JULIET, "watch.alerts.aapl", "> 190");
    remember(store, JULIET, "wish.zone", "Europe/Rome");
    remember(store, JULIET, "watch.alerts.aapl", "> 200");
    assert_value(store, JULIET, "watch.alerts.aapl", "> 200"); /* nothing has run yet */
    assert_count(store, ROMEO, 0);
    sync_store(store);
    assert_value(store, JULIET, "watch.alerts.aapl", "> 200");
    assert_value(store, JULIET, "wish.zone", "Europe/Rome");

    remember(store, JULIET, "watch.alerts.aapl", NULL);
    remember(store, JULIET, "never.there", NULL);
    assert_count(store, JULIET, 1);
    sync_store(store);
    assert_count(store, JULIET, 1);
    close_store(fixture);
    open_store(fixture);
    assert_value(fixture->store, JULIET, "wish.zone", "Europe/Rome");
    assert_count(fixture->store, JULIET, 1);
}

static void values__are_sealed(Fixture *fixture, gconstpointer data)
{
    put(fixture->store, JULIET, NULL);
    remember(fixture->store, JULIET, "wish.zone", "Europe/Verona-in-the-clear");
    sync_store(fixture->store);
    close_store(fixture);
    g_assert_false(database_contains(fixture, "Verona-in-the-clear"));
    assert_sound(fixture);
}

static void limits__refuse__and_leave_what_was_there(Fixture *fixture, gconstpointer data)
{
    CwStore *store = fixture->store;
    g_autofree char *large = g_strnfill(900, 'x'), *larger = g_strnfill(1100, 'x');

    put(store, JULIET, NULL);
    put(store, ROMEO, NULL);
    remember(store, JULIET, "a", "1");
    remember(store, JULIET, "b", "2");
    remember(store, JULIET, "c", "3");
    refused(store, "d", "4", 3, 4096);
    refused(store, "a", larger, 3, 1024);
    assert_value(store, JULIET, "a", "1");
    assert_count(store, JULIET, 3);
    remember(store, JULIET, "a", "5"); /* not one more */
    cw_store_remember(store, ICQ, JULIET, "b", large, 3, 2048, NULL, NULL);
    refused(store, "c", larger, 3, 2048); /* with what b has */
    remember(store, ROMEO, "d", "4");
    remember(store, JULIET, "b", NULL);
    remember(store, JULIET, "d", "6");
    sync_store(store);
    assert_value(store, JULIET, "a", "5");
    assert_value(store, JULIET, "c", "3");
    assert_value(store, JULIET, "d", "6");
    assert_value(store, ROMEO, "d", "4");
}

static void values__go_and_move__with_their_user(Fixture *fixture, gconstpointer data)
{
    CwStore *store = fixture->store;
    Answer moved = {0};

    remember(store, JULIET, "nobody", "1"); /* is registered */
    sync_store(store);
    put(store, JULIET, NULL);
    assert_count(store, JULIET, 0);
    remember(store, JULIET, "wish.zone", "Europe/Rome");
    g_autoptr(CwUser) user = get(store, JULIET);
    cw_store_move_user(store, user, ROMEO, answer_cb, &moved);
    assert_count(store, JULIET, 0);
    wait_for_success(&moved);
    assert_count(store, JULIET, 0);
    assert_value(store, ROMEO, "wish.zone", "Europe/Rome");
    remove_user(store, ROMEO);
    put(store, ROMEO, NULL);
    assert_count(store, ROMEO, 0);
}

static void a_value_of_another_name__does_not_open(Fixture *fixture, gconstpointer data)
{
    put(fixture->store, JULIET, NULL);
    remember(fixture->store, JULIET, "a", "1");
    remember(fixture->store, JULIET, "b", "2");
    sync_store(fixture->store);
    close_store(fixture);
    run_sql(fixture->path, "UPDATE remembered SET name = 'c' WHERE name = 'a'");
    open_store(fixture);
    g_test_expect_message("transport", G_LOG_LEVEL_WARNING,
                          "*1 remembered value(s) of " JULIET "*");
    assert_count(fixture->store, JULIET, 1);
    g_test_assert_expected_messages();
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD(a_value__is_seen__before_and_after_it_is_written);
    ADD(values__are_sealed);
    ADD(limits__refuse__and_leave_what_was_there);
    ADD(values__go_and_move__with_their_user);
    ADD(a_value_of_another_name__does_not_open);
    return g_test_run();
}
