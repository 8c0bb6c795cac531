/* transport/registrar.h: verifies registrations with the network before they are stored
 *
 * Behind cw_transport_register() and cw_transport_unregister().
 *
 *     register -> trial (a session that       -> stored -> new: the trial is the session
 *                 holds its events back)                -> edit: the old session logs in anew
 *                        -> refused: nothing is stored
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include "transport/transport.h"

G_BEGIN_DECLS

typedef struct CwRegistrar CwRegistrar;

CwRegistrar *cw_registrar_new(CwTransport *transport);
void cw_registrar_free(CwRegistrar *registrar); /* the store has done all that was asked of it */
/* Ends pending ones as CW_REGISTERED_ABORTED. */
void cw_registrar_abort_all(CwRegistrar *registrar);
void cw_registrar_register(CwRegistrar *registrar, const CwUser *user, CwRegisterDone done,
                           gpointer data);
gboolean cw_registrar_is_pending(CwRegistrar *registrar, const char *jid);
CwSession *cw_registrar_find_trial(CwRegistrar *registrar, const char *jid); /* nullable */
/* His registration is being deleted: the store may show it still. */
gboolean cw_registrar_is_removing(CwRegistrar *registrar, const char *jid);
void cw_registrar_unregister(CwRegistrar *registrar, const char *jid, CwStoreDone done,
                             gpointer data);
/* Until it is done both JIDs are in is_removing(), and neither can register. */
void cw_registrar_move(CwRegistrar *registrar, const CwUser *user, const char *to, CwStoreDone done,
                       gpointer data);

/* in transport.c: a trial that went well becomes the session of its user */
void cw_transport_adopt_session(CwTransport *transport, CwSession *session);

G_END_DECLS
