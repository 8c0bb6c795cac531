/* component/features/presence.c: the user's presence to us, the gateway's and the contacts' to him
 *
 * XEP-0100 4.4 (log in), 4.5 (log out), and RFC 6121's subscriptions with the gateway itself.
 * Presence goes to full JIDs that are known to be online and to nobody else (G36).
 *
 * When the stream comes back, every registered user is probed, paced, and a resource that does not
 * show up within CONFIRM_TIME counts as gone.  One that does may have been told by an earlier
 * gateway who is online, so it is told of everybody who is not.  A server that stops tells first
 * that all of them have gone: those who left a moment before the stream broke stay as well until
 * then.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#define G_LOG_DOMAIN "component"

#include "component/features/features.h"

#define PROBE_BATCH 100    /* probes at once */
#define PROBE_INTERVAL 200 /* ms between two batches: 500 a second */
#define CONFIRM_TIME 30000 /* ms behind the last probe */

/* What runs for one component after its stream came up. */
typedef struct {
    CwComponent *component;
    char *after; /* the last user probed; NULL: none yet */
    guint probe_id;
    guint confirm_id;
    GHashTable *away; /* set of bare JIDs: those who went, or were not there, since then */
    GHashTable *told; /* set of full JIDs: those that were told who is not there */
} Roll;

static gboolean is_running(const Roll *roll)
{
    return roll != NULL && (roll->probe_id != 0 || roll->confirm_id != 0);
}

gboolean cw_presence_may_be_there(CwComponent *component, const char *user)
{
    const Roll *roll = cw_component_get_data(component, &cw_feature_presence);

    return is_running(roll) && !g_hash_table_contains(roll->away, user);
}

/* ---- sending ---- */

static void write_show(CwWriter *writer, CwShow show)
{
    if (show != CW_SHOW_ONLINE)
        cw_writer_leaf(writer, "show", NULL, cw_show_to_string(show));
}

/* G32: a legacy link that is being re-established shows as away with the reason. */
static void write_gateway_state(CwWriter *writer, CwSession *session)
{
    g_autofree char *problem = NULL, *status = NULL;

    switch (cw_session_state(session)) {
    case CW_SESSION_ONLINE:
        return;
    case CW_SESSION_CONNECTING:
        write_show(writer, CW_SHOW_XA);
        cw_writer_leaf(writer, "status", NULL, "logging in …");
        return;
    case CW_SESSION_WAITING:
        write_show(writer, CW_SHOW_XA);
        problem = cw_component_session_problem(session);
        status = g_strdup_printf("not connected: %s; next try in %u s", problem,
                                 (cw_session_retry_in(session) + 999) / 1000);
        cw_writer_leaf(writer, "status", NULL, status);
        return;
    case CW_SESSION_FAILED:
    case CW_SESSION_OFFLINE:
        return;
    }
}

void cw_presence_send_gateway(CwComponent *component, CwSession *session, const char *to)
{
    const char *domain = cw_component_domain(component);
    CwSessionState state = session == NULL ? CW_SESSION_OFFLINE : cw_session_state(session);

    if (state == CW_SESSION_OFFLINE || state == CW_SESSION_FAILED) {
        CwWriter *writer =
            cw_component_begin(component, "presence", domain, to, "unavailable", NULL);
        if (state == CW_SESSION_FAILED)
            cw_writer_leaf(writer, "status", NULL, cw_reason_text(cw_session_reason(session)));
        cw_component_end(component);
        return;
    }
    CwWriter *writer = cw_component_begin(component, "presence", domain, to, NULL, NULL);
    write_gateway_state(writer, session);
    if (cw_icon_of(component) != NULL)
        cw_avatars_write_hash(writer, cw_icon_of(component));
    cw_disco_write_caps(component, writer, FALSE);
    cw_component_end(component);
}

void cw_presence_send_contact(CwComponent *component, const CwContact *contact, const char *to)
{
    g_autofree char *from = cw_component_contact_jid(component, contact->name);

    if (from == NULL)
        return;
    gboolean offline = contact->show == CW_SHOW_OFFLINE;
    CwWriter *writer =
        cw_component_begin(component, "presence", from, to, offline ? "unavailable" : NULL, NULL);
    if (!offline)
        write_show(writer, contact->show);
    if (contact->status != NULL && *contact->status != '\0')
        cw_writer_leaf(writer, "status", NULL, contact->status);
    if (!offline) {
        cw_idle_write(writer, contact->idle);
        cw_avatars_write_update(writer, contact);
        cw_disco_write_caps(component, writer, TRUE);
    }
    cw_component_end(component);
}

/* (transfer full) */
static char *full_jid(const CwSession *session, const CwResource *resource)
{
    return cw_component_client_jid(session, resource->name);
}

