/* transport/supervisor-account.c: the accounts, as sessions see them
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "transport/supervisor-private.h"

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
    cw_supervisor_schedule_turn(supervisor, 0);
    return account;
}

void cw_account_set_presence(CwAccount *account, CwShow show, const char *status)
{
    g_free(account->status);
    account->show = show;
    account->status = g_strdup(status);
}

void cw_account_set_looks(CwAccount *account, CwAvatar *picture, const char *nick)
{
    cw_avatar_unref(account->picture);
    g_free(account->nick);
    account->picture = picture == NULL ? NULL : cw_avatar_ref(picture);
    account->nick = g_strdup(nick);
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
        cw_slot_leave(account->slot);
        cw_supervisor_schedule_turn(supervisor, 0);
    } else if (!account->offline) {
        if (account->home != NULL) {
            account->home->expected--;
            cw_slot_leave(account->home);
        }
        g_queue_unlink(&supervisor->waiting, &account->link);
    }
    g_free(account->username);
    cw_secret_unref(account->password);
    g_clear_pointer(&account->options, g_hash_table_unref);
    g_free(account->status);
    cw_account_set_looks(account, NULL, NULL);
    g_free(account);
}
