/* tests/fuzz/fuzz-jid.c: any bytes as an address and as a legacy name
 *
 * What parses parses to itself again; what escapes is a prepared local part, and unescapes to
 * exactly what it was.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "component/jid.h"

#include <string.h>

#include "component/jid-private.h"

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

static void check_address(const char *text)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(CwJid) jid = cw_jid_parse(text, &error);

    g_assert_true((jid == NULL) == (error != NULL));
    if (!jid)
        return;
    g_assert_true(*jid->domain && strlen(jid->domain) <= 1023);
    g_assert_true(!jid->local || (*jid->local && strlen(jid->local) <= 1023));
    g_assert_true(!jid->resource || (*jid->resource && strlen(jid->resource) <= 1023));
    g_assert_null(strpbrk(jid->domain, "@/ "));
    g_assert_null(jid->local ? strpbrk(jid->local, "@/ \"&':<>") : NULL);

    g_autoptr(CwJid) again = cw_jid_parse(jid->full, NULL);
    g_assert_nonnull(again);
    g_assert_cmpstr(again->full, ==, jid->full);
    g_assert_cmpstr(again->bare, ==, jid->bare);
    g_assert_cmpstr(again->local, ==, jid->local);
    g_assert_cmpstr(again->resource, ==, jid->resource);

    /* a local part that a user typed: the inverse takes it, whatever it is */
    if (jid->local) {
        g_autofree char *legacy = cw_jid_unescape_local(jid->local);
        g_assert_true(*legacy && g_utf8_validate(legacy, -1, NULL));
    }
}

static void check_name(const char *text, gsize size)
{
    g_autofree char *local = cw_jid_escape_local(text);

    if (!local) {
        /* six bytes for one at the most are 10 for 4: only what is long, empty or broken fails */
        g_assert_true(size == 0 || size > 1023 / 6 || !g_utf8_validate(text, -1, NULL));
        return;
    }
    g_assert_cmpuint(strlen(local), <=, 1023);
    g_assert_true(cw_jid_nodeprep_keeps(local));

    g_autofree char *back = cw_jid_unescape_local(local);
    g_assert_cmpstr(back, ==, text);

    g_autofree char *address = cw_jid_for_legacy(text, "irc.example.com");
    g_autoptr(CwJid) jid = cw_jid_parse(address, NULL);
    g_assert_nonnull(jid);
    g_assert_cmpstr(jid->full, ==, address);
}

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
    g_autofree char *text = g_strndup((const char *)data, size);

    check_address(text);
    check_name(text, strlen(text));
    return 0;
}
