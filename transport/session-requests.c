/* transport/session-requests.c: contacts who ask to see the user
 *
 *     the network asks -> waits for the user -> answered -> told to the network, forgotten
 *                              ^    |
 *                              +----+  offered again at the next log-in, once a session
 *
 * Each is stored from the first moment until the network has the answer or takes the request back.
 * An answer that is given while the account is not logged in waits in the same place.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#define G_LOG_DOMAIN "transport"

#include "transport/session-private.h"

#define ASKS_STILL (60 * G_USEC_PER_SEC) /* µs in which a request is the one answered before */

typedef struct {
    CwStoredRequest *stored;
    gboolean asked;   /* the network asked in this log-in */
    gboolean offered; /* the user was asked in this session */
    gint64 told_at;   /* monotonic µs: the network was given the answer in this log-in, but may
                         ask still; 0: it was not */
} Request;

static void free_request(gpointer data)
{
    Request *request = data;

    cw_stored_request_free(request->stored);
    g_free(request);
}

GHashTable *cw_session_requests_new(void)
{
    return g_hash_table_new_full(g_str_hash, g_str_equal, NULL, free_request);
}

static CwStore *store_of(const CwSession *session)
{
    return cw_transport_store(session->transport);
}

static void store_request(CwSession *session, const Request *request)
{
    cw_store_put_request(store_of(session), cw_transport_domain(session->transport), session->jid,
                         request->stored);
}

static void unstore_request(CwSession *session, const char *contact)
{
    cw_store_delete_request(store_of(session), cw_transport_domain(session->transport),
                            session->jid, contact);
}

/* NULL: too many. */
static Request *ensure_request(CwSession *session, const char *contact)
{
    Request *request = g_hash_table_lookup(session->requests, contact);
    guint most = LIMITS(session)->contacts;

    if (request != NULL)
        return request;
    if (most > 0 && g_hash_table_size(session->requests) >= most) {
        g_message("%s/%s: over %u contacts wait for an answer: one more was left out", session->jid,
                  cw_transport_domain(session->transport), most);
        return NULL;
    }
    request = g_new0(Request, 1);
    request->stored = g_new0(CwStoredRequest, 1);
    request->stored->contact = g_strdup(contact);
    g_hash_table_insert(session->requests, request->stored->contact, request);
    return request;
}

void cw_session_load_requests(CwSession *session)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) stored = cw_store_list_requests(
        store_of(session), cw_transport_domain(session->transport), session->jid, &error);

    if (stored == NULL) {
        g_warning("%s/%s: cannot read the contacts' requests: %s", session->jid,
                  cw_transport_domain(session->transport), error->message);
        return;
    }
    for (guint i = 0; i < stored->len; i++) {
        const CwStoredRequest *from = g_ptr_array_index(stored, i);
        if (g_hash_table_contains(session->requests, from->contact))
            continue; /* known better here */
        Request *request = ensure_request(session, from->contact);
        if (request == NULL)
            break;
        request->stored->nick = g_strdup(from->nick);
        request->stored->text = g_strdup(from->text);
        request->stored->answer = from->answer;
    }
}

/* ---- to the network ---- */

static void send_answer(CwSession *session, const char *contact, gboolean yes)
{
    cw_account_send(session->account, &(CwLinkMsg){.kind = yes ? CW_LINK_AUTHORIZE : CW_LINK_DENY,
                                                   .contact = contact});
}

/* When the network has not asked in this log-in it may do so still, and gets the answer again. */
static void tell(CwSession *session, Request *request)
{
    send_answer(session, request->stored->contact, request->stored->answer == CW_ANSWER_AUTHORIZE);
    unstore_request(session, request->stored->contact);
    request->told_at = g_get_monotonic_time();
    if (request->asked)
        g_hash_table_remove(session->requests, request->stored->contact);
}

static void offer(CwSession *session, Request *request)
{
    const CwStoredRequest *stored = request->stored;

    if (request->offered)
        return;
    request->offered = TRUE;
    EMIT(session, ask_authorization, session, stored->contact, stored->nick, stored->text);
}

void cw_session_requests_online(CwSession *session)
{
    g_autoptr(GList) requests = g_hash_table_get_values(session->requests);

    for (GList *l = requests; l != NULL; l = l->next) {
        Request *request = l->data;
        if (request->stored->answer == CW_ANSWER_NONE)
            offer(session, request);
        else if (request->told_at == 0)
            tell(session, request);
    }
}

void cw_session_requests_offline(CwSession *session)
{
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, session->requests);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        Request *request = value;
        request->asked = FALSE;
        if (request->told_at != 0)
            g_hash_table_iter_remove(&iter);
    }
}

