/* tests/unit/transport/test-store.c: what lasts, against real files
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "transport/store.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sqlite3.h>

#include "tests/unit/transport/store-fixture.h"
#include "transport/store-schema.h"
#include "transport/store-sql.h"

/* ---- registrations ---- */

static void user__comes_back__as_it_was_put(Fixture *fixture, gconstpointer data)
{
    CwStore *store = fixture->store;
    g_autoptr(CwUser) nobody = get(store, JULIET);
    g_assert_null(nobody);
    g_assert_false(cw_store_has_user(store, ICQ, JULIET));
    g_assert_cmpuint(cw_store_count_users(store, ICQ), ==, 0);

    put(store, JULIET, PASSWORD);
    g_autoptr(CwUser) user = get(store, JULIET);
    g_assert_cmpstr(user->domain, ==, ICQ);
    g_assert_cmpstr(user->jid, ==, JULIET);
    g_assert_cmpstr(user->username, ==, "12345678");
    g_assert_cmpstr(cw_secret_peek(user->password), ==, PASSWORD);
    g_assert_cmpint(user->created, ==, 1700000000);
    g_assert_cmpuint(g_hash_table_size(user->options), ==, 2);
    g_assert_cmpstr(g_hash_table_lookup(user->options, "port"), ==, "5190");
    g_assert_cmpstr(g_hash_table_lookup(user->options, "empty"), ==, "");
    g_assert_true(cw_store_has_user(store, ICQ, JULIET));
    g_assert_false(cw_store_has_user(store, "aim.example.com", JULIET));
    g_assert_cmpuint(cw_store_count_users(store, ICQ), ==, 1);
    g_assert_cmpuint(cw_store_count_users(store, "aim.example.com"), ==, 0);
}

static void user__is_replaced__whole(Fixture *fixture, gconstpointer data)
{
    CwStore *store = fixture->store;
    put(store, JULIET, PASSWORD);
    put_contact(store, JULIET, "romeo", NULL);

    g_autoptr(CwUser) changed = cw_user_new(ICQ, JULIET);
    changed->username = g_strdup("87654321");
    g_hash_table_insert(changed->options, g_strdup("server"), g_strdup("oscar.example"));
    Answer answer = {0};
    cw_store_put_user(store, changed, answer_cb, &answer);
    wait_for_success(&answer);

    g_autoptr(CwUser) user = get(store, JULIET);
    g_assert_cmpstr(user->username, ==, "87654321");
    g_assert_null(user->password);
    g_assert_cmpuint(g_hash_table_size(user->options), ==, 1);
    g_assert_cmpstr(g_hash_table_lookup(user->options, "server"), ==, "oscar.example");
    g_assert_cmpuint(cw_store_count_users(store, ICQ), ==, 1);
    /* An edited registration keeps its contacts. */
    g_autoptr(GPtrArray) list = contacts(store, JULIET);
    g_assert_cmpuint(list->len, ==, 1);
}

static void user__is_deleted__with_its_contacts(Fixture *fixture, gconstpointer data)
{
    CwStore *store = fixture->store;
    put(store, JULIET, PASSWORD);
    put(store, "romeo@example.com", NULL);
    put_contact(store, JULIET, "tybalt", NULL);
    put_contact(store, "romeo@example.com", "mercutio", NULL);
    remove_user(store, JULIET);
    remove_user(store, "nobody@example.com"); /* no error: it is not there afterwards */

    g_assert_false(cw_store_has_user(store, ICQ, JULIET));
    g_assert_true(cw_store_has_user(store, ICQ, "romeo@example.com"));
    put(store, JULIET, PASSWORD);
    g_autoptr(GPtrArray) none = contacts(store, JULIET);
    g_assert_cmpuint(none->len, ==, 0);
    g_autoptr(GPtrArray) kept = contacts(store, "romeo@example.com");
    g_assert_cmpuint(kept->len, ==, 1);
}

static void user__moves__whole_or_not_at_all(Fixture *fixture, gconstpointer data)
{
    CwStore *store = fixture->store;
    Answer moved = {0}, taken = {0}, gone = {0};
    put(store, JULIET, PASSWORD);
    put(store, "nurse@example.com", NULL);
    const CwStoredContact tybalt = {
        .name = (char *)"tybalt", .alias = (char *)"Tybalt", .offered = TRUE, .subscribed = TRUE};
    cw_store_put_contact(store, ICQ, JULIET, &tybalt);
    put_spooled(store, 1, CW_SPOOL_TO_NETWORK, JULIET, "sealed for Juliet");
    g_autoptr(CwUser) user = get(store, JULIET);
    cw_store_move_user(store, user, "nurse@example.com", answer_cb, &taken);
    cw_store_move_user(store, user, ROMEO, answer_cb, &moved);
    cw_store_move_user(store, user, "paris@example.com", answer_cb, &gone);
    wait_for(&taken);
    g_assert_error(taken.error, CW_STORE_ERROR, CW_STORE_ERROR_MOVE);
    g_clear_error(&taken.error);
    wait_for_success(&moved);
    wait_for(&gone);
    g_assert_error(gone.error, CW_STORE_ERROR, CW_STORE_ERROR_MOVE);
    g_clear_error(&gone.error);

    g_assert_false(cw_store_has_user(store, ICQ, JULIET));
    g_assert_cmpuint(cw_store_count_users(store, ICQ), ==, 2);
    g_autoptr(CwUser) there = get(store, ROMEO);
    g_assert_cmpstr(cw_secret_peek(there->password), ==, PASSWORD);
    g_assert_cmpstr(there->username, ==, user->username);
    g_assert_cmpuint(g_hash_table_size(there->options), ==, 2);
    g_autoptr(GPtrArray) list = contacts(store, ROMEO);
    g_assert_cmpuint(list->len, ==, 1);
    const CwStoredContact *contact = g_ptr_array_index(list, 0);
    g_assert_cmpstr(contact->alias, ==, "Tybalt");
    g_assert_false(contact->offered);
    g_assert_false(contact->subscribed); /* it was another JID's */
    g_autoptr(GPtrArray) spooled = list_spooled(store, CW_SPOOL_TO_NETWORK, NULL, 0, 10);
    g_assert_cmpuint(spooled->len, ==, 0);
}

