/* transport/transport.c: one domain: its network, its users, their sessions
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#define G_LOG_DOMAIN "transport"

#include "transport/transport.h"

#include "transport/registrar.h"

#define RESUME_BATCH 100 /* messages read at once */

struct CwTransport {
    const CwTransportSettings *own;
    const CwSettings *settings;
    CwStore *store;
    const CwEvents *events;
    gpointer data;

    CwSupervisor *supervisor;
    CwOutage *outage;
    CwAvatars *avatars;
    CwArchive *archive;
    gint64 last_id; /* cw_transport_next_id() */
    CwRegistrar *registrar;
    CwProtocol *described; /* as the hosts say; NULL: none has yet */
    CwProtocol *protocol;  /* the same with the admin's defaults */
    char *problem;
    GHashTable *sessions; /* bare JID -> CwSession *, owned; the key is the session's */
    guint n_remaining;    /* of them */
    gboolean stopping;
    void (*stopped)(gpointer data);
    gpointer stopped_data;
};

/* ---- the network ---- */

/* The admin's defaults for the parts of a user name. */
static void derive_protocol(CwTransport *transport)
{
    g_clear_pointer(&transport->protocol, cw_protocol_free);
    if (transport->described == NULL)
        return;
    transport->protocol = cw_protocol_copy(transport->described);
    for (guint i = 0; i < transport->protocol->splits->len; i++) {
        CwField *split = g_ptr_array_index(transport->protocol->splits, i);
        g_autofree char *number = g_strdup_printf("%u", i + 1);
        const char *value = g_hash_table_lookup(transport->own->splits, number);
        if (value != NULL) {
            g_free(split->value);
            split->value = g_strdup(value);
        }
    }
}

static void described_cb(const CwProtocol *protocol, gpointer data)
{
    CwTransport *transport = data;

    g_clear_pointer(&transport->described, cw_protocol_free);
    g_clear_pointer(&transport->problem, g_free);
    transport->described = cw_protocol_copy(protocol);
    derive_protocol(transport);
    if (transport->events->described != NULL)
        transport->events->described(transport->data);
}

static void unavailable_cb(const char *why, gpointer data)
{
    CwTransport *transport = data;

    g_free(transport->problem);
    transport->problem = g_strdup(why);
    if (transport->protocol == NULL && transport->events->described != NULL)
        transport->events->described(transport->data);
}

static void stopped_cb(gpointer data)
{
    CwTransport *transport = data;

    if (transport->stopped != NULL)
        transport->stopped(transport->stopped_data);
}

static const CwSupervisorEvents supervisor_events = {
    .described = described_cb,
    .unavailable = unavailable_cb,
    .stopped = stopped_cb,
};

/* ---- life ---- */

static void free_session(gpointer data)
{
    cw_session_free(data);
}

CwTransport *cw_transport_new(const CwTransportSettings *own, const CwSettings *settings,
                              const char *const *argv, CwStore *store, const CwEvents *events,
                              gpointer data)
{
    CwTransport *transport = g_new0(CwTransport, 1);

    transport->own = own;
    transport->settings = settings;
    transport->store = store;
    transport->events = events;
    transport->data = data;
    transport->sessions = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, free_session);
    transport->supervisor =
        cw_supervisor_new(own->domain, argv, own, settings, &supervisor_events, transport);
    transport->outage = cw_outage_new();
    transport->avatars = cw_avatars_new();
    transport->archive = cw_archive_new(store, own->domain);
    transport->last_id = cw_store_last_spooled(store, own->domain);
    if (transport->last_id < 0) /* never one that is there: higher than any count */
        transport->last_id = g_get_real_time();
    transport->registrar = cw_registrar_new(transport);
    return transport;
}

void cw_transport_free(CwTransport *transport)
{
    if (transport == NULL)
        return;
    cw_registrar_free(transport->registrar);
    g_hash_table_unref(transport->sessions);
    cw_supervisor_free(transport->supervisor);
    cw_outage_free(transport->outage);
    cw_avatars_free(transport->avatars);
    cw_archive_free(transport->archive);
    cw_protocol_free(transport->described);
    cw_protocol_free(transport->protocol);
    g_free(transport->problem);
    g_free(transport);
}

