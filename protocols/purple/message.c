/* protocols/purple/message.c: messages one to one and typing, both ways
 *
 * What becomes of a message that was sent is the business of sent.c.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "protocols/purple/message.h"

#include <errno.h>
#include <string.h>

#include "protocols/purple/eventloop.h"
#include "protocols/purple/host.h"
#include "protocols/purple/info.h"
#include "protocols/purple/markup.h"
#include "protocols/purple/rooms.h"
#include "protocols/purple/sent.h"

#define CONVERSATIONS_MAX 128 /* an account; the oldest are closed */
#define COMPOSING_MAX 32      /* contacts an account types to */
#define TYPING_MAX 1024       /* contacts an account that type to him */
#define COMPOSING_TIME 300    /* s after which "composing" is not repeated */
#define USUAL_NAME 40         /* bytes of a contact that `message_bytes` leaves room for */
#define OLD_AFTER 1           /* s: such a message carries its time */

/* The user types to a contact. */
typedef struct {
    CwAccount *account;
    char *contact;
    guint repeat_id;
    gint64 since; /* monotonic, µs */
} Composing;

struct CwMessages {
    CwAccount *account;
    GQueue conversations;  /* PurpleConversation, oldest first; borrowed */
    GHashTable *composing; /* contact -> Composing */
    GHashTable *typing;    /* set of contacts that the gateway was told are typing */
    guint prune_id;
};

static void free_composing(gpointer data)
{
    Composing *composing = data;
    g_clear_handle_id(&composing->repeat_id, g_source_remove);
    g_free(composing->contact);
    g_free(composing);
}

CwMessages *cw_messages_new(CwAccount *account)
{
    CwMessages *messages = g_new0(CwMessages, 1);
    messages->account = account;
    g_queue_init(&messages->conversations);
    messages->typing = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    messages->composing = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, free_composing);
    return messages;
}

void cw_messages_free(CwMessages *messages)
{
    if (messages == NULL)
        return;
    g_clear_handle_id(&messages->prune_id, g_source_remove);
    g_queue_clear(&messages->conversations);
    g_hash_table_unref(messages->composing);
    g_hash_table_unref(messages->typing);
    g_free(messages);
}

/* ---- what is sent ---- */

/* The plugin's own `/me`, where it has one: networks have special forms for it.  FALSE: none. */
static gboolean send_action(PurpleConversation *conv, const char *piece, int *result)
{
    g_autofree char *html = cw_markup_from_text(piece + 1);
    g_autofree char *problem = NULL;
    PurpleCmdStatus status = purple_cmd_do_command(conv, piece + 1, html, &problem);
    switch (status) {
    case PURPLE_CMD_STATUS_OK:
        *result = 0;
        return TRUE;
    case PURPLE_CMD_STATUS_FAILED:
        *result = -EINVAL;
        return TRUE;
    case PURPLE_CMD_STATUS_NOT_FOUND:
    case PURPLE_CMD_STATUS_WRONG_ARGS:
    case PURPLE_CMD_STATUS_WRONG_PRPL:
    case PURPLE_CMD_STATUS_WRONG_TYPE:
        break;
    }
    return FALSE;
}

static int send_piece(PurpleConnection *gc, PurpleConversation *conv, const char *contact,
                      const char *piece)
{
    g_autofree char *html = cw_markup_from_text(piece);

    if (purple_conversation_get_type(conv) == PURPLE_CONV_TYPE_CHAT)
        return serv_chat_send(gc, purple_conv_chat_get_id(PURPLE_CONV_CHAT(conv)), html, 0);
    return serv_send_im(gc, contact, html, 0);
}

/* How many pieces the plugin took; `result` < 0: why it did not take the next one. */
static guint send_pieces(CwAccount *account, PurpleConversation *conv, const char *contact,
                         char **pieces, gboolean action, int *result)
{
    *result = 0;
    for (guint i = 0; pieces[i] != NULL; i++) {
        PurpleConnection *gc = cw_account_connection(account);
        g_autofree char *piece =
            action && i > 0 ? g_strconcat("/me ", pieces[i], NULL) : g_strdup(pieces[i]);
        if (gc == NULL) {
            *result = -ENOTCONN; /* the piece before broke the connection */
        } else if (!action || !send_action(conv, piece, result)) {
            *result = send_piece(gc, conv, contact, piece);
        }
        if (*result < 0)
            return i;
    }
    return g_strv_length(pieces);
}

