/* component/features/features.h: every feature, in the order in which component.c asks them
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include "component/component.h"
#include "component/disco-info.h"
#include "component/features/dialogue.h"
#include "component/features/talk.h"
#include "component/requests.h"

G_BEGIN_DECLS

extern const CwFeature cw_feature_disco;
extern const CwFeature cw_feature_registration;
extern const CwFeature cw_feature_gateway_prompt;
extern const CwFeature cw_feature_basics;
extern const CwFeature cw_feature_idle;
extern const CwFeature cw_feature_icon;
extern const CwFeature cw_feature_vcard;
extern const CwFeature cw_feature_pep;
extern const CwFeature cw_feature_looks;
extern const CwFeature cw_feature_privilege;
extern const CwFeature cw_feature_bookmarks;
extern const CwFeature cw_feature_rooms;
extern const CwFeature cw_feature_archive;
extern const CwFeature cw_feature_room_ghosts;
extern const CwFeature cw_feature_presence;
extern const CwFeature cw_feature_clients;
extern const CwFeature cw_feature_commands;
extern const CwFeature cw_feature_roster;
extern const CwFeature cw_feature_roster_list;
extern const CwFeature cw_feature_messages;
extern const CwFeature cw_feature_news;
extern const CwFeature cw_feature_move;
extern const CwFeature cw_feature_search;
extern const CwFeature cw_feature_gateway_chat;

/* Bytes of an answer: no server or client takes a stanza of any size, and one that is too large can
 * end the whole stream. */
#define CW_ANSWER_MAX (128 * 1024)

#define CW_NS_AVATAR_DATA "urn:xmpp:avatar:data"             /* XEP-0084 */
#define CW_NS_AVATAR_METADATA "urn:xmpp:avatar:metadata"     /* the same */
#define CW_NS_COMMANDS "http://jabber.org/protocol/commands" /* XEP-0050 */
#define CW_NS_DISCO_ITEMS "http://jabber.org/protocol/disco#items"
#define CW_NS_NICK "http://jabber.org/protocol/nick" /* XEP-0172 */

#define CW_NS_PRIVILEGE "urn:xmpp:privilege:2"           /* XEP-0356 */
#define CW_NS_PUBSUB "http://jabber.org/protocol/pubsub" /* XEP-0060 */

/* ---- what features offer each other ---- */

/* What the user's server lets us do with his PEP nodes. */
enum { CW_PRIVILEGE_GET = 1, CW_PRIVILEGE_SET = 2 };
guint cw_privilege_pubsub(CwComponent *component, const char *user);

/* A name that is a room's, by the way it begins. */
gboolean cw_rooms_is_name(CwComponent *component, const char *name);
extern const char *const cw_rooms_features[]; /* disco#info of a room; ended by NULL */
/* Contacts have commands; and what the one is that disco#info or disco#items asks of the gateway or
 * the stanza's contact: (transfer full), NULL: `node` is none of them. */
gboolean cw_commands_are_there(CwComponent *component);
CwDiscoInfo *cw_commands_describe(CwComponent *component, const CwStanza *stanza, const char *node);
gboolean cw_commands_answer_items(CwComponent *component, const CwStanza *stanza, const char *node);
/* What is said in rooms is archived; and something of this room for this user. */
gboolean cw_archive_is_on(CwComponent *component);
gboolean cw_archive_has(CwComponent *component, const CwJid *user, const char *room);
/* disco#items of the gateway: rooms.  And whether the network listed this one to him lately. */
void cw_room_list_answer(CwComponent *component, const CwStanza *stanza, const CwNode *query);
gboolean cw_room_list_has(CwComponent *component, const CwJid *user, const char *room);
/* Commands of the gateway (room-keeping.c), and whether there is one to stay. */
void cw_rooms_run_list(CwTalk *talk, const char *rest);
void cw_rooms_run_autojoin(CwTalk *talk, const char *rest);
void cw_rooms_run_stay(CwTalk *talk, const char *rest);
void cw_rooms_run_leave(CwTalk *talk, const char *rest);
gboolean cw_rooms_may_stay(CwComponent *component);
/* XEP-0380, XEP-0384: what it says is not what its sender wrote. */
gboolean cw_messages_is_encrypted(const CwNode *message);