/* Whose presence a client is to be told. */
typedef enum {
    TOLD_ONLINE, /* it knows of nobody yet */
    TOLD_SHOWN,  /* and of those that it may take for online since before the stream broke */
    TOLD_ALL,    /* and of everybody: nobody knows what an earlier gateway told it */
} Told;

typedef struct {
    CwComponent *component;
    const char *to;
    Told told;
} Address;

static void send_some_contact(CwContact *contact, gpointer data)
{
    const Address *address = data;

    if (contact->show != CW_SHOW_OFFLINE || address->told == TOLD_ALL ||
        (contact->shown && address->told == TOLD_SHOWN))
        cw_presence_send_contact(address->component, contact, address->to);
}

static void send_contacts(CwComponent *component, CwSession *session, const char *to, Told told)
{
    Address address = {component, to, told};

    cw_session_each_contact(session, send_some_contact, &address);
}

void cw_presence_greet(CwComponent *component, const char *user)
{
    cw_component_send_presence(component, cw_component_domain(component), user, "subscribe");
}

void cw_presence_probe(CwComponent *component, const char *user)
{
    cw_component_send_presence(component, cw_component_domain(component), user, "probe");
}

/* ---- from the transport ---- */

static void send_login_error(CwComponent *component, CwSession *session, const char *to)
{
    const char *why = cw_session_why(session);
    CwReason reason = cw_session_reason(session);
    CwWriter *writer = cw_component_begin(component, "presence", cw_component_domain(component), to,
                                          "error", NULL);

    cw_stanza_error_write(writer, cw_reason_condition(reason),
                          why == NULL ? cw_reason_text(reason) : why);
    cw_component_end(component);
}

static void session_state_cb(CwSession *session, gpointer data)
{
    CwComponent *component = data;
    const GPtrArray *resources = cw_session_resources(session);
    CwSessionState state = cw_session_state(session);
    /* G31: a log-in that failed is told as an error, a link that dropped by the status alone, and
     * so are the next tries */
    gboolean refused = state == CW_SESSION_FAILED ||
                       (state == CW_SESSION_WAITING && cw_session_failures(session) == 1 &&
                        cw_session_previous(session) == CW_SESSION_CONNECTING);

    if (state == CW_SESSION_OFFLINE)
        return; /* whoever logs out says what is to be said */
    for (guint i = 0; i < resources->len; i++) {
        g_autofree char *to = full_jid(session, g_ptr_array_index(resources, i));
        if (refused)
            send_login_error(component, session, to);
        cw_presence_send_gateway(component, session, to);
    }
    if (state == CW_SESSION_FAILED && (resources->len > 0 || cw_session_remains(session))) {
        g_autofree char *problem = cw_component_session_problem(session);
        g_autofree char *text =
            g_strdup_printf("I cannot log you in to %s: %s.  I will not try again until you change "
                            "your registration with me or come online anew.",
                            cw_transport_settings(cw_session_transport(session))->name, problem);
        cw_gateway_chat_say(component, cw_session_jid(session), text);
    }
}

void cw_presence_tell_contact(CwComponent *component, CwSession *session, const CwContact *contact)
{
    const GPtrArray *resources = cw_session_resources(session);

    for (guint i = 0; i < resources->len; i++) {
        g_autofree char *to = full_jid(session, g_ptr_array_index(resources, i));
        cw_presence_send_contact(component, contact, to);
    }
}

static void contact_presence_cb(CwSession *session, const CwContact *contact, gpointer data)
{
    cw_presence_tell_contact(data, session, contact);
}

/* ---- from the user ---- */

static CwShow read_show(const CwNode *presence)
{
    const char *text = cw_node_child_text(presence, "show", NULL);
    CwShow show = CW_SHOW_ONLINE;

    if (text == NULL || !cw_show_from_string(text, &show) || show == CW_SHOW_OFFLINE ||
        show == CW_SHOW_INVISIBLE)
        return CW_SHOW_ONLINE;
    return show;
}

static int read_priority(const CwNode *presence)
{
    const char *text = cw_node_child_text(presence, "priority", NULL);

    return text == NULL ? 0 : (int)CLAMP(g_ascii_strtoll(text, NULL, 10), -128, 127);
}

static const char *resource_name(const CwStanza *stanza)
{
    return stanza->from->resource == NULL ? "" : stanza->from->resource;
}

/* A client that this gateway has not seen yet, soon after its start: an earlier one may have told
 * it of contacts who are not there any more. */
static gboolean may_know_more(CwComponent *component, const char *client)
{
    const Roll *roll = cw_component_get_data(component, &cw_feature_presence);

    return is_running(roll) && g_hash_table_add(roll->told, g_strdup(client));
}

