/* component/features/registration.c: XEP-0077 in-band registration with the gateway
 *
 * The form is made from what the network's host says: user name, the parts behind it, password, and
 * the options that the settings let users see.  A submitted form wins over plain fields (XEP-0077
 * 4); an empty password in a change keeps the old one (3.3).  What is submitted is verified with
 * the network before it is stored (transport/registrar.c).  No error ever returns what was sent.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#define G_LOG_DOMAIN "component"

#include <string.h>

#include "component/features/features.h"
#include "component/form.h"
#include "component/submitted.h"

#define NS_REGISTER "jabber:iq:register"

gboolean cw_registration_is_allowed(CwComponent *component, const CwJid *user)
{
    return cw_transport_settings_may_register(
        cw_transport_settings(cw_component_transport(component)), user->bare, user->domain);
}

#define NOT_RUNNING                                                                                \
    "the program that connects to the network does not run; the gateway's admin finds the reason " \
    "in its log"

/* ---- the form ---- */

static char *write_instructions(CwComponent *component, const CwProtocol *protocol)
{
    const CwTransportSettings *settings = cw_transport_settings(cw_component_transport(component));
    if (protocol->anonymous)
        return g_strdup_printf("%s needs no account: there is nothing to fill in.", settings->name);

    GString *notation = g_string_new("name");

    for (guint i = 0; i < protocol->splits->len; i++) {
        const CwField *split = g_ptr_array_index(protocol->splits, i);
        g_autofree char *part = g_utf8_strdown(split->label, -1);
        g_string_append_printf(notation, "%c%s", split->separator, part);
        if (split->value != NULL && *split->value == '\0')
            g_string_append(notation, " (may be left out)");
    }
    char *text = g_strdup_printf(
        "Enter your account on %s.%s%s%s%s", settings->name,
        protocol->splits->len > 0 ? "  The user name may be written as " : "",
        protocol->splits->len > 0 ? notation->str : "", protocol->splits->len > 0 ? "." : "",
        protocol->password == CW_PASSWORD_OPTIONAL ? "  No password is needed." : "");
    g_string_free(notation, TRUE);
    return text;
}

static void add_field(GPtrArray *fields, const CwField *from, const char *name, const char *value)
{
    CwField *field =
        cw_field_new(from->kind, name, from->label, value != NULL ? value : from->value);

    for (guint i = 0; from->choices != NULL && i < from->choices->len; i++) {
        const CwChoice *choice = g_ptr_array_index(from->choices, i);
        cw_field_add_choice(field, choice->value, choice->label);
    }
    g_ptr_array_add(fields, field);
}

/* Plugins call their options "username" and the like: they get a room of their own in the form. */
static char *option_field(const CwField *option)
{
    return g_strconcat("option.", option->name, NULL);
}

/* `user` (nullable): what is registered.  (transfer full) */
static GPtrArray *make_fields(CwComponent *component, const CwProtocol *protocol,
                              const CwUser *user)
{
    const CwTransportSettings *settings = cw_transport_settings(cw_component_transport(component));
    GPtrArray *fields = cw_fields_new();
    g_autofree char *first = NULL;
    g_autoptr(GHashTable) parts = NULL;

    if (user != NULL)
        cw_protocol_split_username(protocol, user->username, &first, &parts);
    CwField *username = cw_field_new(CW_FIELD_TEXT, "username", "User name", first);
    username->required = TRUE;
    if (protocol->anonymous)
        cw_field_free(username);
    else
        g_ptr_array_add(fields, username);
    for (guint i = 0; !settings->lock_splits && i < protocol->splits->len; i++) {
        const CwField *split = g_ptr_array_index(protocol->splits, i);
        add_field(fields, split, split->name,
                  parts == NULL ? NULL : g_hash_table_lookup(parts, split->name));
    }
    if (protocol->password != CW_PASSWORD_NONE) {
        CwField *password = cw_field_new(CW_FIELD_PRIVATE, "password", "Password", NULL);
        password->required = protocol->password == CW_PASSWORD_REQUIRED && user == NULL;
        g_ptr_array_add(fields, password);
    }
    for (guint i = 0; i < protocol->options->len; i++) {
        const CwField *option = g_ptr_array_index(protocol->options, i);
        /* the store seals the password alone */
        if (option->kind == CW_FIELD_PRIVATE ||
            !g_strv_contains((const char *const *)settings->user_options, option->name))
            continue;
        const char *value = user == NULL ? NULL : g_hash_table_lookup(user->options, option->name);
        if (value == NULL)
            value = g_hash_table_lookup(settings->options, option->name);
        g_autofree char *name = option_field(option);
        add_field(fields, option, name, value);
    }
    return fields;
}