static void users__are_listed__in_pages(Fixture *fixture, gconstpointer data)
{
    CwStore *store = fixture->store;
    for (guint i = 0; i < 25; i++) {
        g_autofree char *jid = g_strdup_printf("user%02u@example.com", (i * 7) % 25);
        g_autoptr(CwUser) user = make_user(jid, NULL);
        cw_store_put_user(store, user, NULL, NULL);
    }
    sync_store(store);

    g_autofree char *after = NULL;
    guint seen = 0;
    while (TRUE) {
        g_autoptr(GPtrArray) page = cw_store_list_users(store, ICQ, after, 10, NULL);
        g_assert_cmpuint(page->len, <=, 10);
        if (page->len == 0)
            break;
        for (guint i = 0; i < page->len; i++, seen++) {
            g_autofree char *expected = g_strdup_printf("user%02u@example.com", seen);
            g_assert_cmpstr(g_ptr_array_index(page, i), ==, expected);
        }
        g_free(after);
        after = g_strdup(g_ptr_array_index(page, page->len - 1));
    }
    g_assert_cmpuint(seen, ==, 25);
}

static void everything__survives__a_restart(Fixture *fixture, gconstpointer data)
{
    put(fixture->store, JULIET, PASSWORD);
    put_contact(fixture->store, JULIET, "romeo", "Montague");
    close_store(fixture); /* without waiting: closing does */
    open_store(fixture);

    g_autoptr(CwUser) user = get(fixture->store, JULIET);
    g_assert_cmpstr(cw_secret_peek(user->password), ==, PASSWORD);
    g_autoptr(GPtrArray) list = contacts(fixture->store, JULIET);
    g_assert_cmpuint(list->len, ==, 1);
}

/* ---- contacts ---- */

static void contacts__come_back__in_name_order(Fixture *fixture, gconstpointer data)
{
    CwStore *store = fixture->store;
    put(store, JULIET, NULL);
    put_contact(store, JULIET, "tybalt", NULL);
    put_contact(store, JULIET, "mercutio", "Mercutio ✓");
    put_contact(store, JULIET, "romeo", NULL);
    put_contact(store, JULIET, "tybalt", "Prince of Cats");
    cw_store_delete_contact(store, ICQ, JULIET, "romeo");
    cw_store_delete_contact(store, ICQ, JULIET, "nobody");
    put_contact(store, "stranger@example.com", "romeo", NULL); /* not registered: nothing */
    sync_store(store);

    g_autoptr(GPtrArray) list = contacts(store, JULIET);
    g_assert_cmpuint(list->len, ==, 2);
    const CwStoredContact *first = g_ptr_array_index(list, 0), *second = g_ptr_array_index(list, 1);
    g_assert_cmpstr(first->name, ==, "mercutio");
    g_assert_cmpstr(first->alias, ==, "Mercutio ✓");
    g_assert_null(first->group);
    g_assert_true(first->offered);
    g_assert_cmpstr(second->name, ==, "tybalt");
    g_assert_cmpstr(second->alias, ==, "Prince of Cats");
    g_autoptr(GPtrArray) none = contacts(store, "stranger@example.com");
    g_assert_cmpuint(none->len, ==, 0);
}

static void contacts__come_back__with_what_agreed(Fixture *fixture, gconstpointer data)
{
    CwStoredContact romeo = {.name = (char *)"romeo", .agreed = CW_AGREED_GROUP};
    put(fixture->store, JULIET, NULL);
    put_contact(fixture->store, JULIET, "mercutio", NULL);
    cw_store_put_contact(fixture->store, ICQ, JULIET, &romeo);
    romeo.agreed |= CW_AGREED_NAME;
    cw_store_put_contact(fixture->store, ICQ, JULIET, &romeo);
    sync_store(fixture->store);

    g_autoptr(GPtrArray) list = contacts(fixture->store, JULIET);
    g_assert_cmpuint(((CwStoredContact *)g_ptr_array_index(list, 0))->agreed, ==, 0);
    g_assert_cmpuint(((CwStoredContact *)g_ptr_array_index(list, 1))->agreed, ==,
                     CW_AGREED_NAME | CW_AGREED_GROUP);
}

static void subscribed__comes_back__as_it_was_put(Fixture *fixture, gconstpointer data)
{
    CwStoredContact feed = {.name = (char *)"feed", .subscribed = TRUE};
    put(fixture->store, JULIET, NULL);
    put_contact(fixture->store, JULIET, "blog", NULL);
    cw_store_put_contact(fixture->store, ICQ, JULIET, &feed);
    sync_store(fixture->store);
    g_autoptr(GPtrArray) list = contacts(fixture->store, JULIET);
    g_assert_false(((CwStoredContact *)g_ptr_array_index(list, 0))->subscribed);
    g_assert_true(((CwStoredContact *)g_ptr_array_index(list, 1))->subscribed);
    feed.subscribed = FALSE;
    cw_store_put_contact(fixture->store, ICQ, JULIET, &feed);
    sync_store(fixture->store);
    g_autoptr(GPtrArray) after = contacts(fixture->store, JULIET);
    g_assert_false(((CwStoredContact *)g_ptr_array_index(after, 1))->subscribed);
}

static void what_is_done__survives__a_kill(Fixture *fixture, gconstpointer data)
{
    pid_t child = fork();
    if (child == 0) {
        open_store(fixture);
        put(fixture->store, JULIET, PASSWORD);
        put_contact(fixture->store, JULIET, "romeo", "Montague");
        sync_store(fixture->store);
        kill(getpid(), SIGKILL);
    }
    int status;
    g_assert_cmpint(waitpid(child, &status, 0), ==, child);
    g_assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);

    open_store(fixture);
    g_autoptr(CwUser) user = get(fixture->store, JULIET);
    g_assert_cmpstr(cw_secret_peek(user->password), ==, PASSWORD);
    g_autoptr(GPtrArray) list = contacts(fixture->store, JULIET);
    g_assert_cmpuint(list->len, ==, 1);
}

/* ---- order and completion ---- */

static void numbered_cb(const GError *error, gpointer data)
{
    guint **next = data;
    g_assert_no_error(error);
    *(*next)++ = TRUE;
}

static void put_request(CwStore *store, const char *contact, const char *nick, const char *text,
                        CwAnswer answer)
{
    CwStoredRequest request = {
        .contact = (char *)contact, .nick = (char *)nick, .text = (char *)text, .answer = answer};

    cw_store_put_request(store, ICQ, JULIET, &request);
}

static GPtrArray *requests(CwStore *store, const char *jid)
{
    g_autoptr(GError) error = NULL;
    GPtrArray *list = cw_store_list_requests(store, ICQ, jid, &error);
    g_assert_no_error(error);
    return list;
}