/* The gateway's own picture; NULL: the network is not described yet. */
const CwAvatar *cw_icon_of(CwComponent *component);
/* Type of its identity, "irc". */
const char *cw_disco_gateway_type(CwComponent *component);
/* XEP-0115 element of the gateway (`contact` FALSE) or of a contact, into an available presence. */
void cw_disco_write_caps(CwComponent *component, CwWriter *writer, gboolean contact);

/* What we want of a client; clients.c knows the feature in its disco#info. */
typedef enum {
    CW_ABILITY_ROSTER_EXCHANGE, /* takes roster items: XEP-0144 */
    CW_ABILITY_AVATARS,         /* wants to be told of pictures: XEP-0084 */
    CW_ABILITY_NICKS,           /* of nicknames: XEP-0172 */
    CW_ABILITY_NEWS,            /* of what contacts publish: XEP-0277 */
    CW_N_ABILITIES,
} CwAbility;

typedef enum { CW_CLIENT_CANNOT, CW_CLIENT_CAN, CW_CLIENT_UNKNOWN } CwClientAnswer;

/* UNKNOWN: it is asked, and `client` of each feature is called when that is known. */
CwClientAnswer cw_clients_can(CwComponent *component, CwSession *session, const char *resource,
                              CwAbility ability);

/* A subscription request of a contact; `nick` and `text` are nullable. */
void cw_roster_ask(CwComponent *component, CwSession *session, const char *contact,
                   const char *nick, const char *text);

/* His registration is gone: these are off his roster where his server lets us. */
void cw_roster_forget(CwComponent *component, const char *user, const GPtrArray *jids);

/* The gateway's presence, and a contact's, to one address. */
void cw_presence_send_gateway(CwComponent *component, CwSession *session, const char *to);
void cw_presence_send_contact(CwComponent *component, const CwContact *contact, const char *to);
/* To each resource of the user's that is there. */
void cw_presence_tell_contact(CwComponent *component, CwSession *session, const CwContact *contact);

/* XEP-0153, into an available presence: of a contact, of any picture (NULL: there is none). */
void cw_avatars_write_update(CwWriter *writer, const CwContact *contact);
void cw_avatars_write_hash(CwWriter *writer, const CwAvatar *avatar);
/* XEP-0084, into an item; NULL: there is none. */
void cw_avatars_write_metadata(CwWriter *writer, const CwAvatar *avatar);
void cw_avatars_write_data(CwWriter *writer, const CwAvatar *avatar);

/* What contacts publish, where the network has that: a node of each. */
#define CW_NS_NEWS "urn:xmpp:microblog:0"    /* XEP-0277 */
extern const char *const cw_news_features[]; /* disco#info of such a contact; ended by NULL */
gboolean cw_news_has_node(CwComponent *component, const char *node);
/* Whether it is about that node, or about what only it has, and answered. */
gboolean cw_news_answer(CwComponent *component, const CwStanza *stanza, const CwNode *pubsub);
/* disco#items of the node, and what disco#info of it has behind the features. */
void cw_news_answer_items(CwComponent *component, const CwStanza *stanza);
void cw_news_write_metadata(CwWriter *writer, const CwContact *contact);
/* The nodes that a contact may have, ended by NULL, and whether it has this one. */
const char *const *cw_pep_nodes(void);
gboolean cw_pep_has_node(const CwContact *contact, const char *node);

/* XEP-0319: Unix time, s, since when nobody is at the keyboard; 0: somebody is, or not known. */
void cw_idle_write(CwWriter *writer, gint64 since);
gint64 cw_idle_read(const CwNode *presence);

/* ---- registration, by iq or by chat ---- */

/* How it went; condition and text (nullable) when it was not done. */
typedef void (*CwRegistrationAnswer)(CwComponent *component, gboolean done,
                                     CwStanzaCondition condition, const char *text, gpointer data);

/* Somebody who is not registered adds a contact.  TRUE: he is being registered by that, and `then`
 * goes on with his request, or it comes back as an error.  FALSE: he has to register himself. */
typedef void (*CwNewcomerThen)(CwComponent *component, const CwStanza *stanza);
gboolean cw_newcomers_take(CwComponent *component, const CwStanza *stanza, CwNewcomerThen then);
/* Who is not registered yet would be by that. */
gboolean cw_newcomers_may_come(CwComponent *component, const CwJid *user);

