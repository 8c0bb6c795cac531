/* protocols/purple/info.c: what the network knows of a contact, asked for by the gateway
 *
 *     info line -> `open` (by name) -> get_info of the plugin -> notify_userinfo op -> info line
 *
 * Requests for one contact share one question to the network.  A plugin says who the answer is
 * about and what it is in labels; nothing tells which request it belongs to, and many never answer
 * about somebody they do not know.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "protocols/purple/info.h"

#include <string.h>

#include "protocols/purple/buddies.h"
#include "protocols/purple/host.h"
#include "protocols/purple/markup.h"

#define CONTACTS_MAX 64    /* of whom something is asked at once */
#define IDS_MAX 16         /* requests for one contact; more: the oldest are refused */
#define FIELDS_MAX 100     /* of one answer; what follows is left out */
#define VALUE_MAX 4096     /* bytes of a value */
#define FORGOTTEN 60000000 /* µs after which no answer is waited for any more */

#define IMAGE "[image]" /* what cw_markup_to_text() has for one; pictures are avatars */

typedef struct {
    GArray *ids; /* gint64 */
    gint64 asked_at;
} Open;

struct CwInfos {
    CwAccount *account;
    GHashTable *open; /* name -> Open, owned */
};

/* The labels are all that a plugin gives; what is not here is a line of the description.  The
 * process has no locale, so nothing translates them. */
static const struct {
    const char *label;
    const char *name;
} known_labels[] = {
    {"Full Name", "full-name"},   {"Real name", "full-name"}, {"Name", "full-name"},
    {"Nickname", "nickname"},     {"Nick", "nickname"},       {"Email", "email"},
    {"Email Address", "email"},   {"E-Mail", "email"},        {"URL", "url"},
    {"Personal Web Page", "url"}, {"Home Page", "url"},       {"Telephone", "phone"},
    {"Birthday", "birthday"},
};

static void free_open(gpointer data)
{
    Open *open = data;

    g_array_unref(open->ids);
    g_free(open);
}

CwInfos *cw_infos_new(CwAccount *account)
{
    CwInfos *infos = g_new0(CwInfos, 1);

    infos->account = account;
    infos->open = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_open);
    return infos;
}

void cw_infos_free(CwInfos *infos)
{
    if (infos == NULL)
        return;
    g_hash_table_unref(infos->open);
    g_free(infos);
}

/* (transfer full) (nullable) */
static Open *take(CwInfos *infos, const char *contact)
{
    gpointer key = NULL, value = NULL;

    if (!g_hash_table_steal_extended(infos->open, contact, &key, &value))
        return NULL;
    g_free(key);
    return value;
}

static void refuse(CwAccount *account, const char *contact, CwReason reason, const char *text)
{
    Open *open = take(account->infos, contact);

    for (guint i = 0; open != NULL && i < open->ids->len; i++)
        cw_host_nack(account->number, g_array_index(open->ids, gint64, i), reason, text);
    if (open != NULL)
        free_open(open);
}

/* ---- the request ---- */

static void forget_old(CwAccount *account)
{
    g_autoptr(GPtrArray) old = g_ptr_array_new_with_free_func(g_free);
    GHashTableIter iter;
    gpointer contact, open;

    g_hash_table_iter_init(&iter, account->infos->open);
    while (g_hash_table_iter_next(&iter, &contact, &open)) {
        if (g_get_monotonic_time() - ((const Open *)open)->asked_at > FORGOTTEN)
            g_ptr_array_add(old, g_strdup(contact));
    }
    for (guint i = 0; i < old->len; i++)
        refuse(account, g_ptr_array_index(old, i), CW_REASON_NETWORK, "the network did not answer");
}

/* Why the network is not asked; NULL: it is. */
static const char *find_obstacle(const CwAccount *account, const char *contact, CwReason *reason)
{
    *reason = CW_REASON_OTHER;
    if (cw_host.info->get_info == NULL)
        return "the network tells nothing of its contacts";
    /* the answer would be an error in the conversation, which counts as one of a message */
    if (cw_host.defaults->local_contacts && cw_buddies_has(account, contact) &&
        cw_buddies_show(account, contact) == CW_SHOW_OFFLINE) {
        *reason = CW_REASON_OFFLINE;
        return "the contact is offline";
    }
    return NULL;
}