static void assert_request(GPtrArray *list, guint at, const char *contact, const char *nick,
                           const char *text, CwAnswer answer)
{
    const CwStoredRequest *request = g_ptr_array_index(list, at);
    g_assert_cmpstr(request->contact, ==, contact);
    g_assert_cmpstr(request->nick, ==, nick);
    g_assert_cmpstr(request->text, ==, text);
    g_assert_cmpint(request->answer, ==, answer);
}

static void requests__come_back__until_they_are_deleted(Fixture *fixture, gconstpointer data)
{
    put(fixture->store, JULIET, PASSWORD);
    put_request(fixture->store, "romeo", "Montague", "let me see", CW_ANSWER_NONE);
    put_request(fixture->store, "paris", NULL, NULL, CW_ANSWER_DENY);
    put_request(fixture->store, "tybalt", NULL, NULL, CW_ANSWER_NONE);
    put_request(fixture->store, "romeo", "Romeo", "let me see", CW_ANSWER_AUTHORIZE);
    cw_store_delete_request(fixture->store, ICQ, JULIET, "tybalt");
    cw_store_delete_request(fixture->store, ICQ, JULIET, "nobody");
    sync_store(fixture->store);
    close_store(fixture);
    open_store(fixture);

    g_autoptr(GPtrArray) list = requests(fixture->store, JULIET);
    g_assert_cmpuint(list->len, ==, 2);
    assert_request(list, 0, "paris", NULL, NULL, CW_ANSWER_DENY);
    assert_request(list, 1, "romeo", "Romeo", "let me see", CW_ANSWER_AUTHORIZE);
    g_autoptr(GPtrArray) others = requests(fixture->store, ROMEO);
    g_assert_cmpuint(others->len, ==, 0);
}

static void requests__go__with_their_user(Fixture *fixture, gconstpointer data)
{
    put_request(fixture->store, "paris", NULL, "too early", CW_ANSWER_NONE); /* no user yet */
    put(fixture->store, JULIET, PASSWORD);
    put_request(fixture->store, "romeo", NULL, "let-me-see", CW_ANSWER_NONE);
    sync_store(fixture->store);
    g_autoptr(GPtrArray) list = requests(fixture->store, JULIET);
    g_assert_cmpuint(list->len, ==, 1);
    remove_user(fixture->store, JULIET);
    g_assert_false(database_contains(fixture, "let-me-see"));
    put(fixture->store, JULIET, PASSWORD);
    g_autoptr(GPtrArray) none = requests(fixture->store, JULIET);
    g_assert_cmpuint(none->len, ==, 0);
}

static void subscription__comes_back__as_it_was_put(Fixture *fixture, gconstpointer data)
{
    static const CwSubscription all[] = {CW_SUBSCRIPTION_NONE, CW_SUBSCRIPTION_WANTED,
                                         CW_SUBSCRIPTION_ASKED, CW_SUBSCRIPTION_GRANTED,
                                         CW_SUBSCRIPTION_REMOVED};

    put(fixture->store, JULIET, PASSWORD);
    for (guint i = 0; i < G_N_ELEMENTS(all); i++) {
        CwStoredContact contact = {
            .name = (char *)"romeo", .offered = i > 0, .unanswered = i > 1, .subscription = all[i]};
        cw_store_put_contact(fixture->store, ICQ, JULIET, &contact);
        sync_store(fixture->store);
        g_autoptr(GPtrArray) list = contacts(fixture->store, JULIET);
        const CwStoredContact *read = g_ptr_array_index(list, 0);
        g_assert_cmpint(read->subscription, ==, all[i]);
        g_assert_cmpint(read->offered, ==, i > 0);
        g_assert_cmpint(read->unanswered, ==, i > 1);
    }
}

/* ---- preferences ---- */

static void put_preference(CwStore *store, const char *jid, gboolean yes)
{
    g_autoptr(CwUser) user = cw_user_new(ICQ, jid);
    cw_user_set_preference(user, CW_PREFERENCE_PICTURE, yes);
    Answer answer = {0};
    cw_store_put_preferences(store, user, answer_cb, &answer);
    wait_for_success(&answer);
}

static gboolean wants(CwStore *store, const char *jid)
{
    g_autoptr(CwUser) user = get(store, jid);
    return cw_user_wants(user, CW_PREFERENCE_PICTURE);
}

static void preferences__are_kept__until_they_are_changed(Fixture *fixture, gconstpointer data)
{
    put(fixture->store, JULIET, PASSWORD);
    put(fixture->store, ROMEO, PASSWORD);
    g_assert_false(wants(fixture->store, JULIET));
    put_preference(fixture->store, JULIET, TRUE);
    put(fixture->store, JULIET, "another password"); /* which says nothing of them */
    close_store(fixture);
    open_store(fixture);
    g_assert_true(wants(fixture->store, JULIET));
    g_assert_false(wants(fixture->store, ROMEO));
    put_preference(fixture->store, JULIET, FALSE);
    g_assert_false(wants(fixture->store, JULIET));

    g_autoptr(CwUser) user = make_user(JULIET, PASSWORD);
    cw_user_set_preference(user, CW_PREFERENCE_PICTURE, TRUE);
    Answer answer = {0};
    cw_store_put_user(fixture->store, user, answer_cb, &answer);
    wait_for_success(&answer);
    g_assert_true(wants(fixture->store, JULIET));
    g_autoptr(CwUser) copy = cw_user_copy(user);
    g_assert_true(cw_user_wants(copy, CW_PREFERENCE_PICTURE));
}

static void preferences__go_and_move__with_their_user(Fixture *fixture, gconstpointer data)
{
    put_preference(fixture->store, JULIET, TRUE); /* no user yet */
    put(fixture->store, JULIET, PASSWORD);
    g_assert_false(wants(fixture->store, JULIET));
    put_preference(fixture->store, JULIET, TRUE);
    g_autoptr(CwUser) user = get(fixture->store, JULIET);
    Answer answer = {0};
    cw_store_move_user(fixture->store, user, ROMEO, answer_cb, &answer);
    wait_for_success(&answer);
    g_assert_true(wants(fixture->store, ROMEO));
    remove_user(fixture->store, ROMEO);
    put(fixture->store, ROMEO, PASSWORD);
    g_assert_false(wants(fixture->store, ROMEO));
}

/* ---- rooms ---- */

