/* protocols/agents/host.h: the process as a whole, and its words to the gateway
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include "protocols/agents/agent.h"

G_BEGIN_DECLS

typedef struct {
    CwLinkPeer *peer;         /* NULL: its end has closed */
    CwScoreboard *scoreboard; /* NULL: the gateway gave none */
    gboolean greeted;         /* our hello is out: lines may follow */
    const CwAgent *agent;
    GHashTable *settings; /* char * -> char * */
    GHashTable *asked;    /* char *: those that the agent or the host asked for */
} CwAgentHost;

extern CwAgentHost cw_agent_host;

/* FALSE: there is no gateway, or the line would be too long (logged). */
gboolean cw_agent_send(const CwLinkMsg *msg);
void cw_agent_ack(guint32 account, gint64 id);
void cw_agent_nack(guint32 account, gint64 id, CwReason reason, const char *text);
/* A text for each setting that nobody asked for, behind the start of the agent: it is misspelt, or
 * another agent's.  (transfer full) */
GPtrArray *cw_agent_unknown_settings(void);
gboolean cw_agent_may_search(const CwAgent *agent);
/* What the gateway is told of this agent.  (transfer full) */
CwProtocol *cw_agent_describe(const CwAgent *agent);

G_END_DECLS
