/* component/features/gateway-commands.h: what a user can tell the gateway itself: in a chat with
 * it, and in a client's menu (XEP-0050)
 *
 * One table; a command answers where it came from (talk.h).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include "component/features/talk.h"

G_BEGIN_DECLS

struct CwGatewayCommand {
    const char *word;
    const char *usage;          /* nullable, for the help: the word and what stands behind it */
    const char *help;           /* %s is the network's name */
    const char *help_of_things; /* nullable: where contacts are things to watch */
    gboolean has_rest;          /* something may follow the word */
    gboolean for_registered;
    /* The network, or the admin, has what it is for.  Nullable: always. */
    gboolean (*is_there)(CwComponent *component);
    gboolean (*is_offered)(CwComponent *component); /* the same, for the help and menus alone */
    /* It makes sense for him now: in menus.  Nullable: always. */
    gboolean (*is_useful)(CwComponent *component, const CwJid *user);
    /* `rest`: stripped, "" for none. */
    void (*run)(CwTalk *talk, const char *rest);
    /* The form that a menu shows first; nullable: it is run at once.  NULL with CW_STANZA_ERROR. */
    GPtrArray *(*fields)(CwComponent *component, const CwJid *user, GError **error);
    /* The values of that form, or of what run() asked by cw_talk_ask().  Nullable: they are put
     * behind the word, a boolean as "on" or "off", and run() takes them. */
    void (*filled)(CwTalk *talk, GHashTable *values);
};

/* In a chat.  An unknown word gets the help. */
void cw_gateway_commands_run(CwComponent *component, const CwJid *user, const char *typed);

/* In menus: CwGatewayCommand * that make sense for him now; (transfer container).  And one of
 * them; NULL: it is none. */
GPtrArray *cw_gateway_commands_list(CwComponent *component, const CwJid *user);
const CwGatewayCommand *cw_gateway_commands_find(CwComponent *component, const CwJid *user,
                                                 const char *word);
char *cw_gateway_command_label(CwComponent *component, const CwGatewayCommand *command);
void cw_gateway_commands_take_request(CwComponent *component, const CwStanza *stanza,
                                      const CwNode *child, const char *node);

/* Contacts are not people, but things to watch. */
gboolean cw_gateway_has_things(CwComponent *component);

/* A text with the network's name for each %s.  (transfer full) */
char *cw_gateway_name_network(CwComponent *component, const char *text);

G_END_DECLS
