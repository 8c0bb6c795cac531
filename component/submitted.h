/* component/submitted.h: what a user filled in, as a data form or as plain fields
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include "component/component.h"

G_BEGIN_DECLS

/* The values in `query` of the namespace `ns`, by field name: of the form, whose FORM_TYPE is `ns`
 * as well, else of the child elements that `plain` names.  `fields` (nullable): those that a form
 * may have.  `is_form` (nullable): which of the two it was.  Every value wipes itself.  NULL: there
 * is nothing to do, and the stanza is answered.  (transfer full) */
GHashTable *cw_submitted_read(CwComponent *component, const CwStanza *stanza, const CwNode *query,
                              const char *ns, const char *const *plain, GPtrArray *fields,
                              gboolean *is_form);

/* What goes to the network as a word or a line of its own: FALSE and CW_STANZA_ERROR when a value
 * is too long or has control characters.  `fields`: for their labels; nullable. */
gboolean cw_submitted_check(const GPtrArray *fields, GHashTable *values, GError **error);

G_END_DECLS
