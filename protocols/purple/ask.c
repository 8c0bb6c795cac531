/* protocols/purple/ask.c: questions of the network (libpurple's request ops) over the link
 *
 * Every request becomes a `question` with fields, whatever it is about; nothing here looks at its
 * text.  The handle that libpurple gets is our Question, always: it closes requests by it.
 *
 *     libpurple asks -> open -> answer of the gateway -> callback -> purple_request_close()
 *                            -> libpurple closes it (connection gone)   -> question-gone
 *
 * But one that a search in the directory raises is no question to the user: search.c takes it in
 * ask(), and answers by cw_ask_settle().
 *
 * A callback can end the connection, which closes the question that is being answered: `answering`
 * keeps it in memory until the callback has returned.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "protocols/purple/ask.h"

#include <stdlib.h>
#include <string.h>

#include "protocols/purple/certificates.h"
#include "protocols/purple/host.h"
#include "protocols/purple/markup.h"
#include "protocols/purple/room-list.h"
#include "protocols/purple/search.h"

#define QUESTIONS_MAX 16 /* open ones an account; further ones are cancelled at once */
#define FIELDS_MAX 64
#define CHOICE "choice" /* the field of an action or a choice */
#define VALUE "value"   /* the field of an input */

typedef struct {
    PurpleRequestType type;
    guint32 number; /* the account's; 0: nobody to ask */
    gint64 id;
    void *user_data;
    GCallback ok, cancel;
    GArray *actions;             /* of an action: GCallback; of a choice: int, its values */
    PurpleRequestFields *fields; /* of fields: libpurple's, which we destroy */
    guint unasked_id;            /* idle source that cancels it; 0: none */
    gboolean multiline;          /* of an input */
    gboolean taken;              /* by search.c: nobody is told of it */
    gboolean answering, closed;
} Question;

static GHashTable *questions; /* set of Question, owned */
static gint64 last_id;

static void free_question(gpointer data)
{
    Question *question = data;
    g_clear_handle_id(&question->unasked_id, g_source_remove);
    if (question->actions != NULL)
        g_array_unref(question->actions);
    if (question->fields != NULL)
        purple_request_fields_destroy(question->fields);
    g_free(question);
}

/* ---- asking ---- */

/* One that is ending counts: its questions must be gone before its connection is. */
static CwAccount *find_account(PurpleAccount *purple, PurpleConversation *conv)
{
    if (purple == NULL && conv != NULL)
        purple = purple_conversation_get_account(conv);
    if (purple != NULL)
        return purple->ui_data;
    return cw_account_current();
}

static Question *question_new(PurpleRequestType type, CwAccount *account, GCallback ok,
                              GCallback cancel, void *user_data)
{
    Question *question = g_new0(Question, 1);
    question->type = type;
    question->number = account != NULL ? account->number : 0;
    question->id = ++last_id;
    question->user_data = user_data;
    question->ok = ok;
    question->cancel = cancel;
    if (questions == NULL)
        questions = g_hash_table_new_full(NULL, NULL, free_question, NULL);
    g_hash_table_add(questions, question);
    if (account != NULL)
        account->questions++;
    return question;
}

static void finish(Question *question, GHashTable *values, gboolean cancelled);

static gboolean unasked_cb(gpointer data)
{
    Question *question = data;
    question->unasked_id = 0;
    finish(question, NULL, TRUE);
    return G_SOURCE_REMOVE;
}

static void append_text(GString *out, const char *html)
{
    if (html == NULL || *html == '\0')
        return;
    g_autofree char *text = g_strstrip(cw_markup_to_text(html));
    if (*text != '\0')
        g_string_append_printf(out, "%s%s", out->len > 0 ? "\n" : "", text);
}

/* A picture to read, or a secret. */
static gboolean wants_a_person(const Question *question, const GPtrArray *fields)
{
    GList *groups =
        question->fields != NULL ? purple_request_fields_get_groups(question->fields) : NULL;

    for (guint i = 0; i < fields->len; i++) {
        if (((const CwField *)g_ptr_array_index(fields, i))->kind == CW_FIELD_PRIVATE)
            return TRUE;
    }
    for (GList *g = groups; g != NULL; g = g->next) {
        for (GList *l = purple_request_field_group_get_fields(g->data); l != NULL; l = l->next) {
            if (purple_request_field_get_type(l->data) == PURPLE_REQUEST_FIELD_IMAGE)
                return TRUE;
        }
    }
    return FALSE;
}