static void answer_get(CwComponent *component, const CwStanza *stanza, const CwNode *query)
{
    CwTransport *transport = cw_component_transport(component);
    g_autoptr(GError) error = NULL;

    if (stanza->to->local != NULL) {
        cw_component_send_error(component, stanza, CW_STANZA_SERVICE_UNAVAILABLE, NULL);
        return;
    }
    g_autoptr(CwUser) user = cw_store_get_user(
        cw_transport_store(transport), cw_component_domain(component), stanza->from->bare, &error);
    if (error != NULL) {
        g_warning("%s/%s: cannot read the registration: %s", stanza->from->bare,
                  cw_component_domain(component), error->message);
        cw_component_send_error(component, stanza, CW_STANZA_INTERNAL_SERVER_ERROR,
                                "your registration cannot be read; tell the gateway's admin");
        return;
    }
    if (user == NULL && !cw_registration_is_allowed(component, stanza->from)) { /* R2 */
        cw_component_send_error(component, stanza, CW_STANZA_SERVICE_UNAVAILABLE,
                                "registration is not open to you here");
        return;
    }
    const CwProtocol *protocol = cw_transport_protocol(transport);
    if (protocol == NULL) {
        cw_component_send_error(component, stanza, CW_STANZA_RECIPIENT_UNAVAILABLE, NOT_RUNNING);
        return;
    }

    g_autofree char *instructions = write_instructions(component, protocol);
    g_autoptr(GPtrArray) fields = make_fields(component, protocol, user);
    cw_preferences_add_fields(component, user, fields);
    CwWriter *writer = cw_component_begin_result(component, stanza);
    cw_writer_start(writer, "query", NS_REGISTER);
    if (user != NULL)
        cw_writer_leaf(writer, "registered", NULL, NULL);
    cw_writer_leaf(writer, "instructions", NULL, instructions);
    if (!protocol->anonymous)
        cw_writer_leaf(writer, "username", NULL, user == NULL ? NULL : user->username);
    /* R4: what is listed must be given; an optional password stands in the form alone.  G16: the
     * stored one is never shown. */
    if (protocol->password == CW_PASSWORD_REQUIRED)
        cw_writer_leaf(writer, "password", NULL, NULL);
    cw_form_write(writer, NS_REGISTER, "Registration", instructions, fields);
    cw_writer_end(writer);
    cw_component_end(component);
}

/* ---- removal ---- */

typedef struct {
    CwComponent *component;
    char *user;      /* bare JID */
    GPtrArray *jids; /* to be taken off the roster: his contacts, the gateway last */
    CwRegistrationAnswer answer;
    gpointer data;
} Removal;

static void say_farewell(CwComponent *component, const char *from, const char *user)
{
    cw_component_send_presence(component, from, user, "unsubscribe");
    cw_component_send_presence(component, from, user, "unsubscribed");
    cw_component_send_presence(component, from, user, "unavailable");
}

/* G20 (c) to (e), and G21 for the contacts */
static void removed_cb(const GError *error, gpointer data)
{
    Removal *removal = data;
    CwComponent *component = removal->component;

    if (error != NULL) {
        g_warning("%s/%s: the registration cannot be deleted or moved: %s", removal->user,
                  cw_component_domain(component), error->message);
        removal->answer(component, FALSE, CW_STANZA_INTERNAL_SERVER_ERROR,
                        "your registration could not be deleted; try again later", removal->data);
    } else {
        removal->answer(component, TRUE, CW_STANZA_UNDEFINED_CONDITION, NULL, removal->data);
        for (guint i = 0; i < removal->jids->len; i++)
            say_farewell(component, g_ptr_array_index(removal->jids, i), removal->user);
        cw_roster_forget(component, removal->user, removal->jids);
    }
    g_ptr_array_unref(removal->jids);
    g_free(removal->user);
    g_free(removal);
}

