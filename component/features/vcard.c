/* component/features/vcard.c: XEP-0054 vcard-temp and XEP-0292 vCard4, of the gateway and of
 * contacts
 *
 * What a contact's network tells of it is asked for anew each time.  Name and alias are always
 * there for a contact that is on the list; nothing at all is item-not-found.  Both formats are
 * written from one Card.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#define G_LOG_DOMAIN "component"

#include <string.h>

#include "component/features/features.h"

#define NS_TEMP "vcard-temp"
#define NS_VCARD4 "urn:ietf:params:xml:ns:vcard-4.0"

#define SAME_MAX 8           /* addresses of one kind; the others go into the note */
#define VALUE_MAX 4096       /* bytes of one value */
#define NOTE_MAX (16 * 1024) /* bytes; what follows is left out */

/* Everything is borrowed but the note. */
typedef struct {
    const char *kind; /* of RFC 6473 and 6350 */
    const char *full_name;
    const char *nickname; /* nullable */
    const char *jid;
    const char *birthday;   /* nullable; YYYY-MM-DD */
    const CwAvatar *avatar; /* nullable */
    GPtrArray *emails, *urls, *phones;
    GString *note;
    gboolean said; /* by the network */
} Card;

static Card *card_new(const char *kind, const char *jid)
{
    Card *card = g_new0(Card, 1);

    card->kind = kind;
    card->jid = jid;
    card->emails = g_ptr_array_new();
    card->urls = g_ptr_array_new();
    card->phones = g_ptr_array_new();
    card->note = g_string_new(NULL);
    return card;
}

static void card_free(Card *card)
{
    g_ptr_array_unref(card->emails);
    g_ptr_array_unref(card->urls);
    g_ptr_array_unref(card->phones);
    g_string_free(card->note, TRUE);
    g_free(card);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Card, card_free)

/* ---- reading ---- */

static gboolean is_date(const char *text)
{
    if (strlen(text) != 10)
        return FALSE;
    for (guint i = 0; i < 10; i++) {
        if (i == 4 || i == 7 ? text[i] != '-' : !g_ascii_isdigit(text[i]))
            return FALSE;
    }
    return TRUE;
}

/* A client may open it with a click. */
static gboolean is_web_address(const char *text)
{
    return (g_ascii_strncasecmp(text, "http://", 7) == 0 ||
            g_ascii_strncasecmp(text, "https://", 8) == 0) &&
           strpbrk(text, " \t\n") == NULL;
}

static gboolean is_email(const char *text)
{
    return strchr(text, '@') != NULL && strpbrk(text, " \t\n<>") == NULL;
}

static gboolean keep(GPtrArray *values, const char *value)
{
    if (values->len >= SAME_MAX)
        return FALSE;
    g_ptr_array_add(values, (gpointer)value);
    return TRUE;
}

static void add_note(Card *card, const char *label, const char *value)
{
    if (card->note->len + strlen(label) + strlen(value) + 3 > NOTE_MAX)
        return;
    g_string_append_printf(card->note, "%s%s%s%s", card->note->len > 0 ? "\n" : "", label,
                           *label == '\0' ? "" : ": ", value);
}

/* FALSE: it is a line of the note. */
static gboolean take_known(Card *card, const char *name, const char *value)
{
    if (g_str_equal(name, "full-name") && card->full_name == NULL)
        card->full_name = value;
    else if (g_str_equal(name, "nickname") && card->nickname == NULL)
        card->nickname = value;
    else if (g_str_equal(name, "birthday") && card->birthday == NULL && is_date(value))
        card->birthday = value;
    else if (g_str_equal(name, "email") && is_email(value))
        return keep(card->emails, value);
    else if (g_str_equal(name, "url") && is_web_address(value))
        return keep(card->urls, value);
    else if (g_str_equal(name, "phone"))
        return keep(card->phones, value);
    else
        return FALSE;
    return TRUE;
}

static void take_fields(Card *card, const GPtrArray *fields)
{
    for (guint i = 0; i < fields->len; i++) {
        const CwField *field = g_ptr_array_index(fields, i);
        if (field->value == NULL || *field->value == '\0' || strlen(field->value) > VALUE_MAX ||
            strlen(field->label) > VALUE_MAX)
            continue;
        card->said = TRUE;
        if (!take_known(card, field->name, field->value))
            add_note(card, field->label, field->value);
    }
}

