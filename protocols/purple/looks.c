/* protocols/purple/looks.c: the user's own picture and nickname
 *
 * libpurple has the picture as the icon of the account, which a plugin looks for when it logs in,
 * and is told of when it is set later; and two names: one that some networks keep (public alias),
 * and one that libpurple itself keeps for plugins to use.  prpl-jabber uses neither: stanza.c
 * publishes it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "protocols/purple/looks.h"

#include <string.h>

#include "protocols/purple/host.h"
#include "protocols/purple/markup.h"
#include "protocols/purple/stanza.h"
#include "transport/image.h"

/* ---- does it fit? ---- */

/* "png,gif,jpeg": what a plugin takes */
static gboolean is_format(const char *formats, const char *media)
{
    g_auto(GStrv) list = g_strsplit(formats, ",", -1);
    const char *kind = media + strlen("image/");

    return g_strv_contains((const char *const *)list, kind) ||
           (strcmp(kind, "jpeg") == 0 && g_strv_contains((const char *const *)list, "jpg"));
}

static gboolean is_within(guint pixels, int least, int most)
{
    return pixels >= (guint)MAX(least, 0) && (most <= 0 || pixels <= (guint)most);
}

char *cw_looks_problem(const PurpleBuddyIconSpec *spec, const guint8 *bytes, gsize length)
{
    guint width = 0, height = 0;
    const char *media = cw_image_recognize(bytes, length, &width, &height);

    if (spec->format == NULL)
        return g_strdup("the network has no pictures");
    if (media == NULL || !is_format(spec->format, media))
        return g_strdup_printf("it is %s, and the network takes %s", media == NULL ? "none" : media,
                               spec->format);
    if (spec->max_filesize > 0 && length > spec->max_filesize)
        return g_strdup_printf("it has %zu bytes, and the network takes %zu", length,
                               (gsize)spec->max_filesize);
    if (spec->max_width <= 0 && spec->max_height <= 0)
        return NULL;
    if (width == 0 || height == 0 || !is_within(width, spec->min_width, spec->max_width) ||
        !is_within(height, spec->min_height, spec->max_height))
        return g_strdup_printf("it has %u x %u pixels, and the network takes %d x %d to %d x %d",
                               width, height, spec->min_width, spec->min_height, spec->max_width,
                               spec->max_height);
    return NULL;
}

/* ---- the picture ---- */

/* One that does not fit leaves him without.  (transfer full) why; NULL: it is set, or there is
 * none. */
static char *set_icon(CwAccount *account, const char *data)
{
    gsize length = 0;
    g_autofree guchar *bytes =
        data != NULL && *data != '\0' ? g_base64_decode(data, &length) : NULL;
    char *problem =
        bytes == NULL ? NULL : cw_looks_problem(&cw_host.info->icon_spec, bytes, length);
    PurpleStoredImage *before = purple_buddy_icons_find_account_icon(account->purple);

    if (bytes != NULL && problem == NULL)
        purple_buddy_icons_set_account_icon(account->purple, g_steal_pointer(&bytes), length);
    else if (before != NULL)
        purple_buddy_icons_set_account_icon(account->purple, NULL, 0);
    if (before != NULL)
        purple_imgstore_unref(before);
    if (problem != NULL)
        cw_host_log("info", account->number, "the user's own picture is left out: %s", problem);
    return problem;
}

void cw_looks_set_picture(CwAccount *account, const CwLinkMsg *msg)
{
    g_autofree char *problem = set_icon(account, msg->data);

    if (problem == NULL)
        return;
    /* not at each log-in: he has chosen it a moment ago */
    g_autofree char *text =
        g_strdup_printf("Your picture is not shown to your contacts: %s.", problem);
    cw_host_notice(account->number, NULL, text);
}

/* ---- the name ---- */

static void alias_set_cb(PurpleAccount *purple, const char *alias)
{
}

static void alias_refused_cb(PurpleAccount *purple, const char *why)
{
    CwAccount *account = cw_account_of(purple);

    if (account != NULL)
        cw_host_log("info", account->number, "the network refused the user's nickname: %s",
                    why != NULL ? why : "no reason");
}

static void publish_alias(PurpleAccount *purple)
{
    purple_account_set_public_alias(purple, purple_account_get_alias(purple), alias_set_cb,
                                    alias_refused_cb);
}

static void alias_found_cb(PurpleAccount *purple, const char *alias)
{
    if (cw_account_of(purple) != NULL && g_strcmp0(alias, purple_account_get_alias(purple)) != 0)
        publish_alias(purple);
}

static void alias_unknown_cb(PurpleAccount *purple, const char *why)
{
    if (cw_account_of(purple) != NULL)
        publish_alias(purple);
}

static gboolean has_public_alias(void)
{
    return PURPLE_PROTOCOL_PLUGIN_HAS_FUNC(cw_host.info, set_public_alias);
}

static void set_alias(CwAccount *account, const char *name)
{
    g_autofree char *line = name != NULL ? cw_text_one_line(name) : NULL;

    purple_account_set_alias(account->purple, line != NULL && *line != '\0' ? line : NULL);
}

void cw_looks_set_nick(CwAccount *account, const CwLinkMsg *msg)
{
    set_alias(account, msg->name);
    if (cw_account_connection(account) == NULL)
        return;
    if (has_public_alias())
        publish_alias(account->purple);
    else
        cw_stanza_publish_nick(account, purple_account_get_alias(account->purple));
}

/* ---- the log-in ---- */

void cw_looks_login(CwAccount *account, const CwLinkMsg *msg)
{
    if (msg->data != NULL)
        g_free(set_icon(account, msg->data));
    if (msg->name != NULL)
        set_alias(account, msg->name);
}

/* Only what is new: the network may have it from an earlier log-in. */
void cw_looks_online(CwAccount *account)
{
    if (purple_account_get_alias(account->purple) == NULL)
        return;
    if (!has_public_alias())
        cw_stanza_publish_new_nick(account);
    else if (PURPLE_PROTOCOL_PLUGIN_HAS_FUNC(cw_host.info, get_public_alias))
        purple_account_get_public_alias(account->purple, alias_found_cb, alias_unknown_cb);
    else
        publish_alias(account->purple);
}
