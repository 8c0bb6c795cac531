/* protocols/purple/room-signs.c: what plugins let be seen of rooms besides libpurple's ops
 *
 * libpurple knows that somebody is not in a room any more, but not that he was kicked, by whom and
 * why; that a join failed, but not why, or only as a text in some language.  prpl-irc shows its
 * lines and prpl-jabber its stanzas, just before they are dealt with.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <string.h>

#include "protocols/purple/host.h"
#include "protocols/purple/markup.h"
#include "protocols/purple/rooms.h"
#include "protocols/purple/sent.h"

#define NS_MUC_USER "http://jabber.org/protocol/muc#user"
#define PARAMETERS_MAX 15 /* RFC 2812 2.3 */

/* ---- IRC: RFC 2812 ---- */

typedef struct {
    char *nick; /* of the prefix; nullable */
    char *command;
    char *parameters[PARAMETERS_MAX + 1];
    guint n;
} Line;

/* Cuts `text` up. */
static gboolean read_line(char *text, Line *line)
{
    char *rest = text;

    *line = (Line){0};
    if (*rest == ':') {
        line->nick = rest + 1;
        rest += strcspn(rest, " ");
        if (*rest != '\0')
            *rest++ = '\0';
        line->nick[strcspn(line->nick, "!@")] = '\0';
    }
    rest += strspn(rest, " ");
    line->command = rest;
    while (*(rest += strcspn(rest, " ")) != '\0' && line->n < PARAMETERS_MAX) {
        *rest++ = '\0';
        rest += strspn(rest, " ");
        if (*rest == ':') {
            line->parameters[line->n++] = rest + 1;
            break;
        }
        if (*rest != '\0')
            line->parameters[line->n++] = rest;
    }
    return *line->command != '\0';
}

static const struct {
    const char *numeric;
    CwReason reason;
    gboolean of_message; /* else of a join */
} numerics[] = {
    {"403", CW_REASON_NO_CONTACT, FALSE}, {"405", CW_REASON_RATE, FALSE},
    {"437", CW_REASON_RATE, FALSE},       {"471", CW_REASON_FULL, FALSE},
    {"473", CW_REASON_INVITATION, FALSE}, {"474", CW_REASON_BANNED, FALSE},
    {"475", CW_REASON_PASSWORD, FALSE},   {"476", CW_REASON_NO_CONTACT, FALSE},
    {"477", CW_REASON_INVITATION, FALSE}, {"489", CW_REASON_FORBIDDEN, FALSE},
    {"404", CW_REASON_FORBIDDEN, TRUE},
};

static const struct {
    const char *numeric;
    CwReason reason;
    gboolean of_nick;
} refused_commands[] = {
    {"482", CW_REASON_FORBIDDEN, FALSE},  {"481", CW_REASON_FORBIDDEN, FALSE},
    {"484", CW_REASON_FORBIDDEN, FALSE},  {"485", CW_REASON_FORBIDDEN, FALSE},
    {"472", CW_REASON_FORBIDDEN, FALSE},  {"478", CW_REASON_FULL, FALSE},
    {"442", CW_REASON_FORBIDDEN, FALSE},  {"441", CW_REASON_NO_CONTACT, FALSE},
    {"401", CW_REASON_NO_CONTACT, FALSE}, {"443", CW_REASON_CONFLICT, FALSE},
    {"433", CW_REASON_CONFLICT, TRUE},    {"436", CW_REASON_CONFLICT, TRUE},
    {"432", CW_REASON_FORBIDDEN, TRUE},   {"437", CW_REASON_CONFLICT, TRUE},
    {"438", CW_REASON_RATE, TRUE},        {"447", CW_REASON_FORBIDDEN, TRUE},
};

/* ":server 482 nick #room :You're not channel operator", ":server 401 nick WHO :No such nick" */
static void take_refused_command(CwAccount *account, const Line *line)
{
    for (guint i = 0; i < G_N_ELEMENTS(refused_commands) && line->n >= 2; i++) {
        if (strcmp(refused_commands[i].numeric, line->command) == 0)
            cw_rooms_command_refused(account, line->parameters[1], refused_commands[i].of_nick,
                                     refused_commands[i].reason, line->parameters[line->n - 1]);
    }
}

static gboolean is_own(const CwAccount *account, const char *nick)
{
    const PurpleConnection *gc = cw_account_connection(account);
    const char *own = gc != NULL ? purple_connection_get_display_name(gc) : NULL;

    return own != NULL && g_ascii_strcasecmp(own, nick) == 0;
}

