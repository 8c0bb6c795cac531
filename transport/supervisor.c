/* transport/supervisor.c: the hosts of one transport, and which account is on which
 *
 * An account waits in `waiting` until a token of the log-in pace and a place on a ready host are
 * there.  Numbers of accounts are never used twice on one host, so a late line of an account that
 * is gone finds nobody.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#define G_LOG_DOMAIN "transport"

#include "transport/supervisor.h"

#include "transport/backoff.h"
#include "transport/host.h"
#include "transport/pace.h"

#define STEADY_TIME (60 * G_USEC_PER_SEC) /* a host that lived so long resets the back-off */

typedef struct {
    CwSupervisor *supervisor;
    CwHost *host;
    GHashTable *accounts; /* number -> CwAccount * (not owned) */
    guint32 last_number;
    gint64 started;
    gboolean described; /* it said hello */
} Slot;

struct CwSupervisor {
    char *subject;
    char **argv;
    const CwTransportSettings *transport;
    const CwSettings *settings;
    const CwSupervisorEvents *events;
    gpointer data;

    GPtrArray *slots;  /* Slot *, owned */
    GQueue waiting;    /* CwAccount * */
    CwBackoff backoff; /* of host starts */
    gint64 not_before; /* monotonic µs: no host is started earlier */
    CwPace pace;       /* of log-ins */
    gboolean started, stopping, paused;
    const CwHostRemains *remains; /* inside lost(): of the host that is gone */
    gint64 paused_at;             /* monotonic µs */
    gint64 paused_total;          /* µs, of the pauses that are over */
    guint turn_id;                /* runs turn_cb */
    gint64 turn_due;              /* when, monotonic µs */
};

struct CwAccount {
    CwSupervisor *supervisor;
    const CwAccountEvents *events;
    gpointer data;
    Slot *slot; /* NULL: waiting or lost */
    guint32 number;
    guint64 line;     /* number of the line that was queued last */
    gint64 sent_at;   /* by cw_supervisor_clock(); 0: waiting */
    gboolean offline; /* the host said so: it has forgotten the number */
    GList link;       /* in `waiting` */

    char *username;
    CwSecret *password;
    GHashTable *options;
    CwShow show;
    char *status;
};

static void schedule_turn(CwSupervisor *supervisor, guint delay);

/* ---- hosts ---- */

static void free_slot(gpointer data)
{
    Slot *slot = data;

    cw_host_free(slot->host);
    g_hash_table_unref(slot->accounts);
    g_free(slot);
}

static void ready_cb(CwHost *host, const CwProtocol *protocol, gpointer data)
{
    Slot *slot = data;

    slot->described = TRUE;
    slot->supervisor->events->described(protocol, slot->supervisor->data);
    schedule_turn(slot->supervisor, 0);
}

static void line_cb(CwHost *host, const CwLinkMsg *msg, gpointer data)
{
    Slot *slot = data;
    CwAccount *account = g_hash_table_lookup(slot->accounts, GUINT_TO_POINTER(msg->account));

    if (account == NULL)
        return; /* late: it was logged out meanwhile */
    if (msg->kind == CW_LINK_STATE && msg->state == CW_ACCOUNT_OFFLINE) {
        account->offline = TRUE;
        g_hash_table_remove(slot->accounts, GUINT_TO_POINTER(msg->account));
        account->slot = NULL;
    }
    account->events->line(msg, account->data);
}

