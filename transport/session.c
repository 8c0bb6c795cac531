/* transport/session.c: one user's legacy account while somebody is there to use it
 *
 * set_state() is the only writer of the state.  The password is fetched from the store for each
 * log-in and not kept.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#define G_LOG_DOMAIN "transport"

#include "transport/session.h"

#include <string.h>

#include "transport/backoff.h"
#include "transport/pace.h"
#include "transport/transport.h"

#define STEADY_TIME 60000 /* ms online after which the back-off begins anew */
#define RELOGIN_DELAY                                                                              \
    1000 /* ms in which a network forgets the log-in before: a nick is free again */

struct CwSession {
    CwTransport *transport;
    char *jid;
    CwSessionState state, previous;
    CwReason reason;
    char *why;
    CwAccount *account; /* NULL: not on a host */

    GPtrArray *resources; /* CwResource *, owned */
    GHashTable *contacts; /* name -> CwContact *, owned */
    CwOutbox *outbox;
    GQueue questions; /* CwQuestion *, owned */
    CwPace pace;      /* of messages to the network */
    CwShow told_show; /* what the network was told last */
    char *told_status;

    CwBackoff backoff;
    gint64 retry_at; /* monotonic µs */
    guint timer_id;  /* CONNECTING: the log-in's end; WAITING: the retry */
    guint steady_id; /* ONLINE: resets the back-off */
    guint linger_id; /* no resource yet: ends the session */

    /* the trial of a registration */
    CwSessionTried tried;
    gpointer tried_data;
    GString *held; /* lines that arrived meanwhile; NULL: nothing is held back */
};

static void log_in(CwSession *session);

#define LIMITS(session) (&cw_transport_all_settings((session)->transport)->limits)
#define TIMING(session) (&cw_transport_all_settings((session)->transport)->timing)

#define EMIT(session, event, ...)                                                                  \
    do {                                                                                           \
        gpointer emit_data_ = NULL;                                                                \
        const CwEvents *emit_events_ = cw_transport_events((session)->transport, &emit_data_);     \
        if ((session)->held == NULL && emit_events_->event != NULL)                                \
            emit_events_->event(__VA_ARGS__, emit_data_);                                          \
    } while (0)

/* ---- states ---- */

static const char *const state_words[] = {
    [CW_SESSION_OFFLINE] = "offline", [CW_SESSION_CONNECTING] = "connecting",
    [CW_SESSION_ONLINE] = "online",   [CW_SESSION_WAITING] = "waiting",
    [CW_SESSION_FAILED] = "failed",
};

#define TO(state) (1u << (state))

static const guint legal_moves[] = {
    [CW_SESSION_OFFLINE] = TO(CW_SESSION_CONNECTING) | TO(CW_SESSION_FAILED),
    [CW_SESSION_CONNECTING] = TO(CW_SESSION_ONLINE) | TO(CW_SESSION_WAITING) |
                              TO(CW_SESSION_FAILED) | TO(CW_SESSION_OFFLINE),
    [CW_SESSION_ONLINE] = TO(CW_SESSION_WAITING) | TO(CW_SESSION_FAILED) | TO(CW_SESSION_OFFLINE),
    [CW_SESSION_WAITING] =
        TO(CW_SESSION_CONNECTING) | TO(CW_SESSION_FAILED) | TO(CW_SESSION_OFFLINE),
    [CW_SESSION_FAILED] = TO(CW_SESSION_CONNECTING) | TO(CW_SESSION_WAITING) |
                          TO(CW_SESSION_FAILED) | TO(CW_SESSION_OFFLINE),
};

const char *cw_session_state_to_string(CwSessionState state)
{
    return state_words[state];
}

gboolean cw_session_state_may_follow(CwSessionState from, CwSessionState to)
{
    return (legal_moves[from] & TO(to)) != 0;
}

