/* tests/unit/component/test-stanza-error.c: the table of stanza errors, line by line
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "component/stanza-error.h"

#include <gio/gio.h>

static char *written(CwStanzaCondition condition, const char *text)
{
    GString *out = g_string_new(NULL);
    CwWriter writer;

    cw_writer_init(&writer, out);
    cw_stanza_error_write(&writer, condition, text);
    g_assert_cmpuint(writer.depth, ==, 0);
    return g_string_free(out, FALSE);
}

static char *written_gerror(const GError *error)
{
    GString *out = g_string_new(NULL);
    CwWriter writer;

    cw_writer_init(&writer, out);
    cw_stanza_error_write_gerror(&writer, error);
    return g_string_free(out, FALSE);
}

/* XEP-0086, and the conditions that are newer */
static void stanza_error_write__knows__every_condition(void)
{
    static const struct {
        CwStanzaCondition condition;
        const char *name, *type, *code;
    } table[] = {
        {CW_STANZA_BAD_REQUEST, "bad-request", "modify", "400"},
        {CW_STANZA_CONFLICT, "conflict", "cancel", "409"},
        {CW_STANZA_FEATURE_NOT_IMPLEMENTED, "feature-not-implemented", "cancel", "501"},
        {CW_STANZA_FORBIDDEN, "forbidden", "auth", "403"},
        {CW_STANZA_INTERNAL_SERVER_ERROR, "internal-server-error", "wait", "500"},
        {CW_STANZA_ITEM_NOT_FOUND, "item-not-found", "cancel", "404"},
        {CW_STANZA_JID_MALFORMED, "jid-malformed", "modify", "400"},
        {CW_STANZA_NOT_ACCEPTABLE, "not-acceptable", "modify", "406"},
        {CW_STANZA_NOT_ALLOWED, "not-allowed", "cancel", "405"},
        {CW_STANZA_NOT_AUTHORIZED, "not-authorized", "auth", "401"},
        {CW_STANZA_POLICY_VIOLATION, "policy-violation", "wait", "403"},
        {CW_STANZA_RECIPIENT_UNAVAILABLE, "recipient-unavailable", "wait", "404"},
        {CW_STANZA_REGISTRATION_REQUIRED, "registration-required", "auth", "407"},
        {CW_STANZA_REMOTE_SERVER_NOT_FOUND, "remote-server-not-found", "cancel", "404"},
        {CW_STANZA_REMOTE_SERVER_TIMEOUT, "remote-server-timeout", "wait", "504"},
        {CW_STANZA_RESOURCE_CONSTRAINT, "resource-constraint", "wait", "500"},
        {CW_STANZA_SERVICE_UNAVAILABLE, "service-unavailable", "cancel", "503"},
        {CW_STANZA_SUBSCRIPTION_REQUIRED, "subscription-required", "auth", "407"},
        {CW_STANZA_UNDEFINED_CONDITION, "undefined-condition", "cancel", "500"},
        {CW_STANZA_UNEXPECTED_REQUEST, "unexpected-request", "wait", "400"},
    };

    g_assert_cmpuint(G_N_ELEMENTS(table), ==, CW_STANZA_UNEXPECTED_REQUEST + 1);
    for (guint i = 0; i < G_N_ELEMENTS(table); i++) {
        g_autofree char *expected = g_strdup_printf(
            "<error type='%s' code='%s'><%s xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>",
            table[i].type, table[i].code, table[i].name);
        g_autofree char *out = written(table[i].condition, NULL);

        g_assert_cmpstr(out, ==, expected);
        g_assert_cmpstr(cw_stanza_condition_name(table[i].condition), ==, table[i].name);
    }
}

static void stanza_error_write__adds__text(void)
{
    g_autofree char *out = written(CW_STANZA_NOT_ALLOWED, "no <b>");

    g_assert_cmpstr(out, ==,
                    "<error type='cancel' code='405'>"
                    "<not-allowed xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>"
                    "<text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas' xml:lang='en'>"
                    "no &lt;b&gt;</text></error>");
}

static void stanza_error_write_special__adds__its_condition(void)
{
    g_autoptr(GString) out = g_string_new(NULL);
    CwWriter writer;

    cw_writer_init(&writer, out);
    cw_stanza_error_write_special(&writer, CW_STANZA_BAD_REQUEST, "why", "bad-action", "urn:x");
    g_assert_nonnull(
        strstr(out->str, "<bad-request xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>"));
    g_assert_true(g_str_has_suffix(out->str, "<bad-action xmlns='urn:x'/></error>"));
}

static void stanza_error_write_unsupported__names__the_feature(void)
{
    g_autoptr(GString) out = g_string_new(NULL);
    CwWriter writer;

    cw_writer_init(&writer, out);
    cw_stanza_error_write_unsupported(&writer, "publish", "urn:x");
    g_assert_nonnull(strstr(out->str, "<feature-not-implemented xmlns="));
    g_assert_true(
        g_str_has_suffix(out->str, "<unsupported xmlns='urn:x' feature='publish'/></error>"));
}

static void stanza_error_write_gerror__shows__our_own_text_only(void)
{
    g_autoptr(GError) ours =
        g_error_new_literal(CW_STANZA_ERROR, CW_STANZA_CONFLICT, "taken already");
    g_autoptr(GError) foreign =
        g_error_new_literal(G_IO_ERROR, G_IO_ERROR_FAILED, "/var/lib/causeway: disk full");
    g_autoptr(GError) wrong = g_error_new_literal(CW_STANZA_ERROR, 4711, "from nowhere");
    g_autofree char *a = written_gerror(ours);
    g_autofree char *b = written_gerror(foreign);
    g_autofree char *c = written_gerror(wrong);
    g_autofree char *internal = written(CW_STANZA_INTERNAL_SERVER_ERROR, NULL);
    g_autofree char *conflict = written(CW_STANZA_CONFLICT, "taken already");

    g_assert_cmpstr(a, ==, conflict);
    g_assert_cmpstr(b, ==, internal);
    g_assert_cmpstr(c, ==, internal);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name) g_test_add_func("/stanza-error/" #name, name)
    ADD(stanza_error_write__knows__every_condition);
    ADD(stanza_error_write__adds__text);
    ADD(stanza_error_write_special__adds__its_condition);
    ADD(stanza_error_write_unsupported__names__the_feature);
    ADD(stanza_error_write_gerror__shows__our_own_text_only);
    return g_test_run();
}