typedef struct {
    CwComponent *component;
    GHashTable *jids; /* set */
} Farewells;

static void add_farewell(const Farewells *farewells, const char *name)
{
    char *jid = cw_component_contact_jid(farewells->component, name);

    if (jid != NULL)
        g_hash_table_add(farewells->jids, jid);
}

static void add_contact(CwContact *contact, gpointer data)
{
    add_farewell(data, contact->name);
}

/* All contacts that may be in his roster: those of the store, and those of the session, which may
 * not be written yet.  The gateway comes last. */
static void list_farewells(CwComponent *component, const char *user, GPtrArray *jids)
{
    CwTransport *transport = cw_component_transport(component);
    CwSession *session = cw_transport_find_session(transport, user);
    Farewells farewells = {component, g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL)};
    g_autoptr(GPtrArray) contacts = cw_store_list_contacts(
        cw_transport_store(transport), cw_component_domain(component), user, NULL);
    GHashTableIter iter;
    gpointer jid;

    for (guint i = 0; contacts != NULL && i < contacts->len; i++)
        add_farewell(&farewells, ((const CwStoredContact *)g_ptr_array_index(contacts, i))->name);
    if (session != NULL)
        cw_session_each_contact(session, add_contact, &farewells);
    g_hash_table_iter_init(&iter, farewells.jids);
    while (g_hash_table_iter_next(&iter, &jid, NULL)) {
        g_ptr_array_add(jids, jid);
        g_hash_table_iter_steal(&iter);
    }
    g_hash_table_unref(farewells.jids);
    g_ptr_array_add(jids, g_strdup(cw_component_domain(component)));
}

static Removal *new_removal(CwComponent *component, const char *user, CwRegistrationAnswer answer,
                            gpointer data)
{
    Removal *removal = g_new0(Removal, 1);

    removal->component = component;
    removal->user = g_strdup(user);
    removal->jids = g_ptr_array_new_with_free_func(g_free);
    removal->answer = answer;
    removal->data = data;
    list_farewells(component, user, removal->jids);
    return removal;
}

void cw_registration_remove(CwComponent *component, const CwJid *user, CwRegistrationAnswer answer,
                            gpointer data)
{
    CwTransport *transport = cw_component_transport(component);

    if (!cw_transport_is_registered(transport, user->bare) &&
        !cw_transport_is_registering(transport, user->bare)) { /* R15 */
        answer(component, FALSE, CW_STANZA_REGISTRATION_REQUIRED, "you are not registered here",
               data);
        return;
    }
    cw_transport_unregister(transport, user->bare, removed_cb,
                            new_removal(component, user->bare, answer, data));
}

void cw_registration_move(CwComponent *component, const CwUser *user, const char *to,
                          CwRegistrationAnswer answer, gpointer data)
{
    cw_transport_move(cw_component_transport(component), user, to, removed_cb,
                      new_removal(component, user->jid, answer, data));
}

/* ---- registration and change ---- */

typedef struct {
    CwComponent *component;
    char *user; /* bare JID */
    CwRegistrationAnswer answer;
    gpointer data;
} Attempt;

/* G9: what the network refuses is not acceptable; G10: what it did not judge is a timeout. */
static CwStanzaCondition refusal_condition(CwReason reason)
{
    return reason == CW_REASON_AUTH || reason == CW_REASON_NO_CONTACT ? CW_STANZA_NOT_ACCEPTABLE
                                                                      : cw_reason_condition(reason);
}

