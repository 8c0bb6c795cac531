/* protocols/purple/search.c: the network's directory of users, searched for the gateway
 *
 * libpurple has no call for it.  A plugin has an account action ("Search for Users…") that asks its
 * user with requests and shows him what was found; we are that user.
 *
 *     search line -> OPENING: the action is run -> (an input for the directory: its default)
 *                 -> the form -> search line with it, the form is cancelled
 *                            `--> filled in -> RUNNING -> notify_searchresults op -> search line
 *     no answer:  -> LATE: what comes now is thrown away, and no search begins, for a while
 *
 * Nothing says which request or result belongs to a search.  What the plugin does inside a call of
 * ours is the search's.  What it does later is so when it handles the answer to the stanza that the
 * search sent, where stanzas can be seen (stanza.c); where they cannot, the first form is taken for
 * the search's, and the results and errors that come while some are waited for.  A request that
 * wants a person (a picture, a password) or a choice is always the user's, and so is any other
 * while results are waited for.
 *
 * One search of an account at a time; a few wait.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "protocols/purple/search.h"

#include <string.h>

#include "protocols/purple/ask.h"
#include "protocols/purple/eventloop.h"
#include "protocols/purple/host.h"
#include "protocols/purple/markup.h"
#include "protocols/purple/search-results.h"

#define WAITING_MAX 4      /* behind the one that is under way */
#define DEADLINE 30000     /* ms for one search */
#define LATE_TIME 60000    /* ms in which the answer to a search that was given up may still come */
#define DISCOVERY_TIME 10  /* s of a log-in in which the plugin may still find the directory */
#define DISCOVERY_LOOK 500 /* ms between two looks for it */
#define TEXT_MAX 4096      /* bytes of the form's instructions */

#define NO_DIRECTORY "the network names no directory of its users"

typedef enum { IDLE, OPENING, RUNNING, LATE } Phase;

typedef struct {
    gint64 id;
    GHashTable *values; /* (nullable): the form is asked for */
} Search;

struct CwSearches {
    CwAccount *account;
    GQueue waiting; /* Search, owned */
    Search *now;    /* owned; NULL: none is under way */
    Phase phase;
    guint timer_id; /* the deadline; LATE: its end */
    guint step_id;  /* what is done when the plugin's call has returned */

    gboolean inside; /* in a call of ours into the plugin */
    char *stanza_id; /* the last one that the search sent; NULL: none */
    gboolean heard;  /* the answer to it is being handled */

    /* the request that was taken, until it is settled; 0: none */
    gint64 request;
    gboolean is_input, is_directory;
    GPtrArray *fields;
    char *text;
    gboolean directory_chosen;
    GHashTable *labels; /* of the form that was filled in: search-results.h; NULL: none was */
};

static void free_search(gpointer data)
{
    Search *search = data;

    if (search->values != NULL)
        g_hash_table_unref(search->values);
    g_free(search);
}

CwSearches *cw_searches_new(CwAccount *account)
{
    CwSearches *searches = g_new0(CwSearches, 1);

    searches->account = account;
    g_queue_init(&searches->waiting);
    return searches;
}

static void forget_request(CwSearches *searches)
{
    searches->request = 0;
    g_clear_pointer(&searches->fields, g_ptr_array_unref);
    g_clear_pointer(&searches->text, g_free);
}

void cw_searches_free(CwSearches *searches)
{
    if (searches == NULL)
        return;
    g_clear_handle_id(&searches->timer_id, g_source_remove);
    g_clear_handle_id(&searches->step_id, g_source_remove);
    g_queue_clear_full(&searches->waiting, free_search);
    g_clear_pointer(&searches->now, free_search);
    g_clear_pointer(&searches->labels, g_hash_table_unref);
    forget_request(searches);
    g_free(searches->stanza_id);
    g_free(searches);
}

/* ---- the form ---- */

/* Gives the form's fields the names that the gateway knows.  (transfer full) name -> the plugin's
 * id of it. */
static GHashTable *name_fields(const CwSearches *searches)
{
    GHashTable *ids = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    GPtrArray *fields = searches->fields;

    for (guint i = 0; i < fields->len; i++) {
        CwField *field = g_ptr_array_index(fields, i);
        const char *name = searches->is_input ? cw_host.defaults->search.input : NULL;
        if (name == NULL)
            name = cw_search_results_meaning(field->name);
        if (name == NULL)
            name = cw_search_results_meaning(field->label);
        if (field->kind == CW_FIELD_NOTE)
            continue;
        if (name == NULL || strcmp(name, CW_SEARCH_CONTACT) == 0 ||
            cw_fields_find(fields, name) != NULL)
            name = field->name;
        g_hash_table_insert(ids, g_strdup(name), g_strdup(field->name));
        if (name != field->name) {
            g_free(field->name);
            field->name = g_strdup(name);
        }
    }
    return ids;
}