/* What he has done himself, as the server shows it to him and all others. */
static void take_done(CwAccount *account, const Line *line)
{
    if (strcmp(line->command, "341") == 0 && line->n >= 3)
        cw_rooms_command_done(account, NULL, CW_LINK_ROOM_INVITE, line->parameters[1]);
    if (line->nick == NULL || line->n == 0 || !is_own(account, line->nick))
        return;
    if (strcmp(line->command, "NICK") == 0)
        cw_rooms_command_done(account, NULL, CW_LINK_ROOM_NICK, line->parameters[0]);
    else if (strcmp(line->command, "KICK") == 0 || strcmp(line->command, "MODE") == 0)
        cw_rooms_command_done(account, line->parameters[0], CW_LINK_ROOM_SET, NULL);
    else if (strcmp(line->command, "TOPIC") == 0)
        cw_rooms_command_done(account, line->parameters[0], CW_LINK_ROOM_SUBJECT, NULL);
}

/* ":server 475 nick #room :Cannot join channel (+k)" */
static void take_numeric(CwAccount *account, const Line *line)
{
    for (guint i = 0; i < G_N_ELEMENTS(numerics) && line->n >= 2; i++) {
        if (strcmp(numerics[i].numeric, line->command) != 0)
            continue;
        const char *room = line->parameters[1];
        const char *text = line->n > 2 ? line->parameters[line->n - 1] : NULL;
        if (numerics[i].of_message)
            cw_sent_refuse_oldest_for(account->sent, room, numerics[i].reason, text);
        else
            cw_rooms_refused(account, room, numerics[i].reason, text);
    }
}

static void sign_exit(CwAccount *account, const char *room, const char *nick, CwExit exit,
                      const char *by, const char *text)
{
    g_autofree char *clean = text != NULL ? cw_text_clean(text) : NULL;
    g_autofree char *valid = by != NULL ? cw_text_one_line(by) : NULL;
    const CwRoomSign sign = {exit, valid, clean, CW_REASON_NONE};

    cw_rooms_sign_exit(account, room, nick, &sign);
    if (is_own(account, nick))
        cw_rooms_sign_exit(account, room, NULL, &sign);
}

static void sign_quit(CwAccount *account, const char *nick, const char *text)
{
    g_autofree char *clean = cw_text_clean(text);
    const CwRoomSign sign = {CW_EXIT_LEFT, NULL, clean, CW_REASON_NONE};

    if (*clean != '\0')
        cw_rooms_sign_quit(account, nick, &sign);
}

/* "#room +ob nick mask": of every letter here, a parameter */
static void take_modes(CwAccount *account, const Line *line)
{
    gboolean plus = TRUE;
    guint at = 2;

    for (const char *p = line->parameters[1]; *p != '\0' && at < line->n; p++) {
        if (*p == '+' || *p == '-') {
            plus = *p == '+';
        } else if (strchr("beIkohvaq", *p) != NULL || (*p == 'l' && plus)) {
            g_autofree char *nick =
                g_strndup(line->parameters[at], strcspn(line->parameters[at], "!@"));
            at++;
            if (*p == 'b' && plus)
                cw_rooms_sign_ban(account, line->parameters[0], nick);
        }
    }
}

static void take_kick(CwAccount *account, const Line *line)
{
    const char *room = line->parameters[0], *nick = line->parameters[1];

    sign_exit(account, room, nick,
              cw_rooms_has_banned(account, room, nick) ? CW_EXIT_BANNED : CW_EXIT_KICKED,
              line->nick, line->n > 2 ? line->parameters[2] : NULL);
}

static void take_line(CwAccount *account, const Line *line)
{
    if (strcmp(line->command, "KICK") == 0 && line->n >= 2)
        take_kick(account, line);
    else if (strcmp(line->command, "MODE") == 0 && line->n > 2)
        take_modes(account, line);
    else if (strcmp(line->command, "PART") == 0 && line->n >= 2 && line->nick != NULL)
        sign_exit(account, line->parameters[0], line->nick, CW_EXIT_LEFT, NULL,
                  line->parameters[1]);
    else if (strcmp(line->command, "QUIT") == 0 && line->n >= 1 && line->nick != NULL)
        sign_quit(account, line->nick, line->parameters[0]);
    else
        take_numeric(account, line);
}

static void receiving_text_cb(PurpleConnection *gc, char **text, gpointer data)
{
    CwAccount *account = cw_account_of_gc(gc);
    Line line;

    if (account == NULL || text == NULL || *text == NULL)
        return;
    g_autofree char *copy = g_utf8_make_valid(*text, -1);
    if (!read_line(copy, &line))
        return;
    take_done(account, &line);
    take_refused_command(account, &line);
    take_line(account, &line);
}

