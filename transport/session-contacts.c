/* transport/session-contacts.c: contacts of a session, their presence, and whether the user sees it
 *
 *            subscribe            ack              granted
 *     NONE -----------> WANTED ---------> ASKED ------------> GRANTED
 *       ^                 |                 |                    |
 *       +-----------------+-----------------+--------------------+  nack, denied, withdrawn
 *
 *     any -- off the roster --> REMOVED -- ack --> forgotten
 *
 * On a network without authorisation the ack grants.  WANTED and REMOVED are told to the network at
 * each log-in until it answers; all are stored.  Nothing but the user's own "unsubscribe" ever
 * removes a contact from the network's list.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#define G_LOG_DOMAIN "transport"

#include "transport/session-private.h"

#define IDLE_SLACK 5   /* s: networks tell how long ago it was, a little late each time */
#define KEPT_TEXT 4096 /* bytes of a name or status that are kept: longer than anybody reads */

void cw_session_free_contact(gpointer data)
{
    cw_contact_free(data);
}

CwContact *cw_session_find_contact(CwSession *session, const char *name)
{
    return g_hash_table_lookup(session->contacts, name);
}

/* Once a log-in, however many they are. */
static void tell_left_out(CwSession *session, guint most)
{
    if (session->over_contacts)
        return;
    session->over_contacts = TRUE;
    g_message("%s/%s: over %u contacts (`contacts` in [limits]): the others are left out",
              session->jid, cw_transport_domain(session->transport), most);
    g_autofree char *text =
        g_strdup_printf("You have more than %u contacts on %s.  This gateway shows no more than "
                        "that: the others stay "
                        "on the network's list, and what they write reaches you.",
                        most, cw_transport_settings(session->transport)->name);
    EMIT(session, notice, session, NULL, text);
}

CwContact *cw_session_ensure_contact(CwSession *session, const char *name)
{
    CwContact *contact = cw_session_find_contact(session, name);
    guint most = LIMITS(session)->contacts;

    if (contact != NULL)
        return contact;
    if (most > 0 && g_hash_table_size(session->contacts) >= most) {
        tell_left_out(session, most);
        return NULL;
    }
    contact = cw_contact_new(name);
    g_hash_table_insert(session->contacts, contact->name, contact);
    return contact;
}

void cw_session_each_contact(CwSession *session, void (*visit)(CwContact *, gpointer),
                             gpointer data)
{
    g_autoptr(GList) contacts = g_hash_table_get_values(session->contacts);

    for (GList *l = contacts; l != NULL; l = l->next)
        visit(l->data, data);
}

void cw_session_store_contact(CwSession *session, const CwContact *contact)
{
    CwStoredContact stored = {.name = contact->name,
                              .alias = contact->alias,
                              .group = contact->group,
                              .offered = contact->offered,
                              .unanswered = contact->unanswered,
                              .subscription = contact->subscription,
                              .agreed = contact->agreed,
                              .subscribed = contact->subscribed};

    cw_store_put_contact(cw_transport_store(session->transport),
                         cw_transport_domain(session->transport), session->jid, &stored);
}

void cw_session_set_subscribed(CwSession *session, CwContact *contact, gboolean subscribed)
{
    if (contact->subscribed == subscribed)
        return;
    contact->subscribed = subscribed;
    cw_session_store_contact(session, contact);
}

void cw_session_mark_offered(CwSession *session, CwContact *contact)
{
    if (contact->offered)
        return;
    contact->offered = contact->unanswered = TRUE;
    cw_session_store_contact(session, contact);
}

void cw_session_mark_brought(CwSession *session, CwContact *contact, gboolean sees)
{
    contact->offered = TRUE;
    contact->unanswered = FALSE;
    if (sees && cw_session_sees(session, contact) && contact->subscription == CW_SUBSCRIPTION_NONE)
        contact->subscription = CW_SUBSCRIPTION_GRANTED;
    cw_session_store_contact(session, contact);
}

gboolean cw_session_take_offer_answer(CwSession *session, const char *name)
{
    CwContact *contact = cw_session_find_contact(session, name);

    if (contact == NULL || !contact->unanswered)
        return FALSE;
    contact->unanswered = FALSE;
    cw_session_store_contact(session, contact);
    return TRUE;
}