static void put_room(CwStore *store, const char *jid, const char *name, const char *password,
                     gboolean stay)
{
    g_autoptr(CwStoredRoom) room = cw_stored_room_new(name, "jule");
    room->password = password ? cw_secret_new(password) : NULL;
    room->join = !stay;
    room->stay = stay;
    room->told = stay;
    room->bookmarked = !stay;
    cw_store_put_room(store, ICQ, jid, room);
}

static GPtrArray *rooms(CwStore *store, const char *jid)
{
    g_autoptr(GError) error = NULL;
    GPtrArray *list = cw_store_list_rooms(store, ICQ, jid, &error);
    g_assert_no_error(error);
    return list;
}

static void assert_room(GPtrArray *list, guint at, const char *name, const char *password,
                        gboolean stay)
{
    const CwStoredRoom *room = g_ptr_array_index(list, at);
    g_assert_cmpstr(room->name, ==, name);
    g_assert_cmpstr(room->nick, ==, "jule");
    g_assert_cmpstr(cw_secret_peek(room->password), ==, password);
    g_assert_cmpint(room->join, ==, !stay);
    g_assert_cmpint(room->stay, ==, stay);
    g_assert_cmpint(room->told, ==, stay);
    g_assert_cmpint(room->bookmarked, ==, !stay);
}

static void rooms__come_back__until_they_are_deleted(Fixture *fixture, gconstpointer data)
{
    CwStore *store = fixture->store;
    put(store, JULIET, NULL);
    put_room(store, JULIET, "#verona", NULL, FALSE);
    put_room(store, JULIET, "#mantua", NULL, FALSE);
    put_room(store, JULIET, "#verona", "open sesame", TRUE);
    put_room(store, JULIET, "#padua", NULL, TRUE);
    cw_store_delete_room(store, ICQ, JULIET, "#padua");
    cw_store_delete_room(store, ICQ, JULIET, "#nowhere");
    put_room(store, "stranger@example.com", "#verona", NULL, TRUE); /* not registered: nothing */
    sync_store(store);

    g_autoptr(GPtrArray) list = rooms(store, JULIET);
    g_assert_cmpuint(list->len, ==, 2);
    assert_room(list, 0, "#mantua", NULL, FALSE);
    assert_room(list, 1, "#verona", "open sesame", TRUE);
    g_autoptr(GPtrArray) none = rooms(store, "stranger@example.com");
    g_assert_cmpuint(none->len, ==, 0);
}

static void rooms__leave__no_bytes_of_a_password(Fixture *fixture, gconstpointer data)
{
    static const char *const secrets[] = {"open sesame", "xyzzy plugh"};
    put(fixture->store, JULIET, NULL);
    put_room(fixture->store, JULIET, "#verona", secrets[0], TRUE);
    sync_store(fixture->store);
    g_assert_true(database_contains(fixture, "#verona"));
    put_room(fixture->store, JULIET, "#verona", secrets[1], TRUE);
    sync_store(fixture->store);
    for (guint i = 0; i < G_N_ELEMENTS(secrets); i++)
        g_assert_false(database_contains(fixture, secrets[i]));
    remove_user(fixture->store, JULIET);
    close_store(fixture);
    g_assert_false(database_contains(fixture, "#verona"));
    open_store(fixture);
    put(fixture->store, JULIET, NULL);
    g_autoptr(GPtrArray) none = rooms(fixture->store, JULIET);
    g_assert_cmpuint(none->len, ==, 0);
}

static void rooms__move__with_their_passwords(Fixture *fixture, gconstpointer data)
{
    CwStore *store = fixture->store;
    Answer moved = {0};
    put(store, JULIET, PASSWORD);
    put_room(store, JULIET, "#mantua", NULL, FALSE);
    put_room(store, JULIET, "#verona", "open sesame", TRUE);
    sync_store(store);
    g_autoptr(CwUser) user = get(store, JULIET);
    sqlite3 *busy = NULL; /* so that the room is not written when the move looks for it */
    g_assert_cmpint(sqlite3_open(fixture->path, &busy), ==, SQLITE_OK);
    g_assert_cmpint(sqlite3_exec(busy, "BEGIN IMMEDIATE", NULL, NULL, NULL), ==, SQLITE_OK);
    put_room(store, JULIET, "#padua", "too late", TRUE);
    cw_store_move_user(store, user, ROMEO, answer_cb, &moved);
    g_assert_cmpint(sqlite3_exec(busy, "COMMIT", NULL, NULL, NULL), ==, SQLITE_OK);
    sqlite3_close(busy);
    wait_for_success(&moved);
    g_autoptr(GPtrArray) list = rooms(store, ROMEO);
    g_assert_cmpuint(list->len, ==, 3);
    assert_room(list, 0, "#mantua", NULL, FALSE);
    assert_room(list, 1, "#padua", NULL, TRUE);
    assert_room(list, 2, "#verona", "open sesame", TRUE);
}

static void staying__are_listed__in_pages(Fixture *fixture, gconstpointer data)
{
    CwStore *store = fixture->store;
    g_autofree char *after = NULL;
    guint seen = 0;
    for (guint i = 0; i < 12; i++) {
        g_autofree char *jid = g_strdup_printf("user%02u@example.com", i);
        put(store, jid, NULL);
        put_room(store, jid, "#verona", NULL, i % 2 == 0);
        put_room(store, jid, "#mantua", NULL, i % 4 == 0);
    }
    g_autoptr(CwUser) gone = cw_user_new(ICQ, "user02@example.com");
    cw_user_set_preference(gone, CW_PREFERENCE_LOGGED_OUT, TRUE);
    cw_store_put_preferences(store, gone, NULL, NULL);
    sync_store(store);
    while (TRUE) {
        g_autoptr(GPtrArray) page = cw_store_list_staying(store, ICQ, after, 2, NULL);
        if (page->len == 0)
            break;
        g_free(after);
        after = g_strdup(g_ptr_array_index(page, page->len - 1));
        g_assert_cmpstr(after, !=, "user02@example.com");
        seen += page->len;
    }
    g_assert_cmpuint(seen, ==, 5);
    g_assert_cmpstr(after, ==, "user10@example.com");
}

static void writes__are_done__in_order(Fixture *fixture, gconstpointer data)
{
    CwStore *store = fixture->store;
    guint done[300] = {0}, *next = done;
    for (guint i = 0; i < 100; i++) {
        g_autoptr(CwUser) user = make_user(JULIET, PASSWORD);
        cw_store_put_user(store, user, numbered_cb, &next);
        cw_store_delete_user(store, ICQ, JULIET, numbered_cb, &next);
        user->created = i;
        cw_store_put_user(store, user, numbered_cb, &next);
    }
    g_assert_true(next == done); /* never inside the call */
    sync_store(store);
    g_assert_true(next == done + 300);
    g_autoptr(CwUser) user = get(store, JULIET);
    g_assert_cmpint(user->created, ==, 99);
}