/* A plugin that sends from a queue once a second makes each message wait for half of one.  Its
 * timer is GLib's, with the plugin's connection as data: let it run now.  What the plugin does
 * then, its rate limit included, is its own business; a plugin without such a timer is not touched.
 */
void cw_message_hurry(CwAccount *account)
{
    PurpleConnection *gc = cw_account_connection(account);
    if (cw_host.defaults->queue_signal == NULL || gc == NULL || gc->proto_data == NULL)
        return;
    cw_eventloop_hurry_timer_of(gc->proto_data);
}

static PurpleConversation *find_conversation(CwAccount *account, const char *contact)
{
    PurpleConversation *conv =
        purple_find_conversation_with_account(PURPLE_CONV_TYPE_IM, contact, account->purple);
    return conv != NULL ? conv
                        : purple_conversation_new(PURPLE_CONV_TYPE_IM, account->purple, contact);
}

static void stop_composing(CwAccount *account, const char *contact)
{
    g_hash_table_remove(account->messages->composing, contact);
}

void cw_message_send(CwAccount *account, const CwLinkMsg *msg)
{
    PurpleConnection *gc = cw_account_connection(account);
    if (gc == NULL) {
        cw_host_nack(account->number, msg->id, CW_REASON_NOT_ONLINE,
                     "the account is not logged in");
        return;
    }
    g_autofree char *contact = cw_account_normalize(account, msg->contact);
    if (contact == NULL) {
        cw_host_nack(account->number, msg->id, CW_REASON_NO_CONTACT,
                     "there can be no contact of that name");
        return;
    }
    stop_composing(account, contact);
    cw_message_send_to(account, msg->id, contact, find_conversation(account, contact), msg->text);
}

void cw_message_send_to(CwAccount *account, gint64 id, const char *contact,
                        PurpleConversation *conv, const char *said)
{
    PurpleConnection *gc = cw_account_connection(account);
    g_autofree char *text = cw_text_clean(said);
    if (*text == '\0') {
        cw_host_nack(account->number, id, CW_REASON_OTHER, "the message is empty");
        return;
    }
    gboolean lines = (gc->flags & PURPLE_CONNECTION_NO_NEWLINES) != 0;
    gboolean action = g_str_has_prefix(text, "/me ") && strchr(text, '\n') == NULL;
    guint max = cw_host.defaults->message_bytes;
    if (max > 0 && strlen(contact) > USUAL_NAME) /* it takes its place in each line */
        max -= MIN(max / 2, (guint)strlen(contact) - USUAL_NAME);
    /* every further piece of an action gets the four bytes of its own "/me " */
    g_auto(GStrv) pieces = cw_text_split(text, max > 0 && action ? max - 16 : max, lines);

    CwSent *sent = cw_sent_begin(account->sent, id, contact, text, g_strv_length(pieces));
    if (sent == NULL)
        return;
    int result = 0;
    guint given = send_pieces(account, conv, contact, pieces, action, &result);
    cw_sent_given(account->sent, sent, given, result);
    cw_message_hurry(account);
}

/* ---- what libpurple writes into a conversation ---- */

static gboolean muted;

void cw_messages_mute(gboolean yes)
{
    muted = yes;
}

static void report(CwAccount *account, const char *contact, const char *text, gboolean own,
                   PurpleMessageFlags flags, time_t stamp)
{
    gint64 now = g_get_real_time() / G_USEC_PER_SEC;
    gboolean old = stamp > 0 && (gint64)stamp <= now &&
                   ((flags & PURPLE_MESSAGE_DELAYED) != 0 || now - (gint64)stamp > OLD_AFTER);
    if (cw_rooms_take_private(account, contact, text, own, old ? (gint64)stamp : 0))
        return;
    cw_host_send(&(CwLinkMsg){.kind = CW_LINK_MESSAGE,
                              .account = account->number,
                              .contact = contact,
                              .text = text,
                              .own = own,
                              .stamp = old ? (gint64)stamp : 0});
}

/* Much that is no refusal is a SYSTEM text as well: libpurple's "is now known as" (without links),
 * prpl-jabber's "has left the conversation" at XEP-0085's <gone/>.  A plugin that lets its stanzas
 * be seen refuses by those, or by an ERROR. */
static gboolean may_refuse(PurpleMessageFlags flags)
{
    if (flags & PURPLE_MESSAGE_ERROR)
        return TRUE;
    return cw_host.defaults->stanza_signals == NULL && (flags & PURPLE_MESSAGE_NO_LINKIFY) == 0;
}

