/* component/features/adhoc.h: XEP-0050, whosever commands they are: actions, sessions, answers
 *
 *     execute -> (a form -> submit ->) a note
 *
 * A session is nothing but its id, which holds a time and a MAC over that, the client, who it was
 * for and the command: nothing is kept, so nothing has to be bounded.  What is submitted twice is
 * done twice, as in a chat.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include "component/component.h"

G_BEGIN_DECLS

/* Whose commands they are; both answer, now or later. */
typedef struct {
    /* The first stage. */
    void (*execute)(CwComponent *component, const CwStanza *stanza, gconstpointer command);
    /* The form of the command came back, in `child`, in a session that is one of this client. */
    void (*submit)(CwComponent *component, const CwStanza *stanza, const CwNode *child,
                   gconstpointer command, const char *session);
} CwAdhocKind;

/* Takes a request for one of them, whose node is `node`. */
void cw_adhoc_take(CwComponent *component, const CwStanza *stanza, const CwNode *child,
                   const char *node, const CwAdhocKind *kind, gconstpointer command);

#define CW_ADHOC_SESSION_TIME 3600 /* s from a form to what was filled in */

char *cw_adhoc_session_new(const CwStanza *stanza, const char *node); /* (transfer full) */
/* NULL: it is one of this client, of who it is for and of the command, and not too old at that
 * time (monotonic, s).  Else the condition of XEP-0050 4.4. */
const char *cw_adhoc_check_session(const CwStanza *stanza, const char *node, const char *id,
                                   gint64 at);

/* The values of a form that came back, by field name, as cw_form_values(); `fields` nullable.
 * NULL: there is none, or one is wrong, and that is answered.  (transfer full) */
GHashTable *cw_adhoc_read_form(CwComponent *component, const CwStanza *stanza, const CwNode *child,
                               GPtrArray *fields);

/* ---- answers ---- */

/* One form, to be completed or cancelled; `instructions` nullable. */
void cw_adhoc_send_form(CwComponent *component, const CwStanza *stanza, const char *node,
                        const char *title, const char *instructions, GPtrArray *fields);
/* It is completed, with that to say. */
void cw_adhoc_send_note(CwComponent *component, const CwStanza *stanza, const char *node,
                        const char *session, gboolean failed, const char *text);
/* There is no step for what came in this session. */
void cw_adhoc_refuse_action(CwComponent *component, const CwStanza *stanza, const char *text);

G_END_DECLS
