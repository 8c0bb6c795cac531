/* tests/fuzz/fuzz-link.c: lines of the link, from either side
 *
 * The first byte chooses the side.  What is read must survive being written and read again.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "transport/link.h"

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
    CwLinkMsg msg, again;

    if (size < 1)
        return 0;
    CwLinkSide side = (data[0] & 1) != 0 ? CW_LINK_HOST : CW_LINK_GATEWAY;
    if (!cw_link_decode((const char *)data + 1, size - 1, side, &msg, NULL))
        return 0;
    g_autoptr(GString) line = g_string_new(NULL);
    if (cw_link_encode(&msg, side, line, NULL)) {
        g_assert_true(cw_link_decode(line->str, line->len - 1, side, &again, NULL));
        g_assert_cmpint(again.kind, ==, msg.kind);
        g_assert_cmpstr(again.text, ==, msg.text);
        g_assert_cmpstr(again.contact, ==, msg.contact);
        g_assert_cmpuint(again.account, ==, msg.account);
        g_assert_true((again.found == NULL) == (msg.found == NULL));
        if (msg.found != NULL)
            g_assert_cmpuint(again.found->len, ==, msg.found->len);
        cw_link_msg_clear(&again);
    }
    cw_link_msg_clear(&msg);
    return 0;
}
