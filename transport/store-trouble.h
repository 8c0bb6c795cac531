/* transport/store-trouble.h: says what could not be stored, once a minute at most
 *
 * On a full disk thousands of writes fail one after the other.  They are counted here, and one line
 * says what they were; another one says when writing works again.  Pure: times are given
 * (monotonic, µs), lines are returned, (transfer full) and (nullable): nothing is to be said.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define CW_STORE_TROUBLE_INTERVAL (60 * G_USEC_PER_SEC) /* between two lines */

typedef enum {
    CW_TROUBLE_REGISTRATIONS,
    CW_TROUBLE_CONTACTS,
    CW_TROUBLE_MESSAGES,
    CW_TROUBLE_ARCHIVE,
    CW_TROUBLE_REMEMBERED,
    CW_N_TROUBLES,
} CwTroubleKind;

typedef struct {
    guint counts[CW_N_TROUBLES]; /* since the last line */
    char *reason;                /* of the last one; NULL: all counts are 0 */
    gint64 next;                 /* no line before */
    gboolean told;               /* there was a line, and none yet that it is over */
} CwStoreTrouble;

/* One write of this kind was not done. */
void cw_store_trouble_add(CwStoreTrouble *trouble, CwTroubleKind kind, const char *reason);
/* When there is something to say: 0 never, as nothing failed since the last line. */
gint64 cw_store_trouble_due(const CwStoreTrouble *trouble);
/* The line about what failed in the database `path`, when it is due. */
char *cw_store_trouble_tell(CwStoreTrouble *trouble, const char *path, gint64 now);
/* The line for a write that was done, when the last line said that writing fails. */
char *cw_store_trouble_over(CwStoreTrouble *trouble, const char *path);
void cw_store_trouble_clear(CwStoreTrouble *trouble);

G_END_DECLS
