/* component/component.c: the XMPP side of one transport: its stream, its router, its features
 *
 * The stream starts when the network has been described by a host, or could not be: so the first
 * question about the gateway already gets the right answer.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#define G_LOG_DOMAIN "component"

#include "component/component.h"

#include <string.h>

#include "component/features/features.h"
#include "component/requests.h"
#include "component/spool.h"

static const CwFeature *const features[] = {
    &cw_feature_disco,
    &cw_feature_registration,
    &cw_feature_gateway_prompt,
    &cw_feature_rooms,
    &cw_feature_room_ghosts,
    &cw_feature_archive,
    &cw_feature_basics,
    &cw_feature_idle,
    &cw_feature_icon,
    &cw_feature_vcard,
    &cw_feature_pep,
    &cw_feature_looks,
    &cw_feature_privilege,
    &cw_feature_bookmarks,
    &cw_feature_presence,
    &cw_feature_clients,
    &cw_feature_roster,
    &cw_feature_roster_list,
    &cw_feature_messages,
    &cw_feature_news,
    &cw_feature_move,
    &cw_feature_search,
    &cw_feature_commands,
    &cw_feature_gateway_chat,
    NULL,
};

#define SETTLE_TURN 20 /* ms */
#define SETTLE_TURNS 25

typedef struct {
    gpointer data;
    GDestroyNotify free_data;
} FeatureData;

struct CwComponent {
    CwTransport *transport;
    CwStream *stream;
    CwSpool *spool;
    CwRequests *requests;
    const CwSettings *settings;
    const CwComponentOwner *owner;
    gpointer owner_data;
    FeatureData data[G_N_ELEMENTS(features)];
    gboolean started; /* the stream is */
    gboolean stopping;
    gboolean fate_told; /* first_fate() was called */
    gboolean warned;    /* of stanzas for somebody else, once is enough */
    guint still_open;   /* while stopping: stream and transport */
    guint grace_id;     /* the server is away: legacy sessions end then */
    guint stop_id;
    guint settle_id; /* stopping: waits for hosts and server to say what they have */
    guint settle_turns;
    gboolean congested, full; /* reasons to read nothing from the network */
};

static gint64 process_start; /* monotonic µs */

/* ---- sending ---- */

CwWriter *cw_component_begin(CwComponent *component, const char *name, const char *from,
                             const char *to, const char *type, const char *id)
{
    return cw_stream_begin(component->stream, name, from, to, type, id);
}

gboolean cw_component_end(CwComponent *component)
{
    return cw_stream_end(component->stream);
}

CwWriter *cw_component_begin_lasting(CwComponent *component, const char *name, const char *from,
                                     const char *to, const char *type, const char *id)
{
    return cw_spool_begin(component->spool, name, from, to, type, id);
}

void cw_component_end_lasting(CwComponent *component, gboolean stamped)
{
    cw_spool_end(component->spool, stamped);
}

void cw_component_send_subscription(CwComponent *component, const char *from, const char *to,
                                    const char *type)
{
    cw_component_begin_lasting(component, "presence", from, to, type, NULL);
    cw_component_end_lasting(component, FALSE);
}

void cw_component_send_presence(CwComponent *component, const char *from, const char *to,
                                const char *type)
{
    cw_component_begin(component, "presence", from, to, type, NULL);
    cw_component_end(component);
}

CwWriter *cw_component_begin_result(CwComponent *component, const CwStanza *stanza)
{
    return cw_component_begin(component, "iq", stanza->to->full, stanza->from->full, "result",
                              stanza->id);
}

void cw_component_send_result(CwComponent *component, const CwStanza *stanza)
{
    cw_component_begin_result(component, stanza);
    cw_component_end(component);
}

static gboolean is_answerable(const CwStanza *stanza)
{
    return g_strcmp0(stanza->type, "error") != 0 && g_strcmp0(stanza->type, "result") != 0;
}

