/* component/features/gateway-prompt.c: jabber:iq:gateway, a JID from what the user typed
 *
 * XEP-0100 6.3.  Also carries the feature jid\20escaping, since escaping is how the JID is made.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "component/features/features.h"

#define NS_GATEWAY "jabber:iq:gateway"

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
    g_autofree char *jid = cw_component_has_control(name)
                               ? NULL
                               : cw_jid_for_legacy(name, cw_component_domain(component));
    if (jid == NULL) {
        cw_component_send_error(component, stanza, CW_STANZA_NOT_ACCEPTABLE,
                                *name == '\0' ? "the name is empty"
                                              : "no contact can have this name");
        return;
    }
    CwWriter *writer = cw_component_begin_result(component, stanza);
    cw_writer_start(writer, "query", NS_GATEWAY);
    cw_writer_leaf(writer, "jid", NULL, jid);
    cw_writer_end(writer);
    cw_component_end(component);
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
