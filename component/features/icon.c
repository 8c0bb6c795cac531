/* component/features/icon.c: the picture of the gateway itself, for its presence and its vCard
 *
 * Made when it is first wanted, and anew when the settings were read again.  Which one of ours it
 * is the network tells, so that there is none before it is described.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#define G_LOG_DOMAIN "component"

#include "component/features/features.h"
#include "component/icon.h"

typedef struct {
    const CwTransportSettings *settings; /* of which it was made; they last */
    const char *identity;                /* the same, interned */
    CwAvatars *avatars;                  /* of this one alone */
    CwAvatar *avatar;
} Icon;

static void free_icon(gpointer data)
{
    Icon *icon = data;

    cw_avatar_unref(icon->avatar);
    cw_avatars_free(icon->avatars);
    g_free(icon);
}

/* main.c has looked at the file, but it may be another one by now. */
static GBytes *read_own(CwComponent *component)
{
    CwTransport *transport = cw_component_transport(component);
    const char *path = cw_transport_settings(transport)->icon;
    g_autoptr(GError) error = NULL;

    if (path == NULL)
        return NULL;
    GBytes *bytes =
        cw_icon_read(path, cw_transport_all_settings(transport)->limits.avatar_size, &error);
    if (bytes == NULL)
        g_warning("%s: icon: %s; it has the usual one", cw_component_domain(component),
                  error->message);
    return bytes;
}

static void make_icon(CwComponent *component, const char *identity)
{
    g_autoptr(GBytes) bytes = read_own(component);
    Icon *icon = g_new0(Icon, 1);
    const char *problem = NULL;

    if (bytes == NULL)
        bytes = cw_icon_standard(identity);
    icon->settings = cw_transport_settings(cw_component_transport(component));
    icon->identity = identity;
    icon->avatars = cw_avatars_new();
    icon->avatar = cw_avatars_take_bytes(icon->avatars, bytes, 0, 0, &problem);
    cw_component_set_data(component, &cw_feature_icon, icon, free_icon);
}

const CwAvatar *cw_icon_of(CwComponent *component)
{
    CwTransport *transport = cw_component_transport(component);
    const char *identity = g_intern_string(cw_disco_gateway_type(component));
    const Icon *icon = cw_component_get_data(component, &cw_feature_icon);

    if (cw_transport_protocol(transport) == NULL)
        return NULL;
    if (icon == NULL || icon->settings != cw_transport_settings(transport) ||
        icon->identity != identity) {
        make_icon(component, identity);
        icon = cw_component_get_data(component, &cw_feature_icon);
    }
    return icon->avatar;
}

const CwFeature cw_feature_icon = {
    .name = "icon",
};
