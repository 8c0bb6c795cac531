/* protocols/purple/stanza.c: refused messages of plugins that let their stanzas be seen
 *
 * prpl-jabber drops an error that comes without the body of the message it is about, as most
 * servers send them, and shows others without naming the conversation.  But it has signals for what
 * it sends and receives.  They give the id that a message went out under, and the error of that id
 * with its condition (RFC 6120, 8.3.3).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "protocols/purple/stanza.h"

#include <libpurple/purple.h>
#include <string.h>

#include "protocols/purple/account.h"
#include "protocols/purple/host.h"
#include "protocols/purple/markup.h"
#include "protocols/purple/sent.h"

static const struct {
    const char *condition;
    CwReason reason;
} conditions[] = {
    {"item-not-found", CW_REASON_NO_CONTACT},
    {"remote-server-not-found", CW_REASON_NO_CONTACT},
    {"jid-malformed", CW_REASON_NO_CONTACT},
    {"gone", CW_REASON_NO_CONTACT},
    {"recipient-unavailable", CW_REASON_OFFLINE},
    {"remote-server-timeout", CW_REASON_NETWORK},
    {"forbidden", CW_REASON_FORBIDDEN},
    {"not-allowed", CW_REASON_FORBIDDEN},
    {"not-authorized", CW_REASON_FORBIDDEN},
    {"not-acceptable", CW_REASON_FORBIDDEN},
    {"policy-violation", CW_REASON_FORBIDDEN},
    {"subscription-required", CW_REASON_FORBIDDEN},
    {"registration-required", CW_REASON_FORBIDDEN},
    {"resource-constraint", CW_REASON_RATE},
};

static void sending_cb(PurpleConnection *gc, xmlnode **packet, gpointer data)
{
    CwAccount *account = cw_account_of_gc(gc);
    if (account == NULL || packet == NULL || *packet == NULL)
        return;
    if (strcmp((*packet)->name, "message") != 0 || xmlnode_get_child(*packet, "body") == NULL)
        return;
    cw_sent_as(account->sent, xmlnode_get_attrib(*packet, "id"));
}

static CwReason find_reason(const CwAccount *account, const char *from, xmlnode *error)
{
    for (guint i = 0; i < G_N_ELEMENTS(conditions); i++) {
        if (xmlnode_get_child(error, conditions[i].condition) != NULL)
            return conditions[i].reason;
    }
    if (xmlnode_get_child(error, "service-unavailable") == NULL)
        return CW_REASON_OTHER;
    /* RFC 6121, 8.5: no such user, or nobody there and nothing that stores for him */
    g_autofree char *contact = cw_account_normalize(account, from);
    CwReason guess =
        contact != NULL ? cw_sent_guess_reason(account, contact) : CW_REASON_NO_CONTACT;
    return guess == CW_REASON_OTHER ? CW_REASON_OFFLINE : guess;
}

/* The <text/>, else the name of the condition.  (transfer full) (nullable) */
static char *find_text(xmlnode *error)
{
    xmlnode *text = xmlnode_get_child(error, "text");
    g_autofree char *said = text != NULL ? xmlnode_get_data(text) : NULL;
    if (said != NULL)
        return cw_text_clean(said);
    for (xmlnode *child = error->child; child != NULL; child = child->next) {
        if (child->type == XMLNODE_TYPE_TAG)
            return cw_text_clean(child->name);
    }
    return NULL;
}

/* TRUE: dealt with; the plugin does not see it. */
static gboolean receiving_cb(PurpleConnection *gc, const char *type, const char *id,
                             const char *from, const char *to, xmlnode *packet, gpointer data)
{
    CwAccount *account = cw_account_of_gc(gc);
    xmlnode *error = packet != NULL ? xmlnode_get_child(packet, "error") : NULL;
    if (account == NULL || id == NULL || error == NULL || g_strcmp0(type, "error") != 0)
        return FALSE;
    g_autofree char *text = find_text(error);
    return cw_sent_refused(account->sent, id, from, find_reason(account, from, error), text);
}

void cw_stanza_connect(void)
{
    static int handle;
    const char *prefix = cw_host.defaults->stanza_signals;
    if (prefix == NULL)
        return;
    g_autofree char *sending = g_strconcat(prefix, "-sending-xmlnode", NULL);
    g_autofree char *receiving = g_strconcat(prefix, "-receiving-message", NULL);
    purple_signal_connect(cw_host.plugin, sending, &handle, PURPLE_CALLBACK(sending_cb), NULL);
    purple_signal_connect(cw_host.plugin, receiving, &handle, PURPLE_CALLBACK(receiving_cb), NULL);
}