static void set_state(CwSession *session, CwSessionState state, CwReason reason, const char *why)
{
    g_return_if_fail(cw_session_state_may_follow(session->state, state));

    if (state != CW_SESSION_OFFLINE || session->state != CW_SESSION_CONNECTING)
        g_info("%s/%s: %s -> %s%s%s%s%s", session->jid, cw_transport_domain(session->transport),
               state_words[session->state], state_words[state],
               reason == CW_REASON_NONE ? "" : ": ",
               reason == CW_REASON_NONE ? "" : cw_reason_to_string(reason), why == NULL ? "" : ": ",
               why == NULL ? "" : why);
    session->previous = session->state;
    session->state = state;
    session->reason = reason;
    char *old = session->why;
    session->why = g_strdup(why);
    g_free(old);
    EMIT(session, session_state, session);
}

/* ---- presence of the user ---- */

static void free_resource(gpointer data)
{
    CwResource *resource = data;

    g_free(resource->name);
    g_free(resource->status);
    g_free(resource);
}

static CwResource *find_resource(const CwSession *session, const char *name, guint *at)
{
    for (guint i = 0; i < session->resources->len; i++) {
        CwResource *resource = g_ptr_array_index(session->resources, i);
        if (g_str_equal(resource->name, name)) {
            if (at != NULL)
                *at = i;
            return resource;
        }
    }
    return NULL;
}

/* RFC 6121 8.5.2: the highest priority speaks for the user; among equals the newest. */
static const CwResource *best_resource(const CwSession *session)
{
    const CwResource *best = NULL;

    for (guint i = 0; i < session->resources->len; i++) {
        const CwResource *resource = g_ptr_array_index(session->resources, i);
        if (best == NULL || resource->priority >= best->priority)
            best = resource;
    }
    return best;
}

static void tell_presence(CwSession *session)
{
    const CwResource *best = best_resource(session);
    CwShow show = best == NULL ? CW_SHOW_ONLINE : best->show;
    const char *status = best == NULL ? NULL : best->status;

    if (session->account == NULL ||
        (show == session->told_show && g_strcmp0(status, session->told_status) == 0))
        return;
    session->told_show = show;
    g_free(session->told_status);
    session->told_status = g_strdup(status);
    if (!cw_account_send(session->account,
                         &(CwLinkMsg){.kind = CW_LINK_PRESENCE, .show = show, .status = status}))
        cw_account_set_presence(session->account, show, status);
}

CwResourceChange cw_session_resource_up(CwSession *session, const char *name, CwShow show,
                                        const char *status, int priority, gboolean at_gateway)
{
    guint most = LIMITS(session)->resources, at = 0;
    CwResource *resource = find_resource(session, name, &at);
    gboolean is_new = resource == NULL;

    if (is_new) {
        if (most > 0 && session->resources->len >= most)
            return CW_RESOURCE_REFUSED;
        resource = g_new0(CwResource, 1);
        resource->name = g_strdup(name);
        g_ptr_array_add(session->resources, resource);
    } else if (resource->show == show && resource->priority == priority &&
               g_strcmp0(resource->status, status) == 0) {
        resource->at_gateway |= at_gateway;
        resource->doubted = FALSE;
        return CW_RESOURCE_SAME;
    } else {
        /* the newest goes to the end */
        g_ptr_array_steal_index(session->resources, at);
        g_ptr_array_add(session->resources, resource);
    }
    resource->show = show;
    resource->priority = priority;
    resource->at_gateway |= at_gateway;
    resource->doubted = FALSE;
    char *old = resource->status;
    resource->status = g_strdup(status);
    g_free(old);

    if (session->state == CW_SESSION_OFFLINE)
        log_in(session);
    else
        tell_presence(session);
    return is_new ? CW_RESOURCE_NEW : CW_RESOURCE_CHANGED;
}

gboolean cw_session_resource_down(CwSession *session, const char *name, gboolean at_gateway)
{
    guint at = 0;
    CwResource *resource = find_resource(session, name, &at);

    /* XEP-0100 4.5.2: told to a contact only */
    if (resource == NULL || (resource->at_gateway && !at_gateway))
        return FALSE;
    g_ptr_array_remove_index(session->resources, at);
    if (session->resources->len > 0)
        tell_presence(session);
    else
        cw_transport_drop_session(session->transport, session);
    return TRUE;
}

