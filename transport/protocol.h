/* transport/protocol.h: what a network is and must do, as its host describes it
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* ---- a field: of a registration form, or of a question that the network asks ---- */

typedef enum {
    CW_FIELD_TEXT,    /* one line */
    CW_FIELD_PRIVATE, /* a password: never logged, never sent back */
    CW_FIELD_BOOLEAN, /* "1" or "0" */
    CW_FIELD_INTEGER,
    CW_FIELD_LIST, /* one of `choices` */
    CW_FIELD_NOTE, /* text to read, no value */
} CwFieldKind;

const char *cw_field_kind_to_string(CwFieldKind kind); /* "text", "private", … as on the link */
gboolean cw_field_kind_from_string(const char *name, CwFieldKind *kind);

typedef struct {
    char *value;
    char *label;
} CwChoice;

typedef struct {
    char *name;  /* the key; unique in its form */
    char *label; /* for people */
    CwFieldKind kind;
    char *value; /* default; NULL: none */
    gboolean required;
    char separator;      /* user splits only: stands before this part in the whole user name */
    gboolean from_right; /* user splits only: looked for from the end of the name */
    GPtrArray *choices;  /* CwChoice *, NULL but for lists */
} CwField;

CwField *cw_field_new(CwFieldKind kind, const char *name, const char *label, const char *value);
void cw_field_add_choice(CwField *field, const char *value, const char *label);
void cw_field_free(CwField *field);
GPtrArray *cw_fields_new(void);                                           /* of CwField *, owned */
const CwField *cw_fields_find(const GPtrArray *fields, const char *name); /* (nullable) */

/* ---- somebody whom a search in the network's user directory found ---- */

typedef struct {
    char *contact; /* the network's normal form of the name */
    char **values; /* one a column of the answer, "" for none; NULL-ended */
} CwFound;

CwFound *cw_found_new(const char *contact, char **values); /* takes `values` */
GPtrArray *cw_found_list_new(void);                        /* of CwFound *, owned */

/* ---- something that a contact published, as a CwFound: `contact` is its id ---- */

typedef enum {
    CW_ITEM_TITLE,
    CW_ITEM_TEXT,
    CW_ITEM_LINK,
    CW_ITEM_TIME, /* Unix, s */
    CW_ITEM_N_VALUES,
} CwItemValue;

/* Its text and link as a message has them: "" for an item with neither.  (transfer full) */
char *cw_item_text(const CwFound *item);

/* ---- a network ---- */

typedef enum { CW_PASSWORD_NONE, CW_PASSWORD_OPTIONAL, CW_PASSWORD_REQUIRED } CwPasswordUse;

typedef struct {
    char *id;       /* "prpl-irc" */
    char *name;     /* "IRC" */
    char *identity; /* disco#info type of the gateway: "irc" (registrar's list where it has one) */
    char *category; /* nullable: of a second identity of that type: "headline" */
    char *example;  /* nullable: what a contact can be called: "AAPL" */
    CwPasswordUse password;
    gboolean typing;         /* tells and takes typing notifications */
    gboolean authorization;  /* contacts grant or deny to be seen */
    gboolean anonymous;      /* has no accounts: a user needs no name there, and no password */
    gboolean caseless;       /* names of contacts differ by more than capital letters */
    gboolean items;          /* contacts publish something, one after the other: news */
    gboolean local_list;     /* the network keeps no contact list: ours is told to it at log-in */
    gboolean contact_names;  /* stores what the user calls a contact */
    gboolean contact_groups; /* … and in which group it is */
    gboolean rooms;          /* has group chats */
    char
        *room_prefixes; /* characters that names of rooms, and nothing else, begin with; nullable */
    gboolean search;    /* there may be a directory of users */
    gboolean invisible; /* users can be online without being seen */
    gboolean picture;   /* contacts can see the user's own picture */
    GPtrArray *splits;  /* CwField: the parts of a user name behind the first, "split.1" … */
    GPtrArray *options; /* CwField: account options */
    /* CwField: what a contact does when it is told to: CW_FIELD_TEXT with an argument, `value` an
     * example of it, CW_FIELD_NOTE without */
    GPtrArray *commands;
} CwProtocol;

