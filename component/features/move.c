/* component/features/move.c: a registration moves to another JID of the same person
 *
 *     old JID: "move NEW"  -> a code, told to the old JID
 *     new JID: "accept CODE" -> the registration and the contacts are the new JID's, and the old
 *                               one is unregistered
 *
 * Both sides are proved by their servers, and the code that somebody has both of them.  It is one
 * write of the store: whatever happens, one of them is registered, and one alone.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <unistd.h>

#include "component/features/features.h"
#include "component/features/talk.h"

#define CODE_TIME (15 * 60 * G_USEC_PER_SEC)
#define MOVES_MAX 1000 /* that wait for their code, of one transport */

typedef struct {
    char *from, *to; /* bare JIDs */
    char *code;
    gint64 until; /* monotonic, µs */
} Move;

static void free_move(gpointer data)
{
    Move *move = data;

    g_free(move->from);
    g_free(move->to);
    g_free(move->code);
    g_free(move);
}

static gboolean is_old(gpointer key, gpointer value, gpointer data)
{
    const Move *move = value;

    return move->until < g_get_monotonic_time();
}

/* old JID -> Move */
static GHashTable *moves_of(CwComponent *component)
{
    GHashTable *moves = cw_component_get_data(component, &cw_feature_move);

    if (moves == NULL) {
        moves = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, free_move);
        cw_component_set_data(component, &cw_feature_move, moves,
                              (GDestroyNotify)g_hash_table_unref);
    }
    g_hash_table_foreach_remove(moves, is_old, NULL);
    return moves;
}

/* ---- from the old JID ---- */

/* (nullable) why not */
static const char *why_not(CwComponent *component, const CwJid *from, const CwJid *to)
{
    CwTransport *transport = cw_component_transport(component);

    if (!cw_transport_is_registered(transport, from->bare))
        return "You are not registered with me: there is nothing to move.";
    if (to == NULL || to->local == NULL)
        return "Write: move NAME@SERVER, with the address that is to have your registration.";
    if (g_str_equal(to->bare, from->bare))
        return "That is your address already.";
    if (!cw_registration_is_allowed(component, to))
        return "I do not serve users of that server.";
    if (g_hash_table_size(moves_of(component)) >= MOVES_MAX)
        return "Too many registrations are being moved at the moment; try again later.";
    return NULL;
}

static char *new_code(void)
{
    guint32 number = 0;

    if (getentropy(&number, sizeof number) != 0)
        number = g_random_int();
    return g_strdup_printf("%08x", number);
}

void cw_move_begin(CwTalk *talk, const char *address)
{
    CwComponent *component = cw_talk_component(talk);
    const CwJid *from = cw_talk_user(talk);
    GHashTable *moves = moves_of(component);
    g_autoptr(CwJid) to = cw_jid_parse(address, NULL);

    g_hash_table_remove(moves, from->bare);
    const char *problem = why_not(component, from, to);
    if (problem != NULL) {
        cw_talk_refuse(talk, problem);
        return;
    }
    Move *move = g_new0(Move, 1);
    move->from = g_strdup(from->bare);
    move->to = g_strdup(to->bare);
    move->code = new_code();
    move->until = g_get_monotonic_time() + CODE_TIME;
    g_hash_table_insert(moves, move->from, move);
    g_autofree char *text = g_strdup_printf(
        "Write to me from %s within 15 minutes: accept %s\n"
        "Then your registration and your contacts are that address's, and this one is forgotten.",
        move->to, move->code);
    cw_talk_say(talk, text);
}

/* ---- from the new one ---- */

static void moved_cb(CwComponent *component, gboolean done, CwStanzaCondition condition,
                     const char *text, gpointer data)
{
    g_autoptr(CwTalk) talk = data;

    if (done)
        cw_presence_greet(component, cw_talk_user(talk)->bare);
    if (done)
        cw_talk_say(talk, "Done: your registration is this address's now.  If your client asks "
                          "whether I may see your status, say yes.");
    else
        cw_talk_refuse(talk, "Your registration could not be moved; it is still at your other "
                             "address.  Try again later.");
}

static void transfer(CwTalk *talk, const Move *move)
{
    CwComponent *component = cw_talk_component(talk);
    CwTransport *transport = cw_talk_transport(talk);
    g_autoptr(GError) error = NULL;

    if (cw_transport_is_registering(transport, move->from)) { /* what is stored is not all */
        cw_talk_refuse(talk, "That registration is being changed; begin the move anew.");
        return;
    }
    g_autoptr(CwUser) user =
        cw_transport_is_registered(transport, move->from) /* not one that is being removed */
            ? cw_store_get_user(cw_transport_store(transport), cw_component_domain(component),
                                move->from, &error)
            : NULL;

    if (user == NULL)
        cw_talk_refuse(talk, error == NULL ? "That registration is gone."
                                           : "That registration cannot be read; try again later.");
    else
        cw_registration_move(component, user, move->to, moved_cb, cw_talk_ref(talk));
}

gboolean cw_move_is_awaited(CwComponent *component, const CwJid *to)
{
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, moves_of(component));
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        if (g_str_equal(((const Move *)value)->to, to->bare))
            return TRUE;
    }
    return FALSE;
}

void cw_move_accept(CwTalk *talk, const char *code)
{
    CwComponent *component = cw_talk_component(talk);
    CwTransport *transport = cw_talk_transport(talk);
    const CwJid *to = cw_talk_user(talk);
    GHashTable *moves = moves_of(component);
    GHashTableIter iter;
    gpointer value;

    if (cw_transport_is_registered(transport, to->bare) ||
        cw_transport_is_registering(transport, to->bare) ||
        cw_transport_is_removing(transport, to->bare)) {
        cw_talk_refuse(talk, "You are registered with me yourself; unregister first.");
        return;
    }
    if (!cw_registration_is_allowed(component, to)) {
        cw_talk_refuse(talk, "Registration is not open to you here.");
        return;
    }
    g_hash_table_iter_init(&iter, moves);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const Move *move = value;
        if (!g_str_equal(move->to, to->bare) || !g_str_equal(move->code, code))
            continue;
        g_hash_table_iter_steal(&iter);
        transfer(talk, move);
        free_move(value);
        return;
    }
    cw_talk_refuse(talk, "I know no such code for this address; it is valid for 15 minutes.");
}

const CwFeature cw_feature_move = {.name = "move"};
