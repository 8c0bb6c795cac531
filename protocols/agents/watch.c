/* protocols/agents/watch.c: the accounts of the gateway, and what each of them watches
 *
 * The gateway keeps the list (local-list) and says it anew at each log-in; here it lasts as long as
 * the log-in.  What has to last longer goes back to the gateway by `remember`.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "protocols/agents/watch.h"

#include <string.h>

#include "protocols/agents/host.h"
#include "protocols/agents/thing.h"

#define REMEMBERED "remembered." /* what comes back in the values of a login */

static GHashTable *readers; /* number -> CwReader, owned */

/* ---- what lasts ---- */

const char *cw_reader_remembered(const CwReader *reader, const char *name)
{
    return g_hash_table_lookup(reader->remembered, name);
}

static void forget(CwReader *reader, const char *name)
{
    const char *value = cw_reader_remembered(reader, name);

    if (value == NULL)
        return;
    reader->remembered_size -= strlen(name) + strlen(value);
    g_hash_table_remove(reader->remembered, name);
}

/* What many readers of a feed have seen is the same: interned, it is there once. */
static void keep(CwReader *reader, const char *name, const char *value)
{
    forget(reader, name);
    reader->remembered_size += strlen(name) + strlen(value);
    g_hash_table_replace(reader->remembered, g_ref_string_new_intern(name),
                         g_ref_string_new_intern(value));
}

void cw_reader_remember(CwReader *reader, const char *name, const char *value)
{
    if (g_strcmp0(cw_reader_remembered(reader, name), value) == 0)
        return;
    cw_agent_send(&(CwLinkMsg){
        .kind = CW_LINK_REMEMBER, .account = reader->number, .name = name, .text = value});
    if (value == NULL) {
        forget(reader, name);
    } else {
        keep(reader, name, value);
        cw_reader_make_room(reader);
    }
}

static char *watch_key(const CwWatch *watch, const char *name)
{
    return g_strconcat("watch.", name, ".", watch->thing->name, NULL);
}

const char *cw_watch_remembered(const CwWatch *watch, const char *name)
{
    g_autofree char *key = watch_key(watch, name);

    return cw_reader_remembered(watch->reader, key);
}

void cw_watch_remember(CwWatch *watch, const char *name, const char *value)
{
    g_autofree char *key = watch_key(watch, name);

    cw_reader_remember(watch->reader, key, value);
}

const char *cw_watch_preference(const CwWatch *watch, const char *name)
{
    g_autofree char *key = g_strconcat("wish.", name, NULL);

    return cw_reader_remembered(watch->reader, key);
}

void cw_watch_set_preference(CwWatch *watch, const char *name, const char *value)
{
    g_autofree char *key = g_strconcat("wish.", name, NULL);

    cw_reader_remember(watch->reader, key, value);
}

/* What he had remembered of a thing that he watches no more. */
static void forget_watch(CwReader *reader, const char *thing)
{
    g_autoptr(GPtrArray) gone = g_ptr_array_new_with_free_func(g_free);
    GHashTableIter iter;
    gpointer key;

    g_hash_table_iter_init(&iter, reader->remembered);
    while (g_hash_table_iter_next(&iter, &key, NULL)) {
        const char *name =
            g_str_has_prefix(key, "watch.") ? strchr((char *)key + strlen("watch."), '.') : NULL;
        if (name != NULL && g_str_equal(name + 1, thing))
            g_ptr_array_add(gone, g_strdup(key));
    }
    for (guint i = 0; i < gone->len; i++)
        cw_reader_remember(reader, g_ptr_array_index(gone, i), NULL);
}

/* ---- what he is told ---- */

/* The columns of items.  (transfer full) */
static GPtrArray *item_columns(void)
{
    static const char *const columns[CW_ITEM_N_VALUES] = {
        [CW_ITEM_TITLE] = "title",
        [CW_ITEM_TEXT] = "text",
        [CW_ITEM_LINK] = "link",
        [CW_ITEM_TIME] = "time",
    };
    GPtrArray *fields = cw_fields_new();

    for (guint i = 0; i < CW_ITEM_N_VALUES; i++)
        g_ptr_array_add(fields, cw_field_new(CW_FIELD_TEXT, columns[i], columns[i], NULL));
    return fields;
}