/* Sends it; nobody to ask, or too many open: cancelled at the next turn, as the caller does not
 * have its handle yet. */
static void ask(Question *question, CwAccount *account, const char *title, const char *primary,
                const char *secondary, GPtrArray *fields)
{
    g_autoptr(GString) text = g_string_new(NULL);
    append_text(text, primary);
    append_text(text, secondary);
    g_autofree char *name = title != NULL ? cw_text_one_line(title) : NULL;
    if (account != NULL && !account->ending && !wants_a_person(question, fields) &&
        (cw_room_list_take_request(account, question->type, question->id, fields) ||
         cw_searches_take_request(account, question->type, question->id,
                                  text->len > 0 ? text->str : NULL, fields))) {
        question->taken = TRUE;
        return;
    }
    if (account == NULL || account->ending || account->questions > QUESTIONS_MAX) {
        cw_host_log("warning", question->number, "a question is cancelled, %s: %s",
                    account == NULL   ? "as it concerns no account"
                    : account->ending ? "as the account is logged out"
                                      : "as too many are open",
                    text->str);
        question->unasked_id = g_idle_add_full(G_PRIORITY_DEFAULT, unasked_cb, question, NULL);
        return;
    }
    cw_host_send(&(CwLinkMsg){.kind = CW_LINK_QUESTION,
                              .account = account->number,
                              .id = question->id,
                              .title = name != NULL && *name != '\0' ? name : NULL,
                              .text = text->len > 0 ? text->str : NULL,
                              .fields = fields});
}

/* "_Accept" is "Accept", "a__b" is "a_b": the underscore marks a key.  (transfer full) */
static char *clean_label(const char *label)
{
    g_autofree char *text = cw_markup_to_text(label);
    GString *out = g_string_new(NULL);
    for (const char *p = text; *p != '\0'; p++) {
        if (*p == '_' && *++p == '\0')
            break;
        g_string_append_c(out, *p);
    }
    return g_strstrip(g_string_free(out, FALSE));
}

static CwField *add_field(GPtrArray *fields, CwFieldKind kind, const char *name, const char *label,
                          const char *value)
{
    g_autofree char *clean = clean_label(label != NULL ? label : name);
    g_autofree char *text = value != NULL ? cw_text_clean(value) : NULL;
    CwField *field = cw_field_new(kind, name, clean, text);
    g_ptr_array_add(fields, field);
    return field;
}

static void add_choice(CwField *field, int value, const char *label)
{
    g_autofree char *number = g_strdup_printf("%d", value);
    g_autofree char *clean = clean_label(label);
    cw_field_add_choice(field, number, clean);
}

static void *request_input(const char *title, const char *primary, const char *secondary,
                           const char *default_value, gboolean multiline, gboolean masked,
                           gchar *hint, const char *ok_text, GCallback ok_cb,
                           const char *cancel_text, GCallback cancel_cb, PurpleAccount *purple,
                           const char *who, PurpleConversation *conv, void *user_data)
{
    CwAccount *account = find_account(purple, conv);
    Question *question = question_new(PURPLE_REQUEST_INPUT, account, ok_cb, cancel_cb, user_data);
    question->multiline = multiline;
    g_autoptr(GPtrArray) fields = cw_fields_new();
    const char *label = primary != NULL ? primary : title;
    add_field(fields, masked ? CW_FIELD_PRIVATE : CW_FIELD_TEXT, VALUE, label,
              masked ? NULL : default_value);
    ask(question, account, title, primary, secondary, fields);
    return question;
}

static void *request_choice(const char *title, const char *primary, const char *secondary,
                            int default_value, const char *ok_text, GCallback ok_cb,
                            const char *cancel_text, GCallback cancel_cb, PurpleAccount *purple,
                            const char *who, PurpleConversation *conv, void *user_data,
                            va_list choices)
{
    CwAccount *account = find_account(purple, conv);
    Question *question = question_new(PURPLE_REQUEST_CHOICE, account, ok_cb, cancel_cb, user_data);
    g_autoptr(GPtrArray) fields = cw_fields_new();
    g_autofree char *preset = g_strdup_printf("%d", default_value);
    CwField *field =
        add_field(fields, CW_FIELD_LIST, CHOICE, primary != NULL ? primary : title, preset);
    question->actions = g_array_new(FALSE, FALSE, sizeof(int));
    const char *label;
    while ((label = va_arg(choices, const char *)) != NULL) {
        int value = va_arg(choices, int);
        add_choice(field, value, label);
        g_array_append_val(question->actions, value);
    }
    ask(question, account, title, primary, secondary, fields);
    return question;
}

