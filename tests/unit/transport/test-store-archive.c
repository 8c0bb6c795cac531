/* tests/unit/transport/test-store-archive.c: the archives of rooms in the store
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "transport/store.h"

#include <string.h>

#include <sqlite3.h>

#include "tests/unit/transport/store-fixture.h"
#include "transport/store-archive.h"

#define ROOM "#verona"
#define TEXT "a-plague-o-both-your-houses"
#define START 1700000000

static void set_up_users(Fixture *fixture, gconstpointer data)
{
    set_up_open(fixture, data);
    put(fixture->store, JULIET, PASSWORD);
    put(fixture->store, ROMEO, NULL);
}

/* The n-th line: "line-N", said N seconds after START. */
static void put_line(CwStore *store, const char *jid, const char *room, guint n, const char *nick,
                     const char *text, guint most)
{
    g_autofree char *id = g_strdup_printf("line-%u", n);
    const CwArchived line = {
        .id = id, .nick = (char *)nick, .text = (char *)text, .said = START + n};
    cw_store_archive_line(store, ICQ, jid, room, &line, most, NULL, NULL);
}

static GPtrArray *list(CwStore *store, const char *jid, const CwArchiveFilter *filter,
                       gboolean last, guint limit)
{
    g_autoptr(GError) error = NULL;
    GPtrArray *lines =
        cw_store_list_archive(store, ICQ, jid, ROOM, filter, last, limit, 1 << 20, &error);
    g_assert_no_error(error);
    return lines;
}

/* The lines that fit, as "1 2 3", and how many they are. */
static void assert_lines(CwStore *store, const char *jid, const CwArchiveFilter *filter,
                         gboolean last, guint limit, const char *expected)
{
    const CwArchiveFilter all = {0};
    g_autoptr(GPtrArray) lines = list(store, jid, filter ? filter : &all, last, limit);
    g_autoptr(GString) text = g_string_new(NULL);
    for (guint i = 0; i < lines->len; i++) {
        const CwArchived *line = g_ptr_array_index(lines, i);
        g_string_append_printf(text, "%s%s", i ? " " : "", line->id + strlen("line-"));
    }
    g_assert_cmpstr(text->str, ==, expected);
}

static gint64 number_of(CwStore *store, guint n)
{
    g_autofree char *id = g_strdup_printf("line-%u", n);
    gint64 number = cw_store_find_archived(store, ICQ, JULIET, ROOM, id);
    g_assert_cmpint(number, >, 0);
    return number;
}

static void line__comes_back__as_it_was_put(Fixture *fixture, gconstpointer data)
{
    CwStore *store = fixture->store;
    const CwArchived line = {.id = (char *)"line-1",
                             .nick = (char *)"mercutio ✓",
                             .who = (char *)"mercutio@example.net",
                             .stanza_id = (char *)"m-1",
                             .text = (char *)TEXT "\n<&>",
                             .said = START};
    cw_store_archive_line(store, ICQ, JULIET, ROOM, &line, 0, NULL, NULL);
    const CwArchived bare = {.id = (char *)"line-2", .text = (char *)"", .said = START};
    cw_store_archive_line(store, ICQ, JULIET, ROOM, &bare, 0, NULL, NULL);
    cw_store_archive_line(store, ICQ, JULIET, ROOM, &bare, 0, NULL, NULL); /* the same again */
    sync_store(store);
    const CwArchiveFilter all = {0};
    g_autoptr(GPtrArray) lines = list(store, JULIET, &all, FALSE, 10);
    g_assert_cmpuint(lines->len, ==, 2);
    const CwArchived *first = g_ptr_array_index(lines, 0), *second = g_ptr_array_index(lines, 1);
    g_assert_cmpint(first->number, <, second->number);
    g_assert_cmpstr(first->id, ==, "line-1");
    g_assert_cmpstr(first->nick, ==, "mercutio ✓");
    g_assert_cmpstr(first->who, ==, "mercutio@example.net");
    g_assert_cmpstr(first->stanza_id, ==, "m-1");
    g_assert_cmpstr(first->text, ==, TEXT "\n<&>");
    g_assert_cmpint(first->said, ==, START);
    g_assert_null(second->nick);
    g_assert_null(second->who);
    g_assert_null(second->stanza_id);
    g_assert_cmpstr(second->text, ==, "");
    g_assert_true(cw_store_has_archive(store, ICQ, JULIET, ROOM));
    g_assert_false(cw_store_has_archive(store, ICQ, JULIET, "#mantua"));
    g_assert_false(cw_store_has_archive(store, ICQ, ROMEO, ROOM));
    g_assert_cmpint(cw_store_find_archived(store, ICQ, ROMEO, ROOM, "line-1"), ==, 0);
}