static void done__is_called__when_the_store_goes(Fixture *fixture, gconstpointer data)
{
    Answer answer = {0};
    g_autoptr(CwUser) user = make_user(JULIET, PASSWORD);
    cw_store_put_user(fixture->store, user, answer_cb, &answer);
    close_store(fixture);
    g_assert_true(answer.called);
    g_assert_no_error(answer.error);
}

static void a_thousand_users__are_stored__and_found(Fixture *fixture, gconstpointer data)
{
    CwStore *store = fixture->store;
    gint64 start = g_get_monotonic_time();
    for (guint i = 0; i < 1000; i++) {
        g_autofree char *jid = g_strdup_printf("user%04u@example.com", i);
        g_autoptr(CwUser) user = make_user(jid, PASSWORD);
        cw_store_put_user(store, user, NULL, NULL);
        for (guint j = 0; j < 5; j++) {
            g_autofree char *name = g_strdup_printf("contact%u", j);
            put_contact(store, jid, name, NULL);
        }
    }
    gint64 queued = g_get_monotonic_time();
    sync_store(store);
    gint64 written = g_get_monotonic_time();
    for (guint i = 0; i < 1000; i++) {
        g_autofree char *jid = g_strdup_printf("user%04u@example.com", i);
        g_autoptr(CwUser) user = get(store, jid);
        g_assert_cmpstr(cw_secret_peek(user->password), ==, PASSWORD);
    }
    gint64 end = g_get_monotonic_time();
    g_test_message("1000 users, 5000 contacts: queued in %d ms, written in %d ms, read in %d ms",
                   (int)(queued - start) / 1000, (int)(written - queued) / 1000,
                   (int)(end - written) / 1000);
    g_assert_cmpuint(cw_store_count_users(store, ICQ), ==, 1000);
}

/* ---- secrets ---- */

static void database__never_holds__a_password_or_the_key(Fixture *fixture, gconstpointer data)
{
    put(fixture->store, JULIET, PASSWORD);
    put(fixture->store, JULIET, PASSWORD "-2");
    g_assert_true(database_contains(fixture, JULIET)); /* it looks into the right files */
    g_assert_false(database_contains(fixture, PASSWORD));

    g_autofree char *key = NULL;
    g_assert_true(g_file_get_contents(fixture->key_path, &key, NULL, NULL));
    g_strchomp(key);
    g_assert_cmpuint(strlen(key), ==, 64);
    g_assert_false(database_contains(fixture, key));
    char raw[32];
    for (guint i = 0; i < sizeof raw; i++)
        raw[i] =
            (char)(g_ascii_xdigit_value(key[2 * i]) * 16 + g_ascii_xdigit_value(key[2 * i + 1]));
    g_assert_false(file_contains(fixture->path, raw, sizeof raw));
    close_store(fixture);
    g_assert_false(database_contains(fixture, PASSWORD));
    g_assert_false(file_contains(fixture->path, raw, sizeof raw));
    open_store(fixture);
}

/* The sealed password as it stands in the database. */
static GBytes *read_box(Fixture *fixture, const char *jid)
{
    sqlite3 *db;
    sqlite3_stmt *statement;
    g_assert_cmpint(sqlite3_open(fixture->path, &db), ==, SQLITE_OK);
    g_assert_cmpint(
        sqlite3_prepare_v2(db, "SELECT password FROM users WHERE jid = ?", -1, &statement, NULL),
        ==, SQLITE_OK);
    sqlite3_bind_text(statement, 1, jid, -1, SQLITE_STATIC);
    g_assert_cmpint(sqlite3_step(statement), ==, SQLITE_ROW);
    GBytes *box =
        g_bytes_new(sqlite3_column_blob(statement, 0), (gsize)sqlite3_column_bytes(statement, 0));
    sqlite3_finalize(statement);
    sqlite3_close(db);
    return box;
}

static void a_deleted_user__leaves__no_bytes(Fixture *fixture, gconstpointer data)
{
    CwStore *store = fixture->store;
    /* Enough that rows move between pages. */
    for (guint i = 0; i < 300; i++) {
        g_autofree char *jid = g_strdup_printf("user%04u@example.com", i);
        g_autoptr(CwUser) user = make_user(jid, PASSWORD);
        cw_store_put_user(store, user, NULL, NULL);
        g_autofree char *name = g_strdup_printf("friend-of-%04u", i);
        put_contact(store, jid, name, "An Alias");
    }
    sync_store(store);

    for (guint i = 0; i < 300; i += 3) {
        g_autofree char *jid = g_strdup_printf("user%04u@example.com", i);
        g_autofree char *name = g_strdup_printf("friend-of-%04u", i);
        g_autoptr(GBytes) box = read_box(fixture, jid);
        gsize size;
        const char *bytes = g_bytes_get_data(box, &size);
        remove_user(store, jid);
        g_assert_false(database_contains(fixture, jid));
        g_assert_false(database_contains(fixture, name));
        g_autofree char *log = g_strconcat(fixture->path, "-wal", NULL);
        g_assert_false(file_contains(fixture->path, bytes + 25, size - 25));
        g_assert_false(file_contains(log, bytes + 25, size - 25));
    }
    g_assert_true(database_contains(fixture, "user0001@example.com"));
}

static void files__are__private(Fixture *fixture, gconstpointer data)
{
    put(fixture->store, JULIET, PASSWORD);
    static const char *const suffixes[] = {"", "-wal", "-shm", ".key"};
    for (guint i = 0; i < G_N_ELEMENTS(suffixes); i++) {
        g_autofree char *path = g_strconcat(fixture->path, suffixes[i], NULL);
        struct stat info;
        g_assert_cmpint(stat(path, &info), ==, 0);
        g_assert_cmpuint(info.st_mode & 07777, ==, 0600);
    }
    close_store(fixture);
    g_assert_cmpint(chmod(fixture->path, 0644), ==, 0);
    open_store(fixture);
    struct stat info;
    g_assert_cmpint(stat(fixture->path, &info), ==, 0);
    g_assert_cmpuint(info.st_mode & 07777, ==, 0600);
}

