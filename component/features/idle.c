/* component/features/idle.c: XEP-0319 idle time in presence, XEP-0012 last activity
 *
 * The gateway itself answers with its uptime.  Of a contact only those learn who have it on their
 * list: since when it is idle, as its network says; 0 when it is online and not idle; since when it
 * is offline, if it went while the user was there.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "component/features/features.h"
#include "component/xmpp-time.h"

#define NS_IDLE "urn:xmpp:idle:1"
#define NS_LAST "jabber:iq:last"

static gint64 now_seconds(void)
{
    return g_get_real_time() / G_USEC_PER_SEC;
}

void cw_idle_write(CwWriter *writer, gint64 since)
{
    g_autofree char *text = since > 0 ? cw_xmpp_time(since) : NULL;

    if (text == NULL)
        return;
    cw_writer_start(writer, "idle", NS_IDLE);
    cw_writer_attr(writer, "since", text);
    cw_writer_end(writer);
}

gint64 cw_idle_read(const CwNode *presence)
{
    const CwNode *idle = cw_node_child(presence, "idle", NS_IDLE);
    const char *since = idle == NULL ? NULL : cw_node_attr(idle, "since");
    g_autoptr(GDateTime) time = since == NULL ? NULL : g_date_time_new_from_iso8601(since, NULL);

    return time == NULL ? 0 : CLAMP(g_date_time_to_unix(time), 0, now_seconds());
}

static void send_last(CwComponent *component, const CwStanza *stanza, gint64 seconds)
{
    g_autofree char *text = g_strdup_printf("%" G_GINT64_FORMAT, MAX(seconds, 0));
    CwWriter *writer = cw_component_begin_result(component, stanza);

    cw_writer_start(writer, "query", NS_LAST);
    cw_writer_attr(writer, "seconds", text);
    cw_writer_end(writer);
    cw_component_end(component);
}

/* XEP-0012 3 and 4 */
static void answer_of_contact(CwComponent *component, const CwStanza *stanza)
{
    const CwContact *contact = cw_component_find_contact(component, stanza);

    if (contact == NULL || (!contact->listed && !contact->offered))
        cw_component_send_error(component, stanza, CW_STANZA_FORBIDDEN, NULL);
    else if (contact->show != CW_SHOW_OFFLINE)
        send_last(component, stanza, contact->idle == 0 ? 0 : now_seconds() - contact->idle);
    else if (contact->left != 0)
        send_last(component, stanza, now_seconds() - contact->left);
    else
        cw_component_send_error(component, stanza, CW_STANZA_ITEM_NOT_FOUND, NULL);
}

static void answer_last(CwComponent *component, const CwStanza *stanza, const CwNode *child)
{
    if (stanza->to->local == NULL) /* XEP-0012 5 */
        send_last(component, stanza, cw_component_uptime());
    else
        answer_of_contact(component, stanza);
}

static const CwIqHandler iqs[] = {
    {"get", "query", NS_LAST, answer_last},
    {NULL},
};
static const char *const vars[] = {NS_LAST, NULL};

const CwFeature cw_feature_idle = {
    .name = "idle",
    .iqs = iqs,
    .gateway_features = vars,
    .contact_features = vars,
};