void cw_component_send_error(CwComponent *component, const CwStanza *stanza,
                             CwStanzaCondition condition, const char *text)
{
    if (!is_answerable(stanza))
        return;
    CwWriter *writer = cw_component_begin(component, stanza->name, stanza->to->full,
                                          stanza->from->full, "error", stanza->id);
    cw_stanza_error_write(writer, condition, text);
    cw_component_end(component);
}

struct CwReply {
    CwStanza stanza;
    char *id;
};

CwReply *cw_component_keep(CwComponent *component, const CwStanza *stanza)
{
    CwReply *reply = g_new0(CwReply, 1);

    reply->id = g_strdup(stanza->id);
    reply->stanza.name = stanza->name;
    reply->stanza.id = reply->id;
    reply->stanza.from = cw_jid_parse(stanza->from->full, NULL);
    reply->stanza.to = cw_jid_parse(stanza->to->full, NULL);
    return reply;
}

const CwStanza *cw_reply_stanza(const CwReply *reply)
{
    return &reply->stanza;
}

void cw_reply_free(CwReply *reply)
{
    if (reply == NULL)
        return;
    cw_jid_free((CwJid *)reply->stanza.from);
    cw_jid_free((CwJid *)reply->stanza.to);
    g_free(reply->id);
    g_free(reply);
}

/* ---- the router ---- */

static gboolean is_request(const CwStanza *stanza)
{
    return g_strcmp0(stanza->type, "get") == 0 || g_strcmp0(stanza->type, "set") == 0;
}

static void route_iq(CwComponent *component, const CwStanza *stanza)
{
    const CwNode *child = stanza->node->first_child;

    /* The stream takes the answers to its own pings; others we may not have asked for (C17). */
    if (!is_answerable(stanza)) {
        cw_requests_take(component->requests, stanza);
        return;
    }
    if (!is_request(stanza) || stanza->id == NULL || cw_node_n_children(stanza->node) != 1) {
        cw_component_send_error(component, stanza, CW_STANZA_BAD_REQUEST,
                                "an iq needs an id, the type get or set, and one child");
        return;
    }
    for (guint i = 0; features[i] != NULL; i++) {
        for (const CwIqHandler *h = features[i]->iqs; h != NULL && h->type != NULL; h++) {
            if (g_str_equal(h->type, stanza->type) && cw_node_is(child, h->name, h->ns)) {
                h->handle(component, stanza, child);
                return;
            }
        }
    }
    cw_component_send_error(component, stanza, CW_STANZA_SERVICE_UNAVAILABLE, NULL);
}

static void tell_error(CwComponent *component, const CwStanza *stanza)
{
    for (guint i = 0; features[i] != NULL; i++) {
        if (features[i]->error != NULL)
            features[i]->error(component, stanza);
    }
}

static void route(CwComponent *component, const CwStanza *stanza)
{
    gboolean is_message = cw_node_is(stanza->node, "message", NULL);

    if (cw_node_is(stanza->node, "iq", NULL)) {
        route_iq(component, stanza);
        return;
    }
    if (g_strcmp0(stanza->type, "error") == 0) {
        tell_error(component, stanza);
        return;
    }
    for (guint i = 0; features[i] != NULL; i++) {
        gboolean (*handle)(CwComponent *, const CwStanza *) =
            is_message ? features[i]->message : features[i]->presence;
        if (handle != NULL && handle(component, stanza))
            return;
    }
    g_debug("%s: nobody takes a %s of %s", cw_component_domain(component), stanza->node->name,
            stanza->from->bare);
}

