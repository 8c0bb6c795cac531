/* protocols/purple/describe.c: what a plugin wants to know, as the gateway's CwProtocol
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "protocols/purple/describe.h"

#include <errno.h>
#include <gio/gio.h>
#include <stdlib.h>
#include <string.h>

#include "protocols/purple/defaults.h"
#include "protocols/purple/host.h"

static CwPasswordUse find_password_use(const PurplePluginProtocolInfo *info,
                                       const CwPurpleDefaults *defaults)
{
    if (defaults->needs_password)
        return CW_PASSWORD_REQUIRED;
    if (info->options & OPT_PROTO_NO_PASSWORD)
        return CW_PASSWORD_NONE;
    if (info->options & OPT_PROTO_PASSWORD_OPTIONAL)
        return CW_PASSWORD_OPTIONAL;
    return CW_PASSWORD_REQUIRED;
}

static void add_splits(CwProtocol *protocol, const PurplePluginProtocolInfo *info)
{
    guint n = 0;
    for (GList *l = info->user_splits; l != NULL; l = l->next) {
        const PurpleAccountUserSplit *split = l->data;
        g_autofree char *name = g_strdup_printf("split.%u", ++n);
        CwField *field =
            cw_field_new(CW_FIELD_TEXT, name, purple_account_user_split_get_text(split),
                         purple_account_user_split_get_default_value(split));
        field->separator = purple_account_user_split_get_separator(split);
        field->from_right = purple_account_user_split_get_reverse(split);
        g_ptr_array_add(protocol->splits, field);
    }
}

static CwField *describe_list(PurpleAccountOption *option, const char *name, const char *label,
                              const char *preset)
{
    if (preset == NULL)
        preset = purple_account_option_get_default_list_value(option);
    CwField *field = cw_field_new(CW_FIELD_LIST, name, label, preset);
    for (GList *l = purple_account_option_get_list(option); l != NULL; l = l->next) {
        const PurpleKeyValuePair *pair = l->data;
        if (pair->value != NULL)
            cw_field_add_choice(field, pair->value, pair->key);
    }
    return field;
}

/* NULL: nothing that a user could set.  (transfer full) */
static CwField *describe_option(PurpleAccountOption *option, const CwPurpleDefaults *defaults)
{
    const char *name = purple_account_option_get_setting(option);
    const char *label = purple_account_option_get_text(option);
    if (name == NULL)
        return NULL;
    const char *preset = cw_purple_defaults_option(defaults, name);
    switch (purple_account_option_get_type(option)) {
    case PURPLE_PREF_BOOLEAN:
        if (preset == NULL)
            preset = purple_account_option_get_default_bool(option) ? "1" : "0";
        return cw_field_new(CW_FIELD_BOOLEAN, name, label, preset);
    case PURPLE_PREF_INT: {
        g_autofree char *number =
            g_strdup_printf("%d", purple_account_option_get_default_int(option));
        return cw_field_new(CW_FIELD_INTEGER, name, label, preset != NULL ? preset : number);
    }
    case PURPLE_PREF_STRING:
        if (preset == NULL)
            preset = purple_account_option_get_default_string(option);
        return cw_field_new(purple_account_option_get_masked(option) ? CW_FIELD_PRIVATE
                                                                     : CW_FIELD_TEXT,
                            name, label, preset != NULL && *preset != '\0' ? preset : NULL);
    case PURPLE_PREF_STRING_LIST:
        return describe_list(option, name, label, preset);
    case PURPLE_PREF_NONE:
    case PURPLE_PREF_PATH:
    case PURPLE_PREF_PATH_LIST:
        break;
    }
    return NULL;
}

/* Some plugins have different states for different accounts; what one without a name has, all
 * have. */
static gboolean has_invisible(const char *id)
{
    PurpleAccount *account = purple_account_new("", id);
    gboolean has =
        purple_account_get_status_type_with_primitive(account, PURPLE_STATUS_INVISIBLE) != NULL;

    purple_account_destroy(account);
    return has;
}