static void recheck_stay(CwSession *session, gpointer data)
{
    if (cw_session_remains(session) && !cw_session_wants_to_stay(session))
        cw_session_leave(session);
}

void cw_transport_set_settings(CwTransport *transport, const CwTransportSettings *own,
                               const CwSettings *settings)
{
    transport->own = own;
    transport->settings = settings;
    cw_supervisor_set_settings(transport->supervisor, own, settings);
    derive_protocol(transport);
    cw_transport_each_session(transport, recheck_stay, NULL);
}

/* Messages that an earlier gateway had not brought to the network: those who wrote them log in for
 * them, whether they are there or not. */
static void resume_messages(CwTransport *transport)
{
    gint64 after = 0;
    g_autoptr(GError) error = NULL;

    for (guint got = RESUME_BATCH; got == RESUME_BATCH;) {
        g_autoptr(GPtrArray) batch =
            cw_store_list_spooled(transport->store, transport->own->domain, CW_SPOOL_TO_NETWORK,
                                  NULL, after, RESUME_BATCH, &error);
        if (batch == NULL) {
            g_warning("%s: cannot read the messages that wait for the network: %s",
                      transport->own->domain, error->message);
            return;
        }
        got = batch->len;
        for (guint i = 0; i < got; i++) {
            const CwSpooled *spooled = g_ptr_array_index(batch, i);
            CwSession *session = cw_transport_ensure_session(transport, spooled->jid);
            after = spooled->id;
            cw_session_wake(session);
            cw_session_load_message(session, spooled);
        }
    }
}

/* Who stayed in rooms logs in again; the supervisor sets the pace.  FALSE: no more can. */
static gboolean resume_some(CwTransport *transport, const GPtrArray *users)
{
    guint most = transport->settings->limits.staying;

    for (guint i = 0; i < users->len; i++) {
        CwSession *session = cw_transport_ensure_session(transport, g_ptr_array_index(users, i));
        if (cw_session_resume(session))
            continue;
        cw_transport_drop_session(transport, session);
        if (most == 0 || transport->n_remaining < most)
            continue;
        g_message("%s: more than %u users stay in rooms (staying); the others do not",
                  transport->own->domain, most);
        return FALSE;
    }
    return TRUE;
}

static void resume_staying(CwTransport *transport)
{
    g_autofree char *after = NULL;
    g_autoptr(GError) error = NULL;

    for (guint got = RESUME_BATCH; transport->own->may_stay && got == RESUME_BATCH;) {
        g_autoptr(GPtrArray) users = cw_store_list_staying(transport->store, transport->own->domain,
                                                           after, RESUME_BATCH, &error);
        if (users == NULL) {
            g_warning("%s: cannot read who stays in rooms: %s", transport->own->domain,
                      error->message);
            return;
        }
        got = users->len;
        if (!resume_some(transport, users))
            return;
        g_free(after);
        after = got == 0 ? NULL : g_strdup(g_ptr_array_index(users, got - 1));
    }
}

void cw_transport_start(CwTransport *transport)
{
    cw_supervisor_start(transport->supervisor);
    resume_messages(transport);
    resume_staying(transport);
}

static void count_unanswered(CwSession *session, gpointer data)
{
    guint *count = data;

    *count += cw_session_unanswered(session);
}

static void shelve_messages(CwSession *session, gpointer data)
{
    cw_session_shelve_messages(session);
}

guint cw_transport_unanswered(CwTransport *transport)
{
    guint unanswered = 0;

    cw_transport_each_session(transport, count_unanswered, &unanswered);
    return unanswered;
}

void cw_transport_stop(CwTransport *transport, void (*stopped)(gpointer), gpointer data)
{
    transport->stopping = TRUE;
    transport->stopped = stopped;
    transport->stopped_data = data;
    cw_registrar_abort_all(transport->registrar);
    cw_transport_each_session(transport, shelve_messages, NULL);
    cw_transport_drop_all_sessions(transport);
    cw_supervisor_stop(transport->supervisor);
}

