/* component/form.h: XEP-0004 data forms, out of and into neutral fields
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include "component/xml.h"
#include "transport/protocol.h"

G_BEGIN_DECLS

#define CW_NS_FORM "jabber:x:data"

/* <x type='form'> with title, instructions, FORM_TYPE and the fields (GPtrArray of CwField *). */
void cw_form_write(CwWriter *writer, const char *form_type, const char *title,
                   const char *instructions, GPtrArray *fields);

/* <x type='result'> with FORM_TYPE and what its items report: a JID, and the columns (CwField *)
 * but one that is called "jid".  The items, one for each, are to follow, and cw_writer_end(). */
void cw_form_begin_results(CwWriter *writer, const char *form_type, const GPtrArray *columns);
/* `values`: one a column, NULL-ended. */
void cw_form_write_item(CwWriter *writer, const GPtrArray *columns, const char *jid,
                        char *const *values);

typedef enum { CW_FORM_NONE, CW_FORM_SUBMIT, CW_FORM_CANCEL, CW_FORM_INVALID } CwFormKind;

/* What kind of form stands in `parent` (its child <x xmlns='jabber:x:data'>). */
CwFormKind cw_form_kind(const CwNode *parent);

/* The submitted values, by field name: char * -> char *, several <value/> joined by '\n'.  Types
 * are not believed (R11).  `fields` (nullable): known fields; a boolean's value is brought to "1"
 * or "0", unknown fields are left out.  Every value wipes itself when the table goes.  NULL and
 * CW_STANZA_ERROR not-acceptable naming the field: a value of the wrong shape, or a FORM_TYPE that
 * is there and not `form_type`. */
GHashTable *cw_form_values(const CwNode *parent, const char *form_type, GPtrArray *fields,
                           GError **error);

G_END_DECLS
