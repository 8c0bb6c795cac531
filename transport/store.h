/* transport/store.h: what lasts; the interface, with SQLite behind it (store-sqlite.c)
 *
 * Reads are answered at once on the caller's thread (page cache, microseconds).  Writes are queued
 * to one writer thread that commits them in groups; `done` runs in the caller's main context after
 * the commit.  Reads see a write once it is done.  Writes are done in the order given.
 *
 * A write that fails (full disk) harms nothing else.  The log counts what was not stored, once a
 * minute at most, and says when writing works again; `done`, where there is one, gets the error.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include "transport/contact.h"
#include "transport/secret.h"

G_BEGIN_DECLS

#define CW_STORE_ERROR (cw_store_error_quark())
GQuark cw_store_error_quark(void);
typedef enum {
    CW_STORE_ERROR_OPEN,
    CW_STORE_ERROR_VERSION, /* made by a newer Causeway */
    CW_STORE_ERROR_KEY,     /* the key file does not fit the database */
    CW_STORE_ERROR_READ,
    CW_STORE_ERROR_WRITE, /* disk full and the like */
    CW_STORE_ERROR_FULL,  /* somebody would have more than he may */
    CW_STORE_ERROR_MOVE,  /* nobody is there to move, or somebody is where he is to go */
} CwStoreError;

/* What a user may want of the gateway, beside the options of his account.  Nothing is wanted that
 * he did not choose. */
typedef enum {
    CW_PREFERENCE_PICTURE,   /* his contacts see his picture and nickname */
    CW_PREFERENCE_INVISIBLE, /* … and not that he is online */
    /* He said so, and has not come since: he stays nowhere.  Not one that he is asked for. */
    CW_PREFERENCE_LOGGED_OUT,
    CW_N_PREFERENCES,
} CwPreference;

const char *
cw_preference_to_string(CwPreference preference); /* "picture": in the store and forms */

/* One registration.  Strings owned by it. */
typedef struct {
    char *domain;            /* the transport */
    char *jid;               /* bare, prepared */
    char *username;          /* whole, in the network's notation */
    CwSecret *password;      /* NULL: none */
    GHashTable *options;     /* char * -> char *: the options this user chose; never NULL */
    GHashTable *preferences; /* the same: "1" or "0" by cw_preference_to_string() */
    gint64 created;          /* Unix time, s */
} CwUser;

CwUser *cw_user_new(const char *domain, const char *jid);
CwUser *cw_user_copy(const CwUser *user);
void cw_user_set_preference(CwUser *user, CwPreference preference, gboolean yes);
gboolean cw_user_wants(const CwUser *user, CwPreference preference);
void cw_user_free(CwUser *user);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CwUser, cw_user_free)

/* One contact that was seen on the network's list or added by the user. */
typedef struct {
    char *name;          /* the network's normal form */
    char *alias;         /* nullable */
    char *group;         /* nullable */
    gboolean offered;    /* a subscription request was sent to the user once */
    gboolean unanswered; /* … and he has not answered it */
    CwSubscription subscription;
    guint agreed;        /* CwAgreed */
    gboolean subscribed; /* to its node */
} CwStoredContact;

void cw_stored_contact_free(CwStoredContact *contact);

/* A request of a contact to see the user, which he or the network has yet to take in. */
typedef struct {
    char *contact;
    char *nick; /* nullable */
    char *text; /* nullable */
    CwAnswer answer;
} CwStoredRequest;

void cw_stored_request_free(CwStoredRequest *request);

/* A room that the user keeps: the account is in it though none of his clients is. */
typedef struct {
    char *name;          /* the network's normal form */
    char *nick;          /* his own there */
    CwSecret *password;  /* nullable */
    gboolean join;       /* whenever he logs in */
    gboolean stay;       /* while none of his clients is online */
    gboolean told;       /* that he was not let in, since he was the last time */
    gboolean bookmarked; /* `join` is his bookmark's, or stands in one */
} CwStoredRoom;

CwStoredRoom *cw_stored_room_new(const char *name, const char *nick);
CwStoredRoom *cw_stored_room_copy(const CwStoredRoom *room);
void cw_stored_room_free(CwStoredRoom *room);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CwStoredRoom, cw_stored_room_free)

/* A message that waits: for the Jabber server, or for the network. */
typedef enum {
    CW_SPOOL_TO_USER,
    CW_SPOOL_TO_NETWORK,
} CwSpoolWay;

