/* conf/settings-keys.c: the table of settings, and near misses
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "conf/settings-keys.h"

#include <string.h>

#define DAY (24u * 60 * 60 * 1000) /* ms */
#define GIB (1024u * 1024 * 1024)

#define GLOBAL(field) G_STRUCT_OFFSET(CwSettings, field)
#define LIMIT(field) G_STRUCT_OFFSET(CwSettings, limits.field)
#define TIMING(field) G_STRUCT_OFFSET(CwSettings, timing.field)
#define TRANSPORT(field) G_STRUCT_OFFSET(CwTransportSettings, field)

/* clang-format off: one row a setting */
const CwSettingsKey cw_settings_keys[] = {
    {"server", "host", CW_KEY_HOST, 0, 0, "127.0.0.1", GLOBAL(server_host)},
    {"server", "port", CW_KEY_PORT, 1, 65535, "5347", GLOBAL(server_port)},
    {"server", "allow-plaintext", CW_KEY_BOOLEAN, 0, 0, "false", GLOBAL(server_allow_plain)},

    {"store", "path", CW_KEY_PATH, 0, 0, "causeway.db", GLOBAL(store_path)},
    {"store", "key-file", CW_KEY_PATH, 0, 0, NULL, GLOBAL(store_key_file)},
    {"store", "archive-days", CW_KEY_COUNT, 0, 36500, "7", GLOBAL(archive_days)},

    {"programs", "purple", CW_KEY_PATH, 0, 0, NULL, GLOBAL(purple_program)},
    {"programs", "agents", CW_KEY_PATH, 0, 0, NULL, GLOBAL(agents_program)},

    {"log", "stanzas", CW_KEY_BOOLEAN, 0, 0, "false", GLOBAL(trace)},
    {"log", "debug", CW_KEY_BOOLEAN, 0, 0, "false", GLOBAL(debug)},
    {"log", "crash-path", CW_KEY_PATH, 0, 0, NULL, GLOBAL(crash_path)},
    {"log", "crash-logs", CW_KEY_COUNT, 0, 10000, "20", GLOBAL(crash_logs)},

    /* RFC 6120 13.12: a stanza limit under 10,000 bytes is not allowed. */
    {"limits", "stanza-size", CW_KEY_BYTES, 10000, GIB, "262144", LIMIT(stanza_size)},
    {"limits", "xml-depth", CW_KEY_LIMIT, 8, 100000, "64", LIMIT(xml_depth)},
    {"limits", "xml-attributes", CW_KEY_LIMIT, 8, 100000, "64", LIMIT(xml_attributes)},
    {"limits", "send-queue", CW_KEY_BYTES, 4096, GIB, "1048576", LIMIT(send_queue)},
    {"limits", "link-queue", CW_KEY_BYTES, 4096, GIB, "4194304", LIMIT(link_queue)},
    {"limits", "message-size", CW_KEY_BYTES, 1, 1024 * 1024, "65536", LIMIT(message_size)},
    {"limits", "messages-per-minute", CW_KEY_LIMIT, 1, 1000000, "600", LIMIT(messages_per_minute)},
    {"limits", "registrations-per-minute", CW_KEY_LIMIT, 1, 1000000, "30",
     LIMIT(registrations_per_minute)},
    {"limits", "registrations-per-user-per-minute", CW_KEY_LIMIT, 1, 1000000, "6",
     LIMIT(registrations_per_user_per_minute)},
    {"limits", "accounts-per-domain", CW_KEY_LIMIT, 1, 100000000, "0", LIMIT(accounts_per_domain)},
    {"limits", "rooms", CW_KEY_LIMIT, 1, 100000, "100", LIMIT(rooms)},
    {"limits", "room-history", CW_KEY_LIMIT, 1, 10000, "50", LIMIT(room_history)},
    {"limits", "room-occupants", CW_KEY_LIMIT, 1, 1000000, "5000", LIMIT(room_occupants)},
    /* a host lists up to 10,000 */
    {"limits", "room-list", CW_KEY_LIMIT, 1, 10000, "5000", LIMIT(room_list)},
    {"limits", "archive-messages", CW_KEY_LIMIT, 1, 100000000, "10000", LIMIT(archive_messages)},
    {"limits", "archive-page", CW_KEY_LIMIT, 1, 1000, "100", LIMIT(archive_page)},
    {"limits", "staying", CW_KEY_LIMIT, 1, 100000000, "1000", LIMIT(staying)},
    {"limits", "contacts", CW_KEY_LIMIT, 1, 1000000, "5000", LIMIT(contacts)},
    {"limits", "resources", CW_KEY_LIMIT, 1, 1000000, "32", LIMIT(resources)},
    {"limits", "pending-messages", CW_KEY_LIMIT, 1, 1000000, "500", LIMIT(pending_messages)},
    {"limits", "pending-size", CW_KEY_BYTES, 1024, GIB, "1048576", LIMIT(pending_size)},
    {"limits", "spool-messages", CW_KEY_LIMIT, 1, 1000000, "1000", LIMIT(spool_messages)},
    {"limits", "spool-size", CW_KEY_BYTES, 4096, GIB, "16777216", LIMIT(spool_size)},
    {"limits", "remembered-messages", CW_KEY_COUNT, 0, 10000, "100", LIMIT(remembered_messages)},
    /* an object of the link holds 1,024 members, a line of it 1 MiB */
    {"limits", "remembered-values", CW_KEY_LIMIT, 1, 900, "500", LIMIT(remembered_values)},
    {"limits", "remembered-value-size", CW_KEY_BYTES, 16, 65536, "16384",
     LIMIT(remembered_value_size)},
    {"limits", "remembered-size", CW_KEY_BYTES, 1024, 768 * 1024, "524288", LIMIT(remembered_size)},
    {"limits", "questions", CW_KEY_LIMIT, 1, 1000000, "16", LIMIT(questions)},
    /* a line of the link holds 1 MiB, in base64 */
    {"limits", "avatar-size", CW_KEY_BYTES, 1024, 700 * 1024, "262144", LIMIT(avatar_size)},
    {"limits", "avatar-cache", CW_KEY_BYTES, 1024 * 1024, GIB, "67108864", LIMIT(avatar_cache)},
    {"limits", "info-requests", CW_KEY_LIMIT, 1, 1000000, "32", LIMIT(info_requests)},
    {"limits", "search-requests", CW_KEY_LIMIT, 1, 1000000, "4", LIMIT(search_requests)},
    /* a line of the link holds 500 */
    {"limits", "search-results", CW_KEY_LIMIT, 1, 500, "500", LIMIT(search_results)},
    {"limits", "dialogues", CW_KEY_LIMIT, 1, 1000000, "1000", LIMIT(dialogues)},
    {"limits", "host-memory", CW_KEY_LIMIT, 64, 1024 * 1024, "1024", LIMIT(host_memory)},
    {"limits", "store-queue", CW_KEY_BYTES, 1024 * 1024, GIB, "67108864", LIMIT(store_queue)},

    {"timing", "server-ping-interval", CW_KEY_TIME, 1, DAY, "60", TIMING(server_ping_interval)},
    {"timing", "server-ping-timeout", CW_KEY_TIME, 1, DAY, "30", TIMING(server_ping_timeout)},
    {"timing", "server-retry-first", CW_KEY_TIME, 1, DAY, "1", TIMING(server_retry_first)},
    {"timing", "server-retry-max", CW_KEY_TIME, 1, DAY, "60", TIMING(server_retry_max)},
    {"timing", "server-refused-retry", CW_KEY_TIME, 1, DAY, "60", TIMING(server_refused_retry)},
    {"timing", "server-connect-timeout", CW_KEY_TIME, 1, DAY, "30", TIMING(server_connect_timeout)},
    {"timing", "server-grace", CW_KEY_TIME, 0, DAY, "300", TIMING(server_grace)},
    {"timing", "stop-timeout", CW_KEY_TIME, 1, DAY, "5", TIMING(stop_timeout)},
    {"timing", "login-timeout", CW_KEY_TIME, 1, DAY, "60", TIMING(login_timeout)},
    {"timing", "legacy-retry-first", CW_KEY_TIME, 1, DAY, "5", TIMING(legacy_retry_first)},
    {"timing", "legacy-retry-max", CW_KEY_TIME, 1, DAY, "600", TIMING(legacy_retry_max)},
    {"timing", "host-ping-interval", CW_KEY_TIME, 1, DAY, "10", TIMING(host_ping_interval)},
    {"timing", "host-ping-timeout", CW_KEY_TIME, 1, DAY, "30", TIMING(host_ping_timeout)},
    {"timing", "host-retry-first", CW_KEY_TIME, 1, DAY, "0.5", TIMING(host_retry_first)},
    {"timing", "host-retry-max", CW_KEY_TIME, 1, DAY, "60", TIMING(host_retry_max)},
    {"timing", "registered-linger", CW_KEY_TIME, 0, DAY, "60", TIMING(registered_linger)},
    {"timing", "message-timeout", CW_KEY_TIME, 1, DAY, "60", TIMING(message_timeout)},
    {"timing", "info-timeout", CW_KEY_TIME, 1, DAY, "40", TIMING(info_timeout)},
    {"timing", "room-join-timeout", CW_KEY_TIME, 1, DAY, "60", TIMING(room_join_timeout)},
    {"timing", "room-list-timeout", CW_KEY_TIME, 1, DAY, "60", TIMING(room_list_timeout)},
    {"timing", "room-list-time", CW_KEY_TIME, 1, DAY, "60", TIMING(room_list_time)},
    {"timing", "search-timeout", CW_KEY_TIME, 1, DAY, "60", TIMING(search_timeout)},
    {"timing", "logout-delay", CW_KEY_TIME, 0, DAY, "3", TIMING(logout_delay)},
    {"timing", "pending-time", CW_KEY_TIME, 1, DAY, "300", TIMING(pending_time)},
    {"timing", "quarantine-first", CW_KEY_TIME, 1, DAY, "60", TIMING(quarantine_first)},
    {"timing", "quarantine-max", CW_KEY_TIME, 1, DAY, "3600", TIMING(quarantine_max)},

    {"transport", "secret", CW_KEY_SECRET, 0, 0, NULL, TRANSPORT(secret)},
    {"transport", "secret-file", CW_KEY_SECRET_FILE, 0, 0, NULL, TRANSPORT(secret)},
    {"transport", "protocol", CW_KEY_PROTOCOL, 0, 0, NULL, TRANSPORT(protocol)},
    {"transport", "name", CW_KEY_STRING, 0, 0, NULL, TRANSPORT(name)},
    {"transport", "identity", CW_KEY_WORD, 0, 0, NULL, TRANSPORT(identity)},
    {"transport", "icon", CW_KEY_PATH, 0, 0, NULL, TRANSPORT(icon)},
    {"transport", "plugin-path", CW_KEY_PATHS, 0, 0, NULL, TRANSPORT(plugin_path)},
    {"transport", "accounts-per-host", CW_KEY_COUNT, 1, 100000, NULL, TRANSPORT(accounts_per_host)},
    {"transport", "logins-per-minute", CW_KEY_LIMIT, 1, 1000000, "3000",
     TRANSPORT(logins_per_minute)},
    {"transport", "allow", CW_KEY_ADDRESSES, 0, 0, NULL, TRANSPORT(allow)},
    {"transport", "deny", CW_KEY_ADDRESSES, 0, 0, "", TRANSPORT(deny)},
    {"transport", "user-options", CW_KEY_LIST, 0, 0, "", TRANSPORT(user_options)},
    {"transport", "lock-splits", CW_KEY_BOOLEAN, 0, 0, "false", TRANSPORT(lock_splits)},
    {"transport", "may-stay", CW_KEY_BOOLEAN, 0, 0, "true", TRANSPORT(may_stay)},
    {"transport", "open", CW_KEY_BOOLEAN, 0, 0, "false", TRANSPORT(open)},
    {NULL},
};
/* clang-format on */

