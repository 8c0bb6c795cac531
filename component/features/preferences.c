/* component/features/preferences.c: what a user wants of the gateway itself: in the registration
 * form, and by commands
 *
 * A preference is a row of the table, and a CwPreference of the store; one without a text there is
 * kept, and not asked for.  In a dialogue of
 * registration none is asked for: there is a command for each.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "component/features/features.h"
#include "component/features/gateway-commands.h"

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
    const char *is_on, *is_off;
} preferences[CW_N_PREFERENCES] = {
    [CW_PREFERENCE_PICTURE] = {has_picture, "Show my picture and nickname to my contacts on %s",
                               "Your contacts on %s see your picture and nickname.",
                               "Your contacts on %s do not see your picture and nickname."},
    [CW_PREFERENCE_INVISIBLE] = {has_invisible, "Hide from my contacts on %s that I am online",
                                 "Your contacts on %s do not see when you are online.",
                                 "Your contacts on %s see when you are online."},
};

static gboolean is_offered(CwComponent *component, CwPreference preference)
{
    const CwProtocol *protocol = cw_transport_protocol(cw_component_transport(component));

    return protocol != NULL && preferences[preference].is_offered != NULL &&
           preferences[preference].is_offered(protocol);
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
        g_autofree char *label = cw_gateway_name_network(component, preferences[i].label);
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

/* ---- by commands ---- */

gboolean cw_preferences_has_picture(CwComponent *component)
{
    return is_offered(component, CW_PREFERENCE_PICTURE);
}

gboolean cw_preferences_has_invisible(CwComponent *component)
{
    return is_offered(component, CW_PREFERENCE_INVISIBLE);
}

static gboolean is_wanted(CwComponent *component, const char *user, CwPreference preference)
{
    g_autoptr(CwUser) stored =
        cw_store_get_user(cw_transport_store(cw_component_transport(component)),
                          cw_component_domain(component), user, NULL);

    return stored != NULL && cw_user_wants(stored, preference);
}

static GPtrArray *make_field(CwComponent *component, const CwJid *user, CwPreference preference)
{
    GPtrArray *fields = cw_fields_new();
    g_autofree char *label = cw_gateway_name_network(component, preferences[preference].label);

    g_ptr_array_add(fields, cw_field_new(CW_FIELD_BOOLEAN, "on", label,
                                         is_wanted(component, user->bare, preference) ? "1" : "0"));
    return fields;
}

GPtrArray *cw_preferences_picture_fields(CwComponent *component, const CwJid *user, GError **error)
{
    return make_field(component, user, CW_PREFERENCE_PICTURE);
}

GPtrArray *cw_preferences_invisible_fields(CwComponent *component, const CwJid *user,
                                           GError **error)
{
    return make_field(component, user, CW_PREFERENCE_INVISIBLE);
}

typedef struct {
    CwTalk *talk;
    CwPreference preference;
    gboolean yes;
} Choice;

static void say_choice(CwTalk *talk, CwPreference preference, gboolean yes)
{
    g_autofree char *text =
        cw_gateway_name_network(cw_talk_component(talk), yes ? preferences[preference].is_on
                                                             : preferences[preference].is_off);

    cw_talk_say(talk, text);
}

static void chosen_cb(const GError *error, gpointer data)
{
    Choice *choice = data;

    if (error == NULL)
        say_choice(choice->talk, choice->preference, choice->yes);
    else /* the log has it, from the store */
        cw_talk_refuse(choice->talk,
                       "That could not be stored; nothing has changed.  Try again later.");
    cw_talk_unref(choice->talk);
    g_free(choice);
}

static void choose(CwTalk *talk, CwPreference preference, gboolean yes)
{
    Choice *choice = g_new(Choice, 1);

    *choice = (Choice){cw_talk_ref(talk), preference, yes};
    cw_transport_set_preference(cw_talk_transport(talk), cw_talk_user(talk)->bare, preference, yes,
                                chosen_cb, choice);
}

/* The word of the command is the preference's. */
static CwPreference find_preference(const CwTalk *talk)
{
    CwPreference i = 0;

    while (i < CW_N_PREFERENCES - 1 && !g_str_equal(cw_preference_to_string(i), cw_talk_word(talk)))
        i++;
    return i;
}

void cw_preferences_run(CwTalk *talk, const char *rest)
{
    CwPreference preference = find_preference(talk);
    const char *user = cw_talk_user(talk)->bare;
    gboolean yes = g_ascii_strcasecmp(rest, "on") == 0;

    if (!cw_transport_is_registered(cw_talk_transport(talk), user))
        cw_talk_refuse(talk, "You are not registered with me.");
    else if (yes || g_ascii_strcasecmp(rest, "off") == 0)
        choose(talk, preference, yes);
    else
        say_choice(talk, preference, is_wanted(cw_talk_component(talk), user, preference));
}