static void lines__are_listed__in_pages_and_filtered(Fixture *fixture, gconstpointer data)
{
    CwStore *store = fixture->store;
    for (guint n = 1; n <= 9; n++) {
        put_line(store, JULIET, ROOM, n, n % 3 ? "nurse" : "peter", TEXT, 0);
        put_line(store, ROMEO, ROOM, 10 + n, "nurse", TEXT, 0);
        put_line(store, JULIET, "#mantua", 20 + n, "nurse", TEXT, 0);
    }
    const CwArchived named = {.id = (char *)"line-30",
                              .nick = (char *)"peter",
                              .who = (char *)"p@x",
                              .text = (char *)TEXT,
                              .said = START + 30};
    cw_store_archive_line(store, ICQ, JULIET, ROOM, &named, 0, NULL, NULL);
    sync_store(store);

    assert_lines(store, JULIET, NULL, FALSE, 100, "1 2 3 4 5 6 7 8 9 30");
    assert_lines(store, ROMEO, NULL, FALSE, 3, "11 12 13");
    assert_lines(store, JULIET, NULL, TRUE, 3, "8 9 30");
    assert_lines(store, JULIET, NULL, FALSE, 0, "");
    assert_lines(store, "nobody@example.com", NULL, FALSE, 3, "");
    CwArchiveFilter between = {.after = number_of(store, 3), .before = number_of(store, 8)};
    assert_lines(store, JULIET, &between, FALSE, 2, "4 5");
    assert_lines(store, JULIET, &between, TRUE, 2, "6 7");
    CwArchiveFilter times = {.start = START + 4, .end = START + 6, .has_end = TRUE};
    assert_lines(store, JULIET, &times, FALSE, 100, "4 5 6");
    CwArchiveFilter nick = {.nick = "peter"};
    assert_lines(store, JULIET, &nick, FALSE, 100, "3 6 9 30");
    nick.other_nick = "nurse";
    assert_lines(store, JULIET, &nick, TRUE, 2, "9 30");
    CwArchiveFilter who = {.who = "p@x"};
    assert_lines(store, JULIET, &who, FALSE, 100, "30");
    const gint64 numbers[] = {number_of(store, 7), number_of(store, 2)};
    CwArchiveFilter some = {.numbers = numbers, .n_numbers = 2};
    assert_lines(store, JULIET, &some, FALSE, 100, "2 7");
    some.n_numbers = 0;
    assert_lines(store, JULIET, &some, FALSE, 100, "");

    g_assert_cmpint(cw_store_count_archive(store, ICQ, JULIET, ROOM, &nick, 100), ==, 10);
    g_assert_cmpint(cw_store_count_archive(store, ICQ, JULIET, ROOM, &nick, 4), ==, 4);
    g_assert_cmpint(cw_store_count_archive(store, ICQ, JULIET, ROOM, &times, 100), ==, 3);
}

static void a_page__ends__when_it_is_large(Fixture *fixture, gconstpointer data)
{
    CwStore *store = fixture->store;
    const CwArchiveFilter all = {0};
    g_autoptr(GError) error = NULL;
    g_autofree char *text = g_strnfill(1000, 'x');
    for (guint n = 1; n <= 5; n++)
        put_line(store, JULIET, ROOM, n, "nurse", text, 0);
    sync_store(store);
    static const guint sizes[][2] = {{1, 1}, {1000, 1}, {1001, 2}, {3500, 4}, {99999, 5}};
    for (guint i = 0; i < G_N_ELEMENTS(sizes); i++) {
        g_autoptr(GPtrArray) lines =
            cw_store_list_archive(store, ICQ, JULIET, ROOM, &all, FALSE, 9, sizes[i][0], &error);
        g_assert_cmpuint(lines->len, ==, sizes[i][1]);
    }
}

static void the_oldest__go__over_the_limit(Fixture *fixture, gconstpointer data)
{
    CwStore *store = fixture->store;
    for (guint n = 1; n <= 3000; n++) {
        put_line(store, JULIET, ROOM, n, "nurse", TEXT, 4);
        if (n % 3 == 0)
            put_line(store, ROMEO, ROOM, n, "nurse", TEXT, 2);
    }
    put_line(store, JULIET, "#mantua", 1, "nurse", TEXT, 4);
    sync_store(store);
    assert_lines(store, JULIET, NULL, FALSE, 100, "2997 2998 2999 3000");
    assert_lines(store, ROMEO, NULL, FALSE, 100, "2997 3000");
    g_assert_true(cw_store_has_archive(store, ICQ, JULIET, "#mantua"));
    put_line(store, JULIET, ROOM, 3001, "nurse", TEXT, 1); /* a lower one */
    sync_store(store);
    assert_lines(store, JULIET, NULL, FALSE, 100, "3001");
}

