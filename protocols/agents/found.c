/* protocols/agents/found.c: what agents and parsers share: the domain of errors, lists of what was
 * found, time zones
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "protocols/agents/agent.h"

#include <string.h>

#define ZONE_LONGEST 64         /* bytes */
#define ZONES_MOST 100          /* kept at once */
#define ZONES_KEPT (3600000000) /* µs: then their rules may be others */

GQuark cw_agent_error_quark(void)
{
    return g_quark_from_static_string("cw-agent-error-quark");
}

GPtrArray *cw_agent_found_new(void)
{
    return cw_found_list_new();
}

void cw_agent_found_add(GPtrArray *found, const char *name, const char *title)
{
    const char *const values[] = {title, NULL};

    if (found->len < CW_LINK_FOUND_MAX)
        g_ptr_array_add(found, cw_found_new(name, g_strdupv((char **)values)));
}

void cw_agent_item_add(GPtrArray *items, const char *id, const char *title, const char *text,
                       const char *link, gint64 time)
{
    g_autofree char *when = time == 0 ? g_strdup("") : g_strdup_printf("%" G_GINT64_FORMAT, time);
    const char *const values[] = {title == NULL ? "" : title, text == NULL ? "" : text,
                                  link == NULL ? "" : link, when, NULL};

    if (items->len < CW_LINK_FOUND_MAX)
        g_ptr_array_add(items, cw_found_new(id, g_strdupv((char **)values)));
}

/* One is a millisecond of reading rules up to the year 2800, and many users share it: those that
 * are in use are kept, a while.  (transfer full) (nullable) */
static GTimeZone *read_zone(const char *name)
{
    static GHashTable *zones; /* name -> GTimeZone */
    static gint64 since;      /* monotonic, µs */
    gint64 now = g_get_monotonic_time();

    if (zones == NULL)
        zones = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
                                      (GDestroyNotify)g_time_zone_unref);
    if (now - since > ZONES_KEPT || g_hash_table_size(zones) >= ZONES_MOST) {
        g_hash_table_remove_all(zones);
        since = now;
    }
    GTimeZone *zone = g_hash_table_lookup(zones, name);
    if (zone != NULL)
        return g_time_zone_ref(zone);
    zone = g_time_zone_new_identifier(name);
    if (zone != NULL)
        g_hash_table_insert(zones, g_strdup(name), g_time_zone_ref(zone));
    return zone;
}

char *cw_agent_zone_name(const char *name)
{
    char *zone = g_strdelimit(g_ascii_strdown(name, -1), " ", '_');
    gboolean starts = TRUE;

    for (char *p = zone; *p != '\0'; p++) {
        if (starts)
            *p = g_ascii_toupper(*p);
        starts = strchr("/_-", *p) != NULL;
    }
    return zone;
}

/* The name is a path to glibc's and GLib's mind: none that leads out of the folder of the zones,
 * where a file may be one that is never read to its end. */
GTimeZone *cw_agent_zone_new(const char *name)
{
    if (!g_ascii_isalpha(*name) || strlen(name) > ZONE_LONGEST || strstr(name, "..") != NULL ||
        strspn(name, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "/_+-") != strlen(name))
        return NULL;
    return read_zone(name);
}