/* Whose it is and for whom.  FALSE: for nobody here (said in the log). */
static gboolean read_addresses(CwComponent *component, const CwNode *node, CwJid **from, CwJid **to)
{
    const char *from_text = cw_node_attr(node, "from");
    const char *to_text = cw_node_attr(node, "to");

    *from = from_text == NULL ? NULL : cw_jid_parse(from_text, NULL);
    *to = to_text == NULL ? NULL : cw_jid_parse(to_text, NULL);
    if (*from == NULL || *to == NULL) {
        g_debug("%s: a %s without a valid sender and recipient was dropped",
                cw_component_domain(component), node->name);
        return FALSE;
    }
    if (g_str_equal((*to)->domain, cw_component_domain(component)))
        return TRUE;
    if (!component->warned)
        g_warning("%s: the server sends stanzas for %s on this stream; they are dropped.  In the "
                  "server's settings each component has a name of its own (ejabberd: no list "
                  "under hosts)",
                  cw_component_domain(component), (*to)->domain);
    component->warned = TRUE;
    return FALSE;
}

/* It outlives the node; NULL: it is no stanza. */
static const char *stanza_name(const CwNode *node)
{
    static const char *const names[] = {"iq", "message", "presence"};

    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        if (cw_node_is(node, names[i], NULL))
            return names[i];
    }
    return NULL;
}

static gboolean is_stanza(const CwNode *node)
{
    return stanza_name(node) != NULL;
}

static CwStanza new_stanza(const CwNode *node, const CwJid *from, const CwJid *to)
{
    return (CwStanza){
        .node = node,
        .name = stanza_name(node),
        .type = cw_node_attr(node, "type"),
        .id = cw_node_attr(node, "id"),
        .from = from,
        .to = to,
    };
}

static void stanza_cb(const CwNode *node, gpointer data)
{
    CwComponent *component = data;
    g_autoptr(CwJid) from = NULL, to = NULL;

    if (!is_stanza(node) || !read_addresses(component, node, &from, &to))
        return;
    if (from->local == NULL && g_str_equal(from->domain, to->domain) &&
        cw_spool_take(component->spool, cw_node_attr(node, "id")))
        return;
    /* while the stream closes: what is for a contact is kept for the next gateway (messages.c) */
    if (component->still_open > 0 && (to->local == NULL || !cw_node_is(node, "message", NULL)))
        return;
    CwStanza stanza = new_stanza(node, from, to);
    route(component, &stanza);
}

/* One that is over the limits: its sender is told, and whoever waits for it. */
static void skipped_cb(const CwNode *node, const char *why, gpointer data)
{
    CwComponent *component = data;
    g_autoptr(CwJid) from = NULL, to = NULL;

    if (!is_stanza(node) || !read_addresses(component, node, &from, &to))
        return;
    CwStanza stanza = new_stanza(node, from, to);
    if (cw_node_is(node, "iq", NULL) && !is_answerable(&stanza)) {
        cw_requests_lose(component->requests, &stanza);
        return;
    }
    g_autofree char *text = g_strdup_printf("this gateway did not take it: %s", why);
    cw_component_send_error(component, &stanza, CW_STANZA_POLICY_VIOLATION, text);
}

/* ---- the stream ---- */

static void tell_fate(CwComponent *component, gboolean refused)
{
    if (component->fate_told)
        return;
    component->fate_told = !refused;
    component->owner->first_fate(component, refused, component->owner_data);
}

static void up_cb(gpointer data)
{
    CwComponent *component = data;

    g_clear_handle_id(&component->grace_id, g_source_remove);
    for (guint i = 0; features[i] != NULL; i++) {
        if (features[i]->up != NULL)
            features[i]->up(component);
    }
    cw_spool_up(component->spool);
    tell_fate(component, FALSE);
}

static gboolean grace_cb(gpointer data)
{
    CwComponent *component = data;

    component->grace_id = 0;
    guint dropped = cw_transport_drop_absent(component->transport);
    g_message("%s: the server is away for too long: %u legacy session%s ended",
              cw_component_domain(component), dropped, dropped == 1 ? "" : "s");
    return G_SOURCE_REMOVE;
}

static void down_cb(gboolean refused, gpointer data)
{
    CwComponent *component = data;

    for (guint i = 0; features[i] != NULL; i++) {
        if (features[i]->down != NULL)
            features[i]->down(component);
    }
    cw_requests_drop(component->requests);
    cw_spool_down(component->spool);
    if (!component->stopping) {
        if (component->grace_id == 0 && component->settings->timing.server_grace > 0)
            component->grace_id =
                g_timeout_add(component->settings->timing.server_grace, grace_cb, component);
    }
    if (refused)
        tell_fate(component, TRUE);
}

