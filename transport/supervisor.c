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

#include "transport/supervisor-private.h"
#include "transport/timers.h"

#define BUSY_WAIT 100 /* ms until a host that has much to read is looked at again */

/* ---- hosts ---- */

static void free_slot(gpointer data)
{
    CwSlot *slot = data;

    cw_host_free(slot->host);
    g_hash_table_unref(slot->accounts);
    g_free(slot);
}

static void ready_cb(CwHost *host, const CwProtocol *protocol, gpointer data)
{
    CwSlot *slot = data;

    slot->described = TRUE;
    slot->supervisor->speaks = TRUE;
    slot->supervisor->events->described(protocol, slot->supervisor->data);
    cw_supervisor_schedule_turn(slot->supervisor, 0);
}

static void line_cb(CwHost *host, const CwLinkMsg *msg, gpointer data)
{
    CwSlot *slot = data;
    CwAccount *account = g_hash_table_lookup(slot->accounts, GUINT_TO_POINTER(msg->account));

    if (account == NULL)
        return; /* late: it was logged out meanwhile */
    if (msg->kind == CW_LINK_STATE && msg->state == CW_ACCOUNT_OFFLINE) {
        account->offline = TRUE;
        g_hash_table_remove(slot->accounts, GUINT_TO_POINTER(msg->account));
        account->slot = NULL;
        cw_slot_leave(slot);
        cw_supervisor_schedule_turn(slot->supervisor, 0);
    } else if (msg->kind == CW_LINK_STATE && msg->state == CW_ACCOUNT_ONLINE) {
        account->online_at = g_get_monotonic_time();
    }
    account->events->line(msg, account->data);
}

static void ended_cb(CwHost *host, const char *why, gpointer data)
{
    CwSlot *slot = data;
    CwSupervisor *supervisor = slot->supervisor;
    g_autofree char *reason = g_strdup(why == NULL ? "was stopped" : why);
    g_autoptr(GPtrArray) lost = g_ptr_array_new();
    CwHostRemains remains;

    cw_host_remains(host, &remains);
    cw_slot_take_accounts(slot, &remains, lost);
    if (why != NULL) {
        guint wait = cw_slot_next_wait(slot);
        gint64 start = g_get_monotonic_time() + (gint64)wait * 1000;
        supervisor->not_before = MAX(supervisor->not_before, start);
        g_message("%s: a host %s; %u account%s on it; the next starts in %.1f s",
                  supervisor->subject, why, lost->len, lost->len == 1 ? "" : "s", wait / 1000.0);
    }

    cw_slot_write_crash_log(slot, reason, &remains, lost);
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
    cw_supervisor_schedule_turn(supervisor, 0);
}

static const CwHostEvents host_events = {
    .ready = ready_cb,
    .line = line_cb,
    .ended = ended_cb,
};

