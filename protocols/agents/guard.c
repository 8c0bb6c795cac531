/* protocols/agents/guard.c: a resolver that finds nothing but the public internet
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "protocols/agents/guard.h"

#include "protocols/agents/http.h"

#define CW_TYPE_GUARD (cw_guard_get_type())
G_DECLARE_FINAL_TYPE(CwGuard, cw_guard, CW, GUARD, GResolver)

struct _CwGuard {
    GResolver parent;
    GResolver *real;
};

G_DEFINE_TYPE(CwGuard, cw_guard, G_TYPE_RESOLVER)

/* Takes `found`. */
static GList *keep_public(GList *found, const char *name, GError **error)
{
    GList *kept = NULL;

    for (GList *l = found; l != NULL; l = l->next) {
        if (cw_http_is_public(l->data))
            kept = g_list_prepend(kept, g_object_ref(l->data));
    }
    g_resolver_free_addresses(found);
    if (kept == NULL)
        g_set_error(error, G_RESOLVER_ERROR, G_RESOLVER_ERROR_NOT_FOUND, "%s has no public address",
                    name);
    return g_list_reverse(kept);
}

static void looked_up_cb(GObject *real, GAsyncResult *result, gpointer data)
{
    g_autoptr(GTask) task = data;
    GError *error = NULL;
    GList *found = g_resolver_lookup_by_name_with_flags_finish(G_RESOLVER(real), result, &error);

    if (found != NULL)
        found = keep_public(found, g_task_get_task_data(task), &error);
    if (found == NULL)
        g_task_return_error(task, error);
    else
        g_task_return_pointer(task, found, (GDestroyNotify)g_resolver_free_addresses);
}

static void look_up_async(GResolver *resolver, const gchar *name, GResolverNameLookupFlags flags,
                          GCancellable *cancellable, GAsyncReadyCallback done, gpointer data)
{
    GTask *task = g_task_new(resolver, cancellable, done, data);

    g_task_set_task_data(task, g_strdup(name), g_free);
    g_resolver_lookup_by_name_with_flags_async(CW_GUARD(resolver)->real, name, flags, cancellable,
                                               looked_up_cb, task);
}

static void look_up_plain_async(GResolver *resolver, const gchar *name, GCancellable *cancellable,
                                GAsyncReadyCallback done, gpointer data)
{
    look_up_async(resolver, name, G_RESOLVER_NAME_LOOKUP_FLAGS_DEFAULT, cancellable, done, data);
}

static GList *look_up_finish(GResolver *resolver, GAsyncResult *result, GError **error)
{
    return g_task_propagate_pointer(G_TASK(result), error);
}

static GList *look_up(GResolver *resolver, const gchar *name, GResolverNameLookupFlags flags,
                      GCancellable *cancellable, GError **error)
{
    GList *found = g_resolver_lookup_by_name_with_flags(CW_GUARD(resolver)->real, name, flags,
                                                        cancellable, error);

    return found == NULL ? NULL : keep_public(found, name, error);
}

static GList *look_up_plain(GResolver *resolver, const gchar *name, GCancellable *cancellable,
                            GError **error)
{
    return look_up(resolver, name, G_RESOLVER_NAME_LOOKUP_FLAGS_DEFAULT, cancellable, error);
}

static void dispose(GObject *object)
{
    g_clear_object(&CW_GUARD(object)->real);
    G_OBJECT_CLASS(cw_guard_parent_class)->dispose(object);
}

static void cw_guard_class_init(CwGuardClass *klass)
{
    GResolverClass *resolver = G_RESOLVER_CLASS(klass);

    G_OBJECT_CLASS(klass)->dispose = dispose;
    resolver->lookup_by_name = look_up_plain;
    resolver->lookup_by_name_async = look_up_plain_async;
    resolver->lookup_by_name_finish = look_up_finish;
    resolver->lookup_by_name_with_flags = look_up;
    resolver->lookup_by_name_with_flags_async = look_up_async;
    resolver->lookup_by_name_with_flags_finish = look_up_finish;
}

static void cw_guard_init(CwGuard *guard)
{
    guard->real = g_resolver_get_default();
}

void cw_guard_install(void)
{
    g_autoptr(GResolver) guard = g_object_new(CW_TYPE_GUARD, NULL);

    g_resolver_set_default(guard);
}