void cw_reader_say(CwReader *reader, const char *contact, const char *title, const char *text,
                   const char *url, GPtrArray *items)
{
    g_autoptr(GPtrArray) fields = items == NULL ? NULL : item_columns();

    cw_agent_send(&(CwLinkMsg){.kind = CW_LINK_MESSAGE,
                               .account = reader->number,
                               .contact = contact,
                               .title = title,
                               .text = text,
                               .url = url,
                               .fields = fields,
                               .found = items});
}

void cw_watch_reply(CwWatch *watch, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    if (watch->command_id != 0)
        cw_agent_send(&(CwLinkMsg){.kind = CW_LINK_COMMAND,
                                   .account = watch->reader->number,
                                   .id = watch->command_id,
                                   .text = text});
    else
        cw_reader_say(watch->reader, watch->thing->name, NULL, text, NULL, NULL);
    watch->command_id = 0;
}

void cw_watch_reply_link(CwWatch *watch, const char *url)
{
    if (watch->command_id != 0)
        cw_watch_reply(watch, "%s", url);
    else
        cw_reader_say(watch->reader, watch->thing->name, NULL, url, url, NULL);
}

static char *describe_problem(const CwThing *thing)
{
    if (!thing->is_fresh)
        return g_strdup_printf("not known yet: %s", thing->problem);
    g_autoptr(GDateTime) at = g_date_time_new_from_unix_utc(thing->fetched);
    g_autofree char *when = g_date_time_format(at, "%Y-%m-%d %H:%M UTC");
    return g_strdup_printf("as of %s: %s", when, thing->problem);
}

void cw_watch_show(CwWatch *watch)
{
    const CwThing *thing = watch->thing;
    CwShow show = CW_SHOW_ONLINE;
    g_autofree char *own = thing->is_fresh ? thing->agent->status(watch, &show) : NULL;
    g_autofree char *problem = thing->problem == NULL ? NULL : describe_problem(thing);
    g_autofree char *both = own != NULL && problem != NULL
                                ? g_strconcat(own, " (", problem, ")", NULL)
                                : g_strdup(own != NULL ? own : problem);

    if (problem != NULL)
        show = CW_SHOW_XA;
    if (!thing->is_fresh && problem == NULL)
        return;
    if (watch->told && watch->show == show && g_strcmp0(watch->status, both) == 0)
        return;
    cw_agent_send(&(CwLinkMsg){.kind = CW_LINK_PRESENCE,
                               .account = watch->reader->number,
                               .contact = thing->name,
                               .show = show,
                               .status = both});
    watch->told = TRUE;
    watch->show = show;
    g_free(watch->status);
    watch->status = g_steal_pointer(&both);
}

/* ---- watches ---- */

static void free_watch(gpointer data)
{
    CwWatch *watch = data;

    if (watch->command_id != 0)
        cw_agent_nack(watch->reader->number, watch->command_id, CW_REASON_NO_CONTACT,
                      "you do not watch it any more");
    cw_thing_remove_watch(watch->thing, watch);
    g_free(watch->status);
    g_free(watch->data);
    g_free(watch);
}

static void answer_add(CwWatch *watch)
{
    if (watch->add_id != 0)
        cw_agent_ack(watch->reader->number, watch->add_id);
    watch->add_id = 0;
}

void cw_watch_is_known(CwWatch *watch)
{
    const char *title = watch->thing->title;

    answer_add(watch);
    cw_agent_send(&(CwLinkMsg){.kind = CW_LINK_CONTACT,
                               .account = watch->reader->number,
                               .contact = watch->thing->name,
                               .name = g_strcmp0(title, watch->thing->name) == 0 ? NULL : title});
    cw_watch_show(watch);
}

/* He keeps it: it may be there, and is looked for again. */
void cw_watch_is_late(CwWatch *watch)
{
    answer_add(watch);
}