static void a_box__opens__only_in_its_own_row(Fixture *fixture, gconstpointer data)
{
    put(fixture->store, JULIET, PASSWORD);
    put(fixture->store, "tybalt@example.com", "x");
    sqlite3 *db;
    g_assert_cmpint(sqlite3_open(fixture->path, &db), ==, SQLITE_OK);
    g_assert_cmpint(
        sqlite3_exec(db,
                     "UPDATE users SET password = (SELECT password FROM users WHERE jid = "
                     "'" JULIET "') WHERE jid = 'tybalt@example.com'",
                     NULL, NULL, NULL),
        ==, SQLITE_OK);
    sqlite3_close(db);
    g_autoptr(GError) error = NULL;
    g_assert_null(cw_store_get_user(fixture->store, ICQ, "tybalt@example.com", &error));
    g_assert_error(error, CW_STORE_ERROR, CW_STORE_ERROR_READ);
    g_autoptr(CwUser) juliet = get(fixture->store, JULIET);
    g_assert_cmpstr(cw_secret_peek(juliet->password), ==, PASSWORD);
}

/* ---- what does not open ---- */

static void assert_refused(Fixture *fixture, CwStoreError code, const char *text)
{
    g_autoptr(GError) error = NULL;
    g_assert_null(cw_store_open(fixture->path, fixture->key_path, &error));
    g_test_message("%s", error->message);
    g_assert_error(error, CW_STORE_ERROR, (gint)code);
    g_assert_nonnull(strstr(error->message, fixture->path));
    g_assert_nonnull(strstr(error->message, text));
}

static void store__refuses__a_key_that_does_not_fit(Fixture *fixture, gconstpointer data)
{
    put(fixture->store, JULIET, PASSWORD);
    close_store(fixture);
    g_autofree char *key = NULL;
    g_assert_true(g_file_get_contents(fixture->key_path, &key, NULL, NULL));

    g_assert_cmpint(chmod(fixture->key_path, 0644), ==, 0);
    assert_refused(fixture, CW_STORE_ERROR_KEY, "chmod 0600");

    g_remove(fixture->key_path);
    assert_refused(fixture, CW_STORE_ERROR_KEY, "open with this key alone");
    g_assert_false(g_file_test(fixture->key_path, G_FILE_TEST_EXISTS));

    g_autofree char *other = g_strdup(key);
    other[0] = other[0] == '0' ? '1' : '0';
    g_assert_true(g_file_set_contents_full(fixture->key_path, other, -1,
                                           G_FILE_SET_CONTENTS_CONSISTENT, 0600, NULL));
    assert_refused(fixture, CW_STORE_ERROR_KEY, "not this database's");

    g_assert_true(g_file_set_contents_full(fixture->key_path, key, -1,
                                           G_FILE_SET_CONTENTS_CONSISTENT, 0600, NULL));
    open_store(fixture);
    g_autoptr(CwUser) user = get(fixture->store, JULIET);
    g_assert_cmpstr(cw_secret_peek(user->password), ==, PASSWORD);
}

static void store__refuses__a_newer_version(Fixture *fixture, gconstpointer data)
{
    put(fixture->store, JULIET, PASSWORD);
    close_store(fixture);
    run_sql(fixture->path, "PRAGMA user_version = 1000");
    assert_refused(fixture, CW_STORE_ERROR_VERSION, "newer Causeway");
}

static void store__refuses__what_is_not_its_own(Fixture *fixture, gconstpointer data)
{
    run_sql(fixture->path, "CREATE TABLE songs (name TEXT)");
    assert_refused(fixture, CW_STORE_ERROR_OPEN, "another program");
    run_sql(fixture->path, "PRAGMA user_version = 1");
    assert_refused(fixture, CW_STORE_ERROR_OPEN, "another program");
    g_assert_true(
        g_file_set_contents(fixture->path, "what light through yonder window breaks", -1, NULL));
    assert_refused(fixture, CW_STORE_ERROR_OPEN, "not a database");
    g_remove(fixture->path);
    g_assert_cmpint(g_mkdir(fixture->path, 0700), ==, 0);
    assert_refused(fixture, CW_STORE_ERROR_OPEN, "directory");
    g_rmdir(fixture->path);
    g_assert_false(g_file_test(fixture->key_path, G_FILE_TEST_EXISTS));
}

/* ---- a disk that is full ---- */

static void limit_file_size(rlim_t bytes)
{
    struct rlimit limit;
    g_assert_cmpint(getrlimit(RLIMIT_FSIZE, &limit), ==, 0);
    limit.rlim_cur = MIN(bytes, limit.rlim_max);
    g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &limit), ==, 0);
}

static void a_full_disk__is_reported__and_survived(Fixture *fixture, gconstpointer data)
{
    CwStore *store = fixture->store;
    put(store, JULIET, PASSWORD);

    /* Files cannot grow over this size: to SQLite the same as a disk without space. */
    signal(SIGXFSZ, SIG_IGN);
    limit_file_size(16384);
    g_autofree char *long_text = g_strnfill(100000, 'x');
    g_autoptr(CwUser) user = make_user("romeo@example.com", PASSWORD);
    g_hash_table_insert(user->options, g_strdup("long"), g_steal_pointer(&long_text));
    Answer lost = {0}, lost_again = {0};
    g_test_expect_message("transport", G_LOG_LEVEL_WARNING, "store: not stored: *");
    cw_store_put_user(store, user, answer_cb, &lost);
    cw_store_put_user(store, user, answer_cb, &lost_again);
    wait_for(&lost_again);
    g_assert_error(lost.error, CW_STORE_ERROR, CW_STORE_ERROR_WRITE);
    g_assert_error(lost_again.error, CW_STORE_ERROR, CW_STORE_ERROR_WRITE);
    g_test_message("%s", lost.error->message);
    g_clear_error(&lost.error);
    g_clear_error(&lost_again.error);

    g_autoptr(CwUser) juliet = get(store, JULIET); /* reading goes on */
    g_assert_nonnull(juliet);
    g_assert_false(cw_store_has_user(store, ICQ, "romeo@example.com"));

    limit_file_size(RLIM_INFINITY);
    Answer answer = {0};
    g_test_expect_message("transport", G_LOG_LEVEL_MESSAGE, "store: writing to * works again*");
    cw_store_put_user(store, user, answer_cb, &answer);
    wait_for_success(&answer);
    g_test_assert_expected_messages();
    g_assert_true(cw_store_has_user(store, ICQ, "romeo@example.com"));
}

