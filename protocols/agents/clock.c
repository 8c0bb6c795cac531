/* protocols/agents/clock.c: what time it is somewhere: Europe/Rome@clock.example.com
 *
 * The smallest agent that does everything: README.md takes it to pieces.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "protocols/agents/agent.h"

#include <stdlib.h>

static char *normalize(const char *typed, GError **error)
{
    g_autofree char *name = g_strdelimit(g_ascii_strdown(typed, -1), " ", '_');
    g_autofree char *zone_text = cw_agent_zone_name(name);
    g_autoptr(GTimeZone) zone = cw_agent_zone_new(zone_text);

    if (zone == NULL) {
        g_set_error(error, CW_AGENT_ERROR, CW_AGENT_ERROR_NAME,
                    "there is no time zone '%.60s'; try Europe/Rome", typed);
        return NULL;
    }
    return g_steal_pointer(&name);
}

static char *tell(const CwWatch *watch, const char *format)
{
    g_autofree char *name = cw_agent_zone_name(watch->thing->name);
    g_autoptr(GTimeZone) zone = cw_agent_zone_new(name);
    g_autoptr(GDateTime) now = zone == NULL ? NULL : g_date_time_new_now(zone);

    return now == NULL ? NULL : g_date_time_format(now, format);
}

static char *status(const CwWatch *watch, CwShow *show)
{
    g_autofree char *hour = tell(watch, "%H");

    if (hour != NULL && (atoi(hour) < 7 || atoi(hour) >= 22))
        *show = CW_SHOW_XA; /* they sleep */
    return tell(watch, "%H:%M, %A");
}

static void refresh(CwThing *thing)
{
    cw_thing_refreshed(thing, 0);
}

static void run_time(CwWatch *watch, const char *arguments)
{
    g_autofree char *text = tell(watch, "%H:%M:%S on %A, %e %B %Y (UTC%z)");

    g_autofree char *name = cw_agent_zone_name(watch->thing->name);
    cw_watch_reply(watch, "It is %s in %s.", text, name);
}

static const CwAgentCommand commands[] = {
    {"time", NULL, "what time it is there", run_time, TRUE},
    {NULL},
};

const CwAgent cw_agent_clock = {
    .id = "clock",
    .name = "World clock",
    .identity = "clock",
    .example = "Europe/Rome",
    .caseless = TRUE,
    .normalize = normalize,
    .refresh = refresh,
    .status = status,
    .commands = commands,
    .interval = 60,
};