static void registered_cb(CwRegistered result, CwReason reason, const char *why, gpointer data)
{
    static const struct {
        CwStanzaCondition condition;
        const char *text;
    } answers[] = {
        [CW_REGISTERED_BUSY] = {CW_STANZA_UNEXPECTED_REQUEST,
                                "another registration of yours is being verified or removed; "
                                "wait for it and try again"},
        [CW_REGISTERED_FULL] = {CW_STANZA_RESOURCE_CONSTRAINT,
                                "this gateway takes no more registrations at the moment; try again "
                                "in a minute"},
        [CW_REGISTERED_ABORTED] =
            {CW_STANZA_UNEXPECTED_REQUEST,
             "the registration was removed, or this gateway stops; look later "
             "whether you are registered"},
        [CW_REGISTERED_NOT_STORED] = {CW_STANZA_RESOURCE_CONSTRAINT,
                                      "the registration cannot be stored at the moment; nothing "
                                      "changed"},
    };
    Attempt *attempt = data;
    CwComponent *component = attempt->component;
    g_autofree char *refusal = NULL;

    switch (result) {
    case CW_REGISTERED_NEW:
        attempt->answer(component, TRUE, CW_STANZA_UNDEFINED_CONDITION, NULL, attempt->data);
        cw_presence_greet(component, attempt->user); /* G12: behind the result */
        break;
    case CW_REGISTERED_CHANGED:
        attempt->answer(component, TRUE, CW_STANZA_UNDEFINED_CONDITION, NULL, attempt->data);
        break;
    case CW_REGISTERED_REFUSED:
        refusal = why == NULL || *why == '\0'
                      ? g_strdup(cw_reason_text(reason))
                      : g_strdup_printf("%s: %s", cw_reason_text(reason), why);
        attempt->answer(component, FALSE, refusal_condition(reason), refusal, attempt->data);
        break;
    case CW_REGISTERED_BUSY:
    case CW_REGISTERED_FULL:
    case CW_REGISTERED_ABORTED:
    case CW_REGISTERED_NOT_STORED:
        attempt->answer(component, FALSE, answers[result].condition, answers[result].text,
                        attempt->data);
        break;
    }
    g_free(attempt->user);
    g_free(attempt);
}

/* What the values make of `old` (nullable).  NULL: CW_STANZA_ERROR.  (transfer full) */
static CwUser *make_user(CwComponent *component, const CwJid *jid, const CwProtocol *protocol,
                         GPtrArray *fields, GHashTable *values, const CwUser *old, GError **error)
{
    const CwTransportSettings *settings = cw_transport_settings(cw_component_transport(component));
    const char *username =
        protocol->anonymous ? jid->bare : g_hash_table_lookup(values, "username");
    const char *password = g_hash_table_lookup(values, "password");

    if (username == NULL || *username == '\0') { /* R4, R20 */
        g_set_error(error, CW_STANZA_ERROR,
                    old == NULL ? CW_STANZA_NOT_ACCEPTABLE : CW_STANZA_BAD_REQUEST,
                    "username is missing");
        return NULL;
    }
    if (!cw_submitted_check(fields, values, error))
        return NULL;
    gboolean no_password = password == NULL || *password == '\0';
    if (no_password && old == NULL && protocol->password == CW_PASSWORD_REQUIRED) { /* R4 */
        g_set_error(error, CW_STANZA_ERROR, CW_STANZA_NOT_ACCEPTABLE, "password is missing");
        return NULL;
    }

    CwUser *user = cw_user_new(cw_component_domain(component), jid->bare);
    g_autofree char *stripped = g_strstrip(g_strdup(username));
    if (settings->lock_splits) {
        g_autofree char *first = NULL;
        g_autoptr(GHashTable) parts = NULL;
        cw_protocol_split_username(protocol, stripped, &first, &parts);
        user->username = cw_protocol_compose_username(protocol, first, NULL);
    } else {
        user->username = cw_protocol_compose_username(protocol, stripped, values);
    }
    if (protocol->password == CW_PASSWORD_NONE)
        user->password = NULL;
    else if (!no_password)
        user->password = cw_secret_new(password);
    else if (old != NULL && old->password != NULL) /* R19 */
        user->password = cw_secret_ref(old->password);
    for (guint i = 0; i < protocol->options->len; i++) {
        const CwField *option = g_ptr_array_index(protocol->options, i);
        g_autofree char *name = option_field(option);
        const char *value = g_hash_table_lookup(values, name);
        if (cw_fields_find(fields, name) == NULL)
            continue; /* not for users to choose */
        if (value == NULL && old != NULL)
            value = g_hash_table_lookup(old->options, option->name);
        if (value != NULL)
            g_hash_table_insert(user->options, g_strdup(option->name), g_strdup(value));
    }
    cw_preferences_take(component, values, old, user);
    user->created = old == NULL ? g_get_real_time() / G_USEC_PER_SEC : old->created;
    return user;
}

