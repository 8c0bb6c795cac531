/* transport/seen.h: messages that came from the network, to know those that it delivers again
 *
 * Networks send the end of a chat's history again when the connection was made anew.  Such a copy
 * carries the time of the message.  It is a repeat when the same text of the same contact came
 * before, with that very time, or live within CW_SEEN_TOLERANCE of it; each message that was seen
 * explains one copy a log-in, so somebody who wrote "ok" twice is heard twice.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define CW_SEEN_TOLERANCE 2 /* s between our clock and the network's */

typedef struct CwSeen CwSeen;

CwSeen *cw_seen_new(void);
void cw_seen_free(CwSeen *seen);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CwSeen, cw_seen_free)

/* A new log-in: what comes with a time from now on may be a repeat of what came before. */
void cw_seen_mark_login(CwSeen *seen);
/* `stamp`: Unix time, s; 0: now.  TRUE: it is a repeat.  Remembers the last `most`; 0: none. */
gboolean cw_seen_is_repeat(CwSeen *seen, const char *contact, const char *text, gboolean own,
                           gint64 stamp, guint most);

G_END_DECLS
