/* component/caps-cache.h: what hashes of entity capabilities (XEP-0115) stand for, for all users
 *
 * Keeps what was verified, up to a number of entries; over it the one goes that was not asked for
 * the longest.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct CwCapsCache CwCapsCache;

CwCapsCache *cw_caps_cache_new(guint most);
void cw_caps_cache_free(CwCapsCache *cache);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CwCapsCache, cw_caps_cache_free)

guint cw_caps_cache_size(const CwCapsCache *cache);
void cw_caps_cache_put(CwCapsCache *cache, const char *key, guint abilities);
/* FALSE: not known. */
gboolean cw_caps_cache_get(CwCapsCache *cache, const char *key, guint *abilities);

G_END_DECLS