static void take_available(CwComponent *component, const CwStanza *stanza)
{
    CwTransport *transport = cw_component_transport(component);
    gboolean at_gateway = stanza->to->local == NULL;

    if (!cw_transport_is_registered(transport, stanza->from->bare))
        return; /* G22: starts nothing */
    CwSession *session = cw_transport_ensure_session(transport, stanza->from->bare);
    CwSessionState before = cw_session_state(session);
    CwResourceChange change =
        cw_session_resource_up(session, resource_name(stanza), read_show(stanza->node),
                               cw_node_child_text(stanza->node, "status", NULL),
                               read_priority(stanza->node), cw_idle_read(stanza->node), at_gateway);

    switch (change) {
    case CW_RESOURCE_REFUSED:
        cw_component_send_error(component, stanza, CW_STANZA_RESOURCE_CONSTRAINT,
                                "too many of your clients are connected");
        return;
    case CW_RESOURCE_NEW:
        /* the first one starts the log-in, whose states are sent as they come */
        if (before != CW_SESSION_OFFLINE)
            cw_presence_send_gateway(component, session, stanza->from->full);
        send_contacts(component, session, stanza->from->full,
                      may_know_more(component, stanza->from->full) ? TOLD_ALL : TOLD_ONLINE);
        break;
    case CW_RESOURCE_CHANGED:
    case CW_RESOURCE_SAME:
        break;
    }
    /* G32: another client, or the same presence sent to the gateway again, is the sign to try
     * again; a client that turns to away by itself is not, or networks would lock the account. */
    if (at_gateway && before == CW_SESSION_FAILED && change != CW_RESOURCE_CHANGED)
        cw_session_retry(session);
    cw_component_tell_available(component, session, stanza);
}

static void take_unavailable(CwComponent *component, const CwStanza *stanza)
{
    CwTransport *transport = cw_component_transport(component);
    CwSession *session = cw_transport_find_session(transport, stanza->from->bare);
    gboolean at_gateway = stanza->to->local == NULL;
    const Roll *roll = cw_component_get_data(component, &cw_feature_presence);

    if (at_gateway && is_running(roll) && cw_transport_is_registered(transport, stanza->from->bare))
        g_hash_table_add(roll->away, g_strdup(stanza->from->bare));

    if (session == NULL || !cw_session_resource_down(session, resource_name(stanza), at_gateway))
        return;
    /* G33: to the full JID that left */
    session = cw_transport_find_session(transport, stanza->from->bare);
    if (session == NULL || cw_session_resources(session)->len == 0)
        cw_component_send_presence(component, cw_component_domain(component), stanza->from->full,
                                   "unavailable");
}

static void take_probe(CwComponent *component, const CwStanza *stanza)
{
    CwTransport *transport = cw_component_transport(component);
    CwSession *session = cw_transport_find_session(transport, stanza->from->bare);

    if (!cw_transport_is_registered(transport, stanza->from->bare)) {
        cw_component_send_presence(component, stanza->to->bare, stanza->from->bare, "unsubscribed");
        return;
    }
    if (stanza->to->local == NULL) {
        cw_presence_send_gateway(component, session, stanza->from->full);
        return;
    }
    const CwContact *contact = cw_component_find_contact(component, stanza);
    if (contact != NULL)
        cw_presence_send_contact(component, contact, stanza->from->full);
    else
        cw_component_send_presence(component, stanza->to->bare, stanza->from->full, "unavailable");
}

/* Subscriptions between the user and the gateway itself; those with contacts are roster.c's. */
static void take_subscription(CwComponent *component, const CwStanza *stanza)
{
    CwTransport *transport = cw_component_transport(component);
    const char *user = stanza->from->bare;
    gboolean registered = cw_transport_is_registered(transport, user);

    if (g_str_equal(stanza->type, "subscribe")) { /* G14 */
        if (!registered) {
            cw_component_send_error(component, stanza, CW_STANZA_REGISTRATION_REQUIRED,
                                    "register with this gateway first");
            return;
        }
        cw_component_send_presence(component, stanza->to->bare, user, "subscribed");
        CwSession *session = cw_transport_find_session(transport, user);
        if (session != NULL)
            cw_presence_send_gateway(component, session, user);
    } else if (g_str_equal(stanza->type, "subscribed")) { /* G15 */
        if (registered)
            cw_presence_probe(component, user);
    } else if (g_str_equal(stanza->type, "unsubscribe")) { /* G23: off the roster: log out */
        cw_transport_log_out(transport, user);
        cw_component_send_presence(component, stanza->to->bare, user, "unavailable");
    }
    /* "unsubscribed" alone: he does not want us to see his presence, directed presence still works
     */
}

