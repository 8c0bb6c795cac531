/* protocols/agents/clock.c: what time it is somewhere: Europe/Rome@clock.example.com
 *
 * The smallest agent that does everything: README.md takes it to pieces.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "protocols/agents/agent.h"

#include <stdlib.h>
#include <string.h>

/* "europe/rome" is Europe/Rome; names of zones have a capital behind each '/', '_' and '-'. */
static char *normalize(const char *typed, GError **error)
{
    g_autofree char *name = g_strdelimit(g_ascii_strdown(typed, -1), " ", '_');
    gboolean starts = TRUE;

    for (char *p = name; *p != '\0'; p++) {
        if (starts)
            *p = g_ascii_toupper(*p);
        starts = strchr("/_-", *p) != NULL;
    }
    g_autoptr(GTimeZone) zone = g_time_zone_new_identifier(name);
    if (zone == NULL || strstr(name, "..") != NULL || *name == '/') {
        g_set_error(error, CW_AGENT_ERROR, CW_AGENT_ERROR_NAME,
                    "there is no time zone '%s'; try Europe/Rome, or UTC", typed);
        return NULL;
    }
    return g_steal_pointer(&name);
}

static char *tell(const CwWatch *watch, const char *format)
{
    g_autoptr(GTimeZone) zone = g_time_zone_new_identifier(watch->thing->name);
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

    cw_watch_reply(watch, "It is %s in %s.", text, watch->thing->name);
}

static const CwAgentCommand commands[] = {
    {"time", NULL, "what time it is there", run_time},
    {NULL},
};

const CwAgent cw_agent_clock = {
    .id = "clock",
    .name = "World clock",
    .category = "headline",
    .identity = "clock",
    .example = "Europe/Rome",
    .normalize = normalize,
    .refresh = refresh,
    .status = status,
    .commands = commands,
    .interval = 60,
};