void cw_infos_ask(CwAccount *account, const CwLinkMsg *msg)
{
    CwInfos *infos = account->infos;
    PurpleConnection *gc = cw_account_connection(account);
    g_autofree char *contact = cw_account_normalize(account, msg->contact);
    CwReason reason = CW_REASON_NONE;

    if (gc == NULL || contact == NULL) {
        cw_host_nack(account->number, msg->id,
                     gc == NULL ? CW_REASON_NOT_ONLINE : CW_REASON_NO_CONTACT, NULL);
        return;
    }
    forget_old(account);
    const char *obstacle = find_obstacle(account, contact, &reason);
    Open *open = g_hash_table_lookup(infos->open, contact);
    guint most = cw_host.defaults->infos > 0 ? cw_host.defaults->infos : CONTACTS_MAX;
    if (obstacle == NULL && open == NULL && g_hash_table_size(infos->open) >= most) {
        reason = CW_REASON_RATE;
        obstacle = "too much is asked at once";
    }
    if (obstacle != NULL) {
        cw_host_nack(account->number, msg->id, reason, obstacle);
        return;
    }
    gboolean ask = open == NULL;
    if (open == NULL) {
        open = g_new0(Open, 1);
        open->asked_at = g_get_monotonic_time();
        open->ids = g_array_new(FALSE, FALSE, sizeof(gint64));
        g_hash_table_insert(infos->open, g_strdup(contact), open);
    }
    if (open->ids->len >= IDS_MAX) {
        cw_host_nack(account->number, g_array_index(open->ids, gint64, 0), CW_REASON_RATE, NULL);
        g_array_remove_index(open->ids, 0);
    }
    g_array_append_val(open->ids, msg->id);
    if (ask)
        serv_get_info(gc, contact); /* may answer at once */
}

/* ---- the answer ---- */

static const char *find_name(const char *label)
{
    for (guint i = 0; i < G_N_ELEMENTS(known_labels); i++) {
        if (g_ascii_strcasecmp(known_labels[i].label, label) == 0)
            return known_labels[i].name;
    }
    return "info";
}

/* (transfer full) (nullable) */
static CwField *read_entry(PurpleNotifyUserInfoEntry *entry)
{
    const char *label = purple_notify_user_info_entry_get_label(entry);
    const char *html = purple_notify_user_info_entry_get_value(entry);

    if (purple_notify_user_info_entry_get_type(entry) != PURPLE_NOTIFY_USER_INFO_ENTRY_PAIR ||
        html == NULL)
        return NULL;
    g_autofree char *value = g_strstrip(cw_markup_to_text(html));
    g_autofree char *line = cw_text_one_line(label != NULL ? label : "");
    if (*value == '\0' || strcmp(value, IMAGE) == 0)
        return NULL;
    g_auto(GStrv) pieces = cw_text_split(value, VALUE_MAX, FALSE);
    return cw_field_new(CW_FIELD_TEXT, find_name(line), line, pieces[0]);
}

/* (transfer full) CwField * */
static GPtrArray *read_info(PurpleNotifyUserInfo *info)
{
    GPtrArray *fields = cw_fields_new();

    for (GList *l = purple_notify_user_info_get_entries(info);
         l != NULL && fields->len < FIELDS_MAX; l = l->next) {
        CwField *field = read_entry(l->data);
        if (field != NULL)
            g_ptr_array_add(fields, field);
    }
    return fields;
}

gboolean cw_infos_take(CwAccount *account, const char *who, PurpleNotifyUserInfo *info)
{
    g_autofree char *contact = account != NULL ? cw_account_normalize(account, who) : NULL;
    Open *open = contact != NULL ? take(account->infos, contact) : NULL;

    if (open == NULL)
        return FALSE;
    g_autoptr(GPtrArray) fields = read_info(info);
    for (guint i = 0; i < open->ids->len; i++)
        cw_host_send(&(CwLinkMsg){.kind = CW_LINK_INFO,
                                  .account = account->number,
                                  .id = g_array_index(open->ids, gint64, i),
                                  .fields = fields});
    free_open(open);
    return TRUE;
}

gboolean cw_infos_refuse(CwAccount *account, const char *who, const char *text)
{
    g_autofree char *contact =
        account != NULL && who != NULL ? cw_account_normalize(account, who) : NULL;

    if (contact == NULL || !g_hash_table_contains(account->infos->open, contact))
        return FALSE;
    g_autofree char *plain = text != NULL ? cw_text_one_line(text) : NULL;
    refuse(account, contact, CW_REASON_NO_CONTACT, plain);
    return TRUE;
}
