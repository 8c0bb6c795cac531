/* transport/session.c: one user's legacy account: states, log-ins, trials, lines of the host,
 * messages
 *
 * set_state() is the only writer of the state.  The password is fetched from the store for each
 * log-in and not kept.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#define G_LOG_DOMAIN "transport"

#include "transport/session-private.h"

#define STEADY_TIME 60000   /* ms online after which the back-off begins anew */
#define LOGIN_LOOK 100      /* ms between two looks at a log-in that is nearly late */
#define LOOKS_PATIENCE 2000 /* ms that a log-in waits for the user's picture */
#define RELOGIN_DELAY 1000  /* ms in which a network forgets a log-in: the nick is free again */
#define FORGIVEN_LOSSES 5   /* hosts that were lost in a row before the back-off applies */
#define LOST_SPREAD 300     /* ms over which the accounts of such a host come back */
#define INTERRUPTED                                                                                \
    "the connection to the network was interrupted; the message may have arrived or not"

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

gint64 cw_session_clock(const CwSession *session)
{
    return cw_supervisor_clock(cw_transport_supervisor(session->transport));
}

/* ---- the life of a log-in ---- */

static void count_out(CwSession *session)
{
    if (session->counted)
        cw_outage_offline(cw_transport_outage(session->transport), session->server);
    session->counted = FALSE;
}

/* Everything that ends with the connection to the network but the messages. */
static void disconnected(CwSession *session)
{
    count_out(session);
    g_clear_handle_id(&session->timer_id, cw_timer_remove);
    g_clear_handle_id(&session->steady_id, cw_timer_remove);
    g_clear_pointer(&session->account, cw_account_free);
    session->told_show = CW_SHOW_OFFLINE;
    g_clear_pointer(&session->told_status, g_free);
    session->told_idle = 0;
    cw_session_looks_offline(session);
    cw_session_drop_questions(session);
    cw_session_drop_inquiries(session);
    cw_session_forget_room_list(session);
    session->no_directory = FALSE;
    cw_session_contacts_offline(session);
    cw_session_requests_offline(session);
    cw_session_rooms_offline(session);
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
    cw_session_log_in(session);
    return G_SOURCE_REMOVE;
}

static void wait_and_retry(CwSession *session, guint wait, CwReason reason, const char *why)
{
    session->retry_at = g_get_monotonic_time() + (gint64)wait * 1000;
    session->timer_id = cw_timer_add(wait, retry_cb, session);
    if (session->state != CW_SESSION_WAITING)
        set_state(session, CW_SESSION_WAITING, reason, why);
}

static guint next_wait(CwSession *session)
{
    session->backoff.first = TIMING(session)->legacy_retry_first;
    session->backoff.max = TIMING(session)->legacy_retry_max;
    return cw_backoff_next(&session->backoff, NULL);
}

/* (transfer full) `why`, with a hint when it is not the user's account alone. */
static char *explain(CwSession *session, CwReason reason, const char *why)
{
    CwOutage *outage = cw_transport_outage(session->transport);
    const char *server = session->server;

    if (reason != CW_REASON_NETWORK)
        return g_strdup(why);
    cw_outage_add(outage, server, session->jid);
    if (!cw_outage_is_down(outage, server))
        return g_strdup(why);
    return g_strdup_printf("%s%sother accounts are cut off as well, so %s itself seems to be down",
                           why == NULL ? "" : why, why == NULL ? "" : "; ",
                           *server == '\0' ? cw_transport_settings(session->transport)->name
                                           : server);
}

/* The log-in failed or the link dropped. */
static void failed(CwSession *session, CwReason reason, const char *why, gboolean fatal)
{
    count_out(session);
    g_autofree char *text = explain(session, reason, why);

    if (fatal)
        cw_outbox_return_all(session->outbox, reason, text);
    else
        cw_outbox_close(session->outbox, CW_REASON_HOST, INTERRUPTED);
    disconnected(session);
    if (report_trial(session, reason, text))
        return;
    if (fatal) {
        set_state(session, CW_SESSION_FAILED, reason, text);
        if (session->remains)
            cw_session_leave(session);
    } else {
        wait_and_retry(session, next_wait(session), reason, text);
    }
}

/* ms that a log-in has left.  Neither the wait for its turn is the network's fault, but a trial's
 * user waits with it; nor an answer that is not read while the link is paused; nor a question that
 * the user has not answered yet: the host ends it when it is stale. */
static guint login_time_left(const CwSession *session)
{
    guint timeout = TIMING(session)->login_timeout;
    gint64 since = session->login_since;

    if (session->questions.length > 0 ||
        (session->tried == NULL && cw_account_is_waiting(session->account)))
        return timeout;
    if (session->tried == NULL)
        since = MAX(since, cw_account_sent_at(session->account));
    gint64 gone = (cw_session_clock(session) - since) / 1000;
    return gone >= timeout ? 0 : timeout - (guint)gone;
}