/* The legacy side waits while the server does not read, or the spool is full. */
static void mind_pause(CwComponent *component)
{
    cw_transport_pause(component->transport, component->congested || component->full);
}

static void congested_cb(gboolean yes, gpointer data)
{
    CwComponent *component = data;

    component->congested = yes;
    mind_pause(component);
}

static void full_cb(gboolean yes, gpointer data)
{
    CwComponent *component = data;

    component->full = yes;
    mind_pause(component);
}

static void dropped_cb(const char *user, guint count, gpointer data)
{
    g_autofree char *text =
        g_strdup_printf("%u message%s for you %s lost: the Jabber server was away, and more came "
                        "than could be kept.  The ones above are the oldest that are left.",
                        count, count == 1 ? "" : "s", count == 1 ? "was" : "were");

    cw_gateway_chat_say(data, user, text);
}

static void given_up_cb(const char *user, gpointer data)
{
    cw_gateway_chat_say(data, user,
                        "A message for you was lost: the Jabber server ended its connection with "
                        "this gateway each time that it was sent; it may be too large for it.");
}

static const CwSpoolEvents spool_events = {
    .full = full_cb, .dropped = dropped_cb, .refused = given_up_cb};

static gboolean stopped_idle_cb(gpointer data)
{
    CwComponent *component = data;

    component->stop_id = 0;
    cw_spool_shelve(component->spool);
    component->owner->stopped(component, component->owner_data);
    return G_SOURCE_REMOVE;
}

static void part_stopped(gpointer data)
{
    CwComponent *component = data;

    component->still_open--;
    if (component->still_open == 0)
        component->stop_id = g_timeout_add(0, stopped_idle_cb, component);
}

static const CwStreamEvents stream_events = {
    .up = up_cb,
    .down = down_cb,
    .stanza = stanza_cb,
    .skipped = skipped_cb,
    .congested = congested_cb,
    .stopped = part_stopped,
};

/* ---- events of the transport, to every feature that wants them ---- */

#define FORWARD(component, event, ...)                                                             \
    do {                                                                                           \
        for (guint i_ = 0; features[i_] != NULL; i_++) {                                           \
            const CwEvents *events_ = features[i_]->events;                                        \
            if (events_ != NULL && events_->event != NULL)                                         \
                events_->event(__VA_ARGS__, component);                                            \
        }                                                                                          \
    } while (0)

static void tell_described(CwComponent *component)
{
    for (guint i = 0; features[i] != NULL; i++) {
        if (features[i]->events != NULL && features[i]->events->described != NULL)
            features[i]->events->described(component);
    }
}

static void described_cb(gpointer data)
{
    CwComponent *component = data;

    tell_described(component);
    if (component->started || component->stopping)
        return;
    component->started = TRUE;
    cw_stream_start(component->stream);
}

static void session_state_cb(CwSession *session, gpointer data)
{
    FORWARD(data, session_state, session);
}

static void resource_gone_cb(CwSession *session, const char *resource, gpointer data)
{
    FORWARD(data, resource_gone, session, resource);
}

static void contact_cb(CwSession *session, CwContact *contact, gpointer data)
{
    FORWARD(data, contact, session, contact);
}

static void contact_avatar_cb(CwSession *session, CwContact *contact, gpointer data)
{
    FORWARD(data, contact_avatar, session, contact);
}

static void contact_gone_cb(CwSession *session, CwContact *contact, gpointer data)
{
    FORWARD(data, contact_gone, session, contact);
}

static void contact_presence_cb(CwSession *session, const CwContact *contact, gpointer data)
{
    FORWARD(data, contact_presence, session, contact);
}

