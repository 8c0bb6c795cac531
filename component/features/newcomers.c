/* component/features/newcomers.c: who adds a contact where nobody needs an account is registered
 * by that (`open` in the settings)
 *
 *     subscribe of a stranger -> registered with nothing to fill in -> his requests go on
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "component/features/features.h"

#define REQUESTS_MOST 100 /* of one newcomer while he is being registered */

typedef struct {
    char *key;       /* of `newcomers` */
    GPtrArray *kept; /* CwReply *: his requests */
    CwNewcomerThen then;
} Newcomer;

static GHashTable *newcomers; /* "domain\nbare JID" -> Newcomer */

static void free_reply(gpointer data)
{
    cw_reply_free(data);
}

static void registered_cb(CwComponent *component, gboolean done, CwStanzaCondition condition,
                          const char *text, gpointer data)
{
    Newcomer *newcomer = data;

    g_hash_table_remove(newcomers, newcomer->key);
    for (guint i = 0; i < newcomer->kept->len; i++) {
        const CwStanza *stanza = cw_reply_stanza(g_ptr_array_index(newcomer->kept, i));
        if (done)
            newcomer->then(component, stanza);
        else
            cw_component_send_error(component, stanza, condition, text);
    }
    g_ptr_array_unref(newcomer->kept);
    g_free(newcomer->key);
    g_free(newcomer);
}

gboolean cw_newcomers_may_come(CwComponent *component, const CwJid *user)
{
    CwTransport *transport = cw_component_transport(component);
    const CwProtocol *protocol = cw_transport_protocol(transport);

    return cw_transport_settings(transport)->open && protocol != NULL && protocol->anonymous &&
           cw_registration_is_allowed(component, user);
}

gboolean cw_newcomers_take(CwComponent *component, const CwStanza *stanza, CwNewcomerThen then)
{
    if (!cw_newcomers_may_come(component, stanza->from))
        return FALSE;
    if (newcomers == NULL)
        newcomers = g_hash_table_new(g_str_hash, g_str_equal);
    g_autofree char *key =
        g_strconcat(cw_component_domain(component), "\n", stanza->from->bare, NULL);
    Newcomer *newcomer = g_hash_table_lookup(newcomers, key);
    if (newcomer != NULL && newcomer->kept->len >= REQUESTS_MOST)
        return FALSE;
    if (newcomer != NULL) {
        g_ptr_array_add(newcomer->kept, cw_component_keep(component, stanza));
        return TRUE;
    }
    newcomer = g_new0(Newcomer, 1);
    newcomer->key = g_steal_pointer(&key);
    newcomer->kept = g_ptr_array_new_with_free_func(free_reply);
    newcomer->then = then;
    g_ptr_array_add(newcomer->kept, cw_component_keep(component, stanza));
    g_hash_table_insert(newcomers, newcomer->key, newcomer);
    g_autoptr(GHashTable) nothing = g_hash_table_new(g_str_hash, g_str_equal);
    cw_registration_submit(component, stanza->from, nothing, registered_cb, newcomer);
    return TRUE;
}
