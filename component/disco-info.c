/* component/disco-info.c: what an entity says of itself in disco#info, and the hash of it
 *
 * XEP-0115 5.1 sorts everything by bytes.  What 5.4 calls ill-formed (the same identity, feature or
 * form twice) is kept all the same: it is true of the one who said it, but no hash stands for it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "component/disco-info.h"

#include <string.h>

#include "component/form.h"

#define NS_XML "http://www.w3.org/XML/1998/namespace"

typedef struct {
    char *category, *type, *lang, *name; /* never NULL */
} Identity;

struct CwDiscoInfo {
    GPtrArray *identities; /* Identity *, sorted */
    GPtrArray *features;   /* char *, sorted */
    GPtrArray *forms;      /* char *, sorted: FORM_TYPE and fields as they are hashed */
    gboolean ill_formed;   /* or ambiguous */
};

static void free_identity(gpointer data)
{
    Identity *identity = data;

    g_free(identity->category);
    g_free(identity->type);
    g_free(identity->lang);
    g_free(identity->name);
    g_free(identity);
}

CwDiscoInfo *cw_disco_info_new(void)
{
    CwDiscoInfo *info = g_new0(CwDiscoInfo, 1);

    info->identities = g_ptr_array_new_with_free_func(free_identity);
    info->features = g_ptr_array_new_with_free_func(g_free);
    info->forms = g_ptr_array_new_with_free_func(g_free);
    return info;
}

void cw_disco_info_free(CwDiscoInfo *info)
{
    if (info == NULL)
        return;
    g_ptr_array_unref(info->identities);
    g_ptr_array_unref(info->features);
    g_ptr_array_unref(info->forms);
    g_free(info);
}

/* ---- the order ---- */

static int compare_identities(gconstpointer a, gconstpointer b)
{
    const Identity *one = *(const Identity *const *)a, *two = *(const Identity *const *)b;
    int order = strcmp(one->category, two->category);

    if (order == 0)
        order = strcmp(one->type, two->type);
    if (order == 0)
        order = strcmp(one->lang, two->lang);
    return order == 0 ? strcmp(one->name, two->name) : order;
}

