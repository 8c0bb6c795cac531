/* protocols/agents/agents.c: every agent there is; a new one is a line here and in CMakeLists.txt
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "protocols/agents/agent.h"

extern const CwAgent cw_agent_clock, cw_agent_feeds, cw_agent_stocks, cw_agent_weather;

const CwAgent *const cw_agents[] = {
    &cw_agent_clock, &cw_agent_feeds, &cw_agent_stocks, &cw_agent_weather, NULL,
};