/* ---- writing ---- */

static void write_temp(CwWriter *writer, const Card *card)
{
    cw_writer_start(writer, "vCard", NS_TEMP);
    cw_writer_leaf(writer, "FN", NULL, card->full_name);
    if (card->nickname != NULL)
        cw_writer_leaf(writer, "NICKNAME", NULL, card->nickname);
    if (card->birthday != NULL)
        cw_writer_leaf(writer, "BDAY", NULL, card->birthday);
    if (card->avatar != NULL) {
        g_autofree char *data = cw_avatar_encode(card->avatar);
        cw_writer_start(writer, "PHOTO", NULL);
        cw_writer_leaf(writer, "TYPE", NULL, card->avatar->media);
        cw_writer_leaf(writer, "BINVAL", NULL, data);
        cw_writer_end(writer);
    }
    for (guint i = 0; i < card->phones->len; i++) {
        cw_writer_start(writer, "TEL", NULL);
        cw_writer_leaf(writer, "NUMBER", NULL, g_ptr_array_index(card->phones, i));
        cw_writer_end(writer);
    }
    for (guint i = 0; i < card->emails->len; i++) {
        cw_writer_start(writer, "EMAIL", NULL);
        cw_writer_leaf(writer, "INTERNET", NULL, NULL);
        cw_writer_leaf(writer, "USERID", NULL, g_ptr_array_index(card->emails, i));
        cw_writer_end(writer);
    }
    for (guint i = 0; i < card->urls->len; i++)
        cw_writer_leaf(writer, "URL", NULL, g_ptr_array_index(card->urls, i));
    cw_writer_leaf(writer, "JABBERID", NULL, card->jid);
    if (card->note->len > 0)
        cw_writer_leaf(writer, "DESC", NULL, card->note->str);
    cw_writer_end(writer);
}

/* <name><type>value</type></name>, as RFC 6351 has all properties */
static void write_property(CwWriter *writer, const char *name, const char *type, const char *value)
{
    cw_writer_start(writer, name, NULL);
    cw_writer_leaf(writer, type, NULL, value);
    cw_writer_end(writer);
}

static void write_properties(CwWriter *writer, const char *name, const char *type,
                             const GPtrArray *values)
{
    for (guint i = 0; i < values->len; i++)
        write_property(writer, name, type, g_ptr_array_index(values, i));
}

static void write_vcard4(CwWriter *writer, const Card *card)
{
    g_autofree char *address = g_uri_escape_string(card->jid, "@", FALSE);
    g_autofree char *uri = g_strconcat("xmpp:", address, NULL);

    cw_writer_start(writer, "vcard", NS_VCARD4);
    write_property(writer, "kind", "text", card->kind);
    write_property(writer, "fn", "text", card->full_name);
    if (card->nickname != NULL)
        write_property(writer, "nickname", "text", card->nickname);
    if (card->birthday != NULL)
        write_property(writer, "bday", "date", card->birthday);
    if (card->avatar != NULL) {
        g_autofree char *data = cw_avatar_encode(card->avatar);
        g_autofree char *photo = g_strconcat("data:", card->avatar->media, ";base64,", data, NULL);
        write_property(writer, "photo", "uri", photo);
    }
    write_properties(writer, "tel", "text", card->phones);
    write_properties(writer, "email", "text", card->emails);
    write_properties(writer, "url", "uri", card->urls);
    write_property(writer, "impp", "uri", uri);
    if (card->note->len > 0)
        write_property(writer, "note", "text", card->note->str);
    cw_writer_end(writer);
}

static void send_card(CwComponent *component, const CwStanza *stanza, const Card *card,
                      gboolean vcard4)
{
    CwWriter *writer = cw_component_begin_result(component, stanza);

    if (vcard4)
        write_vcard4(writer, card);
    else
        write_temp(writer, card);
    cw_component_end(component);
}

/* ---- of the gateway ---- */

