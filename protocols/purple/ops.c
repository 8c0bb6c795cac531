/* protocols/purple/ops.c: UI ops that have little to say: transfers, privacy, idle
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <libpurple/purple.h>

#include "protocols/purple/account.h"
#include "protocols/purple/ask.h"
#include "protocols/purple/buddies.h"
#include "protocols/purple/core.h"
#include "protocols/purple/host.h"
#include "protocols/purple/message.h"
#include "protocols/purple/notify.h"
#include "protocols/purple/room-list.h"

/* ---- transfers: refused for now, whoever begins them ---- */

static void file_request_cb(PurpleXfer *xfer, gpointer data)
{
    CwAccount *account = cw_account_of(purple_xfer_get_account(xfer));
    const char *who = purple_xfer_get_remote_user(xfer);
    const char *name = purple_xfer_get_filename(xfer);
    if (account != NULL) {
        g_autofree char *size = g_format_size(purple_xfer_get_size(xfer));
        g_autofree char *text = g_strdup_printf(
            "%s wants to send you the file '%s' (%s). Files are not supported yet; it was turned "
            "down.",
            who != NULL ? who : "Somebody", name != NULL ? name : "?", size);
        cw_host_notice(account->number, NULL, text);
    }
    /* libpurple does the rest, and writes so into the conversation: that refuses no message */
    xfer->status = PURPLE_XFER_STATUS_CANCEL_LOCAL;
    cw_messages_mute(TRUE);
}

static void xfer_cb(PurpleXfer *xfer)
{
}

static void cancel_cb(PurpleXfer *xfer)
{
    cw_messages_mute(FALSE);
}

static void xfer_progress_cb(PurpleXfer *xfer, double percent)
{
}

static PurpleXferUiOps xfer_ops = {
    .new_xfer = xfer_cb,
    .destroy = xfer_cb,
    .add_xfer = xfer_cb,
    .update_progress = xfer_progress_cb,
    .cancel_local = cancel_cb,
    .cancel_remote = cancel_cb,
};

/* ---- privacy, idle ---- */

static void privacy_cb(PurpleAccount *account, const char *name)
{
}

static PurplePrivacyUiOps privacy_ops = {
    .permit_added = privacy_cb,
    .permit_removed = privacy_cb,
    .deny_added = privacy_cb,
    .deny_removed = privacy_cb,
};

static time_t get_time_idle(void)
{
    return 0; /* the user's client says "away" by itself */
}

static PurpleIdleUiOps idle_ops = {.get_time_idle = get_time_idle};

void cw_ops_install(void)
{
    purple_blist_set_ui_ops(cw_buddies_ops());
    purple_request_set_ui_ops(cw_ask_ops());
    purple_notify_set_ui_ops(cw_notify_ops());
    purple_xfers_set_ui_ops(&xfer_ops);
    purple_roomlist_set_ui_ops(cw_room_list_ops());
    purple_privacy_set_ui_ops(&privacy_ops);
    purple_idle_set_ui_ops(&idle_ops);
}

void cw_ops_connect(void)
{
    purple_signal_connect(purple_xfers_get_handle(), "file-recv-request", &xfer_ops,
                          PURPLE_CALLBACK(file_request_cb), NULL);
}

void cw_ops_disconnect(void)
{
    purple_signals_disconnect_by_handle(&xfer_ops);
}