static void message_cb(CwSession *session, const char *contact, const char *text, gint64 stamp,
                       gboolean own, gpointer data)
{
    FORWARD(data, message, session, contact, text, stamp, own);
}

static void typing_cb(CwSession *session, const char *contact, CwTyping typing, gpointer data)
{
    FORWARD(data, typing, session, contact, typing);
}

static void message_returned_cb(CwSession *session, const CwOutgoing *message, CwReason reason,
                                const char *text, gpointer data)
{
    FORWARD(data, message_returned, session, message, reason, text);
}

static void granted_cb(CwSession *session, const CwContact *contact, gpointer data)
{
    FORWARD(data, granted, session, contact);
}

static void refused_cb(CwSession *session, const CwContact *contact, gboolean withdrawn,
                       const char *text, gpointer data)
{
    FORWARD(data, refused, session, contact, withdrawn, text);
}

static void ask_gone_cb(CwSession *session, const char *contact, gpointer data)
{
    FORWARD(data, ask_gone, session, contact);
}

static void ask_authorization_cb(CwSession *session, const char *contact, const char *name,
                                 const char *text, gpointer data)
{
    FORWARD(data, ask_authorization, session, contact, name, text);
}

static void room_joined_cb(CwSession *session, const CwRoom *room, gpointer data)
{
    FORWARD(data, room_joined, session, room);
}

static void room_left_cb(CwSession *session, const CwRoom *room, const CwRoomExit *exit,
                         gpointer data)
{
    FORWARD(data, room_left, session, room, exit);
}

static void occupant_cb(CwSession *session, const CwRoom *room, const CwOccupant *occupant,
                        gpointer data)
{
    FORWARD(data, occupant, session, room, occupant);
}

static void occupant_gone_cb(CwSession *session, const CwRoom *room, const CwOccupant *occupant,
                             const CwRoomExit *exit, gpointer data)
{
    FORWARD(data, occupant_gone, session, room, occupant, exit);
}

static void room_message_cb(CwSession *session, const CwRoom *room, const CwRoomLine *line,
                            gboolean late, gpointer data)
{
    FORWARD(data, room_message, session, room, line, late);
}

static void room_private_cb(CwSession *session, const CwRoom *room, const char *nick,
                            const char *text, gint64 stamp, gboolean own, gpointer data)
{
    FORWARD(data, room_private, session, room, nick, text, stamp, own);
}

static void room_subject_cb(CwSession *session, const CwRoom *room, gpointer data)
{
    FORWARD(data, room_subject, session, room);
}

static void room_invited_cb(CwSession *session, const char *room, const char *contact,
                            const char *text, const char *password, gpointer data)
{
    FORWARD(data, room_invited, session, room, contact, text, password);
}

static void news_cb(CwSession *session, const char *contact, const char *title, const char *text,
                    const char *url, const GPtrArray *items, gint64 stamp, gpointer data)
{
    FORWARD(data, news, session, contact, title, text, url, items, stamp);
}

static void question_cb(CwSession *session, const CwQuestion *question, gpointer data)
{
    FORWARD(data, question, session, question);
}

static void question_gone_cb(CwSession *session, const CwQuestion *question, gpointer data)
{
    FORWARD(data, question_gone, session, question);
}

static void looks_wanted_cb(CwSession *session, gpointer data)
{
    FORWARD(data, looks_wanted, session);
}

static void notice_cb(CwSession *session, const char *title, const char *text, gpointer data)
{
    FORWARD(data, notice, session, title, text);
}