static void ended_cb(CwHost *host, const char *why, gpointer data)
{
    Slot *slot = data;
    CwSupervisor *supervisor = slot->supervisor;
    g_autofree char *reason = g_strdup(why == NULL ? "was stopped" : why);
    g_autoptr(GPtrArray) lost = g_ptr_array_new();
    CwHostRemains remains;
    GHashTableIter iter;
    gpointer value;

    cw_host_remains(host, &remains);
    if (why != NULL) {
        if (g_get_monotonic_time() - slot->started > STEADY_TIME)
            cw_backoff_reset(&supervisor->backoff);
        guint wait = cw_backoff_next(&supervisor->backoff, NULL);
        supervisor->not_before = g_get_monotonic_time() + (gint64)wait * 1000;
        g_message("%s: a host %s; %u account%s on it; the next starts in %.1f s",
                  supervisor->subject, why, g_hash_table_size(slot->accounts),
                  g_hash_table_size(slot->accounts) == 1 ? "" : "s", wait / 1000.0);
    }

    g_hash_table_iter_init(&iter, slot->accounts);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        CwAccount *account = value;
        account->slot = NULL;
        g_ptr_array_add(lost, account);
    }
    gboolean described = slot->described;
    g_ptr_array_remove(supervisor->slots, slot); /* frees the slot and the host */

    /* each owner frees only its own account in lost() */
    supervisor->remains = &remains;
    for (guint i = 0; i < lost->len; i++) {
        CwAccount *account = g_ptr_array_index(lost, i);
        account->offline = TRUE;
        account->events->lost(reason, FALSE, account->data);
    }
    supervisor->remains = NULL;
    if (why != NULL && !described)
        supervisor->events->unavailable(reason, supervisor->data);
    schedule_turn(supervisor, 0);
}

static const CwHostEvents host_events = {
    .ready = ready_cb,
    .line = line_cb,
    .ended = ended_cb,
};

static void start_host(CwSupervisor *supervisor)
{
    g_autoptr(GError) error = NULL;
    Slot *slot = g_new0(Slot, 1);

    slot->supervisor = supervisor;
    slot->accounts = g_hash_table_new(NULL, NULL);
    slot->started = g_get_monotonic_time();
    slot->host = cw_host_new(supervisor->subject, (const char *const *)supervisor->argv,
                             &supervisor->settings->limits, &supervisor->settings->timing,
                             &host_events, slot, &error);
    if (slot->host == NULL) {
        guint wait = cw_backoff_next(&supervisor->backoff, NULL);
        supervisor->not_before = g_get_monotonic_time() + (gint64)wait * 1000;
        g_warning("%s: %s; tried again in %.1f s", supervisor->subject, error->message,
                  wait / 1000.0);
        free_slot(slot);
        supervisor->events->unavailable(error->message, supervisor->data);
        return;
    }
    g_ptr_array_add(supervisor->slots, slot);
    if (supervisor->paused)
        cw_host_pause(slot->host, TRUE);
}

/* ---- places and pace ---- */

static guint free_places(const CwSupervisor *supervisor, const Slot *slot)
{
    guint used = g_hash_table_size(slot->accounts);
    guint most = supervisor->transport->accounts_per_host;

    if (cw_host_is_ending(slot->host))
        return 0;
    return most == 0 ? G_MAXUINT : most > used ? most - used : 0;
}

/* A ready host with a place.  `coming`: places on hosts that have not said hello yet. */
static Slot *find_place(CwSupervisor *supervisor, guint *coming)
{
    *coming = 0;
    for (guint i = 0; i < supervisor->slots->len; i++) {
        Slot *slot = g_ptr_array_index(supervisor->slots, i);
        guint places = free_places(supervisor, slot);
        if (places > 0 && cw_host_is_ready(slot->host))
            return slot;
        *coming = places > G_MAXUINT - *coming ? G_MAXUINT : *coming + places;
    }
    return NULL;
}

static void send_login(CwAccount *account, Slot *slot)
{
    CwLinkMsg login = {
        .kind = CW_LINK_LOGIN,
        .username = account->username,
        .password = cw_secret_peek(account->password),
        .values = account->options,
        .show = account->show,
        .status = account->status,
    };

    account->slot = slot;
    account->sent_at = cw_supervisor_clock(slot->supervisor);
    account->number = ++slot->last_number;
    login.account = account->number;
    g_hash_table_insert(slot->accounts, GUINT_TO_POINTER(account->number), account);
    cw_host_send(slot->host, &login);
    /* the password is on its way and not needed any more here */
    g_clear_pointer(&account->password, cw_secret_unref);
}

