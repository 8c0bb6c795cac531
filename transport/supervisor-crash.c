/* transport/supervisor-crash.c: what follows from the end of a host
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#define G_LOG_DOMAIN "transport"

#include "transport/crash-log.h"
#include "transport/supervisor-private.h"

/* Of an account on a host that crashed. */
static CwServing find_serving(const CwAccount *account, const CwHostRemains *remains)
{
    if (!remains->kept)
        return CW_SERVING_UNKNOWN;
    if (remains->scoreboard.serving == 0)
        return CW_SERVING_NOBODY;
    return remains->scoreboard.serving == account->number ? CW_SERVING_IT : CW_SERVING_OTHER;
}

void cw_slot_take_accounts(CwSlot *slot, const CwHostRemains *remains, GPtrArray *lost)
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
        if (account->guilty) {
            g_autofree char *name = g_strescape(account->username, NULL);
            g_message("%s: the account %s crashed its host", supervisor->subject, name);
        }
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
void cw_slot_write_crash_log(const CwSlot *slot, const char *why, const CwHostRemains *remains,
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

/* It grows with crashes in a row, but not with those of suspects: each of them brings the culprit
 * nearer, and others wait for their host. */
guint cw_slot_next_wait(const CwSlot *slot)
{
    CwSupervisor *supervisor = slot->supervisor;
    CwBackoff first = {.first = supervisor->backoff.first, .max = supervisor->backoff.max};

    if (slot->described && slot->group != 0)
        return cw_backoff_next(&first, NULL);
    /* a row is over when hosts could start, and none crashed */
    if (g_get_monotonic_time() - supervisor->not_before > CW_STEADY_TIME)
        cw_backoff_reset(&supervisor->backoff);
    return cw_backoff_next(&supervisor->backoff, NULL);
}