/* prpl-irc says in the conversation, when there is one, that nobody has the nick it asked for. */
static gboolean refuse_info(CwAccount *account, const char *contact, const char *text)
{
    return cw_host.defaults->local_contacts && cw_infos_refuse(account, contact, text);
}

static void written(PurpleConversation *conv, const char *message, PurpleMessageFlags flags,
                    time_t stamp)
{
    CwAccount *account = cw_account_of(purple_conversation_get_account(conv));
    if (account == NULL || purple_conversation_get_type(conv) != PURPLE_CONV_TYPE_IM ||
        (flags & PURPLE_MESSAGE_INVISIBLE) != 0)
        return;
    /* plugins rename conversations ("user@host/resource"): the normal form is the one name */
    g_autofree char *contact = cw_account_normalize(account, purple_conversation_get_name(conv));
    g_autofree char *text = cw_markup_to_text(message);
    if (*text == '\0')
        return;
    if (contact == NULL) {
        /* nobody that could be answered; what he said is not lost */
        if ((flags & (PURPLE_MESSAGE_SEND | PURPLE_MESSAGE_REMOTE_SEND)) == 0) {
            g_autofree char *name = cw_text_one_line(purple_conversation_get_name(conv));
            cw_host_notice(account->number, name, text);
        }
        return;
    }
    if (flags & (PURPLE_MESSAGE_ERROR | PURPLE_MESSAGE_SYSTEM)) {
        if (!muted && !(may_refuse(flags) && (cw_sent_refuse_oldest(account->sent, contact, text) ||
                                              refuse_info(account, contact, text))))
            cw_host_notice(account->number, contact, text);
    } else if (flags & (PURPLE_MESSAGE_SEND | PURPLE_MESSAGE_REMOTE_SEND)) {
        if ((flags & PURPLE_MESSAGE_REMOTE_SEND) != 0 ||
            !cw_sent_is_echo(account->sent, contact, text))
            report(account, contact, text, TRUE, flags, stamp);
    } else if (flags & PURPLE_MESSAGE_RECV) {
        report(account, contact, text, FALSE, flags, stamp);
    } else {
        cw_host_notice(account->number, contact, text);
    }
}

static void write_im_cb(PurpleConversation *conv, const char *who, const char *message,
                        PurpleMessageFlags flags, time_t stamp)
{
    written(conv, message, flags, stamp);
}

static void write_conv_cb(PurpleConversation *conv, const char *name, const char *alias,
                          const char *message, PurpleMessageFlags flags, time_t stamp)
{
    if (purple_conversation_get_type(conv) == PURPLE_CONV_TYPE_CHAT)
        cw_rooms_written(conv, name, message, flags, stamp);
    else
        written(conv, message, flags, stamp);
    /* libpurple adds each one to a history, after this call: keep it at one */
    purple_conversation_clear_message_history(conv);
}

static gboolean prune_cb(gpointer data)
{
    CwMessages *messages = data;
    messages->prune_id = 0;
    while (messages->conversations.length > CONVERSATIONS_MAX)
        purple_conversation_destroy(g_queue_peek_head(&messages->conversations));
    return G_SOURCE_REMOVE;
}

static void create_cb(PurpleConversation *conv)
{
    CwAccount *account = cw_account_of(purple_conversation_get_account(conv));
    if (purple_conversation_get_type(conv) == PURPLE_CONV_TYPE_CHAT)
        cw_rooms_created(conv);
    if (account == NULL || purple_conversation_get_type(conv) != PURPLE_CONV_TYPE_IM)
        return;
    CwMessages *messages = account->messages;
    g_queue_push_tail(&messages->conversations, conv);
    /* not from in here: libpurple is about to use one of them */
    if (messages->conversations.length > CONVERSATIONS_MAX && messages->prune_id == 0)
        messages->prune_id = g_idle_add(prune_cb, messages);
}

static void destroy_cb(PurpleConversation *conv)
{
    if (purple_conversation_get_type(conv) == PURPLE_CONV_TYPE_CHAT)
        cw_rooms_destroyed(conv);
    PurpleAccount *purple = purple_conversation_get_account(conv);
    CwAccount *account = purple != NULL ? purple->ui_data : NULL;
    if (account != NULL && account->messages != NULL)
        g_queue_remove(&account->messages->conversations, conv);
}

static void present_cb(PurpleConversation *conv)
{
}

static gboolean has_focus_cb(PurpleConversation *conv)
{
    return FALSE;
}

static void send_confirm_cb(PurpleConversation *conv, const char *message)
{
}