CwProtocol *cw_describe_plugin(PurplePlugin *plugin)
{
    const PurplePluginProtocolInfo *info = PURPLE_PLUGIN_PROTOCOL_INFO(plugin);
    const char *id = purple_plugin_get_id(plugin);
    const CwPurpleDefaults *defaults = cw_purple_defaults_find(id);
    CwProtocol *protocol = cw_protocol_new();
    protocol->id = g_strdup(id);
    protocol->name = g_strdup(purple_plugin_get_name(plugin));
    protocol->identity = g_strdup(cw_purple_defaults_identity(defaults, id));
    protocol->password = find_password_use(info, defaults);
    protocol->typing = info->send_typing != NULL;
    protocol->authorization = !defaults->no_authorization;
    protocol->local_list = defaults->local_contacts;
    protocol->contact_names = info->alias_buddy != NULL;
    protocol->contact_groups = info->group_buddy != NULL;
    protocol->rooms = info->join_chat != NULL && info->chat_info_defaults != NULL;
    protocol->room_prefixes = g_strdup(defaults->room_prefixes);
    protocol->search = defaults->search.label != NULL && PURPLE_PLUGIN_HAS_ACTIONS(plugin);
    protocol->invisible = has_invisible(id);
    /* some plugins have pictures of contacts only */
    protocol->picture = info->icon_spec.format != NULL && info->set_buddy_icon != NULL;
    add_splits(protocol, info);
    for (GList *l = info->protocol_options; l != NULL; l = l->next) {
        CwField *field = describe_option(l->data, defaults);
        if (field != NULL)
            g_ptr_array_add(protocol->options, field);
    }
    return protocol;
}

/* ---- values ---- */

static gboolean parse_boolean(const char *value, gboolean *result)
{
    static const char *const yes[] = {"1", "true", "yes", "on", NULL};
    static const char *const no[] = {"0", "false", "no", "off", "", NULL};
    g_autofree char *lower = g_ascii_strdown(value, -1);
    *result = g_strv_contains(yes, lower);
    return *result || g_strv_contains(no, lower);
}

static gboolean parse_integer(const char *value, int *result)
{
    char *end = NULL;
    errno = 0;
    long number = strtol(value, &end, 10);
    *result = (int)number;
    return end != value && *end == '\0' && errno == 0 && number >= G_MININT && number <= G_MAXINT;
}

static PurpleAccountOption *find_option(const char *name)
{
    for (GList *l = cw_host.info->protocol_options; l != NULL; l = l->next) {
        if (g_strcmp0(purple_account_option_get_setting(l->data), name) == 0)
            return l->data;
    }
    return NULL;
}

/* The value of a list that was given, or its label. */
static const char *find_choice(PurpleAccountOption *option, const char *value)
{
    for (GList *l = purple_account_option_get_list(option); l != NULL; l = l->next) {
        const PurpleKeyValuePair *pair = l->data;
        if (g_strcmp0(pair->value, value) == 0 || g_strcmp0(pair->key, value) == 0)
            return pair->value;
    }
    return NULL;
}

gboolean cw_describe_set_option(PurpleAccount *account, const char *name, const char *value,
                                GError **error)
{
    PurpleAccountOption *option = find_option(name);
    PurplePrefType type =
        option != NULL ? purple_account_option_get_type(option) : PURPLE_PREF_STRING;
    if (type == PURPLE_PREF_BOOLEAN) {
        gboolean yes = FALSE;
        if (!parse_boolean(value, &yes)) {
            g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                        "option '%s' is 1 or 0, not what was given", name);
            return FALSE;
        }
        purple_account_set_bool(account, name, yes);
    } else if (type == PURPLE_PREF_INT) {
        int number = 0;
        if (!parse_integer(value, &number)) {
            g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                        "option '%s' is a number, not what was given", name);
            return FALSE;
        }
        purple_account_set_int(account, name, number);
    } else if (type == PURPLE_PREF_STRING_LIST) {
        const char *choice = find_choice(option, value);
        if (choice == NULL) {
            g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                        "option '%s' has no such choice", name);
            return FALSE;
        }
        purple_account_set_string(account, name, choice);
    } else {
        /* a hidden option: libpurple hands out a setting only as the type that it was set with, and
         * nothing tells which one the plugin will ask for */
        if (option == NULL)
            cw_host_log("info", 0, "option '%s' is not one that %s lists; set as text", name,
                        cw_host.protocol->id);
        purple_account_set_string(account, name, value);
    }
    return TRUE;
}

