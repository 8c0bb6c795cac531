/* transport/supervisor.c: the hosts of one transport, and which account is on which
 *
 * An account waits in `waiting` until a token of the log-in pace and a place on a ready host are
 * there.  Numbers of accounts are never used twice on one host, so a late line of an account that
 * is gone finds nobody.
 *
 * After a crash the accounts of that host are suspects (suspects.h): they come back on hosts of
 * their own, in groups that get smaller with each crash, until the culprit is alone.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#define G_LOG_DOMAIN "transport"

#include "transport/supervisor.h"

#include "transport/backoff.h"
#include "transport/crash-log.h"
#include "transport/host.h"
#include "transport/pace.h"
#include "transport/suspects.h"

#define STEADY_TIME                                                                                \
    ((gint64)60 * G_USEC_PER_SEC) /* no crash for so long resets the back-off, and a               \
                                     suspect that is online is none any more */
#define WATCH_INTERVAL 5000       /* ms */
#define STARTING_MAX 4            /* hosts that start side by side */

typedef struct {
    CwSupervisor *supervisor;
    CwHost *host;
    GHashTable *accounts; /* number -> CwAccount * (not owned) */
    guint expected;       /* accounts that wait for this host */
    guint group;          /* 0: no suspects; else so many of them at most, and nobody else */
    guint32 last_number;
    gboolean described; /* it said hello */
} Slot;

struct CwSupervisor {
    char *subject;
    char **argv;
    const CwTransportSettings *transport;
    const CwSettings *settings;
    const CwSupervisorEvents *events;
    gpointer data;

    GPtrArray *slots; /* Slot *, owned */
    GQueue waiting;   /* CwAccount * */
    CwSuspects *suspects;
    guint watch_id;    /* looks at the suspects */
    CwBackoff backoff; /* of host starts */
    gint64 crashed_at; /* monotonic µs: the last crash that counts for the back-off */
    gint64 not_before; /* monotonic µs: no host is started earlier */
    CwPace pace;       /* of log-ins */
    gboolean started, stopping, paused;
    gboolean speaks;              /* the last host that started said hello */
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
    Slot *home; /* where it will be, while it waits; NULL: not known yet */
    guint32 number;
    guint64 line;     /* number of the line that was queued last */
    gint64 sent_at;   /* by cw_supervisor_clock(); 0: waiting */
    gint64 online_at; /* monotonic µs; 0: not yet */
    gboolean guilty;
    gboolean offline; /* the host said so: it has forgotten the number */
    GList link;       /* in `waiting` */

    char *username;
    CwSecret *password;
    GHashTable *options;
    CwShow show;
    char *status;
};

static void schedule_turn(CwSupervisor *supervisor, guint delay);
static void watch_suspects(CwSupervisor *supervisor);
static void leave(Slot *slot);

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
    slot->supervisor->speaks = TRUE;
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
        leave(slot);
        schedule_turn(slot->supervisor, 0);
    } else if (msg->kind == CW_LINK_STATE && msg->state == CW_ACCOUNT_ONLINE) {
        account->online_at = g_get_monotonic_time();
    }
    account->events->line(msg, account->data);
}

/* Of an account on a host that crashed. */
static CwServing find_serving(const CwAccount *account, const CwHostRemains *remains)
{
    if (!remains->kept)
        return CW_SERVING_UNKNOWN;
    if (remains->scoreboard.serving == 0)
        return CW_SERVING_NOBODY;
    return remains->scoreboard.serving == account->number ? CW_SERVING_IT : CW_SERVING_OTHER;
}

