/* protocols/purple/dns.h: names to addresses with GResolver instead of forked children
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include <libpurple/dnsquery.h>
#include <libpurple/dnssrv.h>

G_BEGIN_DECLS

PurpleDnsQueryUiOps *cw_dns_ops(void);
PurpleSrvTxtQueryUiOps *cw_dns_record_ops(void);

G_END_DECLS