void cw_session_doubt_resources(CwSession *session)
{
    for (guint i = 0; i < session->resources->len; i++)
        ((CwResource *)g_ptr_array_index(session->resources, i))->doubted = TRUE;
}

void cw_session_drop_doubted(CwSession *session)
{
    gboolean dropped = FALSE;

    for (guint i = session->resources->len; i > 0; i--) {
        const CwResource *resource = g_ptr_array_index(session->resources, i - 1);
        if (resource->doubted) {
            g_ptr_array_remove_index(session->resources, i - 1);
            dropped = TRUE;
        }
    }
    if (dropped && session->resources->len == 0)
        cw_transport_drop_session(session->transport, session);
    else if (dropped)
        tell_presence(session);
}

const GPtrArray *cw_session_resources(const CwSession *session)
{
    return session->resources;
}

gboolean cw_session_has_resource(const CwSession *session, const char *name)
{
    return find_resource(session, name, NULL) != NULL;
}

/* ---- contacts ---- */

static void free_contact(gpointer data)
{
    cw_contact_free(data);
}

CwContact *cw_session_find_contact(CwSession *session, const char *name)
{
    return g_hash_table_lookup(session->contacts, name);
}

/* NULL: the account has too many. */
static CwContact *ensure_contact(CwSession *session, const char *name)
{
    CwContact *contact = cw_session_find_contact(session, name);
    guint most = LIMITS(session)->contacts;

    if (contact != NULL)
        return contact;
    if (most > 0 && g_hash_table_size(session->contacts) >= most) {
        g_message("%s/%s: over %u contacts: one more was left out", session->jid,
                  cw_transport_domain(session->transport), most);
        return NULL;
    }
    contact = cw_contact_new(name);
    g_hash_table_insert(session->contacts, contact->name, contact);
    return contact;
}

void cw_session_each_contact(CwSession *session, void (*visit)(CwContact *, gpointer),
                             gpointer data)
{
    g_autoptr(GList) contacts = g_hash_table_get_values(session->contacts);

    for (GList *l = contacts; l != NULL; l = l->next)
        visit(l->data, data);
}

static void store_contact(CwSession *session, const CwContact *contact)
{
    CwStoredContact stored = {.name = contact->name,
                              .alias = contact->alias,
                              .group = contact->group,
                              .offered = contact->offered};

    cw_store_put_contact(cw_transport_store(session->transport),
                         cw_transport_domain(session->transport), session->jid, &stored);
}

void cw_session_mark_offered(CwSession *session, CwContact *contact)
{
    if (contact->offered)
        return;
    contact->offered = TRUE;
    store_contact(session, contact);
}

static void send_contact_add(CwSession *session, const CwContact *contact)
{
    if (session->account != NULL)
        cw_account_send(session->account, &(CwLinkMsg){.kind = CW_LINK_CONTACT_ADD,
                                                       .contact = contact->name,
                                                       .name = contact->alias,
                                                       .group = contact->group});
}

void cw_session_add_contact(CwSession *session, const char *name)
{
    CwContact *contact = ensure_contact(session, name);

    if (contact == NULL)
        return;
    contact->offered = TRUE; /* he has it on his roster: that is where this comes from */
    store_contact(session, contact);
    if (!contact->listed)
        send_contact_add(session, contact);
}

void cw_session_remove_contact(CwSession *session, const char *name)
{
    if (session->state == CW_SESSION_ONLINE)
        cw_account_send(session->account,
                        &(CwLinkMsg){.kind = CW_LINK_CONTACT_REMOVE, .contact = name});
    cw_store_delete_contact(cw_transport_store(session->transport),
                            cw_transport_domain(session->transport), session->jid, name);
    g_hash_table_remove(session->contacts, name);
}

void cw_session_authorize(CwSession *session, const char *contact, gboolean yes)
{
    if (session->account != NULL)
        cw_account_send(
            session->account,
            &(CwLinkMsg){.kind = yes ? CW_LINK_AUTHORIZE : CW_LINK_DENY, .contact = contact});
}

