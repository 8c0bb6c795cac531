/* protocols/purple/certificates.h: one user's trust in a certificate is nobody else's
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include <libpurple/purple.h>

#include "protocols/purple/account.h"

G_BEGIN_DECLS

void cw_certificates_init(void);
void cw_certificates_uninit(void);

/* Does a verification for `account` wait for an answer? */
gboolean cw_certificates_is_waiting(const CwAccount *account);

G_END_DECLS
