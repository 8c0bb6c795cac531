/* component/features/looks.c: the user's own picture and nickname, as his server has them, for his
 * contacts on the network
 *
 *     event (XEP-0163), item that we asked for --> `pep` --+
 *     hash in his presence (XEP-0153) -----------> `photo` +--> which one --fetched--> session
 *                                                  `nick` ----------------------------^
 *
 * Only for those who want it (CW_PREFERENCE_PICTURE).  What he publishes goes before his vCard,
 * which servers make of it.  His bare JID alone is believed: events of a client of his, or of
 * anybody else, are not his server's.  A picture counts when its SHA-1 is the one that was
 * announced.
 *
 * Servers push his events to whoever says so in his caps, +notify, and whose presence came to his
 * bare JID.  A picture that is larger than a stanza may be is not taken, and one that is absurdly
 * larger (xml.h) ends the stream to the server: the size that he says is looked at first, and who
 * was asked while it broke is not asked any more.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#define G_LOG_DOMAIN "component"

#include <string.h>

#include "component/features/features.h"
#include "transport/pace.h"
#include "transport/timers.h"

#define NS_EVENT "http://jabber.org/protocol/pubsub#event"
#define NS_UPDATE "vcard-temp:x:update"
#define NS_VCARD "vcard-temp"
#define ID_LENGTH 40     /* hexadecimal digits of a SHA-1 */
#define FETCHES 20       /* pictures of one user … */
#define FETCH_TIME 60000 /* … in so many ms; then the newest */

/* One user, from his first presence to his log-out; it is asked for something only while he wants
 * it. Ids: NULL: not known, "": there is none. */
typedef struct {
    CwComponent *component;
    char *user;
    guint serial;   /* no other ever has it */
    char *pep;      /* id of the picture that he publishes */
    gboolean large; /* … which is larger than it may be */
    char *photo;    /* id of that in his vCard */
    char *refused;  /* id of one that turned out to be of no use; nullable */
    gboolean nick_known;
    gboolean forbidden; /* his server does not let us see yet what he publishes */
    gboolean shown;     /* his server has seen our caps */
    guint open;         /* requests without an answer */
    CwPace pace;        /* of pictures */
    guint timer_id;     /* the next step */
} Looks;

/* What an answer is about. */
typedef struct {
    char *user;
    guint serial;
    char *id; /* of the picture; NULL: not of one */
} Errand;

typedef struct {
    GHashTable *looks;  /* user -> Looks; the key is the looks' */
    GHashTable *spared; /* set of users for whom the stream broke off */
} State;

static void step(Looks *looks);

/* ---- the struct ---- */

static void free_looks(gpointer data)
{
    Looks *looks = data;

    g_clear_handle_id(&looks->timer_id, cw_timer_remove);
    g_free(looks->user);
    g_free(looks->pep);
    g_free(looks->photo);
    g_free(looks->refused);
    g_free(looks);
}

static void free_state(gpointer data)
{
    State *state = data;

    g_hash_table_unref(state->looks);
    g_hash_table_unref(state->spared);
    g_free(state);
}

static State *state_of(CwComponent *component)
{
    State *state = cw_component_get_data(component, &cw_feature_looks);

    if (state == NULL) {
        state = g_new0(State, 1);
        state->looks = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, free_looks);
        state->spared = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        cw_component_set_data(component, &cw_feature_looks, state, free_state);
    }
    return state;
}

static Looks *find_looks(CwComponent *component, const char *user)
{
    return g_hash_table_lookup(state_of(component)->looks, user);
}

/* NULL: the network has no pictures. */
static Looks *ensure_looks(CwComponent *component, const char *user)
{
    static guint serial;
    const CwProtocol *protocol = cw_transport_protocol(cw_component_transport(component));
    Looks *looks = find_looks(component, user);

    if (looks == NULL && protocol != NULL && protocol->picture) {
        looks = g_new0(Looks, 1);
        looks->component = component;
        looks->user = g_strdup(user);
        looks->serial = ++serial;
        g_hash_table_insert(state_of(component)->looks, looks->user, looks);
    }
    return looks;
}

