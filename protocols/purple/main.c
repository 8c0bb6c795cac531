/* protocols/purple/main.c: causeway-purple, the host of one libpurple plugin
 *
 *     gateway <=fd 3=> this process <=> libpurple <=> the network
 *
 * Waits for the gateway's hello, answers with what the plugin wants to know, then serves lines
 * until the gateway closes (0), a line breaks the rules (1) or SIGTERM comes (0).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <fcntl.h>
#include <glib-unix.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "protocols/purple/account.h"
#include "protocols/purple/ask.h"
#include "protocols/purple/buddies.h"
#include "protocols/purple/core.h"
#include "protocols/purple/describe.h"
#include "protocols/purple/eventloop.h"
#include "protocols/purple/host.h"
#include "protocols/purple/info.h"
#include "protocols/purple/looks.h"
#include "protocols/purple/markup.h"
#include "protocols/purple/message.h"
#include "protocols/purple/room-list.h"
#include "protocols/purple/rooms.h"
#include "protocols/purple/search.h"
#include "protocols/purple/sent.h"
#include "protocols/purple/stanza.h"

#define LINK_FD 3
#define HIGH_WATER (256 * 1024) /* bytes for the gateway; over it the network waits */
#define LAST_WORDS 1000         /* ms to write what is queued at the end */

enum { EXIT_OK = 0, EXIT_LINK = 1, EXIT_USAGE = 64, EXIT_CONFIG = 78 };

#ifdef __SANITIZE_ADDRESS__
/* GLib and libpurple have no frame pointers: without slow unwinding every leak is g_malloc()'s, and
 * tests/lsan.supp could name none. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "fast_unwind_on_malloc=0:malloc_context_size=30";
}

/* libpurple looks into every plugin in its folder and closes those that it has no use for.  For the
 * leak checker to name what they leave behind, they stay. */
int dlclose(void *handle);
int dlclose(void *handle)
{
    return 0;
}
#endif

static GMainLoop *loop;
static int exit_code = EXIT_OK;
static GThread *main_thread;

static void stop(int code)
{
    if (exit_code == EXIT_OK)
        exit_code = code;
    g_main_loop_quit(loop);
}

/* ---- the link ---- */

static void serve_hello(const CwLinkMsg *msg)
{
    if (msg->version != CW_LINK_VERSION) {
        g_printerr("causeway-purple: the gateway speaks version %" G_GINT64_FORMAT
                   " of the link, this host %d\n",
                   msg->version, CW_LINK_VERSION);
        stop(EXIT_LINK);
        return;
    }
    cw_host.greeted = TRUE;
    cw_host_send(&(CwLinkMsg){
        .kind = CW_LINK_HELLO, .version = CW_LINK_VERSION, .protocol = cw_host.protocol});
}

/* A line for an account that is not, or not any more, there: the gateway may not know yet. */
static void refuse_line(const CwLinkMsg *msg)
{
    if (msg->id != 0 && (msg->kind == CW_LINK_MESSAGE || msg->kind == CW_LINK_CONTACT_ADD ||
                         msg->kind == CW_LINK_INFO || msg->kind == CW_LINK_SEARCH ||
                         msg->kind == CW_LINK_NORMALIZE || msg->kind == CW_LINK_ROOMS ||
                         msg->kind == CW_LINK_COMMAND))
        cw_host_nack(msg->account, msg->id, CW_REASON_NOT_ONLINE, "the account is not logged in");
    else if (msg->kind == CW_LINK_LOGOUT && cw_account_find(msg->account) == NULL)
        cw_host_send(&(CwLinkMsg){.kind = CW_LINK_STATE,
                                  .account = msg->account,
                                  .state = CW_ACCOUNT_OFFLINE,
                                  .reason = CW_REASON_NONE});
}