/* ---- the end of a search ---- */

static void begin_next(CwSearches *searches);

static gboolean next_cb(gpointer data)
{
    CwSearches *searches = data;

    searches->step_id = 0;
    if (searches->account->ending || searches->phase != IDLE || searches->waiting.length == 0)
        return G_SOURCE_REMOVE;
    cw_eventloop_set_owner(searches->account->serial);
    begin_next(searches);
    cw_eventloop_set_owner(0);
    return G_SOURCE_REMOVE;
}

static void settle(CwSearches *searches, GHashTable *values)
{
    gint64 request = searches->request;

    forget_request(searches);
    searches->inside = TRUE;
    cw_ask_settle(searches->account, request, values);
    searches->inside = FALSE;
}

/* Answered or refused; the next one begins when the plugin's call has returned. */
static void finish(CwSearches *searches)
{
    g_clear_pointer(&searches->now, free_search);
    g_clear_pointer(&searches->stanza_id, g_free);
    g_clear_pointer(&searches->labels, g_hash_table_unref);
    g_clear_handle_id(&searches->timer_id, g_source_remove);
    g_clear_handle_id(&searches->step_id, g_source_remove);
    searches->phase = IDLE;
    if (searches->request != 0)
        settle(searches, NULL);
    if (searches->waiting.length > 0)
        searches->step_id = g_idle_add_full(G_PRIORITY_DEFAULT, next_cb, searches, NULL);
}

static void refuse(CwSearches *searches, CwReason reason, const char *text)
{
    cw_host_nack(searches->account->number, searches->now->id, reason, text);
    finish(searches);
}

/* `found` NULL: `fields` is the form. */
static void answer(CwSearches *searches, GPtrArray *fields, const char *text, GPtrArray *found,
                   guint total)
{
    CwLinkMsg msg = {.kind = CW_LINK_SEARCH,
                     .account = searches->account->number,
                     .id = searches->now->id,
                     .fields = fields,
                     .text = text,
                     .found = found,
                     .total = found != NULL && total > found->len ? total : 0};

    if (cw_host_send(&msg))
        finish(searches);
    else
        refuse(searches, CW_REASON_OTHER, "the answer of the network is too long");
}

static gboolean late_cb(gpointer data)
{
    CwSearches *searches = data;

    searches->timer_id = 0;
    finish(searches);
    return G_SOURCE_REMOVE;
}

/* The answer may still come, and nothing would tell it from one to a search that began meanwhile.
 */
static gboolean deadline_cb(gpointer data)
{
    CwSearches *searches = data;
    guint32 account = searches->account->number;
    Search *search;

    searches->timer_id = 0;
    if (searches->account->ending)
        return G_SOURCE_REMOVE;
    cw_eventloop_set_owner(searches->account->serial);
    cw_host_nack(account, searches->now->id, CW_REASON_NETWORK, "the network did not answer");
    g_clear_pointer(&searches->now, free_search);
    g_clear_handle_id(&searches->step_id, g_source_remove);
    searches->phase = LATE;
    searches->timer_id = g_timeout_add(LATE_TIME, late_cb, searches);
    if (searches->request != 0)
        settle(searches, NULL);
    while ((search = g_queue_pop_head(&searches->waiting)) != NULL) {
        cw_host_nack(account, search->id, CW_REASON_RATE, NULL);
        free_search(search);
    }
    cw_eventloop_set_owner(0);
    return G_SOURCE_REMOVE;
}

/* ---- the requests of the plugin ---- */

/* Is what the plugin does right now the search's?  `guess`: where it cannot be known. */
static gboolean is_of_search(const CwSearches *searches, gboolean guess)
{
    if (searches->inside || searches->heard)
        return TRUE;
    return cw_host.defaults->stanza_signals == NULL && guess;
}

static void run_action(CwSearches *searches)
{
    PurpleConnection *gc = cw_account_connection(searches->account);
    GList *actions = gc != NULL ? PURPLE_PLUGIN_ACTIONS(cw_host.plugin, gc) : NULL;
    gboolean done = FALSE;

    for (GList *l = actions; l != NULL; l = l->next) {
        PurplePluginAction *action = l->data; /* NULL: a separator in the menu */
        if (action != NULL && !done &&
            g_strcmp0(action->label, cw_host.defaults->search.label) == 0) {
            action->plugin = cw_host.plugin;
            action->context = gc;
            searches->inside = TRUE;
            action->callback(action);
            searches->inside = FALSE;
            done = TRUE;
        }
        if (action != NULL)
            purple_plugin_action_free(action);
    }
    g_list_free(actions);
    if (gc == NULL)
        refuse(searches, CW_REASON_NOT_ONLINE, NULL);
    else if (!done)
        refuse(searches, CW_REASON_NO_CONTACT, NO_DIRECTORY);
}

