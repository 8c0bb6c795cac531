/* component/main.c: the gateway program: arguments, settings, signals, one component a transport
 *
 * Exit status: 0 after an orderly stop; 78 (EX_CONFIG) when the settings are wrong, or when the
 * server refuses every transport before one was ever up (C21); 1 when something else cannot start.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#define G_LOG_DOMAIN "causeway"

#include <glib-unix.h>
#include <glib/gstdio.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "component/component.h"
#include "component/icon.h"

#define EXIT_CONFIG 78
#define DAY (24 * 60 * 60)               /* s */
#define EXPIRE_INTERVAL (60 * 60 * 1000) /* ms */

typedef struct {
    char *config_path;
    CwSettings *settings;
    const CwSettings *first; /* what the streams, the store and the hosts were set up with */
    GPtrArray *old_settings; /* replaced by SIGHUP; a component that is in none since looks at its
                                last ones */
    CwStore *store;
    GPtrArray *components; /* CwComponent * */
    GPtrArray *refused;    /* those whose first answer was a refusal, and none was up since */
    GMainLoop *loop;
    guint expire_id;
    guint running;
    gboolean ever_up, stopping;
    int status;
} Gateway;

/* ---- logs ---- */

static gboolean log_debug;

/* A line stays one, whatever a network or a server had in what is quoted in it. */
static void append_message(GString *line, const char *message)
{
    g_autofree char *valid = g_utf8_make_valid(message, -1);

    for (const char *p = valid; *p != '\0'; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);
        if (g_unichar_iscntrl(c))
            g_string_append_printf(line, "\\x%02x", c);
        else
            g_string_append_unichar(line, c);
    }
}

/* One line each, with the level that systemd's journal reads when it stands behind stderr. */
static GLogWriterOutput write_log(GLogLevelFlags level, const GLogField *fields, gsize n_fields,
                                  gpointer data)
{
    static const struct {
        GLogLevelFlags level;
        const char *journal, *word;
    } levels[] = {
        {G_LOG_LEVEL_ERROR, "<2>", "error"},     {G_LOG_LEVEL_CRITICAL, "<3>", "critical"},
        {G_LOG_LEVEL_WARNING, "<4>", "warning"}, {G_LOG_LEVEL_MESSAGE, "<5>", "message"},
        {G_LOG_LEVEL_INFO, "<6>", "info"},       {G_LOG_LEVEL_DEBUG, "<7>", "debug"},
    };
    const char *message = "";
    guint i = 0;

    while (i < G_N_ELEMENTS(levels) - 1 && (level & levels[i].level) == 0)
        i++;
    if (levels[i].level == G_LOG_LEVEL_DEBUG && !log_debug)
        return G_LOG_WRITER_HANDLED;
    for (gsize f = 0; f < n_fields; f++) {
        if (g_str_equal(fields[f].key, "MESSAGE"))
            message = fields[f].value;
    }
    g_autoptr(GString) line = g_string_new(NULL);
    if (g_getenv("JOURNAL_STREAM") != NULL) {
        g_string_append(line, levels[i].journal);
    } else {
        g_autoptr(GDateTime) now = g_date_time_new_now_local();
        g_autofree char *time = g_date_time_format(now, "%Y-%m-%d %H:%M:%S");
        g_string_append_printf(line, "%s.%03d %-7s ", time, g_date_time_get_microsecond(now) / 1000,
                               levels[i].word);
    }
    append_message(line, message);
    g_string_append_c(line, '\n');
    fputs(line->str, stderr); /* in one piece: the hosts write there, too */
    return G_LOG_WRITER_HANDLED;
}

/* ---- the hosts' program ---- */

static char *beside_us(const char *name)
{
    g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
    g_autofree char *folder = self == NULL ? g_strdup(".") : g_path_get_dirname(self);
    char *path = g_build_filename(folder, name, NULL);

    if (g_access(path, X_OK) == 0)
        return path;
    g_free(path);
    return g_find_program_in_path(name);
}