/* ---- --list ---- */

static const char *describe_password(CwPasswordUse use)
{
    switch (use) {
    case CW_PASSWORD_NONE:
        return "none";
    case CW_PASSWORD_OPTIONAL:
        return "optional";
    case CW_PASSWORD_REQUIRED:
        return "required";
    }
    return "?";
}

static void print_option(GString *out, const CwField *field)
{
    g_string_append_printf(out, "    option.%s = %s", field->name,
                           field->value != NULL ? field->value : "");
    gsize width = strlen(field->name) + (field->value != NULL ? strlen(field->value) : 0);
    g_string_append_printf(out, "%*s# %s, %s", width < 34 ? (int)(34 - width) : 1, "", field->label,
                           cw_field_kind_to_string(field->kind));
    for (guint i = 0; field->choices != NULL && i < field->choices->len; i++) {
        const CwChoice *choice = g_ptr_array_index(field->choices, i);
        g_string_append_printf(out, "%s%s", i == 0 ? ": " : ", ", choice->value);
    }
    g_string_append_c(out, '\n');
}

static void print_plugin(GString *out, PurplePlugin *plugin)
{
    g_autoptr(CwProtocol) protocol = cw_describe_plugin(plugin);
    g_string_append_printf(out, "%s  (%s)\n", protocol->id, protocol->name);
    if (plugin->path != NULL)
        g_string_append_printf(out, "    file: %s\n", plugin->path);
    g_string_append_printf(out,
                           "    gateway identity: %s   password: %s   typing: %s   search: %s"
                           "   invisible: %s   picture: %s\n",
                           protocol->identity, describe_password(protocol->password),
                           protocol->typing ? "yes" : "no", protocol->search ? "yes" : "no",
                           protocol->invisible ? "yes" : "no", protocol->picture ? "yes" : "no");
    g_string_append(out, "    user name: NAME");
    for (guint i = 0; i < protocol->splits->len; i++) {
        const CwField *split = g_ptr_array_index(protocol->splits, i);
        g_string_append_printf(out, "%c%s", split->separator, split->label);
    }
    g_string_append_c(out, '\n');
    for (guint i = 0; i < protocol->splits->len; i++) {
        const CwField *split = g_ptr_array_index(protocol->splits, i);
        g_string_append_printf(out, "    %s = %s  # %s\n", split->name,
                               split->value != NULL ? split->value : "", split->label);
    }
    for (guint i = 0; i < protocol->options->len; i++)
        print_option(out, g_ptr_array_index(protocol->options, i));
    g_string_append_c(out, '\n');
}

char *cw_describe_all(void)
{
    GString *out = g_string_new(NULL);
    for (GList *l = purple_plugins_get_protocols(); l != NULL; l = l->next)
        print_plugin(out, l->data);
    if (out->len == 0)
        g_string_append(out, "No protocol plugin was found.\n");
    return g_string_free(out, FALSE);
}

char *cw_describe_ids(void)
{
    GString *out = g_string_new(NULL);
    for (GList *l = purple_plugins_get_protocols(); l != NULL; l = l->next)
        g_string_append_printf(out, "%s%s", out->len > 0 ? ", " : "",
                               purple_plugin_get_id(l->data));
    return g_string_free(out, FALSE);
}
