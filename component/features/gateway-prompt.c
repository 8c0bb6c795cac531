/* component/features/gateway-prompt.c: jabber:iq:gateway, a JID from what the user typed
 *
 * XEP-0100 6.3.  Also carries the feature jid\20escaping, since escaping is how the JID is made.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "component/features/features.h"

#define NS_GATEWAY "jabber:iq:gateway"
#define NO_SUCH_NAME "no contact can have this name"

static gboolean is_for_gateway(CwComponent *component, const CwStanza *stanza)
{
    if (stanza->to->local == NULL)
        return TRUE;
    cw_component_send_error(component, stanza, CW_STANZA_SERVICE_UNAVAILABLE, NULL);
    return FALSE;
}

/* G61: texts in the asker's language where we have it; English, German, French, Spanish. */
static const struct {
    const char *lang, *desc, *prompt;
} texts[] = {
    {"en", "Enter the name of the contact on %s.", "Contact name"},
    {"de", "Geben Sie den Namen des Kontakts bei %s ein.", "Name des Kontakts"},
    {"fr", "Saisissez le nom du contact sur %s.", "Nom du contact"},
    {"es", "Escriba el nombre del contacto en %s.", "Nombre del contacto"},
};

static guint find_language(const char *lang)
{
    for (guint i = 0; lang != NULL && i < G_N_ELEMENTS(texts); i++) {
        if (g_ascii_strncasecmp(lang, texts[i].lang, 2) == 0 && (lang[2] == '\0' || lang[2] == '-'))
            return i;
    }
    return 0;
}

static void answer_prompt(CwComponent *component, const CwStanza *stanza, const CwNode *query)
{
    if (!is_for_gateway(component, stanza))
        return;
    guint i = find_language(query->lang);
    const char *name = cw_transport_settings(cw_component_transport(component))->name;
    GString *desc = g_string_new(texts[i].desc);
    g_string_replace(desc, "%s", name, 1);

    CwWriter *writer = cw_component_begin_result(component, stanza);
    cw_writer_attr(writer, "xml:lang", texts[i].lang);
    cw_writer_start(writer, "query", NS_GATEWAY);
    cw_writer_leaf(writer, "desc", NULL, desc->str);
    cw_writer_leaf(writer, "prompt", NULL, texts[i].prompt);
    cw_writer_end(writer);
    cw_component_end(component);
    g_string_free(desc, TRUE);
}

static void send_address(CwComponent *component, const CwStanza *stanza, const char *name)
{
    g_autofree char *jid = cw_jid_for_legacy(name, cw_component_domain(component));

    if (jid == NULL) {
        cw_component_send_error(component, stanza, CW_STANZA_NOT_ACCEPTABLE,
                                *name == '\0' ? "the name is empty" : NO_SUCH_NAME);
        return;
    }
    CwWriter *writer = cw_component_begin_result(component, stanza);
    cw_writer_start(writer, "query", NS_GATEWAY);
    cw_writer_leaf(writer, "jid", NULL, jid);
    cw_writer_end(writer);
    cw_component_end(component);
}

/* What waits for the network's normal form. */
typedef struct {
    CwComponent *component;
    CwReply *reply;
    char *typed;
} Question;

static void normalized_cb(CwSession *session, const char *name, CwReason reason, gpointer data)
{
    Question *question = data;
    const CwStanza *stanza = cw_reply_stanza(question->reply);

    if (reason == CW_REASON_NO_CONTACT)
        cw_component_send_error(question->component, stanza, CW_STANZA_NOT_ACCEPTABLE,
                                NO_SUCH_NAME);
    else
        send_address(question->component, stanza, name == NULL ? question->typed : name);
    cw_reply_free(question->reply);
    g_free(question->typed);
    g_free(question);
}

/* What he writes from is the network's own form of the name: "Some Body" may be "somebody" there.
 * Whoever is not logged in gets what he typed. */
static void answer_name(CwComponent *component, const CwStanza *stanza, const CwNode *query)
{
    const char *typed = cw_node_child_text(query, "prompt", NS_GATEWAY);

    if (!is_for_gateway(component, stanza))
        return;
    if (typed == NULL) {
        cw_component_send_error(component, stanza, CW_STANZA_BAD_REQUEST,
                                "a name is expected in <prompt/>");
        return;
    }
    g_autofree char *name = g_strstrip(g_strdup(typed));
    if (cw_component_has_control(name)) {
        cw_component_send_error(component, stanza, CW_STANZA_NOT_ACCEPTABLE, NO_SUCH_NAME);
        return;
    }
    CwSession *session =
        cw_transport_find_session(cw_component_transport(component), stanza->from->bare);
    Question *question = g_new0(Question, 1);
    question->component = component;
    question->reply = cw_component_keep(component, stanza);
    question->typed = g_steal_pointer(&name);
    if (session == NULL || *question->typed == '\0' ||
        !cw_session_normalize(session, question->typed, normalized_cb, question))
        normalized_cb(session, NULL, CW_REASON_NOT_ONLINE, question);
}

static const CwIqHandler iqs[] = {
    {"get", "query", NS_GATEWAY, answer_prompt},
    {"set", "query", NS_GATEWAY, answer_name},
    {NULL},
};
static const char *const gateway_features[] = {NS_GATEWAY, "jid\\20escaping", NULL};

const CwFeature cw_feature_gateway_prompt = {
    .name = "gateway-prompt",
    .iqs = iqs,
    .gateway_features = gateway_features,
};