void cw_watch_is_unknown(CwWatch *watch, const char *text)
{
    CwReader *reader = watch->reader;
    g_autofree char *name = g_strdup(watch->thing->name);

    if (watch->add_id != 0)
        cw_agent_nack(reader->number, watch->add_id, CW_REASON_NO_CONTACT, text);
    else
        cw_reader_say(reader, name, NULL, text, NULL, NULL);
    cw_reader_drop_held(reader, name);
    forget_watch(reader, name);
    g_hash_table_remove(reader->watches, name);
}

static void add_contact(CwReader *reader, const CwLinkMsg *msg)
{
    const CwAgent *agent = cw_agent_host.agent;
    g_autoptr(GError) error = NULL;
    g_autofree char *name = agent->normalize(msg->contact, &error);

    if (name == NULL) {
        if (msg->id != 0)
            cw_agent_nack(reader->number, msg->id, CW_REASON_NO_CONTACT, error->message);
        return;
    }
    if (!g_str_equal(name, msg->contact)) { /* under that name it is a contact of its own */
        g_autofree char *text = g_strdup_printf("add it under the name that it has here: %s", name);
        if (msg->id != 0)
            cw_agent_nack(reader->number, msg->id, CW_REASON_NO_CONTACT, text);
        return;
    }
    CwWatch *watch = g_hash_table_lookup(reader->watches, name);
    if (watch != NULL) {
        if (msg->id != 0)
            cw_agent_ack(reader->number, msg->id);
        return;
    }
    watch = g_new0(CwWatch, 1);
    watch->reader = reader;
    watch->add_id = msg->id;
    watch->thing = cw_things_get(agent, name);
    g_hash_table_insert(reader->watches, watch->thing->name, watch);
    cw_reader_flush(reader);
    cw_thing_add_watch(watch->thing, watch);
}

/* Also of one that he let go while he was offline, which was not added in this log-in. */
static void remove_contact(CwReader *reader, const CwLinkMsg *msg)
{
    g_hash_table_remove(reader->watches, msg->contact);
    cw_reader_drop_held(reader, msg->contact);
    forget_watch(reader, msg->contact);
    if (msg->id != 0)
        cw_agent_ack(reader->number, msg->id);
}

/* ---- messages and questions of the gateway ---- */

/* NULL: he does not watch it, and that is answered. */
static CwWatch *find_watch(CwReader *reader, const CwLinkMsg *msg)
{
    CwWatch *watch = g_hash_table_lookup(reader->watches, msg->contact);

    if (watch == NULL) {
        g_autofree char *why =
            g_strdup_printf("you do not watch %s: add it to your contacts first", msg->contact);
        cw_agent_nack(reader->number, msg->id, CW_REASON_NO_CONTACT, why);
    }
    return watch;
}

static void take_message(CwReader *reader, const CwLinkMsg *msg)
{
    CwWatch *watch = find_watch(reader, msg);

    if (watch == NULL)
        return;
    cw_agent_ack(reader->number, msg->id);
    cw_watch_take_message(watch, msg->text);
}

/* The same by a menu: its reply is the answer. */
static void take_command(CwReader *reader, const CwLinkMsg *msg)
{
    CwWatch *watch = find_watch(reader, msg);

    if (watch == NULL)
        return;
    if (watch->command_id != 0) {
        cw_agent_nack(reader->number, msg->id, CW_REASON_RATE,
                      "the command before is not through yet");
        return;
    }
    watch->command_id = msg->id;
    cw_watch_take_message(watch, msg->text);
}

static void normalize(CwReader *reader, const CwLinkMsg *msg)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *name = cw_agent_host.agent->normalize(msg->contact, &error);

    if (name == NULL)
        cw_agent_nack(reader->number, msg->id, CW_REASON_NO_CONTACT, error->message);
    else
        cw_agent_send(&(CwLinkMsg){
            .kind = CW_LINK_NORMALIZE, .account = reader->number, .id = msg->id, .contact = name});
}