/* Strings owned by it. */
typedef struct {
    gint64 id; /* from 1, grows within a domain and is never used twice: the order */
    CwSpoolWay way;
    char *jid;       /* bare: whose it is */
    char *contact;   /* nullable; these three only to the network */
    char *stanza_id; /* nullable: what the sender called it */
    char *resource;  /* nullable: of the sender */
    char *text;      /* sealed at rest, as it is a private message: a stanza, or what he wrote */
    gint64 made;     /* Unix time, ms */
    gboolean sent;   /* handed to the network, not confirmed: never to be sent again */
} CwSpooled;

void cw_spooled_free(CwSpooled *spooled);

/* One line of a room's archive: what one user's account saw there.  Strings owned by it. */
typedef struct {
    gint64 number;   /* the order; of one that was read */
    char *id;        /* the room's own for it: XEP-0359; never used twice */
    char *nick;      /* nullable: the room itself */
    char *who;       /* nullable: who that is, where the network tells */
    char *stanza_id; /* nullable: what the sender called it, who is the user himself */
    char *text;      /* sealed at rest */
    gint64 said;     /* Unix time, s */
} CwArchived;

void cw_archived_free(CwArchived *archived);

/* Which lines of an archive; all zero: all of them.  Borrowed. */
typedef struct {
    gint64 after, before; /* numbers, neither of them included; 0: no bound */
    gint64 start, end;    /* Unix time, s, both included; 0: no bound */
    gboolean has_end;
    const char *nick, *other_nick; /* nullable: of either of them */
    const char *who;               /* nullable: of him */
    const gint64 *numbers;         /* nullable: of these */
    guint n_numbers;
} CwArchiveFilter;

typedef struct CwStore CwStore;

/* error: NULL when it worked. */
typedef void (*CwStoreDone)(const GError *error, gpointer data);

/* Opens or makes the database (0600) and the key file, migrates older schemas, checks that the key
 * opens what is sealed.  `key_path` is made only together with a new database. */
CwStore *cw_store_open(const char *path, const char *key_path, GError **error);
/* Waits for queued writes; `done` functions still to run are run. */
void cw_store_free(CwStore *store);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CwStore, cw_store_free)

/* The registration, (transfer full); NULL without error: there is none. */
CwUser *cw_store_get_user(CwStore *store, const char *domain, const char *jid, GError **error);
gboolean cw_store_has_user(CwStore *store, const char *domain, const char *jid);
guint cw_store_count_users(CwStore *store, const char *domain);
/* Up to `limit` JIDs after `after` (NULL: from the first) in a fixed order, as char *. */
GPtrArray *cw_store_list_users(CwStore *store, const char *domain, const char *after, guint limit,
                               GError **error);
/* Preferences that `user` says nothing of stay as they are stored. */
void cw_store_put_user(CwStore *store, const CwUser *user, CwStoreDone done, gpointer data);
/* The preferences of `user` alone.  Of a user who is not registered (any more) nothing is stored.
 */
void cw_store_put_preferences(CwStore *store, const CwUser *user, CwStoreDone done, gpointer data);
/* With its contacts; pages that held them are overwritten (secure_delete). */
void cw_store_delete_user(CwStore *store, const char *domain, const char *jid, CwStoreDone done,
                          gpointer data);
/* The registration of `user` becomes `jid`'s, with its rooms and its contacts, which are not
 * offered any more; its messages that wait are deleted.  All or nothing: an error when it is gone,
 * or `jid` has one. */
void cw_store_move_user(CwStore *store, const CwUser *user, const char *jid, CwStoreDone done,
                        gpointer data);

/* CwStoredContact *, in name order. */
GPtrArray *cw_store_list_contacts(CwStore *store, const char *domain, const char *jid,
                                  GError **error);
void cw_store_put_contact(CwStore *store, const char *domain, const char *jid,
                          const CwStoredContact *contact);
void cw_store_delete_contact(CwStore *store, const char *domain, const char *jid, const char *name);

/* CwStoredRequest *, in the contacts' order.  One a contact; they go with their user. */
GPtrArray *cw_store_list_requests(CwStore *store, const char *domain, const char *jid,
                                  GError **error);
void cw_store_put_request(CwStore *store, const char *domain, const char *jid,
                          const CwStoredRequest *request);
void cw_store_delete_request(CwStore *store, const char *domain, const char *jid,
                             const char *contact);