/* ---- XMPP: XEP-0045 ---- */

static const struct {
    const char *condition;
    CwReason reason;
} refusals[] = {
    {"not-authorized", CW_REASON_PASSWORD},
    {"forbidden", CW_REASON_BANNED},
    {"registration-required", CW_REASON_INVITATION},
    {"conflict", CW_REASON_CONFLICT},
    {"service-unavailable", CW_REASON_FULL},
    {"item-not-found", CW_REASON_NO_CONTACT},
    {"not-allowed", CW_REASON_FORBIDDEN},
    {"not-acceptable", CW_REASON_FORBIDDEN},
    {"jid-malformed", CW_REASON_NO_CONTACT},
    {"remote-server-not-found", CW_REASON_NO_CONTACT},
    {"remote-server-timeout", CW_REASON_NETWORK},
};

static gboolean has_status(xmlnode *x, const char *code)
{
    for (xmlnode *status = xmlnode_get_child(x, "status"); status != NULL;
         status = xmlnode_get_next_twin(status)) {
        if (g_strcmp0(xmlnode_get_attrib(status, "code"), code) == 0)
            return TRUE;
    }
    return FALSE;
}

static CwExit read_exit(xmlnode *x)
{
    if (xmlnode_get_child(x, "destroy") != NULL || has_status(x, "332"))
        return CW_EXIT_ENDED;
    if (has_status(x, "301"))
        return CW_EXIT_BANNED;
    return has_status(x, "307") || has_status(x, "321") || has_status(x, "322") ? CW_EXIT_KICKED
                                                                                : CW_EXIT_LEFT;
}

/* XEP-0045 8.2, 9.1, 10.9: the reason stands in the item, that of a destroyed room in its element
 */
static void take_gone(CwAccount *account, const char *room, const char *nick, xmlnode *x,
                      xmlnode *item)
{
    xmlnode *destroy = xmlnode_get_child(x, "destroy");
    xmlnode *reason = xmlnode_get_child(destroy != NULL ? destroy : item, "reason");
    xmlnode *actor = xmlnode_get_child(item, "actor");
    g_autofree char *said = reason != NULL ? xmlnode_get_data(reason) : NULL;
    g_autofree char *text = said != NULL ? cw_text_clean(said) : NULL;
    const CwRoomSign sign = {
        .exit = read_exit(x),
        .by = (char *)(actor != NULL ? xmlnode_get_attrib(actor, "nick") : NULL),
        .text = text,
    };

    cw_rooms_sign_exit(account, room, nick, &sign);
    if (has_status(x, "110"))
        cw_rooms_sign_exit(account, room, NULL, &sign);
}

/* (transfer full) (nullable) its text */
static char *read_error(xmlnode *error, CwReason *reason)
{
    xmlnode *text = xmlnode_get_child(error, "text");

    *reason = CW_REASON_OTHER;
    for (guint i = 0; i < G_N_ELEMENTS(refusals); i++) {
        if (xmlnode_get_child(error, refusals[i].condition) != NULL) {
            *reason = refusals[i].reason;
            break;
        }
    }
    return text != NULL ? xmlnode_get_data(text) : NULL;
}

/* Of a join, or of another nick. */
static void take_refusal(CwAccount *account, const char *room, xmlnode *error)
{
    CwReason reason = CW_REASON_OTHER;
    g_autofree char *said = read_error(error, &reason);

    if (!cw_rooms_command_refused(account, room, TRUE, reason, said))
        cw_rooms_refused(account, room, reason, said);
}

static gboolean receiving_iq_cb(PurpleConnection *gc, const char *type, const char *id,
                                const char *from, xmlnode *packet, gpointer data)
{
    CwAccount *account = cw_account_of_gc(gc);
    xmlnode *error = xmlnode_get_child(packet, "error");
    CwReason reason = CW_REASON_OTHER;

    if (account == NULL || from == NULL || !cw_rooms_has(account, from))
        return FALSE;
    if (g_strcmp0(type, "result") == 0)
        cw_rooms_command_done(account, from, CW_LINK_ROOM_SET, NULL);
    if (g_strcmp0(type, "error") != 0 || error == NULL)
        return FALSE;
    g_autofree char *said = read_error(error, &reason);
    /* 8.2: of a command, "forbidden" is no ban */
    cw_rooms_command_refused(account, from, FALSE,
                             reason == CW_REASON_BANNED ? CW_REASON_FORBIDDEN : reason, said);
    return FALSE;
}

