/* protocols/agents/found.c: what agents and parsers share: the domain of errors, lists of what was
 * found, time zones
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "protocols/agents/agent.h"

#include <string.h>

#define ZONE_LONGEST 64 /* bytes */

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

/* The name is a path to glibc's and GLib's mind: none that leads out of the folder of the zones,
 * where a file may be one that is never read to its end. */
GTimeZone *cw_agent_zone_new(const char *name)
{
    if (!g_ascii_isalpha(*name) || strlen(name) > ZONE_LONGEST || strstr(name, "..") != NULL ||
        strspn(name, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "/_+-") != strlen(name))
        return NULL;
    return g_time_zone_new_identifier(name);
}
