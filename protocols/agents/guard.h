/* protocols/agents/guard.h: a resolver that finds nothing but the public internet
 *
 * A name may have a public address when it is looked at and a private one when it is used; so the
 * answer is looked at that is used.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Every look-up of this process from now on. */
void cw_guard_install(void);

G_END_DECLS