static void load_contacts(CwSession *session)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) stored =
        cw_store_list_contacts(cw_transport_store(session->transport),
                               cw_transport_domain(session->transport), session->jid, &error);

    if (stored == NULL) {
        g_warning("%s/%s: cannot read the contacts: %s", session->jid,
                  cw_transport_domain(session->transport), error->message);
        return;
    }
    for (guint i = 0; i < stored->len; i++) {
        const CwStoredContact *from = g_ptr_array_index(stored, i);
        CwContact *contact = ensure_contact(session, from->name);
        if (contact == NULL)
            break;
        g_free(contact->alias);
        g_free(contact->group);
        contact->alias = g_strdup(from->alias);
        contact->group = g_strdup(from->group);
        contact->offered = from->offered;
    }
}

static void take_contact(CwSession *session, const CwLinkMsg *msg)
{
    CwContact *contact = ensure_contact(session, msg->contact);

    if (contact == NULL)
        return;
    gboolean changed =
        g_strcmp0(contact->alias, msg->name) != 0 || g_strcmp0(contact->group, msg->group) != 0;
    if (contact->listed && !changed)
        return;
    contact->listed = TRUE;
    if (changed) {
        g_free(contact->alias);
        g_free(contact->group);
        contact->alias = g_strdup(msg->name);
        contact->group = g_strdup(msg->group);
        store_contact(session, contact);
    }
    EMIT(session, contact, session, contact);
}

static void take_contact_gone(CwSession *session, const char *name)
{
    CwContact *contact = cw_session_find_contact(session, name);

    if (contact == NULL)
        return;
    EMIT(session, contact_gone, session, contact);
    cw_store_delete_contact(cw_transport_store(session->transport),
                            cw_transport_domain(session->transport), session->jid, name);
    g_hash_table_remove(session->contacts, name);
}

static void set_contact_presence(CwSession *session, CwContact *contact, CwShow show,
                                 const char *status)
{
    if (contact->show == show && g_strcmp0(contact->status, status) == 0)
        return;
    contact->show = show;
    char *old = contact->status;
    contact->status = g_strdup(status);
    g_free(old);
    EMIT(session, contact_presence, session, contact);
}

static void contact_offline(CwContact *contact, gpointer data)
{
    contact->listed = FALSE;
    set_contact_presence(data, contact, CW_SHOW_OFFLINE, NULL);
}

static void re_add(CwContact *contact, gpointer data)
{
    if (!contact->listed)
        send_contact_add(data, contact);
}

/* ---- questions ---- */

static void free_question(CwQuestion *question)
{
    g_free(question->title);
    g_free(question->text);
    g_clear_pointer(&question->fields, g_ptr_array_unref);
    g_free(question);
}

static CwQuestion *find_question(CwSession *session, gint64 id)
{
    for (GList *l = session->questions.head; l != NULL; l = l->next) {
        CwQuestion *question = l->data;
        if (question->id == id)
            return question;
    }
    return NULL;
}

static void drop_question(CwSession *session, CwQuestion *question)
{
    g_queue_remove(&session->questions, question);
    free_question(question);
}

static void take_question(CwSession *session, const CwLinkMsg *msg)
{
    guint most = LIMITS(session)->questions;
    CwQuestion *question = find_question(session, msg->id);

    if (most > 0 && session->questions.length >= most) {
        cw_account_send(session->account,
                        &(CwLinkMsg){.kind = CW_LINK_ANSWER, .id = msg->id, .cancelled = TRUE});
        g_message("%s/%s: over %u open questions: one more was cancelled", session->jid,
                  cw_transport_domain(session->transport), most);
        return;
    }
    if (question != NULL)
        drop_question(session, question);
    question = g_new0(CwQuestion, 1);
    question->id = msg->id;
    question->title = g_strdup(msg->title);
    question->text = g_strdup(msg->text);
    question->fields = g_ptr_array_ref(msg->fields);
    g_queue_push_tail(&session->questions, question);
    EMIT(session, question, session, question);
}

