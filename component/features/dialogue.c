/* component/features/dialogue.c: fields asked one after the other in a chat with the gateway
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "component/features/dialogue.h"

#include "component/features/features.h"

#define PATIENCE 900 /* s without a word until a dialogue ends */

struct CwDialogues {
    CwComponent *component;
    GHashTable *open; /* bare JID -> Dialogue */
};

typedef struct {
    CwDialogues *dialogues;
    char *user;
    GPtrArray *fields;  /* CwField * */
    guint at;           /* the field asked last */
    GHashTable *values; /* name -> what was said */
    CwDialogueDone done;
    gpointer data;
    GDestroyNotify free_data;
    guint late_id;
} Dialogue;

static void free_dialogue(gpointer data)
{
    Dialogue *dialogue = data;

    g_clear_handle_id(&dialogue->late_id, g_source_remove);
    if (dialogue->free_data != NULL)
        dialogue->free_data(dialogue->data);
    g_hash_table_unref(dialogue->values);
    g_ptr_array_unref(dialogue->fields);
    g_free(dialogue->user);
    g_free(dialogue);
}

CwDialogues *cw_dialogues_new(CwComponent *component)
{
    CwDialogues *dialogues = g_new0(CwDialogues, 1);

    dialogues->component = component;
    dialogues->open = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, free_dialogue);
    return dialogues;
}

void cw_dialogues_free(CwDialogues *dialogues)
{
    if (dialogues == NULL)
        return;
    g_hash_table_unref(dialogues->open);
    g_free(dialogues);
}

/* It is closed before done(), which may begin another one. */
static void finish(Dialogue *dialogue, gboolean with_values)
{
    CwComponent *component = dialogue->dialogues->component;

    g_hash_table_steal(dialogue->dialogues->open, dialogue->user);
    dialogue->done(component, dialogue->user, with_values ? dialogue->values : NULL,
                   dialogue->data);
    free_dialogue(dialogue);
}

static gboolean late_cb(gpointer data)
{
    Dialogue *dialogue = data;

    dialogue->late_id = 0;
    finish(dialogue, FALSE);
    return G_SOURCE_REMOVE;
}

/* ---- asking ---- */

/* The field's own value as the user would type it; NULL: he is not to see one. */
static const char *show_value(const CwField *field)
{
    if (field->value == NULL || *field->value == '\0' || field->kind == CW_FIELD_PRIVATE)
        return NULL;
    if (field->kind == CW_FIELD_BOOLEAN)
        return g_str_equal(field->value, "1") ? "yes" : "no";
    for (guint i = 0; field->choices != NULL && i < field->choices->len; i++) {
        const CwChoice *choice = g_ptr_array_index(field->choices, i);
        if (g_str_equal(choice->value, field->value))
            return choice->label;
    }
    return field->value;
}

static void write_field(GString *text, const CwField *field)
{
    const char *value = show_value(field);

    g_string_append(text, field->label == NULL ? field->name : field->label);
    if (field->kind == CW_FIELD_BOOLEAN)
        g_string_append(text, " (yes or no)");
    for (guint i = 0; field->choices != NULL && i < field->choices->len; i++) {
        const CwChoice *choice = g_ptr_array_index(field->choices, i);
        g_string_append_printf(text, "\n  %u: %s", i + 1, choice->label);
    }
    if (value != NULL)
        g_string_append_printf(text, "\n  (“.” for: %s)", value);
    else if (!field->required)
        g_string_append(text, "\n  (“.” for none)");
    g_string_append(text, "\nAnswer with your next message to me, or “cancel”.");
}

/* Notes are shown on the way to the next field that wants an answer. */
static void ask_from(Dialogue *dialogue, guint at, const char *intro)
{
    GString *text = g_string_new(intro);
    const CwField *field = NULL;

    if (text->len > 0)
        g_string_append_c(text, '\n');
    for (; at < dialogue->fields->len; at++) {
        field = g_ptr_array_index(dialogue->fields, at);
        if (field->kind != CW_FIELD_NOTE)
            break;
        g_string_append_printf(text, "%s\n", field->value != NULL ? field->value : field->label);
    }
    gboolean over = at >= dialogue->fields->len;
    dialogue->at = at;
    if (!over)
        write_field(text, field);
    else if (text->len > 0)
        g_string_truncate(text, text->len - 1); /* the newline */
    if (text->len > 0)
        cw_gateway_chat_say(dialogue->dialogues->component, dialogue->user, text->str);
    g_string_free(text, TRUE);
    if (over)
        finish(dialogue, TRUE);
}

