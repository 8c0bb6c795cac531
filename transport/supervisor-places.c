/* transport/supervisor-places.c: which host an account goes to
 *
 * An account has a home from the moment that a host can have it, also one that is still starting:
 * so it is known how many more hosts are needed, and they start side by side.
 *
 * After a crash the accounts of that host are suspects (suspects.h): they come back on hosts of
 * their own, in groups that get smaller with each crash, until the culprit is alone.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "transport/supervisor-private.h"

#define WATCH_INTERVAL 5000 /* ms */
#define STARTING_MAX 4      /* hosts that start side by side */

/* Suspects that were online for a while are none any more, and their host is one as any other. */
static gboolean suspects_cb(gpointer data)
{
    CwSupervisor *supervisor = data;
    gint64 limit = g_get_monotonic_time() - CW_STEADY_TIME;
    gboolean more = FALSE;
    GHashTableIter iter;
    gpointer value;

    for (guint i = 0; i < supervisor->slots->len; i++) {
        CwSlot *slot = g_ptr_array_index(supervisor->slots, i);
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

guint cw_slot_used(const CwSlot *slot)
{
    return g_hash_table_size(slot->accounts) + slot->expected;
}

/* Suspects are among themselves, on a host that no other account comes to. */
static gboolean has_place(const CwSupervisor *supervisor, const CwSlot *slot, guint group)
{
    guint used = cw_slot_used(slot), most = supervisor->transport->accounts_per_host;

    if (cw_host_is_ending(slot->host) || (most > 0 && used >= most))
        return FALSE;
    if (group == 0 || slot->group == 0)
        return used == 0 || group == slot->group;
    return used < MIN(group, slot->group);
}

static CwSlot *find_place(const CwSupervisor *supervisor, guint group)
{
    CwSlot *starting = NULL;

    for (guint i = 0; i < supervisor->slots->len; i++) {
        CwSlot *slot = g_ptr_array_index(supervisor->slots, i);
        if (!has_place(supervisor, slot, group))
            continue;
        if (cw_host_is_ready(slot->host))
            return slot;
        if (starting == NULL)
            starting = slot;
    }
    return starting;
}

static void settle(CwAccount *account, CwSlot *slot, guint group)
{
    if (group == 0 || cw_slot_used(slot) == 0)
        slot->group = group;
    else
        slot->group = MIN(slot->group, group);
    slot->expected++;
    account->home = slot;
    if (slot->group != 0)
        watch_suspects(account->supervisor);
}

void cw_slot_leave(CwSlot *slot)
{
    if (cw_slot_used(slot) == 0)
        slot->group = 0;
}

/* While no host says hello, one at a time is tried. */
gboolean cw_supervisor_may_start(const CwSupervisor *supervisor)
{
    guint starting = 0;

    for (guint i = 0; i < supervisor->slots->len; i++) {
        const CwSlot *slot = g_ptr_array_index(supervisor->slots, i);
        starting += !slot->described && !cw_host_is_ending(slot->host);
    }
    return g_get_monotonic_time() >= supervisor->not_before &&
           starting < (supervisor->speaks ? STARTING_MAX : 1);
}

void cw_supervisor_find_homes(CwSupervisor *supervisor)
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
        CwSlot *slot = find_place(supervisor, group);
        if (slot == NULL && cw_supervisor_may_start(supervisor))
            slot = cw_supervisor_start_host(supervisor);
        if (slot != NULL)
            settle(account, slot, group);
        else
            full |= group == 0;
    }
}
