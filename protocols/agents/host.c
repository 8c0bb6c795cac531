/* protocols/agents/host.c: the process as a whole, and its words to the gateway
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "protocols/agents/host.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "protocols/agents/watch.h"

#define SECRET_MOST 4096 /* bytes of a file with a key */

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

/* ---- settings ---- */

const char *cw_agent_setting(const char *name)
{
    if (!g_hash_table_contains(cw_agent_host.asked, name))
        g_hash_table_add(cw_agent_host.asked, g_strdup(name));
    return g_hash_table_lookup(cw_agent_host.settings, name);
}

const char *cw_agent_setting_or(const char *name, const char *otherwise)
{
    const char *value = cw_agent_setting(name);

    return value == NULL ? otherwise : value;
}

const char *cw_agent_unknown_setting(void)
{
    GHashTableIter iter;
    gpointer name;

    g_hash_table_iter_init(&iter, cw_agent_host.settings);
    while (g_hash_table_iter_next(&iter, &name, NULL)) {
        if (!g_hash_table_contains(cw_agent_host.asked, name))
            return name;
    }
    return NULL;
}

gboolean cw_agent_setting_number(const char *name, guint least, guint most, guint *value,
                                 GError **error)
{
    const char *text = cw_agent_setting(name);
    guint64 number = 0;

    if (text == NULL)
        return TRUE;
    if (!g_ascii_string_to_unsigned(text, 10, least, most, &number, NULL)) {
        g_set_error(error, CW_AGENT_ERROR, CW_AGENT_ERROR_SETTING,
                    "agent.%s: found '%s', expected a number from %u to %u", name, text, least,
                    most);
        return FALSE;
    }
    *value = (guint)number;
    return TRUE;
}

gboolean cw_agent_setting_yes(const char *name)
{
    return g_strcmp0(cw_agent_setting(name), "true") == 0;
}

char *cw_agent_setting_secret(const char *name, GError **error)
{
    const char *path = cw_agent_setting(name);
    struct stat status;
    g_autofree char *text = NULL;
    gsize length = 0;

    if (path == NULL)
        return NULL;
    if (stat(path, &status) != 0) {
        g_set_error(error, CW_AGENT_ERROR, CW_AGENT_ERROR_SETTING, "agent.%s: %s: %s", name, path,
                    g_strerror(errno));
        return NULL;
    }
    if ((status.st_mode & 077) != 0 || status.st_size > SECRET_MOST) {
        g_set_error(error, CW_AGENT_ERROR, CW_AGENT_ERROR_SETTING,
                    "agent.%s: %s: expected a small file that only its owner can read (chmod 600)",
                    name, path);
        return NULL;
    }
    if (!g_file_get_contents(path, &text, &length, error))
        return NULL;
    char *secret = g_strstrip(g_strdup(text));
    explicit_bzero(text, length);
    return secret;
}
