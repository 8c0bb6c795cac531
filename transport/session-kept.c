/* transport/session-kept.c: rooms that the user keeps, and staying in them while he is offline
 *
 *     join  the account is in the room whenever it is logged in
 *     stay  the same, and the session outlives the user's last resource: it REMAINS, and shows as
 *           away on the network
 *
 * A row of the store a room.  A client that leaves such a room leaves the account in it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#define G_LOG_DOMAIN "transport"

#include "transport/session-private.h"

static void free_row(gpointer data)
{
    cw_stored_room_free(data);
}

static gboolean is_kept(const CwStoredRoom *row)
{
    return row != NULL && (row->join || row->stay);
}

/* ---- the rows ---- */

void cw_session_load_kept(CwSession *session)
{
    g_autoptr(GError) error = NULL;

    if (session->kept != NULL)
        return;
    g_autoptr(GPtrArray) rows =
        cw_store_list_rooms(cw_transport_store(session->transport),
                            cw_transport_domain(session->transport), session->jid, &error);
    if (rows == NULL) {
        g_warning("%s/%s: cannot read the rooms that are kept: %s", session->jid,
                  cw_transport_domain(session->transport), error->message);
        return;
    }
    session->kept = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, free_row);
    for (guint i = 0; i < rows->len; i++) {
        CwStoredRoom *row = cw_stored_room_copy(g_ptr_array_index(rows, i));
        g_hash_table_replace(session->kept, row->name, row);
    }
}

static CwStoredRoom *find_row(const CwSession *session, const char *name)
{
    return session->kept == NULL ? NULL : g_hash_table_lookup(session->kept, name);
}

const CwStoredRoom *cw_session_find_kept(const CwSession *session, const char *name)
{
    return find_row(session, name);
}

gboolean cw_session_keeps(const CwSession *session, const char *name)
{
    return is_kept(find_row(session, name));
}

static void store_row(CwSession *session, const CwStoredRoom *row)
{
    cw_store_put_room(cw_transport_store(session->transport),
                      cw_transport_domain(session->transport), session->jid, row);
}

GPtrArray *cw_session_list_kept(CwSession *session)
{
    g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func(free_row);
    GHashTableIter iter;
    gpointer value;

    cw_session_load_kept(session);
    if (session->kept == NULL)
        return NULL;
    g_hash_table_iter_init(&iter, session->kept);
    while (g_hash_table_iter_next(&iter, NULL, &value))
        g_ptr_array_add(rows, cw_stored_room_copy(value));
    return g_steal_pointer(&rows);
}

/* ---- being in them ---- */

static void tell_full(CwSession *session)
{
    g_autofree char *text = g_strdup_printf(
        "You keep more rooms than the %u that you may be in at once; I did not join the others.",
        LIMITS(session)->rooms);

    if (!session->over_kept)
        EMIT(session, notice, session, NULL, text);
    session->over_kept = TRUE;
}

void cw_session_join_kept(CwSession *session)
{
    g_autoptr(GPtrArray) rows = cw_session_list_kept(session);

    for (guint i = 0; rows != NULL && i < rows->len && session->state == CW_SESSION_ONLINE; i++) {
        const CwStoredRoom *row = g_ptr_array_index(rows, i);
        CwReason reason = CW_REASON_NONE;
        if (!is_kept(row) || cw_session_find_room(session, row->name) != NULL)
            continue;
        const char *password = row->password == NULL ? NULL : cw_secret_peek(row->password);
        if (cw_session_enter_room(session, row->name, row->nick, password, &reason) == NULL &&
            reason == CW_REASON_RATE) {
            tell_full(session);
            return;
        }
    }
}

/* The password that let him in is the one to keep. */
void cw_session_kept_joined(CwSession *session, const CwRoom *room)
{
    CwStoredRoom *row = find_row(session, room->name);
    gboolean changed = row != NULL && row->told;

    if (row == NULL)
        return;
    row->told = FALSE;
    if (room->password != NULL && !cw_secret_equal(row->password, room->password)) {
        cw_secret_unref(row->password);
        row->password = cw_secret_ref(room->password);
        changed = TRUE;
    }
    if (changed)
        store_row(session, row);
}