static void normalize(const CwAccount *account, const CwLinkMsg *msg)
{
    g_autofree char *name = cw_account_normalize(account, msg->contact);

    if (name == NULL)
        cw_host_nack(account->number, msg->id, CW_REASON_NO_CONTACT,
                     "there can be no contact of that name");
    else
        cw_host_send(&(CwLinkMsg){
            .kind = CW_LINK_NORMALIZE, .account = account->number, .id = msg->id, .contact = name});
}

static void serve_account_line(CwAccount *account, const CwLinkMsg *msg)
{
    cw_eventloop_set_owner(account->serial);
    switch (msg->kind) {
    case CW_LINK_LOGOUT:
        cw_account_logout(account);
        break;
    case CW_LINK_PRESENCE:
        cw_account_set_presence(account, msg->show, msg->status, msg->idle);
        break;
    case CW_LINK_MESSAGE:
        cw_message_send(account, msg);
        break;
    case CW_LINK_TYPING:
        cw_message_typing(account, msg);
        break;
    case CW_LINK_CONTACT_ADD:
        cw_buddies_add(account, msg);
        break;
    case CW_LINK_CONTACT_REMOVE:
        cw_buddies_remove(account, msg);
        break;
    case CW_LINK_CONTACT_RENAME:
        cw_buddies_rename(account, msg);
        break;
    case CW_LINK_AUTHORIZE:
    case CW_LINK_DENY:
        cw_buddies_answer(account, msg);
        break;
    case CW_LINK_ANSWER:
        cw_ask_answer(account, msg);
        break;
    case CW_LINK_INFO:
        cw_infos_ask(account, msg);
        break;
    case CW_LINK_ROOM_JOIN:
        cw_room_join(account, msg);
        break;
    case CW_LINK_ROOM_LEAVE:
        cw_room_leave(account, msg);
        break;
    case CW_LINK_ROOM_MESSAGE:
        cw_room_message(account, msg);
        break;
    case CW_LINK_ROOM_PRIVATE:
        cw_room_private(account, msg);
        break;
    case CW_LINK_ROOM_SUBJECT:
        cw_room_subject(account, msg);
        break;
    case CW_LINK_ROOM_NICK:
    case CW_LINK_ROOM_SET:
    case CW_LINK_ROOM_INVITE:
        cw_room_command(account, msg);
        break;
    case CW_LINK_ROOMS:
        cw_room_list_ask(account, msg);
        break;
    case CW_LINK_ITEMS:
        cw_host_nack(account->number, msg->id, CW_REASON_NO_CONTACT, "contacts publish nothing");
        break;
    case CW_LINK_NORMALIZE:
        normalize(account, msg);
        break;
    case CW_LINK_SEARCH:
        cw_searches_ask(account, msg);
        break;
    case CW_LINK_COMMAND: /* our hello names none */
        cw_host_nack(msg->account, msg->id, CW_REASON_OTHER, "contacts have no commands here");
        break;
    case CW_LINK_AVATAR:
        cw_looks_set_picture(account, msg);
        break;
    case CW_LINK_NICK:
        cw_looks_set_nick(account, msg);
        break;
    case CW_LINK_HELLO:
    case CW_LINK_LOGIN:
    case CW_LINK_PING:
    case CW_LINK_ROOM_JOINED:
    case CW_LINK_ROOM_LEFT:
    case CW_LINK_OCCUPANT:
    case CW_LINK_OCCUPANT_GONE:
    case CW_LINK_ROOM_INVITED:
    case CW_LINK_STATE:
    case CW_LINK_CONTACT:
    case CW_LINK_CONTACT_GONE:
    case CW_LINK_ASK_AUTHORIZATION:
    case CW_LINK_ASK_GONE:
    case CW_LINK_AUTHORIZATION:
    case CW_LINK_QUESTION:
    case CW_LINK_QUESTION_GONE:
    case CW_LINK_NOTICE:
    case CW_LINK_REMEMBER:
    case CW_LINK_ACK:
    case CW_LINK_NACK:
    case CW_LINK_LOG:
    case CW_LINK_PONG:
    case CW_LINK_N_KINDS:
        break;
    }
}