static void take_question_gone(CwSession *session, gint64 id)
{
    CwQuestion *question = find_question(session, id);

    if (question == NULL)
        return;
    g_queue_remove(&session->questions, question); /* the next one's turn may come at once */
    EMIT(session, question_gone, session, question);
    free_question(question);
}

const CwQuestion *cw_session_question(const CwSession *session)
{
    /* without a connection the others are about to go as well */
    return session->account == NULL || session->questions.head == NULL
               ? NULL
               : session->questions.head->data;
}

void cw_session_answer(CwSession *session, gint64 id, GHashTable *values)
{
    CwQuestion *question = find_question(session, id);

    if (question == NULL)
        return;
    if (session->account != NULL)
        cw_account_send(session->account, &(CwLinkMsg){.kind = CW_LINK_ANSWER,
                                                       .id = id,
                                                       .values = values,
                                                       .cancelled = values == NULL});
    drop_question(session, question);
}

/* ---- the life of a log-in ---- */

/* Everything that ends with the connection to the network. */
static void disconnected(CwSession *session, CwReason reason, const char *why)
{
    g_clear_handle_id(&session->timer_id, g_source_remove);
    g_clear_handle_id(&session->steady_id, g_source_remove);
    g_clear_pointer(&session->account, cw_account_free);
    session->told_show = CW_SHOW_OFFLINE;
    g_clear_pointer(&session->told_status, g_free);
    while (session->questions.head != NULL)
        take_question_gone(session, ((CwQuestion *)session->questions.head->data)->id);
    cw_session_each_contact(session, contact_offline, session);
    cw_outbox_return_all(session->outbox, reason, why);
}

/* A trial reports once; its owner frees or releases it, here or later. */
static gboolean report_trial(CwSession *session, CwReason reason, const char *why)
{
    CwSessionTried tried = g_steal_pointer(&session->tried);

    if (tried == NULL)
        return FALSE;
    tried(session, reason, why, session->tried_data);
    return TRUE;
}

static gboolean retry_cb(gpointer data)
{
    CwSession *session = data;

    session->timer_id = 0;
    log_in(session);
    return G_SOURCE_REMOVE;
}

/* The log-in failed or the link dropped. */
static void failed(CwSession *session, CwReason reason, const char *why, gboolean fatal)
{
    g_autofree char *text = g_strdup(why);

    disconnected(session, reason, text);
    if (report_trial(session, reason, text))
        return;
    if (fatal) {
        set_state(session, CW_SESSION_FAILED, reason, text);
        return;
    }
    guint wait = cw_backoff_next(&session->backoff, NULL);
    session->retry_at = g_get_monotonic_time() + (gint64)wait * 1000;
    session->timer_id = g_timeout_add(wait, retry_cb, session);
    set_state(session, CW_SESSION_WAITING, reason, text);
}

static gboolean login_late_cb(gpointer data)
{
    CwSession *session = data;

    /* waiting for its turn is not the network's fault */
    if (session->account != NULL && cw_account_is_waiting(session->account) &&
        session->tried == NULL)
        return G_SOURCE_CONTINUE;
    /* nor is a question that the user has not answered yet: the host ends it when it is stale */
    if (session->questions.length > 0)
        return G_SOURCE_CONTINUE;
    session->timer_id = 0;
    failed(session, CW_REASON_NETWORK, "the network did not answer in time", FALSE);
    return G_SOURCE_REMOVE;
}

static gboolean steady_cb(gpointer data)
{
    CwSession *session = data;

    session->steady_id = 0;
    cw_backoff_reset(&session->backoff);
    return G_SOURCE_REMOVE;
}

static void online(CwSession *session)
{
    if (session->state == CW_SESSION_ONLINE)
        return;
    g_clear_handle_id(&session->timer_id, g_source_remove);
    session->steady_id = g_timeout_add(STEADY_TIME, steady_cb, session);
    set_state(session, CW_SESSION_ONLINE, CW_REASON_NONE, NULL);
    if (report_trial(session, CW_REASON_NONE, NULL))
        return;
    tell_presence(session);
}

