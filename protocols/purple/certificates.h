/* protocols/purple/certificates.h: whose certificate question is it, and what was answered before
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include <libpurple/purple.h>

#include "protocols/purple/account.h"

G_BEGIN_DECLS

void cw_certificates_init(void);
void cw_certificates_uninit(void);

/* libpurple asks about a certificate without saying for which account; the question's user data is
 * the verification.  NULL: it is not one, or its account is gone. */
CwAccount *cw_certificates_account(const void *verification);

/* Is it a verification that is under way? */
gboolean cw_certificates_is_open(const void *verification);

/* The user said no, or nothing any more: the log-in must not wait for ever. */
void cw_certificates_refuse(void *verification);

G_END_DECLS