static void *request_action(const char *title, const char *primary, const char *secondary,
                            int default_action, PurpleAccount *purple, const char *who,
                            PurpleConversation *conv, void *user_data, size_t action_count,
                            va_list actions)
{
    CwAccount *account = find_account(purple, conv);
    Question *question = question_new(PURPLE_REQUEST_ACTION, account, NULL, NULL, user_data);
    g_autoptr(GPtrArray) fields = cw_fields_new();
    g_autofree char *preset = default_action >= 0 ? g_strdup_printf("%d", default_action) : NULL;
    CwField *field =
        add_field(fields, CW_FIELD_LIST, CHOICE, primary != NULL ? primary : title, preset);
    question->actions = g_array_new(FALSE, FALSE, sizeof(GCallback));
    for (size_t i = 0; i < action_count; i++) {
        const char *label = va_arg(actions, const char *);
        GCallback callback = va_arg(actions, GCallback);
        add_choice(field, (int)i, label);
        g_array_append_val(question->actions, callback);
    }
    ask(question, account, title, primary, secondary, fields);
    return question;
}

static void *request_action_with_icon(const char *title, const char *primary, const char *secondary,
                                      int default_action, PurpleAccount *purple, const char *who,
                                      PurpleConversation *conv, gconstpointer icon_data,
                                      gsize icon_size, void *user_data, size_t action_count,
                                      va_list actions)
{
    return request_action(title, primary, secondary, default_action, purple, who, conv, user_data,
                          action_count, actions);
}

/* ---- fields ---- */

static void describe_string(GPtrArray *fields, PurpleRequestField *field, const char *id,
                            const char *label)
{
    gboolean masked = purple_request_field_string_is_masked(field);
    const char *preset = purple_request_field_string_get_default_value(field);
    if (!purple_request_field_string_is_editable(field))
        add_field(fields, CW_FIELD_NOTE, id, label, preset);
    else
        add_field(fields, masked ? CW_FIELD_PRIVATE : CW_FIELD_TEXT, id, label,
                  masked ? NULL : preset);
}

static void describe_choices(GPtrArray *fields, PurpleRequestField *field, const char *id,
                             const char *label)
{
    g_autofree char *preset =
        g_strdup_printf("%d", purple_request_field_choice_get_default_value(field));
    CwField *list = add_field(fields, CW_FIELD_LIST, id, label, preset);
    int n = 0;
    for (GList *l = purple_request_field_choice_get_labels(field); l != NULL; l = l->next)
        add_choice(list, n++, l->data);
}

static void describe_items(GPtrArray *fields, PurpleRequestField *field, const char *id,
                           const char *label)
{
    GList *selected = purple_request_field_list_get_selected(field);
    CwField *list =
        add_field(fields, CW_FIELD_LIST, id, label, selected != NULL ? selected->data : NULL);
    for (GList *l = purple_request_field_list_get_items(field); l != NULL; l = l->next)
        cw_field_add_choice(list, l->data, l->data);
}

