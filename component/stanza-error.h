/* component/stanza-error.h: RFC 6120 8.3 stanza errors, and the one table that writes them
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include "component/xml.h"

G_BEGIN_DECLS

/* Codes are the conditions of RFC 6120 8.3.3 (and XEP-0086's subset of old codes). */
#define CW_STANZA_ERROR (cw_stanza_error_quark())
GQuark cw_stanza_error_quark(void);

typedef enum {
    CW_STANZA_BAD_REQUEST,
    CW_STANZA_CONFLICT,
    CW_STANZA_FEATURE_NOT_IMPLEMENTED,
    CW_STANZA_FORBIDDEN,
    CW_STANZA_INTERNAL_SERVER_ERROR,
    CW_STANZA_ITEM_NOT_FOUND,
    CW_STANZA_JID_MALFORMED,
    CW_STANZA_NOT_ACCEPTABLE,
    CW_STANZA_NOT_ALLOWED,
    CW_STANZA_NOT_AUTHORIZED,
    CW_STANZA_POLICY_VIOLATION,
    CW_STANZA_RECIPIENT_UNAVAILABLE,
    CW_STANZA_REGISTRATION_REQUIRED,
    CW_STANZA_REMOTE_SERVER_NOT_FOUND,
    CW_STANZA_REMOTE_SERVER_TIMEOUT,
    CW_STANZA_RESOURCE_CONSTRAINT,
    CW_STANZA_SERVICE_UNAVAILABLE,
    CW_STANZA_SUBSCRIPTION_REQUIRED,
    CW_STANZA_UNDEFINED_CONDITION,
    CW_STANZA_UNEXPECTED_REQUEST,
} CwStanzaCondition;

/* The element's name, "item-not-found". */
const char *cw_stanza_condition_name(CwStanzaCondition condition);

/* <error type= code=><condition/><text xml:lang='en'/></error>; `text` may be NULL. */
void cw_stanza_error_write(CwWriter *writer, CwStanzaCondition condition, const char *text);

/* The same with a condition of the application's own, RFC 6120 8.3.4. */
void cw_stanza_error_write_special(CwWriter *writer, CwStanzaCondition condition, const char *text,
                                   const char *name, const char *ns);

/* feature-not-implemented with <unsupported feature=/>, which is of publish-subscribe: XEP-0060. */
void cw_stanza_error_write_unsupported(CwWriter *writer, const char *feature, const char *ns);

/* Condition and text of any GError: CW_STANZA_ERROR by its code, everything else
 * internal-server-error without its text, which is for the log. */
void cw_stanza_error_write_gerror(CwWriter *writer, const GError *error);

G_END_DECLS
