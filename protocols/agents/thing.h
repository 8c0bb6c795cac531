/* protocols/agents/thing.h: what is watched, and when it is fetched
 *
 *     get -> find() -> known -> refresh(), each interval, while anybody watches it -> forget()
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include "protocols/agents/agent.h"

G_BEGIN_DECLS

void cw_things_start(void);
void cw_things_stop(void);
/* The thing of this name, which is a normal form. */
CwThing *cw_things_get(const CwAgent *agent, const char *name);
/* From now on the thing is the watch's; find() begins where it is needed. */
void cw_thing_add_watch(CwThing *thing, CwWatch *watch);
/* The last one takes the thing along. */
void cw_thing_remove_watch(CwThing *thing, CwWatch *watch);

G_END_DECLS