const CwSettingsKey *cw_settings_key_find(const char *section, const char *key)
{
    for (const CwSettingsKey *row = cw_settings_keys; row->section; row++)
        if (g_str_equal(row->section, section) && g_str_equal(row->key, key))
            return row;
    return NULL;
}

gboolean cw_settings_section_exists(const char *section)
{
    for (const CwSettingsKey *row = cw_settings_keys; row->section; row++)
        if (g_str_equal(row->section, section))
            return TRUE;
    return FALSE;
}

/* How many letters must be added, dropped or changed to make `b` of `a` (Levenshtein); names longer
 * than the rows here are never near. */
static guint edit_distance(const char *a, const char *b)
{
    gsize length_a = strlen(a), length_b = strlen(b);
    guint row[64];
    if (length_a >= G_N_ELEMENTS(row) || length_b >= G_N_ELEMENTS(row))
        return G_MAXUINT;

    for (guint j = 0; j <= length_b; j++)
        row[j] = j;
    for (guint i = 1; i <= length_a; i++) {
        guint diagonal = row[0];
        row[0] = i;
        for (guint j = 1; j <= length_b; j++) {
            guint changed = diagonal + (g_ascii_tolower(a[i - 1]) != b[j - 1]);
            diagonal = row[j];
            row[j] = MIN(changed, MIN(row[j], row[j - 1]) + 1);
        }
    }
    return row[length_b];
}

const char *cw_settings_suggest(const char *section, const char *name)
{
    const char *nearest = NULL;
    guint nearest_distance = MAX(2, strlen(name) / 3) + 1;
    for (const CwSettingsKey *row = cw_settings_keys; row->section; row++) {
        if (section && !g_str_equal(row->section, section))
            continue;
        const char *candidate = section ? row->key : row->section;
        guint distance = edit_distance(name, candidate);
        if (distance < nearest_distance) {
            nearest = candidate;
            nearest_distance = distance;
        }
    }
    return nearest;
}