static int compare_strings(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* By what stands before the first '<': the name of a field, the type of a form. */
static int compare_names(gconstpointer a, gconstpointer b)
{
    const char *one = *(const char *const *)a, *two = *(const char *const *)b;
    gsize length = strcspn(one, "<"), other = strcspn(two, "<");
    int order = memcmp(one, two, MIN(length, other));

    return order != 0 ? order : length != other ? (length < other ? -1 : 1) : strcmp(one, two);
}

/* In a sorted array the same stand side by side. */
static gboolean has_twins(const GPtrArray *sorted, GCompareFunc compare)
{
    for (guint i = 1; i < sorted->len; i++) {
        if (compare(&sorted->pdata[i - 1], &sorted->pdata[i]) == 0)
            return TRUE;
    }
    return FALSE;
}

/* ---- making one ---- */

/* (transfer full) the text of a part; '<' ends parts in what is hashed */
static char *take(CwDiscoInfo *info, const char *text)
{
    if (text == NULL)
        return g_strdup("");
    info->ill_formed |= strchr(text, '<') != NULL;
    return g_strdup(text);
}

static void append_identity(CwDiscoInfo *info, const char *category, const char *type,
                            const char *lang, const char *name)
{
    Identity *identity = g_new(Identity, 1);

    identity->category = take(info, category);
    identity->type = take(info, type);
    identity->lang = take(info, lang);
    identity->name = take(info, name);
    g_ptr_array_add(info->identities, identity);
}

void cw_disco_info_add_identity(CwDiscoInfo *info, const char *category, const char *type,
                                const char *name)
{
    append_identity(info, category, type, NULL, name);
    g_ptr_array_sort(info->identities, compare_identities);
}

void cw_disco_info_add_feature(CwDiscoInfo *info, const char *var)
{
    if (cw_disco_info_has(info, var))
        return;
    g_ptr_array_add(info->features, take(info, var));
    g_ptr_array_sort(info->features, compare_strings);
}

/* ---- reading ---- */

/* The values in their order, each with its '<', behind the name. */
static char *read_field(CwDiscoInfo *info, const CwNode *field)
{
    g_autoptr(GPtrArray) values = g_ptr_array_new_with_free_func(g_free);
    GString *text = g_string_new(NULL);

    for (const CwNode *value = cw_node_child(field, "value", CW_NS_FORM); value != NULL;
         value = cw_node_next(value, "value", CW_NS_FORM))
        g_ptr_array_add(values, take(info, value->text));
    g_ptr_array_sort(values, compare_strings);
    g_autofree char *var = take(info, cw_node_attr(field, "var"));
    g_string_append_printf(text, "%s<", var);
    for (guint i = 0; i < values->len; i++)
        g_string_append_printf(text, "%s<", (const char *)g_ptr_array_index(values, i));
    return g_string_free(text, FALSE);
}

/* The value of its hidden FORM_TYPE, NULL: it has none, and does not count (5.4, 3.6). */
static const char *find_form_type(CwDiscoInfo *info, const CwNode *form)
{
    const CwNode *field = cw_node_child(form, "field", CW_NS_FORM);

    while (field != NULL && g_strcmp0(cw_node_attr(field, "var"), "FORM_TYPE") != 0)
        field = cw_node_next(field, "field", CW_NS_FORM);
    if (field == NULL || g_strcmp0(cw_node_attr(field, "type"), "hidden") != 0)
        return NULL;
    const CwNode *value = cw_node_child(field, "value", CW_NS_FORM);
    for (const CwNode *other = value; other != NULL;
         other = cw_node_next(other, "value", CW_NS_FORM))
        info->ill_formed |= strcmp(other->text, value->text) != 0;
    return value == NULL ? NULL : value->text;
}

static void read_form(CwDiscoInfo *info, const CwNode *form, GHashTable *types)
{
    const char *form_type = find_form_type(info, form);
    g_autoptr(GPtrArray) fields = g_ptr_array_new_with_free_func(g_free);

    if (form_type == NULL)
        return;
    info->ill_formed |= !g_hash_table_add(types, (gpointer)form_type);
    for (const CwNode *field = cw_node_child(form, "field", CW_NS_FORM); field != NULL;
         field = cw_node_next(field, "field", CW_NS_FORM)) {
        if (g_strcmp0(cw_node_attr(field, "var"), "FORM_TYPE") != 0)
            g_ptr_array_add(fields, read_field(info, field));
    }
    g_ptr_array_sort(fields, compare_names);
    g_autofree char *type = take(info, form_type);
    GString *text = g_string_new(type);
    g_string_append_c(text, '<');
    for (guint i = 0; i < fields->len; i++)
        g_string_append(text, g_ptr_array_index(fields, i));
    g_ptr_array_add(info->forms, g_string_free(text, FALSE));
}

/* Its own: that of the stanza is what a server put there. */
static const char *find_lang(const CwNode *node)
{
    for (const CwAttr *attr = node->attrs; attr != NULL; attr = attr->next) {
        if (g_strcmp0(attr->ns, NS_XML) == 0 && strcmp(attr->name, "lang") == 0)
            return attr->value;
    }
    return NULL;
}

CwDiscoInfo *cw_disco_info_read(const CwNode *query)
{
    CwDiscoInfo *info = cw_disco_info_new();
    g_autoptr(GHashTable) types = g_hash_table_new(g_str_hash, g_str_equal);

    for (const CwNode *child = query->first_child; child != NULL; child = child->next) {
        const char *var = cw_node_attr(child, "var");
        if (cw_node_is(child, "identity", CW_NS_DISCO_INFO))
            append_identity(info, cw_node_attr(child, "category"), cw_node_attr(child, "type"),
                            find_lang(child), cw_node_attr(child, "name"));
        else if (cw_node_is(child, "feature", CW_NS_DISCO_INFO) && var != NULL)
            g_ptr_array_add(info->features, take(info, var));
        else if (cw_node_is(child, "x", CW_NS_FORM))
            read_form(info, child, types);
    }
    g_ptr_array_sort(info->identities, compare_identities);
    g_ptr_array_sort(info->features, compare_strings);
    g_ptr_array_sort(info->forms, compare_names);
    info->ill_formed |= has_twins(info->identities, compare_identities) ||
                        has_twins(info->features, compare_strings);
    return info;
}

/* ---- what it says ---- */

gboolean cw_disco_info_has(const CwDiscoInfo *info, const char *feature)
{
    for (guint i = 0; i < info->features->len; i++) {
        if (strcmp(g_ptr_array_index(info->features, i), feature) == 0)
            return TRUE;
    }
    return FALSE;
}

void cw_disco_info_write(const CwDiscoInfo *info, CwWriter *writer)
{
    for (guint i = 0; i < info->identities->len; i++) {
        const Identity *identity = g_ptr_array_index(info->identities, i);
        cw_writer_start(writer, "identity", NULL);
        cw_writer_attr(writer, "category", identity->category);
        cw_writer_attr(writer, "type", identity->type);
        cw_writer_attr(writer, "name", *identity->name == '\0' ? NULL : identity->name);
        cw_writer_end(writer);
    }
    for (guint i = 0; i < info->features->len; i++) {
        cw_writer_start(writer, "feature", NULL);
        cw_writer_attr(writer, "var", g_ptr_array_index(info->features, i));
        cw_writer_end(writer);
    }
}

/* ---- XEP-0115 ---- */

static const struct {
    const char *name;
    GChecksumType type;
    gsize length; /* of the digest in base64 */
} hashes[] = {
    {"sha-1", G_CHECKSUM_SHA1, 28},
    {"sha-256", G_CHECKSUM_SHA256, 44},
    {"sha-512", G_CHECKSUM_SHA512, 88},
};

/* 5.1 */
static char *hash(const CwDiscoInfo *info, GChecksumType type)
{
    g_autoptr(GChecksum) checksum = g_checksum_new(type);
    guint8 digest[64];
    gsize length = sizeof digest;

    for (guint i = 0; i < info->identities->len; i++) {
        const Identity *identity = g_ptr_array_index(info->identities, i);
        g_autofree char *line = g_strdup_printf("%s/%s/%s/%s<", identity->category, identity->type,
                                                identity->lang, identity->name);
        g_checksum_update(checksum, (const guchar *)line, -1);
    }
    for (guint i = 0; i < info->features->len; i++) {
        g_checksum_update(checksum, g_ptr_array_index(info->features, i), -1);
        g_checksum_update(checksum, (const guchar *)"<", 1);
    }
    for (guint i = 0; i < info->forms->len; i++)
        g_checksum_update(checksum, g_ptr_array_index(info->forms, i), -1);
    g_checksum_get_digest(checksum, digest, &length);
    return g_base64_encode(digest, length);
}

char *cw_disco_info_hash(const CwDiscoInfo *info)
{
    return hash(info, G_CHECKSUM_SHA1);
}

gboolean cw_disco_info_may_match(const char *name, const char *ver)
{
    for (guint i = 0; i < G_N_ELEMENTS(hashes); i++) {
        if (strcmp(hashes[i].name, name) == 0)
            return strlen(ver) == hashes[i].length;
    }
    return FALSE;
}

gboolean cw_disco_info_matches(const CwDiscoInfo *info, const char *name, const char *ver)
{
    for (guint i = 0; !info->ill_formed && i < G_N_ELEMENTS(hashes); i++) {
        if (strcmp(hashes[i].name, name) == 0) {
            g_autofree char *ours = hash(info, hashes[i].type);
            return strcmp(ours, ver) == 0;
        }
    }
    return FALSE;
}