static CwSession *session_of(const Looks *looks)
{
    return cw_transport_find_session(cw_component_transport(looks->component), looks->user);
}

static gboolean is_spared(const Looks *looks)
{
    return g_hash_table_contains(state_of(looks->component)->spared, looks->user);
}

static void set_id(char **place, const char *id)
{
    g_free(*place);
    *place = g_strdup(id);
}

/* (transfer full) "" for none, NULL: it is no SHA-1 */
static char *normal_id(const char *text)
{
    g_autofree char *id = g_strstrip(g_ascii_strdown(text == NULL ? "" : text, -1));

    if (*id != '\0' && (strlen(id) != ID_LENGTH || strspn(id, "0123456789abcdef") != ID_LENGTH))
        return NULL;
    return g_steal_pointer(&id);
}

static gboolean is_id(const char *id)
{
    return id != NULL && *id != '\0';
}

/* Of the picture that he has now, as far as is known; NULL: none. */
static const char *find_id(const Looks *looks)
{
    return is_id(looks->pep) ? looks->pep : is_id(looks->photo) ? looks->photo : NULL;
}

/* ---- asking ---- */

static Errand *new_errand(Looks *looks, const char *id)
{
    Errand *errand = g_new0(Errand, 1);

    errand->user = g_strdup(looks->user);
    errand->serial = looks->serial;
    errand->id = g_strdup(id);
    looks->open++;
    return errand;
}

static void free_errand(gpointer data)
{
    Errand *errand = data;

    g_free(errand->user);
    g_free(errand->id);
    g_free(errand);
}

/* Whose answer it is; NULL: he is gone, or the stream broke and he is asked again. */
static Looks *take_errand(CwComponent *component, const Errand *errand, const CwStanza *answer)
{
    Looks *looks = find_looks(component, errand->user);

    if (looks == NULL || looks->serial != errand->serial)
        return NULL;
    looks->open--;
    return answer == NULL && !cw_component_is_up(component) ? NULL : looks;
}

static gboolean is_result(const CwStanza *answer)
{
    return answer != NULL && g_strcmp0(answer->type, "result") == 0;
}

/* The payload of the one item of an answer; NULL: there is none. */
static const CwNode *find_payload(const CwStanza *answer, const char *name, const char *ns)
{
    const CwNode *node =
        is_result(answer) ? cw_node_child(answer->node, "pubsub", CW_NS_PUBSUB) : NULL;

    if (node != NULL)
        node = cw_node_child(node, "items", CW_NS_PUBSUB);
    if (node != NULL)
        node = cw_node_child(node, "item", CW_NS_PUBSUB);
    return node == NULL ? NULL : cw_node_child(node, name, ns);
}

/* XEP-0060 6.5; `id` NULL: the last one */
static void ask_item(Looks *looks, const char *node, const char *id, CwRequestAnswer answer)
{
    CwRequests *requests = cw_component_requests(looks->component);
    CwWriter *writer =
        cw_requests_begin(requests, looks->user, "get", answer, new_errand(looks, id), free_errand);

    cw_writer_start(writer, "pubsub", CW_NS_PUBSUB);
    cw_writer_start(writer, "items", NULL);
    cw_writer_attr(writer, "node", node);
    if (id == NULL) {
        cw_writer_attr(writer, "max_items", "1");
    } else {
        cw_writer_start(writer, "item", NULL);
        cw_writer_attr(writer, "id", id);
        cw_writer_end(writer);
    }
    cw_writer_end(writer);
    cw_writer_end(writer);
    cw_requests_end(requests);
}

/* ---- what he publishes ---- */

/* XEP-0084 4.2.1: one that is in his data node and not elsewhere (`url`). */
static const CwNode *find_info(const CwNode *metadata)
{
    const CwNode *info = metadata == NULL ? NULL : cw_node_child(metadata, "info", NULL);

    while (info != NULL && cw_node_attr(info, "url") != NULL)
        info = cw_node_next(info, "info", NULL);
    return info;
}

