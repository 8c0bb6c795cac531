/* component/features/move.c: a registration moves to another JID of the same person
 *
 *     old JID: "move NEW"  -> a code, told to the old JID
 *     new JID: "accept CODE" -> the registration and the contacts are the new JID's, and the old
 *                               one is unregistered
 *
 * Both sides are proved by their servers, and the code that somebody has both of them.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#define G_LOG_DOMAIN "component"

#include <unistd.h>

#include "component/features/features.h"

#define CODE_TIME (15 * 60 * G_USEC_PER_SEC)
#define MOVES_MAX 1000 /* that wait for their code, of one transport */

typedef struct {
    char *from, *to; /* bare JIDs */
    char *code;
    gint64 until; /* monotonic, µs */
} Move;

/* A move that is being done. */
typedef struct {
    CwComponent *component;
    CwJid *from;
    char *to;
} Transfer;

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

void cw_move_begin(CwComponent *component, const CwJid *from, const char *address)
{
    GHashTable *moves = moves_of(component);
    g_autoptr(CwJid) to = cw_jid_parse(address, NULL);

    g_hash_table_remove(moves, from->bare);
    const char *problem = why_not(component, from, to);
    if (problem != NULL) {
        cw_gateway_chat_say(component, from->bare, problem);
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
    cw_gateway_chat_say(component, from->bare, text);
}

/* ---- from the new one ---- */

static void finish(Transfer *transfer, const char *text)
{
    if (text != NULL)
        cw_gateway_chat_say(transfer->component, transfer->to, text);
    cw_jid_free(transfer->from);
    g_free(transfer->to);
    g_free(transfer);
}

static void removed_cb(CwComponent *component, gboolean done, CwStanzaCondition condition,
                       const char *text, gpointer data)
{
    Transfer *transfer = data;

    if (!done) {
        finish(transfer, "You are registered now, but your old address could not be removed; "
                         "unregister it from there.");
        return;
    }
    g_message("%s/%s: the registration has moved to %s", transfer->from->bare,
              cw_component_domain(component), transfer->to);
    cw_presence_greet(component, transfer->to);
    finish(transfer, "Done: your registration is this address's now.  If your client asks whether "
                     "I may see your status, say yes.");
}

/* The contacts are the network's, but this roster has not seen them yet. */
static void move_contacts(CwComponent *component, const char *from, const char *to)
{
    CwStore *store = cw_transport_store(cw_component_transport(component));
    const char *domain = cw_component_domain(component);
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) contacts = cw_store_list_contacts(store, domain, from, &error);

    if (contacts == NULL)
        g_warning("%s/%s: cannot read the contacts: %s", from, domain, error->message);
    for (guint i = 0; contacts != NULL && i < contacts->len; i++) {
        CwStoredContact *contact = g_ptr_array_index(contacts, i);
        contact->offered = FALSE;
        cw_store_put_contact(store, domain, to, contact);
    }
}

static void stored_cb(const GError *error, gpointer data)
{
    Transfer *transfer = data;
    CwComponent *component = transfer->component;

    if (error != NULL) {
        g_warning("%s/%s: the registration cannot be stored: %s", transfer->to,
                  cw_component_domain(component), error->message);
        finish(transfer, "Your registration could not be stored; try again later.");
        return;
    }
    move_contacts(component, transfer->from->bare, transfer->to);
    cw_registration_remove(component, transfer->from, removed_cb, transfer);
}

static void transfer_user(CwComponent *component, const Move *move)
{
    CwStore *store = cw_transport_store(cw_component_transport(component));
    g_autoptr(GError) error = NULL;
    g_autoptr(CwUser) user =
        cw_store_get_user(store, cw_component_domain(component), move->from, &error);

    if (user == NULL) {
        cw_gateway_chat_say(component, move->to,
                            error == NULL ? "That registration is gone."
                                          : "That registration cannot be read; try again later.");
        return;
    }
    Transfer *transfer = g_new0(Transfer, 1);
    transfer->component = component;
    transfer->from = cw_jid_parse(move->from, NULL);
    transfer->to = g_strdup(move->to);
    g_free(user->jid);
    user->jid = g_strdup(move->to);
    cw_store_put_user(store, user, stored_cb, transfer);
}

void cw_move_accept(CwComponent *component, const CwJid *to, const char *code)
{
    CwTransport *transport = cw_component_transport(component);
    GHashTable *moves = moves_of(component);
    GHashTableIter iter;
    gpointer value;

    if (cw_transport_is_registered(transport, to->bare) ||
        cw_transport_is_registering(transport, to->bare)) {
        cw_gateway_chat_say(component, to->bare,
                            "You are registered with me yourself; unregister first.");
        return;
    }
    g_hash_table_iter_init(&iter, moves);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const Move *move = value;
        if (!g_str_equal(move->to, to->bare) || !g_str_equal(move->code, code))
            continue;
        g_hash_table_iter_steal(&iter);
        transfer_user(component, move);
        free_move(value);
        return;
    }
    cw_gateway_chat_say(component, to->bare,
                        "I know no such code for this address; it is valid for 15 minutes.");
}

const CwFeature cw_feature_move = {.name = "move"};
