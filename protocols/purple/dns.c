/* protocols/purple/dns.c: names to addresses with GResolver instead of forked children
 *
 * libpurple forks for each look-up when the UI has no better way: a child of a process with many
 * accounts, and one more thing for SIGCHLD.  GResolver uses threads.
 *
 * A Query lives until its look-up has come back, whether or not libpurple still waits for it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "protocols/purple/dns.h"

#include <gio/gio.h>
#include <stdlib.h>
#include <string.h>

#include "protocols/purple/eventloop.h"

typedef struct {
    gpointer purple; /* PurpleDnsQueryData or PurpleSrvTxtQueryData; NULL: nobody waits */
    GCancellable *cancellable;
    guint64 owner;
    int type;     /* PurpleDnsTypeSrv, …Txt; 0: addresses */
    guint16 port; /* addresses only */
    union {
        struct {
            PurpleDnsQueryResolvedCallback resolved;
            PurpleDnsQueryFailedCallback failed;
        } address;
        struct {
            PurpleSrvTxtQueryResolvedCallback resolved;
            PurpleSrvTxtQueryFailedCallback failed;
        } record;
    } cb;
} Query;

static GHashTable *queries; /* libpurple's query -> Query, borrowed */

static Query *query_new(gpointer purple)
{
    Query *query = g_new0(Query, 1);
    query->purple = purple;
    query->owner = cw_eventloop_owner;
    query->cancellable = g_cancellable_new();
    if (queries == NULL)
        queries = g_hash_table_new(NULL, NULL);
    g_hash_table_insert(queries, purple, query);
    return query;
}

static void query_free(Query *query)
{
    if (query->purple != NULL)
        g_hash_table_remove(queries, query->purple);
    g_object_unref(query->cancellable);
    g_free(query);
}

static void query_destroy(gpointer purple)
{
    Query *query = queries != NULL ? g_hash_table_lookup(queries, purple) : NULL;
    if (query == NULL)
        return;
    g_hash_table_remove(queries, purple);
    query->purple = NULL;
    g_cancellable_cancel(query->cancellable);
}

/* ---- addresses ---- */

/* libpurple's form: size, address, size, address …, which it frees. */
static GSList *to_hosts(GList *addresses, guint16 port)
{
    GSList *hosts = NULL;
    for (GList *l = addresses; l != NULL; l = l->next) {
        g_autoptr(GSocketAddress) address = g_inet_socket_address_new(l->data, port);
        gssize size = g_socket_address_get_native_size(address);
        gpointer native = g_malloc0((gsize)size);
        if (!g_socket_address_to_native(address, native, (gsize)size, NULL)) {
            g_free(native);
            continue;
        }
        hosts = g_slist_append(hosts, GINT_TO_POINTER((int)size));
        hosts = g_slist_append(hosts, native);
    }
    return hosts;
}

static void addresses_cb(GObject *source, GAsyncResult *result, gpointer data)
{
    Query *query = data;
    g_autoptr(GError) error = NULL;
    GList *addresses = g_resolver_lookup_by_name_finish(G_RESOLVER(source), result, &error);
    gpointer purple = query->purple;
    PurpleDnsQueryResolvedCallback resolved = query->cb.address.resolved;
    PurpleDnsQueryFailedCallback failed = query->cb.address.failed;
    guint16 port = query->port;
    cw_eventloop_set_owner(query->owner);
    query_free(query); /* the callbacks end libpurple's query, which comes back to destroy */
    if (purple != NULL && addresses != NULL)
        resolved(purple, to_hosts(addresses, port));
    else if (purple != NULL)
        failed(purple, error != NULL ? error->message : "no address");
    cw_eventloop_set_owner(0);
    g_resolver_free_addresses(addresses);
}

static gboolean resolve_host(PurpleDnsQueryData *data, PurpleDnsQueryResolvedCallback resolved,
                             PurpleDnsQueryFailedCallback failed)
{
    Query *query = query_new(data);
    query->port = purple_dnsquery_get_port(data);
    query->cb.address.resolved = resolved;
    query->cb.address.failed = failed;
    g_autoptr(GResolver) resolver = g_resolver_get_default();
    g_resolver_lookup_by_name_async(resolver, purple_dnsquery_get_host(data), query->cancellable,
                                    addresses_cb, query);
    return TRUE;
}