/* Takes the accounts off the slot, in `lost`, and looks for whose fault it was. */
static void take_accounts(Slot *slot, const CwHostRemains *remains, GPtrArray *lost)
{
    CwSupervisor *supervisor = slot->supervisor;
    guint together = g_hash_table_size(slot->accounts);
    gint64 now = g_get_monotonic_time();
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, slot->accounts);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        CwAccount *account = value;
        account->slot = NULL;
        account->guilty =
            remains->crashed && cw_suspects_add(supervisor->suspects, account->username, together,
                                                find_serving(account, remains), now);
        if (account->guilty)
            g_message("%s: the account %s crashed its host", supervisor->subject,
                      account->username);
        g_ptr_array_add(lost, account);
    }
    for (GList *l = supervisor->waiting.head; l != NULL && slot->expected > 0; l = l->next) {
        CwAccount *account = l->data;
        if (account->home != slot)
            continue;
        account->home = NULL;
        slot->expected--;
    }
}

/* A host that never said hello has nothing to tell that the log does not. */
static void write_crash_log(const Slot *slot, const char *why, const CwHostRemains *remains,
                            const GPtrArray *lost)
{
    const CwSettings *settings = slot->supervisor->settings;
    CwCrash crash = {.transport = slot->supervisor->transport->domain,
                     .why = why,
                     .accounts = lost->len,
                     .remains = remains};
    g_autoptr(GError) error = NULL;

    if (settings->crash_logs == 0 || !remains->crashed || !remains->ready)
        return;
    for (guint i = 0; i < lost->len; i++) {
        const CwAccount *account = g_ptr_array_index(lost, i);
        if (find_serving(account, remains) != CW_SERVING_IT)
            continue;
        crash.served = account->username;
        crash.guilty = account->guilty;
    }
    g_autofree char *path =
        cw_crash_log_write(settings->crash_path, settings->crash_logs, &crash, &error);
    if (path != NULL)
        g_message("%s: what is known of the crash is in %s", slot->supervisor->subject, path);
    else
        g_warning("%s: %s", slot->supervisor->subject, error->message);
}

/* ms until the next start.  It grows with crashes in a row, but not with those of suspects: each of
 * them brings the culprit nearer, and others wait for their host. */
static guint next_wait(CwSupervisor *supervisor, const Slot *slot)
{
    gint64 now = g_get_monotonic_time();
    CwBackoff first = {.first = supervisor->backoff.first, .max = supervisor->backoff.max};

    if (slot->described && slot->group != 0)
        return cw_backoff_next(&first, NULL);
    if (now - supervisor->crashed_at > STEADY_TIME)
        cw_backoff_reset(&supervisor->backoff);
    supervisor->crashed_at = now;
    return cw_backoff_next(&supervisor->backoff, NULL);
}

