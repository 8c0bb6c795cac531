/* component/stanza-error.c: the one table of stanza errors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "component/stanza-error.h"

#define NS_STANZAS "urn:ietf:params:xml:ns:xmpp-stanzas"

G_DEFINE_QUARK(cw - stanza - error - quark, cw_stanza_error)

/* Types are those of XEP-0086, and of RFC 6120 8.3.3 for what is newer; policy-violation is only
 * sent for rates, so one may try again.  Codes are for old clients (XEP-0077 9 wants both styles);
 * policy-violation has none in XEP-0086 and borrows that of its relative forbidden. */
static const struct {
    const char *name;
    const char *type;
    const char *code;
} conditions[] = {
    [CW_STANZA_BAD_REQUEST] = {"bad-request", "modify", "400"},
    [CW_STANZA_CONFLICT] = {"conflict", "cancel", "409"},
    [CW_STANZA_FEATURE_NOT_IMPLEMENTED] = {"feature-not-implemented", "cancel", "501"},
    [CW_STANZA_FORBIDDEN] = {"forbidden", "auth", "403"},
    [CW_STANZA_INTERNAL_SERVER_ERROR] = {"internal-server-error", "wait", "500"},
    [CW_STANZA_ITEM_NOT_FOUND] = {"item-not-found", "cancel", "404"},
    [CW_STANZA_JID_MALFORMED] = {"jid-malformed", "modify", "400"},
    [CW_STANZA_NOT_ACCEPTABLE] = {"not-acceptable", "modify", "406"},
    [CW_STANZA_NOT_ALLOWED] = {"not-allowed", "cancel", "405"},
    [CW_STANZA_NOT_AUTHORIZED] = {"not-authorized", "auth", "401"},
    [CW_STANZA_POLICY_VIOLATION] = {"policy-violation", "wait", "403"},
    [CW_STANZA_RECIPIENT_UNAVAILABLE] = {"recipient-unavailable", "wait", "404"},
    [CW_STANZA_REGISTRATION_REQUIRED] = {"registration-required", "auth", "407"},
    [CW_STANZA_REMOTE_SERVER_NOT_FOUND] = {"remote-server-not-found", "cancel", "404"},
    [CW_STANZA_REMOTE_SERVER_TIMEOUT] = {"remote-server-timeout", "wait", "504"},
    [CW_STANZA_RESOURCE_CONSTRAINT] = {"resource-constraint", "wait", "500"},
    [CW_STANZA_SERVICE_UNAVAILABLE] = {"service-unavailable", "cancel", "503"},
    [CW_STANZA_SUBSCRIPTION_REQUIRED] = {"subscription-required", "auth", "407"},
    [CW_STANZA_UNDEFINED_CONDITION] = {"undefined-condition", "cancel", "500"},
    [CW_STANZA_UNEXPECTED_REQUEST] = {"unexpected-request", "wait", "400"},
};

const char *cw_stanza_condition_name(CwStanzaCondition condition)
{
    g_return_val_if_fail(condition < G_N_ELEMENTS(conditions), "undefined-condition");

    return conditions[condition].name;
}

/* Without its end. */
static void write_begin(CwWriter *writer, CwStanzaCondition condition, const char *text)
{
    cw_writer_start(writer, "error", NULL);
    cw_writer_attr(writer, "type", conditions[condition].type);
    cw_writer_attr(writer, "code", conditions[condition].code);
    cw_writer_leaf(writer, conditions[condition].name, NS_STANZAS, NULL);
    if (text && *text) {
        cw_writer_start(writer, "text", NS_STANZAS);
        cw_writer_attr(writer, "xml:lang", "en");
        cw_writer_text(writer, text);
        cw_writer_end(writer);
    }
}

void cw_stanza_error_write_special(CwWriter *writer, CwStanzaCondition condition, const char *text,
                                   const char *name, const char *ns)
{
    g_return_if_fail(condition < G_N_ELEMENTS(conditions));

    write_begin(writer, condition, text);
    if (name != NULL)
        cw_writer_leaf(writer, name, ns, NULL);
    cw_writer_end(writer);
}

void cw_stanza_error_write(CwWriter *writer, CwStanzaCondition condition, const char *text)
{
    cw_stanza_error_write_special(writer, condition, text, NULL, NULL);
}

void cw_stanza_error_write_unsupported(CwWriter *writer, const char *feature, const char *ns)
{
    write_begin(writer, CW_STANZA_FEATURE_NOT_IMPLEMENTED, NULL);
    cw_writer_start(writer, "unsupported", ns);
    cw_writer_attr(writer, "feature", feature);
    cw_writer_end(writer);
    cw_writer_end(writer);
}

void cw_stanza_error_write_gerror(CwWriter *writer, const GError *error)
{
    if (error && error->domain == CW_STANZA_ERROR && error->code >= 0 &&
        (gsize)error->code < G_N_ELEMENTS(conditions))
        cw_stanza_error_write(writer, (CwStanzaCondition)error->code, error->message);
    else
        cw_stanza_error_write(writer, CW_STANZA_INTERNAL_SERVER_ERROR, NULL);
}
