/* transport/secret.c: the type that passwords live in, which wipes itself
 *
 * One locked allocation a secret.  mlock() may be refused (RLIMIT_MEMLOCK): then the secret is only
 * wiped, which is still better than nothing, so that is no error.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "transport/secret.h"

#include <string.h>
#include <sys/mman.h>

struct CwSecret {
    gint refs;
    gsize length;
    char bytes[]; /* NUL-ended */
};

CwSecret *cw_secret_new_bytes(const char *bytes, gsize length)
{
    CwSecret *secret = g_malloc(sizeof *secret + length + 1);

    (void)mlock(secret, sizeof *secret + length + 1);
    secret->refs = 1;
    secret->length = length;
    if (length > 0)
        memcpy(secret->bytes, bytes, length);
    secret->bytes[length] = '\0';
    return secret;
}

CwSecret *cw_secret_new(const char *text)
{
    return cw_secret_new_bytes(text, strlen(text));
}

CwSecret *cw_secret_ref(CwSecret *secret)
{
    g_atomic_int_inc(&secret->refs);
    return secret;
}

void cw_secret_unref(CwSecret *secret)
{
    if (secret == NULL || !g_atomic_int_dec_and_test(&secret->refs))
        return;
    gsize size = sizeof *secret + secret->length + 1;
    explicit_bzero(secret->bytes, secret->length);
    (void)munlock(secret, size);
    g_free(secret);
}

const char *cw_secret_peek(const CwSecret *secret)
{
    return secret == NULL ? NULL : secret->bytes;
}

gsize cw_secret_length(const CwSecret *secret)
{
    return secret == NULL ? 0 : secret->length;
}

gboolean cw_secret_equal(const CwSecret *a, const CwSecret *b)
{
    gsize n = cw_secret_length(a);

    if (n != cw_secret_length(b))
        return FALSE;
    guint8 difference = 0;
    for (gsize i = 0; i < n; i++)
        difference |= (guint8)(a->bytes[i] ^ b->bytes[i]);
    return difference == 0;
}

void cw_secret_wipe_string(char *text)
{
    if (text == NULL)
        return;
    explicit_bzero(text, strlen(text));
    g_free(text);
}

void cw_secret_grow(GString *string, gsize more)
{
    gsize needed = string->len + more + 1;

    if (needed <= string->allocated_len)
        return;
    gsize size = MAX(needed, 2 * string->allocated_len);
    char *bytes = g_malloc(size);
    memcpy(bytes, string->str, string->len + 1);
    explicit_bzero(string->str, string->allocated_len);
    g_free(string->str);
    string->str = bytes;
    string->allocated_len = size;
}

static void wipe_value(gpointer data)
{
    cw_secret_wipe_string(data);
}

GHashTable *cw_secret_table_new(void)
{
    return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, wipe_value);
}
