/* component/features/commands.c: XEP-0050 ad-hoc commands of contacts: what they do when they are
 * told to, in a client's menu
 *
 *     disco#items -> execute -> (a form with one field -> submit ->) `command` on the link -> a
 * note
 *
 * A session is nothing but its id, which holds a time and a MAC over that, the client, the contact
 * and the command: nothing is kept here, so nothing has to be bounded.  What is submitted twice is
 * said twice, as in a chat.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <string.h>

#include "component/features/features.h"
#include "component/form.h"
#include "component/submitted.h"

#define SESSION_TIME 3600 /* s from a form to what was filled in */
#define ARGUMENT "argument"

/* XEP-0050 4.4 */
#define MALFORMED_ACTION "malformed-action"
#define BAD_ACTION "bad-action"
#define BAD_PAYLOAD "bad-payload"
#define BAD_SESSION "bad-sessionid"
#define EXPIRED "session-expired"

typedef enum { ACTION_EXECUTE, ACTION_COMPLETE, ACTION_NEXT, ACTION_PREV, ACTION_CANCEL } Action;

/* ---- which there are ---- */

static const GPtrArray *list_commands(CwComponent *component)
{
    const CwProtocol *protocol = cw_transport_protocol(cw_component_transport(component));

    return protocol == NULL ? NULL : protocol->commands;
}

gboolean cw_commands_are_there(CwComponent *component)
{
    const GPtrArray *commands = list_commands(component);

    return commands != NULL && commands->len > 0;
}

/* (nullable) of a contact, never of the gateway */
static const CwField *find_command(CwComponent *component, const CwStanza *stanza, const char *node)
{
    if (stanza->to->local == NULL || !cw_commands_are_there(component))
        return NULL;
    return cw_fields_find(list_commands(component), node);
}

/* XEP-0050 2.2 */
CwDiscoInfo *cw_commands_describe(CwComponent *component, const CwStanza *stanza, const char *node)
{
    const CwField *command = find_command(component, stanza, node);
    gboolean is_list = g_str_equal(node, CW_NS_COMMANDS) && stanza->to->local != NULL &&
                       cw_commands_are_there(component);

    if ((command == NULL && !is_list) || cw_component_find_contact(component, stanza) == NULL)
        return NULL;
    CwDiscoInfo *info = cw_disco_info_new();
    cw_disco_info_add_identity(info, "automation", is_list ? "command-list" : "command-node",
                               is_list ? "Commands" : command->label);
    cw_disco_info_add_feature(info, CW_NS_COMMANDS);
    if (!is_list)
        cw_disco_info_add_feature(info, CW_NS_FORM);
    return info;
}

gboolean cw_commands_answer_items(CwComponent *component, const CwStanza *stanza, const char *node)
{
    const GPtrArray *commands = list_commands(component);

    if (!g_str_equal(node, CW_NS_COMMANDS) || stanza->to->local == NULL ||
        !cw_commands_are_there(component) || cw_component_find_contact(component, stanza) == NULL)
        return FALSE;
    CwWriter *writer = cw_component_begin_result(component, stanza);
    cw_writer_start(writer, "query", CW_NS_DISCO_ITEMS);
    cw_writer_attr(writer, "node", node);
    for (guint i = 0; i < commands->len; i++) {
        const CwField *command = g_ptr_array_index(commands, i);
        cw_writer_start(writer, "item", NULL);
        cw_writer_attr(writer, "jid", stanza->to->bare);
        cw_writer_attr(writer, "node", command->name);
        cw_writer_attr(writer, "name", command->label);
        cw_writer_end(writer);
    }
    cw_writer_end(writer);
    cw_component_end(component);
    return TRUE;
}

/* ---- sessions ---- */

static char *make_mac(const CwStanza *stanza, const char *node, const char *time)
{
    static char *key; /* of this process */
    g_autofree char *text = g_strjoin("\n", stanza->from->full, stanza->to->bare, node, time, NULL);

    if (key == NULL)
        key = g_uuid_string_random();
    return g_compute_hmac_for_string(G_CHECKSUM_SHA256, (const guchar *)key, strlen(key), text, -1);
}

static char *make_session(const CwStanza *stanza, const char *node)
{
    g_autofree char *time =
        g_strdup_printf("%" G_GINT64_MODIFIER "x", g_get_monotonic_time() / G_USEC_PER_SEC);
    g_autofree char *mac = make_mac(stanza, node, time);

    return g_strconcat(time, "-", mac, NULL);
}

