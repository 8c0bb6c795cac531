/* component/features/disco.c: XEP-0030 service discovery and XEP-0115 entity capabilities
 *
 * What an entity can do is said once: write_info() makes the identities and features; disco#info
 * and the caps hash come from the same list.  The gateway is gateway/TYPE for clients that know
 * gateways, and account/registered for those that open a chat only with accounts (checklist 4).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <string.h>

#include "component/features/features.h"

#define NS_INFO "http://jabber.org/protocol/disco#info"
#define NS_ITEMS "http://jabber.org/protocol/disco#items"
#define NS_CAPS "http://jabber.org/protocol/caps"
#define CAPS_NODE "urn:causeway:caps"

typedef struct {
    const char *category;
    const char *type;
    char *name;
} Identity;

typedef struct {
    GArray *identities; /* Identity, sorted as XEP-0115 5.1 wants it */
    GPtrArray *vars;    /* const char *, sorted */
} Info;

/* The caps hashes; made anew when the network is described. */
typedef struct {
    char *gateway;
    char *contact;
} Caps;

static void free_identity(gpointer data)
{
    g_free(((Identity *)data)->name);
}

static void free_info(Info *info)
{
    g_array_unref(info->identities);
    g_ptr_array_unref(info->vars);
    g_free(info);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Info, free_info)

static void add_identity(Info *info, const char *category, const char *type, const char *name)
{
    Identity identity = {category, type, g_strdup(name)};

    g_array_append_val(info->identities, identity);
}

