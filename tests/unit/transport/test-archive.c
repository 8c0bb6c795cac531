/* tests/unit/transport/test-archive.c: what was said in rooms, while it is being written
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "transport/archive.h"

#include "tests/unit/transport/store-fixture.h"

#define ROOM "#verona"
#define START 1700000000

static void set_up_user(Fixture *fixture, gconstpointer data)
{
    set_up_open(fixture, data);
    put(fixture->store, JULIET, NULL);
}

static void add(CwArchive *archive, const char *id, const char *text, gint64 said)
{
    const CwRoomLine line = {
        .nick = (char *)"nurse", .id = (char *)id, .text = (char *)text, .said = said};
    cw_archive_add(archive, JULIET, ROOM, &line, 0);
}

static gboolean is_copy(CwArchive *archive, CwRoom *room, const char *text, gint64 said)
{
    const CwRoomLine line = {.nick = (char *)"nurse", .text = (char *)text, .said = said};
    return cw_archive_is_copy(archive, JULIET, room, &line);
}

static void assert_history(const CwRoom *room, const char *expected)
{
    g_autoptr(GString) ids = g_string_new(NULL);
    for (const GList *l = room->history.head; l != NULL; l = l->next)
        g_string_append_printf(ids, "%s%s", ids->len ? " " : "", ((CwRoomLine *)l->data)->id);
    g_assert_cmpstr(ids->str, ==, expected);
}

/* Reads see a write only when it is done. */
static void a_room__begins__with_what_is_being_written(Fixture *fixture, gconstpointer data)
{
    CwArchive *archive = cw_archive_new(fixture->store, ICQ);
    add(archive, "a", "one", START);
    sync_store(fixture->store);
    add(archive, "b", "two", START + 1);
    CwRoom *room = cw_room_new(ROOM, "juliet");
    cw_archive_load(archive, JULIET, room, 10, 0);
    assert_history(room, "a b");
    CwRoom *other = cw_room_new("#mantua", "juliet");
    cw_archive_load(archive, JULIET, other, 10, 0);
    assert_history(other, "");
    sync_store(fixture->store);
    CwRoom *again = cw_room_new(ROOM, "juliet");
    cw_archive_load(archive, JULIET, again, 1, 0);
    assert_history(again, "b");
    CwRoom *all = cw_room_new(ROOM, "juliet");
    cw_archive_load(archive, JULIET, all, 0, 0);
    assert_history(all, "a b");
    cw_room_free(all);
    cw_room_free(room);
    cw_room_free(other);
    cw_room_free(again);
    close_store(fixture);
    cw_archive_free(archive);
}

static void a_copy__is_known__once(Fixture *fixture, gconstpointer data)
{
    CwArchive *archive = cw_archive_new(fixture->store, ICQ);
    add(archive, "a", "ok", START);
    sync_store(fixture->store);
    add(archive, "b", "ok", START + 1); /* being written */
    CwRoom *room = cw_room_new(ROOM, "juliet");
    cw_archive_load(archive, JULIET, room, 10, 0);
    add(archive, "c", "new", START + 2);
    sync_store(fixture->store);
    g_assert_false(is_copy(archive, room, "other", START));
    g_assert_false(is_copy(archive, room, "ok", START + 10));
    g_assert_true(is_copy(archive, room, "ok", START));
    g_assert_true(is_copy(archive, room, "ok", START + 1));
    g_assert_false(is_copy(archive, room, "ok", START + 1));
    g_assert_false(is_copy(archive, room, "new", START + 2)); /* of this stay */
    cw_room_free(room);
    close_store(fixture);
    cw_archive_free(archive);
}

static void a_flood__leaves_room__in_the_store(Fixture *fixture, gconstpointer data)
{
    const CwArchiveFilter all = {0};
    CwArchive *archive = cw_archive_new(fixture->store, ICQ);
    g_test_expect_message("transport", G_LOG_LEVEL_MESSAGE, "*slower than the rooms*");
    for (guint i = 0; i < CW_ARCHIVE_PENDING_MAX + 100; i++) {
        g_autofree char *id = g_strdup_printf("line-%u", i);
        add(archive, id, "x", START + i);
    }
    g_test_assert_expected_messages();
    put(fixture->store, ROMEO, NULL); /* this is taken all the same */
    g_assert_cmpint(cw_store_count_archive(fixture->store, ICQ, JULIET, ROOM, &all, G_MAXINT), ==,
                    CW_ARCHIVE_PENDING_MAX);
    add(archive, "later", "y", START);
    sync_store(fixture->store);
    g_assert_cmpint(cw_store_find_archived(fixture->store, ICQ, JULIET, ROOM, "later"), >, 0);
    close_store(fixture);
    cw_archive_free(archive);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD_WITH_USER(name)                                                                        \
    g_test_add("/archive/" #name, Fixture, NULL, set_up_user, name, tear_down)
    ADD_WITH_USER(a_room__begins__with_what_is_being_written);
    ADD_WITH_USER(a_copy__is_known__once);
    ADD_WITH_USER(a_flood__leaves_room__in_the_store);
    return g_test_run();
}