/* The network, if this user may register with it now; else CW_STANZA_ERROR. */
static const CwProtocol *open_for(CwComponent *component, const CwJid *user, GError **error)
{
    const CwProtocol *protocol = cw_transport_protocol(cw_component_transport(component));

    if (!cw_registration_is_allowed(component, user)) {
        g_set_error(error, CW_STANZA_ERROR, CW_STANZA_FORBIDDEN,
                    "registration is not open to you here");
        return NULL;
    }
    if (protocol == NULL)
        g_set_error(error, CW_STANZA_ERROR, CW_STANZA_RECIPIENT_UNAVAILABLE, NOT_RUNNING);
    return protocol;
}

static CwUser *stored_user(CwComponent *component, const CwJid *user)
{
    return cw_store_get_user(cw_transport_store(cw_component_transport(component)),
                             cw_component_domain(component), user->bare, NULL);
}

GPtrArray *cw_registration_fields(CwComponent *component, const CwJid *user, char **instructions,
                                  GError **error)
{
    const CwProtocol *protocol = open_for(component, user, error);

    if (protocol == NULL)
        return NULL;
    g_autoptr(CwUser) old = stored_user(component, user);
    *instructions = write_instructions(component, protocol);
    return make_fields(component, protocol, old);
}

void cw_registration_submit(CwComponent *component, const CwJid *user, GHashTable *values,
                            CwRegistrationAnswer answer, gpointer data)
{
    g_autoptr(GError) error = NULL;
    const CwProtocol *protocol = open_for(component, user, &error);
    g_autoptr(CwUser) wanted = NULL;

    if (protocol != NULL) {
        g_autoptr(CwUser) old = stored_user(component, user);
        g_autoptr(GPtrArray) fields = make_fields(component, protocol, old);
        wanted = make_user(component, user, protocol, fields, values, old, &error);
    }
    if (wanted == NULL) {
        answer(component, FALSE, (CwStanzaCondition)error->code, error->message, data);
        return;
    }
    Attempt *attempt = g_new0(Attempt, 1);
    attempt->component = component;
    attempt->user = g_strdup(user->bare);
    attempt->answer = answer;
    attempt->data = data;
    cw_transport_register(cw_component_transport(component), wanted, registered_cb, attempt);
}

/* ---- sets ---- */

static void answer_iq(CwComponent *component, gboolean done, CwStanzaCondition condition,
                      const char *text, gpointer data)
{
    CwReply *reply = data;

    if (done)
        cw_component_send_result(component, cw_reply_stanza(reply));
    else
        cw_component_send_error(component, cw_reply_stanza(reply), condition, text);
    cw_reply_free(reply);
}

static const char *const plain_fields[] = {"username", "password", NULL};

static void answer_set(CwComponent *component, const CwStanza *stanza, const CwNode *query)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *instructions = NULL;

    if (stanza->to->local != NULL) {
        cw_component_send_error(component, stanza, CW_STANZA_SERVICE_UNAVAILABLE, NULL);
        return;
    }
    if (cw_node_child(query, "remove", NS_REGISTER) != NULL) {
        if (cw_node_n_children(query) != 1) /* R14 */
            cw_component_send_error(component, stanza, CW_STANZA_BAD_REQUEST,
                                    "<remove/> stands alone");
        else
            cw_registration_remove(component, stanza->from, answer_iq,
                                   cw_component_keep(component, stanza));
        return;
    }
    g_autoptr(GPtrArray) fields =
        cw_registration_fields(component, stanza->from, &instructions, &error);
    if (fields == NULL) {
        cw_component_send_error(component, stanza, (CwStanzaCondition)error->code, error->message);
        return;
    }
    cw_preferences_add_fields(component, NULL, fields);
    g_autoptr(GHashTable) values =
        cw_submitted_read(component, stanza, query, NS_REGISTER, plain_fields, fields, NULL);
    if (values != NULL)
        cw_registration_submit(component, stanza->from, values, answer_iq,
                               cw_component_keep(component, stanza));
}

static const CwIqHandler iqs[] = {
    {"get", "query", NS_REGISTER, answer_get},
    {"set", "query", NS_REGISTER, answer_set},
    {NULL},
};
static const char *const gateway_features[] = {NS_REGISTER, NULL};

const CwFeature cw_feature_registration = {
    .name = "registration",
    .iqs = iqs,
    .gateway_features = gateway_features,
};
