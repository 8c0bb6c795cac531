/* transport/contact.h: a contact of an account that is logged in
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include "transport/avatar.h"
#include "transport/protocol.h"

G_BEGIN_DECLS

/* Whether the user sees the contact, as he was told.  The numbers are in the store. */
typedef enum {
    CW_SUBSCRIPTION_NONE,    /* he did not ask, or was refused */
    CW_SUBSCRIPTION_WANTED,  /* he asked; the network does not know it yet */
    CW_SUBSCRIPTION_ASKED,   /* the network knows; the contact has not answered */
    CW_SUBSCRIPTION_GRANTED, /* he was told so */
    CW_SUBSCRIPTION_REMOVED, /* he took it off his list; the network does not know it yet */
} CwSubscription;

/* A contact's request to see the user. */
typedef enum {
    CW_ANSWER_NONE, /* waits for the user */
    CW_ANSWER_AUTHORIZE,
    CW_ANSWER_DENY, /* these two wait for the network */
} CwAnswer;

/* What in the user's roster was the same as on the network when both were seen last: a difference
 * that comes later is a change.  The numbers are in the store. */
typedef enum {
    CW_AGREED_NAME = 1 << 0,
    CW_AGREED_GROUP = 1 << 1,
} CwAgreed;

typedef struct {
    char *name;   /* the network's normal form; the key */
    char *alias;  /* nullable */
    char *group;  /* nullable */
    char *status; /* nullable */
    CwShow show;
    gboolean shown;        /* the user may take it for online: it was, since the stream came up */
    gint64 idle;           /* Unix time, s, since when; 0: it is not, or nobody tells */
    gint64 left;           /* Unix time, s, when it went offline; 0: it has not, or nobody saw it */
    CwAvatar *avatar;      /* nullable: none, or not known */
    gboolean avatar_known; /* the network said whether there is one */
    gboolean listed;       /* on the network's contact list; else merely seen or written to */
    gboolean offered;      /* the user was sent a subscription request for it, once in its life */
    gboolean unanswered;   /* … and has not answered it */
    CwSubscription subscription;
    gint64 question; /* id of a contact-add or contact-remove without an answer; 0: none */
    gboolean told;   /* the network said `authorization` in this log-in */
    CwAuthorization authorization;
    guint agreed;        /* CwAgreed: in the roster it is called as on the network */
    gboolean subscribed; /* the user asked for its node's events himself: XEP-0060 6.1 */
    gboolean renamed;    /* the network gave it another name or group since it was brought … */
    char *old_alias;     /* … and this was the old one, nullable as well */
    char *old_group;
    char *told_avatar; /* the picture's id, and the alias, that the user's clients were told of last
                        */
    char *told_alias;
} CwContact;

CwContact *cw_contact_new(const char *name);
/* It is as it is now, `renamed` ends. */
void cw_contact_forget_old(CwContact *contact);
void cw_contact_free(CwContact *contact);

G_END_DECLS
