/* component/caps-cache.c: what hashes of entity capabilities stand for, for all users
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "component/caps-cache.h"

typedef struct {
    GList link; /* in `order` */
    char *key;
    guint abilities;
} Entry;

struct CwCapsCache {
    guint most;
    GHashTable *entries; /* key -> Entry; the key is the entry's */
    GQueue order;        /* the one asked for last is the head */
};

static void free_entry(gpointer data)
{
    Entry *entry = data;

    g_free(entry->key);
    g_free(entry);
}

CwCapsCache *cw_caps_cache_new(guint most)
{
    CwCapsCache *cache = g_new0(CwCapsCache, 1);

    cache->most = most;
    cache->entries = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, free_entry);
    g_queue_init(&cache->order);
    return cache;
}

void cw_caps_cache_free(CwCapsCache *cache)
{
    if (cache == NULL)
        return;
    g_hash_table_unref(cache->entries);
    g_free(cache);
}

guint cw_caps_cache_size(const CwCapsCache *cache)
{
    return g_hash_table_size(cache->entries);
}

static Entry *find(CwCapsCache *cache, const char *key)
{
    Entry *entry = g_hash_table_lookup(cache->entries, key);

    if (entry != NULL) {
        g_queue_unlink(&cache->order, &entry->link);
        g_queue_push_head_link(&cache->order, &entry->link);
    }
    return entry;
}

static void drop_oldest(CwCapsCache *cache)
{
    GList *link = g_queue_pop_tail_link(&cache->order);

    g_hash_table_remove(cache->entries, ((Entry *)link->data)->key);
}

void cw_caps_cache_put(CwCapsCache *cache, const char *key, guint abilities)
{
    Entry *entry = find(cache, key);

    if (entry == NULL) {
        entry = g_new0(Entry, 1);
        entry->link.data = entry;
        entry->key = g_strdup(key);
        g_queue_push_head_link(&cache->order, &entry->link);
        g_hash_table_insert(cache->entries, entry->key, entry);
    }
    entry->abilities = abilities;
    while (cache->order.length > cache->most)
        drop_oldest(cache);
}

gboolean cw_caps_cache_get(CwCapsCache *cache, const char *key, guint *abilities)
{
    const Entry *entry = find(cache, key);

    if (entry != NULL)
        *abilities = entry->abilities;
    return entry != NULL;
}
