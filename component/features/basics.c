/* component/features/basics.c: what every client probes: ping, version, time
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "component/features/features.h"
#include "component/xmpp-time.h"

#define NS_PING "urn:xmpp:ping"
#define NS_VERSION "jabber:iq:version"
#define NS_TIME "urn:xmpp:time"

static gboolean is_gateway(const CwStanza *stanza)
{
    return stanza->to->local == NULL;
}

/* XEP-0199 4: every address of ours is alive when we are. */
static void answer_ping(CwComponent *component, const CwStanza *stanza, const CwNode *child)
{
    cw_component_send_result(component, stanza);
}

/* The rest is the gateway's alone: we do not know what software a contact runs. */
static gboolean is_refused(CwComponent *component, const CwStanza *stanza)
{
    if (is_gateway(stanza))
        return FALSE;
    cw_component_send_error(component, stanza, CW_STANZA_SERVICE_UNAVAILABLE, NULL);
    return TRUE;
}

/* XEP-0092 2 */
static void answer_version(CwComponent *component, const CwStanza *stanza, const CwNode *child)
{
    if (is_refused(component, stanza))
        return;
    CwWriter *writer = cw_component_begin_result(component, stanza);
    cw_writer_start(writer, "query", NS_VERSION);
    cw_writer_leaf(writer, "name", NULL, "Causeway");
    cw_writer_leaf(writer, "version", NULL, CW_VERSION);
    cw_writer_end(writer);
    cw_component_end(component);
}

/* XEP-0202 2 */
static void answer_time(CwComponent *component, const CwStanza *stanza, const CwNode *child)
{
    if (is_refused(component, stanza))
        return;
    g_autofree char *utc = cw_xmpp_time(g_get_real_time() / G_USEC_PER_SEC);
    CwWriter *writer = cw_component_begin_result(component, stanza);
    cw_writer_start(writer, "time", NS_TIME);
    cw_writer_leaf(writer, "tzo", NULL, "+00:00");
    cw_writer_leaf(writer, "utc", NULL, utc);
    cw_writer_end(writer);
    cw_component_end(component);
}

static const CwIqHandler iqs[] = {
    {"get", "ping", NS_PING, answer_ping},
    {"get", "query", NS_VERSION, answer_version},
    {"get", "time", NS_TIME, answer_time},
    {NULL},
};
static const char *const gateway_features[] = {NS_PING, NS_VERSION, NS_TIME, NULL};
static const char *const contact_features[] = {NS_PING, NULL};

const CwFeature cw_feature_basics = {
    .name = "basics",
    .iqs = iqs,
    .gateway_features = gateway_features,
    .contact_features = contact_features,
};
