/* transport/outage.c: whether it is a network that is down, or one account
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "transport/outage.h"

#define ACCOUNTS 3         /* that fail in a row make an outage */
#define SERVERS_KEPT 10000 /* users name them: more are not watched */

struct CwOutage {
    GHashTable *servers; /* name -> GPtrArray of the first ACCOUNTS JIDs that failed there */
};

CwOutage *cw_outage_new(void)
{
    CwOutage *outage = g_new0(CwOutage, 1);

    outage->servers =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_ptr_array_unref);
    return outage;
}

void cw_outage_free(CwOutage *outage)
{
    if (outage == NULL)
        return;
    g_hash_table_unref(outage->servers);
    g_free(outage);
}

void cw_outage_add(CwOutage *outage, const char *server, const char *jid)
{
    GPtrArray *failed = g_hash_table_lookup(outage->servers, server);

    if (failed == NULL) {
        if (g_hash_table_size(outage->servers) >= SERVERS_KEPT)
            return;
        failed = g_ptr_array_new_with_free_func(g_free);
        g_hash_table_insert(outage->servers, g_strdup(server), failed);
    }
    if (failed->len < ACCOUNTS && !g_ptr_array_find_with_equal_func(failed, jid, g_str_equal, NULL))
        g_ptr_array_add(failed, g_strdup(jid));
}

void cw_outage_clear(CwOutage *outage, const char *server)
{
    g_hash_table_remove(outage->servers, server);
}

gboolean cw_outage_is_down(const CwOutage *outage, const char *server)
{
    const GPtrArray *failed = g_hash_table_lookup(outage->servers, server);

    return failed != NULL && failed->len >= ACCOUNTS;
}
