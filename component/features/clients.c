/* component/features/clients.c: what the users' clients can do: XEP-0115, else XEP-0030
 *
 *     presence with <c/> --hash known--> known
 *                        --else--> unknown --somebody wants to know--> asked --answer--> known
 *
 * Nobody is asked before a feature wants to know.  One client is asked for all that announce the
 * same hash; what it says is shared when its hash proves it (5.4), else it is true of that client
 * alone, and the others are asked one by one.  A client that announces nothing, or nothing that can
 * be proved, is asked once.  Whoever does not answer can do nothing.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <string.h>

#include "component/caps-cache.h"
#include "component/disco-info.h"
#include "component/features/features.h"

#define NS_CAPS "http://jabber.org/protocol/caps"
#define CACHE_MOST 1000    /* hashes that are kept; all clients of today have fewer */
#define ANNOUNCED_MAX 1024 /* bytes of a node and a version; more counts as nothing */

static const char *const names[CW_N_ABILITIES] = {
    [CW_ABILITY_ROSTER_EXCHANGE] = "http://jabber.org/protocol/rosterx",
    [CW_ABILITY_AVATARS] = CW_NS_AVATAR_METADATA "+notify",
    [CW_ABILITY_NICKS] = CW_NS_NICK "+notify",
    [CW_ABILITY_NEWS] = CW_NS_NEWS "+notify",
};

/* One resource that a session has. */
typedef struct {
    char *user, *resource;
    char *announced; /* NULL: nothing */
    char *node;      /* what it is asked for; NULL: for itself */
    char *key;       /* "HASH VER"; NULL: what it says can be proved by nothing */
    gboolean known;
    guint abilities; /* bits 1 << CwAbility */
    gboolean open;   /* it is being asked, or another one for it */
} Client;

typedef struct {
    GHashTable *clients; /* full JID -> Client */
    GHashTable *waiting; /* key -> GPtrArray of full JIDs that the one who is asked speaks for */
    CwCapsCache *cache;
} State;

/* What an answer is about.  The client may be gone when it comes, or announce something else. */
typedef struct {
    char *user, *resource;
    char *announced; /* nullable */
    char *key;       /* nullable */
    gboolean shared; /* others wait for it */
} Errand;

static void free_client(gpointer data)
{
    Client *client = data;

    g_free(client->user);
    g_free(client->resource);
    g_free(client->announced);
    g_free(client->node);
    g_free(client->key);
    g_free(client);
}

static void free_state(gpointer data)
{
    State *state = data;

    g_hash_table_unref(state->clients);
    g_hash_table_unref(state->waiting);
    cw_caps_cache_free(state->cache);
    g_free(state);
}

static State *state_of(CwComponent *component)
{
    State *state = cw_component_get_data(component, &cw_feature_clients);

    if (state == NULL) {
        state = g_new0(State, 1);
        state->clients = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_client);
        state->waiting = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
                                               (GDestroyNotify)g_ptr_array_unref);
        state->cache = cw_caps_cache_new(CACHE_MOST);
        cw_component_set_data(component, &cw_feature_clients, state, free_state);
    }
    return state;
}

static void free_errand(gpointer data)
{
    Errand *errand = data;

    g_free(errand->user);
    g_free(errand->resource);
    g_free(errand->announced);
    g_free(errand->key);
    g_free(errand);
}

/* (transfer full) */
static char *full_jid(const char *user, const char *resource)
{
    return g_strconcat(user, "/", resource, NULL);
}

static Client *find_client(State *state, const char *user, const char *resource)
{
    g_autofree char *full = full_jid(user, resource);

    return g_hash_table_lookup(state->clients, full);
}

/* ---- what presence announces ---- */

/* FALSE: the same as before.  Without <c/> nothing is said: servers leave out what has not changed
 * (XEP-0115 5.2, optimization). */