static void add_info(GPtrArray *fields, const char *name, const char *label, const char *value)
{
    if (value != NULL)
        g_ptr_array_add(fields, cw_field_new(CW_FIELD_TEXT, name, label, value));
}

static void info(CwReader *reader, const CwLinkMsg *msg)
{
    const CwWatch *watch = g_hash_table_lookup(reader->watches, msg->contact);
    g_autoptr(GPtrArray) fields = cw_fields_new();

    if (watch == NULL) {
        cw_agent_nack(reader->number, msg->id, CW_REASON_NO_CONTACT, "you do not watch it");
        return;
    }
    add_info(fields, "full-name", "Name",
             watch->thing->title == NULL ? watch->thing->name : watch->thing->title);
    add_info(fields, "now", "Now", watch->status);
    cw_agent_send(&(CwLinkMsg){
        .kind = CW_LINK_INFO, .account = reader->number, .id = msg->id, .fields = fields});
}

static void list_items(CwReader *reader, const CwLinkMsg *msg)
{
    const CwWatch *watch = g_hash_table_lookup(reader->watches, msg->contact);
    g_autoptr(GPtrArray) fields = item_columns();
    g_autoptr(GPtrArray) items = cw_found_list_new();

    if (watch == NULL || watch->thing->agent->items == NULL || !watch->thing->is_fresh) {
        cw_agent_nack(reader->number, msg->id,
                      watch == NULL ? CW_REASON_NO_CONTACT : CW_REASON_NETWORK,
                      "there is nothing of it yet");
        return;
    }
    watch->thing->agent->items(watch, items);
    cw_agent_send(&(CwLinkMsg){.kind = CW_LINK_ITEMS,
                               .account = reader->number,
                               .id = msg->id,
                               .fields = fields,
                               .found = items});
}

/* ---- searches ---- */

typedef struct {
    guint32 number;
    gint64 id;
} Search;

static void found_cb(GPtrArray *found, const char *problem, gpointer data)
{
    Search *search = data;
    g_autoptr(GPtrArray) columns = cw_fields_new();

    if (found == NULL) {
        cw_agent_nack(search->number, search->id, CW_REASON_NETWORK, problem);
    } else {
        g_ptr_array_add(columns, cw_field_new(CW_FIELD_TEXT, "title", "What it is", NULL));
        cw_agent_send(&(CwLinkMsg){.kind = CW_LINK_SEARCH,
                                   .account = search->number,
                                   .id = search->id,
                                   .fields = columns,
                                   .found = found});
        g_ptr_array_unref(found);
    }
    g_free(search);
}

static void search(CwReader *reader, const CwLinkMsg *msg)
{
    const CwAgent *agent = cw_agent_host.agent;
    const char *text = msg->values == NULL ? NULL : g_hash_table_lookup(msg->values, "what");
    g_autoptr(GPtrArray) fields = cw_fields_new();

    if (!cw_agent_may_search(agent)) {
        cw_agent_nack(reader->number, msg->id, CW_REASON_NO_CONTACT, "there is nothing to search");
    } else if (msg->values == NULL) {
        g_autofree char *text_of = g_strdup_printf("Such as: %s", agent->example);
        g_ptr_array_add(fields, cw_field_new(CW_FIELD_TEXT, "what", "Name or symbol", NULL));
        cw_agent_send(&(CwLinkMsg){.kind = CW_LINK_SEARCH,
                                   .account = reader->number,
                                   .id = msg->id,
                                   .text = text_of,
                                   .fields = fields});
    } else if (text == NULL || *text == '\0') {
        cw_agent_nack(reader->number, msg->id, CW_REASON_SETTINGS, "what is to be searched for?");
    } else {
        Search *data = g_new(Search, 1);
        *data = (Search){reader->number, msg->id};
        agent->search(text, found_cb, data);
    }
}

/* ---- readers ---- */

static void free_reader(gpointer data)
{
    CwReader *reader = data;

    g_hash_table_unref(reader->watches);
    g_hash_table_unref(reader->remembered);
    cw_reader_free_held(reader);
    g_free(reader);
}

void cw_readers_start(void)
{
    readers = g_hash_table_new_full(NULL, NULL, NULL, free_reader);
}