static void message_cb(const CwLinkMsg *msg, gpointer data)
{
    if (cw_host.greeted == (msg->kind == CW_LINK_HELLO)) {
        g_printerr("causeway-purple: %s from the gateway %s\n", cw_link_kind_to_string(msg->kind),
                   cw_host.greeted ? "a second time" : "before its hello");
        stop(EXIT_LINK);
        return;
    }
    if (msg->kind == CW_LINK_HELLO) {
        serve_hello(msg);
    } else if (msg->kind == CW_LINK_PING) {
        cw_host_send(&(CwLinkMsg){.kind = CW_LINK_PONG, .id = msg->id});
    } else if (msg->kind == CW_LINK_LOGIN) {
        cw_account_login(msg);
    } else {
        CwAccount *account = cw_account_find(msg->account);
        if (account == NULL || account->ending)
            refuse_line(msg);
        else
            serve_account_line(account, msg);
    }
    cw_eventloop_set_owner(0);
}

static void closed_cb(const GError *error, gpointer data)
{
    /* a reset is a close as well: of a gateway that has not read all that we said */
    gboolean in_order = g_error_matches(error, CW_LINK_ERROR, CW_LINK_ERROR_CLOSED) ||
                        g_error_matches(error, CW_LINK_ERROR, CW_LINK_ERROR_IO);
    if (!in_order)
        g_printerr("causeway-purple: the link: %s\n", error->message);
    g_clear_pointer(&cw_host.peer, cw_link_peer_free);
    stop(in_order ? EXIT_OK : EXIT_LINK);
}

static void congested_cb(gboolean yes, gpointer data)
{
    cw_eventloop_pause(yes);
}

static const CwLinkPeerEvents link_events = {
    .message = message_cb, .closed = closed_cb, .congested = congested_cb};

/* ---- the process ---- */

/* Plugins call g_critical() for much; it is their maker's business, not the end of the process. */
static void log_cb(const gchar *domain, GLogLevelFlags level, const gchar *text, gpointer data)
{
    if (level & G_LOG_FLAG_RECURSION)
        return;
    /* a thread of a plugin's may not touch the link; after a fatal one nothing is written to it */
    if (g_thread_self() != main_thread || (level & G_LOG_FLAG_FATAL)) {
        g_autofree char *line = cw_text_one_line(text);
        g_printerr("causeway-purple: %s: %s\n", domain != NULL ? domain : "log", line);
        return;
    }
    gboolean loud = (level & (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_WARNING)) != 0;
    if (loud)
        cw_host_log("warning", 0, "%s: %s", domain != NULL ? domain : "log", text);
    else if (level & (G_LOG_LEVEL_MESSAGE | G_LOG_LEVEL_INFO))
        cw_host_log("info", 0, "%s: %s", domain != NULL ? domain : "log", text);
}

static gboolean term_cb(gpointer data)
{
    stop(EXIT_OK);
    return G_SOURCE_CONTINUE;
}

static gboolean is_socket(int fd)
{
    struct stat status;
    return fstat(fd, &status) == 0 && S_ISSOCK(status.st_mode);
}

