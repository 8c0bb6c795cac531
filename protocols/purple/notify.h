/* protocols/purple/notify.h: what the network tells its user (libpurple's notify ops)
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include <libpurple/notify.h>

PurpleNotifyUiOps *cw_notify_ops(void);