/* Keeps one host, or as many as the waiting accounts need; stops empty ones beyond the first. */
static void mind_hosts(CwSupervisor *supervisor, guint coming)
{
    gint64 now = g_get_monotonic_time();
    guint alive = 0;

    for (guint i = 0; i < supervisor->slots->len; i++) {
        Slot *slot = g_ptr_array_index(supervisor->slots, i);
        if (cw_host_is_ending(slot->host))
            continue;
        alive++;
        if (alive > 1 && supervisor->waiting.length == 0 && cw_host_is_ready(slot->host) &&
            g_hash_table_size(slot->accounts) == 0)
            cw_host_stop(slot->host);
    }
    if (alive > 0 && supervisor->waiting.length <= coming)
        return;
    if (now >= supervisor->not_before)
        start_host(supervisor);
    if (now < supervisor->not_before)
        schedule_turn(supervisor, (guint)((supervisor->not_before - now) / 1000) + 1);
}

static gboolean turn_cb(gpointer data)
{
    CwSupervisor *supervisor = data;
    guint coming = 0, wait = 0, rate = supervisor->transport->logins_per_minute;

    supervisor->turn_id = 0;
    if (supervisor->stopping) {
        if (supervisor->slots->len == 0)
            supervisor->events->stopped(supervisor->data);
        return G_SOURCE_REMOVE;
    }
    while (supervisor->waiting.length > 0) {
        Slot *slot = find_place(supervisor, &coming);
        if (slot == NULL)
            break;
        coming = G_MAXUINT; /* what waits, waits for the pace */
        if (!cw_pace_take(&supervisor->pace, rate, 60000, MAX(1, rate / 60), &wait))
            break;
        CwAccount *account = supervisor->waiting.head->data;
        g_queue_unlink(&supervisor->waiting, &account->link);
        send_login(account, slot);
    }
    mind_hosts(supervisor, coming);
    if (wait > 0)
        schedule_turn(supervisor, wait);
    return G_SOURCE_REMOVE;
}

/* The soonest wins: its turn sees what the later one was for, and schedules it again. */
static void schedule_turn(CwSupervisor *supervisor, guint delay)
{
    gint64 due = g_get_monotonic_time() + (gint64)delay * 1000;

    if (!supervisor->started || (supervisor->turn_id != 0 && supervisor->turn_due <= due))
        return;
    g_clear_handle_id(&supervisor->turn_id, g_source_remove);
    supervisor->turn_due = due;
    supervisor->turn_id = g_timeout_add(delay, turn_cb, supervisor);
}

/* ---- the supervisor ---- */

CwSupervisor *cw_supervisor_new(const char *subject, const char *const *argv,
                                const CwTransportSettings *transport, const CwSettings *settings,
                                const CwSupervisorEvents *events, gpointer data)
{
    CwSupervisor *supervisor = g_new0(CwSupervisor, 1);

    supervisor->subject = g_strdup(subject);
    supervisor->argv = g_strdupv((char **)argv);
    supervisor->transport = transport;
    supervisor->settings = settings;
    supervisor->events = events;
    supervisor->data = data;
    supervisor->slots = g_ptr_array_new_with_free_func(free_slot);
    supervisor->backoff = (CwBackoff){.first = settings->timing.host_retry_first,
                                      .max = settings->timing.host_retry_max};
    g_queue_init(&supervisor->waiting);
    return supervisor;
}

void cw_supervisor_free(CwSupervisor *supervisor)
{
    if (supervisor == NULL)
        return;
    g_warn_if_fail(supervisor->waiting.length == 0);
    g_clear_handle_id(&supervisor->turn_id, g_source_remove);
    g_ptr_array_unref(supervisor->slots);
    g_strfreev(supervisor->argv);
    g_free(supervisor->subject);
    g_free(supervisor);
}

void cw_supervisor_set_settings(CwSupervisor *supervisor, const CwTransportSettings *transport,
                                const CwSettings *settings)
{
    supervisor->transport = transport;
    supervisor->settings = settings;
    supervisor->backoff.first = settings->timing.host_retry_first;
    supervisor->backoff.max = settings->timing.host_retry_max;
    for (guint i = 0; i < supervisor->slots->len; i++) {
        Slot *slot = g_ptr_array_index(supervisor->slots, i);
        cw_host_set_timing(slot->host, &settings->timing);
    }
}

void cw_supervisor_start(CwSupervisor *supervisor)
{
    supervisor->started = TRUE;
    schedule_turn(supervisor, 0);
}