static int serve(const char *protocol)
{
    cw_host.plugin = purple_find_prpl(protocol);
    if (cw_host.plugin == NULL) {
        g_autofree char *ids = cw_describe_ids();
        g_autofree char *text = g_strdup_printf("there is no plugin '%s' here; there are: %s",
                                                protocol, *ids != '\0' ? ids : "none");
        g_printerr("causeway-purple: %s\n", text);
        if (is_socket(LINK_FD)) {
            cw_host.peer = cw_link_peer_new(LINK_FD, CW_LINK_HOST, 0, 0, &link_events, NULL);
            cw_link_peer_send(cw_host.peer,
                              &(CwLinkMsg){.kind = CW_LINK_LOG, .level = "warning", .text = text});
            cw_link_peer_flush(cw_host.peer, LAST_WORDS);
        }
        return EXIT_CONFIG;
    }
    if (!is_socket(LINK_FD)) {
        g_printerr(
            "causeway-purple: descriptor %d is not a socket; the gateway starts this program "
            "with one (--list and --help work by hand)\n",
            LINK_FD);
        return EXIT_USAGE;
    }
    fcntl(LINK_FD, F_SETFD, FD_CLOEXEC);
    cw_host.info = PURPLE_PLUGIN_PROTOCOL_INFO(cw_host.plugin);
    cw_host.defaults = cw_purple_defaults_find(protocol);
    cw_host.protocol = cw_describe_plugin(cw_host.plugin);
    cw_stanza_connect();
    cw_sent_connect();
    cw_room_signs_connect();
    cw_host.scoreboard = cw_scoreboard_attach(CW_SCOREBOARD_FD);
    cw_host.peer = cw_link_peer_new(LINK_FD, CW_LINK_HOST, HIGH_WATER, 0, &link_events, NULL);
    cw_link_peer_set_scoreboard(cw_host.peer, cw_host.scoreboard);
    g_main_loop_run(loop);
    cw_accounts_end_all(CW_REASON_HOST, "the host is stopping");
    if (cw_host.peer != NULL)
        cw_link_peer_flush(cw_host.peer, LAST_WORDS);
    return exit_code;
}

static int run(const char *protocol, const char *plugin_path, gboolean list)
{
    g_autoptr(GError) error = NULL;
    if (!cw_core_start(plugin_path, &error)) {
        g_printerr("causeway-purple: %s\n", error->message);
        return EXIT_CONFIG;
    }
    int code = EXIT_OK;
    if (list) {
        g_autofree char *text = cw_describe_all();
        fputs(text, stdout);
    } else {
        code = serve(protocol);
    }
    g_clear_pointer(&cw_host.peer, cw_link_peer_free);
    cw_host.greeted = FALSE;
    cw_core_stop();
    g_clear_pointer(&cw_host.protocol, cw_protocol_free);
    g_clear_pointer(&cw_host.scoreboard, cw_scoreboard_free);
    return code;
}

int main(int argc, char **argv)
{
    g_autofree char *protocol = NULL;
    g_autofree char *plugin_path = NULL;
    gboolean list = FALSE, version = FALSE;
    const GOptionEntry entries[] = {
        {"protocol", 'p', 0, G_OPTION_ARG_STRING, &protocol,
         "carry accounts of this plugin; the link is on descriptor 3", "ID"},
        {"plugin-path", 0, 0, G_OPTION_ARG_FILENAME, &plugin_path, "where further plugins are",
         "DIR[:DIR…]"},
        {"list", 'l', 0, G_OPTION_ARG_NONE, &list, "print the plugins that are found", NULL},
        {"version", 'V', 0, G_OPTION_ARG_NONE, &version, "print the version", NULL},
        {NULL},
    };
    g_autoptr(GError) error = NULL;
    g_autoptr(GOptionContext) context = g_option_context_new("- host of a libpurple plugin");
    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse(context, &argc, &argv, &error)) {
        g_printerr("causeway-purple: %s\n", error->message);
        return EXIT_USAGE;
    }
    if (version) {
        g_print("causeway-purple %s (libpurple %s)\n", CW_VERSION, purple_core_get_version());
        return EXIT_OK;
    }
    if (!list && protocol == NULL) {
        g_autofree char *help = g_option_context_get_help(context, TRUE, NULL);
        g_printerr("%s", help);
        return EXIT_USAGE;
    }
    main_thread = g_thread_self();
    signal(SIGPIPE, SIG_IGN);
    g_log_set_default_handler(log_cb, NULL);
    g_unix_signal_add(SIGTERM, term_cb, NULL);
    g_unix_signal_add(SIGINT, term_cb, NULL);
    loop = g_main_loop_new(NULL, FALSE);
    int code = run(protocol, plugin_path, list);
    g_main_loop_unref(loop);
    return code;
}
