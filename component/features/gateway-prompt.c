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

/* G61: texts in the asker's language where we have it; English, German, French, Spanish.  Where
 * contacts are things to watch there is an example of one. */
static const struct {
    const char *lang, *desc, *prompt, *thing, *thing_prompt;
} texts[] = {
    {"en", "Enter the name of the contact on %s.", "Contact name",
     "Enter what you want to watch, such as %e.", "Name"},
    {"de", "Geben Sie den Namen des Kontakts bei %s ein.", "Name des Kontakts",
     "Geben Sie ein, was Sie verfolgen wollen, zum Beispiel %e.", "Name"},
    {"fr", "Saisissez le nom du contact sur %s.", "Nom du contact",
     "Saisissez ce que vous voulez suivre, par exemple %e.", "Nom"},
    {"es", "Escriba el nombre del contacto en %s.", "Nombre del contacto",
     "Escriba lo que quiere seguir, por ejemplo %e.", "Nombre"},
};

static guint find_language(const char *lang)
{
    for (guint i = 0; lang != NULL && i < G_N_ELEMENTS(texts); i++) {
        if (g_ascii_strncasecmp(lang, texts[i].lang, 2) == 0 && (lang[2] == '\0' || lang[2] == '-'))
            return i;
    }
    return 0;
}

char *cw_gateway_prompt(CwComponent *component, const char *lang, const char **label)
{
    CwTransport *transport = cw_component_transport(component);
    const CwProtocol *protocol = cw_transport_protocol(transport);
    const char *example = protocol == NULL ? NULL : protocol->example;
    guint i = find_language(lang);
    GString *text = g_string_new(example == NULL ? texts[i].desc : texts[i].thing);

    *label = example == NULL ? texts[i].prompt : texts[i].thing_prompt;
    g_string_replace(text, "%e", example == NULL ? "" : example, 1);
    g_string_replace(text, "%s", cw_transport_settings(transport)->name, 1);
    return g_string_free(text, FALSE);
}

static void answer_prompt(CwComponent *component, const CwStanza *stanza, const CwNode *query)
{
    const char *label;

    if (!is_for_gateway(component, stanza))
        return;
    g_autofree char *text = cw_gateway_prompt(component, query->lang, &label);
    CwWriter *writer = cw_component_begin_result(component, stanza);
    cw_writer_attr(writer, "xml:lang", texts[find_language(query->lang)].lang);
    cw_writer_start(writer, "query", NS_GATEWAY);
    cw_writer_leaf(writer, "desc", NULL, text);
    cw_writer_leaf(writer, "prompt", NULL, label);
    cw_writer_end(writer);
    cw_component_end(component);
}

/* ---- the address ---- */

char *cw_gateway_address_of(CwComponent *component, const char *name)
{
    const CwProtocol *protocol = cw_transport_protocol(cw_component_transport(component));
    g_autofree char *small =
        protocol != NULL && protocol->caseless ? g_utf8_strdown(name, -1) : g_strdup(name);

    return cw_jid_for_legacy(small, cw_component_domain(component));
}

/* What waits for the network's normal form. */
typedef struct {
    CwComponent *component;
    char *typed;
    CwAddressDone done;
    gpointer data;
} Question;

static void normalized_cb(CwSession *session, const char *name, CwReason reason, const char *text,
                          gpointer data)
{
    Question *question = data;
    const char *wanted = name == NULL ? question->typed : name;
    g_autofree char *jid =
        reason == CW_REASON_NO_CONTACT ? NULL : cw_gateway_address_of(question->component, wanted);

    question->done(question->component, jid,
                   jid != NULL                     ? NULL
                   : *wanted == '\0'               ? "the name is empty"
                   : text != NULL && *text != '\0' ? text
                                                   : NO_SUCH_NAME,
                   question->data);
    g_free(question->typed);
    g_free(question);
}

void cw_gateway_find_address(CwComponent *component, const char *user, const char *typed,
                             CwAddressDone done, gpointer data)
{
    g_autofree char *name = g_strstrip(g_strdup(typed));

    if (cw_component_has_control(name)) {
        done(component, NULL, NO_SUCH_NAME, data);
        return;
    }
    CwSession *session = cw_transport_find_session(cw_component_transport(component), user);
    Question *question = g_new0(Question, 1);
    *question = (Question){component, g_steal_pointer(&name), done, data};
    if (session == NULL || *question->typed == '\0' ||
        !cw_session_normalize(session, question->typed, normalized_cb, question))
        normalized_cb(session, NULL, CW_REASON_NOT_ONLINE, NULL, question);
}

static void address_cb(CwComponent *component, const char *jid, const char *problem, gpointer data)
{
    CwReply *reply = data;
    const CwStanza *stanza = cw_reply_stanza(reply);

    if (jid == NULL) {
        cw_component_send_error(component, stanza, CW_STANZA_NOT_ACCEPTABLE, problem);
    } else {
        CwWriter *writer = cw_component_begin_result(component, stanza);
        cw_writer_start(writer, "query", NS_GATEWAY);
        cw_writer_leaf(writer, "jid", NULL, jid);
        cw_writer_end(writer);
        cw_component_end(component);
    }
    cw_reply_free(reply);
}

static void answer_name(CwComponent *component, const CwStanza *stanza, const CwNode *query)
{
    const char *typed = cw_node_child_text(query, "prompt", NS_GATEWAY);

    if (!is_for_gateway(component, stanza))
        return;
    if (typed == NULL)
        cw_component_send_error(component, stanza, CW_STANZA_BAD_REQUEST,
                                "a name is expected in <prompt/>");
    else
        cw_gateway_find_address(component, stanza->from->bare, typed, address_cb,
                                cw_component_keep(component, stanza));
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
