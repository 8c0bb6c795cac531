/* conf/settings.h: the settings file, read once into one immutable struct
 *
 * A GKeyFile with the sections [server], [store], [programs], [log], [limits], [timing] and one
 * [transport DOMAIN] a network.  Every key has a default here and a line in causeway.conf(5); an
 * unknown key, a value of the wrong shape or out of range is an error that names file, section, key
 * and what was expected.  For every limit, 0 means: no limit.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define CW_SETTINGS_ERROR (cw_settings_error_quark())
GQuark cw_settings_error_quark(void);

typedef enum {
    CW_SETTINGS_ERROR_READ,    /* the file cannot be read */
    CW_SETTINGS_ERROR_SYNTAX,  /* not a key file */
    CW_SETTINGS_ERROR_UNKNOWN, /* a section or key that does not exist */
    CW_SETTINGS_ERROR_VALUE,   /* wrong shape or out of range */
    CW_SETTINGS_ERROR_MISSING, /* a key without default is not there */
} CwSettingsError;

/* What a user, a server or a network may make grow. */
typedef struct {
    guint stanza_size;         /* bytes of one stanza from the server; 262144 */
    guint xml_depth;           /* levels of elements in one stanza; 64 */
    guint xml_attributes;      /* attributes of one element; 64 */
    guint send_queue;          /* bytes waiting for the server before the legacy side is
                                  paused; 1048576 */
    guint link_queue;          /* bytes waiting for a host before it counts as stuck; 4194304 */
    guint message_size;        /* bytes of one message text, either way; a user's over it comes
                                  back, a network's comes in pieces; 65536 */
    guint messages_per_minute; /* from one user to his contacts; 600 */
    guint registrations_per_minute;          /* attempts at one transport, all users; 30 */
    guint registrations_per_user_per_minute; /* attempts of one bare JID; 6 */
    guint accounts_per_domain;               /* registrations at one transport; 0 */
    guint rooms;                             /* of one user at once; 100 */
    guint room_history;          /* messages of a room kept for clients that join later; 50 */
    guint room_occupants;        /* of one room; 5000 */
    guint room_list;             /* rooms that the list of a network's rooms has; 5000 */
    guint archive_messages;      /* of one user in one room, the newest; 10000 */
    guint archive_page;          /* in one answer from an archive; 100 */
    guint staying;               /* users of a transport who stay in rooms while they are offline;
                                    1000 */
    guint contacts;              /* contacts of one account; 5000 */
    guint resources;             /* resources of one user that are online at once; 32 */
    guint pending_messages;      /* of one account, not yet taken by the network; 500 */
    guint pending_size;          /* bytes of their text; 1048576 */
    guint spool_messages;        /* for one user, not yet confirmed by the server; 1000 */
    guint spool_size;            /* bytes of them for all users of a transport, before the legacy
                                    side is paused; 16777216 */
    guint remembered_messages;   /* of one account, to know what a network delivers twice; 100 */
    guint remembered_values;     /* that a host has us remember of one account; 500 */
    guint remembered_value_size; /* bytes of one of them; 16384 */
    guint remembered_size;       /* bytes of all of one account, sealed, with their names; 524288 */
    guint questions;             /* of one account, not yet answered; 16 */
    guint avatar_size;           /* bytes of one picture, of a contact or a user, else it has none;
                                    262144 */
    guint avatar_cache;          /* bytes of all pictures of a transport; 67108864 */
    guint info_requests;         /* of one user for what the network knows of contacts, not yet
                                    answered; 32 */
    guint search_requests;       /* of one user in the network's directory, not yet answered; 4 */
    guint search_results;        /* people in one answer; 500 */
    guint dialogues;             /* users whom one gateway asks something in a chat; 1000 */
    guint host_memory;           /* MiB that a protocol host has in memory; 1024 */
    guint store_queue;           /* bytes waiting to be written to the store; 67108864 */
} CwLimits;

