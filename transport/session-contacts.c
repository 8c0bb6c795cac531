/* transport/session-contacts.c: contacts of a session and their presence
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#define G_LOG_DOMAIN "transport"

#include "transport/session-private.h"

#define KEPT_TEXT 4096 /* bytes of a name or status that are kept: longer than anybody reads */

void cw_session_free_contact(gpointer data)
{
    cw_contact_free(data);
}

CwContact *cw_session_find_contact(CwSession *session, const char *name)
{
    return g_hash_table_lookup(session->contacts, name);
}

CwContact *cw_session_ensure_contact(CwSession *session, const char *name)
{
    CwContact *contact = cw_session_find_contact(session, name);
    guint most = LIMITS(session)->contacts;

    if (contact != NULL)
        return contact;
    if (most > 0 && g_hash_table_size(session->contacts) >= most) {
        g_message("%s/%s: over %u contacts: one more was left out", session->jid,
                  cw_transport_domain(session->transport), most);
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

static void store_contact(CwSession *session, const CwContact *contact)
{
    CwStoredContact stored = {.name = contact->name,
                              .alias = contact->alias,
                              .group = contact->group,
                              .offered = contact->offered};

    cw_store_put_contact(cw_transport_store(session->transport),
                         cw_transport_domain(session->transport), session->jid, &stored);
}

void cw_session_mark_offered(CwSession *session, CwContact *contact)
{
    if (contact->offered)
        return;
    contact->offered = TRUE;
    store_contact(session, contact);
}

static void send_contact_add(CwSession *session, const CwContact *contact)
{
    if (session->account != NULL)
        cw_account_send(session->account, &(CwLinkMsg){.kind = CW_LINK_CONTACT_ADD,
                                                       .contact = contact->name,
                                                       .name = contact->alias,
                                                       .group = contact->group});
}

gboolean cw_session_add_contact(CwSession *session, const char *name)
{
    CwContact *contact = cw_session_ensure_contact(session, name);

    if (contact == NULL)
        return FALSE;
    contact->offered = TRUE; /* he has it on his roster: that is where this comes from */
    store_contact(session, contact);
    if (!contact->listed)
        send_contact_add(session, contact);
    return TRUE;
}

void cw_session_remove_contact(CwSession *session, const char *name)
{
    if (session->state == CW_SESSION_ONLINE)
        cw_account_send(session->account,
                        &(CwLinkMsg){.kind = CW_LINK_CONTACT_REMOVE, .contact = name});
    cw_store_delete_contact(cw_transport_store(session->transport),
                            cw_transport_domain(session->transport), session->jid, name);
    g_hash_table_remove(session->contacts, name);
}

void cw_session_authorize(CwSession *session, const char *contact, gboolean yes)
{
    if (session->account != NULL)
        cw_account_send(
            session->account,
            &(CwLinkMsg){.kind = yes ? CW_LINK_AUTHORIZE : CW_LINK_DENY, .contact = contact});
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
    }
}

const char *cw_session_end_within(const char *text, gsize most)
{
    const char *end = text;

    while (*end != '\0' && (gsize)(g_utf8_next_char(end) - text) <= most)
        end = g_utf8_next_char(end);
    return end == text && *text != '\0' ? g_utf8_next_char(text) : end;
}

/* A name or a status, which is kept for each contact.  (transfer full), NULL for NULL. */
static char *keep_short(const char *text)
{
    return text == NULL ? NULL
                        : g_strndup(text, (gsize)(cw_session_end_within(text, KEPT_TEXT) - text));
}

void cw_session_take_contact(CwSession *session, const CwLinkMsg *msg)
{
    CwContact *contact = cw_session_ensure_contact(session, msg->contact);
    g_autofree char *alias = keep_short(msg->name), *group = keep_short(msg->group);

    if (contact == NULL)
        return;
    gboolean known = contact->listed || contact->offered;
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
        store_contact(session, contact);
    }
    EMIT(session, contact, session, contact);
}

void cw_session_take_contact_gone(CwSession *session, const char *name)
{
    CwContact *contact = cw_session_find_contact(session, name);

    if (contact == NULL)
        return;
    EMIT(session, contact_gone, session, contact);
    cw_store_delete_contact(cw_transport_store(session->transport),
                            cw_transport_domain(session->transport), session->jid, name);
    g_hash_table_remove(session->contacts, name);
}

void cw_session_set_contact_presence(CwSession *session, CwContact *contact, CwShow show,
                                     const char *text)
{
    g_autofree char *status = keep_short(text);

    if (contact->show == show && g_strcmp0(contact->status, status) == 0)
        return;
    contact->show = show;
    g_free(contact->status);
    contact->status = g_steal_pointer(&status);
    EMIT(session, contact_presence, session, contact);
}

static void contact_offline(CwContact *contact, gpointer data)
{
    contact->listed = FALSE;
    cw_session_set_contact_presence(data, contact, CW_SHOW_OFFLINE, NULL);
}

static void re_add(CwContact *contact, gpointer data)
{
    if (!contact->listed)
        send_contact_add(data, contact);
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
    cw_session_each_contact(session, contact_offline, session);
}