static gboolean look_again_cb(gpointer data)
{
    CwSearches *searches = data;

    searches->step_id = 0;
    if (searches->account->ending)
        return G_SOURCE_REMOVE;
    cw_eventloop_set_owner(searches->account->serial);
    run_action(searches);
    cw_eventloop_set_owner(0);
    return G_SOURCE_REMOVE;
}

/* prpl-jabber asks the server for it after the log-in; the input has it as its default, or nothing.
 */
static void choose_directory(CwSearches *searches)
{
    const CwField *field = g_ptr_array_index(searches->fields, 0);
    gint64 online = g_get_monotonic_time() - searches->account->online_at;

    if (field->value != NULL && *field->value != '\0') {
        g_autoptr(GHashTable) values = g_hash_table_new(g_str_hash, g_str_equal);
        g_autofree char *directory = g_strdup(field->value);
        g_autofree char *name = g_strdup(field->name);
        g_hash_table_insert(values, name, directory);
        searches->directory_chosen = TRUE;
        settle(searches, values);
    } else if (online < DISCOVERY_TIME * G_TIME_SPAN_SECOND) {
        settle(searches, NULL);
        searches->step_id = g_timeout_add(DISCOVERY_LOOK, look_again_cb, searches);
    } else {
        refuse(searches, CW_REASON_NO_CONTACT, NO_DIRECTORY);
    }
}

/* Empty is what a client sends for a field that was not filled in. */
static gboolean is_filled_in(const CwField *field, GHashTable *values)
{
    const char *value = g_hash_table_lookup(values, field->name);

    if (value == NULL)
        value = field->value;
    return value != NULL && *value != '\0';
}

static void fill_in(CwSearches *searches)
{
    g_autoptr(GHashTable) ids = name_fields(searches);
    g_autoptr(GHashTable) filled = g_hash_table_new(g_str_hash, g_str_equal);
    GHashTable *values = searches->now->values;

    for (guint i = 0; i < searches->fields->len; i++) {
        const CwField *field = g_ptr_array_index(searches->fields, i);
        const char *value = g_hash_table_lookup(values, field->name);
        const char *id = g_hash_table_lookup(ids, field->name);
        if (field->required && !is_filled_in(field, values)) {
            g_autofree char *text = g_strdup_printf("the field '%s' is needed", field->label);
            refuse(searches, CW_REASON_SETTINGS, text);
            return;
        }
        if (id != NULL && value != NULL && *value != '\0')
            g_hash_table_insert(filled, (gpointer)id, (gpointer)value);
    }
    if (g_hash_table_size(filled) == 0) {
        refuse(searches, CW_REASON_SETTINGS, "none of the fields of the directory is filled in");
        return;
    }
    searches->labels = cw_search_results_labels(searches->fields);
    searches->phase = RUNNING; /* the results may come inside */
    settle(searches, filled);
}

static void show_form(CwSearches *searches)
{
    g_autoptr(GHashTable) ids = name_fields(searches);
    g_autoptr(GPtrArray) fields = g_ptr_array_ref(searches->fields);
    const char *text = searches->text;
    g_auto(GStrv) pieces = text != NULL ? cw_text_split(text, TEXT_MAX, FALSE) : NULL;

    answer(searches, fields, pieces != NULL ? pieces[0] : NULL, NULL, 0);
}

/* What was taken is dealt with when the plugin has its handle. */
static gboolean step_cb(gpointer data)
{
    CwSearches *searches = data;

    searches->step_id = 0;
    if (searches->account->ending || searches->request == 0)
        return G_SOURCE_REMOVE;
    cw_eventloop_set_owner(searches->account->serial);
    if (searches->phase != OPENING)
        finish(searches); /* nobody waits for it any more */
    else if (searches->is_directory)
        choose_directory(searches);
    else if (searches->now->values != NULL)
        fill_in(searches);
    else
        show_form(searches);
    cw_eventloop_set_owner(0);
    return G_SOURCE_REMOVE;
}

gboolean cw_searches_take_request(CwAccount *account, PurpleRequestType type, gint64 id,
                                  const char *text, GPtrArray *fields)
{
    CwSearches *searches = account->searches;
    gboolean is_input = type == PURPLE_REQUEST_INPUT;

    if ((searches->phase != OPENING && searches->phase != LATE) || searches->request != 0 ||
        (!is_input && type != PURPLE_REQUEST_FIELDS) || !is_of_search(searches, !is_input))
        return FALSE;
    searches->request = id;
    searches->is_input = is_input;
    searches->is_directory =
        is_input && cw_host.defaults->search.input == NULL && !searches->directory_chosen;
    searches->fields = g_ptr_array_ref(fields);
    searches->text = g_strdup(text);
    g_clear_handle_id(&searches->step_id, g_source_remove);
    searches->step_id = g_idle_add_full(G_PRIORITY_DEFAULT, step_cb, searches, NULL);
    return TRUE;
}

