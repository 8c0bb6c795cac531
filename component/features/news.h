/* component/features/news.h: what contacts publish, as a node of each (news-node.c), and what is
 * new in it (news.c)
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include "component/component.h"

G_BEGIN_DECLS

/* Into <items/>.  `item` of a list of cw_session_ask_items(), of the contact at `jid`, whose name
 * for people is `name`.  FALSE: it has not the values of an item, nothing is written. */
gboolean cw_news_write_item(CwWriter *writer, const CwFound *item, const char *jid,
                            const char *name);
/* Each of them has. */
gboolean cw_news_are_items(const GPtrArray *items);
/* What people know the contact as. */
const char *cw_news_name(CwSession *session, const char *contact);

/* Requests about the node, which cw_feature_news is asked for. */
extern const CwIqHandler cw_news_iqs[];

G_END_DECLS
