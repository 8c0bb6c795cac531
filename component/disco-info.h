/* component/disco-info.h: what an entity says of itself in disco#info (XEP-0030), and the hash of
 * it (XEP-0115)
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include "component/xml.h"

G_BEGIN_DECLS

#define CW_NS_DISCO_INFO "http://jabber.org/protocol/disco#info"

/* Identities, features and forms, in the order in which they are hashed. */
typedef struct CwDiscoInfo CwDiscoInfo;

CwDiscoInfo *cw_disco_info_new(void);
void cw_disco_info_free(CwDiscoInfo *info);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CwDiscoInfo, cw_disco_info_free)

/* `name` is nullable. */
void cw_disco_info_add_identity(CwDiscoInfo *info, const char *category, const char *type,
                                const char *name);
void cw_disco_info_add_feature(CwDiscoInfo *info, const char *var); /* once, however often */
/* From the <query/> of an answer. */
CwDiscoInfo *cw_disco_info_read(const CwNode *query);

gboolean cw_disco_info_has(const CwDiscoInfo *info, const char *feature);
/* Identities and features, into a <query/>. */
void cw_disco_info_write(const CwDiscoInfo *info, CwWriter *writer);

/* XEP-0115 5.1, with SHA-1.  (transfer full) */
char *cw_disco_info_hash(const CwDiscoInfo *info);
/* A hash of that kind ("sha-1", …) can be checked, and `ver` has the length of one. */
gboolean cw_disco_info_may_match(const char *hash, const char *ver);
/* XEP-0115 5.4: the answer is well-formed and this is its hash.  Also FALSE for an answer with a
 * '<' in it: another one could have the same hash. */
gboolean cw_disco_info_matches(const CwDiscoInfo *info, const char *hash, const char *ver);

G_END_DECLS
