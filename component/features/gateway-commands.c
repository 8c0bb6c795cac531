/* component/features/gateway-commands.c: what a user can tell the gateway itself: in a chat with
 * it, and in a client's menu (XEP-0050)
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "component/features/gateway-commands.h"

#include <string.h>

#include "component/features/adhoc.h"
#include "component/features/features.h"
#include "component/features/search.h"

static const CwProtocol *protocol_of(CwComponent *component)
{
    return cw_transport_protocol(cw_component_transport(component));
}

static gboolean is_registered(CwComponent *component, const CwJid *user)
{
    return cw_transport_is_registered(cw_component_transport(component), user->bare);
}

gboolean cw_gateway_has_things(CwComponent *component)
{
    return protocol_of(component) != NULL && protocol_of(component)->anonymous;
}

char *cw_gateway_name_network(CwComponent *component, const char *text)
{
    GString *filled = g_string_new(text);

    g_string_replace(filled, "%s", cw_transport_settings(cw_component_transport(component))->name,
                     0);
    return g_string_free(filled, FALSE);
}

/* ---- fields of menus ---- */

static GPtrArray *one_field(CwFieldKind kind, const char *name, const char *label,
                            const char *value)
{
    GPtrArray *fields = cw_fields_new();
    CwField *field = cw_field_new(kind, name, label, value);

    field->required = kind == CW_FIELD_TEXT;
    g_ptr_array_add(fields, field);
    return fields;
}

static GPtrArray *move_fields(CwComponent *component, const CwJid *user, GError **error)
{
    return one_field(CW_FIELD_TEXT, "address",
                     "Address that is to have your registration: NAME@SERVER", NULL);
}

static GPtrArray *accept_fields(CwComponent *component, const CwJid *user, GError **error)
{
    return one_field(CW_FIELD_TEXT, "code", "The code that you were told at your other address",
                     NULL);
}

static GPtrArray *room_fields(CwComponent *component, const CwJid *user, GError **error)
{
    return one_field(CW_FIELD_TEXT, "room", "Room: its name on the network, or its address", NULL);
}

static GPtrArray *autojoin_fields(CwComponent *component, const CwJid *user, GError **error)
{
    GPtrArray *fields = room_fields(component, user, error);

    g_ptr_array_add(fields, cw_field_new(CW_FIELD_BOOLEAN, "on", "Join it whenever I log in", "1"));
    return fields;
}

static GPtrArray *stay_fields(CwComponent *component, const CwJid *user, GError **error)
{
    GPtrArray *fields = room_fields(component, user, error);

    g_ptr_array_add(fields,
                    cw_field_new(CW_FIELD_BOOLEAN, "on", "Stay in it while I am offline", "1"));
    return fields;
}

/* ---- registration ---- */

/* Takes `data`, a CwTalk. */
static void report(gpointer data, gboolean done, const char *good, const char *refusal)
{
    g_autoptr(CwTalk) talk = data;
    g_autofree char *bad = done ? NULL : g_strdup_printf("That did not work: %s.", refusal);

    if (done)
        cw_talk_say(talk, good);
    else
        cw_talk_refuse(talk, bad);
}

static void registered_cb(CwComponent *component, gboolean done, CwStanzaCondition condition,
                          const char *text, gpointer data)
{
    report(data, done, "Done.  If your client asks whether I may see your status, say yes.", text);
}

static void register_filled(CwTalk *talk, GHashTable *values)
{
    if (!cw_gateway_has_things(cw_talk_component(talk)))
        cw_talk_mention(talk, "I try to log you in …");
    cw_registration_submit(cw_talk_component(talk), cw_talk_user(talk), values, registered_cb,
                           cw_talk_ref(talk));
}

/* The instructions are a note before the first field. */
static GPtrArray *register_fields(CwComponent *component, const CwJid *user, GError **error)
{
    g_autofree char *instructions = NULL;
    GPtrArray *fields = cw_registration_fields(component, user, &instructions, error);

    if (fields != NULL)
        g_ptr_array_insert(fields, 0,
                           cw_field_new(CW_FIELD_NOTE, "instructions", instructions, NULL));
    return fields;
}

static void run_register(CwTalk *talk, const char *rest)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) fields =
        register_fields(cw_talk_component(talk), cw_talk_user(talk), &error);

    if (fields == NULL) {
        g_autofree char *text = g_strdup_printf("You cannot register: %s.", error->message);
        cw_talk_refuse(talk, text);
    } else if (!cw_talk_ask(talk, NULL, fields)) {
        cw_talk_refuse(talk, "Too many people talk with me at the moment; try again later.");
    }
}