static gboolean read_caps(Client *client, const CwNode *presence)
{
    const CwNode *caps = cw_node_child(presence, "c", NS_CAPS);
    const char *node = caps == NULL ? NULL : cw_node_attr(caps, "node");
    const char *ver = caps == NULL ? NULL : cw_node_attr(caps, "ver");
    const char *hash = caps == NULL ? NULL : cw_node_attr(caps, "hash");

    if (node == NULL || ver == NULL || strlen(node) + strlen(ver) > ANNOUNCED_MAX)
        return FALSE;
    gboolean proves = hash != NULL && cw_disco_info_may_match(hash, ver);
    g_autofree char *announced = g_strconcat(node, "#", ver, hash == NULL ? NULL : " ", hash, NULL);
    if (g_strcmp0(announced, client->announced) == 0)
        return FALSE;
    g_free(client->announced);
    g_free(client->node);
    g_free(client->key);
    client->announced = g_steal_pointer(&announced);
    /* 5.4, step 1: without a hash it is the older format, which says nothing of the whole */
    client->node = hash == NULL ? NULL : g_strconcat(node, "#", ver, NULL);
    client->key = proves ? g_strconcat(hash, " ", ver, NULL) : NULL;
    client->known = FALSE;
    return TRUE;
}

static void available(CwComponent *component, CwSession *session, const CwStanza *stanza)
{
    State *state = state_of(component);
    const char *resource = stanza->from->resource;

    if (resource == NULL)
        return;
    Client *client = g_hash_table_lookup(state->clients, stanza->from->full);
    gboolean is_new = client == NULL;
    if (is_new) {
        client = g_new0(Client, 1);
        client->user = g_strdup(stanza->from->bare);
        client->resource = g_strdup(resource);
        g_hash_table_insert(state->clients, g_strdup(stanza->from->full), client);
    }
    if (read_caps(client, stanza->node) || is_new)
        cw_component_tell_client(component, session, resource);
}

/* ---- asking ---- */

static void ask(CwComponent *component, Client *client, gboolean alone);

static void tell(CwComponent *component, const char *user, const char *resource)
{
    CwSession *session = cw_transport_find_session(cw_component_transport(component), user);

    if (session != NULL)
        cw_component_tell_client(component, session, resource);
}

static guint find_abilities(const CwDiscoInfo *info)
{
    guint abilities = 0;

    for (guint i = 0; i < CW_N_ABILITIES; i++) {
        if (cw_disco_info_has(info, names[i]))
            abilities |= 1u << i;
    }
    return abilities;
}

static gboolean is_proved(const CwDiscoInfo *info, const char *key)
{
    const char *space = strchr(key, ' ');
    g_autofree char *hash = g_strndup(key, (gsize)(space - key));

    return cw_disco_info_matches(info, hash, space + 1);
}

/* The one that was asked: this is what it can do, unless it announces something else by now. */
static void settle(CwComponent *component, const Errand *errand, guint abilities)
{
    Client *client = find_client(state_of(component), errand->user, errand->resource);

    if (client != NULL && g_strcmp0(client->announced, errand->announced) == 0) {
        client->known = TRUE;
        client->abilities = abilities;
    }
    tell(component, errand->user, errand->resource);
}

/* Those that waited for its answer: `proved`, it is theirs as well; else they are asked
 * themselves. */
static void settle_others(CwComponent *component, GPtrArray *others, const char *key,
                          gboolean proved)
{
    State *state = state_of(component);

    for (guint i = 0; i < others->len; i++) {
        Client *client = g_hash_table_lookup(state->clients, g_ptr_array_index(others, i));
        if (client == NULL)
            continue;
        client->open = FALSE;
        if (!proved && g_strcmp0(client->key, key) == 0 && cw_component_is_up(component)) {
            ask(component, client, TRUE);
            continue;
        }
        g_autofree char *user = g_strdup(client->user), *resource = g_strdup(client->resource);
        tell(component, user, resource); /* the cache knows */
    }
}