/* ---- from the network ---- */

static gboolean replace(char **old, const char *text)
{
    if (text == NULL || g_strcmp0(*old, text) == 0)
        return FALSE;
    g_free(*old);
    *old = cw_session_keep_short(text);
    return TRUE;
}

void cw_session_take_ask(CwSession *session, const CwLinkMsg *msg)
{
    gboolean known = g_hash_table_contains(session->requests, msg->contact);
    Request *request = ensure_request(session, msg->contact);

    if (request == NULL)
        return;
    request->asked = TRUE;
    if (request->told_at != 0 && g_get_monotonic_time() - request->told_at > ASKS_STILL) {
        request->told_at = 0; /* a new one */
        request->stored->answer = CW_ANSWER_NONE;
        known = request->offered = FALSE;
    }
    if (request->stored->answer != CW_ANSWER_NONE) {
        tell(session, request);
        return;
    }
    gboolean changed = replace(&request->stored->nick, msg->name);
    changed |= replace(&request->stored->text, msg->text);
    if (changed || !known)
        store_request(session, request);
    offer(session, request);
}

void cw_session_take_ask_gone(CwSession *session, const char *contact)
{
    const CwContact *known = cw_session_find_contact(session, contact);

    if (g_hash_table_remove(session->requests, contact))
        unstore_request(session, contact);
    if (known == NULL || known->subscription != CW_SUBSCRIPTION_REMOVED)
        EMIT(session, ask_gone, session, contact);
}

const char *cw_session_request_nick(CwSession *session, const char *contact)
{
    const Request *request = g_hash_table_lookup(session->requests, contact);

    return request == NULL ? NULL : request->stored->nick;
}

/* ---- from the user ---- */

void cw_session_authorize(CwSession *session, const char *contact, gboolean yes)
{
    Request *request = g_hash_table_lookup(session->requests, contact);
    gboolean online = session->state == CW_SESSION_ONLINE;

    /* whoever declines what we offered by ourselves takes nothing from the contact */
    if (cw_session_take_offer_answer(session, contact) && request == NULL && !yes)
        return;
    if (yes && request != NULL)
        cw_session_accept_contact(session, contact, request->stored->nick);
    if (request == NULL && online) { /* an offer of ours, or what was granted is withdrawn */
        send_answer(session, contact, yes);
        return;
    }
    if (request == NULL && !yes)
        request = ensure_request(session, contact);
    if (request == NULL)
        return;
    request->stored->answer = yes ? CW_ANSWER_AUTHORIZE : CW_ANSWER_DENY;
    if (online)
        tell(session, request);
    else
        store_request(session, request);
}

static gboolean answer_offer(CwStore *store, const char *domain, const char *jid, const char *name)
{
    g_autoptr(GPtrArray) stored = cw_store_list_contacts(store, domain, jid, NULL);

    for (guint i = 0; stored != NULL && i < stored->len; i++) {
        CwStoredContact *contact = g_ptr_array_index(stored, i);
        if (!g_str_equal(contact->name, name) || !contact->unanswered)
            continue;
        contact->unanswered = FALSE;
        cw_store_put_contact(store, domain, jid, contact);
        return TRUE;
    }
    return FALSE;
}

void cw_transport_authorize(CwTransport *transport, const char *jid, const char *contact,
                            gboolean yes)
{
    CwSession *session = cw_transport_find_session(transport, jid);
    CwStore *store = cw_transport_store(transport);
    const char *domain = cw_transport_domain(transport);
    guint most = cw_transport_all_settings(transport)->limits.contacts;
    CwStoredRequest answer = {.contact = (char *)contact,
                              .answer = yes ? CW_ANSWER_AUTHORIZE : CW_ANSWER_DENY};

    if (session != NULL) {
        cw_session_authorize(session, contact, yes);
        return;
    }
    g_autoptr(GPtrArray) stored = cw_store_list_requests(store, domain, jid, NULL);
    for (guint i = 0; stored != NULL && i < stored->len; i++) {
        const CwStoredRequest *request = g_ptr_array_index(stored, i);
        if (!g_str_equal(request->contact, contact))
            continue;
        answer.nick = request->nick;
        answer.text = request->text;
        cw_store_put_request(store, domain, jid, &answer);
        return;
    }
    /* nobody asked: a "yes" is to an offer of ours; a "no" withdraws what was granted */
    if (answer_offer(store, domain, jid, contact))
        return;
    if (!yes && stored != NULL && (most == 0 || stored->len < most))
        cw_store_put_request(store, domain, jid, &answer);
}
