/* component/features/features.h: every feature, in the order in which component.c asks them
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#pragma once

#include "component/component.h"

G_BEGIN_DECLS

extern const CwFeature cw_feature_disco;
extern const CwFeature cw_feature_registration;
extern const CwFeature cw_feature_gateway_prompt;
extern const CwFeature cw_feature_basics;
extern const CwFeature cw_feature_privilege;
extern const CwFeature cw_feature_presence;
extern const CwFeature cw_feature_roster;
extern const CwFeature cw_feature_messages;
extern const CwFeature cw_feature_gateway_chat;

/* ---- what features offer each other ---- */

/* XEP-0115 element of the gateway (`contact` FALSE) or of a contact, into an available presence. */
void cw_disco_write_caps(CwComponent *component, CwWriter *writer, gboolean contact);

/* The gateway's presence, and a contact's, to one address. */
void cw_presence_send_gateway(CwComponent *component, CwSession *session, const char *to);
void cw_presence_send_contact(CwComponent *component, const CwContact *contact, const char *to);

/* A chat message from the gateway itself to a user. */
void cw_gateway_chat_say(CwComponent *component, const char *to, const char *text);

/* The user is known to be registered now: asks to see his presence (XEP-0100 4.1.1, step 9). */
void cw_presence_greet(CwComponent *component, const char *user);
/* Asks the server for the user's presence. */
void cw_presence_probe(CwComponent *component, const char *user);

G_END_DECLS
