/* transport/registrar.c: verifies registrations with the network before they are stored
 *
 * One registration of a user at a time.  A pending one that is aborted while it is being stored
 * stays until the store has answered; a delete queued behind it undoes it.  Until the delete is
 * done the store still shows the user: `removing` knows better.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#define G_LOG_DOMAIN "transport"

#include "transport/registrar.h"

#include "transport/pace.h"

#define PACES_KEPT 10000 /* users whose pace is remembered; more in one minute are refused */

struct CwRegistrar {
    CwTransport *transport;
    GHashTable *pending;  /* bare JID -> CwPending * (the key is its own) */
    CwPace pace;          /* of all users */
    GHashTable *paces;    /* bare JID -> CwPace * */
    GHashTable *removing; /* set of bare JIDs whose delete or move is queued */
};

typedef struct {
    CwRegistrar *registrar;
    CwUser *user;
    CwSession *trial; /* NULL: none yet, or adopted */
    gboolean edit;    /* the user was registered before */
    gboolean aborted; /* answered already; only the store's word is awaited */
    gboolean storing;
    CwRegisterDone done;
    gpointer data;
    guint answer_id; /* an answer without a trial, given at the next turn */
    CwRegistered answer;
} CwPending;

static void free_pending(CwPending *pending)
{
    g_clear_handle_id(&pending->answer_id, g_source_remove);
    cw_session_free(pending->trial);
    cw_user_free(pending->user);
    g_free(pending);
}

/* Answers and forgets. */
static void finish(CwPending *pending, CwRegistered result, CwReason reason, const char *why)
{
    if (!pending->aborted) {
        g_hash_table_remove(pending->registrar->pending, pending->user->jid);
        pending->done(result, reason, why, pending->data);
    }
    free_pending(pending);
}

static gboolean answer_cb(gpointer data)
{
    CwPending *pending = data;
    CwSession *session =
        cw_transport_find_session(pending->registrar->transport, pending->user->jid);
    gboolean changed = pending->answer == CW_REGISTERED_CHANGED;

    pending->answer_id = 0;
    finish(pending, pending->answer, CW_REASON_NONE, NULL);
    /* he said the same again: the network may have changed its mind */
    if (changed && session != NULL)
        cw_session_retry(session);
    return G_SOURCE_REMOVE;
}

static gboolean answer_alone_cb(gpointer data)
{
    CwPending *pending = data;

    pending->answer_id = 0;
    pending->done(pending->answer, CW_REASON_NONE, NULL, pending->data);
    free_pending(pending);
    return G_SOURCE_REMOVE;
}

/* ---- the steps ---- */

static void stored_cb(const GError *error, gpointer data)
{
    CwPending *pending = data;

    if (pending->aborted) { /* the registrar may be gone as well */
        free_pending(pending);
        return;
    }
    CwTransport *transport = pending->registrar->transport;
    if (error != NULL) {
        /* the operator is told by the store, once a minute and not for each */
        g_info("%s/%s: the registration cannot be stored: %s", pending->user->jid,
               cw_transport_domain(transport), error->message);
        finish(pending, CW_REGISTERED_NOT_STORED, CW_REASON_NONE, NULL);
        return;
    }
    g_message("%s/%s: %s as %s", pending->user->jid, cw_transport_domain(transport),
              pending->edit ? "registration changed" : "registered", pending->user->username);

    CwSession *session = cw_transport_find_session(transport, pending->user->jid);
    if (pending->edit || session != NULL) {
        /* Logged out first: networks that allow one log-in would throw out the session's. */
        g_clear_pointer(&pending->trial, cw_session_free);
        finish(pending, CW_REGISTERED_CHANGED, CW_REASON_NONE, NULL);
        if (session != NULL)
            cw_session_log_in_again(session);
        return;
    }
    session = g_steal_pointer(&pending->trial);
    cw_transport_adopt_session(transport, session);
    finish(pending, CW_REGISTERED_NEW, CW_REASON_NONE, NULL);
    cw_session_release(session);
}

/* Only what he wants of the gateway is new: nothing for the network to verify. */
static void preferred_cb(const GError *error, gpointer data)
{
    CwPending *pending = data;

    if (pending->aborted) {
        free_pending(pending);
        return;
    }
    CwSession *session =
        cw_transport_find_session(pending->registrar->transport, pending->user->jid);
    if (error == NULL && session != NULL)
        cw_session_take_preferences(session, pending->user);
    finish(pending, error == NULL ? CW_REGISTERED_CHANGED : CW_REGISTERED_NOT_STORED,
           CW_REASON_NONE, NULL);
    if (session != NULL)
        cw_session_retry(session);
}