static gboolean has_authorization(const CwSession *session)
{
    const CwProtocol *protocol = cw_transport_protocol(session->transport);

    return protocol != NULL && protocol->authorization;
}

static void set_subscription(CwSession *session, CwContact *contact, CwSubscription subscription)
{
    if (contact->subscription == subscription)
        return;
    contact->subscription = subscription;
    cw_session_store_contact(session, contact);
}

static void drop(CwSession *session, const CwContact *contact)
{
    cw_store_delete_contact(cw_transport_store(session->transport),
                            cw_transport_domain(session->transport), session->jid, contact->name);
    g_hash_table_remove(session->contacts, contact->name);
}

static void grant(CwSession *session, CwContact *contact)
{
    set_subscription(session, contact, CW_SUBSCRIPTION_GRANTED);
    EMIT(session, granted, session, contact);
}

/* Denied, withdrawn, or not to be added at all. */
static void refuse(CwSession *session, CwContact *contact, gboolean withdrawn, const char *text)
{
    set_subscription(session, contact, CW_SUBSCRIPTION_NONE);
    if (withdrawn) {
        contact->show = CW_SHOW_OFFLINE; /* told with the refusal */
        g_clear_pointer(&contact->status, g_free);
    }
    EMIT(session, refused, session, contact, withdrawn, text);
}

/* ---- to the network ---- */

/* With an id, so that it is answered. */
static void send_question(CwSession *session, CwContact *contact, CwLinkMsg *msg)
{
    msg->id = contact->question = cw_transport_next_id(session->transport);
    if (cw_account_send(session->account, msg))
        g_hash_table_insert(session->contact_questions, g_memdup2(&msg->id, sizeof msg->id),
                            g_strdup(contact->name));
    else
        contact->question = 0;
}

static void send_contact_add(CwSession *session, CwContact *contact, gboolean answered)
{
    CwLinkMsg msg = {.kind = CW_LINK_CONTACT_ADD,
                     .contact = contact->name,
                     .name = contact->alias,
                     .group = contact->group};

    if (session->account == NULL)
        return;
    if (answered)
        send_question(session, contact, &msg);
    else if (!cw_account_send(session->account, &msg))
        contact->question = 0;
}

static void send_contact_remove(CwSession *session, CwContact *contact)
{
    CwLinkMsg msg = {.kind = CW_LINK_CONTACT_REMOVE, .contact = contact->name};

    send_question(session, contact, &msg);
}

/* What the user wants and the network does not know. */
static void tell_wish(CwContact *contact, gpointer data)
{
    CwSession *session = data;

    if (contact->question != 0)
        return;
    if (contact->subscription == CW_SUBSCRIPTION_WANTED)
        send_contact_add(session, contact, TRUE);
    else if (contact->subscription == CW_SUBSCRIPTION_REMOVED)
        send_contact_remove(session, contact);
}

void cw_session_contacts_online(CwSession *session)
{
    cw_session_each_contact(session, tell_wish, session);
}

/* May he see it without the network being asked (again)? */
gboolean cw_session_sees(const CwSession *session, const CwContact *contact)
{
    if (contact->told)
        return contact->authorization == CW_AUTHORIZATION_GRANTED;
    if (!has_authorization(session))
        return contact->listed || contact->subscription == CW_SUBSCRIPTION_GRANTED;
    /* it is on the list, and the host cannot tell more */
    return contact->listed && (contact->subscription == CW_SUBSCRIPTION_GRANTED ||
                               contact->subscription == CW_SUBSCRIPTION_NONE);
}

/* Was it asked, and has not answered?  While the account is not logged in, what we know counts. */
static gboolean is_asked(const CwSession *session, const CwContact *contact)
{
    if (contact->subscription == CW_SUBSCRIPTION_WANTED)
        return contact->question != 0;
    return contact->subscription == CW_SUBSCRIPTION_ASKED &&
           (session->state != CW_SESSION_ONLINE ||
            (contact->told && contact->authorization == CW_AUTHORIZATION_ASKED));
}