/* Bytes of a picture that may come: in base64, perhaps with line breaks, it is a stanza. */
static guint most_bytes(const Looks *looks)
{
    const CwTransport *transport = cw_component_transport(looks->component);
    const CwLimits *limits = &cw_transport_all_settings(transport)->limits;
    guint most = limits->avatar_size == 0 ? G_MAXUINT : limits->avatar_size;

    return limits->stanza_size == 0 ? most : MIN(most, limits->stanza_size / 10 * 7);
}

/* `metadata` NULL: he publishes none. */
static void take_metadata(Looks *looks, const CwNode *metadata)
{
    const CwNode *info = find_info(metadata);
    const char *bytes = info == NULL ? NULL : cw_node_attr(info, "bytes");
    g_autofree char *id = normal_id(info == NULL ? NULL : cw_node_attr(info, "id"));

    /* the vCard's is the same one, made by the server: he takes back both */
    if (id == NULL && g_strcmp0(looks->pep, looks->photo) == 0)
        g_clear_pointer(&looks->photo, g_free);
    set_id(&looks->pep, id == NULL ? "" : id);
    looks->large = bytes != NULL && g_ascii_strtoull(bytes, NULL, 10) > most_bytes(looks);
}

static void take_nick(Looks *looks, const char *nick)
{
    CwSession *session = session_of(looks);
    gboolean sane = nick == NULL || !cw_component_has_control(nick);

    looks->nick_known = TRUE;
    if (session != NULL)
        cw_session_set_nick(session, sane ? nick : NULL);
}

/* XEP-0060 6.5.9.2 to 4: he has not let the gateway see him yet, perhaps he is being asked just
 * now. */
static gboolean is_forbidden(const CwStanza *answer)
{
    const CwNode *error = answer == NULL ? NULL : cw_node_child(answer->node, "error", NULL);

    return error != NULL && g_strcmp0(cw_node_attr(error, "type"), "auth") == 0;
}

static void forget(Looks *looks)
{
    g_clear_pointer(&looks->pep, g_free);
    looks->nick_known = looks->forbidden = FALSE;
}

static void metadata_cb(CwComponent *component, const CwStanza *answer, gpointer data)
{
    Looks *looks = take_errand(component, data, answer);

    if (looks == NULL)
        return;
    looks->forbidden = is_forbidden(answer);
    if (looks->pep == NULL) /* an event that came meanwhile is newer */
        take_metadata(looks, find_payload(answer, "metadata", CW_NS_AVATAR_METADATA));
    step(looks);
}

static void nick_cb(CwComponent *component, const CwStanza *answer, gpointer data)
{
    Looks *looks = take_errand(component, data, answer);
    const CwNode *nick = find_payload(answer, "nick", CW_NS_NICK);

    if (looks == NULL)
        return;
    if (!looks->nick_known)
        take_nick(looks, nick == NULL ? NULL : nick->text);
    step(looks);
}

/* ---- the picture itself ---- */

/* (transfer full) without the white space that both formats allow */
static char *strip_base64(const char *text)
{
    char *stripped = g_malloc(strlen(text) + 1), *end = stripped;

    for (const char *p = text; *p != '\0'; p++) {
        if (!g_ascii_isspace(*p))
            *end++ = *p;
    }
    *end = '\0';
    return stripped;
}

/* `text` NULL: it is not there. */
static void take_picture(Looks *looks, const char *id, const char *text, const char *media)
{
    CwSession *session = session_of(looks);
    g_autofree char *data = text == NULL ? NULL : strip_base64(text);
    const char *problem = "it is not where it was announced";

    if (session == NULL || !cw_session_wants_looks(session) ||
        g_strcmp0(id, find_id(looks)) != 0) /* he has another one by now */
        return;
    if (data != NULL && *data != '\0')
        cw_session_set_picture(session, data, media, id, &problem);
    if (problem == NULL)
        return;
    g_info("%s/%s: the user's own picture is left out: %s", looks->user,
           cw_component_domain(looks->component), problem);
    set_id(&looks->refused, id);
}

