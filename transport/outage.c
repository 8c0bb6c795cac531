/* transport/outage.c: whether it is a network that is down, or one account
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "transport/outage.h"

#define ACCOUNTS 3         /* that fail in a row make an outage */
#define SERVERS_KEPT 10000 /* users name them: more are not watched */

struct CwOutage {
    GHashTable *servers; /* name -> Server */
};

typedef struct {
    GPtrArray *failed; /* char *, the first ACCOUNTS JIDs that failed since somebody got in */
    guint online;
} Server;

static void free_server(gpointer data)
{
    Server *server = data;

    g_ptr_array_unref(server->failed);
    g_free(server);
}

/* NULL: too many are known. */
static Server *ensure(CwOutage *outage, const char *name)
{
    Server *server = g_hash_table_lookup(outage->servers, name);

    if (server != NULL || g_hash_table_size(outage->servers) >= SERVERS_KEPT)
        return server;
    server = g_new0(Server, 1);
    server->failed = g_ptr_array_new_with_free_func(g_free);
    g_hash_table_insert(outage->servers, g_strdup(name), server);
    return server;
}

CwOutage *cw_outage_new(void)
{
    CwOutage *outage = g_new0(CwOutage, 1);

    outage->servers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_server);
    return outage;
}

void cw_outage_free(CwOutage *outage)
{
    if (outage == NULL)
        return;
    g_hash_table_unref(outage->servers);
    g_free(outage);
}

void cw_outage_add(CwOutage *outage, const char *name, const char *jid)
{
    Server *server = ensure(outage, name);

    if (server != NULL && server->failed->len < ACCOUNTS &&
        !g_ptr_array_find_with_equal_func(server->failed, jid, g_str_equal, NULL))
        g_ptr_array_add(server->failed, g_strdup(jid));
}

void cw_outage_online(CwOutage *outage, const char *name)
{
    Server *server = ensure(outage, name);

    if (server == NULL)
        return;
    server->online++;
    g_ptr_array_set_size(server->failed, 0);
}

void cw_outage_offline(CwOutage *outage, const char *name)
{
    Server *server = g_hash_table_lookup(outage->servers, name);

    if (server == NULL || server->online == 0)
        return;
    server->online--;
    if (server->online == 0 && server->failed->len == 0)
        g_hash_table_remove(outage->servers, name);
}

gboolean cw_outage_is_down(const CwOutage *outage, const char *name)
{
    const Server *server = g_hash_table_lookup(outage->servers, name);

    return server != NULL && server->online == 0 && server->failed->len >= ACCOUNTS;
}
