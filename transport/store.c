/* transport/store.c: the records of the store; nothing of the database is here
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "transport/store.h"

G_DEFINE_QUARK(cw - store - error - quark, cw_store_error)

static const char *const preference_words[CW_N_PREFERENCES] = {
    [CW_PREFERENCE_PICTURE] = "picture",
    [CW_PREFERENCE_INVISIBLE] = "invisible",
    [CW_PREFERENCE_LOGGED_OUT] = "logged-out",
};

const char *cw_preference_to_string(CwPreference preference)
{
    return preference_words[preference];
}

CwUser *cw_user_new(const char *domain, const char *jid)
{
    CwUser *user = g_new0(CwUser, 1);
    user->domain = g_strdup(domain);
    user->jid = g_strdup(jid);
    user->options = cw_secret_table_new();
    user->preferences = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    return user;
}

CwUser *cw_user_copy(const CwUser *user)
{
    CwUser *copy = cw_user_new(user->domain, user->jid);
    copy->username = g_strdup(user->username);
    copy->password = user->password ? cw_secret_ref(user->password) : NULL;
    copy->created = user->created;

    GHashTableIter iter;
    gpointer name, value;
    g_hash_table_iter_init(&iter, user->options);
    while (g_hash_table_iter_next(&iter, &name, &value))
        g_hash_table_insert(copy->options, g_strdup(name), g_strdup(value));
    g_hash_table_iter_init(&iter, user->preferences);
    while (g_hash_table_iter_next(&iter, &name, &value))
        g_hash_table_insert(copy->preferences, g_strdup(name), g_strdup(value));
    return copy;
}

void cw_user_set_preference(CwUser *user, CwPreference preference, gboolean yes)
{
    g_hash_table_insert(user->preferences, g_strdup(preference_words[preference]),
                        g_strdup(yes ? "1" : "0"));
}

gboolean cw_user_wants(const CwUser *user, CwPreference preference)
{
    return g_strcmp0(g_hash_table_lookup(user->preferences, preference_words[preference]), "1") ==
           0;
}

void cw_user_free(CwUser *user)
{
    if (!user)
        return;
    g_free(user->domain);
    g_free(user->jid);
    g_free(user->username);
    cw_secret_unref(user->password);
    g_hash_table_unref(user->options);
    g_hash_table_unref(user->preferences);
    g_free(user);
}

void cw_stored_contact_free(CwStoredContact *contact)
{
    if (!contact)
        return;
    g_free(contact->name);
    g_free(contact->alias);
    g_free(contact->group);
    g_free(contact);
}

void cw_stored_request_free(CwStoredRequest *request)
{
    if (!request)
        return;
    g_free(request->contact);
    g_free(request->nick);
    g_free(request->text);
    g_free(request);
}

CwStoredRoom *cw_stored_room_new(const char *name, const char *nick)
{
    CwStoredRoom *room = g_new0(CwStoredRoom, 1);
    room->name = g_strdup(name);
    room->nick = g_strdup(nick);
    return room;
}

CwStoredRoom *cw_stored_room_copy(const CwStoredRoom *room)
{
    CwStoredRoom *copy = g_new(CwStoredRoom, 1);
    *copy = *room;
    copy->name = g_strdup(room->name);
    copy->nick = g_strdup(room->nick);
    copy->password = room->password ? cw_secret_ref(room->password) : NULL;
    return copy;
}

void cw_stored_room_free(CwStoredRoom *room)
{
    if (!room)
        return;
    g_free(room->name);
    g_free(room->nick);
    cw_secret_unref(room->password);
    g_free(room);
}

void cw_spooled_free(CwSpooled *spooled)
{
    if (!spooled)
        return;
    g_free(spooled->jid);
    g_free(spooled->contact);
    g_free(spooled->stanza_id);
    g_free(spooled->resource);
    g_free(spooled->text);
    g_free(spooled);
}

void cw_archived_free(CwArchived *archived)
{
    if (!archived)
        return;
    g_free(archived->id);
    g_free(archived->nick);
    g_free(archived->who);
    g_free(archived->stanza_id);
    g_free(archived->text);
    g_free(archived);
}
