/* conf/settings.c: the settings file, read once into one immutable struct
 *
 *     bytes -> check_lines() -> GKeyFile -> read_section() -> the table's row -> cw_settings_set()
 *
 * GKeyFile does the grammar.  What it would take in silence (a section or key given twice, a key in
 * brackets) and what it would quote in a message (a line that may hold a secret) is looked for
 * before.  Whatever may be wrong with a value ends in one place, cw_settings_fail().
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "conf/settings.h"

#include <string.h>
#include <sys/stat.h>

#include "conf/settings-set.h"
#include "conf/settings-value.h"

#define FILE_MAX (1024 * 1024) /* bytes of a settings file */
#define ACCOUNTS_PER_HOST 32   /* the default */
#define TOGETHER 100000        /* agents fetch each thing once for all */
#define TRANSPORT_PREFIX "transport "

G_DEFINE_QUARK(cw - settings - error - quark, cw_settings_error)

/* ---- the struct ---- */

static void transport_free(CwTransportSettings *transport)
{
    g_free(transport->domain);
    cw_settings_wipe_string(transport->secret);
    g_free(transport->protocol);
    g_free(transport->protocol_kind);
    g_free(transport->protocol_name);
    g_free(transport->name);
    g_free(transport->identity);
    g_free(transport->icon);
    g_free(transport->plugin_path);
    g_strfreev(transport->allow);
    g_strfreev(transport->deny);
    g_strfreev(transport->user_options);
    g_hash_table_unref(transport->options);
    g_hash_table_unref(transport->splits);
    g_hash_table_unref(transport->agent);
    g_free(transport);
}

static CwTransportSettings *transport_new(char *domain)
{
    CwTransportSettings *transport = g_new0(CwTransportSettings, 1);
    transport->domain = domain;
    /* An option may be a server's password. */
    transport->options = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
                                               (GDestroyNotify)cw_settings_wipe_string);
    transport->splits = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    transport->agent = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    return transport;
}

void cw_settings_free(CwSettings *settings)
{
    if (!settings)
        return;
    g_free(settings->server_host);
    g_free(settings->store_path);
    g_free(settings->store_key_file);
    g_free(settings->purple_program);
    g_free(settings->agents_program);
    g_free(settings->crash_path);
    g_ptr_array_unref(settings->transports);
    g_free(settings);
}

/* ---- one section ---- */

static gboolean fail_unknown(const CwSettingsPlace *place, const char *what, const char *nearest,
                             GError **error)
{
    if (nearest)
        return cw_settings_fail(place, CW_SETTINGS_ERROR_UNKNOWN, error,
                                "found a %s that does not exist, expected perhaps '%s'", what,
                                nearest);
    return cw_settings_fail(place, CW_SETTINGS_ERROR_UNKNOWN, error,
                            place->transport != NULL && g_str_equal(what, "key")
                                ? "found a %s that does not exist, expected one of "
                                  "causeway.conf(5); those of an agent begin with agent., those of "
                                  "a plugin with option."
                                : "found a %s that does not exist, expected one of "
                                  "causeway.conf(5)",
                            what);
}

/* option.NAME, split.N and agent.NAME.  FALSE without error: it is neither. */
static gboolean read_free_key(const CwSettingsPlace *place, const char *value, GError **error)
{
    CwTransportSettings *transport = place->transport;
    if (!transport)
        return FALSE;

    if (g_str_has_prefix(place->key, CW_KEY_OPTION_PREFIX)) {
        const char *name = place->key + strlen(CW_KEY_OPTION_PREFIX);
        if (!*name)
            return cw_settings_fail(place, CW_SETTINGS_ERROR_UNKNOWN, error,
                                    "found no name, expected option.NAME");
        g_hash_table_replace(transport->options, g_strdup(name), g_strdup(value));
        return TRUE;
    }
    if (g_str_has_prefix(place->key, CW_KEY_SPLIT_PREFIX)) {
        const char *name = place->key + strlen(CW_KEY_SPLIT_PREFIX);
        guint number;
        if (!cw_value_number(name, &number) || number < 1 || number > 99 || *name == '0')
            return cw_settings_fail(place, CW_SETTINGS_ERROR_UNKNOWN, error,
                                    "found '%s', expected split.N with N from 1", name);
        g_hash_table_replace(transport->splits, g_strdup(name), g_strdup(value));
        return TRUE;
    }
    if (g_str_has_prefix(place->key, CW_KEY_AGENT_PREFIX)) {
        const char *name = place->key + strlen(CW_KEY_AGENT_PREFIX);
        gboolean is_file = g_str_has_suffix(name, "-file");
        if (!*name || strchr(name, '='))
            return cw_settings_fail(place, CW_SETTINGS_ERROR_UNKNOWN, error,
                                    "found no name, expected agent.NAME");
        g_hash_table_replace(transport->agent, g_strdup(name),
                             is_file ? cw_settings_path(place, value) : g_strdup(value));
        return TRUE;
    }
    return FALSE;
}