static void describe_field(GPtrArray *fields, PurpleRequestField *field)
{
    const char *id = purple_request_field_get_id(field);
    const char *label = purple_request_field_get_label(field);
    if (id == NULL || !purple_request_field_is_visible(field) || fields->len >= FIELDS_MAX)
        return;
    switch (purple_request_field_get_type(field)) {
    case PURPLE_REQUEST_FIELD_STRING:
        describe_string(fields, field, id, label);
        break;
    case PURPLE_REQUEST_FIELD_INTEGER: {
        g_autofree char *preset =
            g_strdup_printf("%d", purple_request_field_int_get_default_value(field));
        add_field(fields, CW_FIELD_INTEGER, id, label, preset);
        break;
    }
    case PURPLE_REQUEST_FIELD_BOOLEAN:
        add_field(fields, CW_FIELD_BOOLEAN, id, label,
                  purple_request_field_bool_get_default_value(field) ? "1" : "0");
        break;
    case PURPLE_REQUEST_FIELD_CHOICE:
        describe_choices(fields, field, id, label);
        break;
    case PURPLE_REQUEST_FIELD_LIST:
        describe_items(fields, field, id, label);
        break;
    case PURPLE_REQUEST_FIELD_LABEL:
        add_field(fields, CW_FIELD_NOTE, id, label, NULL);
        break;
    case PURPLE_REQUEST_FIELD_IMAGE: {
        g_autofree char *text = g_strdup_printf("%s [image]", label != NULL ? label : "");
        add_field(fields, CW_FIELD_NOTE, id, text, NULL);
        break;
    }
    case PURPLE_REQUEST_FIELD_NONE:
    case PURPLE_REQUEST_FIELD_ACCOUNT: /* the one that asks; its default stands */
        return;
    }
    CwField *last = g_ptr_array_index(fields, fields->len - 1);
    last->required = purple_request_field_is_required(field);
}

static void *request_fields(const char *title, const char *primary, const char *secondary,
                            PurpleRequestFields *purple_fields, const char *ok_text,
                            GCallback ok_cb, const char *cancel_text, GCallback cancel_cb,
                            PurpleAccount *purple, const char *who, PurpleConversation *conv,
                            void *user_data)
{
    CwAccount *account = find_account(purple, conv);
    Question *question = question_new(PURPLE_REQUEST_FIELDS, account, ok_cb, cancel_cb, user_data);
    question->fields = purple_fields;
    g_autoptr(GPtrArray) fields = cw_fields_new();
    for (GList *g = purple_request_fields_get_groups(purple_fields); g != NULL; g = g->next) {
        for (GList *l = purple_request_field_group_get_fields(g->data); l != NULL; l = l->next)
            describe_field(fields, l->data);
    }
    ask(question, account, title, primary, secondary, fields);
    return question;
}

/* There is no file of the user's on this machine: cancelled, never asked. */
static void *request_path(PurpleRequestType type, const char *title, GCallback cancel_cb,
                          PurpleAccount *purple, PurpleConversation *conv, void *user_data)
{
    CwAccount *account = find_account(purple, conv);
    Question *question = question_new(type, account, NULL, cancel_cb, user_data);
    cw_host_log("info", question->number, "the plugin asks for a file (%s); cancelled",
                title != NULL ? title : "no title");
    question->unasked_id = g_idle_add_full(G_PRIORITY_DEFAULT, unasked_cb, question, NULL);
    return question;
}

static void *request_file(const char *title, const char *filename, gboolean savedialog,
                          GCallback ok_cb, GCallback cancel_cb, PurpleAccount *purple,
                          const char *who, PurpleConversation *conv, void *user_data)
{
    return request_path(PURPLE_REQUEST_FILE, title, cancel_cb, purple, conv, user_data);
}

static void *request_folder(const char *title, const char *dirname, GCallback ok_cb,
                            GCallback cancel_cb, PurpleAccount *purple, const char *who,
                            PurpleConversation *conv, void *user_data)
{
    return request_path(PURPLE_REQUEST_FOLDER, title, cancel_cb, purple, conv, user_data);
}

/* ---- the answer ---- */

static const char *find_value(GHashTable *values, const char *name)
{
    return values != NULL ? g_hash_table_lookup(values, name) : NULL;
}

static gboolean is_yes(const char *value)
{
    return g_strcmp0(value, "1") == 0 || g_strcmp0(value, "true") == 0;
}