static const CwEvents transport_events = {
    .described = described_cb,
    .session_state = session_state_cb,
    .resource_gone = resource_gone_cb,
    .contact = contact_cb,
    .contact_avatar = contact_avatar_cb,
    .contact_gone = contact_gone_cb,
    .contact_presence = contact_presence_cb,
    .message = message_cb,
    .typing = typing_cb,
    .message_returned = message_returned_cb,
    .granted = granted_cb,
    .refused = refused_cb,
    .ask_authorization = ask_authorization_cb,
    .ask_gone = ask_gone_cb,
    .room_joined = room_joined_cb,
    .room_left = room_left_cb,
    .occupant = occupant_cb,
    .occupant_gone = occupant_gone_cb,
    .room_message = room_message_cb,
    .room_private = room_private_cb,
    .room_subject = room_subject_cb,
    .room_invited = room_invited_cb,
    .news = news_cb,
    .question = question_cb,
    .question_gone = question_gone_cb,
    .looks_wanted = looks_wanted_cb,
    .notice = notice_cb,
};

/* ---- features to each other ---- */

void cw_component_tell_available(CwComponent *component, CwSession *session, const CwStanza *stanza)
{
    for (guint i = 0; features[i] != NULL; i++) {
        if (features[i]->available != NULL)
            features[i]->available(component, session, stanza);
    }
}

void cw_component_tell_client(CwComponent *component, CwSession *session, const char *resource)
{
    for (guint i = 0; features[i] != NULL; i++) {
        if (features[i]->client != NULL)
            features[i]->client(component, session, resource);
    }
}

/* ---- life ---- */

static CwStream *make_stream(CwComponent *component, const CwTransportSettings *own)
{
    const CwSettings *settings = component->settings;
    CwStreamConfig config = {
        .domain = own->domain,
        .secret = own->secret,
        .server_host = settings->server_host,
        .server_port = settings->server_port,
        .send_queue = settings->limits.send_queue,
        .limits = {.stanza_size = settings->limits.stanza_size,
                   .depth = settings->limits.xml_depth,
                   .attributes = settings->limits.xml_attributes},
        .ping_interval = settings->timing.server_ping_interval,
        .ping_timeout = settings->timing.server_ping_timeout,
        .retry_first = settings->timing.server_retry_first,
        .retry_max = settings->timing.server_retry_max,
        .refused_retry = settings->timing.server_refused_retry,
        .connect_timeout = settings->timing.server_connect_timeout,
        .stop_timeout = settings->timing.stop_timeout,
        .trace = settings->trace,
    };

    return cw_stream_new(&config, &stream_events, component);
}

CwComponent *cw_component_new(const CwTransportSettings *own, const CwSettings *settings,
                              const char *const *host_argv, CwStore *store,
                              const CwComponentOwner *owner, gpointer data)
{
    CwComponent *component = g_new0(CwComponent, 1);

    if (process_start == 0)
        process_start = g_get_monotonic_time();
    component->settings = settings;
    component->owner = owner;
    component->owner_data = data;
    component->transport =
        cw_transport_new(own, settings, host_argv, store, &transport_events, component);
    component->stream = make_stream(component, own);
    component->requests = cw_requests_new(component);
    component->spool =
        cw_spool_new(component->stream, component->transport, &spool_events, component);
    return component;
}

void cw_component_free(CwComponent *component)
{
    if (component == NULL)
        return;
    g_clear_handle_id(&component->grace_id, g_source_remove);
    g_clear_handle_id(&component->stop_id, g_source_remove);
    g_clear_handle_id(&component->settle_id, g_source_remove);
    cw_requests_free(component->requests);
    cw_spool_free(component->spool);
    cw_transport_free(component->transport);
    cw_stream_free(component->stream);
    for (guint i = 0; features[i] != NULL; i++) {
        if (component->data[i].free_data != NULL)
            component->data[i].free_data(component->data[i].data);
    }
    g_free(component);
}

void cw_component_start(CwComponent *component)
{
    cw_transport_start(component->transport);
}

/* What the hosts have taken, and the server has got, is known in a moment.  What is not known then
 * is stored: the next gateway gives it back, or sends it again. */
