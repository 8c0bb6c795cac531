/* protocols/purple/defaults.c: the one place that knows networks by name
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "protocols/purple/defaults.h"

#include <string.h>

/* What prpl-irc of libpurple 2.14 does (measured): every command but those of the log-in itself
 * goes into a queue, which a timer looks at once a second; it sends what the budget of
 * `ratelimit-burst` commands has, and gets one more each `ratelimit-interval` seconds.  So a
 * message waits up to a second for the timer (message.c takes care of that), and behind all
 * commands before it when the budget is used up.  5 and 2 s, the plugin's own values, let the
 * presence queries of a log-in hold back the first message for seconds.  10 and 1 s is what IRC
 * gateways commonly do, and below what servers of today call a flood. */
static const CwPurpleOption irc_options[] = {
    {"ratelimit-burst", "10"},
    {"ratelimit-interval", "1"},
    {NULL, NULL},
};

/* Who bans on IRC also kicks, or the banned one stays. */
static const CwPurpleRoomCommands irc_commands = {
    .nick = "nick %n",
    .invite = "invite %c",
    .roles = {[CW_ROLE_NONE] = "kick %n %t",
              [CW_ROLE_VISITOR] = "devoice %n",
              [CW_ROLE_PARTICIPANT] = "voice %n",
              [CW_ROLE_MODERATOR] = "op %n"},
    .affiliations = {[CW_AFFILIATION_NONE] = "mode -o %n\nmode -v %n",
                     [CW_AFFILIATION_OUTCAST] = "mode +b %n!*@*\nkick %n %t",
                     [CW_AFFILIATION_MEMBER] = "voice %n",
                     [CW_AFFILIATION_ADMIN] = "op %n"},
};
/* Its commands for roles part nicks at spaces, and know people by their full JIDs; stanza.c sends
 * the request. */
static const CwPurpleRoomCommands jabber_commands = {
    .nick = "nick %n",
    .invite = "invite %c %t",
};

#define OSCAR_SEARCH                                                                               \
    {                                                                                              \
        "Search for Buddy by Email Address...", "email", "No results found for"                    \
    }

/* identity: XMPP registrar's list where it has the network
 * (https://xmpp.org/registrar/disco-categories.html#gateway) */
static const CwPurpleDefaults table[] = {
    {.id = "prpl-irc",
     .identity = "irc",
     .no_authorization = TRUE,
     /* 512 with CR LF, less "PRIVMSG NICK :" and the ":nick!user@host " that servers put before */
     .message_bytes = 400,
     .not_in_contact = " ,:!@",
     .local_contacts = TRUE,
     .infos = 4,
     .queue_signal = "irc-sending-text",
     .line_signal = "irc-receiving-text",
     .room_prefixes = "#&+!",
     .room_commands = &irc_commands,
     .options = irc_options},
    /* without one there is only Kerberos, with the tickets of the gateway's own user */
    {.id = "prpl-jabber",
     .identity = "xmpp",
     .needs_password = TRUE,
     .stanza_signals = "jabber",
     .room_nick = "handle",
     .room_commands = &jabber_commands,
     .search = {.label = "Search for Users..."}},
    {.id = "prpl-gg",
     .identity = "gadu-gadu",
     .no_authorization = TRUE,
     .message_bytes = 1989,
     .search = {.label = "Find buddies...", .none = "No matching users found"}},
    {.id = "prpl-simple", .identity = "simple"},
    {.id = "prpl-zephyr", .identity = "zephyr", .no_authorization = TRUE},
    {.id = "prpl-bonjour", .identity = "bonjour", .no_authorization = TRUE},
    {.id = "prpl-novell", .identity = "groupwise"},
    {.id = "prpl-meanwhile",
     .identity = "sametime",
     .no_authorization = TRUE,
     .search = {"User Search...", "nick", "No matches"}},
    {.id = "prpl-aim", .identity = "aim", .search = OSCAR_SEARCH},
    {.id = "prpl-icq", .identity = "icq", .search = OSCAR_SEARCH},
    {.id = "prpl-msn", .identity = "msn"},
    {.id = "prpl-yahoo", .identity = "yahoo"},
    {.id = "prpl-yahoojp", .identity = "yahoo"},
    {.id = "prpl-mxit", .identity = "mxit"},
    {.id = "prpl-myspace", .identity = "myspaceim"},
    {.id = "prpl-eionrobb-discord", .identity = "discord"},
    {.id = "prpl-eionrobb-rocketchat", .identity = "rocketchat"},
    {.id = "prpl-eionrobb-mattermost", .identity = "mattermost"},
    {.id = "prpl-eionrobb-googlechat", .identity = "googlechat"},
    {.id = "prpl-eionrobb-msteams", .identity = "teams"},
    {.id = "prpl-skypeweb", .identity = "skype"},
    {.id = "prpl-slack", .identity = "slack"},
    {.id = "prpl-telegram", .identity = "telegram"},
    {.id = "telegram-tdlib", .identity = "telegram"},
    {.id = "prpl-hehoe-whatsmeow", .identity = "whatsapp"},
    {.id = "prpl-hehoe-presage", .identity = "signal"},
    {.id = "prpl-mm-sms", .identity = "sms", .no_authorization = TRUE},
    {.id = "prpl-ofono", .identity = "sms", .no_authorization = TRUE},
    /* tests/peers/: without a network */
    {.id = "prpl-mock", .search = {.label = "Search for Users...", .none = "Nobody is called"}},
    {.id = NULL},
};

const char *const cw_purple_chat_statuses[] = {"freeforchat", "free4chat", "chat", NULL};

const CwPurpleDefaults *cw_purple_defaults_find(const char *id)
{
    const CwPurpleDefaults *row = table;
    while (row->id != NULL && strcmp(row->id, id) != 0)
        row++;
    return row;
}

const char *cw_purple_defaults_option(const CwPurpleDefaults *defaults, const char *name)
{
    for (const CwPurpleOption *o = defaults->options; o != NULL && o->name != NULL; o++) {
        if (strcmp(o->name, name) == 0)
            return o->value;
    }
    return NULL;
}

const char *cw_purple_defaults_identity(const CwPurpleDefaults *defaults, const char *id)
{
    if (defaults->identity != NULL)
        return defaults->identity;
    return g_str_has_prefix(id, "prpl-") ? id + strlen("prpl-") : id;
}