static void tried_cb(CwSession *trial, CwReason reason, const char *why, gpointer data)
{
    CwPending *pending = data;
    CwTransport *transport = pending->registrar->transport;

    if (reason != CW_REASON_NONE) {
        g_info("%s/%s: registration refused: %s: %s", pending->user->jid,
               cw_transport_domain(transport), cw_reason_to_string(reason), why == NULL ? "" : why);
        CwSession *session = cw_transport_find_session(transport, pending->user->jid);
        finish(pending, CW_REGISTERED_REFUSED, reason, why);
        /* XEP-0100 4.2.2: the old one stays in force; a network that allows one log-in may have
         * thrown it out for the trial. */
        if (session != NULL)
            cw_session_retry(session);
        return;
    }
    pending->storing = TRUE;
    cw_store_put_user(cw_transport_store(transport), pending->user, stored_cb, pending);
}

/* `all` has all of `some`. */
static gboolean has_all(GHashTable *all, GHashTable *some)
{
    GHashTableIter iter;
    gpointer key, value;

    g_hash_table_iter_init(&iter, some);
    while (g_hash_table_iter_next(&iter, &key, &value)) {
        if (g_strcmp0(g_hash_table_lookup(all, key), value) != 0)
            return FALSE;
    }
    return TRUE;
}

static gboolean same_data(const CwUser *a, const CwUser *b)
{
    return g_strcmp0(a->username, b->username) == 0 && cw_secret_equal(a->password, b->password) &&
           g_hash_table_size(a->options) == g_hash_table_size(b->options) &&
           has_all(b->options, a->options);
}

static gboolean pace_is_old(gpointer key, gpointer value, gpointer data)
{
    const CwPace *pace = value;

    return g_get_monotonic_time() - pace->at > 60 * G_USEC_PER_SEC;
}

static gboolean within_pace(CwRegistrar *registrar, const char *jid)
{
    const CwLimits *limits = &cw_transport_all_settings(registrar->transport)->limits;
    CwPace *pace = g_hash_table_lookup(registrar->paces, jid);

    if (limits->registrations_per_user_per_minute > 0 && pace == NULL) {
        if (g_hash_table_size(registrar->paces) >= PACES_KEPT)
            g_hash_table_foreach_remove(registrar->paces, pace_is_old, NULL);
        if (g_hash_table_size(registrar->paces) >= PACES_KEPT)
            return FALSE;
        pace = g_new0(CwPace, 1);
        g_hash_table_insert(registrar->paces, g_strdup(jid), pace);
    }
    /* first the user's own: one who hammers must not use up everybody's */
    return (pace == NULL ||
            cw_pace_take(pace, limits->registrations_per_user_per_minute, 60000, 0, NULL)) &&
           cw_pace_take(&registrar->pace, limits->registrations_per_minute, 60000, 0, NULL);
}

void cw_registrar_register(CwRegistrar *registrar, const CwUser *user, CwRegisterDone done,
                           gpointer data)
{
    CwTransport *transport = registrar->transport;
    const CwLimits *limits = &cw_transport_all_settings(transport)->limits;
    const char *domain = cw_transport_domain(transport);
    CwPending *pending = g_new0(CwPending, 1);

    pending->registrar = registrar;
    pending->user = cw_user_copy(user);
    pending->done = done;
    pending->data = data;

    if (g_hash_table_contains(registrar->pending, user->jid) ||
        g_hash_table_contains(registrar->removing, user->jid)) {
        pending->answer = CW_REGISTERED_BUSY;
        pending->answer_id = g_timeout_add(0, answer_alone_cb, pending);
        return;
    }
    g_hash_table_insert(registrar->pending, pending->user->jid, pending);

    g_autoptr(CwUser) old =
        cw_store_get_user(cw_transport_store(transport), domain, user->jid, NULL);
    pending->edit = old != NULL;
    gboolean full = old == NULL && limits->accounts_per_domain > 0 &&
                    cw_store_count_users(cw_transport_store(transport), domain) +
                            g_hash_table_size(registrar->pending) >
                        limits->accounts_per_domain;
    gboolean full_or_fast = full || !within_pace(registrar, user->jid);
    if (!full_or_fast && (old == NULL || !same_data(old, user))) {
        pending->trial = cw_session_new(transport, user->jid);
        cw_session_try(pending->trial, user, tried_cb, pending);
        return;
    }
    if (!full_or_fast && !has_all(old->preferences, user->preferences)) {
        pending->storing = TRUE;
        cw_store_put_preferences(cw_transport_store(transport), pending->user, preferred_cb,
                                 pending);
        return;
    }
    pending->answer = full_or_fast ? CW_REGISTERED_FULL : CW_REGISTERED_CHANGED;
    pending->answer_id = g_timeout_add(0, answer_cb, pending);
}

