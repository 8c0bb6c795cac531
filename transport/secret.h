/* transport/secret.h: the type that passwords live in, which wipes itself
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct CwSecret CwSecret;

/* Copies `text` into memory of its own, locked where the system allows it. */
CwSecret *cw_secret_new(const char *text);
CwSecret *cw_secret_new_bytes(const char *bytes, gsize length);
CwSecret *cw_secret_ref(CwSecret *secret);
void cw_secret_unref(CwSecret *secret); /* wiped with the last one; NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CwSecret, cw_secret_unref)

const char *cw_secret_peek(const CwSecret *secret); /* NUL-ended; NULL for NULL */
gsize cw_secret_length(const CwSecret *secret);
gboolean cw_secret_equal(const CwSecret *a, const CwSecret *b); /* constant time; NULL is "" */

/* Wipes and frees a heap string that held a secret. */
void cw_secret_wipe_string(char *text);
/* Room for `more` bytes behind the text; what it moves away from is wiped, which GString itself
 * does not do. */
void cw_secret_grow(GString *string, gsize more);
/* A table char * -> char * whose values are wiped: options, forms, answers.  (transfer full) */
GHashTable *cw_secret_table_new(void);

G_END_DECLS
