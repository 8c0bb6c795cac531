/* protocols/purple/account.h: one account of the gateway and its PurpleAccount
 *
 *     login -> CONNECTING -> ONLINE -> (ending) -> gone, `state offline` sent
 *                   \________________/
 *
 * libpurple frees a connection from an idle source, and neither it nor an account may be freed from
 * inside one of libpurple's callbacks.  So the end of an account is always two steps: `ending` is
 * set with the reason, and an idle source takes it apart and tells the gateway.  Between the two
 * the account is deaf.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include <libpurple/purple.h>

#include "transport/link.h"

G_BEGIN_DECLS

typedef struct CwBuddies CwBuddies;
typedef struct CwGrants CwGrants;
typedef struct CwInfos CwInfos;
typedef struct CwMessages CwMessages;
typedef struct CwSearches CwSearches;
typedef struct CwRoomList CwRoomList;
typedef struct CwRooms CwRooms;
typedef struct CwSentList CwSentList;

typedef struct {
    guint32 number;        /* the gateway's */
    guint64 serial;        /* ours, never used again */
    PurpleAccount *purple; /* owned; its ui_data is this struct */
    CwAccountState state;  /* OFFLINE: about to be freed */
    gint64 online_at;      /* monotonic, µs; 0: it is not yet */

    gboolean ending;
    guint end_id; /* idle source; 0: none */
    CwReason reason;
    char *text;
    gboolean fatal;

    CwBuddies *buddies;
    CwGrants *grants;
    CwInfos *infos;
    CwMessages *messages;
    CwRooms *rooms;
    CwRoomList *room_list;
    CwSearches *searches;
    CwSentList *sent;
    guint questions; /* open ones, see ask.c */
} CwAccount;

void cw_accounts_init(void); /* after libpurple's start */
void cw_accounts_uninit(void);

/* (nullable) */
CwAccount *cw_account_find(guint32 number);
/* The account that libpurple means; NULL when there is none or it is ending. */
CwAccount *cw_account_of(PurpleAccount *purple);
CwAccount *cw_account_of_gc(PurpleConnection *gc);
guint cw_accounts_count(void);
/* Whose work is being done (cw_eventloop_owner): who a question or a notice without an account is
 * for.  (nullable) */
CwAccount *cw_account_current(void);
CwAccount *cw_account_by_serial(guint64 serial); /* (nullable) */

void cw_account_login(const CwLinkMsg *msg);
void cw_account_logout(CwAccount *account);
/* `idle`: Unix time, s, since when the user is; 0: he is not. */
void cw_account_set_presence(CwAccount *account, CwShow show, const char *status, gint64 idle);

/* Ends all accounts at once and tells the gateway; not from inside a callback of libpurple. */
void cw_accounts_end_all(CwReason reason, const char *text);

/* Is it up, with a connection to send on? */
PurpleConnection *cw_account_connection(const CwAccount *account); /* (nullable) */

/* The network's normal form of a contact's name; NULL when it cannot be one.  (transfer full) */
char *cw_account_normalize(const CwAccount *account, const char *name);
/* Of names, passwords, subjects and the like: on a network with a longest message, those that are
 * longer would end the connection with the line that they are in. */
gboolean cw_account_is_too_long(const char *text, gboolean is_name); /* `text` nullable */

PurpleAccountUiOps *cw_account_ops(void);
PurpleConnectionUiOps *cw_account_connection_ops(void);

G_END_DECLS
