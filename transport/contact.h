/* transport/contact.h: a contact of an account that is logged in
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include "transport/protocol.h"

G_BEGIN_DECLS

typedef struct {
    char *name;   /* the network's normal form; the key */
    char *alias;  /* nullable */
    char *group;  /* nullable */
    char *status; /* nullable */
    CwShow show;
    gboolean listed;  /* on the network's contact list; else merely seen or written to */
    gboolean offered; /* the user was sent a subscription request for it, once in its life */
    gboolean
        renamed; /* the network gave it another name or group since it was brought, or listed … */
    char *old_alias; /* … and this was the old one, nullable as well */
    char *old_group;
} CwContact;

CwContact *cw_contact_new(const char *name);
/* It is as it is now, `renamed` ends. */
void cw_contact_forget_old(CwContact *contact);
void cw_contact_free(CwContact *contact);

G_END_DECLS