static void old_lines__expire__in_batches(Fixture *fixture, gconstpointer data)
{
    CwStore *store = fixture->store;
    enum { N = 2 * CW_ARCHIVE_EXPIRE_BATCH + 100 };
    for (guint n = 1; n <= N; n++)
        put_line(store, n % 2 ? JULIET : ROMEO, ROOM, n, "nurse", TEXT, 0);
    sync_store(store);
    cw_store_expire_archive(store, START + N - 2);
    sync_store(store);
    /* the batches that follow are queued as the one before is through */
    while (cw_store_find_archived(store, ICQ, JULIET, ROOM, "line-1097") > 0)
        sync_store(store);
    assert_lines(store, JULIET, NULL, FALSE, 100, "1099");
    assert_lines(store, ROMEO, NULL, FALSE, 100, "1098 1100");
    cw_store_expire_archive(store, G_MAXINT64);
    sync_store(store);
    assert_lines(store, ROMEO, NULL, FALSE, 100, "");
}

static void many_that_expire__do_not_hold_up__the_end(Fixture *fixture, gconstpointer data)
{
    for (guint n = 1; n <= 2 * CW_ARCHIVE_EXPIRE_BATCH; n++)
        put_line(fixture->store, JULIET, ROOM, n, "nurse", TEXT, 0);
    cw_store_expire_archive(fixture->store, G_MAXINT64);
    close_store(fixture);
    open_store(fixture);
    assert_lines(fixture->store, JULIET, NULL, FALSE, 1, "501");
    assert_sound(fixture);
}

static void archives__go_and_move__with_their_user(Fixture *fixture, gconstpointer data)
{
    CwStore *store = fixture->store;
    for (guint n = 1; n <= 200; n++)
        put_line(store, n % 2 ? JULIET : ROMEO, ROOM, n, n % 2 ? "the-nurse" : "the-friar", TEXT,
                 0);
    sync_store(store);
    g_assert_true(database_contains(fixture, "the-nurse")); /* it looks into the right files */
    remove_user(store, JULIET);
    g_assert_false(database_contains(fixture, "the-nurse"));
    put_line(store, JULIET, ROOM, 201, "the-nurse", TEXT, 0); /* she is gone */
    put(store, JULIET, NULL);
    assert_lines(store, JULIET, NULL, FALSE, 10, "");

    g_autoptr(CwUser) romeo = get(store, ROMEO);
    Answer answer = {0};
    cw_store_move_user(store, romeo, "romeo@mantua.example", answer_cb, &answer);
    wait_for_success(&answer);
    assert_lines(store, ROMEO, NULL, FALSE, 10, "");
    assert_lines(store, "romeo@mantua.example", NULL, FALSE, 3, "2 4 6");
    assert_sound(fixture);
}

static void database__never_holds__a_text(Fixture *fixture, gconstpointer data)
{
    g_autofree char *long_text = g_strnfill(20000, 'x');
    put_line(fixture->store, JULIET, ROOM, 1, "the-nurse", TEXT, 0);
    put_line(fixture->store, JULIET, ROOM, 2, "the-nurse", long_text, 0);
    sync_store(fixture->store);
    g_assert_true(database_contains(fixture, "the-nurse"));
    g_assert_false(database_contains(fixture, TEXT));
    g_assert_false(database_contains(fixture, "xxxxxxxx"));
    close_store(fixture);
    g_assert_false(database_contains(fixture, TEXT));
    g_assert_false(database_contains(fixture, "xxxxxxxx"));
}

static void a_box__opens__only_in_its_own_row(Fixture *fixture, gconstpointer data)
{
    for (guint n = 1; n <= 3; n++)
        put_line(fixture->store, JULIET, ROOM, n, "nurse", TEXT, 0);
    sync_store(fixture->store);
    run_sql(fixture->path, "UPDATE archive SET text = (SELECT text FROM archive WHERE id ="
                           " 'line-3') WHERE id = 'line-1'");
    g_test_expect_message("transport", G_LOG_LEVEL_WARNING, "store: 1 line(s) of the archive*");
    assert_lines(fixture->store, JULIET, NULL, FALSE, 2, "2 3");
    g_test_assert_expected_messages();
}

static gint64 until = G_MAXINT64;

static char *find_copy(CwStore *store, const char *nick, const char *text, gint64 said,
                       GHashTable *besides)
{
    const CwArchived line = {.nick = (char *)nick, .text = (char *)text, .said = said};
    return cw_store_find_copy(store, ICQ, JULIET, ROOM, &line, 2, until, besides);
}

