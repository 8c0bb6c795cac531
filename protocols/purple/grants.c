/* protocols/purple/grants.c: which contacts the user may see, as far as it can be known
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "protocols/purple/grants.h"

#include "protocols/purple/host.h"

#define LIST_TIME (10 * G_USEC_PER_SEC) /* µs until what the list says counts again anyway */

typedef struct {
    CwAuthorization authorization; /* as the gateway was told */
    gboolean fresh;                /* asked in this log-in, and the list does not show it yet */
    gboolean ours;                 /* asked in this log-in */
} Grant;

struct CwGrants {
    GHashTable *known; /* name -> Grant */
    /* name -> gint64: monotonic µs until which */
    GHashTable *leaving;
    GHashTable *returning; /* off the network's list, asked again, and not on it yet */
};

CwGrants *cw_grants_new(CwAccount *account)
{
    CwGrants *grants = g_new0(CwGrants, 1);
    grants->known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    grants->leaving = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    grants->returning = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    return grants;
}

void cw_grants_free(CwGrants *grants)
{
    if (grants == NULL)
        return;
    g_hash_table_unref(grants->known);
    g_hash_table_unref(grants->leaving);
    g_hash_table_unref(grants->returning);
    g_free(grants);
}

static Grant *find(const CwAccount *account, const char *contact)
{
    return g_hash_table_lookup(account->grants->known, contact);
}

void cw_grants_set(CwAccount *account, const char *contact, CwAuthorization authorization)
{
    Grant *grant = find(account, contact);
    if (!cw_host.protocol->authorization)
        return;
    if (grant != NULL)
        grant->fresh = FALSE;
    if (grant != NULL && grant->authorization == authorization)
        return;
    if (grant == NULL) {
        grant = g_new0(Grant, 1);
        g_hash_table_insert(account->grants->known, g_strdup(contact), grant);
    }
    grant->authorization = authorization;
    grant->ours = grant->ours && authorization == CW_AUTHORIZATION_ASKED;
    cw_host_send(&(CwLinkMsg){.kind = CW_LINK_AUTHORIZATION,
                              .account = account->number,
                              .contact = contact,
                              .authorization = authorization});
}

void cw_grants_asked(CwAccount *account, const char *contact)
{
    cw_grants_set(account, contact, CW_AUTHORIZATION_ASKED);
    Grant *grant = find(account, contact);
    if (grant != NULL)
        grant->fresh = grant->ours = TRUE;
}

void cw_grants_bounced(CwAccount *account, const char *contact)
{
    const Grant *grant = find(account, contact);
    if (grant != NULL && grant->ours)
        cw_grants_set(account, contact, CW_AUTHORIZATION_NONE);
}

static void put_time(GHashTable *table, const char *contact)
{
    gint64 until = g_get_monotonic_time() + LIST_TIME;
    g_hash_table_insert(table, g_strdup(contact), g_memdup2(&until, sizeof until));
}

static gboolean is_in_time(GHashTable *table, const char *contact)
{
    const gint64 *until = g_hash_table_lookup(table, contact);
    if (until == NULL || g_get_monotonic_time() < *until)
        return until != NULL;
    g_hash_table_remove(table, contact);
    return FALSE;
}

void cw_grants_listed(CwAccount *account, const char *contact, CwAuthorization authorization)
{
    const Grant *grant = find(account, contact);
    if (is_in_time(account->grants->leaving, contact))
        return;
    g_hash_table_remove(account->grants->returning, contact);
    if (grant == NULL || !grant->fresh || authorization != CW_AUTHORIZATION_NONE)
        cw_grants_set(account, contact, authorization);
}

gboolean cw_grants_needs_asking(const CwAccount *account, const char *contact)
{
    const Grant *grant = find(account, contact);
    return grant == NULL || grant->authorization == CW_AUTHORIZATION_NONE;
}

void cw_grants_forget(CwAccount *account, const char *contact)
{
    g_hash_table_remove(account->grants->known, contact);
    g_hash_table_remove(account->grants->returning, contact);
}

void cw_grants_leave(CwAccount *account, const char *contact)
{
    if (cw_host.defaults->stanza_signals == NULL)
        return; /* we would not see when it has left */
    put_time(account->grants->leaving, contact);
}

void cw_grants_left(CwAccount *account, const char *contact)
{
    const Grant *grant = find(account, contact);
    if (g_hash_table_remove(account->grants->leaving, contact) && grant != NULL && grant->fresh)
        put_time(account->grants->returning, contact);
}

gboolean cw_grants_is_between(const CwAccount *account, const char *contact)
{
    return is_in_time(account->grants->leaving, contact) ||
           is_in_time(account->grants->returning, contact);
}

void cw_grants_added(CwAccount *account, const char *contact)
{
    if (cw_host.defaults->stanza_signals != NULL)
        return;
    const Grant *grant = find(account, contact);
    gboolean asks = cw_host.info->add_buddy != NULL || cw_host.info->add_buddy_with_invite != NULL;
    if (!asks)
        cw_grants_set(account, contact, CW_AUTHORIZATION_GRANTED);
    else if (grant == NULL || grant->authorization != CW_AUTHORIZATION_GRANTED)
        cw_grants_set(account, contact, CW_AUTHORIZATION_ASKED);
}

void cw_grants_online(CwAccount *account, const char *contact)
{
    if (cw_host.defaults->stanza_signals == NULL)
        cw_grants_set(account, contact, CW_AUTHORIZATION_GRANTED);
}