static void info_cb(CwComponent *component, const CwStanza *answer, gpointer data)
{
    Errand *errand = data;
    State *state = state_of(component);
    Client *client = find_client(state, errand->user, errand->resource);
    gboolean broke = answer == NULL && !cw_component_is_up(component);
    const CwNode *query = answer == NULL || g_strcmp0(answer->type, "result") != 0
                              ? NULL
                              : cw_node_child(answer->node, "query", CW_NS_DISCO_INFO);
    g_autoptr(CwDiscoInfo) info = query == NULL ? NULL : cw_disco_info_read(query);
    guint abilities = info == NULL ? 0 : find_abilities(info);
    gboolean proved = info != NULL && errand->key != NULL && is_proved(info, errand->key);
    g_autoptr(GPtrArray) others = NULL;

    if (proved)
        cw_caps_cache_put(state->cache, errand->key, abilities);
    if (errand->shared) {
        others = g_ptr_array_ref(g_hash_table_lookup(state->waiting, errand->key));
        g_hash_table_remove(state->waiting, errand->key);
    }
    if (client != NULL)
        client->open = FALSE;
    if (!broke)
        settle(component, errand, abilities);
    if (others != NULL)
        settle_others(component, others, errand->key, proved);
}

/* `alone`: nobody is asked for it, and it for nobody. */
static void ask(CwComponent *component, Client *client, gboolean alone)
{
    State *state = state_of(component);
    g_autofree char *to = full_jid(client->user, client->resource);
    gboolean shared = client->key != NULL && !alone;
    GPtrArray *others = shared ? g_hash_table_lookup(state->waiting, client->key) : NULL;

    client->open = TRUE;
    if (others != NULL) {
        g_ptr_array_add(others, g_steal_pointer(&to));
        return;
    }
    if (shared)
        g_hash_table_insert(state->waiting, g_strdup(client->key),
                            g_ptr_array_new_with_free_func(g_free));
    Errand *errand = g_new0(Errand, 1);
    errand->user = g_strdup(client->user);
    errand->resource = g_strdup(client->resource);
    errand->announced = g_strdup(client->announced);
    errand->key = g_strdup(client->key);
    errand->shared = shared;
    CwWriter *writer = cw_requests_begin(cw_component_requests(component), to, "get", info_cb,
                                         errand, free_errand);
    cw_writer_start(writer, "query", CW_NS_DISCO_INFO);
    cw_writer_attr(writer, "node", client->node);
    cw_writer_end(writer);
    cw_requests_end(cw_component_requests(component));
}

CwClientAnswer cw_clients_can(CwComponent *component, CwSession *session, const char *resource,
                              CwAbility ability)
{
    State *state = state_of(component);
    Client *client = find_client(state, cw_session_jid(session), resource);

    if (client == NULL) /* its presence is yet to come, or it has no name to be asked by */
        return *resource == '\0' ? CW_CLIENT_CANNOT : CW_CLIENT_UNKNOWN;
    if (!client->known && client->key != NULL)
        client->known = cw_caps_cache_get(state->cache, client->key, &client->abilities);
    if (client->known)
        return (client->abilities & 1u << ability) != 0 ? CW_CLIENT_CAN : CW_CLIENT_CANNOT;
    if (!client->open && cw_component_is_up(component))
        ask(component, client, FALSE);
    return CW_CLIENT_UNKNOWN;
}

/* ---- they go ---- */

static void resource_gone_cb(CwSession *session, const char *resource, gpointer data)
{
    g_autofree char *full = full_jid(cw_session_jid(session), resource);

    g_hash_table_remove(state_of(data)->clients, full);
    cw_component_tell_client(data, session, resource);
}

static void session_state_cb(CwSession *session, gpointer data)
{
    const GPtrArray *resources = cw_session_resources(session);

    if (cw_session_state(session) != CW_SESSION_OFFLINE)
        return;
    for (guint i = 0; i < resources->len; i++) {
        const CwResource *resource = g_ptr_array_index(resources, i);
        g_autofree char *full = full_jid(cw_session_jid(session), resource->name);
        g_hash_table_remove(state_of(data)->clients, full);
    }
}

/* Whoever is still there sends presence again when the stream is back. */
static void down(CwComponent *component)
{
    g_hash_table_remove_all(state_of(component)->clients);
}

static const CwEvents events = {
    .resource_gone = resource_gone_cb,
    .session_state = session_state_cb,
};

const CwFeature cw_feature_clients = {
    .name = "clients",
    .available = available,
    .down = down,
    .events = &events,
};