/* (transfer full) or NULL with `error`. */
static char **host_argv(const CwSettings *settings, const CwTransportSettings *transport,
                        GError **error)
{
    gboolean agents = g_str_equal(transport->protocol_kind, "agents");
    const char *name = agents ? "causeway-agents" : "causeway-purple";
    const char *own = agents ? settings->agents_program : settings->purple_program;
    g_autoptr(GPtrArray) argv = g_ptr_array_new_with_free_func(g_free);
    GHashTableIter iter;
    gpointer key, value;

    if (!agents && !g_str_equal(transport->protocol_kind, "purple")) {
        g_set_error(error, CW_SETTINGS_ERROR, CW_SETTINGS_ERROR_VALUE,
                    "[transport %s] protocol: found %s, expected purple:PLUGIN-ID or "
                    "agents:AGENT-ID (causeway-purple --list and causeway-agents --list print "
                    "those that are installed)",
                    transport->domain, transport->protocol);
        return NULL;
    }
    char *program = own != NULL ? g_strdup(own) : beside_us(name);
    if (program == NULL || g_access(program, X_OK) != 0) {
        g_set_error(
            error, CW_SETTINGS_ERROR, CW_SETTINGS_ERROR_VALUE,
            "[programs] %s: found %s%s, expected the path of %s, which [transport %s] needs",
            agents ? "agents" : "purple",
            program == NULL ? "nothing, neither beside causeway nor in PATH" : program,
            program == NULL ? "" : ", which cannot be run", name, transport->domain);
        g_free(program);
        return NULL;
    }
    g_ptr_array_add(argv, program);
    g_ptr_array_add(argv, g_strdup(agents ? "--agent" : "--protocol"));
    g_ptr_array_add(argv, g_strdup(transport->protocol_name));
    g_hash_table_iter_init(&iter, transport->agent);
    while (agents && g_hash_table_iter_next(&iter, &key, &value)) {
        g_ptr_array_add(argv, g_strdup("--set"));
        g_ptr_array_add(argv, g_strdup_printf("%s=%s", (char *)key, (char *)value));
    }
    if (transport->plugin_path != NULL) {
        g_ptr_array_add(argv, g_strdup("--plugin-path"));
        g_ptr_array_add(argv, g_strdup(transport->plugin_path));
    }
    g_ptr_array_add(argv, NULL);
    return (char **)g_ptr_array_steal(argv, NULL);
}

/* What conf/ cannot know to be wrong: programs, and what is an address to libidn. */
static gboolean check_icon(const CwSettings *settings, const CwTransportSettings *transport,
                           GError **error)
{
    g_autoptr(GBytes) icon =
        transport->icon == NULL
            ? NULL
            : cw_icon_read(transport->icon, settings->limits.avatar_size, error);

    if (transport->icon == NULL || icon != NULL)
        return TRUE;
    g_prefix_error(error, "[transport %s] icon: ", transport->domain);
    return FALSE;
}

static gboolean check_settings(const CwSettings *settings, GError **error)
{
    for (guint i = 0; i < settings->transports->len; i++) {
        if (!check_icon(settings, g_ptr_array_index(settings->transports, i), error))
            return FALSE;
        g_auto(GStrv) argv = host_argv(settings, g_ptr_array_index(settings->transports, i), error);
        if (argv == NULL)
            return FALSE;
        g_autoptr(CwJid) jid = cw_jid_parse(
            ((CwTransportSettings *)g_ptr_array_index(settings->transports, i))->domain, error);
        if (jid == NULL)
            return FALSE;
    }
    return TRUE;
}