static PurpleConversationUiOps ops = {
    .create_conversation = create_cb,
    .destroy_conversation = destroy_cb,
    .write_chat = cw_rooms_written,
    .write_im = write_im_cb,
    .write_conv = write_conv_cb,
    .chat_add_users = cw_rooms_add_users,
    .chat_rename_user = cw_rooms_rename_user,
    .chat_remove_users = cw_rooms_remove_users,
    .chat_update_user = cw_rooms_update_user,
    .present = present_cb,
    .has_focus = has_focus_cb,
    .send_confirm = send_confirm_cb,
};

PurpleConversationUiOps *cw_messages_ops(void)
{
    return &ops;
}

/* ---- typing ---- */

/* The plugin says after how many seconds it wants to hear again that the user still types.  Frees
 * `composing` when it does not. */
static gboolean repeat_cb(gpointer data);

static void tell_composing(Composing *composing, PurpleConnection *gc)
{
    unsigned int again = serv_send_typing(gc, composing->contact, PURPLE_TYPING);
    gint64 typed = g_get_monotonic_time() - composing->since;
    if (again > 0 && typed < COMPOSING_TIME * G_TIME_SPAN_SECOND)
        composing->repeat_id = g_timeout_add_seconds(again, repeat_cb, composing);
    else /* nothing to repeat: it must not take the place of another one */
        g_hash_table_remove(composing->account->messages->composing, composing->contact);
}

static gboolean repeat_cb(gpointer data)
{
    Composing *composing = data;
    composing->repeat_id = 0;
    PurpleConnection *gc = cw_account_connection(composing->account);
    if (gc != NULL)
        tell_composing(composing, gc);
    else
        g_hash_table_remove(composing->account->messages->composing, composing->contact);
    return G_SOURCE_REMOVE;
}

void cw_message_typing(CwAccount *account, const CwLinkMsg *msg)
{
    PurpleConnection *gc = cw_account_connection(account);
    g_autofree char *contact = cw_account_normalize(account, msg->contact);
    if (gc == NULL || contact == NULL || cw_host.info->send_typing == NULL)
        return;
    GHashTable *all = account->messages->composing;
    g_hash_table_remove(all, contact);
    switch (msg->typing) {
    case CW_TYPING_COMPOSING: {
        if (g_hash_table_size(all) >= COMPOSING_MAX)
            return;
        Composing *composing = g_new0(Composing, 1);
        composing->account = account;
        composing->contact = g_steal_pointer(&contact);
        composing->since = g_get_monotonic_time();
        g_hash_table_insert(all, composing->contact, composing);
        tell_composing(composing, gc);
        break;
    }
    case CW_TYPING_PAUSED:
        serv_send_typing(gc, contact, PURPLE_TYPED);
        break;
    case CW_TYPING_ACTIVE:
        serv_send_typing(gc, contact, PURPLE_NOT_TYPING);
        break;
    }
}

static void typing_cb(PurpleAccount *purple, const char *who, gpointer data)
{
    CwAccount *account = cw_account_of(purple);
    g_autofree char *contact = account != NULL ? cw_account_normalize(account, who) : NULL;
    if (contact == NULL)
        return;
    /* libpurple says "stopped" at much that has nothing to do with typing */
    GHashTable *known = account->messages->typing;
    CwTyping typing = (CwTyping)GPOINTER_TO_INT(data);
    if (typing == CW_TYPING_ACTIVE && !g_hash_table_remove(known, contact))
        return;
    if (typing != CW_TYPING_ACTIVE && g_hash_table_size(known) < TYPING_MAX)
        g_hash_table_add(known, g_strdup(contact));
    cw_host_send(&(CwLinkMsg){
        .kind = CW_LINK_TYPING, .account = account->number, .contact = contact, .typing = typing});
}

void cw_messages_init(void)
{
    static const struct {
        const char *signal;
        CwTyping typing;
    } signals[] = {{"buddy-typing", CW_TYPING_COMPOSING},
                   {"buddy-typed", CW_TYPING_PAUSED},
                   {"buddy-typing-stopped", CW_TYPING_ACTIVE}};
    void *conversations = purple_conversations_get_handle();
    for (guint i = 0; i < G_N_ELEMENTS(signals); i++)
        purple_signal_connect(conversations, signals[i].signal, &ops, PURPLE_CALLBACK(typing_cb),
                              GINT_TO_POINTER(signals[i].typing));
}

void cw_messages_uninit(void)
{
    purple_signals_disconnect_by_handle(&ops);
}
