/* component/requests.c: iqs of the gateway itself, and their answers
 *
 * An answer counts when its id is one that was given out and its sender is who was asked: anybody
 * can send an iq with any id.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "component/requests.h"

#define REQUEST_TIMEOUT (30 * G_USEC_PER_SEC)
#define SWEEP 5 /* s */

typedef struct {
    char *id;
    char *to;
    CwRequestAnswer answer;
    gpointer data;
    GDestroyNotify free_data;
    gint64 due; /* monotonic, µs */
} Request;

struct CwRequests {
    CwComponent *component;
    GHashTable *open; /* id -> Request */
    guint sweep_id;
};

static void free_request(gpointer data)
{
    Request *request = data;

    if (request->free_data != NULL)
        request->free_data(request->data);
    g_free(request->id);
    g_free(request->to);
    g_free(request);
}

CwRequests *cw_requests_new(CwComponent *component)
{
    CwRequests *requests = g_new0(CwRequests, 1);

    requests->component = component;
    requests->open = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, free_request);
    return requests;
}

void cw_requests_free(CwRequests *requests)
{
    if (requests == NULL)
        return;
    g_clear_handle_id(&requests->sweep_id, g_source_remove);
    g_hash_table_unref(requests->open);
    g_free(requests);
}

/* Out of the table first: the callback may ask again. */
static void answer(CwRequests *requests, Request *request, const CwStanza *stanza)
{
    g_hash_table_steal(requests->open, request->id);
    request->answer(requests->component, stanza, request->data);
    free_request(request);
}

static GPtrArray *list_due(CwRequests *requests, gint64 now)
{
    GPtrArray *due = g_ptr_array_new_with_free_func(g_free);
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, requests->open);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const Request *request = value;
        if (request->due <= now)
            g_ptr_array_add(due, g_strdup(request->id));
    }
    return due;
}

static void give_up(CwRequests *requests, gint64 now)
{
    g_autoptr(GPtrArray) due = list_due(requests, now);

    for (guint i = 0; i < due->len; i++) {
        Request *request = g_hash_table_lookup(requests->open, g_ptr_array_index(due, i));
        if (request != NULL)
            answer(requests, request, NULL);
    }
}

static gboolean sweep_cb(gpointer data)
{
    CwRequests *requests = data;

    give_up(requests, g_get_monotonic_time());
    if (g_hash_table_size(requests->open) > 0)
        return G_SOURCE_CONTINUE;
    requests->sweep_id = 0;
    return G_SOURCE_REMOVE;
}

void cw_requests_drop(CwRequests *requests)
{
    give_up(requests, G_MAXINT64);
}

CwWriter *cw_requests_begin(CwRequests *requests, const char *to, const char *type,
                            CwRequestAnswer answer, gpointer data, GDestroyNotify free_data)
{
    Request *request = g_new0(Request, 1);

    request->id = g_strdup_printf("ask-%08x%08x", g_random_int(), g_random_int());
    request->to = g_strdup(to);
    request->answer = answer;
    request->data = data;
    request->free_data = free_data;
    request->due = g_get_monotonic_time() + REQUEST_TIMEOUT;
    g_hash_table_insert(requests->open, request->id, request);
    if (requests->sweep_id == 0)
        requests->sweep_id = g_timeout_add_seconds(SWEEP, sweep_cb, requests);
    return cw_component_begin(requests->component, "iq", cw_component_domain(requests->component),
                              to, type, request->id);
}

void cw_requests_end(CwRequests *requests)
{
    cw_component_end(requests->component);
}

/* (nullable) the request that this answers */
static Request *find(CwRequests *requests, const CwStanza *stanza)
{
    Request *request = stanza->id == NULL ? NULL : g_hash_table_lookup(requests->open, stanza->id);

    return request != NULL && g_str_equal(request->to, stanza->from->full) ? request : NULL;
}

gboolean cw_requests_take(CwRequests *requests, const CwStanza *stanza)
{
    Request *request = find(requests, stanza);

    if (request != NULL)
        answer(requests, request, stanza);
    return request != NULL;
}

void cw_requests_lose(CwRequests *requests, const CwStanza *stanza)
{
    Request *request = find(requests, stanza);

    if (request != NULL)
        answer(requests, request, NULL);
}
