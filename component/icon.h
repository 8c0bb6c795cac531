/* component/icon.h: the picture that a gateway has in rosters: of the admin's choice, or one of
 * ours
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* One of conf/icons/, compiled in: component/CMakeLists.txt. */
typedef struct {
    const char *name; /* the type of the gateway's identity, "weather"; "other" for the rest */
    const guint8 *bytes;
    gsize size;
} CwIcon;

extern const CwIcon cw_icons[]; /* ended by one without a name */

/* What the gateway of this identity has by default.  (transfer full) */
GBytes *cw_icon_standard(const char *identity);

/* A PNG or JPEG of at most `most` bytes, 0: as large as pictures may be at all.  (transfer full) or
 * NULL with CW_SETTINGS_ERROR, which names the file and what to do. */
GBytes *cw_icon_read(const char *path, gsize most, GError **error);

G_END_DECLS