static void destroy_host(PurpleDnsQueryData *data)
{
    query_destroy(data);
}

static PurpleDnsQueryUiOps ops = {.resolve_host = resolve_host, .destroy = destroy_host};

PurpleDnsQueryUiOps *cw_dns_ops(void)
{
    return &ops;
}

/* ---- SRV and TXT ---- */

/* libpurple's form, which it frees. */
static GList *to_records(GList *variants, int type)
{
    GList *records = NULL;
    for (GList *l = variants; l != NULL; l = l->next) {
        if (type == PurpleDnsTypeSrv) {
            guint16 priority = 0, weight = 0, port = 0;
            const char *target = NULL;
            g_variant_get(l->data, "(qqq&s)", &priority, &weight, &port, &target);
            PurpleSrvResponse *srv = g_new0(PurpleSrvResponse, 1);
            g_strlcpy(srv->hostname, target, sizeof srv->hostname);
            srv->port = port;
            srv->weight = weight;
            srv->pref = priority;
            records = g_list_append(records, srv); /* libpurple sorts */
        } else {
            g_autofree const char **texts = NULL;
            g_variant_get(l->data, "(^a&s)", &texts);
            PurpleTxtResponse *txt = g_new0(PurpleTxtResponse, 1);
            txt->content = g_strjoinv("", (char **)texts);
            records = g_list_append(records, txt);
        }
    }
    return records;
}

/* libpurple's failure callback takes every query for SRV, and would call what waits for TXT with
 * the wrong arguments.  So "no such record" is one that says nothing. */
static GList *no_text(void)
{
    PurpleTxtResponse *txt = g_new0(PurpleTxtResponse, 1);
    txt->content = g_strdup("none=");
    return g_list_append(NULL, txt);
}

static void free_records(GList *records, int type)
{
    g_list_free_full(records, type == PurpleDnsTypeTxt ? (GDestroyNotify)purple_txt_response_destroy
                                                       : g_free);
}

static void records_cb(GObject *source, GAsyncResult *result, gpointer data)
{
    Query *query = data;
    g_autoptr(GError) error = NULL;
    GList *variants = g_resolver_lookup_records_finish(G_RESOLVER(source), result, &error);
    gpointer purple = query->purple;
    PurpleSrvTxtQueryResolvedCallback resolved = query->cb.record.resolved;
    PurpleSrvTxtQueryFailedCallback failed = query->cb.record.failed;
    int type = query->type;
    cw_eventloop_set_owner(query->owner);
    query_free(query);
    GList *records = to_records(variants, type);
    if (records == NULL && type == PurpleDnsTypeTxt)
        records = no_text();
    if (purple != NULL && records != NULL)
        resolved(purple, records);
    else if (purple != NULL)
        failed(purple, error != NULL ? error->message : "no record");
    else
        free_records(records, type);
    cw_eventloop_set_owner(0);
    g_list_free_full(variants, (GDestroyNotify)g_variant_unref);
}

static gboolean resolve_record(PurpleSrvTxtQueryData *data,
                               PurpleSrvTxtQueryResolvedCallback resolved,
                               PurpleSrvTxtQueryFailedCallback failed)
{
    Query *query = query_new(data);
    query->type = purple_srv_txt_query_get_type(data);
    query->cb.record.resolved = resolved;
    query->cb.record.failed = failed;
    g_autoptr(GResolver) resolver = g_resolver_get_default();
    g_resolver_lookup_records_async(resolver, purple_srv_txt_query_get_query(data),
                                    query->type == PurpleDnsTypeSrv ? G_RESOLVER_RECORD_SRV
                                                                    : G_RESOLVER_RECORD_TXT,
                                    query->cancellable, records_cb, query);
    return TRUE;
}

static void destroy_record(PurpleSrvTxtQueryData *data)
{
    query_destroy(data);
}

static PurpleSrvTxtQueryUiOps record_ops = {.resolve = resolve_record, .destroy = destroy_record};

PurpleSrvTxtQueryUiOps *cw_dns_record_ops(void)
{
    return &record_ops;
}