gboolean cw_dialogue_begin(CwDialogues *dialogues, const char *user, const char *intro,
                           GPtrArray *fields, CwDialogueDone done, gpointer data,
                           GDestroyNotify free_data)
{
    CwTransport *transport = cw_component_transport(dialogues->component);
    guint most = cw_transport_all_settings(transport)->limits.dialogues;

    if (most > 0 && g_hash_table_size(dialogues->open) >= most)
        return FALSE;
    Dialogue *dialogue = g_new0(Dialogue, 1);
    dialogue->dialogues = dialogues;
    dialogue->user = g_strdup(user);
    dialogue->fields = g_ptr_array_ref(fields);
    dialogue->values = cw_secret_table_new();
    dialogue->done = done;
    dialogue->data = data;
    dialogue->free_data = free_data;
    dialogue->late_id = g_timeout_add_seconds(PATIENCE, late_cb, dialogue);
    g_hash_table_replace(dialogues->open, dialogue->user, dialogue);
    ask_from(dialogue, 0, intro);
    return TRUE;
}

gboolean cw_dialogue_is_open(CwDialogues *dialogues, const char *user)
{
    return g_hash_table_contains(dialogues->open, user);
}

gpointer cw_dialogue_data(CwDialogues *dialogues, const char *user)
{
    Dialogue *dialogue = g_hash_table_lookup(dialogues->open, user);

    return dialogue == NULL ? NULL : dialogue->data;
}

void cw_dialogue_drop(CwDialogues *dialogues, const char *user)
{
    g_hash_table_remove(dialogues->open, user);
}

/* ---- answers ---- */

static gboolean is_word(const char *typed, const char *word)
{
    return g_ascii_strcasecmp(typed, word) == 0;
}

/* What the user typed as the value of a field.  NULL: it is none; `hint` says what is wanted. */
static char *read_value(const CwField *field, const char *typed, const char **hint)
{
    gint64 number = 0;

    *hint = "An answer is needed here.";
    if (g_str_equal(typed, ".") && (field->value != NULL || !field->required))
        return g_strdup(field->value == NULL ? "" : field->value);
    if (*typed == '\0' || g_str_equal(typed, "."))
        return NULL;
    switch (field->kind) {
    case CW_FIELD_TEXT:
    case CW_FIELD_PRIVATE:
        return g_strdup(typed);
    case CW_FIELD_BOOLEAN:
        *hint = "Please answer yes or no.";
        if (is_word(typed, "yes") || is_word(typed, "1"))
            return g_strdup("1");
        return is_word(typed, "no") || is_word(typed, "0") ? g_strdup("0") : NULL;
    case CW_FIELD_INTEGER:
        *hint = "Please answer with a number.";
        return g_ascii_string_to_signed(typed, 10, G_MININT64, G_MAXINT64, &number, NULL)
                   ? g_strdup(typed)
                   : NULL;
    case CW_FIELD_LIST:
        *hint = "Please answer with one of the numbers.";
        for (guint i = 0; field->choices != NULL && i < field->choices->len; i++) {
            const CwChoice *choice = g_ptr_array_index(field->choices, i);
            g_autofree char *at = g_strdup_printf("%u", i + 1);
            if (g_str_equal(typed, at) || is_word(typed, choice->label))
                return g_strdup(choice->value);
        }
        return NULL;
    case CW_FIELD_NOTE:
        break;
    }
    return NULL;
}

void cw_dialogue_take(CwDialogues *dialogues, const char *user, const char *typed)
{
    Dialogue *dialogue = g_hash_table_lookup(dialogues->open, user);
    const char *hint = NULL;

    if (dialogue == NULL)
        return;
    if (is_word(typed, "cancel")) {
        cw_gateway_chat_say(dialogues->component, user, "Cancelled.");
        finish(dialogue, FALSE);
        return;
    }
    const CwField *field = g_ptr_array_index(dialogue->fields, dialogue->at);
    char *value = read_value(field, typed, &hint);
    if (value == NULL) {
        cw_gateway_chat_say(dialogues->component, user, hint);
        return;
    }
    g_hash_table_replace(dialogue->values, g_strdup(field->name), value);
    g_clear_handle_id(&dialogue->late_id, g_source_remove);
    dialogue->late_id = g_timeout_add_seconds(PATIENCE, late_cb, dialogue);
    ask_from(dialogue, dialogue->at + 1, NULL);
}