static void data_cb(CwComponent *component, const CwStanza *answer, gpointer data)
{
    const Errand *errand = data;
    Looks *looks = take_errand(component, errand, answer);
    const CwNode *payload = find_payload(answer, "data", CW_NS_AVATAR_DATA);

    if (looks == NULL)
        return;
    take_picture(looks, errand->id, payload == NULL ? NULL : payload->text, NULL);
    step(looks);
}

/* XEP-0054, XEP-0153 3.2 */
static void vcard_cb(CwComponent *component, const CwStanza *answer, gpointer data)
{
    const Errand *errand = data;
    Looks *looks = take_errand(component, errand, answer);
    const CwNode *photo = is_result(answer) ? cw_node_child(answer->node, "vCard", NS_VCARD) : NULL;

    if (looks == NULL)
        return;
    if (photo != NULL)
        photo = cw_node_child(photo, "PHOTO", NS_VCARD);
    take_picture(looks, errand->id,
                 photo == NULL ? NULL : cw_node_child_text(photo, "BINVAL", NS_VCARD),
                 photo == NULL ? NULL : cw_node_child_text(photo, "TYPE", NS_VCARD));
    step(looks);
}

static void ask_vcard(Looks *looks, const char *id)
{
    CwRequests *requests = cw_component_requests(looks->component);
    CwWriter *writer = cw_requests_begin(requests, looks->user, "get", vcard_cb,
                                         new_errand(looks, id), free_errand);

    cw_writer_leaf(writer, "vCard", NS_VCARD, NULL);
    cw_requests_end(requests);
}

/* ---- one step after the other ---- */

static void drop_picture(CwSession *session)
{
    const char *problem = NULL;

    cw_session_set_picture(session, NULL, NULL, NULL, &problem);
}

static gboolean timer_cb(gpointer data)
{
    Looks *looks = data;

    looks->timer_id = 0;
    step(looks);
    return G_SOURCE_REMOVE;
}

/* Now, or when he may change it again. */
static void fetch_picture(Looks *looks, const char *id, gboolean published)
{
    guint wait = 0;

    if (looks->timer_id != 0)
        return;
    if (!cw_pace_take(&looks->pace, FETCHES, FETCH_TIME, 0, &wait))
        looks->timer_id = cw_timer_add(wait, timer_cb, looks);
    else if (published)
        ask_item(looks, CW_NS_AVATAR_DATA, id, data_cb);
    else
        ask_vcard(looks, id);
}

/* FALSE: it has been asked for. */
static gboolean settle_picture(Looks *looks, CwSession *session)
{
    gboolean published = is_id(looks->pep);
    const char *id = find_id(looks);

    if (id != NULL && g_strcmp0(id, cw_session_picture(session)) == 0)
        return TRUE;
    if (id != NULL && published && looks->large && g_strcmp0(id, looks->refused) != 0) {
        g_info("%s/%s: the user's own picture is left out: it is over avatar-size or stanza-size",
               looks->user, cw_component_domain(looks->component));
        set_id(&looks->refused, id);
    }
    if (id == NULL || g_strcmp0(id, looks->refused) == 0 || is_spared(looks)) {
        drop_picture(session); /* nor does he show the one before any more */
        return TRUE;
    }
    fetch_picture(looks, id, published);
    return FALSE;
}

/* Asks for what is not known, one thing behind the other, and says so when everything is. */
static void step(Looks *looks)
{
    CwSession *session = session_of(looks);

    if (looks->open > 0 || session == NULL || !cw_session_wants_looks(session) ||
        !cw_component_is_up(looks->component))
        return;
    if (!is_spared(looks) && (looks->pep == NULL || !looks->nick_known)) {
        if (looks->pep == NULL)
            ask_item(looks, CW_NS_AVATAR_METADATA, NULL, metadata_cb);
        if (!looks->nick_known)
            ask_item(looks, CW_NS_NICK, NULL, nick_cb);
        return;
    }
    if (settle_picture(looks, session))
        cw_session_looks_known(session);
}