gboolean cw_session_subscribe(CwSession *session, const char *name)
{
    CwContact *contact = cw_session_ensure_contact(session, name);

    if (contact == NULL)
        return FALSE;
    if (contact->subscription == CW_SUBSCRIPTION_REMOVED) { /* and back, before it was gone */
        contact->question = 0;
        contact->subscription = CW_SUBSCRIPTION_NONE;
        contact->listed = contact->told = FALSE;
    }
    if (contact->alias == NULL)
        contact->alias = cw_session_keep_short(cw_session_request_nick(session, name));
    if (!contact->offered) { /* he has it on his roster: that is where this comes from */
        contact->offered = TRUE;
        cw_session_store_contact(session, contact);
    }
    if (cw_session_sees(session, contact)) {
        grant(session, contact);
    } else if (!is_asked(session, contact)) {
        set_subscription(session, contact, CW_SUBSCRIPTION_WANTED);
        if (session->state == CW_SESSION_ONLINE)
            tell_wish(contact, session);
    }
    return TRUE;
}

/* Kept until the network knows, so that no death of anybody brings it back. */
void cw_session_remove_contact(CwSession *session, const char *name)
{
    CwContact *contact = cw_session_find_contact(session, name);

    if (contact == NULL) {
        if (session->state == CW_SESSION_ONLINE)
            cw_account_send(session->account,
                            &(CwLinkMsg){.kind = CW_LINK_CONTACT_REMOVE, .contact = name});
        return;
    }
    if (contact->subscription == CW_SUBSCRIPTION_REMOVED)
        return;
    contact->question = 0;
    contact->show = CW_SHOW_OFFLINE; /* whoever removes it tells the user */
    g_clear_pointer(&contact->status, g_free);
    contact->subscribed = FALSE;
    set_subscription(session, contact, CW_SUBSCRIPTION_REMOVED);
    if (session->state == CW_SESSION_ONLINE)
        tell_wish(contact, session);
}

void cw_transport_remove_contact(CwTransport *transport, const char *jid, const char *name)
{
    CwSession *session = cw_transport_find_session(transport, jid);
    CwStore *store = cw_transport_store(transport);
    const char *domain = cw_transport_domain(transport);

    if (session != NULL) {
        cw_session_remove_contact(session, name);
        return;
    }
    g_autoptr(GPtrArray) stored = cw_store_list_contacts(store, domain, jid, NULL);
    for (guint i = 0; stored != NULL && i < stored->len; i++) {
        CwStoredContact *contact = g_ptr_array_index(stored, i);
        if (!g_str_equal(contact->name, name))
            continue;
        contact->subscription = CW_SUBSCRIPTION_REMOVED;
        contact->subscribed = FALSE;
        cw_store_put_contact(store, domain, jid, contact);
    }
}

void cw_session_accept_contact(CwSession *session, const char *name, const char *nick)
{
    CwContact *contact = cw_session_ensure_contact(session, name);

    if (contact == NULL || contact->subscription == CW_SUBSCRIPTION_REMOVED)
        return;
    if (contact->alias == NULL)
        contact->alias = cw_session_keep_short(nick);
    contact->offered = TRUE;
    cw_session_store_contact(session, contact);
}

/* ---- answers of the network ---- */

static gboolean is_for_later(CwReason reason)
{
    return reason == CW_REASON_NOT_ONLINE || reason == CW_REASON_NETWORK ||
           reason == CW_REASON_HOST;
}