static int compare_vars(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static gboolean is_var(const Info *info, const char *var)
{
    for (guint i = 0; i < info->vars->len; i++) {
        if (g_str_equal(g_ptr_array_index(info->vars, i), var))
            return TRUE;
    }
    return FALSE;
}

/* XEP-0055: where there is a directory, as far as is known, and to those who can search in it. */
static gboolean may_search(CwTransport *transport, const CwJid *asker)
{
    const CwProtocol *protocol = cw_transport_protocol(transport);
    CwSession *session = asker == NULL ? NULL : cw_transport_find_session(transport, asker->bare);

    if (session != NULL && !cw_session_may_search(session))
        return FALSE;
    return protocol != NULL && protocol->search &&
           (asker == NULL || cw_transport_is_registered(transport, asker->bare));
}

/* `asker` (nullable): who asks; the caps hash is for nobody in particular. */
static Info *describe(CwComponent *component, gboolean contact, const CwJid *asker)
{
    CwTransport *transport = cw_component_transport(component);
    const CwTransportSettings *settings = cw_transport_settings(transport);
    const CwProtocol *protocol = cw_transport_protocol(transport);
    Info *info = g_new0(Info, 1);

    info->identities = g_array_new(FALSE, FALSE, sizeof(Identity));
    g_array_set_clear_func(info->identities, free_identity);
    info->vars = g_ptr_array_new();
    add_identity(info, "account", "registered", contact ? NULL : settings->name);
    if (!contact) {
        const char *type = settings->identity != NULL ? settings->identity
                           : protocol != NULL         ? protocol->identity
                                                      : "unknown";
        add_identity(info, "gateway", type, settings->name);
    }
    for (const CwFeature *const *f = cw_component_features(); *f != NULL; f++) {
        const char *const *vars = contact ? (*f)->contact_features : (*f)->gateway_features;
        for (; vars != NULL && *vars != NULL; vars++) {
            /* XEP-0085: only where the network has typing notifications */
            gboolean typing = g_str_equal(*vars, "http://jabber.org/protocol/chatstates");
            /* XEP-0077 10: only to those who may */
            gboolean registering = g_str_equal(*vars, "jabber:iq:register");
            gboolean searching = g_str_equal(*vars, "jabber:iq:search");
            if ((searching && !may_search(transport, asker)) ||
                (typing && (protocol == NULL || !protocol->typing)) ||
                (registering && asker != NULL &&
                 !cw_transport_settings_may_register(settings, asker->bare, asker->domain) &&
                 !cw_transport_is_registered(transport, asker->bare)) ||
                is_var(info, *vars))
                continue;
            g_ptr_array_add(info->vars, (gpointer)*vars);
        }
    }
    g_ptr_array_sort(info->vars, compare_vars);
    return info;
}

/* ---- XEP-0115 ---- */

/* 5.1; the identities are already in order: "account" comes before "gateway" */
static char *hash_info(const Info *info)
{
    g_autoptr(GChecksum) sha1 = g_checksum_new(G_CHECKSUM_SHA1);
    guint8 digest[20];
    gsize length = sizeof digest;

    for (guint i = 0; i < info->identities->len; i++) {
        const Identity *identity = &g_array_index(info->identities, Identity, i);
        g_autofree char *line = g_strdup_printf("%s/%s//%s<", identity->category, identity->type,
                                                identity->name == NULL ? "" : identity->name);
        g_checksum_update(sha1, (const guchar *)line, -1);
    }
    for (guint i = 0; i < info->vars->len; i++) {
        g_checksum_update(sha1, g_ptr_array_index(info->vars, i), -1);
        g_checksum_update(sha1, (const guchar *)"<", 1);
    }
    g_checksum_get_digest(sha1, digest, &length);
    return g_base64_encode(digest, length);
}

static void free_caps(gpointer data)
{
    Caps *caps = data;

    g_free(caps->gateway);
    g_free(caps->contact);
    g_free(caps);
}

static void make_caps(CwComponent *component)
{
    g_autoptr(Info) gateway = describe(component, FALSE, NULL);
    g_autoptr(Info) contact = describe(component, TRUE, NULL);
    Caps *caps = g_new0(Caps, 1);

    caps->gateway = hash_info(gateway);
    caps->contact = hash_info(contact);
    cw_component_set_data(component, &cw_feature_disco, caps, free_caps);
}

static const Caps *get_caps(CwComponent *component)
{
    if (cw_component_get_data(component, &cw_feature_disco) == NULL)
        make_caps(component);
    return cw_component_get_data(component, &cw_feature_disco);
}

void cw_disco_write_caps(CwComponent *component, CwWriter *writer, gboolean contact)
{
    const Caps *caps = get_caps(component);

    cw_writer_start(writer, "c", NS_CAPS);
    cw_writer_attr(writer, "hash", "sha-1");
    cw_writer_attr(writer, "node", CAPS_NODE);
    cw_writer_attr(writer, "ver", contact ? caps->contact : caps->gateway);
    cw_writer_end(writer);
}

static void described_cb(gpointer data)
{
    make_caps(data);
}

/* ---- XEP-0030 ---- */

static void answer_info(CwComponent *component, const CwStanza *stanza, const CwNode *query)
{
    gboolean contact = stanza->to->local != NULL;
    const char *node = cw_node_attr(query, "node");
    const CwJid *asker = stanza->from;

    if (node != NULL && *node != '\0') {
        const Caps *caps = get_caps(component);
        g_autofree char *known =
            g_strconcat(CAPS_NODE "#", contact ? caps->contact : caps->gateway, NULL);
        if (!g_str_equal(node, known)) {
            cw_component_send_error(component, stanza, CW_STANZA_ITEM_NOT_FOUND, NULL);
            return;
        }
        asker = NULL; /* the very set that was hashed */
    }
    g_autoptr(Info) info = describe(component, contact, asker);
    CwWriter *writer = cw_component_begin_result(component, stanza);
    cw_writer_start(writer, "query", NS_INFO);
    cw_writer_attr(writer, "node", node);
    for (guint i = 0; i < info->identities->len; i++) {
        const Identity *identity = &g_array_index(info->identities, Identity, i);
        cw_writer_start(writer, "identity", NULL);
        cw_writer_attr(writer, "category", identity->category);
        cw_writer_attr(writer, "type", identity->type);
        cw_writer_attr(writer, "name", identity->name);
        cw_writer_end(writer);
    }
    for (guint i = 0; i < info->vars->len; i++) {
        cw_writer_start(writer, "feature", NULL);
        cw_writer_attr(writer, "var", g_ptr_array_index(info->vars, i));
        cw_writer_end(writer);
    }
    cw_writer_end(writer);
    cw_component_end(component);
}

static void answer_items(CwComponent *component, const CwStanza *stanza, const CwNode *query)
{
    const char *node = cw_node_attr(query, "node");

    if (node != NULL && *node != '\0') {
        cw_component_send_error(component, stanza, CW_STANZA_ITEM_NOT_FOUND, NULL);
        return;
    }
    CwWriter *writer = cw_component_begin_result(component, stanza);
    cw_writer_leaf(writer, "query", NS_ITEMS, NULL);
    cw_component_end(component);
}

static const CwIqHandler iqs[] = {
    {"get", "query", NS_INFO, answer_info},
    {"get", "query", NS_ITEMS, answer_items},
    {NULL},
};
static const char *const gateway_features[] = {NS_INFO, NS_ITEMS, NS_CAPS, NULL};
static const char *const contact_features[] = {NS_INFO, NS_ITEMS, NS_CAPS, NULL};
static const CwEvents events = {.described = described_cb};

const CwFeature cw_feature_disco = {
    .name = "disco",
    .iqs = iqs,
    .gateway_features = gateway_features,
    .contact_features = contact_features,
    .events = &events,
};