gboolean cw_transport_keep_message(CwTransport *transport, const char *jid, const char *contact,
                                   const char *text, const char *stanza_id, const char *resource)
{
    CwSpooled spooled = {.way = CW_SPOOL_TO_NETWORK,
                         .jid = (char *)jid,
                         .contact = (char *)contact,
                         .stanza_id = (char *)stanza_id,
                         .resource = (char *)resource,
                         .text = (char *)text,
                         .made = g_get_real_time() / 1000};

    if (!transport->stopping)
        return FALSE;
    spooled.id = cw_transport_next_id(transport);
    cw_store_put_spooled(transport->store, transport->own->domain, &spooled);
    return TRUE;
}

void cw_transport_pause(CwTransport *transport, gboolean yes)
{
    cw_supervisor_pause(transport->supervisor, yes);
}

const char *cw_transport_domain(const CwTransport *transport)
{
    return transport->own->domain;
}

const CwTransportSettings *cw_transport_settings(const CwTransport *transport)
{
    return transport->own;
}

const CwSettings *cw_transport_all_settings(const CwTransport *transport)
{
    return transport->settings;
}

const CwProtocol *cw_transport_protocol(const CwTransport *transport)
{
    return transport->protocol;
}

const char *cw_transport_problem(const CwTransport *transport)
{
    return transport->problem;
}

CwOutage *cw_transport_outage(CwTransport *transport)
{
    return transport->outage;
}

gint64 cw_transport_next_id(CwTransport *transport)
{
    return ++transport->last_id;
}

CwAvatars *cw_transport_avatars(CwTransport *transport)
{
    return transport->avatars;
}

CwArchive *cw_transport_archive(CwTransport *transport)
{
    return transport->archive;
}

CwStore *cw_transport_store(const CwTransport *transport)
{
    return transport->store;
}

CwSupervisor *cw_transport_supervisor(const CwTransport *transport)
{
    return transport->supervisor;
}

const CwEvents *cw_transport_events(const CwTransport *transport, gpointer *data)
{
    *data = transport->data;
    return transport->events;
}

/* ---- users ---- */

gboolean cw_transport_is_registered(CwTransport *transport, const char *jid)
{
    return g_hash_table_contains(transport->sessions, jid) ||
           (!cw_registrar_is_removing(transport->registrar, jid) &&
            cw_store_has_user(transport->store, transport->own->domain, jid));
}

CwSession *cw_transport_find_session(CwTransport *transport, const char *jid)
{
    return g_hash_table_lookup(transport->sessions, jid);
}

void cw_transport_adopt_session(CwTransport *transport, CwSession *session)
{
    g_hash_table_insert(transport->sessions, (gpointer)cw_session_jid(session), session);
}

CwSession *cw_transport_ensure_session(CwTransport *transport, const char *jid)
{
    CwSession *session = cw_transport_find_session(transport, jid);

    if (session == NULL) {
        session = cw_session_new(transport, jid);
        cw_transport_adopt_session(transport, session);
    }
    return session;
}

void cw_transport_each_session(CwTransport *transport, void (*visit)(CwSession *, gpointer),
                               gpointer data)
{
    g_autoptr(GList) sessions = g_hash_table_get_values(transport->sessions);

    for (GList *l = sessions; l != NULL; l = l->next)
        visit(l->data, data);
}

guint cw_transport_n_sessions(const CwTransport *transport)
{
    return g_hash_table_size(transport->sessions);
}

void cw_transport_drop_session(CwTransport *transport, CwSession *session)
{
    cw_session_log_out(session);
    g_hash_table_remove(transport->sessions, cw_session_jid(session));
}

void cw_transport_drop_all_sessions(CwTransport *transport)
{
    g_autoptr(GList) sessions = g_hash_table_get_values(transport->sessions);

    for (GList *l = sessions; l != NULL; l = l->next)
        cw_transport_drop_session(transport, l->data);
}