static gboolean read_key(const CwSettingsPlace *place, const char *section, const char *raw,
                         GError **error)
{
    const CwSettingsKey *row = cw_settings_key_find(section, place->key);
    char *value = cw_value_clean(raw);
    gboolean done = FALSE;
    g_autoptr(GError) local = NULL;

    if (!value)
        cw_settings_fail(place, CW_SETTINGS_ERROR_VALUE, &local,
                         "found a '\"' that nothing closes, %s", "expected \"VALUE\"");
    else if (row)
        done = cw_settings_set(place, row, value, &local);
    else
        done = read_free_key(place, value, &local);
    if (!done && !local)
        fail_unknown(place, "key", cw_settings_suggest(section, place->key), &local);
    if (local)
        g_propagate_error(error, g_steal_pointer(&local));
    cw_settings_wipe_string(value);
    return done;
}

/* What the file does not say, from the table. */
static gboolean set_defaults(CwSettingsPlace *place, GKeyFile *file, const char *section,
                             GError **error)
{
    for (const CwSettingsKey *row = cw_settings_keys; row->section; row++) {
        if (!row->standard || !g_str_equal(row->section, section) ||
            g_key_file_has_key(file, place->group, row->key, NULL))
            continue;
        place->key = row->key;
        if (!cw_settings_set(place, row, row->standard, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean read_section(CwSettingsPlace *place, GKeyFile *file, const char *section,
                             GError **error)
{
    g_auto(GStrv) keys = g_key_file_get_keys(file, place->group, NULL, NULL);
    for (char **key = keys; key && *key; key++) {
        char *raw = g_key_file_get_value(file, place->group, *key, NULL);
        place->key = *key;
        gboolean done = read_key(place, section, raw ? raw : "", error);
        cw_settings_wipe_string(raw);
        if (!done)
            return FALSE;
    }
    return set_defaults(place, file, section, error);
}

/* Defaults that depend on other values, and keys that must be there. */
static gboolean complete_transport(CwSettingsPlace *place, GError **error)
{
    CwTransportSettings *transport = place->transport;
    place->key = "secret";
    if (!transport->secret)
        return cw_settings_fail(place, CW_SETTINGS_ERROR_MISSING, error,
                                "found nothing, expected secret or secret-file");
    place->key = "protocol";
    if (!transport->protocol)
        return cw_settings_fail(place, CW_SETTINGS_ERROR_MISSING, error,
                                "found nothing, expected KIND:NAME such as purple:prpl-irc or "
                                "agents:weather");
    if (transport->accounts_per_host == 0)
        transport->accounts_per_host =
            g_str_equal(transport->protocol_kind, "agents") ? TOGETHER : ACCOUNTS_PER_HOST;
    if (!transport->name)
        transport->name = g_strdup(transport->domain);
    if (!transport->allow) {
        g_autoptr(GStrvBuilder) list = g_strv_builder_new();
        g_strv_builder_add(list, cw_value_parent_domain(transport->domain));
        transport->allow = g_strv_builder_end(list);
    }
    return TRUE;
}

static gboolean read_transport(CwSettingsPlace *place, GKeyFile *file, GError **error)
{
    g_autofree char *text = g_strdup(place->group + strlen(TRANSPORT_PREFIX));
    char *domain = cw_value_domain(g_strstrip(text), TRUE);
    if (!domain)
        return cw_settings_fail(
            place, CW_SETTINGS_ERROR_VALUE, error,
            "found '%s', expected [transport DOMAIN] such as [transport irc.example.com]", text);

    CwTransportSettings *transport = transport_new(domain);
    if (cw_settings_find_transport(place->settings, domain) != NULL) {
        cw_settings_fail(place, CW_SETTINGS_ERROR_VALUE, error,
                         "found a second section for '%s', expected one", domain);
        transport_free(transport);
        return FALSE;
    }
    g_ptr_array_add(place->settings->transports, transport);

    place->transport = transport;
    gboolean done =
        read_section(place, file, "transport", error) && complete_transport(place, error);
    place->transport = NULL;
    return done;
}

/* ---- the whole file ---- */

static gboolean fail_line(const char *path, guint line, GError **error, const char *text)
{
    g_set_error(error, CW_SETTINGS_ERROR, CW_SETTINGS_ERROR_SYNTAX, "%s: line %u: %s", path, line,
                text);
    return FALSE;
}

/* What GKeyFile would take in silence, or would quote. */
static gboolean check_line(const char *path, guint number, char *line, GString *group,
                           GHashTable *seen, GError **error)
{
    g_strchomp(line);
    if (*line == '\0' || *line == '#')
        return TRUE;
    if (*line == '[') {
        gsize length = strlen(line);
        if (line[length - 1] != ']' || length < 3)
            return fail_line(path, number, error,
                             "found '[', expected [SECTION] alone on its line");
        g_string_printf(group, "%.*s", (int)(length - 2), line + 1);
        if (!g_hash_table_add(seen, g_strdup(group->str)))
            return fail_line(path, number, error,
                             "found a section for the second time, expected it once");
        return TRUE;
    }
    char *equals = strchr(line, '=');
    if (!equals || equals == line)
        return fail_line(path, number, error,
                         "found something else, expected [SECTION], KEY = VALUE or # comment");
    if (!group->len)
        return fail_line(path, number, error, "found a key, expected a [SECTION] before it");
    g_autofree char *key = g_strndup(line, (gsize)(equals - line));
    g_strchomp(key);
    if (!*key || strpbrk(key, "[] \t"))
        return fail_line(path, number, error,
                         "found a key with a bracket or white space, expected KEY = VALUE");
    if (!g_hash_table_add(seen, g_strdup_printf("%s\n%s", group->str, key)))
        return fail_line(path, number, error,
                         "found a key for the second time in its section, expected it once");
    return TRUE;
}

static gboolean check_lines(const char *data, gsize length, const char *path, GError **error)
{
    if (length > FILE_MAX)
        return fail_line(path, 1, error, "found over 1 MiB, expected a settings file");
    if (!g_utf8_validate_len(data, length, NULL))
        return fail_line(path, 1, error, "found bytes that are not text, expected UTF-8");

    g_autoptr(GString) group = g_string_new(NULL);
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    const char *end = data + length;
    guint number = 1;
    for (const char *line = data; line < end; number++) {
        const char *newline = memchr(line, '\n', (gsize)(end - line));
        char *copy = g_strndup(line, (gsize)((newline ? newline : end) - line));
        /* GKeyFile skips white space at the front. */
        gboolean fine = check_line(path, number, g_strchug(copy), group, seen, error);
        cw_settings_wipe_string(copy);
        if (!fine)
            return FALSE;
        line = newline ? newline + 1 : end;
    }
    return TRUE;
}

static gboolean read_group(CwSettingsPlace *place, GKeyFile *file, GError **error)
{
    place->key = NULL;
    if (g_str_has_prefix(place->group, TRANSPORT_PREFIX))
        return read_transport(place, file, error);
    if (g_str_equal(place->group, "transport"))
        return cw_settings_fail(place, CW_SETTINGS_ERROR_VALUE, error,
                                "found no domain, expected [transport DOMAIN]");
    if (!cw_settings_section_exists(place->group)) {
        g_autofree char *word = g_strndup(place->group, strcspn(place->group, " "));
        return fail_unknown(place, "section", cw_settings_suggest(NULL, word), error);
    }
    return read_section(place, file, place->group, error);
}

/* Sections that the file does not have at all, and rules between sections. */
static gboolean complete(CwSettingsPlace *place, GKeyFile *file, GError **error)
{
    CwSettings *settings = place->settings;
    static const char *const sections[] = {"server", "store",  "programs",
                                           "log",    "limits", "timing"};
    for (guint i = 0; i < G_N_ELEMENTS(sections); i++) {
        place->group = sections[i];
        if (!g_key_file_has_group(file, place->group) &&
            !set_defaults(place, file, place->group, error))
            return FALSE;
    }
    if (!settings->store_key_file)
        settings->store_key_file = g_strconcat(settings->store_path, ".key", NULL);
    if (!settings->crash_path) {
        g_autofree char *folder = g_path_get_dirname(settings->store_path);
        settings->crash_path = g_build_filename(folder, "crashes", NULL);
    }

    place->group = "server";
    place->key = "host";
    if (!settings->server_allow_plain && !cw_value_is_loopback(settings->server_host))
        /* XEP-0114 4: the stream is not encrypted. */
        return cw_settings_fail(
            place, CW_SETTINGS_ERROR_VALUE, error,
            "found '%s', expected a loopback address, or allow-plaintext = true: this "
            "stream is not encrypted",
            settings->server_host);

    place->group = "transport DOMAIN";
    place->key = NULL;
    if (settings->transports->len == 0)
        return cw_settings_fail(place, CW_SETTINGS_ERROR_MISSING, error,
                                "found no such section, expected at least one");
    return TRUE;
}

CwSettings *cw_settings_parse(const char *data, gsize length, const char *path, GError **error)
{
    if (!check_lines(data, length, path, error))
        return NULL;

    g_autoptr(GKeyFile) file = g_key_file_new();
    g_autoptr(GError) local = NULL;
    /* An empty file is an error to GKeyFile; to us it is one without sections. */
    if (length > 0 && !g_key_file_load_from_data(file, data, length, G_KEY_FILE_NONE, &local)) {
        /* Not its text, which quotes the line. */
        g_set_error(error, CW_SETTINGS_ERROR, CW_SETTINGS_ERROR_SYNTAX,
                    "%s: found something else, expected [SECTION] and KEY = VALUE lines", path);
        return NULL;
    }

    g_autoptr(CwSettings) settings = g_new0(CwSettings, 1);
    settings->transports = g_ptr_array_new_with_free_func((GDestroyNotify)transport_free);
    CwSettingsPlace place = {.path = path, .settings = settings};
    g_auto(GStrv) groups = g_key_file_get_groups(file, NULL);
    for (char **group = groups; *group; group++) {
        place.group = *group;
        if (!read_group(&place, file, error))
            return NULL;
    }
    if (!complete(&place, file, error))
        return NULL;
    return g_steal_pointer(&settings);
}

CwSettings *cw_settings_load(const char *path, GError **error)
{
    g_autoptr(GError) local = NULL;
    char *data = NULL;
    gsize length;
    if (!g_file_get_contents(path, &data, &length, &local)) {
        g_set_error(error, CW_SETTINGS_ERROR, CW_SETTINGS_ERROR_READ,
                    "%s: cannot be read (%s), expected a settings file", path, local->message);
        return NULL;
    }
    CwSettings *settings = cw_settings_parse(data, length, path, error);
    gboolean has_inline_secret =
        settings && g_regex_match_simple("^\\s*secret\\s*=", data, G_REGEX_MULTILINE, 0);
    explicit_bzero(data, length);
    g_free(data);

    struct stat info;
    if (has_inline_secret && stat(path, &info) == 0 && (info.st_mode & S_IROTH))
        g_warning("%s: others on this machine can read it, and it holds a secret (chmod o-r)",
                  path);
    return settings;
}

const CwTransportSettings *cw_settings_find_transport(const CwSettings *settings,
                                                      const char *domain)
{
    for (guint i = 0; i < settings->transports->len; i++) {
        const CwTransportSettings *transport = g_ptr_array_index(settings->transports, i);
        if (g_str_equal(transport->domain, domain))
            return transport;
    }
    return NULL;
}

static gboolean is_listed(char **list, const char *user, const char *user_domain)
{
    for (char **entry = list; *entry; entry++)
        if (g_str_equal(*entry, "*") || g_str_equal(*entry, user) ||
            g_str_equal(*entry, user_domain))
            return TRUE;
    return FALSE;
}

gboolean cw_transport_settings_may_register(const CwTransportSettings *settings, const char *user,
                                            const char *user_domain)
{
    return !is_listed(settings->deny, user, user_domain) &&
           is_listed(settings->allow, user, user_domain);
}