static gboolean login_late_cb(gpointer data)
{
    CwSession *session = data;
    guint left = login_time_left(session);

    session->timer_id = 0;
    if (left > 0)
        session->timer_id = cw_timer_add(MAX(left, LOGIN_LOOK), login_late_cb, session);
    else
        failed(session, CW_REASON_NETWORK, "the network did not answer in time", FALSE);
    return G_SOURCE_REMOVE;
}

static gboolean steady_cb(gpointer data)
{
    CwSession *session = data;

    session->steady_id = 0;
    cw_backoff_reset(&session->backoff);
    cw_backoff_reset(&session->quarantine);
    session->lost_hosts = 0;
    return G_SOURCE_REMOVE;
}

static void online(CwSession *session)
{
    if (session->state == CW_SESSION_ONLINE)
        return;
    g_clear_handle_id(&session->timer_id, cw_timer_remove);
    session->steady_id = cw_timer_add(STEADY_TIME, steady_cb, session);
    cw_seen_mark_login(session->seen);
    cw_outage_online(cw_transport_outage(session->transport), session->server);
    session->counted = TRUE;
    set_state(session, CW_SESSION_ONLINE, CW_REASON_NONE, NULL);
    if (report_trial(session, CW_REASON_NONE, NULL))
        return;
    cw_session_tell_presence(session);
    cw_session_looks_online(session);
    cw_session_contacts_online(session);
    cw_session_requests_online(session);
    cw_session_rooms_online(session);
    cw_outbox_open(session->outbox);
}