gboolean cw_session_take_contact_answer(CwSession *session, const CwLinkMsg *msg)
{
    g_autofree char *name = NULL;
    gpointer id = NULL;

    if (!g_hash_table_steal_extended(session->contact_questions, &msg->id, &id, (gpointer *)&name))
        return FALSE;
    g_free(id);
    CwContact *contact = cw_session_find_contact(session, name);
    if (contact == NULL || contact->question != msg->id)
        return TRUE; /* he thought better of it meanwhile */
    contact->question = 0;
    if (msg->kind == CW_LINK_NACK && is_for_later(msg->reason))
        return TRUE;
    if (contact->subscription == CW_SUBSCRIPTION_REMOVED) {
        drop(session, contact);
    } else if (contact->subscription != CW_SUBSCRIPTION_WANTED) {
        return TRUE;
    } else if (msg->kind == CW_LINK_NACK) {
        refuse(session, contact, FALSE, msg->text);
        if (!contact->listed)
            drop(session, contact);
    } else if (!has_authorization(session) ||
               (contact->told && contact->authorization == CW_AUTHORIZATION_GRANTED)) {
        grant(session, contact);
    } else {
        set_subscription(session, contact, CW_SUBSCRIPTION_ASKED);
    }
    return TRUE;
}

void cw_session_take_authorization(CwSession *session, const CwLinkMsg *msg)
{
    CwContact *contact = cw_session_ensure_contact(session, msg->contact);

    if (contact == NULL)
        return;
    gboolean was_granted = contact->told && contact->authorization == CW_AUTHORIZATION_GRANTED;
    contact->told = TRUE;
    contact->authorization = msg->authorization;
    switch (contact->subscription) {
    case CW_SUBSCRIPTION_WANTED: /* "none" is what he wants to have changed */
        if (msg->authorization == CW_AUTHORIZATION_GRANTED)
            grant(session, contact);
        break;
    case CW_SUBSCRIPTION_ASKED:
        if (msg->authorization == CW_AUTHORIZATION_GRANTED)
            grant(session, contact);
        else if (msg->authorization == CW_AUTHORIZATION_NONE)
            refuse(session, contact, FALSE, NULL);
        break;
    case CW_SUBSCRIPTION_GRANTED:
        if (msg->authorization != CW_AUTHORIZATION_GRANTED)
            refuse(session, contact, TRUE, NULL);
        break;
    case CW_SUBSCRIPTION_NONE: /* he may see it from a time of which nothing is stored */
        if (was_granted && msg->authorization == CW_AUTHORIZATION_NONE)
            refuse(session, contact, TRUE, NULL);
        break;
    case CW_SUBSCRIPTION_REMOVED:
        break;
    }
}

void cw_session_load_contacts(CwSession *session)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) stored =
        cw_store_list_contacts(cw_transport_store(session->transport),
                               cw_transport_domain(session->transport), session->jid, &error);

    if (stored == NULL) {
        g_warning("%s/%s: cannot read the contacts: %s", session->jid,
                  cw_transport_domain(session->transport), error->message);
        return;
    }
    for (guint i = 0; i < stored->len; i++) {
        const CwStoredContact *from = g_ptr_array_index(stored, i);
        CwContact *contact = cw_session_ensure_contact(session, from->name);
        if (contact == NULL)
            break;
        g_free(contact->alias);
        g_free(contact->group);
        contact->alias = g_strdup(from->alias);
        contact->group = g_strdup(from->group);
        contact->offered = from->offered;
        contact->unanswered = from->unanswered;
        contact->subscription = from->subscription;
        contact->agreed = from->agreed;
        contact->subscribed = from->subscribed;
    }
}

const char *cw_session_end_within(const char *text, gsize most)
{
    const char *end = text;

    while (*end != '\0' && (gsize)(g_utf8_next_char(end) - text) <= most)
        end = g_utf8_next_char(end);
    return end == text && *text != '\0' ? g_utf8_next_char(text) : end;
}

char *cw_session_cut_piece(const CwSession *session, const char **text)
{
    gsize most = LIMITS(session)->message_size;
    const char *begin = *text;

    if (most == 0 || strlen(begin) <= most)
        return NULL;
    *text = cw_session_end_within(begin, most);
    return g_strndup(begin, (gsize)(*text - begin));
}

char *cw_session_keep_short(const char *text)
{
    return text == NULL ? NULL
                        : g_strndup(text, (gsize)(cw_session_end_within(text, KEPT_TEXT) - text));
}

