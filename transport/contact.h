/* transport/contact.h: a contact of an account that is logged in
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include "transport/avatar.h"
#include "transport/protocol.h"

G_BEGIN_DECLS

typedef struct {
    char *name;   /* the network's normal form; the key */
    char *alias;  /* nullable */
    char *group;  /* nullable */
    char *status; /* nullable */
    CwShow show;
    gint64 idle;           /* Unix time, s, since when; 0: it is not, or nobody tells */
    gint64 left;           /* Unix time, s, when it went offline; 0: it has not, or nobody saw it */
    CwAvatar *avatar;      /* nullable: none, or not known */
    gboolean avatar_known; /* the network said whether there is one */
    gboolean listed;       /* on the network's contact list; else merely seen or written to */
    gboolean offered;      /* the user was sent a subscription request for it, once in its life */
} CwContact;

CwContact *cw_contact_new(const char *name);
void cw_contact_free(CwContact *contact);

G_END_DECLS
