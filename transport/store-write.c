/* transport/store-write.c: what is to be written, sealed and put before the writer's thread
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "transport/store-private.h"

#include "transport/store-archive.h"
#include "transport/store-remembered.h"

/* Binds a box to its row. */
char *cw_store_password_place(const char *domain, const char *jid)
{
    return g_strconcat("password\n", domain, "\n", jid, NULL);
}

char *cw_store_room_place(const char *domain, const char *jid, const char *room)
{
    return g_strconcat("room\n", domain, "\n", jid, "\n", room, NULL);
}

char *cw_store_spool_place(const char *domain, const char *jid, gint64 id)
{
    return g_strdup_printf("spool\n%s\n%s\n%" G_GINT64_FORMAT, domain, jid, id);
}

void cw_store_put_user(CwStore *store, const CwUser *user, CwStoreDone done, gpointer data)
{
    CwWrite *write = cw_write_new(CW_WRITE_PUT_USER, user->domain, user->jid, done, data);
    if (user->password) {
        g_autofree char *place = cw_store_password_place(user->domain, user->jid);
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
        g_autofree char *place = cw_store_password_place(user->domain, jid);
        write->box = cw_seal_close_box(store->seal, user->password, place);
    }
    /* Passwords of rooms are sealed for their user: for the new one anew. */
    g_autoptr(GPtrArray) rooms = cw_store_list_rooms(store, user->domain, user->jid, NULL);
    for (guint i = 0; rooms && i < rooms->len; i++) {
        const CwStoredRoom *room = g_ptr_array_index(rooms, i);
        if (!room->password)
            continue;
        g_autofree char *place = cw_store_room_place(user->domain, jid, room->name);
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
        g_autofree char *place = cw_store_room_place(domain, jid, room->name);
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
    write->contact->subscribed = contact->subscribed;
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
    g_autofree char *place = cw_store_spool_place(domain, spooled->jid, spooled->id);
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