static gboolean settle_cb(gpointer data)
{
    CwComponent *component = data;

    if ((cw_transport_unanswered(component->transport) > 0 ||
         cw_spool_unconfirmed(component->spool) > 0) &&
        component->settle_turns-- > 0)
        return G_SOURCE_CONTINUE;
    component->settle_id = 0;
    for (guint i = 0; features[i] != NULL; i++) {
        if (features[i]->stop != NULL)
            features[i]->stop(component);
    }
    component->still_open = 2;
    cw_transport_stop(component->transport, part_stopped, component);
    cw_stream_stop(component->stream);
    return G_SOURCE_REMOVE;
}

void cw_component_stop(CwComponent *component)
{
    if (component->stopping)
        return;
    component->stopping = TRUE;
    g_clear_handle_id(&component->grace_id, g_source_remove);
    component->settle_turns = SETTLE_TURNS;
    if (settle_cb(component) == G_SOURCE_CONTINUE)
        component->settle_id = g_timeout_add(SETTLE_TURN, settle_cb, component);
}

void cw_component_set_settings(CwComponent *component, const CwTransportSettings *own,
                               const CwSettings *settings)
{
    component->settings = settings;
    cw_transport_set_settings(component->transport, own, settings);
    tell_described(component); /* what clients see of the gateway may have another name now */
}

CwTransport *cw_component_transport(CwComponent *component)
{
    return component->transport;
}

const char *cw_component_domain(const CwComponent *component)
{
    return cw_transport_domain(component->transport);
}

CwRequests *cw_component_requests(CwComponent *component)
{
    return component->requests;
}

gboolean cw_component_is_congested(const CwComponent *component)
{
    return component->congested;
}

gboolean cw_component_is_up(const CwComponent *component)
{
    return cw_stream_state(component->stream) == CW_STREAM_UP;
}

const CwFeature *const *cw_component_features(void)
{
    return features;
}

static guint feature_index(const CwFeature *key)
{
    guint i = 0;

    while (features[i] != NULL && features[i] != key)
        i++;
    g_assert(features[i] != NULL);
    return i;
}

gpointer cw_component_get_data(CwComponent *component, const CwFeature *key)
{
    return component->data[feature_index(key)].data;
}

void cw_component_set_data(CwComponent *component, const CwFeature *key, gpointer data,
                           GDestroyNotify free_data)
{
    FeatureData *place = &component->data[feature_index(key)];

    if (place->free_data != NULL)
        place->free_data(place->data);
    place->data = data;
    place->free_data = free_data;
}

guint cw_component_uptime(void)
{
    return (guint)((g_get_monotonic_time() - process_start) / G_USEC_PER_SEC);
}

/* ---- names ---- */

gboolean cw_component_has_control(const char *text)
{
    for (const char *p = text; p != NULL && *p != '\0'; p = g_utf8_next_char(p)) {
        if (g_unichar_iscntrl(g_utf8_get_char(p)))
            return TRUE;
    }
    return FALSE;
}

char *cw_component_legacy_name(const CwJid *jid)
{
    if (jid->local == NULL)
        return NULL;
    g_autofree char *name = cw_jid_unescape_local(jid->local);
    return cw_component_has_control(name) ? NULL : g_steal_pointer(&name);
}

CwSession *cw_component_online_session(CwComponent *component, const char *user, GError **error)
{
    CwSession *session = cw_transport_find_session(component->transport, user);
    g_autofree char *problem = NULL;

    if (!cw_transport_is_registered(component->transport, user)) {
        g_set_error(error, CW_STANZA_ERROR, CW_STANZA_REGISTRATION_REQUIRED,
                    "register with this gateway first");
        return NULL;
    }
    if (session != NULL && cw_session_state(session) == CW_SESSION_ONLINE)
        return session;
    if (session != NULL && cw_session_reason(session) != CW_REASON_NONE)
        problem = cw_component_session_problem(session);
    g_set_error(error, CW_STANZA_ERROR, cw_reason_condition(CW_REASON_NOT_ONLINE), "%s",
                problem != NULL ? problem : cw_reason_text(CW_REASON_NOT_ONLINE));
    return NULL;
}