/* Where there is nothing to fill in, there is nothing to change either. */
static gboolean may_register(CwComponent *component, const CwJid *user)
{
    const CwProtocol *protocol = protocol_of(component);

    return protocol != NULL && cw_registration_is_allowed(component, user) &&
           !(protocol->anonymous && is_registered(component, user));
}

static void removed_cb(CwComponent *component, gboolean done, CwStanzaCondition condition,
                       const char *text, gpointer data)
{
    report(data, done, "You are not registered with me any more; nothing of you is kept.", text);
}

static void run_unregister(CwTalk *talk, const char *rest)
{
    cw_registration_remove(cw_talk_component(talk), cw_talk_user(talk), removed_cb,
                           cw_talk_ref(talk));
}

/* Nobody types a word by mistake, but a menu is clicked at. */
static GPtrArray *unregister_fields(CwComponent *component, const CwJid *user, GError **error)
{
    return one_field(CW_FIELD_BOOLEAN, "sure", "Yes: forget my registration and my contacts here",
                     "0");
}

static void unregister_filled(CwTalk *talk, GHashTable *values)
{
    if (g_strcmp0(g_hash_table_lookup(values, "sure"), "1") == 0)
        run_unregister(talk, "");
    else
        cw_talk_refuse(talk, "Nothing was changed: you are registered still.");
}

/* ---- addresses ---- */

static GPtrArray *address_fields(CwComponent *component, const CwJid *user, GError **error)
{
    const char *label;
    g_autofree char *prompt = cw_gateway_prompt(component, NULL, &label);

    return one_field(CW_FIELD_TEXT, "name", prompt, NULL);
}

static void address_cb(CwComponent *component, const char *jid, const char *problem, gpointer data)
{
    g_autoptr(CwTalk) talk = data;
    g_autofree char *uri = jid == NULL ? NULL : g_uri_escape_string(jid, "@", FALSE);
    g_autofree char *text =
        jid == NULL
            ? g_strdup_printf("There is no address for that: %s.", problem)
            : g_strdup_printf("That is %s: add it to your contacts.\nxmpp:%s?subscribe", jid, uri);

    if (jid == NULL)
        cw_talk_refuse(talk, text);
    else
        cw_talk_say(talk, text);
}

static void run_address(CwTalk *talk, const char *name)
{
    cw_gateway_find_address(cw_talk_component(talk), cw_talk_user(talk)->bare, name, address_cb,
                            cw_talk_ref(talk));
}

/* ---- log-out ---- */

static gboolean has_session(CwComponent *component, const CwJid *user)
{
    return cw_transport_find_session(cw_component_transport(component), user->bare) != NULL;
}

static void run_logout(CwTalk *talk, const char *rest)
{
    CwComponent *component = cw_talk_component(talk);
    const CwJid *user = cw_talk_user(talk);
    gboolean was_there = has_session(component, user);

    cw_transport_log_out(cw_talk_transport(talk), user->bare);
    if (was_there) {
        cw_component_send_presence(component, cw_component_domain(component), user->bare,
                                   "unavailable");
        cw_talk_say(talk, "You are logged out.  I log you in again when your client tells me next "
                          "that you are online.");
    } else {
        cw_talk_refuse(talk, "You are not logged in.");
    }
}

/* ---- help ---- */

static char *describe_state(CwComponent *component, const CwJid *jid)
{
    CwTransport *transport = cw_component_transport(component);
    const char *user = jid->bare;
    CwSession *session = cw_transport_find_session(transport, user);
    g_autofree char *problem = NULL;

    if (!cw_transport_is_registered(transport, user))
        return g_strdup(
            cw_newcomers_may_come(component, jid)
                ? "You are not registered with me, and are as soon as you add a contact."
                : "You are not registered with me.");
    if (session == NULL)
        return g_strdup("You are registered and not logged in.");
    switch (cw_session_state(session)) {
    case CW_SESSION_ONLINE:
        return g_strdup("You are logged in.");
    case CW_SESSION_CONNECTING:
        return g_strdup("You are being logged in.");
    case CW_SESSION_WAITING:
        problem = cw_component_session_problem(session);
        return g_strdup_printf("You are not connected: %s; I try again in %u s.", problem,
                               (cw_session_retry_in(session) + 999) / 1000);
    case CW_SESSION_FAILED:
        problem = cw_component_session_problem(session);
        return g_strdup_printf("I cannot log you in: %s.  Change your registration with me.",
                               problem);
    case CW_SESSION_OFFLINE:
        break;
    }
    return g_strdup("You are registered and not logged in.");
}