/* Before it is online: an IRC host asks for the presence of all of them at once then. */
static void tell_local_list(CwSession *session)
{
    const CwProtocol *protocol = cw_transport_protocol(session->transport);

    if (protocol != NULL && protocol->local_list)
        cw_session_each_contact(session, re_add, session);
}

static void take_state(CwSession *session, const CwLinkMsg *msg)
{
    switch (msg->state) {
    case CW_ACCOUNT_CONNECTING:
        tell_local_list(session);
        break;
    case CW_ACCOUNT_ONLINE:
        online(session);
        break;
    case CW_ACCOUNT_OFFLINE:
        failed(session, msg->reason == CW_REASON_NONE ? CW_REASON_NETWORK : msg->reason, msg->text,
               msg->fatal);
        break;
    }
}

/* Keeps the line for cw_session_release().  FALSE: it is not to be held back. */
static gboolean hold_back(CwSession *session, const CwLinkMsg *msg)
{
    gsize most = LIMITS(session)->link_queue;

    if (session->held == NULL || msg->kind == CW_LINK_STATE)
        return FALSE;
    if (most > 0 && session->held->len > most)
        g_message("%s/%s: too much arrives before the registration is through; a line is lost",
                  session->jid, cw_transport_domain(session->transport));
    else
        cw_link_encode(msg, CW_LINK_HOST, session->held, NULL);
    return TRUE;
}

static void line_cb(const CwLinkMsg *msg, gpointer data)
{
    CwSession *session = data;
    CwContact *contact = NULL;

    if (hold_back(session, msg))
        return;
    switch (msg->kind) {
    case CW_LINK_STATE:
        take_state(session, msg);
        break;
    case CW_LINK_CONTACT:
        take_contact(session, msg);
        break;
    case CW_LINK_CONTACT_GONE:
        take_contact_gone(session, msg->contact);
        break;
    case CW_LINK_PRESENCE:
        contact = ensure_contact(session, msg->contact);
        if (contact != NULL)
            set_contact_presence(session, contact, msg->show, msg->status);
        break;
    case CW_LINK_MESSAGE:
        EMIT(session, message, session, msg->contact, msg->text, msg->stamp, msg->own);
        break;
    case CW_LINK_TYPING:
        EMIT(session, typing, session, msg->contact, msg->typing);
        break;
    case CW_LINK_ASK_AUTHORIZATION:
        EMIT(session, ask_authorization, session, msg->contact, msg->name, msg->text);
        break;
    case CW_LINK_QUESTION:
        take_question(session, msg);
        break;
    case CW_LINK_QUESTION_GONE:
        take_question_gone(session, msg->id);
        break;
    case CW_LINK_NOTICE:
        EMIT(session, notice, session, msg->title, msg->text);
        break;
    case CW_LINK_ACK:
        cw_outbox_ack(session->outbox, msg->id);
        break;
    case CW_LINK_NACK:
        cw_outbox_nack(session->outbox, msg->id, msg->reason, msg->text);
        break;
    case CW_LINK_LOG:
        g_info("%s/%s: %s: %s", session->jid, cw_transport_domain(session->transport), msg->level,
               msg->text);
        break;
    case CW_LINK_HELLO:
    case CW_LINK_LOGIN:
    case CW_LINK_LOGOUT:
    case CW_LINK_CONTACT_ADD:
    case CW_LINK_CONTACT_REMOVE:
    case CW_LINK_CONTACT_RENAME:
    case CW_LINK_AUTHORIZE:
    case CW_LINK_DENY:
    case CW_LINK_ANSWER:
    case CW_LINK_PING:
    case CW_LINK_PONG:
    case CW_LINK_N_KINDS:
        break; /* the link's table does not let them come to here */
    }
}

static void lost_cb(const char *why, gpointer data)
{
    g_autofree char *text = g_strdup_printf("the program that connects to it %s", why);

    failed(data, CW_REASON_HOST, text, FALSE);
}

static const CwAccountEvents account_events = {.line = line_cb, .lost = lost_cb};

/* (transfer full) the plugin's options: the admin's, and the user's where the admin lets him
 * choose.  The admin's come last for options that users do not see. */