static void one_bad_write__does_not_take__its_neighbours(Fixture *fixture, gconstpointer data)
{
    CwStore *store = fixture->store;
    signal(SIGXFSZ, SIG_IGN);
    put(store, JULIET, PASSWORD);
    limit_file_size(131072); /* the schema is in the log, and a little more fits */
    g_autofree char *long_text = g_strnfill(1000000, 'x');
    g_autoptr(CwUser) big = make_user("big@example.com", NULL);
    g_autoptr(CwUser) small = make_user("small@example.com", NULL);
    g_hash_table_insert(big->options, g_strdup("long"), g_steal_pointer(&long_text));
    Answer first = {0}, second = {0};
    g_test_expect_message("transport", G_LOG_LEVEL_WARNING, "store: not stored: *");
    cw_store_put_user(store, big, answer_cb, &first);
    cw_store_put_user(store, small, answer_cb, &second);
    wait_for(&second);
    g_test_assert_expected_messages();
    limit_file_size(RLIM_INFINITY);
    g_assert_error(first.error, CW_STORE_ERROR, CW_STORE_ERROR_WRITE);
    g_clear_error(&first.error);
    g_assert_no_error(second.error);
    g_assert_true(cw_store_has_user(store, ICQ, "small@example.com"));
    g_assert_false(cw_store_has_user(store, ICQ, "big@example.com"));
}

/* ---- migrations ---- */

static void migrations__run__all_or_none(Fixture *fixture, gconstpointer data)
{
    static const char *const steps[] = {
        "CREATE TABLE a (x)",
        "ALTER TABLE a ADD COLUMN y; INSERT INTO a VALUES (1, 2)",
        "ALTER TABLE a ADD COLUMN z",
    };
    const char *const broken[] = {steps[0], steps[1], steps[2], "CREATE TABLE b (x); nonsense"};
    sqlite3 *db;
    g_autoptr(GError) error = NULL;
    g_assert_cmpint(sqlite3_open(fixture->path, &db), ==, SQLITE_OK);
    g_assert_true(cw_store_migrate(db, steps, 2, &error));
    g_assert_cmpint(cw_sql_number(db, "PRAGMA user_version"), ==, 2);
    g_assert_true(cw_store_migrate(db, steps, 3, &error)); /* only what is new */
    g_assert_true(cw_store_migrate(db, steps, 3, &error));
    g_assert_cmpint(cw_sql_number(db, "SELECT count(*) FROM a WHERE y = 2 AND z IS NULL"), ==, 1);

    g_assert_false(cw_store_migrate(db, broken, 4, &error));
    g_assert_nonnull(strstr(error->message, "migration to schema 4"));
    g_clear_error(&error);
    g_assert_cmpint(cw_sql_number(db, "PRAGMA user_version"), ==, 3);
    g_assert_cmpint(cw_sql_number(db, "SELECT count(*) FROM sqlite_schema"), ==, 1);

    g_assert_false(cw_store_migrate(db, steps, 2, &error));
    g_assert_error(error, CW_STORE_ERROR, CW_STORE_ERROR_VERSION);
    sqlite3_close(db);
}

static void copy_fixture(guint version, const char *suffix, const char *to)
{
    g_autofree char *name = g_strdup_printf("store-v%u.db%s", version, suffix);
    g_autofree char *from =
        g_test_build_filename(G_TEST_DIST, "unit", "transport", "fixtures", name, NULL);
    g_autofree char *bytes = NULL;
    gsize size;
    g_autoptr(GError) error = NULL;
    g_file_get_contents(from, &bytes, &size, &error);
    g_assert_no_error(error);
    g_file_set_contents_full(to, bytes, (gssize)size, G_FILE_SET_CONTENTS_CONSISTENT, 0600, &error);
    g_assert_no_error(error);
}

static void assert_spooled_of_fixture(const CwSpooled *spooled)
{
    g_assert_cmpint(spooled->id, ==, 7);
    g_assert_cmpstr(spooled->jid, ==, JULIET);
    g_assert_cmpstr(spooled->contact, ==, "romeo");
    g_assert_cmpstr(spooled->stanza_id, ==, "balcony-1");
    g_assert_cmpstr(spooled->resource, ==, "balcony");
    g_assert_cmpstr(spooled->text, ==, "wherefore art thou");
    g_assert_cmpint(spooled->made, ==, 1700000000130);
    g_assert_true(spooled->sent);
}

static void archive_line_of_fixture(CwStore *store)
{
    const CwArchived line = {.id = (char *)"line-1",
                             .nick = (char *)"nurse",
                             .who = (char *)"angelica",
                             .stanza_id = (char *)"orchard-1",
                             .text = (char *)"he is wise",
                             .said = 1700000200};
    cw_store_archive_line(store, ICQ, JULIET, "#verona", &line, 0, NULL, NULL);
}

static void assert_archive_of_fixture(CwStore *store, guint n)
{
    const CwArchiveFilter all = {0};
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) lines =
        cw_store_list_archive(store, ICQ, JULIET, "#verona", &all, FALSE, 10, 65536, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(lines->len, ==, n);
    if (n > 0)
        g_assert_cmpstr(((const CwArchived *)lines->pdata[0])->text, ==, "he is wise");
}

static void assert_remembered_of_fixture(CwStore *store, const char *expected)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GHashTable) values = cw_store_list_remembered(store, ICQ, JULIET, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(g_hash_table_lookup(values, "wish.zone"), ==, expected);
}

static void remember_of_fixture(CwStore *store)
{
    cw_store_remember(store, ICQ, JULIET, "wish.zone", "Europe/Rome", 10, 1024, NULL, NULL);
}

