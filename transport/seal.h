/* transport/seal.h: secrets at rest, sealed by libsodium under a key that is not in the database
 *
 * XChaCha20-Poly1305 with a random nonce; the additional data bind a box to its place (domain and
 * user), so that a box moved to another row does not open.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include "transport/secret.h"

G_BEGIN_DECLS

#define CW_SEAL_ERROR (cw_seal_error_quark())
GQuark cw_seal_error_quark(void);
typedef enum { CW_SEAL_ERROR_KEY, CW_SEAL_ERROR_BOX } CwSealError;

typedef struct CwSeal CwSeal;

/* Reads the key from `path`, 0600 and ours, or makes it there (O_EXCL, 0600, synced) when `create`.
 * A key file that others can read is refused with a message that says what to do. */
CwSeal *cw_seal_open(const char *path, gboolean create, GError **error);
void cw_seal_free(CwSeal *seal);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CwSeal, cw_seal_free)

GBytes *cw_seal_close_box(CwSeal *seal, const CwSecret *secret, const char *place);
CwSecret *cw_seal_open_box(CwSeal *seal, GBytes *box, const char *place, GError **error);

/* The same for what is private but no password: not in locked memory. */
GBytes *cw_seal_close_text(CwSeal *seal, const char *text, const char *place);
char *cw_seal_open_text(CwSeal *seal, GBytes *box, const char *place, GError **error);

G_END_DECLS