void cw_searches_request_gone(CwAccount *account, gint64 id)
{
    CwSearches *searches = account->searches;

    if (searches == NULL || searches->request != id || account->ending)
        return;
    forget_request(searches);
    if (searches->phase == OPENING)
        refuse(searches, CW_REASON_OTHER, "the network took its form back");
}

/* ---- the results ---- */

static void send_results(CwSearches *searches, const PurpleNotifySearchResults *results)
{
    g_autoptr(GPtrArray) columns = cw_fields_new();
    guint total = 0;
    g_autoptr(GPtrArray) found =
        cw_search_results_read(searches->account, results, searches->labels, columns, &total);

    answer(searches, columns, NULL, found, total);
}

static void send_nobody(CwSearches *searches)
{
    PurpleNotifySearchResults nobody = {0};

    send_results(searches, &nobody);
}

gboolean cw_searches_take_results(CwAccount *account, const PurpleNotifySearchResults *results)
{
    CwSearches *searches = account != NULL ? account->searches : NULL;

    if (searches == NULL || !is_of_search(searches, TRUE))
        return FALSE;
    if (searches->phase == RUNNING)
        send_results(searches, results);
    else if (searches->phase == LATE)
        finish(searches);
    else
        return FALSE;
    return TRUE;
}

gboolean cw_searches_take_message(CwAccount *account, PurpleNotifyMsgType type, const char *text)
{
    CwSearches *searches = account != NULL ? account->searches : NULL;
    const char *none = cw_host.defaults->search.none;

    if (searches == NULL || searches->phase == IDLE)
        return searches != NULL && searches->inside; /* of a form that was cancelled */
    if (!is_of_search(searches, type == PURPLE_NOTIFY_MSG_ERROR))
        return FALSE;
    if (searches->phase == LATE)
        finish(searches);
    else if (searches->phase == RUNNING && none != NULL && g_str_has_prefix(text, none))
        send_nobody(searches);
    else
        refuse(searches, CW_REASON_OTHER, text);
    return TRUE;
}

/* ---- the stanzas of the search ---- */

void cw_searches_sent(CwAccount *account, const char *stanza_id)
{
    CwSearches *searches = account->searches;

    if (searches->inside && stanza_id != NULL) {
        g_free(searches->stanza_id);
        searches->stanza_id = g_strdup(stanza_id);
    }
}

static gboolean unheard_cb(gpointer data)
{
    CwAccount *account = cw_account_by_serial(*(guint64 *)data);

    if (account != NULL)
        account->searches->heard = FALSE;
    return G_SOURCE_REMOVE;
}

gboolean cw_searches_received(CwAccount *account, const char *stanza_id, CwReason refusal,
                              const char *text)
{
    CwSearches *searches = account->searches;

    searches->heard = FALSE;
    if (searches->stanza_id == NULL || g_strcmp0(searches->stanza_id, stanza_id) != 0)
        return FALSE;
    if (refusal == CW_REASON_NONE) {
        searches->heard = TRUE; /* while the plugin handles it, which begins behind this */
        g_idle_add_full(G_PRIORITY_HIGH, unheard_cb, g_memdup2(&account->serial, sizeof(guint64)),
                        g_free);
    } else if (searches->phase == LATE) {
        finish(searches);
    } else {
        refuse(searches, refusal, text);
    }
    return refusal != CW_REASON_NONE;
}

/* ---- the gateway asks ---- */

static void begin_next(CwSearches *searches)
{
    searches->now = g_queue_pop_head(&searches->waiting);
    searches->phase = OPENING;
    searches->directory_chosen = FALSE;
    searches->timer_id = g_timeout_add(DEADLINE, deadline_cb, searches);
    run_action(searches);
}

void cw_searches_ask(CwAccount *account, const CwLinkMsg *msg)
{
    CwSearches *searches = account->searches;
    CwReason reason = CW_REASON_NONE;

    if (cw_account_connection(account) == NULL)
        reason = CW_REASON_NOT_ONLINE;
    else if (cw_host.defaults->search.label == NULL)
        reason = CW_REASON_NO_CONTACT;
    else if (searches->phase == LATE || searches->waiting.length >= WAITING_MAX)
        reason = CW_REASON_RATE;
    if (reason != CW_REASON_NONE) {
        cw_host_nack(account->number, msg->id, reason, NULL);
        return;
    }
    Search *search = g_new0(Search, 1);
    search->id = msg->id;
    search->values = msg->values != NULL ? g_hash_table_ref(msg->values) : NULL;
    g_queue_push_tail(&searches->waiting, search);
    if (searches->phase == IDLE && searches->step_id == 0)
        begin_next(searches);
}
