/* protocols/agents/main.c: causeway-agents, the host of one information agent
 *
 *     gateway <=fd 3=> this process <=> HTTP
 *
 * --check starts the agent without a link: the gateway does that before anything else, so that an
 * admin's mistake shows at once.
 *
 * Waits for the gateway's hello, answers with what the agent is, then serves lines until the
 * gateway closes (0), a line breaks the rules (1) or SIGTERM comes (0).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <fcntl.h>
#include <glib-unix.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "protocols/agents/files.h"
#include "protocols/agents/host.h"
#include "protocols/agents/http.h"
#include "protocols/agents/thing.h"
#include "protocols/agents/watch.h"

#define LINK_FD 3
#define HIGH_WATER (256 * 1024) /* bytes for the gateway */
#define LAST_WORDS 1000         /* ms to write what is queued at the end */

enum { EXIT_OK = 0, EXIT_LINK = 1, EXIT_USAGE = 64, EXIT_CONFIG = 78 };

static GMainLoop *loop;
static int exit_code = EXIT_OK;

static void stop(int code)
{
    if (exit_code == EXIT_OK)
        exit_code = code;
    g_main_loop_quit(loop);
}

/* ---- the link ---- */

static void serve_hello(const CwLinkMsg *msg)
{
    g_autoptr(CwProtocol) protocol = cw_agent_describe(cw_agent_host.agent);

    if (msg->version != CW_LINK_VERSION) {
        g_printerr("causeway-agents: the gateway speaks version %" G_GINT64_FORMAT
                   " of the link, this host %d\n",
                   msg->version, CW_LINK_VERSION);
        stop(EXIT_LINK);
        return;
    }
    cw_agent_host.greeted = TRUE;
    cw_agent_send(
        &(CwLinkMsg){.kind = CW_LINK_HELLO, .version = CW_LINK_VERSION, .protocol = protocol});
}

static void message_cb(const CwLinkMsg *msg, gpointer data)
{
    if (cw_agent_host.greeted == (msg->kind == CW_LINK_HELLO)) {
        g_printerr("causeway-agents: %s from the gateway %s\n", cw_link_kind_to_string(msg->kind),
                   cw_agent_host.greeted ? "a second time" : "before its hello");
        stop(EXIT_LINK);
    } else if (msg->kind == CW_LINK_HELLO) {
        serve_hello(msg);
    } else if (msg->kind == CW_LINK_PING) {
        cw_agent_send(&(CwLinkMsg){.kind = CW_LINK_PONG, .id = msg->id});
    } else {
        cw_readers_take_line(msg);
    }
}

static void closed_cb(const GError *error, gpointer data)
{
    /* a reset is a close as well: of a gateway that has not read all that we said */
    gboolean in_order = g_error_matches(error, CW_LINK_ERROR, CW_LINK_ERROR_CLOSED) ||
                        g_error_matches(error, CW_LINK_ERROR, CW_LINK_ERROR_IO);

    if (!in_order)
        g_printerr("causeway-agents: the link: %s\n", error->message);
    g_clear_pointer(&cw_agent_host.peer, cw_link_peer_free);
    stop(in_order ? EXIT_OK : EXIT_LINK);
}

static const CwLinkPeerEvents link_events = {.message = message_cb, .closed = closed_cb};

/* ---- the process ---- */

static gboolean term_cb(gpointer data)
{
    stop(EXIT_OK);
    return G_SOURCE_CONTINUE;
}

static const CwAgent *find_agent(const char *id)
{
    for (guint i = 0; cw_agents[i] != NULL; i++) {
        if (g_str_equal(cw_agents[i]->id, id))
            return cw_agents[i];
    }
    return NULL;
}

static void print_agents(void)
{
    for (guint i = 0; cw_agents[i] != NULL; i++)
        g_print("%s: %s, such as %s\n", cw_agents[i]->id, cw_agents[i]->name,
                cw_agents[i]->example);
}

/* NAME=VALUE */
static gboolean read_settings(char **texts, GError **error)
{
    for (guint i = 0; texts != NULL && texts[i] != NULL; i++) {
        char *equals = strchr(texts[i], '=');
        if (equals == NULL || !g_utf8_validate(texts[i], -1, NULL)) {
            g_set_error(error, CW_AGENT_ERROR, CW_AGENT_ERROR_SETTING,
                        "--set %s: expected NAME=VALUE in UTF-8", texts[i]);
            return FALSE;
        }
        g_hash_table_insert(cw_agent_host.settings, g_strndup(texts[i], (gsize)(equals - texts[i])),
                            g_strdup(equals + 1));
    }
    return TRUE;
}

static void refuse_agent(const char *id, GError **error)
{
    g_autoptr(GString) all = g_string_new(NULL);

    for (guint i = 0; cw_agents[i] != NULL; i++)
        g_string_append_printf(all, "%s%s", i == 0 ? "" : ", ", cw_agents[i]->id);
    g_set_error(error, CW_AGENT_ERROR, CW_AGENT_ERROR_SETTING,
                "protocol: there is no agent '%s', expected one of %s", id, all->str);
}

