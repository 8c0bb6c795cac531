/* tests/fuzz/fuzz-settings.c: any bytes as a settings file
 *
 * What parses must be whole: every transport has what settings.h promises.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "conf/settings.h"

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(CwSettings) settings =
        cw_settings_parse((const char *)data, size, "/nonexistent/fuzz.conf", &error);
    g_assert_true((settings == NULL) == (error != NULL));
    if (!settings) {
        g_assert_true(error->domain == CW_SETTINGS_ERROR);
        g_assert_true(g_str_has_prefix(error->message, "/nonexistent/fuzz.conf: "));
        g_assert_true(g_utf8_validate(error->message, -1, NULL));
        return 0;
    }

    g_assert_nonnull(settings->server_host);
    g_assert_cmpuint(settings->server_port, >, 0);
    g_assert_cmpuint(settings->transports->len, >, 0);
    for (guint i = 0; i < settings->transports->len; i++) {
        const CwTransportSettings *transport = g_ptr_array_index(settings->transports, i);
        g_assert_true(*transport->domain && *transport->secret && *transport->name);
        g_assert_true(*transport->protocol_kind && *transport->protocol_name);
        g_assert_cmpuint(transport->accounts_per_host, >, 0);
        g_assert_true(transport->allow && transport->deny && transport->user_options);
        cw_transport_settings_may_register(transport, "juliet@example.com", "example.com");
    }
    return 0;
}