/* What it says to --check; *wrong: that cannot be.  (transfer full), NULL with the error. */
static char *ask_agent(const CwSettings *settings, const CwTransportSettings *transport,
                       gboolean *wrong, GError **error)
{
    g_auto(GStrv) argv = host_argv(settings, transport, error);
    g_autoptr(GStrvBuilder) words = g_strv_builder_new();
    g_autofree char *said = NULL;
    int status = 0;

    if (argv == NULL)
        return NULL;
    g_strv_builder_addv(words, (const char **)argv);
    g_strv_builder_add(words, "--check");
    g_auto(GStrv) command = g_strv_builder_end(words);
    if (!g_spawn_sync(NULL, command, NULL, G_SPAWN_STDOUT_TO_DEV_NULL, NULL, NULL, NULL, &said,
                      &status, error))
        return NULL;
    *wrong = status != 0;
    if (!*wrong || (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_CONFIG))
        return g_steal_pointer(&said);
    return g_strdup_printf("[programs] agents: %s does not do what causeway-agents does (%s %d)",
                           argv[0], WIFEXITED(status) ? "exit status" : "signal",
                           WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
}

/* Each line of `said` as one about the transport. */
static void add_lines(GString *text, const char *path, const CwTransportSettings *transport,
                      const char *said)
{
    g_auto(GStrv) lines = g_strsplit(said, "\n", -1);

    for (guint i = 0; lines[i] != NULL; i++) {
        const char *line = lines[i];
        if (g_str_has_prefix(line, "causeway-agents: "))
            line += strlen("causeway-agents: ");
        if (*line != '\0')
            g_string_append_printf(text, "%s%s: [transport %s] %s", text->len == 0 ? "" : "\n",
                                   path, transport->domain, line);
    }
}

/* What is for another kind of protocol, and so does nothing. */
static void note_useless(const char *path, const CwTransportSettings *transport, GHashTable *keys,
                         const char *prefix, const char *kind)
{
    GHashTableIter iter;
    gpointer key;

    g_hash_table_iter_init(&iter, keys);
    while (g_hash_table_iter_next(&iter, &key, NULL))
        fprintf(stderr,
                "%s: [transport %s] %s%s: is for protocol = %s:NAME alone; it is left out\n", path,
                transport->domain, prefix, (const char *)key, kind);
}

/* What only the agents know to be wrong, of all of them at once.  Not on SIGHUP: it waits for each
 * of their programs. */
static gboolean check_agents(const CwSettings *settings, const char *path, GError **error)
{
    g_autoptr(GString) all = g_string_new(NULL);

    for (guint i = 0; i < settings->transports->len; i++) {
        const CwTransportSettings *transport = g_ptr_array_index(settings->transports, i);
        g_autoptr(GString) text = g_string_new(NULL);
        gboolean wrong = FALSE;
        if (!g_str_equal(transport->protocol_kind, "agents")) {
            note_useless(path, transport, transport->agent, "agent.", "agents");
            continue;
        }
        note_useless(path, transport, transport->options, "option.", "purple");
        g_autofree char *said = ask_agent(settings, transport, &wrong, error);
        if (said == NULL)
            return FALSE;
        add_lines(text, path, transport, said);
        if (wrong)
            g_string_append_printf(all, "%s%s", all->len == 0 ? "" : "\n", text->str);
        else if (text->len > 0)
            fprintf(stderr, "%s\n", text->str);
    }
    if (all->len == 0)
        return TRUE;
    g_set_error_literal(error, CW_SETTINGS_ERROR, CW_SETTINGS_ERROR_VALUE, all->str);
    return FALSE;
}

static CwSettings *load_settings(const char *path, GError **error)
{
    g_autoptr(CwSettings) settings = cw_settings_load(path, error);

    if (settings == NULL)
        return NULL;
    if (!check_settings(settings, error)) {
        g_prefix_error(error, "%s: ", path);
        return NULL;
    }
    return g_steal_pointer(&settings);
}

/* ---- running ---- */

static void stop_all(Gateway *gateway, int status)
{
    if (gateway->stopping)
        return;
    gateway->stopping = TRUE;
    gateway->status = status;
    for (guint i = 0; i < gateway->components->len; i++)
        cw_component_stop(g_ptr_array_index(gateway->components, i));
}

static void first_fate_cb(CwComponent *component, gboolean refused, gpointer data)
{
    Gateway *gateway = data;

    if (!refused) {
        gateway->ever_up = TRUE;
    } else if (!g_ptr_array_find(gateway->refused, component, NULL)) {
        g_ptr_array_add(gateway->refused, component);
    }
    if (!gateway->ever_up && gateway->refused->len == gateway->components->len) {
        g_warning("the server refuses every transport: the settings here and there do not fit; "
                  "nothing to do but to correct them");
        stop_all(gateway, EXIT_CONFIG);
    }
}

static void stopped_cb(CwComponent *component, gpointer data)
{
    Gateway *gateway = data;

    gateway->running--;
    if (gateway->running == 0)
        g_main_loop_quit(gateway->loop);
}

static const CwComponentOwner owner = {.first_fate = first_fate_cb, .stopped = stopped_cb};

static gboolean terminate_cb(gpointer data)
{
    g_message("asked to stop");
    stop_all(data, 0);
    return G_SOURCE_CONTINUE;
}

/* What was said in rooms is kept for archive-days. */
static gboolean expire_cb(gpointer data)
{
    const Gateway *gateway = data;
    gint64 days = gateway->settings->archive_days;
    gint64 now = g_get_real_time() / G_USEC_PER_SEC;

    cw_store_expire_archive(gateway->store, days == 0 ? G_MAXINT64 : now - days * DAY);
    return G_SOURCE_CONTINUE;
}

/* SIGHUP: what cannot change while we run is named; everything else is in force at once. */
static gboolean reload_cb(gpointer data)
{
    Gateway *gateway = data;
    g_autoptr(GError) error = NULL;
    CwSettings *settings = load_settings(gateway->config_path, &error);

    if (settings == NULL) {
        g_warning("the settings stay as they were: %s", error->message);
        return G_SOURCE_CONTINUE;
    }
    g_auto(GStrv) fixed = cw_settings_needs_restart(gateway->first, settings);
    for (char **key = fixed; *key != NULL; key++)
        g_message("settings read again: %s changed: it takes a restart", *key);
    for (guint i = 0; i < gateway->components->len; i++) {
        CwComponent *component = g_ptr_array_index(gateway->components, i);
        const CwTransportSettings *own =
            cw_settings_find_transport(settings, cw_component_domain(component));
        if (own != NULL)
            cw_component_set_settings(component, own, settings);
    }
    cw_store_set_queue_bytes(gateway->store, settings->limits.store_queue);
    log_debug = settings->debug;
    g_ptr_array_add(gateway->old_settings, gateway->settings);
    gateway->settings = settings;
    expire_cb(gateway);
    g_message("settings read again: limits, times, lists, options and log are in force");
    return G_SOURCE_CONTINUE;
}

static void free_component(gpointer data)
{
    cw_component_free(data);
}

static void free_settings(gpointer data)
{
    cw_settings_free(data);
}

static int run(Gateway *gateway)
{
    g_autoptr(GError) error = NULL;
    const CwSettings *settings = gateway->settings;

    gateway->store = cw_store_open(settings->store_path, settings->store_key_file, &error);
    if (gateway->store == NULL) {
        g_warning("cannot open the store: %s", error->message);
        return EXIT_FAILURE;
    }
    cw_store_set_queue_bytes(gateway->store, settings->limits.store_queue);
    expire_cb(gateway);
    gateway->expire_id = cw_timer_add(EXPIRE_INTERVAL, expire_cb, gateway);
    gateway->loop = g_main_loop_new(NULL, FALSE);
    gateway->components = g_ptr_array_new_with_free_func(free_component);
    gateway->refused = g_ptr_array_new();
    gateway->old_settings = g_ptr_array_new_with_free_func(free_settings);
    for (guint i = 0; i < settings->transports->len; i++) {
        const CwTransportSettings *transport = g_ptr_array_index(settings->transports, i);
        g_auto(GStrv) argv = host_argv(settings, transport, NULL);
        g_ptr_array_add(gateway->components,
                        cw_component_new(transport, settings, (const char *const *)argv,
                                         gateway->store, &owner, gateway));
    }
    gateway->running = gateway->components->len;
    guint term = g_unix_signal_add(SIGTERM, terminate_cb, gateway);
    guint interrupt = g_unix_signal_add(SIGINT, terminate_cb, gateway);
    guint hang_up = g_unix_signal_add(SIGHUP, reload_cb, gateway);
    g_message("Causeway " CW_VERSION " starts with %u transport%s", gateway->running,
              gateway->running == 1 ? "" : "s");
    for (guint i = 0; i < gateway->components->len; i++)
        cw_component_start(g_ptr_array_index(gateway->components, i));

    g_main_loop_run(gateway->loop);

    g_source_remove(term);
    g_source_remove(interrupt);
    g_source_remove(hang_up);
    g_clear_handle_id(&gateway->expire_id, cw_timer_remove);
    /* first the store: what it still reports goes to components */
    g_clear_pointer(&gateway->store, cw_store_free);
    g_ptr_array_unref(gateway->components);
    g_ptr_array_unref(gateway->refused);
    g_ptr_array_unref(gateway->old_settings);
    g_main_loop_unref(gateway->loop);
    g_message("stopped");
    return gateway->status;
}

int main(int argc, char **argv)
{
    g_autofree char *path = NULL;
    gboolean check = FALSE, version = FALSE;
    const GOptionEntry entries[] = {
        {"config", 'c', 0, G_OPTION_ARG_FILENAME, &path, "The settings file", "FILE"},
        {"check-config", 0, 0, G_OPTION_ARG_NONE, &check, "Check the settings file and exit", NULL},
        {"version", 0, 0, G_OPTION_ARG_NONE, &version, "Print the version and exit", NULL},
        {NULL},
    };
    g_autoptr(GError) error = NULL;

    setlocale(LC_ALL, "");
    g_log_set_writer_func(write_log, NULL, NULL);
    g_autoptr(GOptionContext) options = g_option_context_new("- legacy-IM transports for XMPP");
    g_option_context_add_main_entries(options, entries, NULL);
    g_option_context_set_description(
        options,
        "Settings: causeway.conf(5).  Signals: TERM stops in order, HUP reads the settings "
        "again.\n");
    if (!g_option_context_parse(options, &argc, &argv, &error) || argc > 1) {
        fprintf(stderr, "causeway: %s\nTry: causeway --help\n",
                error == NULL ? "takes no arguments but options" : error->message);
        return EXIT_CONFIG;
    }
    if (version) {
        printf("causeway %s\n", CW_VERSION);
        return EXIT_SUCCESS;
    }
    if (path == NULL) {
        fprintf(stderr, "causeway: no settings file.  Start with: causeway --config FILE\n");
        return EXIT_CONFIG;
    }
    CwSettings *settings = load_settings(path, &error);
    if (settings == NULL || !check_agents(settings, path, &error)) {
        fprintf(stderr, "causeway: %s\n", error->message);
        cw_settings_free(settings);
        return EXIT_CONFIG;
    }
    if (check) {
        printf("%s: in order; %u transport%s\n", path, settings->transports->len,
               settings->transports->len == 1 ? "" : "s");
        cw_settings_free(settings);
        return EXIT_SUCCESS;
    }
    log_debug = settings->debug;
    Gateway gateway = {.config_path = path, .settings = settings, .first = settings};
    int status = run(&gateway);
    cw_settings_free(gateway.settings);
    return status;
}
