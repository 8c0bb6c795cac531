/* protocols/purple/certificates.c: one user's trust in a certificate is nobody else's
 *
 * libpurple verifies by its verifier "tls_cached": what was trusted once is trusted again, in the
 * whole process.  A process carries accounts of many users here, and what one of them accepts is
 * nothing to the others.  So a verifier of ours stands before it under the same name.  It notes the
 * account and takes the peer out of the cache, then lets the original do its work: each log-in
 * verifies in full.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "protocols/purple/certificates.h"

#include "protocols/purple/eventloop.h"
#include "protocols/purple/host.h"

static PurpleCertificateVerifier *original;
static GHashTable *open_verifications; /* PurpleCertificateVerificationRequest -> guint64 serial */

static void start_cb(PurpleCertificateVerificationRequest *verification)
{
    guint64 *serial = g_new(guint64, 1);
    *serial = cw_eventloop_owner;
    g_hash_table_insert(open_verifications, verification, serial);
    PurpleCertificatePool *peers =
        purple_certificate_find_pool(verification->scheme->name, "tls_peers");
    if (peers != NULL && purple_certificate_pool_contains(peers, verification->subject_name))
        purple_certificate_pool_delete(peers, verification->subject_name);
    original->start_verification(verification);
}

static void destroy_cb(PurpleCertificateVerificationRequest *verification)
{
    g_hash_table_remove(open_verifications, verification);
    original->destroy_request(verification);
}

static PurpleCertificateVerifier verifier = {
    .scheme_name = (gchar *)"x509",
    .name = (gchar *)"tls_cached",
    .start_verification = start_cb,
    .destroy_request = destroy_cb,
};

gboolean cw_certificates_is_waiting(const CwAccount *account)
{
    GHashTableIter iter;
    gpointer serial;
    g_hash_table_iter_init(&iter, open_verifications);
    while (g_hash_table_iter_next(&iter, NULL, &serial)) {
        if (*(guint64 *)serial == account->serial)
            return TRUE;
    }
    return FALSE;
}

void cw_certificates_init(void)
{
    open_verifications = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    original = purple_certificate_find_verifier(verifier.scheme_name, verifier.name);
    if (original == NULL)
        return; /* no TLS plugin: libpurple refuses encrypted connections by itself */
    purple_certificate_unregister_verifier(original);
    if (!purple_certificate_register_verifier(&verifier)) {
        purple_certificate_register_verifier(original);
        cw_host_log("warning", 0, "cannot stand before libpurple's verifier of certificates");
    }
}

void cw_certificates_uninit(void)
{
    g_clear_pointer(&open_verifications, g_hash_table_unref);
}
