/* transport/contact.c: a contact of an account that is logged in
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "transport/contact.h"

CwContact *cw_contact_new(const char *name)
{
    CwContact *contact = g_new0(CwContact, 1);

    contact->name = g_strdup(name);
    contact->show = CW_SHOW_OFFLINE;
    return contact;
}

void cw_contact_forget_old(CwContact *contact)
{
    contact->renamed = FALSE;
    g_clear_pointer(&contact->old_alias, g_free);
    g_clear_pointer(&contact->old_group, g_free);
}

void cw_contact_free(CwContact *contact)
{
    if (contact == NULL)
        return;
    cw_avatar_unref(contact->avatar);
    cw_contact_forget_old(contact);
    g_free(contact->name);
    g_free(contact->alias);
    g_free(contact->group);
    g_free(contact->status);
    g_free(contact->told_avatar);
    g_free(contact->told_alias);
    g_free(contact);
}
