/* conf/settings-restart.c: which settings cannot change while the gateway runs
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "conf/settings.h"

#include "conf/settings-keys.h"

/* What is fixed when a stream, the store or a host is set up.  "transport" as in settings-keys.h.
 */
static const struct {
    const char *section, *key;
} fixed[] = {
    {"server", "host"},
    {"server", "port"},
    {"store", "path"},
    {"store", "key-file"},
    {"programs", "purple"},
    {"programs", "agents"},
    {"log", "stanzas"},
    {"limits", "stanza-size"},
    {"limits", "xml-depth"},
    {"limits", "xml-attributes"},
    {"limits", "send-queue"},
    {"timing", "server-ping-interval"},
    {"timing", "server-ping-timeout"},
    {"timing", "server-retry-first"},
    {"timing", "server-retry-max"},
    {"timing", "server-refused-retry"},
    {"timing", "server-connect-timeout"},
    {"timing", "stop-timeout"},
    {"transport", "secret"},
    {"transport", "protocol"},
    {"transport", "plugin-path"},
};

static gboolean is_same(const CwSettingsKey *key, gconstpointer a, gconstpointer b)
{
    gconstpointer in_a = G_STRUCT_MEMBER_P(a, key->offset);
    gconstpointer in_b = G_STRUCT_MEMBER_P(b, key->offset);

    switch (key->type) {
    case CW_KEY_STRING:
    case CW_KEY_WORD:
    case CW_KEY_HOST:
    case CW_KEY_PATH:
    case CW_KEY_PATHS:
    case CW_KEY_SECRET:
    case CW_KEY_SECRET_FILE:
    case CW_KEY_PROTOCOL:
        return g_strcmp0(*(char *const *)in_a, *(char *const *)in_b) == 0;
    case CW_KEY_BOOLEAN:
        return *(const gboolean *)in_a == *(const gboolean *)in_b;
    case CW_KEY_COUNT:
    case CW_KEY_LIMIT:
    case CW_KEY_BYTES:
    case CW_KEY_TIME:
        return *(const guint *)in_a == *(const guint *)in_b;
    case CW_KEY_PORT:
        return *(const guint16 *)in_a == *(const guint16 *)in_b;
    case CW_KEY_LIST:
    case CW_KEY_ADDRESSES:
        return g_strv_equal(*(const char *const *const *)in_a, *(const char *const *const *)in_b);
    }
    return TRUE;
}

static gboolean is_same_table(GHashTable *a, GHashTable *b)
{
    GHashTableIter iter;
    gpointer name, value;

    g_hash_table_iter_init(&iter, a);
    while (g_hash_table_iter_next(&iter, &name, &value)) {
        if (g_strcmp0(g_hash_table_lookup(b, name), value) != 0)
            return FALSE;
    }
    return g_hash_table_size(a) == g_hash_table_size(b);
}

static void compare(GPtrArray *names, const char *shown, const char *section, gconstpointer a,
                    gconstpointer b)
{
    for (guint i = 0; i < G_N_ELEMENTS(fixed); i++) {
        if (!g_str_equal(fixed[i].section, section))
            continue;
        const CwSettingsKey *key = cw_settings_key_find(section, fixed[i].key);
        if (!is_same(key, a, b))
            g_ptr_array_add(names, g_strdup_printf("[%s] %s", shown, key->key));
    }
}

char **cw_settings_needs_restart(const CwSettings *old, const CwSettings *new_settings)
{
    GPtrArray *names = g_ptr_array_new();
    static const char *const sections[] = {"server", "store",  "programs",
                                           "log",    "limits", "timing"};

    for (guint i = 0; i < G_N_ELEMENTS(sections); i++)
        compare(names, sections[i], sections[i], old, new_settings);
    for (guint i = 0; i < old->transports->len; i++) {
        const CwTransportSettings *a = g_ptr_array_index(old->transports, i);
        const CwTransportSettings *b = cw_settings_find_transport(new_settings, a->domain);
        g_autofree char *shown = g_strdup_printf("transport %s", a->domain);
        if (b == NULL)
            g_ptr_array_add(names, g_strdup_printf("[%s] (it is gone)", shown));
        else
            compare(names, shown, "transport", a, b);
        if (b != NULL && !is_same_table(a->agent, b->agent))
            g_ptr_array_add(names, g_strdup_printf("[%s] agent.NAME", shown));
    }
    for (guint i = 0; i < new_settings->transports->len; i++) {
        const CwTransportSettings *b = g_ptr_array_index(new_settings->transports, i);
        if (cw_settings_find_transport(old, b->domain) == NULL)
            g_ptr_array_add(names, g_strdup_printf("[transport %s] (it is new)", b->domain));
    }
    g_ptr_array_add(names, NULL);
    return (char **)g_ptr_array_free(names, FALSE);
}
