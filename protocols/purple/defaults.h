/* protocols/purple/defaults.h: the one place that knows networks by name
 *
 * A plugin that is not in the table works all the same, with the values of the table's last row.
 * What each row is for stands in README.md.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include "transport/protocol.h"

G_BEGIN_DECLS

typedef struct {
    const char *name;
    const char *value;
} CwPurpleOption;

/* How a plugin searches its network's directory of users: search.c.  Its texts are all that tells
 * its actions and errors apart; the process has no locale, so nothing translates them. */
typedef struct {
    const char *label; /* of the account action; NULL: there is none */
    const char *input; /* what an input of the action asks for, as the name of a field of the
                          search; NULL: it asks for the directory, and its form comes behind that */
    const char *none;  /* how the error begins that says that nobody was found, or NULL */
} CwPurpleSearch;

/* Commands of the plugin for what libpurple has no call: `%n` the nick, `%t` the text, `%c` a
 * contact; several are parted by a line break.  NULL: there is no such thing. */
typedef struct {
    const char *nick;
    const char *invite;
    const char *roles[CW_ROLE_MODERATOR + 1];           /* by CwRole; NONE kicks */
    const char *affiliations[CW_AFFILIATION_OWNER + 1]; /* by CwAffiliation; OUTCAST bans */
} CwPurpleRoomCommands;

typedef struct {
    const char *id;             /* of the plugin; NULL in the last row */
    const char *identity;       /* disco#info type; NULL: the id without "prpl-" */
    gboolean no_authorization;  /* contacts cannot grant or deny to be seen */
    gboolean needs_password;    /* though the plugin calls it optional */
    guint message_bytes;        /* longest text of one message in bytes; 0: any.  The plugin's own
                                   cutting, if it has any, is not to be relied on */
    const char *not_in_contact; /* bytes that no contact's name has on this network, or NULL: they
                                   would change the meaning of a command */
    gboolean local_contacts; /* the contact list is libpurple's alone: contacts may be added while
                                the log-in is under way, which spares a command for each */
    guint infos; /* contacts of whom something is asked at once; 0: any.  Each is a command
                    that messages wait behind */
    const char *stanza_signals; /* the plugin lets its stanzas be seen by signals with this prefix;
                                   see stanza.c */
    const char *queue_signal; /* the plugin sends from a queue that a GLib timer of its own empties
                                 (message.c), and this signal of it shows each line of IRC when
                                 it is written (sent.c) */
    const CwPurpleSearch search;
    const char *line_signal;   /* the plugin shows each line that it receives: see room-signs.c */
    const char *room_prefixes; /* see LINK.md; nullable */
    const char *room_nick; /* its name for the nick in the form of a join; NULL: there is none */
    const CwPurpleRoomCommands *room_commands; /* nullable */
    const CwPurpleOption *options; /* account options other than the plugin's own defaults, where
                                      the gateway gives none; ended by a NULL name */
} CwPurpleDefaults;

/* Never NULL. */
const CwPurpleDefaults *cw_purple_defaults_find(const char *id);

/* (nullable) */
const char *cw_purple_defaults_option(const CwPurpleDefaults *defaults, const char *name);

/* The disco#info type of plugin `id`. */
const char *cw_purple_defaults_identity(const CwPurpleDefaults *defaults, const char *id);

/* Is this status id of a plugin what XMPP calls "chat" (wants to talk)?  libpurple has no primitive
 * for it; plugins agree on these names.  NULL-ended. */
extern const char *const cw_purple_chat_statuses[];

G_END_DECLS