/* NULL: it is one of this client, contact and command. */
static const char *check_session(const CwStanza *stanza, const char *node, const char *id)
{
    const char *dash = strchr(id, '-');
    g_autofree char *time = dash == NULL ? g_strdup("") : g_strndup(id, (gsize)(dash - id));
    g_autofree char *mac = make_mac(stanza, node, time);

    if (dash == NULL || !g_str_equal(mac, dash + 1))
        return BAD_SESSION;
    gint64 made = g_ascii_strtoll(time, NULL, 16);
    return g_get_monotonic_time() / G_USEC_PER_SEC - made > SESSION_TIME ? EXPIRED : NULL;
}

/* ---- answers ---- */

/* XEP-0050 4.4: `special` is one of its own conditions. */
static void refuse(CwComponent *component, const CwStanza *stanza, const char *special,
                   const char *text)
{
    gboolean is_expired = g_str_equal(special, EXPIRED);
    CwWriter *writer = cw_component_begin(component, "iq", stanza->to->full, stanza->from->full,
                                          "error", stanza->id);

    cw_stanza_error_write_special(writer,
                                  is_expired ? CW_STANZA_NOT_ALLOWED : CW_STANZA_BAD_REQUEST, text,
                                  special, CW_NS_COMMANDS);
    cw_component_end(component);
}

/* With what it holds still to be written, behind it end_answer(). */
static CwWriter *begin_answer(CwComponent *component, const CwStanza *stanza, const char *node,
                              const char *session, const char *status)
{
    CwWriter *writer = cw_component_begin_result(component, stanza);

    cw_writer_start(writer, "command", CW_NS_COMMANDS);
    cw_writer_attr(writer, "node", node);
    cw_writer_attr(writer, "sessionid", session);
    cw_writer_attr(writer, "status", status);
    return writer;
}

static void end_answer(CwComponent *component, CwWriter *writer)
{
    cw_writer_end(writer);
    cw_component_end(component);
}

static GPtrArray *make_fields(const CwField *command)
{
    GPtrArray *fields = cw_fields_new();
    g_autofree char *label = g_strdup_printf("%s: such as %s", command->name, command->value);

    g_ptr_array_add(fields, cw_field_new(CW_FIELD_TEXT, ARGUMENT, label, NULL));
    return fields;
}

/* XEP-0050 2.4.2 */
static void send_form(CwComponent *component, const CwStanza *stanza, const CwField *command)
{
    g_autofree char *session = make_session(stanza, command->name);
    g_autoptr(GPtrArray) fields = make_fields(command);
    CwWriter *writer = begin_answer(component, stanza, command->name, session, "executing");

    cw_writer_start(writer, "actions", NULL);
    cw_writer_attr(writer, "execute", "complete");
    cw_writer_leaf(writer, "complete", NULL, NULL);
    cw_writer_end(writer);
    cw_form_write(writer, NULL, command->label, NULL, fields);
    end_answer(component, writer);
}

/* ---- doing it ---- */

typedef struct {
    CwComponent *component;
    CwReply *reply;
    char *node;
    char *session;
} Request;

static void done_cb(CwSession *session, gboolean done, CwReason reason, const char *text,
                    gpointer data)
{
    Request *request = data;
    CwComponent *component = request->component;
    const CwStanza *stanza = cw_reply_stanza(request->reply);

    if (done) {
        CwWriter *writer =
            begin_answer(component, stanza, request->node, request->session, "completed");
        cw_writer_start(writer, "note", NULL);
        cw_writer_attr(writer, "type", "info");
        cw_writer_text(writer, text);
        cw_writer_end(writer);
        end_answer(component, writer);
    } else {
        cw_component_send_error(component, stanza, cw_reason_condition(reason),
                                text == NULL || *text == '\0' ? cw_reason_text(reason) : text);
    }
    cw_reply_free(request->reply);
    g_free(request->node);
    g_free(request->session);
    g_free(request);
}

/* `argument`, `session` nullable: it has none. */
static void run(CwComponent *component, const CwStanza *stanza, const CwField *command,
                const char *argument, const char *session_id)
{
    g_autoptr(GError) error = NULL;
    CwSession *session = cw_component_online_session(component, stanza->from->bare, &error);
    g_autofree char *name = cw_component_legacy_name(stanza->to);
    g_autofree char *text = argument == NULL || *argument == '\0'
                                ? g_strdup(command->name)
                                : g_strconcat(command->name, " ", argument, NULL);
    CwReason reason = CW_REASON_NONE;

    if (session == NULL || name == NULL) {
        cw_component_send_error(component, stanza,
                                error == NULL ? CW_STANZA_ITEM_NOT_FOUND
                                              : (CwStanzaCondition)error->code,
                                error == NULL ? NULL : error->message);
        return;
    }
    Request *request = g_new0(Request, 1);
    request->component = component;
    request->reply = cw_component_keep(component, stanza);
    request->node = g_strdup(command->name);
    request->session =
        session_id == NULL ? make_session(stanza, command->name) : g_strdup(session_id);
    if (!cw_session_command(session, name, text, done_cb, request, &reason))
        done_cb(session, FALSE, reason, NULL, request);
}

