/* transport/image.h: what kind of picture some bytes are, and how large it is
 *
 * Shared with the hosts.  Nothing is decoded.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The media type that these bytes begin like; NULL: no picture that clients show.  Width and height
 * in pixels, 0: not to be seen easily. */
const char *cw_image_recognize(const guint8 *bytes, gsize length, guint *width, guint *height);

G_END_DECLS