/* (transfer full) (nullable) the text of a child */
static char *read_child(xmlnode *packet, const char *name)
{
    xmlnode *child = xmlnode_get_child(packet, name);

    return child != NULL ? xmlnode_get_data(child) : NULL;
}

/* (transfer full) (nullable) */
static char *room_of_occupant(const char *from)
{
    return from != NULL ? g_strndup(from, strcspn(from, "/")) : NULL;
}

/* 8.1: a change of the subject */
static gboolean receiving_message_cb(PurpleConnection *gc, const char *type, const char *id,
                                     const char *from, const char *to, xmlnode *packet,
                                     gpointer data)
{
    CwAccount *account = cw_account_of_gc(gc);
    xmlnode *error = xmlnode_get_child(packet, "error");

    if (account == NULL || from == NULL || error == NULL || g_strcmp0(type, "error") != 0 ||
        xmlnode_get_child(packet, "body") != NULL || !cw_rooms_has(account, from))
        return FALSE;
    CwReason reason = CW_REASON_OTHER;
    g_autofree char *said = read_error(error, &reason);
    cw_rooms_command_refused(account, from, FALSE,
                             reason == CW_REASON_BANNED ? CW_REASON_FORBIDDEN : reason, said);
    return FALSE;
}

static void take_occupant(CwAccount *account, const char *room, const char *nick, xmlnode *packet,
                          xmlnode *item)
{
    g_autofree char *show = read_child(packet, "show");
    g_autofree char *status = read_child(packet, "status");
    CwRoomStanding standing = {
        .role = CW_ROLE_NONE,
        .affiliation = CW_AFFILIATION_NONE,
        .jid = xmlnode_get_attrib(item, "jid"),
        .status = status,
    };

    /* what is no word of XEP-0045 leaves them as they are */
    cw_role_from_string(xmlnode_get_attrib(item, "role"), &standing.role);
    cw_affiliation_from_string(xmlnode_get_attrib(item, "affiliation"), &standing.affiliation);
    if (show == NULL || !cw_show_from_string(show, &standing.show))
        standing.show = CW_SHOW_ONLINE;
    cw_rooms_sign_occupant(account, room, nick, &standing);
}

static gboolean receiving_presence_cb(PurpleConnection *gc, const char *type, const char *from,
                                      xmlnode *packet, gpointer data)
{
    CwAccount *account = cw_account_of_gc(gc);
    const char *slash = from != NULL ? strchr(from, '/') : NULL;
    g_autofree char *room = room_of_occupant(from);
    xmlnode *x = xmlnode_get_child_with_namespace(packet, "x", NS_MUC_USER);

    gboolean is_error = g_strcmp0(type, "error") == 0;

    /* prpl-jabber makes no chat-left of it when he has left himself.  An error of his own address
     * is not of the next join, which waits for that: nothing but the leaving went there. */
    if (account != NULL && slash != NULL && (is_error || g_strcmp0(type, "unavailable") == 0) &&
        cw_rooms_parted(account, room, slash + 1) && is_error)
        return FALSE;
    if (account == NULL || room == NULL || !cw_rooms_has(account, room))
        return FALSE;
    xmlnode *error = xmlnode_get_child(packet, "error");
    xmlnode *item = x != NULL ? xmlnode_get_child(x, "item") : NULL;
    if (is_error && error != NULL)
        take_refusal(account, room, error);
    else if (item != NULL && slash != NULL && g_strcmp0(type, "unavailable") == 0)
        take_gone(account, room, slash + 1, x, item);
    else if (item != NULL && slash != NULL && type == NULL)
        take_occupant(account, room, slash + 1, packet, item);
    return FALSE;
}

void cw_room_signs_connect(void)
{
    static int handle;
    const char *line = cw_host.defaults->line_signal;
    const char *prefix = cw_host.defaults->stanza_signals;

    if (line != NULL)
        purple_signal_connect(cw_host.plugin, line, &handle, PURPLE_CALLBACK(receiving_text_cb),
                              NULL);
    if (prefix == NULL)
        return;
    g_autofree char *presence = g_strconcat(prefix, "-receiving-presence", NULL);
    purple_signal_connect(cw_host.plugin, presence, &handle, PURPLE_CALLBACK(receiving_presence_cb),
                          NULL);
    g_autofree char *iq = g_strconcat(prefix, "-receiving-iq", NULL);
    purple_signal_connect(cw_host.plugin, iq, &handle, PURPLE_CALLBACK(receiving_iq_cb), NULL);
    g_autofree char *message = g_strconcat(prefix, "-receiving-message", NULL);
    purple_signal_connect(cw_host.plugin, message, &handle, PURPLE_CALLBACK(receiving_message_cb),
                          NULL);
}