/* Fields that were not answered keep their defaults. */
static void fill_field(PurpleRequestField *field, const char *value)
{
    switch (purple_request_field_get_type(field)) {
    case PURPLE_REQUEST_FIELD_STRING:
        if (purple_request_field_string_is_editable(field))
            purple_request_field_string_set_value(field, value);
        break;
    case PURPLE_REQUEST_FIELD_INTEGER:
        purple_request_field_int_set_value(field, atoi(value));
        break;
    case PURPLE_REQUEST_FIELD_BOOLEAN:
        purple_request_field_bool_set_value(field, is_yes(value));
        break;
    case PURPLE_REQUEST_FIELD_CHOICE: {
        int n = (int)g_list_length(purple_request_field_choice_get_labels(field));
        int chosen = atoi(value);
        if (chosen >= 0 && chosen < n)
            purple_request_field_choice_set_value(field, chosen);
        break;
    }
    case PURPLE_REQUEST_FIELD_LIST:
        if (purple_request_field_list_get_data(field, value) != NULL ||
            g_list_find_custom(purple_request_field_list_get_items(field), value,
                               (GCompareFunc)strcmp) != NULL) {
            purple_request_field_list_clear_selected(field);
            purple_request_field_list_add_selected(field, value);
        }
        break;
    case PURPLE_REQUEST_FIELD_NONE:
    case PURPLE_REQUEST_FIELD_LABEL:
    case PURPLE_REQUEST_FIELD_IMAGE:
    case PURPLE_REQUEST_FIELD_ACCOUNT:
        break;
    }
}

static void answer_fields(Question *question, GHashTable *values, gboolean cancelled)
{
    for (GList *g = purple_request_fields_get_groups(question->fields); g != NULL && !cancelled;
         g = g->next) {
        for (GList *l = purple_request_field_group_get_fields(g->data); l != NULL; l = l->next) {
            const char *id = purple_request_field_get_id(l->data);
            const char *value = id != NULL ? find_value(values, id) : NULL;
            if (value == NULL)
                continue;
            g_autofree char *clean = cw_text_clean(value);
            fill_field(l->data, clean);
        }
    }
    if (!cancelled && !purple_request_fields_all_required_filled(question->fields))
        cancelled = TRUE;
    PurpleRequestFieldsCb callback =
        (PurpleRequestFieldsCb)(cancelled ? question->cancel : question->ok);
    if (callback != NULL)
        callback(question->user_data, question->fields);
}

/* libpurple has no "none of these".  Of two actions the second is the one that does nothing (its
 * own helpers are "OK, Cancel", "Yes, No", "Accept, Cancel"), and so it is of "Accept, Reject,
 * View" for a certificate, whose log-in must not stay in the air.  Else nothing is called. */
static guint64 find_refusal(const Question *question)
{
    const CwAccount *account = cw_account_find(question->number);
    gboolean certificate = account != NULL && cw_certificates_is_waiting(account);
    return question->actions->len == 2 || certificate ? 1 : G_MAXUINT64;
}

static void answer_action(Question *question, const char *value, gboolean cancelled)
{
    char *end = NULL;
    guint64 n = value != NULL ? g_ascii_strtoull(value, &end, 10) : G_MAXUINT64;
    if (cancelled || value == NULL || end == value || *end != '\0')
        n = find_refusal(question);
    if (n >= question->actions->len)
        return;
    PurpleRequestActionCb callback =
        (PurpleRequestActionCb)g_array_index(question->actions, GCallback, n);
    if (callback != NULL)
        callback(question->user_data, (int)n);
}

static void answer_choice(Question *question, const char *value, gboolean cancelled)
{
    int chosen = value != NULL ? atoi(value) : 0;
    gboolean known = FALSE;
    for (guint i = 0; i < question->actions->len; i++)
        known |= value != NULL && g_array_index(question->actions, int, i) == chosen;
    PurpleRequestChoiceCb callback =
        (PurpleRequestChoiceCb)(cancelled || !known ? question->cancel : question->ok);
    if (callback != NULL)
        callback(question->user_data, chosen);
}

static void call_back(Question *question, GHashTable *values, gboolean cancelled)
{
    switch (question->type) {
    case PURPLE_REQUEST_INPUT: {
        const char *raw = find_value(values, VALUE);
        g_autofree char *value = cw_text_clean(raw);
        if (!question->multiline)
            g_strdelimit(value, "\n", ' '); /* spaces at the ends may belong to a password */
        PurpleRequestInputCb callback =
            (PurpleRequestInputCb)(cancelled ? question->cancel : question->ok);
        if (callback != NULL)
            callback(question->user_data, value);
        break;
    }
    case PURPLE_REQUEST_CHOICE:
        answer_choice(question, find_value(values, CHOICE), cancelled);
        break;
    case PURPLE_REQUEST_ACTION:
        answer_action(question, find_value(values, CHOICE), cancelled);
        break;
    case PURPLE_REQUEST_FIELDS:
        answer_fields(question, values, cancelled);
        break;
    case PURPLE_REQUEST_FILE:
    case PURPLE_REQUEST_FOLDER: {
        PurpleRequestFileCb callback = (PurpleRequestFileCb)question->cancel;
        if (callback != NULL)
            callback(question->user_data, NULL);
        break;
    }
    case PURPLE_REQUEST_SCREENSHARE:
        break;
    }
}