CwSlot *cw_supervisor_start_host(CwSupervisor *supervisor)
{
    g_autoptr(GError) error = NULL;
    CwSlot *slot = g_new0(CwSlot, 1);

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

/* ---- log-ins and their pace ---- */

/* (transfer full) (nullable) what it has beside its options, with these. */
static GHashTable *whole_values(CwAccount *account)
{
    GHashTable *values =
        account->events->values == NULL ? NULL : account->events->values(account->data);
    GHashTableIter iter;
    gpointer name, value;

    if (values == NULL)
        return NULL;
    if (account->options != NULL) {
        g_hash_table_iter_init(&iter, account->options);
        while (g_hash_table_iter_next(&iter, &name, &value))
            g_hash_table_replace(values, g_strdup(name), g_strdup(value));
    }
    return values;
}

/* `values` (nullable): whole_values() */
static void send_login(CwAccount *account, CwSlot *slot, GHashTable *values)
{
    g_autofree char *data = account->picture == NULL ? NULL : cw_avatar_encode(account->picture);
    CwLinkMsg login = {
        .kind = CW_LINK_LOGIN,
        .username = account->username,
        .password = cw_secret_peek(account->password),
        .values = values == NULL ? account->options : values,
        .show = account->show,
        .status = account->status,
        .name = account->nick,
        .data = data,
        .media = account->picture == NULL ? NULL : account->picture->media,
    };

    account->home = NULL;
    slot->expected--;
    account->slot = slot;
    account->sent_at = cw_supervisor_clock(slot->supervisor);
    account->number = ++slot->last_number;
    login.account = account->number;
    g_hash_table_insert(slot->accounts, GUINT_TO_POINTER(account->number), account);
    cw_host_send(slot->host, &login);
    /* what is on its way is not needed any more here */
    g_clear_pointer(&account->password, cw_secret_unref);
    g_clear_pointer(&account->options, g_hash_table_unref);
    cw_account_set_looks(account, NULL, NULL);
}

/* Many long lines at once would make a host count as stuck. */
static gboolean must_wait(const CwAccount *account, GHashTable *values)
{
    return (account->picture != NULL || values != NULL) &&
           cw_host_is_congested(account->home->host);
}

/* Sends what has a home that is ready, as far as the pace lets it.  ms until it lets more. */
static guint send_logins(CwSupervisor *supervisor)
{
    guint wait = 0, busy = 0, rate = supervisor->transport->logins_per_minute;
    const CwSlot *full = NULL; /* so that what waits is not read for nothing, again and again */

    for (GList *l = supervisor->waiting.head, *next; l != NULL; l = next) {
        CwAccount *account = l->data;
        next = l->next;
        if (account->home == NULL || !cw_host_is_ready(account->home->host))
            continue;
        if (account->home == full)
            continue;
        g_autoptr(GHashTable) values = whole_values(account);
        if (must_wait(account, values)) {
            full = account->home;
            busy = BUSY_WAIT;
            continue;
        }
        if (!cw_pace_take(&supervisor->pace, rate, 60000, MAX(1, rate / 60), &wait))
            break;
        g_queue_unlink(&supervisor->waiting, &account->link);
        send_login(account, account->home, values);
    }
    return wait > 0 && busy > 0 ? MIN(wait, busy) : MAX(wait, busy);
}

/* Keeps one host; stops empty ones beyond the first. */
static void mind_hosts(CwSupervisor *supervisor)
{
    guint alive = 0;

    for (guint i = 0; i < supervisor->slots->len; i++) {
        CwSlot *slot = g_ptr_array_index(supervisor->slots, i);
        if (cw_host_is_ending(slot->host))
            continue;
        alive++;
        if (alive > 1 && supervisor->waiting.length == 0 && cw_host_is_ready(slot->host) &&
            cw_slot_used(slot) == 0)
            cw_host_stop(slot->host);
    }
    if (alive == 0 && cw_supervisor_may_start(supervisor))
        cw_supervisor_start_host(supervisor);
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
    cw_supervisor_find_homes(supervisor);
    guint wait = send_logins(supervisor);
    mind_hosts(supervisor);
    if (wait > 0)
        cw_supervisor_schedule_turn(supervisor, wait);
    gint64 now = g_get_monotonic_time();
    if (now < supervisor->not_before)
        cw_supervisor_schedule_turn(supervisor, (guint)((supervisor->not_before - now) / 1000) + 1);
    return G_SOURCE_REMOVE;
}

/* The soonest wins: its turn sees what the later one was for, and schedules it again. */
void cw_supervisor_schedule_turn(CwSupervisor *supervisor, guint delay)
{
    gint64 due = g_get_monotonic_time() + (gint64)delay * 1000;

    if (!supervisor->started || (supervisor->turn_id != 0 && supervisor->turn_due <= due))
        return;
    g_clear_handle_id(&supervisor->turn_id, cw_timer_remove);
    supervisor->turn_due = due;
    supervisor->turn_id = cw_timer_add(delay, turn_cb, supervisor);
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
    g_clear_handle_id(&supervisor->turn_id, cw_timer_remove);
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
        CwSlot *slot = g_ptr_array_index(supervisor->slots, i);
        cw_host_set_settings(slot->host, &settings->limits, &settings->timing);
    }
}

void cw_supervisor_start(CwSupervisor *supervisor)
{
    supervisor->started = TRUE;
    cw_supervisor_schedule_turn(supervisor, 0);
}

void cw_supervisor_stop(CwSupervisor *supervisor)
{
    supervisor->started = TRUE;
    supervisor->stopping = TRUE;
    for (guint i = 0; i < supervisor->slots->len; i++) {
        CwSlot *slot = g_ptr_array_index(supervisor->slots, i);
        cw_host_stop(slot->host);
    }
    cw_supervisor_schedule_turn(supervisor, 0);
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
        CwSlot *slot = g_ptr_array_index(supervisor->slots, i);
        cw_host_pause(slot->host, yes);
    }
}

gint64 cw_supervisor_clock(const CwSupervisor *supervisor)
{
    gint64 now = supervisor->paused ? supervisor->paused_at : g_get_monotonic_time();

    return now - supervisor->paused_total;
}