/* All in milliseconds. */
typedef struct {
    guint server_ping_interval;   /* idle time after which the server is pinged; 60000 */
    guint server_ping_timeout;    /* no answer in this time: the stream is dead; 30000 */
    guint server_retry_first;     /* first wait before the stream is tried again; 1000 */
    guint server_retry_max;       /* longest wait; 60000 */
    guint server_refused_retry;   /* wait after wrong secret, unknown host, conflict; 60000 */
    guint server_connect_timeout; /* until the handshake is through; 30000 */
    guint server_grace;           /* legacy sessions stay up this long without a server, 0: for
                                     ever; 300000 */
    guint stop_timeout;           /* orderly stop: wait for the server's close; 5000 */
    guint login_timeout;          /* a legacy log-in, until it counts as unreachable; 60000 */
    guint legacy_retry_first;     /* first wait before a dropped legacy link is tried again; 5000 */
    guint legacy_retry_max;       /* longest wait; 600000 */
    guint host_ping_interval;     /* a host is pinged when quiet for so long; 10000 */
    guint host_ping_timeout;      /* no pong in this time: the host is replaced; 30000 */
    guint host_retry_first;       /* first wait before a dead host is replaced; 500 */
    guint host_retry_max;         /* longest wait; 60000 */
    guint registered_linger; /* a verified log-in waits so long for the user's presence; 60000 */
    guint message_timeout;   /* a message the host neither took nor refused comes back; 60000 */
    guint info_timeout;      /* what the network knows of a contact, until it is not waited for
                                any more; 40000 */
    guint room_list_timeout; /* a network that does not list its rooms in this time; 60000 */
    guint room_list_time;    /* its list is not asked for again for so long; 60000 */
    guint room_join_timeout; /* a join that nobody answers is refused; 60000 */
    guint search_timeout;    /* a search in the network's directory, likewise; 60000 */
    guint logout_delay;      /* after the user's last resource has gone; 3000 */
    guint pending_time;      /* a message that waits for the network so long comes back; 300000 */
    guint quarantine_first;  /* first wait of an account that crashed its host; 60000 */
    guint quarantine_max;    /* longest wait; 3600000 */
} CwTiming;

/* One [transport DOMAIN]. */
typedef struct {
    char *domain;
    char *secret;            /* from secret or secret-file (one line); never empty */
    char *protocol;          /* "purple:prpl-irc"; "KIND:NAME" */
    char *protocol_kind;     /* "purple" */
    char *protocol_name;     /* "prpl-irc" */
    char *name;              /* what users see; default: the domain */
    char *identity;          /* (nullable) disco type of the gateway; default: the network's own */
    char *icon;              /* (nullable) file with the gateway's picture; default: one of ours */
    char *plugin_path;       /* (nullable) where further plugins are, ':' between several */
    guint accounts_per_host; /* 32; of agents 100000: all in one */
    guint logins_per_minute; /* paced log-ins to this network; 3000 */
    char **allow;            /* who may register: domains and bare JIDs, "*" = everybody;
                                default: the parent of the domain */
    char **deny;             /* stronger than allow; default: empty */
    char **user_options;     /* plugin options that the form shows, but secrets; default: empty */
    GHashTable *options;     /* option.NAME = VALUE: char * -> char *, for every account */
    GHashTable *splits;      /* split.N = VALUE (N from 1): char * "N" -> char *, the default of the
                                N-th part of a user name behind the first, such as the IRC server */
    gboolean lock_splits;    /* users cannot choose other values than split.N; FALSE */
    gboolean may_stay;       /* users may stay in rooms while they are offline; TRUE */
    GHashTable *agent;       /* agent.NAME = VALUE: char * -> char *; of NAME-file a path */
    gboolean open;           /* who adds a contact is registered by that, where the network has
                                no accounts of its own; FALSE */
} CwTransportSettings;

typedef struct {
    char *server_host;           /* 127.0.0.1 */
    guint16 server_port;         /* 5347 */
    gboolean server_allow_plain; /* allow-plaintext: XEP-0114 to a server that is not loopback */
    char *store_path;            /* relative to the settings file's folder */
    char *store_key_file;        /* default: the store's path + ".key" */
    guint archive_days;          /* what is said in rooms is kept so long, 0: not at all; 7 */
    char *purple_program;        /* [programs] purple =; default: beside causeway, else libexec */
    char *agents_program;        /* [programs] agents =; likewise causeway-agents */
    gboolean trace;              /* [log] stanzas = true: trace of stanzas, bodies hidden */
    gboolean debug;              /* [log] debug = true */
    char *crash_path;            /* default: crashes beside the store */
    guint crash_logs;            /* files kept there, 0: none is written; 20 */
    CwLimits limits;
    CwTiming timing;
    GPtrArray *transports; /* CwTransportSettings *, in the file's order, at least one */
} CwSettings;

/* Reads and checks `path`.  (transfer full) or NULL with `error` set: "FILE: [SECTION] KEY: what
 * was found, what was expected".  Secrets of the result are wiped by cw_settings_free(). */
CwSettings *cw_settings_load(const char *path, GError **error);

/* The same from memory; `path` is for messages and relative names only. */
CwSettings *cw_settings_parse(const char *data, gsize length, const char *path, GError **error);

/* The settings that differ and cannot change while the gateway runs, as "[SECTION] KEY" with the
 * section's name in the file.  (transfer full), ended by NULL, empty when there is none. */
char **cw_settings_needs_restart(const CwSettings *old, const CwSettings *new_settings);

void cw_settings_free(CwSettings *settings);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CwSettings, cw_settings_free)

/* The transport of that domain, or NULL. */
const CwTransportSettings *cw_settings_find_transport(const CwSettings *settings,
                                                      const char *domain);

/* May the bare, prepared JID (`user`) with domain `user_domain` register at this transport?  deny
 * first, then allow; an entry is a domain, a bare JID or "*". */
gboolean cw_transport_settings_may_register(const CwTransportSettings *settings, const char *user,
                                            const char *user_domain);

G_END_DECLS