static void ended_cb(CwHost *host, const char *why, gpointer data)
{
    Slot *slot = data;
    CwSupervisor *supervisor = slot->supervisor;
    g_autofree char *reason = g_strdup(why == NULL ? "was stopped" : why);
    g_autoptr(GPtrArray) lost = g_ptr_array_new();
    CwHostRemains remains;

    cw_host_remains(host, &remains);
    take_accounts(slot, &remains, lost);
    if (why != NULL) {
        guint wait = next_wait(supervisor, slot);
        gint64 start = g_get_monotonic_time() + (gint64)wait * 1000;
        supervisor->not_before = MAX(supervisor->not_before, start);
        g_message("%s: a host %s; %u account%s on it; the next starts in %.1f s",
                  supervisor->subject, why, lost->len, lost->len == 1 ? "" : "s", wait / 1000.0);
    }

    write_crash_log(slot, reason, &remains, lost);
    remains.trace = NULL;

    gboolean described = slot->described;
    if (why != NULL && !described)
        supervisor->speaks = FALSE;
    g_ptr_array_remove(supervisor->slots, slot); /* frees the slot and the host */

    /* each owner frees only its own account in lost() */
    supervisor->remains = &remains;
    for (guint i = 0; i < lost->len; i++) {
        CwAccount *account = g_ptr_array_index(lost, i);
        account->offline = TRUE;
        account->events->lost(reason, account->guilty, account->data);
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

static Slot *start_host(CwSupervisor *supervisor)
{
    g_autoptr(GError) error = NULL;
    Slot *slot = g_new0(Slot, 1);

    slot->supervisor = supervisor;
    slot->accounts = g_hash_table_new(NULL, NULL);
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
        return NULL;
    }
    g_ptr_array_add(supervisor->slots, slot);
    if (supervisor->paused)
        cw_host_pause(slot->host, TRUE);
    return slot;
}

/* ---- places ---- */

/* An account has a home from the moment that a host can have it, also one that is still starting:
 * so it is known how many more hosts are needed, and they start side by side. */
static guint count_used(const Slot *slot)
{
    return g_hash_table_size(slot->accounts) + slot->expected;
}

/* Suspects are among themselves, on a host that no other account comes to. */
static gboolean has_place(const CwSupervisor *supervisor, const Slot *slot, guint group)
{
    guint used = count_used(slot), most = supervisor->transport->accounts_per_host;

    if (cw_host_is_ending(slot->host) || (most > 0 && used >= most))
        return FALSE;
    if (group == 0 || slot->group == 0)
        return used == 0 || group == slot->group;
    return used < MIN(group, slot->group);
}

static Slot *find_place(const CwSupervisor *supervisor, guint group)
{
    Slot *starting = NULL;

    for (guint i = 0; i < supervisor->slots->len; i++) {
        Slot *slot = g_ptr_array_index(supervisor->slots, i);
        if (!has_place(supervisor, slot, group))
            continue;
        if (cw_host_is_ready(slot->host))
            return slot;
        if (starting == NULL)
            starting = slot;
    }
    return starting;
}

static void settle(CwAccount *account, Slot *slot, guint group)
{
    if (group == 0 || count_used(slot) == 0)
        slot->group = group;
    else
        slot->group = MIN(slot->group, group);
    slot->expected++;
    account->home = slot;
    if (slot->group != 0)
        watch_suspects(account->supervisor);
}

/* Its place there is free again. */
static void leave(Slot *slot)
{
    if (count_used(slot) == 0)
        slot->group = 0;
}

/* While no host says hello, one at a time is tried. */
static gboolean may_start(const CwSupervisor *supervisor)
{
    guint starting = 0;

    for (guint i = 0; i < supervisor->slots->len; i++) {
        const Slot *slot = g_ptr_array_index(supervisor->slots, i);
        starting += !slot->described && !cw_host_is_ending(slot->host);
    }
    return g_get_monotonic_time() >= supervisor->not_before &&
           starting < (supervisor->speaks ? STARTING_MAX : 1);
}

/* Gives those that wait a home, as far as there is one or may be. */
static void find_homes(CwSupervisor *supervisor)
{
    gint64 now = g_get_monotonic_time();
    gboolean full = FALSE; /* for accounts that are no suspects: the many */

    for (GList *l = supervisor->waiting.head; l != NULL; l = l->next) {
        CwAccount *account = l->data;
        if (account->home != NULL)
            continue;
        guint group = cw_suspects_group(supervisor->suspects, account->username, now);
        if (group == 0 && full)
            continue;
        Slot *slot = find_place(supervisor, group);
        if (slot == NULL && may_start(supervisor))
            slot = start_host(supervisor);
        if (slot != NULL)
            settle(account, slot, group);
        else
            full |= group == 0;
    }
}

/* Suspects that were online for a while are none any more, and their host is one as any other. */
static gboolean suspects_cb(gpointer data)
{
    CwSupervisor *supervisor = data;
    gint64 limit = g_get_monotonic_time() - STEADY_TIME;
    gboolean more = FALSE;
    GHashTableIter iter;
    gpointer value;

    for (guint i = 0; i < supervisor->slots->len; i++) {
        Slot *slot = g_ptr_array_index(supervisor->slots, i);
        gboolean steady = slot->expected == 0;
        if (slot->group == 0)
            continue;
        g_hash_table_iter_init(&iter, slot->accounts);
        while (g_hash_table_iter_next(&iter, NULL, &value)) {
            const CwAccount *account = value;
            if (account->online_at == 0 || account->online_at > limit)
                steady = FALSE;
            else
                cw_suspects_clear(supervisor->suspects, account->username);
        }
        if (steady)
            slot->group = 0;
        else
            more = TRUE;
    }
    if (more)
        return G_SOURCE_CONTINUE;
    supervisor->watch_id = 0;
    return G_SOURCE_REMOVE;
}

static void watch_suspects(CwSupervisor *supervisor)
{
    if (supervisor->watch_id == 0)
        supervisor->watch_id = g_timeout_add(WATCH_INTERVAL, suspects_cb, supervisor);
}

/* ---- log-ins and their pace ---- */

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

    account->home = NULL;
    slot->expected--;
    account->slot = slot;
    account->sent_at = cw_supervisor_clock(slot->supervisor);
    account->number = ++slot->last_number;
    login.account = account->number;
    g_hash_table_insert(slot->accounts, GUINT_TO_POINTER(account->number), account);
    cw_host_send(slot->host, &login);
    /* the password is on its way and not needed any more here */
    g_clear_pointer(&account->password, cw_secret_unref);
}