void cw_supervisor_stop(CwSupervisor *supervisor)
{
    supervisor->started = TRUE;
    supervisor->stopping = TRUE;
    for (guint i = 0; i < supervisor->slots->len; i++) {
        Slot *slot = g_ptr_array_index(supervisor->slots, i);
        cw_host_stop(slot->host);
    }
    schedule_turn(supervisor, 0);
}

void cw_supervisor_pause(CwSupervisor *supervisor, gboolean yes)
{
    if (supervisor->paused == yes)
        return;
    gint64 now = g_get_monotonic_time();
    if (yes)
        supervisor->paused_at = now;
    else
        supervisor->paused_total += now - supervisor->paused_at;
    supervisor->paused = yes;
    for (guint i = 0; i < supervisor->slots->len; i++) {
        Slot *slot = g_ptr_array_index(supervisor->slots, i);
        cw_host_pause(slot->host, yes);
    }
}

gint64 cw_supervisor_clock(const CwSupervisor *supervisor)
{
    gint64 now = supervisor->paused ? supervisor->paused_at : g_get_monotonic_time();

    return now - supervisor->paused_total;
}

/* ---- accounts ---- */

CwAccount *cw_account_new(CwSupervisor *supervisor, const CwAccountEvents *events, gpointer data,
                          const char *username, const CwSecret *password, GHashTable *options)
{
    CwAccount *account = g_new0(CwAccount, 1);

    account->supervisor = supervisor;
    account->events = events;
    account->data = data;
    account->username = g_strdup(username);
    account->password = password == NULL ? NULL : cw_secret_ref((CwSecret *)password);
    account->options = options == NULL ? NULL : g_hash_table_ref(options);
    account->show = CW_SHOW_ONLINE;
    account->link.data = account;
    g_queue_push_tail_link(&supervisor->waiting, &account->link);
    schedule_turn(supervisor, 0);
    return account;
}

void cw_account_set_presence(CwAccount *account, CwShow show, const char *status)
{
    g_free(account->status);
    account->show = show;
    account->status = g_strdup(status);
}

gboolean cw_account_send(CwAccount *account, CwLinkMsg *msg)
{
    if (account->slot == NULL)
        return FALSE;
    msg->account = account->number;
    if (!cw_host_send(account->slot->host, msg))
        return FALSE;
    account->line = cw_host_lines(account->slot->host);
    return TRUE;
}

guint64 cw_account_line(const CwAccount *account)
{
    return account->line;
}

CwFate cw_account_fate(const CwAccount *account, gint64 id, guint64 line)
{
    const CwHostRemains *remains = account->supervisor->remains;

    if (remains == NULL || line == 0)
        return CW_FATE_UNKNOWN;
    if (line > remains->lines_written)
        return CW_FATE_UNTOUCHED;
    if (!remains->kept)
        return CW_FATE_UNKNOWN;
    if (cw_scoreboard_has_ack(&remains->scoreboard, account->number, id))
        return CW_FATE_TAKEN;
    return line > remains->scoreboard.begun ? CW_FATE_UNTOUCHED : CW_FATE_UNKNOWN;
}

gboolean cw_account_is_congested(const CwAccount *account)
{
    return account->slot != NULL && cw_host_is_congested(account->slot->host);
}

gboolean cw_account_is_waiting(const CwAccount *account)
{
    return account->slot == NULL && !account->offline;
}

gint64 cw_account_sent_at(const CwAccount *account)
{
    return account->sent_at;
}

void cw_account_free(CwAccount *account)
{
    if (account == NULL)
        return;
    CwSupervisor *supervisor = account->supervisor;

    if (account->slot != NULL) {
        cw_account_send(account, &(CwLinkMsg){.kind = CW_LINK_LOGOUT});
        g_hash_table_remove(account->slot->accounts, GUINT_TO_POINTER(account->number));
        schedule_turn(supervisor, 0);
    } else if (!account->offline) {
        g_queue_unlink(&supervisor->waiting, &account->link);
    }
    g_free(account->username);
    cw_secret_unref(account->password);
    g_clear_pointer(&account->options, g_hash_table_unref);
    g_free(account->status);
    g_free(account);
}
