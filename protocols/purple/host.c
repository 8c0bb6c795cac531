/* protocols/purple/host.c: the process as a whole, and its words to the gateway
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "protocols/purple/host.h"

#include "protocols/purple/markup.h"

CwHost cw_host;

gboolean cw_host_send(const CwLinkMsg *msg)
{
    return cw_host.peer != NULL && cw_host.greeted && cw_link_peer_send(cw_host.peer, msg);
}

void cw_host_ack(guint32 account, gint64 id)
{
    if (cw_host.scoreboard != NULL)
        cw_scoreboard_ack(cw_host.scoreboard, account, id);
    cw_host_send(&(CwLinkMsg){.kind = CW_LINK_ACK, .account = account, .id = id});
}

void cw_host_nack(guint32 account, gint64 id, CwReason reason, const char *text)
{
    cw_host_send(&(CwLinkMsg){
        .kind = CW_LINK_NACK, .account = account, .id = id, .reason = reason, .text = text});
}

void cw_host_notice(guint32 account, const char *title, const char *text)
{
    g_autofree char *clean = cw_text_clean(text);
    cw_host_send(
        &(CwLinkMsg){.kind = CW_LINK_NOTICE, .account = account, .title = title, .text = clean});
}

void cw_host_log(const char *level, guint32 account, const char *format, ...)
{
    /* A log line that cannot be sent is logged by the link, which must not come back here. */
    static gboolean inside;
    if (inside)
        return;
    inside = TRUE;
    va_list args;
    va_start(args, format);
    g_autofree char *raw = g_strdup_vprintf(format, args);
    va_end(args);
    g_autofree char *text = cw_text_one_line(raw);
    if (cw_host.peer != NULL && cw_host.greeted)
        cw_host_send(
            &(CwLinkMsg){.kind = CW_LINK_LOG, .account = account, .level = level, .text = text});
    else if (g_strcmp0(level, "debug") != 0)
        g_printerr("causeway-purple: %s\n", text);
    inside = FALSE;
}
