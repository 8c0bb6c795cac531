/* component/features/preferences.c: what a user wants of the gateway itself: in the registration
 * form, and by chat
 *
 * A preference is a row of the table, and a CwPreference of the store; one without a text there is
 * kept, and not asked for.  In a dialogue of
 * registration none is asked for: there is a command for each.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "component/features/features.h"

#define FIELD_PREFIX "preference." /* the network's options have a prefix of their own */

static gboolean has_picture(const CwProtocol *protocol)
{
    return protocol->picture;
}

static gboolean has_invisible(const CwProtocol *protocol)
{
    return protocol->invisible;
}

static const struct {
    gboolean (*is_offered)(const CwProtocol *protocol); /* NULL: never asked for */
    const char *label; /* in the form; each %s is the network's name */
    const char *help;  /* what “WORD on” does */
    const char *is_on, *is_off;
} preferences[CW_N_PREFERENCES] = {
    [CW_PREFERENCE_PICTURE] = {has_picture, "Show my picture and nickname to my contacts on %s",
                               "show your picture and nickname to your contacts on %s",
                               "Your contacts on %s see your picture and nickname.",
                               "Your contacts on %s do not see your picture and nickname."},
    [CW_PREFERENCE_INVISIBLE] = {has_invisible, "Hide from my contacts on %s that I am online",
                                 "hide from your contacts on %s that you are online",
                                 "Your contacts on %s do not see when you are online.",
                                 "Your contacts on %s see when you are online."},
};

static gboolean is_offered(CwComponent *component, CwPreference preference)
{
    const CwProtocol *protocol = cw_transport_protocol(cw_component_transport(component));

    return protocol != NULL && preferences[preference].is_offered != NULL &&
           preferences[preference].is_offered(protocol);
}

/* (transfer full) a text of the table */
static char *fill_in(CwComponent *component, const char *text)
{
    GString *filled = g_string_new(text);

    g_string_replace(filled, "%s", cw_transport_settings(cw_component_transport(component))->name,
                     0);
    return g_string_free(filled, FALSE);
}

/* ---- in the form ---- */

static char *field_name(CwPreference preference)
{
    return g_strconcat(FIELD_PREFIX, cw_preference_to_string(preference), NULL);
}

void cw_preferences_add_fields(CwComponent *component, const CwUser *user, GPtrArray *fields)
{
    for (CwPreference i = 0; i < CW_N_PREFERENCES; i++) {
        if (!is_offered(component, i))
            continue;
        g_autofree char *name = field_name(i);
        g_autofree char *label = fill_in(component, preferences[i].label);
        g_ptr_array_add(fields, cw_field_new(CW_FIELD_BOOLEAN, name, label,
                                             user != NULL && cw_user_wants(user, i) ? "1" : "0"));
    }
}

void cw_preferences_take(CwComponent *component, GHashTable *values, const CwUser *old,
                         CwUser *user)
{
    for (CwPreference i = 0; i < CW_N_PREFERENCES; i++) {
        g_autofree char *name = field_name(i);
        const char *value = g_hash_table_lookup(values, name);
        gboolean yes = g_strcmp0(value, "1") == 0;
        if (value != NULL && is_offered(component, i) &&
            yes != (old != NULL && cw_user_wants(old, i)))
            cw_user_set_preference(user, i, yes);
    }
}

/* ---- by chat ---- */

void cw_preferences_write_help(CwComponent *component, GString *help)
{
    for (CwPreference i = 0; i < CW_N_PREFERENCES; i++) {
        const char *word = cw_preference_to_string(i);
        if (!is_offered(component, i))
            continue;
        g_autofree char *what = fill_in(component, preferences[i].help);
        g_string_append_printf(help, "  %s on, %s off – %s, or do not\n", word, word, what);
    }
}

typedef struct {
    CwComponent *component;
    char *user;
    CwPreference preference;
    gboolean yes;
} Choice;

static void say_choice(CwComponent *component, const char *user, CwPreference preference,
                       gboolean yes)
{
    g_autofree char *text =
        fill_in(component, yes ? preferences[preference].is_on : preferences[preference].is_off);

    cw_gateway_chat_say(component, user, text);
}

static void chosen_cb(const GError *error, gpointer data)
{
    Choice *choice = data;

    if (error == NULL)
        say_choice(choice->component, choice->user, choice->preference, choice->yes);
    else /* the log has it, from the store */
        cw_gateway_chat_say(choice->component, choice->user,
                            "That could not be stored; nothing has changed.  Try again later.");
    g_free(choice->user);
    g_free(choice);
}

static void choose(CwComponent *component, const char *user, CwPreference preference, gboolean yes)
{
    Choice *choice = g_new0(Choice, 1);

    choice->component = component;
    choice->user = g_strdup(user);
    choice->preference = preference;
    choice->yes = yes;
    cw_transport_set_preference(cw_component_transport(component), user, preference, yes, chosen_cb,
                                choice);
}

static void run(CwComponent *component, const char *user, CwPreference preference, const char *rest)
{
    CwTransport *transport = cw_component_transport(component);
    gboolean yes = g_ascii_strcasecmp(rest, "on") == 0;

    if (!cw_transport_is_registered(transport, user)) {
        cw_gateway_chat_say(component, user, "You are not registered with me.");
    } else if (yes || g_ascii_strcasecmp(rest, "off") == 0) {
        choose(component, user, preference, yes);
    } else {
        g_autoptr(CwUser) stored = cw_store_get_user(cw_transport_store(transport),
                                                     cw_component_domain(component), user, NULL);
        say_choice(component, user, preference,
                   stored != NULL && cw_user_wants(stored, preference));
    }
}

gboolean cw_preferences_command(CwComponent *component, const char *user, const char *word,
                                const char *rest)
{
    for (CwPreference i = 0; i < CW_N_PREFERENCES; i++) {
        if (g_ascii_strcasecmp(word, cw_preference_to_string(i)) == 0 && is_offered(component, i)) {
            run(component, user, i, rest);
            return TRUE;
        }
    }
    return FALSE;
}
