/* transport/avatar.h: pictures, each kept once for all users of a transport
 *
 * A picture is known by the SHA-1 of its bytes, which is its id in XEP-0084 and XEP-0153 too.  It
 * stays as long as a contact or a user has it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct CwAvatars CwAvatars;

typedef struct {
    char *id; /* 40 hexadecimal digits */
    GBytes *bytes;
    const char *media;   /* "image/png" */
    guint width, height; /* pixels; 0: not known */

    /* private */
    CwAvatars *avatars;
    guint users;
} CwAvatar;

CwAvatars *cw_avatars_new(void);
void cw_avatars_free(CwAvatars *avatars); /* all of its pictures must be gone */
gsize cw_avatars_size(const CwAvatars *avatars);

/* `data`: base64.  `media` (nullable): what it is said to be; what it is, its bytes tell.  `most`:
 * bytes of one picture, `most_all`: of all, 0: no limit.  NULL: `problem` says why.  (transfer
 * full) */
CwAvatar *cw_avatars_take(CwAvatars *avatars, const char *data, const char *media, gsize most,
                          gsize most_all, const char **problem);
/* The same, of the bytes themselves. */
CwAvatar *cw_avatars_take_bytes(CwAvatars *avatars, GBytes *bytes, gsize most, gsize most_all,
                                const char **problem);
char *cw_avatar_encode(const CwAvatar *avatar); /* base64 (transfer full) */
CwAvatar *cw_avatar_ref(CwAvatar *avatar);
void cw_avatar_unref(CwAvatar *avatar); /* nullable */

G_END_DECLS