/* Every version that ever shipped opens, with what stood in it. */
static void every_version__opens__with_its_content(Fixture *fixture, gconstpointer data)
{
    for (guint version = 1; version <= cw_store_n_migrations; version++) {
        copy_fixture(version, "", fixture->path);
        copy_fixture(version, ".key", fixture->key_path);
        open_store(fixture);
        g_autoptr(CwUser) user = get(fixture->store, JULIET);
        g_assert_cmpstr(user->username, ==, "12345678");
        g_assert_cmpstr(cw_secret_peek(user->password), ==, PASSWORD);
        g_assert_cmpstr(g_hash_table_lookup(user->options, "port"), ==, "5190");
        g_assert_cmpint(cw_user_wants(user, CW_PREFERENCE_PICTURE), ==, version >= 5);
        g_autoptr(GPtrArray) list = contacts(fixture->store, JULIET);
        g_assert_cmpuint(list->len, ==, 2);
        const CwStoredContact *contact = g_ptr_array_index(list, 1);
        g_assert_cmpstr(contact->name, ==, "romeo");
        g_assert_cmpstr(contact->alias, ==, "Montague");
        g_assert_true(contact->offered);
        g_assert_cmpint(contact->subscription, ==,
                        version >= 3 ? CW_SUBSCRIPTION_GRANTED : CW_SUBSCRIPTION_NONE);
        g_assert_cmpuint(contact->agreed, ==, version >= 4 ? CW_AGREED_NAME : 0);
        g_assert_cmpint(contact->subscribed, ==, version >= 8);
        g_autoptr(GPtrArray) asking = requests(fixture->store, JULIET);
        g_assert_cmpuint(asking->len, ==, version >= 3 ? 1 : 0);
        if (version >= 3)
            assert_request(asking, 0, "benvolio", "Ben", "it is me", CW_ANSWER_AUTHORIZE);
        g_autoptr(GPtrArray) waiting =
            list_spooled(fixture->store, CW_SPOOL_TO_NETWORK, JULIET, 0, 10);
        g_assert_cmpuint(waiting->len, ==, version >= 2 ? 1 : 0);
        if (version >= 2)
            assert_spooled_of_fixture(g_ptr_array_index(waiting, 0));
        assert_archive_of_fixture(fixture->store, version >= 6 ? 1 : 0);
        g_autoptr(GPtrArray) kept = rooms(fixture->store, JULIET);
        g_assert_cmpuint(kept->len, ==, version >= 6 ? 1 : 0);
        if (version >= 6)
            assert_room(kept, 0, "#verona", "open sesame", TRUE);
        assert_remembered_of_fixture(fixture->store, version >= 7 ? "Europe/Rome" : NULL);
        remember_of_fixture(fixture->store);
        put_spooled(fixture->store, 8, CW_SPOOL_TO_USER, JULIET, "new");
        archive_line_of_fixture(fixture->store);
        put(fixture->store, "new@example.com", PASSWORD);
        assert_archive_of_fixture(fixture->store, 1);
        put_room(fixture->store, JULIET, "#mantua", "xyzzy", TRUE);
        sync_store(fixture->store);
        assert_remembered_of_fixture(fixture->store, "Europe/Rome");
        close_store(fixture);
        sqlite3 *db;
        g_assert_cmpint(sqlite3_open(fixture->path, &db), ==, SQLITE_OK);
        g_assert_cmpint(cw_sql_number(db, "PRAGMA user_version"), ==, cw_store_n_migrations);
        sqlite3_close(db);
    }
}

/* A schema change comes with a fixture of the version that it makes: run this program with
 * CW_MAKE_STORE_FIXTURE=FOLDER once before the change after it. */
static void make_fixture(const char *folder)
{
    g_autofree char *name = g_strdup_printf("store-v%u.db", cw_store_n_migrations);
    Fixture fixture = {.path = g_build_filename(folder, name, NULL)};
    fixture.key_path = g_strconcat(fixture.path, ".key", NULL);
    open_store(&fixture);
    put(fixture.store, JULIET, PASSWORD);
    put_preference(fixture.store, JULIET, TRUE);
    CwStoredContact romeo = {.name = (char *)"romeo",
                             .alias = (char *)"Montague",
                             .offered = TRUE,
                             .subscription = CW_SUBSCRIPTION_GRANTED,
                             .agreed = CW_AGREED_NAME,
                             .subscribed = TRUE};
    cw_store_put_contact(fixture.store, ICQ, JULIET, &romeo);
    put_contact(fixture.store, JULIET, "mercutio", NULL);
    put_request(fixture.store, "benvolio", "Ben", "it is me", CW_ANSWER_AUTHORIZE);
    put_room(fixture.store, JULIET, "#verona", "open sesame", TRUE);
    g_autoptr(CwSpooled) spooled =
        make_spooled(7, CW_SPOOL_TO_NETWORK, JULIET, "wherefore art thou");
    spooled->contact = g_strdup("romeo");
    spooled->stanza_id = g_strdup("balcony-1");
    spooled->resource = g_strdup("balcony");
    spooled->sent = TRUE;
    cw_store_put_spooled(fixture.store, ICQ, spooled);
    archive_line_of_fixture(fixture.store);
    remember_of_fixture(fixture.store);
    close_store(&fixture);
    g_free(fixture.path);
    g_free(fixture.key_path);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    if (g_getenv("CW_MAKE_STORE_FIXTURE")) {
        make_fixture(g_getenv("CW_MAKE_STORE_FIXTURE"));
        return 0;
    }
    ADD(user__comes_back__as_it_was_put);
    ADD(user__is_replaced__whole);
    ADD(user__is_deleted__with_its_contacts);
    ADD(user__moves__whole_or_not_at_all);
    ADD(users__are_listed__in_pages);
    ADD(everything__survives__a_restart);
    ADD_CLOSED(what_is_done__survives__a_kill);
    ADD(contacts__come_back__in_name_order);
    ADD(contacts__come_back__with_what_agreed);
    ADD(subscribed__comes_back__as_it_was_put);
    ADD(subscription__comes_back__as_it_was_put);
    ADD(requests__come_back__until_they_are_deleted);
    ADD(requests__go__with_their_user);
    ADD(preferences__are_kept__until_they_are_changed);
    ADD(preferences__go_and_move__with_their_user);
    ADD(rooms__come_back__until_they_are_deleted);
    ADD(rooms__leave__no_bytes_of_a_password);
    ADD(rooms__move__with_their_passwords);
    ADD(staying__are_listed__in_pages);
    ADD(writes__are_done__in_order);
    ADD(done__is_called__when_the_store_goes);
    ADD(a_thousand_users__are_stored__and_found);
    ADD(database__never_holds__a_password_or_the_key);
    ADD(a_deleted_user__leaves__no_bytes);
    ADD(files__are__private);
    ADD(a_box__opens__only_in_its_own_row);
    ADD(store__refuses__a_key_that_does_not_fit);
    ADD(store__refuses__a_newer_version);
    ADD_CLOSED(store__refuses__what_is_not_its_own);
    ADD(a_full_disk__is_reported__and_survived);
    ADD(one_bad_write__does_not_take__its_neighbours);
    ADD_CLOSED(migrations__run__all_or_none);
    ADD_CLOSED(every_version__opens__with_its_content);
    return g_test_run();
}