/* CwStoredRoom *, in name order.  One that cannot be opened has no password (logged). */
GPtrArray *cw_store_list_rooms(CwStore *store, const char *domain, const char *jid, GError **error);
/* They go with their user.  Of one who is not registered (any more) nothing is stored. */
void cw_store_put_room(CwStore *store, const char *domain, const char *jid,
                       const CwStoredRoom *room);
void cw_store_delete_room(CwStore *store, const char *domain, const char *jid, const char *name);
/* Up to `limit` JIDs (char *) after `after` (NULL: from the first) of users who stay in a room, in
 * a fixed order; not of those who have logged out (CW_PREFERENCE_LOGGED_OUT). */
GPtrArray *cw_store_list_staying(CwStore *store, const char *domain, const char *after, guint limit,
                                 GError **error);

/* Replaces what has the same id in this domain.  Of a user who is not registered (any more) nothing
 * is stored.  Goes with its user. */
void cw_store_put_spooled(CwStore *store, const char *domain, const CwSpooled *spooled);
/* On a full disk it is tried again until it works or the store goes. */
void cw_store_delete_spooled(CwStore *store, const char *domain, gint64 id);
/* Up to `limit` CwSpooled * behind the id `after`, in the order of ids.  `jid` NULL: of everybody.
 */
GPtrArray *cw_store_list_spooled(CwStore *store, const char *domain, CwSpoolWay way,
                                 const char *jid, gint64 after, guint limit, GError **error);
/* The highest id that was ever stored in this domain and is there still; 0: none; -1: it cannot be
 * read (logged). */
gint64 cw_store_last_spooled(CwStore *store, const char *domain);

/* ---- the archives of rooms: one for each user and room (store-archive.c) ---- */

/* Keeps the newest `most` of the room (0: any).  Of a user who is not registered (any more) nothing
 * is stored.  They go with their user, and move with him. */
void cw_store_archive_line(CwStore *store, const char *domain, const char *jid, const char *room,
                           const CwArchived *line, guint most, CwStoreDone done, gpointer data);
/* CwArchived * in their order: the first `limit` that fit the filter, or with `last` the last. Ends
 * before, when their texts are `size` bytes or more. */
GPtrArray *cw_store_list_archive(CwStore *store, const char *domain, const char *jid,
                                 const char *room, const CwArchiveFilter *filter, gboolean last,
                                 guint limit, gsize size, GError **error);
/* How many fit, up to `most`; -1: it cannot be read (logged). */
gint64 cw_store_count_archive(CwStore *store, const char *domain, const char *jid, const char *room,
                              const CwArchiveFilter *filter, guint most);
/* The number of the line with this id; 0: there is none; -1: it cannot be read (logged). */
gint64 cw_store_find_archived(CwStore *store, const char *domain, const char *jid, const char *room,
                              const char *id);
gboolean cw_store_has_archive(CwStore *store, const char *domain, const char *jid,
                              const char *room);
/* Which line has the nick and the text of `line`, and was said within `tolerance` s of it: of the
 * room's last ones up to the number `until` the nearest in time that is not among `besides` (a set
 * of ids).  Its id, (transfer full); NULL: there is none. */
char *cw_store_find_copy(CwStore *store, const char *domain, const char *jid, const char *room,
                         const CwArchived *line, guint tolerance, gint64 until,
                         GHashTable *besides);
/* Deletes what was said before that time, of all archives, a few rows at a time. */
void cw_store_expire_archive(CwStore *store, gint64 before);

/* ---- what hosts remember of their accounts ---- */

/* char * -> char *, wiped when it is given back.  Writes that are not done yet are seen, too. */
GHashTable *cw_store_list_remembered(CwStore *store, const char *domain, const char *jid,
                                     GError **error);
/* `value` NULL: forgets it.  CW_STORE_ERROR_FULL: the user would have over `most` values, or over
 * `most_bytes` with their names, as they are stored; what was there stays.  They go with their
 * user, and move with him; of one who is not registered (any more) nothing is stored. */
void cw_store_remember(CwStore *store, const char *domain, const char *jid, const char *name,
                       const char *value, guint most, guint most_bytes, CwStoreDone done,
                       gpointer data);

/* What the writes that wait may hold; 64 MiB.  Over it they are refused like those on a full disk.
 */
void cw_store_set_queue_bytes(CwStore *store, guint bytes);

/* Runs `done` after all writes queued so far. */
void cw_store_sync(CwStore *store, CwStoreDone done, gpointer data);

G_END_DECLS