/* The agent reads all its settings here. */
static gboolean start_agent(const char *id, char **settings, gboolean only_check, GError **error)
{
    const CwAgent *agent = find_agent(id);
    guint interval = 0;

    cw_agent_host.agent = agent;
    if (agent == NULL) {
        refuse_agent(id, error);
        return FALSE;
    }
    return read_settings(settings, error) &&
           cw_agent_setting_number("interval", 1, 86400, &interval, error) &&
           cw_push_start(error) && cw_http_start(error) && cw_files_start(only_check, error) &&
           (agent->start == NULL || agent->start(error));
}

static void stop_agent(void)
{
    if (cw_agent_host.agent->stop != NULL)
        cw_agent_host.agent->stop();
    cw_files_stop();
    cw_http_stop();
}

/* In UTF-8, whatever the locale: the gateway reads it. */
static int check(const char *id, char **settings)
{
    g_autoptr(GError) error = NULL;

    if (!start_agent(id, settings, TRUE, &error)) {
        fprintf(stderr, "causeway-agents: %s\n", error->message);
        return EXIT_CONFIG;
    }
    g_autoptr(GPtrArray) unknown = cw_agent_unknown_settings();
    for (guint i = 0; i < unknown->len; i++)
        fprintf(stderr, "causeway-agents: %s\n", (const char *)g_ptr_array_index(unknown, i));
    stop_agent();
    return EXIT_OK;
}

/* What keeps the agent from working is for the gateway's log, too. */
static int fail(const char *text)
{
    fprintf(stderr, "causeway-agents: %s\n", text);
    cw_link_peer_send(cw_agent_host.peer,
                      &(CwLinkMsg){.kind = CW_LINK_LOG, .level = "warning", .text = text});
    cw_link_peer_flush(cw_agent_host.peer, LAST_WORDS);
    return EXIT_CONFIG;
}

static int serve(const char *id, char **settings)
{
    struct stat status;
    g_autoptr(GError) error = NULL;

    if (fstat(LINK_FD, &status) != 0 || !S_ISSOCK(status.st_mode)) {
        g_printerr("causeway-agents: descriptor %d is not a socket; the gateway starts this "
                   "program with one (--list and --help work by hand)\n",
                   LINK_FD);
        return EXIT_USAGE;
    }
    fcntl(LINK_FD, F_SETFD, FD_CLOEXEC);
    cw_agent_host.peer = cw_link_peer_new(LINK_FD, CW_LINK_HOST, HIGH_WATER, 0, &link_events, NULL);
    if (!start_agent(id, settings, FALSE, &error))
        return fail(error->message);
    cw_agent_host.scoreboard = cw_scoreboard_attach(CW_SCOREBOARD_FD);
    cw_link_peer_set_scoreboard(cw_agent_host.peer, cw_agent_host.scoreboard);
    cw_things_start();
    cw_readers_start();
    g_main_loop_run(loop);
    cw_readers_stop();
    cw_things_stop();
    stop_agent();
    if (cw_agent_host.peer != NULL)
        cw_link_peer_flush(cw_agent_host.peer, LAST_WORDS);
    return exit_code;
}

static int run(const char *id, char **settings, gboolean only_check)
{
    cw_agent_host.settings = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    cw_agent_host.asked = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    loop = g_main_loop_new(NULL, FALSE);
    guint term = g_unix_signal_add(SIGTERM, term_cb, NULL);
    guint interrupt = g_unix_signal_add(SIGINT, term_cb, NULL);
    int code = only_check ? check(id, settings) : serve(id, settings);

    g_source_remove(term);
    g_source_remove(interrupt);
    g_clear_pointer(&cw_agent_host.peer, cw_link_peer_free);
    g_clear_pointer(&cw_agent_host.scoreboard, cw_scoreboard_free);
    g_clear_pointer(&cw_agent_host.settings, g_hash_table_unref);
    g_clear_pointer(&cw_agent_host.asked, g_hash_table_unref);
    g_main_loop_unref(loop);
    return code;
}

int main(int argc, char **argv)
{
    g_autofree char *id = NULL;
    g_auto(GStrv) settings = NULL;
    gboolean list = FALSE, version = FALSE, only_check = FALSE;
    const GOptionEntry entries[] = {
        {"agent", 'a', 0, G_OPTION_ARG_STRING, &id, "be this agent; the link is on descriptor 3",
         "ID"},
        {"set", 's', 0, G_OPTION_ARG_FILENAME_ARRAY, &settings, "a setting of the agent",
         "NAME=VALUE"},
        {"check", 0, 0, G_OPTION_ARG_NONE, &only_check, "say what is wrong with the settings",
         NULL},
        {"list", 'l', 0, G_OPTION_ARG_NONE, &list, "print the agents that there are", NULL},
        {"version", 'V', 0, G_OPTION_ARG_NONE, &version, "print the version", NULL},
        {NULL},
    };
    g_autoptr(GError) error = NULL;
    g_autoptr(GOptionContext) context = g_option_context_new("- host of an information agent");

    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse(context, &argc, &argv, &error)) {
        g_printerr("causeway-agents: %s\n", error->message);
        return EXIT_USAGE;
    }
    if (version || list) {
        if (version)
            g_print("causeway-agents %s\n", CW_VERSION);
        else
            print_agents();
        return EXIT_OK;
    }
    if (id == NULL) {
        g_autofree char *help = g_option_context_get_help(context, TRUE, NULL);
        g_printerr("%s", help);
        return EXIT_USAGE;
    }
    signal(SIGPIPE, SIG_IGN);
    return run(id, settings, only_check);
}