CwContact *cw_component_find_contact(CwComponent *component, const CwStanza *stanza)
{
    CwSession *session = cw_transport_find_session(component->transport, stanza->from->bare);
    g_autofree char *name = cw_component_legacy_name(stanza->to);

    return session == NULL || name == NULL ? NULL : cw_session_find_contact(session, name);
}

char *cw_component_client_jid(const CwSession *session, const char *resource)
{
    return resource == NULL || *resource == '\0'
               ? g_strdup(cw_session_jid(session))
               : g_strconcat(cw_session_jid(session), "/", resource, NULL);
}

char *cw_component_contact_jid(CwComponent *component, const char *contact)
{
    char *jid = cw_jid_for_legacy(contact, cw_component_domain(component));

    if (jid == NULL) {
        g_autofree char *shown = g_strescape(contact, NULL);
        g_info(
            "%s: '%.80s' cannot be a JID: it is in no roster, its messages come from the gateway",
            cw_component_domain(component), shown);
    }
    return jid;
}

static const struct {
    CwStanzaCondition condition;
    const char *text;
} reasons[] = {
    [CW_REASON_NONE] = {CW_STANZA_UNDEFINED_CONDITION, "nothing is wrong"},
    [CW_REASON_AUTH] = {CW_STANZA_NOT_AUTHORIZED, "the network refuses the user name or password"},
    [CW_REASON_NETWORK] = {CW_STANZA_REMOTE_SERVER_TIMEOUT, "the network cannot be reached"},
    [CW_REASON_TLS] = {CW_STANZA_REMOTE_SERVER_TIMEOUT,
                       "no secure connection to the network could be made"},
    [CW_REASON_CONFLICT] = {CW_STANZA_CONFLICT, "the account is in use elsewhere"},
    [CW_REASON_SETTINGS] = {CW_STANZA_NOT_ACCEPTABLE, "the account's settings do not work"},
    [CW_REASON_NO_CONTACT] = {CW_STANZA_ITEM_NOT_FOUND, "the network knows no such contact"},
    [CW_REASON_OFFLINE] = {CW_STANZA_SERVICE_UNAVAILABLE, "the contact is offline"},
    [CW_REASON_TOO_LONG] = {CW_STANZA_NOT_ACCEPTABLE, "the message is too long"},
    [CW_REASON_RATE] = {CW_STANZA_RESOURCE_CONSTRAINT, "too many messages; try again later"},
    [CW_REASON_FORBIDDEN] = {CW_STANZA_FORBIDDEN, "the network does not permit it"},
    [CW_REASON_NOT_ONLINE] = {CW_STANZA_REMOTE_SERVER_TIMEOUT,
                              "you are not logged in to the network"},
    [CW_REASON_PASSWORD] = {CW_STANZA_NOT_AUTHORIZED, "the room wants another password"},
    [CW_REASON_INVITATION] = {CW_STANZA_REGISTRATION_REQUIRED,
                              "the room is for its members, or for the invited"},
    [CW_REASON_BANNED] = {CW_STANZA_FORBIDDEN, "you are banned from the room"},
    [CW_REASON_FULL] = {CW_STANZA_SERVICE_UNAVAILABLE, "the room is full"},
    [CW_REASON_HOST] = {CW_STANZA_REMOTE_SERVER_TIMEOUT,
                        "the connection to the network was interrupted"},
    [CW_REASON_OTHER] = {CW_STANZA_SERVICE_UNAVAILABLE, "the network refused it"},
};

CwStanzaCondition cw_reason_condition(CwReason reason)
{
    return reasons[reason].condition;
}

const char *cw_reason_text(CwReason reason)
{
    return reasons[reason].text;
}

char *cw_component_session_problem(const CwSession *session)
{
    CwReason reason = cw_session_reason(session);
    const char *why = cw_session_why(session);

    if (why == NULL || *why == '\0')
        return g_strdup(cw_reason_text(reason));
    if (reason == CW_REASON_NONE)
        return g_strdup(why);
    return g_strdup_printf("%s: %s", cw_reason_text(reason), why);
}
