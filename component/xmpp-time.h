/* component/xmpp-time.h: points in time as XMPP writes them
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include "component/xml.h"

G_BEGIN_DECLS

#define CW_NS_DELAY "urn:xmpp:delay"

/* XEP-0082: UTC, whole seconds.  `seconds`: Unix time.  (transfer full); NULL: no calendar has it.
 */
char *cw_xmpp_time(gint64 seconds);
/* The same read: Unix time in µs; any offset and fraction.  FALSE: it is none. */
gboolean cw_xmpp_time_parse(const char *text, gint64 *microseconds);
/* XEP-0203 2: what the stanza tells was so at that time.  Nothing, when no calendar has it. */
void cw_xmpp_time_write_delay(CwWriter *writer, const char *from, gint64 seconds);

G_END_DECLS