void cw_readers_stop(void)
{
    g_clear_pointer(&readers, g_hash_table_unref);
    cw_push_stop();
}

CwReader *cw_readers_find(guint32 number)
{
    return g_hash_table_lookup(readers, GUINT_TO_POINTER(number));
}

void cw_readers_each(void (*visit)(CwReader *reader))
{
    g_autoptr(GList) all = g_hash_table_get_values(readers);

    for (GList *l = all; l != NULL; l = l->next)
        visit(l->data);
}

static void log_in(const CwLinkMsg *msg)
{
    CwReader *reader = g_new0(CwReader, 1);
    GHashTableIter iter;
    gpointer name, value;

    reader->number = msg->account;
    reader->show = msg->show == CW_SHOW_OFFLINE ? CW_SHOW_ONLINE : msg->show;
    reader->watches = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, free_watch);
    reader->remembered =
        g_hash_table_new_full(g_str_hash, g_str_equal, (GDestroyNotify)g_ref_string_release,
                              (GDestroyNotify)g_ref_string_release);
    g_queue_init(&reader->held.items);
    if (msg->values != NULL) {
        g_hash_table_iter_init(&iter, msg->values);
        while (g_hash_table_iter_next(&iter, &name, &value)) {
            if (g_str_has_prefix(name, REMEMBERED))
                keep(reader, (char *)name + strlen(REMEMBERED), value);
        }
    }
    g_hash_table_replace(readers, GUINT_TO_POINTER(msg->account), reader);
    for (CwAccountState state = CW_ACCOUNT_CONNECTING; state <= CW_ACCOUNT_ONLINE; state++)
        cw_agent_send(&(CwLinkMsg){.kind = CW_LINK_STATE, .account = msg->account, .state = state});
    cw_reader_restore_held(reader);
}

static void log_out(guint32 number)
{
    g_hash_table_remove(readers, GUINT_TO_POINTER(number));
    cw_agent_send(&(CwLinkMsg){.kind = CW_LINK_STATE,
                               .account = number,
                               .state = CW_ACCOUNT_OFFLINE,
                               .reason = CW_REASON_NONE});
}

static void serve(CwReader *reader, const CwLinkMsg *msg)
{
    if (msg->kind == CW_LINK_CONTACT_ADD) {
        add_contact(reader, msg);
    } else if (msg->kind == CW_LINK_CONTACT_REMOVE) {
        remove_contact(reader, msg);
    } else if (msg->kind == CW_LINK_MESSAGE) {
        take_message(reader, msg);
    } else if (msg->kind == CW_LINK_COMMAND) {
        take_command(reader, msg);
    } else if (msg->kind == CW_LINK_NORMALIZE) {
        normalize(reader, msg);
    } else if (msg->kind == CW_LINK_INFO) {
        info(reader, msg);
    } else if (msg->kind == CW_LINK_ITEMS) {
        list_items(reader, msg);
    } else if (msg->kind == CW_LINK_SEARCH) {
        search(reader, msg);
    } else if (msg->kind == CW_LINK_PRESENCE) {
        reader->show = msg->show;
        cw_reader_flush(reader);
    } else if (msg->id != 0) {
        cw_agent_nack(msg->account, msg->id, CW_REASON_OTHER, "there is no such thing here");
    }
}

void cw_readers_take_line(const CwLinkMsg *msg)
{
    if (readers == NULL)
        return; /* it ends */
    CwReader *reader = cw_readers_find(msg->account);
    if (msg->kind == CW_LINK_LOGIN) {
        log_in(msg);
    } else if (msg->kind == CW_LINK_LOGOUT) {
        log_out(msg->account);
    } else if (reader == NULL) {
        if (msg->id != 0)
            cw_agent_nack(msg->account, msg->id, CW_REASON_NOT_ONLINE,
                          "the account is not logged in");
    } else {
        if (cw_agent_host.scoreboard != NULL)
            cw_scoreboard_serve(cw_agent_host.scoreboard, msg->account);
        serve(reader, msg);
    }
}