static void write_help(CwComponent *component, GString *help);

static void write_about_things(CwComponent *component, GString *help)
{
    const char *example = protocol_of(component)->example;
    g_autofree char *jid = example == NULL ? NULL : cw_gateway_address_of(component, example);

    g_string_append(help, "Add to your contacts what you want to watch here");
    if (jid != NULL && strchr(jid, '\\') != NULL) /* nobody types that */
        g_string_append_printf(
            help, ", by the address that I tell you when you write to me: address %s", example);
    else if (jid != NULL)
        g_string_append_printf(help, ", such as %s for %s.  Then write help to it", jid, example);
    g_string_append(help, ".\n");
}

static void run_help(CwTalk *talk, const char *rest)
{
    CwComponent *component = cw_talk_component(talk);
    const char *name = cw_transport_settings(cw_talk_transport(talk))->name;
    g_autofree char *state = describe_state(component, cw_talk_user(talk));
    g_autoptr(GString) help = g_string_new(NULL);

    g_string_append_printf(help, "I am the gateway to %s.  %s\n", name, state);
    if (cw_gateway_has_things(component))
        write_about_things(component, help);
    else
        g_string_append_printf(
            help,
            "To chat with somebody there, write to NAME@%s (a space in a name is \\20, an @ is "
            "\\40), or add that address to your contacts.\n"
            "What %s asks you comes as a message from me, and your next message to me is the "
            "answer.\n",
            cw_component_domain(component), name);
    g_string_append(help, "I also understand:");
    write_help(component, help);
    cw_talk_say(talk, help->str);
}

/* ---- the table ---- */

static gboolean has_search(CwComponent *component)
{
    return protocol_of(component) != NULL && protocol_of(component)->search;
}

static gboolean may_search(CwComponent *component, const CwJid *user)
{
    CwSession *session = cw_search_session(component, user->bare, NULL);

    return session != NULL && cw_session_may_search(session);
}

static gboolean has_rooms(CwComponent *component)
{
    return protocol_of(component) != NULL && protocol_of(component)->rooms;
}

