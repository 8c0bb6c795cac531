/* transport/suspects.h: which accounts may have crashed their host
 *
 * After a crash the accounts come back in smaller groups, each group on a host of its own, so that
 * the one whose fault it was ends alone, whether its host said for whom it was working (then it is
 * alone at once) or not (then half of the group is, until it is).  Who has been online for a while
 * is free again.
 *
 * Accounts are known by their names on the network, at most SUSPECTS_MAX of them, each until
 * MEMORY_TIME after its last crash; a guilty one for GUILTY_TIME, so that it is still alone when
 * its quarantine is over.  Times are monotonic, µs.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What a host that crashed was doing for an account. */
typedef enum {
    CW_SERVING_UNKNOWN, /* it keeps no scoreboard */
    CW_SERVING_NOBODY,
    CW_SERVING_OTHER,
    CW_SERVING_IT,
} CwServing;

typedef struct CwSuspects CwSuspects;

CwSuspects *cw_suspects_new(void);
void cw_suspects_free(CwSuspects *suspects);

/* The host crashed that it shared with `together` - 1 others.  TRUE: it is guilty, that is, it was
 * served when this happened or was alone, and was to blame before: one crash is forgiven (a message
 * that the plugin cannot take), and two of an idle host (somebody kills it). */
gboolean cw_suspects_add(CwSuspects *suspects, const char *name, guint together, CwServing serving,
                         gint64 now);
/* So many may be together on its host, all of them suspects; 0: it is none. */
guint cw_suspects_group(const CwSuspects *suspects, const char *name, gint64 now);
/* It was online long enough.  What it did before still counts at its next crash. */
void cw_suspects_clear(CwSuspects *suspects, const char *name);
guint cw_suspects_count(const CwSuspects *suspects);

G_END_DECLS