/* Behind the event: nobody but the user himself can have been told. */
void cw_session_kept_left(CwSession *session, const CwRoom *room, const CwRoomExit *exit)
{
    CwStoredRoom *row = find_row(session, room->name);

    if (!is_kept(row) || row->told || room->clients->len > 0 || exit->exit != CW_EXIT_REFUSED)
        return;
    row->told = TRUE;
    store_row(session, row);
}

/* ---- the user's wishes ---- */

static guint count_others(const CwSession *session, const char *name)
{
    guint n = session->kept == NULL ? 0 : g_hash_table_size(session->kept);

    return n - (find_row(session, name) != NULL);
}

static void drop_row(CwSession *session, const char *name)
{
    CwRoom *room = cw_session_find_room(session, name);
    g_autofree char *kept_name = g_strdup(name); /* may be the row's */

    g_hash_table_remove(session->kept, kept_name);
    cw_store_delete_room(cw_transport_store(session->transport),
                         cw_transport_domain(session->transport), session->jid, kept_name);
    if (room != NULL && room->clients->len == 0)
        cw_session_abandon_room(session, room, NULL);
}

static void put_row(CwSession *session, const CwStoredRoom *wanted)
{
    const CwStoredRoom *old = find_row(session, wanted->name);
    const CwRoom *room = cw_session_find_room(session, wanted->name);
    CwStoredRoom *row = cw_stored_room_copy(wanted);

    if (row->password == NULL && old != NULL && old->password != NULL)
        row->password = cw_secret_ref(old->password);
    else if (row->password == NULL && room != NULL && room->password != NULL)
        row->password = cw_secret_ref(room->password);
    row->told = FALSE;
    g_hash_table_replace(session->kept, row->name, row);
    store_row(session, row);
    if (session->state == CW_SESSION_ONLINE)
        cw_session_join_kept(session);
}

CwReason cw_session_keep_room(CwSession *session, const CwStoredRoom *wanted)
{
    guint most = LIMITS(session)->rooms;

    cw_session_load_kept(session);
    if (session->kept == NULL)
        return CW_REASON_OTHER;
    if (!is_kept(wanted))
        drop_row(session, wanted->name);
    else if (most > 0 && count_others(session, wanted->name) >= most)
        return CW_REASON_RATE;
    else
        put_row(session, wanted);
    if (session->remains && !cw_session_wants_to_stay(session))
        cw_session_leave(session);
    return CW_REASON_NONE;
}

/* ---- remaining ---- */

gboolean cw_session_wants_to_stay(const CwSession *session)
{
    GHashTableIter iter;
    gpointer value;

    if (session->kept == NULL || !cw_transport_settings(session->transport)->may_stay)
        return FALSE;
    g_hash_table_iter_init(&iter, session->kept);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        if (((const CwStoredRoom *)value)->stay)
            return TRUE;
    }
    return FALSE;
}

gboolean cw_session_remains(const CwSession *session)
{
    return session->remains;
}

static void set_remains(CwSession *session, gboolean yes)
{
    if (session->remains == yes)
        return;
    session->remains = yes;
    cw_transport_count_remaining(session->transport, yes);
    g_info("%s/%s: %s", session->jid, cw_transport_domain(session->transport),
           yes ? "stays in rooms without a resource" : "does not stay by itself any more");
}

void cw_session_end_remaining(CwSession *session)
{
    set_remains(session, FALSE);
}

static gboolean has_room_to_stay(CwSession *session)
{
    guint most = LIMITS(session)->staying;
    g_autofree char *text = NULL;

    if (session->remains || most == 0 || cw_transport_n_remaining(session->transport) < most)
        return TRUE;
    text = g_strdup_printf("You cannot stay in your rooms while you are offline this time: %u "
                           "others do so already, and I may not have more.",
                           most);
    EMIT(session, notice, session, NULL, text);
    return FALSE;
}

gboolean cw_session_remain(CwSession *session)
{
    if (session->state == CW_SESSION_FAILED || !cw_session_wants_to_stay(session) ||
        !has_room_to_stay(session)) {
        set_remains(session, FALSE);
        return FALSE;
    }
    set_remains(session, TRUE);
    cw_session_stay(session);
    cw_session_tell_presence(session);
    return TRUE;
}

gboolean cw_session_resume(CwSession *session)
{
    if (session->state != CW_SESSION_OFFLINE)
        return TRUE; /* for messages of his: it remains when it would leave */
    cw_session_load_kept(session);
    if (!cw_session_remain(session))
        return FALSE;
    cw_session_log_in(session);
    return TRUE;
}