static void answer_of_gateway(CwComponent *component, const CwStanza *stanza, gboolean vcard4)
{
    const CwTransportSettings *settings = cw_transport_settings(cw_component_transport(component));
    g_autoptr(Card) card = card_new("application", cw_component_domain(component));

    card->full_name = settings->name;
    card->nickname = settings->name;
    card->avatar = cw_icon_of(component);
    g_string_append_printf(card->note, "Causeway " CW_VERSION ", a transport to %s",
                           settings->name);
    send_card(component, stanza, card, vcard4);
}

/* ---- of a contact ---- */

typedef struct {
    CwComponent *component;
    CwReply *reply;
    char *contact;
    gboolean vcard4;
} Request;

static void free_request(Request *request)
{
    cw_reply_free(request->reply);
    g_free(request->contact);
    g_free(request);
}

/* The network did not say that there is nothing: it did not answer. */
static gboolean is_trouble(CwReason reason)
{
    return reason == CW_REASON_NETWORK || reason == CW_REASON_NOT_ONLINE ||
           reason == CW_REASON_HOST || reason == CW_REASON_RATE;
}

static void info_cb(CwSession *session, const GPtrArray *fields, CwReason reason, gpointer data)
{
    Request *request = data;
    CwComponent *component = request->component;
    const CwStanza *stanza = cw_reply_stanza(request->reply);
    const CwContact *contact = cw_session_find_contact(session, request->contact);
    const char *alias = contact == NULL ? NULL : contact->alias;
    const CwProtocol *protocol = cw_transport_protocol(cw_component_transport(component));
    gboolean is_thing = protocol != NULL && protocol->anonymous; /* RFC 6473: nobody is there */
    g_autoptr(Card) card = card_new(is_thing ? "application" : "individual", stanza->to->bare);

    card->avatar = contact == NULL ? NULL : contact->avatar;
    if (fields != NULL)
        take_fields(card, fields);
    if (card->full_name == NULL)
        card->full_name = alias != NULL ? alias : request->contact;
    if (card->nickname == NULL)
        card->nickname = alias;
    /* clients ask for it because of the picture, and that is here */
    if (fields == NULL && is_trouble(reason) && card->avatar == NULL)
        cw_component_send_error(component, stanza, cw_reason_condition(reason),
                                "the network did not tell");
    else if (card->said || (contact != NULL && (contact->listed || contact->offered)))
        send_card(component, stanza, card, request->vcard4);
    else
        cw_component_send_error(component, stanza, CW_STANZA_ITEM_NOT_FOUND, NULL);
    free_request(request);
}

static void answer_of_contact(CwComponent *component, const CwStanza *stanza, gboolean vcard4)
{
    CwTransport *transport = cw_component_transport(component);
    CwSession *session = cw_transport_find_session(transport, stanza->from->bare);
    g_autofree char *name = cw_component_legacy_name(stanza->to);
    CwReason reason = CW_REASON_NONE;

    if (session == NULL || name == NULL) {
        cw_component_send_error(component, stanza, CW_STANZA_ITEM_NOT_FOUND, NULL);
        return;
    }
    Request *request = g_new0(Request, 1);
    request->component = component;
    request->reply = cw_component_keep(component, stanza);
    request->contact = g_steal_pointer(&name);
    request->vcard4 = vcard4;
    if (!cw_session_ask_info(session, request->contact, info_cb, request, &reason))
        info_cb(session, NULL, reason, request);
}

/* XEP-0054 3.3 */
static void answer_temp(CwComponent *component, const CwStanza *stanza, const CwNode *child)
{
    if (stanza->to->local == NULL)
        answer_of_gateway(component, stanza, FALSE);
    else
        answer_of_contact(component, stanza, FALSE);
}

/* XEP-0292 4.1.1 */
static void answer_vcard4(CwComponent *component, const CwStanza *stanza, const CwNode *child)
{
    if (stanza->to->local == NULL)
        answer_of_gateway(component, stanza, TRUE);
    else
        answer_of_contact(component, stanza, TRUE);
}

static const CwIqHandler iqs[] = {
    {"get", "vCard", NS_TEMP, answer_temp},
    {"get", "vcard", NS_VCARD4, answer_vcard4},
    {NULL},
};
static const char *const vars[] = {NS_TEMP, NS_VCARD4, NULL};

const CwFeature cw_feature_vcard = {
    .name = "vcard",
    .iqs = iqs,
    .gateway_features = vars,
    .contact_features = vars,
};