static GHashTable *merge_options(CwSession *session, const CwUser *user)
{
    const CwTransportSettings *settings = cw_transport_settings(session->transport);
    GHashTable *options = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    GHashTableIter iter;
    gpointer key, value;

    g_hash_table_iter_init(&iter, settings->options);
    while (g_hash_table_iter_next(&iter, &key, &value))
        g_hash_table_insert(options, g_strdup(key), g_strdup(value));
    g_hash_table_iter_init(&iter, user->options);
    while (g_hash_table_iter_next(&iter, &key, &value)) {
        if (g_strv_contains((const char *const *)settings->user_options, key))
            g_hash_table_insert(options, g_strdup(key), g_strdup(value));
    }
    return options;
}

static void start(CwSession *session, const CwUser *user)
{
    g_autoptr(GHashTable) options = merge_options(session, user);
    const CwResource *best = best_resource(session);

    session->account = cw_account_new(cw_transport_supervisor(session->transport), &account_events,
                                      session, user->username, user->password, options);
    session->told_show = best == NULL ? CW_SHOW_ONLINE : best->show;
    g_free(session->told_status);
    session->told_status = g_strdup(best == NULL ? NULL : best->status);
    cw_account_set_presence(session->account, session->told_show, session->told_status);
    session->timer_id = g_timeout_add(TIMING(session)->login_timeout, login_late_cb, session);
    set_state(session, CW_SESSION_CONNECTING, CW_REASON_NONE, NULL);
}

static void log_in(CwSession *session)
{
    g_autoptr(GError) error = NULL;

    g_clear_handle_id(&session->timer_id, g_source_remove);
    g_autoptr(CwUser) user =
        cw_store_get_user(cw_transport_store(session->transport),
                          cw_transport_domain(session->transport), session->jid, &error);
    if (user == NULL) {
        g_warning("%s/%s: cannot read the registration: %s", session->jid,
                  cw_transport_domain(session->transport),
                  error == NULL ? "it is gone" : error->message);
        set_state(session, CW_SESSION_FAILED, CW_REASON_OTHER,
                  "your registration cannot be read; tell the admin of this gateway");
        return;
    }
    load_contacts(session);
    start(session, user);
}

void cw_session_retry(CwSession *session)
{
    if (session->state == CW_SESSION_WAITING || session->state == CW_SESSION_FAILED)
        log_in(session);
}

void cw_session_log_out(CwSession *session)
{
    disconnected(session, CW_REASON_NOT_ONLINE, "logged out");
    if (session->state != CW_SESSION_OFFLINE)
        set_state(session, CW_SESSION_OFFLINE, CW_REASON_NONE, NULL);
}

void cw_session_log_in_again(CwSession *session)
{
    disconnected(session, CW_REASON_NOT_ONLINE, "your registration changed");
    cw_backoff_reset(&session->backoff);
    session->retry_at = g_get_monotonic_time() + (gint64)RELOGIN_DELAY * 1000;
    session->timer_id = g_timeout_add(RELOGIN_DELAY, retry_cb, session);
    if (session->state != CW_SESSION_WAITING)
        set_state(session, CW_SESSION_WAITING, CW_REASON_NONE, "your registration changed");
}

void cw_session_try(CwSession *session, const CwUser *user, CwSessionTried tried, gpointer data)
{
    session->held = g_string_new(NULL);
    session->tried = tried;
    session->tried_data = data;
    start(session, user);
}

static gboolean linger_cb(gpointer data)
{
    CwSession *session = data;

    session->linger_id = 0;
    if (session->resources->len == 0)
        cw_transport_drop_session(session->transport, session);
    return G_SOURCE_REMOVE;
}

void cw_session_release(CwSession *session)
{
    session->linger_id = g_timeout_add(TIMING(session)->registered_linger, linger_cb, session);
    GString *held = g_steal_pointer(&session->held);

    EMIT(session, session_state, session);
    for (const char *line = held->str; *line != '\0';) {
        const char *end = strchr(line, '\n');
        CwLinkMsg msg;
        if (cw_link_decode(line, (gsize)(end - line), CW_LINK_HOST, &msg, NULL))
            line_cb(&msg, session);
        cw_link_msg_clear(&msg);
        line = end + 1;
    }
    g_string_free(held, TRUE);
}