static void copies__are_found__once_each(Fixture *fixture, gconstpointer data)
{
    CwStore *store = fixture->store;
    g_autoptr(GHashTable) found = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    put_line(store, JULIET, ROOM, 1, "nurse", "ok", 0);
    put_line(store, JULIET, ROOM, 2, "nurse", "ok", 0);
    put_line(store, JULIET, ROOM, 3, NULL, "ok", 0);
    put_line(store, ROMEO, ROOM, 10, "nurse", "ok", 0);
    sync_store(store);
    g_assert_null(find_copy(store, "nurse", "no", START + 1, found));
    g_assert_null(find_copy(store, "peter", "ok", START + 1, found));
    g_assert_null(find_copy(store, "nurse", "ok", START + 5, found));
    g_assert_null(find_copy(store, "nurse", "ok", START - 2, found));
    g_autofree char *room = find_copy(store, NULL, "ok", START + 3, found);
    g_assert_cmpstr(room, ==, "line-3");
    char *nearest = find_copy(store, "nurse", "ok", START + 2, found);
    g_assert_cmpstr(nearest, ==, "line-2");
    g_hash_table_add(found, nearest);
    until = number_of(store, 1) - 1;
    g_assert_null(find_copy(store, "nurse", "ok", START + 2, found));
    until++;
    char *next = find_copy(store, "nurse", "ok", START + 2, found);
    g_assert_cmpstr(next, ==, "line-1");
    g_hash_table_add(found, next);
    g_assert_null(find_copy(store, "nurse", "ok", START + 2, found));
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
    g_assert_null(strstr(plan->str, "SCAN archive"));
}

typedef struct {
    CwStore *store;
    guint n_read, n_refused;
} Closing;

static void refused_cb(const GError *error, gpointer data)
{
    Closing *closing = data;
    g_assert_error(error, CW_STORE_ERROR, CW_STORE_ERROR_WRITE);
    closing->n_refused++;
}

static void read_late_cb(const GError *error, gpointer data)
{
    Closing *closing = data;
    const CwArchiveFilter all = {0};
    const CwArchived line = {.id = (char *)"late", .text = (char *)"", .said = START};
    g_assert_no_error(error);
    g_autoptr(GPtrArray) lines = list(closing->store, JULIET, &all, FALSE, 10);
    closing->n_read = lines->len;
    cw_store_archive_line(closing->store, ICQ, JULIET, ROOM, &line, 0, refused_cb, closing);
}

/* The gateway stops while somebody's query waits for what is written. */
static void who_waits__may_read__while_it_closes(Fixture *fixture, gconstpointer data)
{
    Closing closing = {fixture->store, 0, 0};
    put_line(fixture->store, JULIET, ROOM, 1, NULL, TEXT, 0);
    cw_store_sync(fixture->store, read_late_cb, &closing);
    g_test_expect_message("transport", G_LOG_LEVEL_WARNING, "*1 archived line*");
    cw_store_free(g_steal_pointer(&fixture->store));
    g_test_assert_expected_messages();
    g_assert_cmpuint(closing.n_read, ==, 1);
    g_assert_cmpuint(closing.n_refused, ==, 1);
}

static void lists__use__an_index(Fixture *fixture, gconstpointer data)
{
    sqlite3 *db;
    g_assert_cmpint(sqlite3_open(fixture->path, &db), ==, SQLITE_OK);
    assert_plan(db, cw_archive_list_sql, "archive_by_room");
    assert_plan(db, cw_archive_list_last_sql, "archive_by_room");
    assert_plan(db, cw_archive_count_sql, "archive_by_room");
    assert_plan(db, "SELECT number FROM archive WHERE said < 1 ORDER BY said", "archive_by_age");
    sqlite3_close(db);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD_WITH_USERS(name)                                                                       \
    g_test_add("/store-archive/" #name, Fixture, NULL, set_up_users, name, tear_down)
    ADD_WITH_USERS(line__comes_back__as_it_was_put);
    ADD_WITH_USERS(lines__are_listed__in_pages_and_filtered);
    ADD_WITH_USERS(a_page__ends__when_it_is_large);
    ADD_WITH_USERS(the_oldest__go__over_the_limit);
    ADD_WITH_USERS(old_lines__expire__in_batches);
    ADD_WITH_USERS(many_that_expire__do_not_hold_up__the_end);
    ADD_WITH_USERS(archives__go_and_move__with_their_user);
    ADD_WITH_USERS(database__never_holds__a_text);
    ADD_WITH_USERS(a_box__opens__only_in_its_own_row);
    ADD_WITH_USERS(copies__are_found__once_each);
    ADD_WITH_USERS(who_waits__may_read__while_it_closes);
    ADD_WITH_USERS(lists__use__an_index);
    return g_test_run();
}