static const CwGatewayCommand commands[] = {
    {
        .word = "address",
        .usage = "address NAME",
        .help = "the address of a contact on %s, for your contact list",
        .help_of_things = "the address of what you want to watch, for your contact list",
        .has_rest = TRUE,
        .run = run_address,
        .fields = address_fields,
    },
    {
        .word = "register",
        .help = "tell me your account on %s, or change it",
        .help_of_things = "let me know you; there is nothing to fill in",
        .is_useful = may_register,
        .run = run_register,
        .fields = register_fields,
        .filled = register_filled,
    },
    {
        .word = "unregister",
        .help = "forget all that you told me",
        .for_registered = TRUE,
        .run = run_unregister,
        .fields = unregister_fields,
        .filled = unregister_filled,
    },
    {
        .word = "move",
        .usage = "move NAME@SERVER",
        .help = "give your registration to another address of yours",
        .has_rest = TRUE,
        .for_registered = TRUE,
        .run = cw_move_begin,
        .fields = move_fields,
    },
    {
        .word = "accept",
        .usage = "accept CODE",
        .help = "take over the registration that another address of yours gives to this one",
        .has_rest = TRUE,
        .is_useful = cw_move_is_awaited,
        .run = cw_move_accept,
        .fields = accept_fields,
    },
    {
        .word = "search",
        .usage = "search WORDS",
        .help = "look for people in the network's directory; without words I ask you for what it "
                "can be searched for",
        .help_of_things = "look for what you can watch, by its name",
        .has_rest = TRUE,
        .for_registered = TRUE,
        .is_offered = has_search,
        .is_useful = may_search,
        .run = cw_search_run,
        .filled = cw_search_filled,
    },
    {
        .word = "picture",
        .usage = "picture on, picture off",
        .help = "show your picture and nickname to your contacts on %s, or do not",
        .has_rest = TRUE,
        .for_registered = TRUE,
        .is_there = cw_preferences_has_picture,
        .run = cw_preferences_run,
        .fields = cw_preferences_picture_fields,
    },
    {
        .word = "invisible",
        .usage = "invisible on, invisible off",
        .help = "hide from your contacts on %s that you are online, or do not",
        .has_rest = TRUE,
        .for_registered = TRUE,
        .is_there = cw_preferences_has_invisible,
        .run = cw_preferences_run,
        .fields = cw_preferences_invisible_fields,
    },
    {
        .word = "rooms",
        .help = "the rooms that you are in, and those that you keep",
        .for_registered = TRUE,
        .is_offered = has_rooms,
        .run = cw_rooms_run_list,
    },
    {
        .word = "autojoin",
        .usage = "autojoin ROOM on, autojoin ROOM off",
        .help = "join it whenever you log in, or do not",
        .has_rest = TRUE,
        .for_registered = TRUE,
        .is_offered = has_rooms,
        .run = cw_rooms_run_autojoin,
        .fields = autojoin_fields,
    },
    {
        .word = "stay",
        .usage = "stay ROOM on, stay ROOM off",
        .help = "stay in it, and so on the network, while you are offline, or do not",
        .has_rest = TRUE,
        .for_registered = TRUE,
        .is_offered = cw_rooms_may_stay,
        .run = cw_rooms_run_stay,
        .fields = stay_fields,
    },
    {
        .word = "leave",
        .usage = "leave ROOM",
        .help = "leave it with all of your clients, and keep it no longer",
        .has_rest = TRUE,
        .for_registered = TRUE,
        .is_offered = has_rooms,
        .run = cw_rooms_run_leave,
        .fields = room_fields,
    },
    {
        .word = "logout",
        .help = "leave the network until you come online next",
        .help_of_things = "watch nothing for you until you come online next",
        .for_registered = TRUE,
        .is_useful = has_session,
        .run = run_logout,
    },
    {
        .word = "help",
        .help = "what I am, how you are connected, and what I understand",
        .run = run_help,
    },
};

static const CwGatewayCommand *find_word(const char *word)
{
    for (guint i = 0; i < G_N_ELEMENTS(commands); i++) {
        if (g_ascii_strcasecmp(word, commands[i].word) == 0)
            return &commands[i];
    }
    return NULL;
}

static gboolean is_there(CwComponent *component, const CwGatewayCommand *command)
{
    return command->is_there == NULL || command->is_there(component);
}

static gboolean is_offered(CwComponent *component, const CwGatewayCommand *command)
{
    return is_there(component, command) &&
           (command->is_offered == NULL || command->is_offered(component));
}

static const char *help_of(CwComponent *component, const CwGatewayCommand *command)
{
    return cw_gateway_has_things(component) && command->help_of_things != NULL
               ? command->help_of_things
               : command->help;
}

static void write_help(CwComponent *component, GString *help)
{
    for (guint i = 0; i < G_N_ELEMENTS(commands); i++) {
        const CwGatewayCommand *command = &commands[i];
        if (!is_offered(component, command))
            continue;
        g_autofree char *what = cw_gateway_name_network(component, help_of(component, command));
        g_string_append_printf(help, "\n  %s – %s",
                               command->usage == NULL ? command->word : command->usage, what);
    }
}

/* ---- by chat ---- */

void cw_gateway_commands_run(CwComponent *component, const CwJid *user, const char *typed)
{
    gsize length = strcspn(typed, " \t\n");
    g_autofree char *word = g_strndup(typed, length);
    g_autofree char *rest = g_strstrip(g_strdup(typed + length));
    const CwGatewayCommand *command = find_word(word);

    if (command == NULL || !is_there(component, command) || (!command->has_rest && *rest != '\0'))
        command = find_word("help");
    g_autoptr(CwTalk) talk = cw_talk_new(component, user, command);
    command->run(talk, rest);
}

/* ---- by menu ---- */

static gboolean is_useful(CwComponent *component, const CwJid *user,
                          const CwGatewayCommand *command)
{
    return is_offered(component, command) &&
           (!command->for_registered || is_registered(component, user)) &&
           (command->is_useful == NULL || command->is_useful(component, user));
}

GPtrArray *cw_gateway_commands_list(CwComponent *component, const CwJid *user)
{
    GPtrArray *list = g_ptr_array_new();

    for (guint i = 0; i < G_N_ELEMENTS(commands); i++) {
        if (is_useful(component, user, &commands[i]))
            g_ptr_array_add(list, (gpointer)&commands[i]);
    }
    return list;
}