/* ---- messages ---- */

gboolean cw_session_send(CwSession *session, const char *contact, const char *text,
                         const char *stanza_id, const char *resource, CwReason *reason)
{
    const CwLimits *limits = LIMITS(session);

    if (session->state != CW_SESSION_ONLINE)
        *reason = CW_REASON_NOT_ONLINE;
    else if (limits->message_size > 0 && strlen(text) > limits->message_size)
        *reason = CW_REASON_TOO_LONG;
    else if ((limits->pending_messages > 0 &&
              cw_outbox_pending(session->outbox) >= limits->pending_messages) ||
             !cw_pace_take(&session->pace, limits->messages_per_minute, 60000, 0, NULL))
        *reason = CW_REASON_RATE;
    else
        *reason = CW_REASON_NONE;
    if (*reason != CW_REASON_NONE)
        return FALSE;

    gint64 id = cw_outbox_add(session->outbox, contact, stanza_id, resource);
    CwLinkMsg message = {.kind = CW_LINK_MESSAGE, .id = id, .contact = contact, .text = text};
    if (!cw_account_send(session->account, &message))
        cw_outbox_nack(session->outbox, id, CW_REASON_HOST, NULL);
    return TRUE;
}

void cw_session_typing(CwSession *session, const char *contact, CwTyping typing)
{
    if (session->state == CW_SESSION_ONLINE)
        cw_account_send(session->account,
                        &(CwLinkMsg){.kind = CW_LINK_TYPING, .contact = contact, .typing = typing});
}

static void returned_cb(const CwOutgoing *message, CwReason reason, const char *text, gpointer data)
{
    CwSession *session = data;

    EMIT(session, message_returned, session, message, reason, text);
}

/* ---- the struct ---- */

const char *cw_session_jid(const CwSession *session)
{
    return session->jid;
}

CwTransport *cw_session_transport(const CwSession *session)
{
    return session->transport;
}

CwSessionState cw_session_state(const CwSession *session)
{
    return session->state;
}

CwReason cw_session_reason(const CwSession *session)
{
    return session->reason;
}

const char *cw_session_why(const CwSession *session)
{
    return session->why;
}

CwSessionState cw_session_previous(const CwSession *session)
{
    return session->previous;
}

guint cw_session_failures(const CwSession *session)
{
    return session->backoff.attempt;
}

guint cw_session_retry_in(const CwSession *session)
{
    gint64 left = (session->retry_at - g_get_monotonic_time()) / 1000;

    return session->state == CW_SESSION_WAITING && left > 0 ? (guint)left : 0;
}

CwSession *cw_session_new(CwTransport *transport, const char *jid)
{
    CwSession *session = g_new0(CwSession, 1);

    session->transport = transport;
    session->jid = g_strdup(jid);
    session->resources = g_ptr_array_new_with_free_func(free_resource);
    session->contacts = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, free_contact);
    session->outbox = cw_outbox_new(TIMING(session)->message_timeout, returned_cb, session);
    g_queue_init(&session->questions);
    session->backoff = (CwBackoff){.first = TIMING(session)->legacy_retry_first,
                                   .max = TIMING(session)->legacy_retry_max};
    return session;
}

void cw_session_free(CwSession *session)
{
    if (session == NULL)
        return;
    g_clear_handle_id(&session->timer_id, g_source_remove);
    g_clear_handle_id(&session->steady_id, g_source_remove);
    g_clear_handle_id(&session->linger_id, g_source_remove);
    cw_account_free(session->account);
    while (session->questions.head != NULL)
        drop_question(session, session->questions.head->data);
    cw_outbox_free(session->outbox);
    g_hash_table_unref(session->contacts);
    g_ptr_array_unref(session->resources);
    if (session->held != NULL)
        g_string_free(session->held, TRUE);
    g_free(session->told_status);
    g_free(session->why);
    g_free(session->jid);
    g_free(session);
}