/* ---- what happens ---- */

static void looks_wanted_cb(CwSession *session, gpointer data)
{
    Looks *looks = ensure_looks(data, cw_session_jid(session));

    if (looks == NULL)
        return;
    if (!looks->shown) /* his server pushes to those whose presence came to his bare JID */
        cw_presence_send_gateway(data, session, looks->user);
    looks->shown = TRUE;
    forget(looks);
    step(looks);
}

/* XEP-0153 4.2: without <photo/> a client has not looked yet. */
static void available(CwComponent *component, CwSession *session, const CwStanza *stanza)
{
    Looks *looks = ensure_looks(component, stanza->from->bare);
    const CwNode *update = cw_node_child(stanza->node, "x", NS_UPDATE);
    const char *photo = update == NULL ? NULL : cw_node_child_text(update, "photo", NS_UPDATE);
    g_autofree char *id = photo == NULL ? NULL : normal_id(photo);

    if (looks == NULL)
        return;
    if (id != NULL)
        set_id(&looks->photo, id);
    if (looks->forbidden)
        forget(looks);
    step(looks);
}

/* XEP-0060 7.1.2.1 and 7.2.2.1, 8.4, 8.5: an item, or that there is none any more. */
static void take_event(Looks *looks, const CwNode *event)
{
    const CwNode *what = event->first_child;
    const char *node = what == NULL ? NULL : cw_node_attr(what, "node");
    const CwNode *item = what == NULL ? NULL : cw_node_child(what, "item", NS_EVENT);

    if (g_strcmp0(node, CW_NS_AVATAR_METADATA) == 0)
        take_metadata(looks,
                      item == NULL ? NULL : cw_node_child(item, "metadata", CW_NS_AVATAR_METADATA));
    else if (g_strcmp0(node, CW_NS_NICK) == 0)
        take_nick(looks, item == NULL ? NULL : cw_node_child_text(item, "nick", CW_NS_NICK));
    else
        return;
    step(looks);
}

static gboolean take_message(CwComponent *component, const CwStanza *stanza)
{
    const CwNode *event = cw_node_child(stanza->node, "event", NS_EVENT);
    Looks *looks = find_looks(component, stanza->from->bare);

    if (event == NULL || stanza->to->local != NULL)
        return FALSE;
    if (looks != NULL && stanza->from->resource == NULL)
        take_event(looks, event);
    return TRUE;
}

static void session_state_cb(CwSession *session, gpointer data)
{
    if (cw_session_state(session) == CW_SESSION_OFFLINE)
        g_hash_table_remove(state_of(data)->looks, cw_session_jid(session));
}

/* ---- the stream comes and goes ---- */

/* What is open may have been the reason, being larger than a stanza may be. */
static void down(CwComponent *component)
{
    State *state = state_of(component);
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, state->looks);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const Looks *looks = value;
        if (looks->open == 0 || is_spared(looks))
            continue;
        g_info(
            "%s/%s: the stream broke while the user's picture was asked for; it is not asked for "
            "again",
            looks->user, cw_component_domain(component));
        g_hash_table_add(state->spared, g_strdup(looks->user));
    }
}

static void up(CwComponent *component)
{
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, state_of(component)->looks);
    while (g_hash_table_iter_next(&iter, NULL, &value))
        step(value);
}

static const char *const gateway_features[] = {CW_NS_AVATAR_METADATA "+notify",
                                               CW_NS_NICK "+notify", NULL};
static const CwEvents events = {
    .looks_wanted = looks_wanted_cb,
    .session_state = session_state_cb,
};

const CwFeature cw_feature_looks = {
    .name = "looks",
    .gateway_features = gateway_features,
    .message = take_message,
    .available = available,
    .up = up,
    .down = down,
    .events = &events,
};