static gboolean take_presence(CwComponent *component, const CwStanza *stanza)
{
    if (stanza->type == NULL)
        take_available(component, stanza);
    else if (g_str_equal(stanza->type, "unavailable"))
        take_unavailable(component, stanza);
    else if (g_str_equal(stanza->type, "probe"))
        take_probe(component, stanza);
    else if (stanza->to->local == NULL)
        take_subscription(component, stanza);
    else
        return FALSE;
    return TRUE;
}

/* ---- the stream comes and goes ---- */

static void doubt(CwSession *session, gpointer data)
{
    cw_session_doubt_resources(session);
}

static void forget_shown(CwContact *contact, gpointer data)
{
    contact->shown = contact->show != CW_SHOW_OFFLINE;
}

/* What went offline while the stream was down, or just before, must not stay behind as online. */
static void resend(CwSession *session, gpointer data)
{
    const GPtrArray *resources = cw_session_resources(session);

    for (guint i = 0; i < resources->len; i++) {
        g_autofree char *to = full_jid(session, g_ptr_array_index(resources, i));
        cw_presence_send_gateway(data, session, to);
        send_contacts(data, session, to, TOLD_SHOWN);
    }
    cw_session_each_contact(session, forget_shown, NULL);
}

static void drop_doubted(CwSession *session, gpointer data)
{
    cw_session_drop_doubted(session);
}

static gboolean confirm_cb(gpointer data)
{
    Roll *roll = data;

    roll->confirm_id = 0;
    g_hash_table_remove_all(roll->away);
    g_hash_table_remove_all(roll->told);
    cw_transport_each_session(cw_component_transport(roll->component), drop_doubted, NULL);
    return G_SOURCE_REMOVE;
}

/* G64 */
static gboolean probe_cb(gpointer data)
{
    Roll *roll = data;
    CwTransport *transport = cw_component_transport(roll->component);
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) users =
        cw_store_list_users(cw_transport_store(transport), cw_component_domain(roll->component),
                            roll->after, PROBE_BATCH, &error);

    if (users == NULL)
        g_warning("%s: cannot read the registrations: %s", cw_component_domain(roll->component),
                  error->message);
    for (guint i = 0; users != NULL && i < users->len; i++)
        cw_presence_probe(roll->component, g_ptr_array_index(users, i));
    if (users != NULL && users->len == PROBE_BATCH) {
        g_free(roll->after);
        roll->after = g_strdup(g_ptr_array_index(users, users->len - 1));
        return G_SOURCE_CONTINUE;
    }
    roll->probe_id = 0;
    roll->confirm_id = g_timeout_add(CONFIRM_TIME, confirm_cb, roll);
    return G_SOURCE_REMOVE;
}

static void free_roll(gpointer data)
{
    Roll *roll = data;

    if (roll == NULL)
        return;
    g_clear_handle_id(&roll->probe_id, g_source_remove);
    g_clear_handle_id(&roll->confirm_id, g_source_remove);
    g_hash_table_unref(roll->away);
    g_hash_table_unref(roll->told);
    g_free(roll->after);
    g_free(roll);
}

static void up(CwComponent *component)
{
    Roll *roll = g_new0(Roll, 1);

    roll->component = component;
    roll->away = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    roll->told = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    cw_component_set_data(component, &cw_feature_presence, roll, free_roll);
    cw_transport_each_session(cw_component_transport(component), doubt, NULL);
    cw_transport_each_session(cw_component_transport(component), resend, component);
    if (probe_cb(roll) == G_SOURCE_CONTINUE)
        roll->probe_id = g_timeout_add(PROBE_INTERVAL, probe_cb, roll);
}

static void stay(CwSession *session, gpointer data)
{
    cw_session_stay(session);
}

static void down(CwComponent *component)
{
    cw_transport_each_session(cw_component_transport(component), stay, NULL);
    cw_component_set_data(component, &cw_feature_presence, NULL, NULL);
}

static void say_goodbye(CwSession *session, gpointer data)
{
    CwComponent *component = data;
    const GPtrArray *resources = cw_session_resources(session);

    for (guint i = 0; i < resources->len; i++) {
        g_autofree char *to = full_jid(session, g_ptr_array_index(resources, i));
        cw_component_send_presence(component, cw_component_domain(component), to, "unavailable");
    }
}

/* C23, G64.  The contacts' follow from the log-out (contact_presence_cb), before the stream ends.
 */
static void stop(CwComponent *component)
{
    cw_transport_each_session(cw_component_transport(component), say_goodbye, component);
}

static const CwEvents events = {
    .session_state = session_state_cb,
    .contact_presence = contact_presence_cb,
};

const CwFeature cw_feature_presence = {
    .name = "presence",
    .presence = take_presence,
    .up = up,
    .down = down,
    .stop = stop,
    .events = &events,
};
