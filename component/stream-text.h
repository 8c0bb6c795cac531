/* component/stream-text.h: what a stream must know of texts: addresses, logs, traces; no I/O
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include "component/xml.h"

G_BEGIN_DECLS

/* Is the domain part of `address` exactly `domain`? */
gboolean cw_stream_is_from(const char *address, const char *domain);

/* Where to ping: the domain above the component's, or the component's own if there is none. */
const char *cw_stream_ping_target(const char *domain);

/* What a peer wrote, for a log: one line, printable, at most 200 bytes; nothing of it when it holds
 * one of `secrets` (NULL-ended).  (transfer full) */
char *cw_stream_presentable(const char *text, const char *const *secrets);

/* A stanza for the trace: elements and attributes, character data as "…".  (transfer full) */
char *cw_stream_outline_node(const CwNode *stanza);
char *cw_stream_outline_text(const char *written, gsize length);

G_END_DECLS
