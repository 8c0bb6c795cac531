/* protocols/agents/agent-error.c: the domain of errors that agents and parsers share
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "protocols/agents/agent.h"

G_DEFINE_QUARK(cw - agent - error - quark, cw_agent_error)