const CwGatewayCommand *cw_gateway_commands_find(CwComponent *component, const CwJid *user,
                                                 const char *word)
{
    for (guint i = 0; i < G_N_ELEMENTS(commands); i++) {
        if (g_str_equal(word, commands[i].word)) /* a node, letter by letter */
            return is_useful(component, user, &commands[i]) ? &commands[i] : NULL;
    }
    return NULL;
}

char *cw_gateway_command_label(CwComponent *component, const CwGatewayCommand *command)
{
    g_autofree char *what = cw_gateway_name_network(component, help_of(component, command));

    return g_strdup_printf("%s: %s", command->word, what);
}

/* What was filled in, as it would have been typed behind the word; nothing behind what is missing.
 * (transfer full) */
static char *join_values(const GPtrArray *fields, GHashTable *values)
{
    GString *rest = g_string_new(NULL);

    for (guint i = 0; i < fields->len; i++) {
        const CwField *field = g_ptr_array_index(fields, i);
        const char *value = g_hash_table_lookup(values, field->name);
        if (value == NULL || *value == '\0')
            break;
        if (field->kind == CW_FIELD_BOOLEAN)
            value = g_str_equal(value, "1") ? "on" : "off";
        g_string_append_printf(rest, "%s%s", rest->len == 0 ? "" : " ", value);
    }
    return g_strstrip(g_string_free(rest, FALSE));
}

/* FALSE: there is nothing to show, and that is answered.  NULL fields: it has no form. */
static gboolean make_form(CwComponent *component, const CwStanza *stanza,
                          const CwGatewayCommand *command, GPtrArray **fields)
{
    g_autoptr(GError) error = NULL;

    *fields = command->fields == NULL ? NULL : command->fields(component, stanza->from, &error);
    if (command->fields == NULL || *fields != NULL)
        return TRUE;
    cw_component_send_error(component, stanza, (CwStanzaCondition)error->code, error->message);
    return FALSE;
}

static void execute(CwComponent *component, const CwStanza *stanza, gconstpointer data)
{
    const CwGatewayCommand *command = data;
    g_autoptr(GPtrArray) fields = NULL;

    if (!make_form(component, stanza, command, &fields))
        return;
    g_autoptr(CwTalk) talk = cw_talk_new_from_menu(component, stanza, command, NULL);
    if (fields != NULL)
        cw_talk_ask(talk, NULL, fields);
    else
        command->run(talk, "");
}

static void submit(CwComponent *component, const CwStanza *stanza, const CwNode *child,
                   gconstpointer data, const char *session)
{
    const CwGatewayCommand *command = data;
    g_autoptr(GPtrArray) fields = NULL;

    if (command->fields == NULL && command->filled == NULL) {
        cw_adhoc_refuse_action(component, stanza, "this command is through; execute it again");
        return;
    }
    if (!make_form(component, stanza, command, &fields))
        return;
    g_autoptr(GHashTable) values = cw_adhoc_read_form(component, stanza, child, fields);
    if (values == NULL)
        return;
    g_autoptr(CwTalk) talk = cw_talk_new_from_menu(component, stanza, command, session);
    if (command->filled != NULL) {
        command->filled(talk, values);
    } else {
        g_autofree char *rest = join_values(fields, values);
        command->run(talk, rest);
    }
}

static const CwAdhocKind of_gateway = {.execute = execute, .submit = submit};

void cw_gateway_commands_take_request(CwComponent *component, const CwStanza *stanza,
                                      const CwNode *child, const char *node)
{
    const CwGatewayCommand *command = find_word(node);
    gboolean known =
        command != NULL && g_str_equal(command->word, node) && is_offered(component, command);

    if (!known)
        cw_component_send_error(component, stanza, CW_STANZA_ITEM_NOT_FOUND,
                                "there is no such command");
    else if (command->for_registered && !is_registered(component, stanza->from))
        cw_component_send_error(component, stanza, CW_STANZA_REGISTRATION_REQUIRED,
                                "register with this gateway first");
    else if (!is_useful(component, stanza->from, command))
        cw_component_send_error(component, stanza, CW_STANZA_NOT_ALLOWED,
                                "this command is not for you, or not now");
    else
        cw_adhoc_take(component, stanza, child, node, &of_gateway, command);
}