void cw_session_take_contact(CwSession *session, const CwLinkMsg *msg)
{
    CwContact *contact = cw_session_ensure_contact(session, msg->contact);
    g_autofree char *alias = cw_session_keep_short(msg->name),
                    *group = cw_session_keep_short(msg->group);

    if (contact == NULL)
        return;
    gboolean known = contact->listed || contact->offered;
    if (contact->subscription == CW_SUBSCRIPTION_REMOVED) {
        contact->listed = TRUE;
        return;
    }
    if (alias == NULL) /* a name that came with his request stays */
        alias = g_strdup(contact->alias);
    gboolean changed =
        g_strcmp0(contact->alias, alias) != 0 || g_strcmp0(contact->group, group) != 0;
    if (contact->listed && !changed)
        return;
    contact->listed = TRUE;
    if (changed && known && !contact->renamed) {
        contact->renamed = TRUE;
        contact->old_alias = g_steal_pointer(&contact->alias);
        contact->old_group = g_steal_pointer(&contact->group);
    }
    if (changed) {
        g_free(contact->alias);
        g_free(contact->group);
        contact->alias = g_steal_pointer(&alias);
        contact->group = g_steal_pointer(&group);
        cw_session_store_contact(session, contact);
    }
    EMIT(session, contact, session, contact);
}

void cw_session_take_contact_gone(CwSession *session, const char *name)
{
    CwContact *contact = cw_session_find_contact(session, name);

    if (contact == NULL)
        return;
    contact->listed = contact->told = FALSE;
    if (contact->question != 0 && contact->subscription != CW_SUBSCRIPTION_REMOVED)
        return; /* the end of a removal that the user thought better of */
    if (contact->subscription != CW_SUBSCRIPTION_REMOVED)
        EMIT(session, contact_gone, session, contact);
    drop(session, contact);
}

static void set_contact_presence(CwSession *session, CwContact *contact, CwShow show,
                                 const char *text, gint64 idle)
{
    g_autofree char *status = cw_session_keep_short(text);

    if (contact->subscription == CW_SUBSCRIPTION_REMOVED)
        return; /* G41 */
    if (contact->show == show && g_strcmp0(contact->status, status) == 0 &&
        ABS(contact->idle - idle) <= IDLE_SLACK)
        return;
    contact->show = show;
    contact->shown |= show != CW_SHOW_OFFLINE;
    contact->idle = idle;
    g_free(contact->status);
    contact->status = g_steal_pointer(&status);
    EMIT(session, contact_presence, session, contact);
}

void cw_session_take_contact_presence(CwSession *session, const CwLinkMsg *msg)
{
    CwContact *contact = cw_session_ensure_contact(session, msg->contact);
    gint64 now = g_get_real_time() / G_USEC_PER_SEC;
    CwShow show = msg->show == CW_SHOW_INVISIBLE ? CW_SHOW_OFFLINE : msg->show;

    if (contact == NULL)
        return;
    if (show != CW_SHOW_OFFLINE)
        contact->left = 0;
    else if (contact->show != CW_SHOW_OFFLINE)
        contact->left = now;
    set_contact_presence(session, contact, show, msg->status,
                         show == CW_SHOW_OFFLINE ? 0 : CLAMP(msg->idle, 0, now));
}

static void contact_offline(CwContact *contact, gpointer data)
{
    contact->listed = contact->told = FALSE;
    contact->question = 0;
    cw_session_forget_avatar(contact);
    set_contact_presence(data, contact, CW_SHOW_OFFLINE, NULL, 0);
}

static void re_add(CwContact *contact, gpointer data)
{
    if (!contact->listed && contact->subscription != CW_SUBSCRIPTION_REMOVED)
        send_contact_add(data, contact, contact->subscription == CW_SUBSCRIPTION_WANTED);
}

/* Before it is online: an IRC host asks for the presence of all of them at once then. */
void cw_session_tell_local_list(CwSession *session)
{
    const CwProtocol *protocol = cw_transport_protocol(session->transport);

    if (protocol != NULL && protocol->local_list)
        cw_session_each_contact(session, re_add, session);
}

void cw_session_contacts_offline(CwSession *session)
{
    g_hash_table_remove_all(session->contact_questions);
    session->over_contacts = FALSE;
    cw_session_each_contact(session, contact_offline, session);
}
