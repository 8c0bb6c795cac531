/* component/features/commands.c: XEP-0050 ad-hoc commands of contacts: what they do when they are
 * told to, in a client's menu
 *
 *     disco#items -> execute -> (a form with one field -> submit ->) `command` on the link -> a
 * note
 *
 * Those of the gateway itself are gateway-commands.c's.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "component/features/adhoc.h"
#include "component/features/features.h"
#include "component/features/gateway-commands.h"
#include "component/form.h"

#define ARGUMENT "argument"

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

static gboolean is_for_gateway(const CwStanza *stanza)
{
    return stanza->to->local == NULL;
}

/* (nullable) of a contact */
static const CwField *find_command(CwComponent *component, const char *node)
{
    return cw_commands_are_there(component) ? cw_fields_find(list_commands(component), node) : NULL;
}

/* XEP-0050 2.2 */
CwDiscoInfo *cw_commands_describe(CwComponent *component, const CwStanza *stanza, const char *node)
{
    gboolean is_list = g_str_equal(node, CW_NS_COMMANDS);
    gboolean has_form = !is_list;
    g_autofree char *label = NULL;

    if (is_for_gateway(stanza)) {
        const CwGatewayCommand *command =
            is_list ? NULL : cw_gateway_commands_find(component, stanza->from, node);
        if (command == NULL && !is_list)
            return NULL;
        label = command == NULL ? NULL : cw_gateway_command_label(component, command);
        has_form = command != NULL && (command->fields != NULL || command->filled != NULL);
    } else {
        const CwField *command = find_command(component, node);
        if ((command == NULL && !(is_list && cw_commands_are_there(component))) ||
            cw_component_find_contact(component, stanza) == NULL)
            return NULL;
        label = command == NULL ? NULL : g_strdup(command->label);
    }
    CwDiscoInfo *info = cw_disco_info_new();
    cw_disco_info_add_identity(info, "automation", is_list ? "command-list" : "command-node",
                               is_list ? "Commands" : label);
    cw_disco_info_add_feature(info, CW_NS_COMMANDS);
    if (has_form)
        cw_disco_info_add_feature(info, CW_NS_FORM);
    return info;
}

static void write_item(CwWriter *writer, const CwStanza *stanza, const char *node,
                       const char *label)
{
    cw_writer_start(writer, "item", NULL);
    cw_writer_attr(writer, "jid", stanza->to->bare);
    cw_writer_attr(writer, "node", node);
    cw_writer_attr(writer, "name", label);
    cw_writer_end(writer);
}

static void write_gateway_items(CwComponent *component, CwWriter *writer, const CwStanza *stanza)
{
    g_autoptr(GPtrArray) commands = cw_gateway_commands_list(component, stanza->from);

    for (guint i = 0; i < commands->len; i++) {
        const CwGatewayCommand *command = g_ptr_array_index(commands, i);
        g_autofree char *label = cw_gateway_command_label(component, command);
        write_item(writer, stanza, command->word, label);
    }
}

static void write_contact_items(CwComponent *component, CwWriter *writer, const CwStanza *stanza)
{
    const GPtrArray *commands = list_commands(component);

    for (guint i = 0; i < commands->len; i++) {
        const CwField *command = g_ptr_array_index(commands, i);
        write_item(writer, stanza, command->name, command->label);
    }
}

gboolean cw_commands_answer_items(CwComponent *component, const CwStanza *stanza, const char *node)
{
    gboolean of_gateway = is_for_gateway(stanza);

    if (!g_str_equal(node, CW_NS_COMMANDS) ||
        (!of_gateway && (!cw_commands_are_there(component) ||
                         cw_component_find_contact(component, stanza) == NULL)))
        return FALSE;
    CwWriter *writer = cw_component_begin_result(component, stanza);
    cw_writer_start(writer, "query", CW_NS_DISCO_ITEMS);
    cw_writer_attr(writer, "node", node);
    (of_gateway ? write_gateway_items : write_contact_items)(component, writer, stanza);
    cw_writer_end(writer);
    cw_component_end(component);
    return TRUE;
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

    if (done)
        cw_adhoc_send_note(component, stanza, request->node, request->session, FALSE, text);
    else
        cw_component_send_error(component, stanza, cw_reason_condition(reason),
                                text == NULL || *text == '\0' ? cw_reason_text(reason) : text);
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
        session_id == NULL ? cw_adhoc_session_new(stanza, command->name) : g_strdup(session_id);
    if (!cw_session_command(session, name, text, done_cb, request, &reason))
        done_cb(session, FALSE, reason, NULL, request);
}

/* ---- requests ---- */

static GPtrArray *make_fields(const CwField *command)
{
    GPtrArray *fields = cw_fields_new();
    g_auto(GStrv) examples = g_strsplit(command->value, "|", -1);
    g_autofree char *several = g_strjoinv(", ", examples);
    g_autofree char *label = g_strdup_printf("%s: such as %s", command->name, several);

    g_ptr_array_add(fields, cw_field_new(CW_FIELD_TEXT, ARGUMENT, label, NULL));
    return fields;
}

static void submit(CwComponent *component, const CwStanza *stanza, const CwNode *child,
                   gconstpointer data, const char *session)
{
    const CwField *command = data;
    g_autoptr(GPtrArray) fields = make_fields(command);
    g_autoptr(GHashTable) values = cw_adhoc_read_form(component, stanza, child, fields);

    if (values != NULL)
        run(component, stanza, command, g_hash_table_lookup(values, ARGUMENT), session);
}

static void execute(CwComponent *component, const CwStanza *stanza, gconstpointer data)
{
    const CwField *command = data;
    g_autoptr(GError) error = NULL;

    if (command->kind == CW_FIELD_NOTE) {
        run(component, stanza, command, NULL, NULL);
    } else if (cw_component_online_session(component, stanza->from->bare, &error) == NULL) {
        cw_component_send_error(component, stanza, (CwStanzaCondition)error->code, error->message);
    } else if (cw_component_find_contact(component, stanza) == NULL) {
        cw_component_send_error(component, stanza, CW_STANZA_ITEM_NOT_FOUND,
                                "add it to your contacts first");
    } else {
        g_autoptr(GPtrArray) fields = make_fields(command);
        cw_adhoc_send_form(component, stanza, command->name, command->label, NULL, fields);
    }
}

static const CwAdhocKind of_contacts = {.execute = execute, .submit = submit};

static void answer_command(CwComponent *component, const CwStanza *stanza, const CwNode *child)
{
    const char *node = cw_node_attr(child, "node");
    const CwField *command =
        node == NULL || is_for_gateway(stanza) ? NULL : find_command(component, node);

    if (!is_for_gateway(stanza) && !cw_commands_are_there(component))
        cw_component_send_error(component, stanza, CW_STANZA_SERVICE_UNAVAILABLE, NULL);
    else if (node == NULL)
        cw_component_send_error(component, stanza, CW_STANZA_BAD_REQUEST, "which command?");
    else if (is_for_gateway(stanza))
        cw_gateway_commands_take_request(component, stanza, child, node);
    else if (command == NULL)
        cw_component_send_error(component, stanza, CW_STANZA_ITEM_NOT_FOUND,
                                "there is no such command");
    else
        cw_adhoc_take(component, stanza, child, node, &of_contacts, command);
}

static const CwIqHandler iqs[] = {
    {"set", "command", CW_NS_COMMANDS, answer_command},
    {NULL},
};
static const char *const features[] = {CW_NS_COMMANDS, NULL};

const CwFeature cw_feature_commands = {
    .name = "commands",
    .iqs = iqs,
    .gateway_features = features,
    .contact_features = features,
};
