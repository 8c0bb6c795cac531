/* protocols/agents/host.c: the process as a whole, and its words to the gateway
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "protocols/agents/host.h"

#include <string.h>

#include "protocols/agents/watch.h"

CwAgentHost cw_agent_host;

/* ---- to the gateway ---- */

gboolean cw_agent_send(const CwLinkMsg *msg)
{
    return cw_agent_host.peer != NULL && cw_agent_host.greeted &&
           cw_link_peer_send(cw_agent_host.peer, msg);
}

void cw_agent_ack(guint32 account, gint64 id)
{
    if (cw_agent_host.scoreboard != NULL)
        cw_scoreboard_ack(cw_agent_host.scoreboard, account, id);
    cw_agent_send(&(CwLinkMsg){.kind = CW_LINK_ACK, .account = account, .id = id});
}

void cw_agent_nack(guint32 account, gint64 id, CwReason reason, const char *text)
{
    cw_agent_send(&(CwLinkMsg){
        .kind = CW_LINK_NACK, .account = account, .id = id, .reason = reason, .text = text});
}

void cw_agent_log(const char *level, const char *format, ...)
{
    static gboolean inside; /* a line that cannot be sent is logged by the link */
    va_list args;

    if (inside)
        return;
    inside = TRUE;
    va_start(args, format);
    g_autofree char *raw = g_strdup_vprintf(format, args);
    va_end(args);
    g_autofree char *text = g_strescape(raw, "\"\\");
    if (!cw_agent_send(&(CwLinkMsg){.kind = CW_LINK_LOG, .level = level, .text = text}) &&
        !g_str_equal(level, "debug"))
        g_printerr("causeway-agents: %s\n", text);
    inside = FALSE;
}

static void add_commands(GPtrArray *to, const CwAgentCommand *commands)
{
    for (; commands != NULL && commands->word != NULL; commands++) {
        g_autofree char *label = g_strdup_printf("%s: %s", commands->word, commands->help);
        g_ptr_array_add(to,
                        cw_field_new(commands->arguments == NULL ? CW_FIELD_NOTE : CW_FIELD_TEXT,
                                     commands->word, label, commands->arguments));
    }
}

gboolean cw_agent_may_search(const CwAgent *agent)
{
    return agent->search != NULL && (agent->may_search == NULL || agent->may_search());
}

CwProtocol *cw_agent_describe(const CwAgent *agent)
{
    CwProtocol *protocol = cw_protocol_new();

    protocol->id = g_strdup(agent->id);
    protocol->name = g_strdup(agent->name);
    protocol->identity = g_strdup(agent->identity);
    protocol->category = g_strdup(agent->category);
    protocol->example = g_strdup(agent->example);
    protocol->password = CW_PASSWORD_NONE;
    protocol->anonymous = TRUE;
    protocol->local_list = TRUE;
    protocol->search = cw_agent_may_search(agent);
    protocol->caseless = agent->caseless;
    protocol->items = agent->items != NULL;
    add_commands(protocol->commands, agent->commands);
    add_commands(protocol->commands, cw_common_commands);
    return protocol;
}