/* Sends what has a home that is ready, as far as the pace lets it.  ms until it lets more. */
static guint send_logins(CwSupervisor *supervisor)
{
    guint wait = 0, rate = supervisor->transport->logins_per_minute;

    for (GList *l = supervisor->waiting.head, *next; l != NULL; l = next) {
        CwAccount *account = l->data;
        next = l->next;
        if (account->home == NULL || !cw_host_is_ready(account->home->host))
            continue;
        if (!cw_pace_take(&supervisor->pace, rate, 60000, MAX(1, rate / 60), &wait))
            break;
        g_queue_unlink(&supervisor->waiting, &account->link);
        send_login(account, account->home);
    }
    return wait;
}

/* Keeps one host; stops empty ones beyond the first. */
static void mind_hosts(CwSupervisor *supervisor)
{
    guint alive = 0;

    for (guint i = 0; i < supervisor->slots->len; i++) {
        Slot *slot = g_ptr_array_index(supervisor->slots, i);
        if (cw_host_is_ending(slot->host))
            continue;
        alive++;
        if (alive > 1 && supervisor->waiting.length == 0 && cw_host_is_ready(slot->host) &&
            count_used(slot) == 0)
            cw_host_stop(slot->host);
    }
    if (alive == 0 && may_start(supervisor))
        start_host(supervisor);
}

static gboolean turn_cb(gpointer data)
{
    CwSupervisor *supervisor = data;

    supervisor->turn_id = 0;
    if (supervisor->stopping) {
        if (supervisor->slots->len == 0)
            supervisor->events->stopped(supervisor->data);
        return G_SOURCE_REMOVE;
    }
    find_homes(supervisor);
    guint wait = send_logins(supervisor);
    mind_hosts(supervisor);
    if (wait > 0)
        schedule_turn(supervisor, wait);
    gint64 now = g_get_monotonic_time();
    if (now < supervisor->not_before)
        schedule_turn(supervisor, (guint)((supervisor->not_before - now) / 1000) + 1);
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
    supervisor->suspects = cw_suspects_new();
    return supervisor;
}

void cw_supervisor_free(CwSupervisor *supervisor)
{
    if (supervisor == NULL)
        return;
    g_warn_if_fail(supervisor->waiting.length == 0);
    g_clear_handle_id(&supervisor->turn_id, g_source_remove);
    g_clear_handle_id(&supervisor->watch_id, g_source_remove);
    g_ptr_array_unref(supervisor->slots);
    cw_suspects_free(supervisor->suspects);
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
        cw_host_set_settings(slot->host, &settings->limits, &settings->timing);
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
        leave(account->slot);
        schedule_turn(supervisor, 0);
    } else if (!account->offline) {
        if (account->home != NULL) {
            account->home->expected--;
            leave(account->home);
        }
        g_queue_unlink(&supervisor->waiting, &account->link);
    }
    g_free(account->username);
    cw_secret_unref(account->password);
    g_clear_pointer(&account->options, g_hash_table_unref);
    g_free(account->status);
    g_free(account);
}