CwProtocol *cw_protocol_new(void);
CwProtocol *cw_protocol_copy(const CwProtocol *protocol);
void cw_protocol_free(CwProtocol *protocol);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CwProtocol, cw_protocol_free)

/* The whole user name in the network's usual notation from what the user typed as `username`
 * (which may be whole already: "nick@server") and the values of the split fields by name (NULL
 * table, missing or empty value: what the name already says, else the split's default).
 * (transfer full) */
char *cw_protocol_compose_username(const CwProtocol *protocol, const char *username,
                                   GHashTable *split_values);

/* The inverse: `first` is the part before all separators, the table has "split.N" -> value for each
 * split that the name contains. */
void cw_protocol_split_username(const CwProtocol *protocol, const char *username, char **first,
                                GHashTable **split_values);

/* ---- words that the link and the features share ---- */

typedef enum {
    CW_SHOW_OFFLINE,
    CW_SHOW_ONLINE,
    CW_SHOW_CHAT,
    CW_SHOW_AWAY,
    CW_SHOW_XA,
    CW_SHOW_DND,
    CW_SHOW_INVISIBLE, /* of users alone: online, and their contacts do not see it */
} CwShow;

const char *cw_show_to_string(CwShow show); /* "offline", "online", "chat", "away", "xa", "dnd" */
gboolean cw_show_from_string(const char *name, CwShow *show);

/* Whether the user may see a contact's presence. */
typedef enum {
    CW_AUTHORIZATION_NONE,  /* denied, withdrawn, or never asked for */
    CW_AUTHORIZATION_ASKED, /* the contact has not answered */
    CW_AUTHORIZATION_GRANTED,
} CwAuthorization;

/* XEP-0045 5.1, 5.2 */
typedef enum {
    CW_ROLE_NONE,
    CW_ROLE_VISITOR,
    CW_ROLE_PARTICIPANT,
    CW_ROLE_MODERATOR,
} CwRole;
typedef enum {
    CW_AFFILIATION_NONE,
    CW_AFFILIATION_OUTCAST,
    CW_AFFILIATION_MEMBER,
    CW_AFFILIATION_ADMIN,
    CW_AFFILIATION_OWNER,
} CwAffiliation;

const char *cw_role_to_string(CwRole role); /* the words of XEP-0045, as are the others */
gboolean cw_role_from_string(const char *name, CwRole *role);
const char *cw_affiliation_to_string(CwAffiliation affiliation);
gboolean cw_affiliation_from_string(const char *name, CwAffiliation *affiliation);

/* How somebody, or the user himself, is not in a room any more. */
typedef enum {
    CW_EXIT_LEFT,
    CW_EXIT_KICKED,
    CW_EXIT_BANNED,
    CW_EXIT_RENAMED, /* and is in it under another nick */
    CW_EXIT_ENDED,   /* the room is no more, or the connection to it */
    CW_EXIT_REFUSED, /* the user was not let in */
} CwExit;

/* Why something did not work, on the network's side. */
typedef enum {
    CW_REASON_NONE,
    CW_REASON_AUTH,       /* wrong password, unknown account */
    CW_REASON_NETWORK,    /* cannot be reached, link dropped */
    CW_REASON_TLS,        /* no trust in its certificate, no encryption */
    CW_REASON_CONFLICT,   /* logged in from elsewhere, name in use */
    CW_REASON_SETTINGS,   /* options that cannot work */
    CW_REASON_NO_CONTACT, /* no such contact, nick, user */
    CW_REASON_OFFLINE,    /* the contact is not there and nobody stores for it */
    CW_REASON_TOO_LONG,
    CW_REASON_RATE,       /* too fast; later */
    CW_REASON_FORBIDDEN,  /* blocked, banned, not permitted */
    CW_REASON_NOT_ONLINE, /* the account itself is not logged in */
    CW_REASON_PASSWORD,   /* of a room: wrong or missing */
    CW_REASON_INVITATION, /* a room that is for members, or the invited */
    CW_REASON_BANNED,     /* from a room */
    CW_REASON_FULL,       /* of a room */
    CW_REASON_HOST,       /* the host process died or is stuck */
    CW_REASON_OTHER,
} CwReason;

const char *cw_reason_to_string(CwReason reason); /* "auth", "no-contact", … */
gboolean cw_reason_from_string(const char *name, CwReason *reason);

G_END_DECLS
