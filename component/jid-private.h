/* component/jid-private.h: what jid.c tells jid-escape.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Is `text` (UTF-8) a local part that nodeprep leaves exactly as it is? */
gboolean cw_jid_nodeprep_keeps(const char *text);

/* Is this ASCII character one that a local part may have, as it is? */
gboolean cw_jid_is_plain_local(guchar c);

G_END_DECLS