/* ---- ends ---- */

static void abort_pending(CwPending *pending)
{
    g_hash_table_remove(pending->registrar->pending, pending->user->jid);
    g_clear_pointer(&pending->trial, cw_session_free);
    pending->done(CW_REGISTERED_ABORTED, CW_REASON_NONE, NULL, pending->data);
    pending->aborted = TRUE;
    if (!pending->storing)
        free_pending(pending);
}

void cw_registrar_abort_all(CwRegistrar *registrar)
{
    g_autoptr(GList) all = g_hash_table_get_values(registrar->pending);

    for (GList *l = all; l != NULL; l = l->next)
        abort_pending(l->data);
}

CwSession *cw_registrar_find_trial(CwRegistrar *registrar, const char *jid)
{
    const CwPending *pending = g_hash_table_lookup(registrar->pending, jid);

    return pending == NULL ? NULL : pending->trial;
}

gboolean cw_registrar_is_pending(CwRegistrar *registrar, const char *jid)
{
    return g_hash_table_contains(registrar->pending, jid);
}

gboolean cw_registrar_is_removing(CwRegistrar *registrar, const char *jid)
{
    return g_hash_table_contains(registrar->removing, jid);
}

typedef struct {
    CwRegistrar *registrar;
    char *jid;
    char *to; /* nullable: it moves there */
    CwStoreDone done;
    gpointer data;
} Removal;

static void removed_cb(const GError *error, gpointer data)
{
    Removal *removal = data;
    const char *domain = cw_transport_domain(removal->registrar->transport);

    g_hash_table_remove(removal->registrar->removing, removal->jid);
    if (removal->to != NULL)
        g_hash_table_remove(removal->registrar->removing, removal->to);
    if (error == NULL && removal->to != NULL)
        g_message("%s/%s: the registration has moved to %s", removal->jid, domain, removal->to);
    else if (error == NULL)
        g_message("%s/%s: unregistered", removal->jid, domain);
    removal->done(error, removal->data);
    g_free(removal->jid);
    g_free(removal->to);
    g_free(removal);
}

/* Ends what there is of him, but in the store. */
static Removal *begin_removal(CwRegistrar *registrar, const char *jid, CwStoreDone done,
                              gpointer data)
{
    CwPending *pending = g_hash_table_lookup(registrar->pending, jid);
    CwSession *session = cw_transport_find_session(registrar->transport, jid);
    Removal *removal = g_new0(Removal, 1);

    removal->registrar = registrar;
    removal->jid = g_strdup(jid);
    removal->done = done;
    removal->data = data;
    g_hash_table_add(registrar->removing, g_strdup(jid));
    if (pending != NULL)
        abort_pending(pending);
    if (session != NULL)
        cw_transport_drop_session(registrar->transport, session);
    return removal;
}

void cw_registrar_unregister(CwRegistrar *registrar, const char *jid, CwStoreDone done,
                             gpointer data)
{
    CwTransport *transport = registrar->transport;
    Removal *removal = begin_removal(registrar, jid, done, data);

    cw_store_delete_user(cw_transport_store(transport), cw_transport_domain(transport),
                         removal->jid, removed_cb, removal);
}

void cw_registrar_move(CwRegistrar *registrar, const CwUser *user, const char *to, CwStoreDone done,
                       gpointer data)
{
    Removal *removal = begin_removal(registrar, user->jid, done, data);

    removal->to = g_strdup(to);
    g_hash_table_add(registrar->removing, g_strdup(to));
    cw_store_move_user(cw_transport_store(registrar->transport), user, to, removed_cb, removal);
}

CwRegistrar *cw_registrar_new(CwTransport *transport)
{
    CwRegistrar *registrar = g_new0(CwRegistrar, 1);

    registrar->transport = transport;
    registrar->pending = g_hash_table_new(g_str_hash, g_str_equal);
    registrar->paces = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    registrar->removing = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    return registrar;
}

void cw_registrar_free(CwRegistrar *registrar)
{
    if (registrar == NULL)
        return;
    cw_registrar_abort_all(registrar);
    g_hash_table_unref(registrar->pending);
    g_hash_table_unref(registrar->paces);
    g_hash_table_unref(registrar->removing);
    g_free(registrar);
}