void cw_session_take_state(CwSession *session, const CwLinkMsg *msg)
{
    switch (msg->state) {
    case CW_ACCOUNT_CONNECTING:
        cw_session_tell_local_list(session);
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

static CwFate fate_of(const CwOutgoing *message, gpointer data)
{
    const CwSession *session = data;

    return cw_account_fate(session->account, message->id, message->line);
}

static void tell_quarantine(CwSession *session, guint wait)
{
    const char *name = cw_transport_settings(session->transport)->name;
    g_autofree char *text = g_strdup_printf(
        "Your account crashes the program that connects to %s, so it is left alone for a while: "
        "the next try is in %u s.  The admin of this gateway finds a report in the log.",
        name, (wait + 999) / 1000);

    EMIT(session, notice, session, NULL, text);
}

static void lost_cb(const char *why, gboolean guilty, gpointer data)
{
    CwSession *session = data;
    g_autofree char *text = g_strdup_printf("the program that connects to it %s", why);
    guint wait = 0;

    cw_outbox_close_lost(session->outbox, INTERRUPTED, fate_of, session);
    disconnected(session);
    if (report_trial(session, CW_REASON_HOST, text))
        return;
    if (guilty) {
        session->quarantine.first = TIMING(session)->quarantine_first;
        session->quarantine.max = TIMING(session)->quarantine_max;
        wait = cw_backoff_next(&session->quarantine, NULL);
        g_warning("%s/%s: it crashed the protocol host; left alone for %u s", session->jid,
                  cw_transport_domain(session->transport), wait / 1000);
        tell_quarantine(session, wait);
    } else if (session->lost_hosts++ < FORGIVEN_LOSSES) {
        wait = (guint)g_random_int_range(0, LOST_SPREAD);
    } else {
        wait = next_wait(session);
    }
    wait_and_retry(session, wait, CW_REASON_HOST, text);
}

static const CwAccountEvents account_events = {
    .line = cw_session_take_line,
    .values = cw_session_remembered_values,
    .lost = lost_cb,
};

/* (transfer full) the plugin's options: the admin's, and the user's where the admin lets him
 * choose.  The admin's come last for options that users do not see. */
static GHashTable *merge_options(CwSession *session, const CwUser *user)
{
    const CwTransportSettings *settings = cw_transport_settings(session->transport);
    GHashTable *options = cw_secret_table_new();
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

/* (transfer full) */
static char *find_server(CwSession *session, const char *username)
{
    const CwProtocol *protocol = cw_transport_protocol(session->transport);
    g_autoptr(GHashTable) values = NULL;
    g_autofree char *first = NULL;

    if (protocol == NULL || protocol->splits->len == 0)
        return g_strdup("");
    cw_protocol_split_username(protocol, username, &first, &values);
    const CwField *split = g_ptr_array_index(protocol->splits, 0);
    const char *server = g_hash_table_lookup(values, split->name);
    return g_strdup(server == NULL ? "" : server);
}

/* Where nobody has an account the stored one is who registered, who may have moved. */
static const char *username_of(const CwSession *session, const CwUser *user)
{
    const CwProtocol *protocol = cw_transport_protocol(session->transport);

    return protocol != NULL && protocol->anonymous ? session->jid : user->username;
}

static void start(CwSession *session, const CwUser *user)
{
    const char *username = username_of(session, user);
    g_autoptr(GHashTable) options = merge_options(session, user);
    const char *status = NULL;
    gint64 idle = 0; /* comes behind the log-in */

    session->account = cw_account_new(cw_transport_supervisor(session->transport), &account_events,
                                      session, username, user->password, options);
    session->invisible = cw_user_wants(user, CW_PREFERENCE_INVISIBLE);
    session->told_show = cw_session_presence(session, &status, &idle);
    g_free(session->told_status);
    session->told_status = g_strdup(status);
    cw_account_set_presence(session->account, session->told_show, session->told_status);
    cw_session_begin_looks(session);
    g_free(session->server);
    session->server = find_server(session, username);
    session->login_since = cw_session_clock(session);
    session->timer_id = cw_timer_add(TIMING(session)->login_timeout, login_late_cb, session);
    if (session->state != CW_SESSION_CONNECTING) /* it is while it waits for looks */
        set_state(session, CW_SESSION_CONNECTING, CW_REASON_NONE, NULL);
}

static gboolean looks_cb(gpointer data)
{
    CwSession *session = data;

    session->timer_id = 0;
    cw_session_log_in(session);
    return G_SOURCE_REMOVE;
}

static void wait_for_looks(CwSession *session)
{
    session->timer_id = cw_timer_add(LOOKS_PATIENCE, looks_cb, session);
    set_state(session, CW_SESSION_CONNECTING, CW_REASON_NONE, NULL);
    cw_session_want_looks(session);
}

void cw_session_looks_known(CwSession *session)
{
    session->looks.known = TRUE;
    if (session->state != CW_SESSION_CONNECTING || session->account != NULL)
        return;
    g_clear_handle_id(&session->timer_id, cw_timer_remove);
    session->timer_id = cw_timer_add(0, looks_cb, session);
}

void cw_session_log_in(CwSession *session)
{
    g_autoptr(GError) error = NULL;

    g_clear_handle_id(&session->timer_id, cw_timer_remove);
    g_autoptr(CwUser) user =
        cw_store_get_user(cw_transport_store(session->transport),
                          cw_transport_domain(session->transport), session->jid, &error);
    if (user == NULL) {
        g_warning("%s/%s: cannot read the registration: %s", session->jid,
                  cw_transport_domain(session->transport),
                  error == NULL ? "it is gone" : error->message);
        cw_outbox_return_all(session->outbox, CW_REASON_OTHER,
                             "your registration with this gateway cannot be read");
        set_state(session, CW_SESSION_FAILED, CW_REASON_OTHER,
                  "your registration cannot be read; tell the admin of this gateway");
        return;
    }
    cw_session_load_contacts(session);
    cw_session_load_requests(session);
    cw_session_load_kept(session);
    cw_session_load_looks(session, user);
    if (session->resources->len > 0 && cw_user_wants(user, CW_PREFERENCE_LOGGED_OUT))
        cw_transport_set_preference(session->transport, session->jid, CW_PREFERENCE_LOGGED_OUT,
                                    FALSE, NULL, NULL);
    if (cw_session_must_wait_for_looks(session))
        wait_for_looks(session);
    else
        start(session, user);
}

static gboolean says(const CwUser *user, CwPreference preference)
{
    return g_hash_table_contains(user->preferences, cw_preference_to_string(preference));
}

void cw_session_take_preferences(CwSession *session, const CwUser *user)
{
    if (says(user, CW_PREFERENCE_PICTURE))
        cw_session_choose_looks(session, user);
    if (says(user, CW_PREFERENCE_INVISIBLE)) {
        session->invisible = cw_user_wants(user, CW_PREFERENCE_INVISIBLE);
        cw_session_tell_presence(session);
    }
}

void cw_session_retry(CwSession *session)
{
    if (session->state == CW_SESSION_WAITING || session->state == CW_SESSION_FAILED)
        cw_session_log_in(session);
}

void cw_session_log_out(CwSession *session)
{
    cw_outbox_return_all(session->outbox, CW_REASON_NOT_ONLINE, "logged out");
    disconnected(session);
    if (session->state != CW_SESSION_OFFLINE)
        set_state(session, CW_SESSION_OFFLINE, CW_REASON_NONE, NULL);
}

void cw_session_log_in_again(CwSession *session)
{
    cw_outbox_close(session->outbox, CW_REASON_NOT_ONLINE, "your registration changed");
    disconnected(session);
    cw_backoff_reset(&session->backoff);
    wait_and_retry(session, RELOGIN_DELAY, CW_REASON_NONE, "your registration changed");
}

void cw_session_try(CwSession *session, const CwUser *user, CwSessionTried tried, gpointer data)
{
    session->held = g_string_new(NULL);
    session->tried = tried;
    session->tried_data = data;
    cw_session_load_looks(session, user);
    start(session, user);
}

static gboolean linger_cb(gpointer data)
{
    CwSession *session = data;

    session->linger_id = 0;
    if (session->resources->len == 0)
        cw_session_leave(session);
    return G_SOURCE_REMOVE;
}

/* Ends it by itself unless a resource comes. */
static void linger(CwSession *session)
{
    g_clear_handle_id(&session->linger_id, cw_timer_remove);
    session->linger_id = cw_timer_add(TIMING(session)->registered_linger, linger_cb, session);
}

static gboolean leave_cb(gpointer data)
{
    CwSession *session = data;

    session->leave_id = 0;
    if (session->leaving && cw_outbox_pending(session->outbox) == 0)
        cw_transport_drop_session(session->transport, session);
    return G_SOURCE_REMOVE; /* else settled_cb() sees to it */
}

static void schedule_leave(CwSession *session)
{
    gint64 wait = (session->leave_at - g_get_monotonic_time()) / 1000;

    g_clear_handle_id(&session->leave_id, cw_timer_remove);
    session->leave_id = cw_timer_add(wait > 0 ? (guint)wait : 0, leave_cb, session);
}

void cw_session_leave(CwSession *session)
{
    guint pending = cw_outbox_pending(session->outbox);

    if (session->resources->len == 0 && cw_session_remain(session))
        return;
    if (pending > 0)
        g_info("%s/%s: leaves when %u message%s on the way", session->jid,
               cw_transport_domain(session->transport), pending, pending == 1 ? " is" : "s are");
    session->leaving = TRUE;
    session->leave_at = g_get_monotonic_time() + (gint64)TIMING(session)->logout_delay * 1000;
    schedule_leave(session);
}

void cw_session_stay(CwSession *session)
{
    session->leaving = FALSE;
    g_clear_handle_id(&session->leave_id, cw_timer_remove);
}

void cw_session_settled(CwSession *session)
{
    if (session->leaving)
        schedule_leave(session);
}

void cw_session_wake(CwSession *session)
{
    if (session->state != CW_SESSION_OFFLINE)
        return;
    linger(session);
    cw_session_log_in(session);
}

void cw_session_release(CwSession *session)
{
    linger(session);
    GString *held = g_steal_pointer(&session->held);

    EMIT(session, session_state, session);
    cw_session_take_lines(session, held->str);
    g_string_free(held, TRUE);
    cw_session_load_kept(session);
    if (session->state == CW_SESSION_ONLINE) {
        cw_session_join_kept(session);
        cw_outbox_open(session->outbox);
    }
    cw_session_want_looks(session);
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
    session->resources = g_ptr_array_new_with_free_func(cw_session_free_resource);
    session->contacts =
        g_hash_table_new_full(g_str_hash, g_str_equal, NULL, cw_session_free_contact);
    session->contact_questions = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
    session->requests = cw_session_requests_new();
    session->rooms = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, cw_session_free_room);
    session->rooms_left = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    session->server = g_strdup("");
    session->room_list = cw_session_room_list_new();
    session->outbox = cw_session_new_outbox(session);
    session->seen = cw_seen_new();
    g_queue_init(&session->questions);
    g_queue_init(&session->inquiries);
    return session;
}

void cw_session_free(CwSession *session)
{
    if (session == NULL)
        return;
    g_clear_handle_id(&session->timer_id, cw_timer_remove);
    g_clear_handle_id(&session->steady_id, cw_timer_remove);
    g_clear_handle_id(&session->linger_id, cw_timer_remove);
    g_clear_handle_id(&session->leave_id, cw_timer_remove);
    cw_session_end_remaining(session);
    cw_account_free(session->account);
    cw_session_drop_questions(session);
    cw_session_drop_inquiries(session);
    cw_session_room_list_free(session);
    cw_outbox_free(session->outbox);
    cw_seen_free(session->seen);
    g_hash_table_unref(session->contacts);
    g_hash_table_unref(session->contact_questions);
    g_hash_table_unref(session->requests);
    g_hash_table_unref(session->rooms);
    g_hash_table_unref(session->rooms_left);
    g_clear_pointer(&session->kept, g_hash_table_unref);
    g_ptr_array_unref(session->resources);
    cw_session_free_looks(session);
    cw_session_free_remembering(session);
    if (session->held != NULL)
        g_string_free(session->held, TRUE);
    g_free(session->told_status);
    g_free(session->server);
    g_free(session->why);
    g_free(session->jid);
    g_free(session);
}