/* The admin lets this user have an account here: `allow` and `deny`. */
gboolean cw_registration_is_allowed(CwComponent *component, const CwJid *user);
/* What the user is to fill in (CwField *, transfer full) with instructions (transfer full); NULL
 * and CW_STANZA_ERROR: he may not, or the network is not known. */
GPtrArray *cw_registration_fields(CwComponent *component, const CwJid *user, char **instructions,
                                  GError **error);
/* Values by field name.  `answer` is called exactly once, now or when the network has answered. */
void cw_registration_submit(CwComponent *component, const CwJid *user, GHashTable *values,
                            CwRegistrationAnswer answer, gpointer data);
void cw_registration_remove(CwComponent *component, const CwJid *user, CwRegistrationAnswer answer,
                            gpointer data);
/* The same for its old JID, but that everything stored becomes the JID's `to`. */
void cw_registration_move(CwComponent *component, const CwUser *user, const char *to,
                          CwRegistrationAnswer answer, gpointer data);

/* ---- what a user wants of the gateway itself (preferences.c) ---- */

/* Behind the fields of the registration form; `user` (nullable): what is registered. */
void cw_preferences_add_fields(CwComponent *component, const CwUser *user, GPtrArray *fields);
/* Sets in `user` what the values of the form change of `old` (nullable). */
void cw_preferences_take(CwComponent *component, GHashTable *values, const CwUser *old,
                         CwUser *user);
/* Commands of the gateway, whose words are those of the preferences: whether they are there, and
 * what a menu asks for. */
gboolean cw_preferences_has_picture(CwComponent *component);
gboolean cw_preferences_has_invisible(CwComponent *component);
GPtrArray *cw_preferences_picture_fields(CwComponent *component, const CwJid *user, GError **error);
GPtrArray *cw_preferences_invisible_fields(CwComponent *component, const CwJid *user,
                                           GError **error);
void cw_preferences_run(CwTalk *talk, const char *rest);

/* ---- moving a registration to another JID: commands of the gateway ---- */

/* Who says it wants the one at `address` to have his registration. */
void cw_move_begin(CwTalk *talk, const char *address);
/* Who says it has the code that the other one was told. */
void cw_move_accept(CwTalk *talk, const char *code);
gboolean cw_move_is_awaited(CwComponent *component, const CwJid *to); /* somebody wants him to */

/* ---- the address of a contact whose name the user knows ---- */

/* The question for that name, and the label of its field, in a language (nullable) of those that
 * we have.  (transfer full) */
char *cw_gateway_prompt(CwComponent *component, const char *lang, const char **label);
/* That of a name in the network's own form.  (transfer full); NULL: there can be none. */
char *cw_gateway_address_of(CwComponent *component, const char *name);
/* `jid` NULL: there is none, and `problem` says why. */
typedef void (*CwAddressDone)(CwComponent *component, const char *jid, const char *problem,
                              gpointer data);
/* The JID of who is called so on the network: by its own form of the name ("Some Body" may be
 * "somebody" there); by what he typed for a user (bare JID) who is not logged in.  Now or later. */
void cw_gateway_find_address(CwComponent *component, const char *user, const char *typed,
                             CwAddressDone done, gpointer data);

/* ---- chats with the gateway itself ---- */

/* A message from it to a user. */
void cw_gateway_chat_say(CwComponent *component, const char *to, const char *text);
/* cw_dialogue_begin(), but FALSE as well when the user is asked something else already. */
gboolean cw_gateway_chat_ask(CwComponent *component, const char *user, const char *intro,
                             GPtrArray *fields, CwDialogueDone done, gpointer data,
                             GDestroyNotify free_data);

/* The command "search"; `words`: "" for none.  And with the fields that it asked for. */
void cw_search_run(CwTalk *talk, const char *words);
void cw_search_filled(CwTalk *talk, GHashTable *values);

/* The user is known to be registered now: asks to see his presence (XEP-0100 4.1.1, step 9). */
void cw_presence_greet(CwComponent *component, const char *user);
/* The stream came up a moment ago, who is there is still being asked, and this user has not been
 * seen to be away. */
gboolean cw_presence_may_be_there(CwComponent *component, const char *user);
/* Asks the server for the user's presence. */
void cw_presence_probe(CwComponent *component, const char *user);

G_END_DECLS