static void remove_question(Question *question)
{
    CwAccount *account = cw_account_find(question->number);
    if (account != NULL && account->questions > 0)
        account->questions--;
    g_hash_table_remove(questions, question);
}

static void finish(Question *question, GHashTable *values, gboolean cancelled)
{
    if (question->answering)
        return;
    question->answering = TRUE;
    call_back(question, values, cancelled);
    if (!question->closed)
        purple_request_close(question->type, question); /* comes back to close_request */
    remove_question(question);
}

static void close_request(PurpleRequestType type, void *handle)
{
    Question *question = handle;
    if (question == NULL || questions == NULL || !g_hash_table_contains(questions, question))
        return;
    if (question->closed)
        return;
    question->closed = TRUE;
    if (question->answering)
        return; /* finish() removes it */
    CwAccount *account = cw_account_find(question->number);
    if (account != NULL && question->taken) {
        cw_room_list_request_gone(account, question->id);
        cw_searches_request_gone(account, question->id);
    } else if (account != NULL && !account->ending && question->unasked_id == 0) {
        cw_host_send(&(CwLinkMsg){
            .kind = CW_LINK_QUESTION_GONE, .account = question->number, .id = question->id});
    }
    remove_question(question);
}

/* NULL: it is not open any more. */
static Question *find_question(const CwAccount *account, gint64 id, gboolean taken)
{
    GHashTableIter iter;
    gpointer key;
    if (questions == NULL)
        return NULL;
    g_hash_table_iter_init(&iter, questions);
    while (g_hash_table_iter_next(&iter, &key, NULL)) {
        Question *question = key;
        if (question->id == id && question->number == account->number && question->taken == taken)
            return question;
    }
    return NULL;
}

void cw_ask_answer(CwAccount *account, const CwLinkMsg *msg)
{
    Question *question = find_question(account, msg->id, FALSE);
    if (question != NULL)
        finish(question, msg->values, msg->cancelled);
    else
        cw_host_log("debug", account->number, "an answer to a question that is not open any more");
}

void cw_ask_settle(CwAccount *account, gint64 id, GHashTable *values)
{
    Question *question = find_question(account, id, TRUE);
    if (question != NULL)
        finish(question, values, values == NULL);
}

static int newest_first(gconstpointer a, gconstpointer b)
{
    gint64 one = (*(Question *const *)a)->id, two = (*(Question *const *)b)->id;

    return (one < two) - (one > two);
}

/* The newest goes first: the gateway asks its user the oldest, and would ask the next one when that
 * goes, only to take it back. */
void cw_ask_forget(CwAccount *account)
{
    GHashTableIter iter;
    gpointer key;
    if (questions == NULL)
        return;
    g_autoptr(GPtrArray) open = g_ptr_array_new();
    g_hash_table_iter_init(&iter, questions);
    while (g_hash_table_iter_next(&iter, &key, NULL)) {
        if (((Question *)key)->number == account->number)
            g_ptr_array_add(open, key);
    }
    g_ptr_array_sort(open, newest_first);
    for (guint i = 0; i < open->len; i++) {
        Question *question = g_ptr_array_index(open, i);
        if (!g_hash_table_contains(questions, question) || question->answering)
            continue;
        if (question->unasked_id == 0 && !question->taken)
            cw_host_send(&(CwLinkMsg){
                .kind = CW_LINK_QUESTION_GONE, .account = account->number, .id = question->id});
        if (purple_account_get_connection(account->purple) != NULL)
            finish(question, NULL, TRUE); /* frees what the plugin keeps for the answer */
        else
            purple_request_close(question->type, question);
    }
}

static PurpleRequestUiOps ops = {
    .request_input = request_input,
    .request_choice = request_choice,
    .request_action = request_action,
    .request_fields = request_fields,
    .request_file = request_file,
    .close_request = close_request,
    .request_folder = request_folder,
    .request_action_with_icon = request_action_with_icon,
};

PurpleRequestUiOps *cw_ask_ops(void)
{
    return &ops;
}