static void drop_absent(CwSession *session, gpointer data)
{
    guint *dropped = data;

    if (cw_session_drop_resources(session))
        return;
    cw_transport_drop_session(cw_session_transport(session), session);
    (*dropped)++;
}

guint cw_transport_drop_absent(CwTransport *transport)
{
    guint dropped = 0;

    cw_transport_each_session(transport, drop_absent, &dropped);
    return dropped;
}

void cw_transport_log_out(CwTransport *transport, const char *jid)
{
    CwSession *session = cw_transport_find_session(transport, jid);

    if (session == NULL)
        return;
    if (cw_session_wants_to_stay(session))
        cw_transport_set_preference(transport, jid, CW_PREFERENCE_LOGGED_OUT, TRUE, NULL, NULL);
    cw_transport_drop_session(transport, session);
}

guint cw_transport_n_remaining(const CwTransport *transport)
{
    return transport->n_remaining;
}

void cw_transport_count_remaining(CwTransport *transport, gboolean one_more)
{
    transport->n_remaining += one_more ? 1 : -1u;
}

/* ---- rooms that users keep ---- */

GPtrArray *cw_transport_list_kept(CwTransport *transport, const char *jid)
{
    CwSession *session = cw_transport_find_session(transport, jid);

    return session != NULL
               ? cw_session_list_kept(session)
               : cw_store_list_rooms(transport->store, transport->own->domain, jid, NULL);
}

CwReason cw_transport_keep_room(CwTransport *transport, const char *jid, const CwStoredRoom *wanted)
{
    CwSession *session = cw_transport_find_session(transport, jid);

    if (session != NULL)
        return cw_session_keep_room(session, wanted);
    /* one that is not logged in, only to write it down */
    session = cw_session_new(transport, jid);
    CwReason reason = cw_session_keep_room(session, wanted);
    cw_session_free(session);
    return reason;
}

/* ---- registration ---- */

void cw_transport_register(CwTransport *transport, const CwUser *user, CwRegisterDone done,
                           gpointer data)
{
    cw_registrar_register(transport->registrar, user, done, data);
}

typedef struct {
    CwTransport *transport;
    CwUser *user;
    CwStoreDone done;
    gpointer data;
} Choice;

static void chosen_cb(const GError *error, gpointer data)
{
    Choice *choice = data;
    CwSession *session = cw_transport_find_session(choice->transport, choice->user->jid);

    if (error == NULL && session != NULL)
        cw_session_take_preferences(session, choice->user);
    if (choice->done != NULL)
        choice->done(error, choice->data);
    cw_user_free(choice->user);
    g_free(choice);
}

void cw_transport_set_preference(CwTransport *transport, const char *jid, CwPreference preference,
                                 gboolean yes, CwStoreDone done, gpointer data)
{
    Choice *choice = g_new0(Choice, 1);

    choice->transport = transport;
    choice->user = cw_user_new(transport->own->domain, jid);
    cw_user_set_preference(choice->user, preference, yes);
    choice->done = done;
    choice->data = data;
    cw_store_put_preferences(transport->store, choice->user, chosen_cb, choice);
}

CwSession *cw_transport_find_trial(CwTransport *transport, const char *jid)
{
    return cw_registrar_find_trial(transport->registrar, jid);
}

gboolean cw_transport_is_registering(CwTransport *transport, const char *jid)
{
    return cw_registrar_is_pending(transport->registrar, jid);
}

void cw_transport_unregister(CwTransport *transport, const char *jid, CwStoreDone done,
                             gpointer data)
{
    cw_registrar_unregister(transport->registrar, jid, done, data);
}

void cw_transport_move(CwTransport *transport, const CwUser *user, const char *to, CwStoreDone done,
                       gpointer data)
{
    cw_registrar_move(transport->registrar, user, to, done, data);
}

gboolean cw_transport_is_removing(CwTransport *transport, const char *jid)
{
    return cw_registrar_is_removing(transport->registrar, jid);
}