/* ---- requests ---- */

static gboolean read_action(const CwNode *child, Action *action)
{
    static const char *const words[] = {
        [ACTION_EXECUTE] = "execute", [ACTION_COMPLETE] = "complete", [ACTION_NEXT] = "next",
        [ACTION_PREV] = "prev",       [ACTION_CANCEL] = "cancel",
    };
    const char *word = cw_node_attr(child, "action");

    *action = ACTION_EXECUTE; /* 3.4: the default */
    for (guint i = 0; word != NULL && i < G_N_ELEMENTS(words); i++) {
        if (g_str_equal(words[i], word)) {
            *action = (Action)i;
            return TRUE;
        }
    }
    return word == NULL;
}

/* The form came back.  3.4.1: one that is cancelled counts as one that is submitted. */
static void submit(CwComponent *component, const CwStanza *stanza, const CwNode *child,
                   const CwField *command, const char *session)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) fields = make_fields(command);
    CwFormKind kind = cw_form_kind(child);

    if (kind == CW_FORM_NONE || kind == CW_FORM_INVALID) {
        refuse(component, stanza, BAD_PAYLOAD, "fill in the form");
        return;
    }
    g_autoptr(GHashTable) values = cw_form_values(child, NULL, fields, &error);
    if (values == NULL || !cw_submitted_check(fields, values, &error))
        refuse(component, stanza, BAD_PAYLOAD, error->message);
    else
        run(component, stanza, command, g_hash_table_lookup(values, ARGUMENT), session);
}

static void go_on(CwComponent *component, const CwStanza *stanza, const CwNode *child,
                  const CwField *command, Action action, const char *session)
{
    const char *problem = check_session(stanza, command->name, session);

    if (problem != NULL)
        refuse(component, stanza, problem, "this command is not under way any more; begin again");
    else if (action == ACTION_CANCEL)
        end_answer(component, begin_answer(component, stanza, command->name, session, "canceled"));
    else if (action == ACTION_PREV || action == ACTION_NEXT)
        refuse(component, stanza, BAD_ACTION, "there is one step: complete it, or cancel");
    else
        submit(component, stanza, child, command, session);
}

static void begin(CwComponent *component, const CwStanza *stanza, const CwField *command,
                  Action action)
{
    g_autoptr(GError) error = NULL;

    if (action != ACTION_EXECUTE)
        refuse(component, stanza, BAD_ACTION, "this command is not under way; execute it");
    else if (command->kind == CW_FIELD_NOTE)
        run(component, stanza, command, NULL, NULL);
    else if (cw_component_online_session(component, stanza->from->bare, &error) == NULL)
        cw_component_send_error(component, stanza, (CwStanzaCondition)error->code, error->message);
    else if (cw_component_find_contact(component, stanza) == NULL)
        cw_component_send_error(component, stanza, CW_STANZA_ITEM_NOT_FOUND,
                                "add it to your contacts first");
    else
        send_form(component, stanza, command);
}

static void answer_command(CwComponent *component, const CwStanza *stanza, const CwNode *child)
{
    const char *node = cw_node_attr(child, "node");
    const char *session = cw_node_attr(child, "sessionid");
    const CwField *command = node == NULL ? NULL : find_command(component, stanza, node);
    Action action;

    if (stanza->to->local == NULL || !cw_commands_are_there(component))
        cw_component_send_error(component, stanza, CW_STANZA_SERVICE_UNAVAILABLE, NULL);
    else if (node == NULL)
        cw_component_send_error(component, stanza, CW_STANZA_BAD_REQUEST, "which command?");
    else if (command == NULL)
        cw_component_send_error(component, stanza, CW_STANZA_ITEM_NOT_FOUND,
                                "there is no such command");
    else if (!read_action(child, &action))
        refuse(component, stanza, MALFORMED_ACTION, "there is no such action");
    else if (session == NULL)
        begin(component, stanza, command, action);
    else
        go_on(component, stanza, child, command, action, session);
}

static const CwIqHandler iqs[] = {
    {"set", "command", CW_NS_COMMANDS, answer_command},
    {NULL},
};
static const char *const contact_features[] = {CW_NS_COMMANDS, NULL};

const CwFeature cw_feature_commands = {
    .name = "commands",
    .iqs = iqs,
    .contact_features = contact_features,
};
