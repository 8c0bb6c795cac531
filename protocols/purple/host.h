/* protocols/purple/host.h: the process as a whole, and its words to the gateway
 *
 * libpurple is one instance a process and its UI ops carry no user data, so there is exactly one
 * CwHost.  Everything that goes to the gateway goes through the functions here.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include <libpurple/purple.h>

#include "protocols/purple/defaults.h"
#include "transport/link.h"

G_BEGIN_DECLS

typedef struct {
    CwLinkPeer *peer;         /* NULL: no gateway (--list), or its end has closed */
    CwScoreboard *scoreboard; /* NULL: the gateway gave none */
    gboolean greeted;         /* our hello is out: lines may follow */
    PurplePlugin *plugin;
    PurplePluginProtocolInfo *info; /* of plugin */
    const CwPurpleDefaults *defaults;
    CwProtocol *protocol;
} CwHost;

extern CwHost cw_host;

/* FALSE: there is no gateway, or the line would be too long (logged). */
gboolean cw_host_send(const CwLinkMsg *msg);
void cw_host_ack(guint32 account, gint64 id);
void cw_host_nack(guint32 account, gint64 id, CwReason reason, const char *text);
void cw_host_notice(guint32 account, const char *title, const char *text);

/* `level`: "debug", "info", "warning".  To stderr before the hello.  Never with a secret. */
void cw_host_log(const char *level, guint32 account, const char *format, ...) G_GNUC_PRINTF(3, 4);

G_END_DECLS
