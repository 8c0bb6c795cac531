/* transport/crash-log.h: what is known of a host that crashed, in a file for the admin
 *
 * One small file a crash, in a folder that only its owner can read.  No text, password or value
 * that went over the link is in it: of each line its kind, account, id and length.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include "transport/host.h"

G_BEGIN_DECLS

typedef struct {
    const char *transport; /* its domain */
    const char *why;
    guint accounts;
    const char *served; /* (nullable) the name on the network of who was being served */
    gboolean guilty;    /* … and is taken to be the cause */
    const CwHostRemains *remains;
} CwCrash;

/* Writes the file and removes the oldest ones, so that `most` are left; most is not 0.  Its path
 * (transfer full), or NULL. */
char *cw_crash_log_write(const char *folder, guint most, const CwCrash *crash, GError **error);

G_END_DECLS
