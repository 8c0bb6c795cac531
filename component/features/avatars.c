/* component/features/avatars.c: how a picture is written: XEP-0153 in presence, XEP-0084 in items
 *
 * The SHA-1 of a picture's bytes is its id in all of them.  The picture is also in the contact's
 * vCard (vcard.c).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "component/features/features.h"

#define NS_UPDATE "vcard-temp:x:update"

void cw_avatars_write_hash(CwWriter *writer, const CwAvatar *avatar)
{
    cw_writer_start(writer, "x", NS_UPDATE);
    cw_writer_leaf(writer, "photo", NULL, avatar == NULL ? NULL : avatar->id);
    cw_writer_end(writer);
}

/* XEP-0153 4.1: no element while the network has not said whether there is one */
void cw_avatars_write_update(CwWriter *writer, const CwContact *contact)
{
    if (contact->avatar_known)
        cw_avatars_write_hash(writer, contact->avatar);
}

static void write_info(CwWriter *writer, const CwAvatar *avatar)
{
    g_autofree char *bytes = g_strdup_printf("%" G_GSIZE_FORMAT, g_bytes_get_size(avatar->bytes));

    cw_writer_start(writer, "info", NULL);
    cw_writer_attr(writer, "bytes", bytes);
    cw_writer_attr(writer, "id", avatar->id);
    cw_writer_attr(writer, "type", avatar->media);
    if (avatar->width > 0 && avatar->height > 0) {
        g_autofree char *width = g_strdup_printf("%u", avatar->width);
        g_autofree char *height = g_strdup_printf("%u", avatar->height);
        cw_writer_attr(writer, "height", height);
        cw_writer_attr(writer, "width", width);
    }
    cw_writer_end(writer);
}

/* XEP-0084 4.2.1; without a picture it is empty */
void cw_avatars_write_metadata(CwWriter *writer, const CwAvatar *avatar)
{
    cw_writer_start(writer, "metadata", CW_NS_AVATAR_METADATA);
    if (avatar != NULL)
        write_info(writer, avatar);
    cw_writer_end(writer);
}

void cw_avatars_write_data(CwWriter *writer, const CwAvatar *avatar)
{
    g_autofree char *data = cw_avatar_encode(avatar);

    cw_writer_leaf(writer, "data", CW_NS_AVATAR_DATA, data);
}
