/* component/features/adhoc.c: XEP-0050, whosever commands they are: actions, sessions, answers
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "component/features/adhoc.h"

#include <string.h>

#include "component/features/features.h"
#include "component/form.h"
#include "component/submitted.h"

/* XEP-0050 4.4 */
#define MALFORMED_ACTION "malformed-action"
#define BAD_ACTION "bad-action"
#define BAD_PAYLOAD "bad-payload"
#define BAD_SESSION "bad-sessionid"
#define EXPIRED "session-expired"

typedef enum { ACTION_EXECUTE, ACTION_COMPLETE, ACTION_NEXT, ACTION_PREV, ACTION_CANCEL } Action;

/* ---- sessions ---- */

/* monotonic, s */
static gint64 now(void)
{
    return g_get_monotonic_time() / G_USEC_PER_SEC;
}

static char *make_mac(const CwStanza *stanza, const char *node, const char *time)
{
    static char *key; /* of this process */
    g_autofree char *text = g_strjoin("\n", stanza->from->full, stanza->to->bare, node, time, NULL);

    if (key == NULL)
        key = g_uuid_string_random();
    return g_compute_hmac_for_string(G_CHECKSUM_SHA256, (const guchar *)key, strlen(key), text, -1);
}

char *cw_adhoc_session_new(const CwStanza *stanza, const char *node)
{
    g_autofree char *time = g_strdup_printf("%" G_GINT64_MODIFIER "x", now());
    g_autofree char *mac = make_mac(stanza, node, time);

    return g_strconcat(time, "-", mac, NULL);
}

const char *cw_adhoc_check_session(const CwStanza *stanza, const char *node, const char *id,
                                   gint64 at)
{
    const char *dash = strchr(id, '-');
    g_autofree char *time = dash == NULL ? g_strdup("") : g_strndup(id, (gsize)(dash - id));
    g_autofree char *mac = make_mac(stanza, node, time);

    if (dash == NULL || !g_str_equal(mac, dash + 1))
        return BAD_SESSION;
    gint64 made = g_ascii_strtoll(time, NULL, 16);
    return at - made > CW_ADHOC_SESSION_TIME ? EXPIRED : NULL;
}

/* ---- answers ---- */

/* XEP-0050 4.4: `special` is one of its own conditions. */
static void refuse(CwComponent *component, const CwStanza *stanza, const char *special,
                   const char *text)
{
    gboolean is_expired = g_str_equal(special, EXPIRED);
    CwWriter *writer = cw_component_begin(component, "iq", stanza->to->full, stanza->from->full,
                                          "error", stanza->id);

    cw_stanza_error_write_special(writer,
                                  is_expired ? CW_STANZA_NOT_ALLOWED : CW_STANZA_BAD_REQUEST, text,
                                  special, CW_NS_COMMANDS);
    cw_component_end(component);
}

void cw_adhoc_refuse_action(CwComponent *component, const CwStanza *stanza, const char *text)
{
    refuse(component, stanza, BAD_ACTION, text);
}

/* With what it holds still to be written, behind it end_answer(). */
static CwWriter *begin_answer(CwComponent *component, const CwStanza *stanza, const char *node,
                              const char *session, const char *status)
{
    CwWriter *writer = cw_component_begin_result(component, stanza);

    cw_writer_start(writer, "command", CW_NS_COMMANDS);
    cw_writer_attr(writer, "node", node);
    cw_writer_attr(writer, "sessionid", session);
    cw_writer_attr(writer, "status", status);
    return writer;
}

static void end_answer(CwComponent *component, CwWriter *writer)
{
    cw_writer_end(writer);
    cw_component_end(component);
}

/* XEP-0050 2.4.2 */
void cw_adhoc_send_form(CwComponent *component, const CwStanza *stanza, const char *node,
                        const char *title, const char *instructions, GPtrArray *fields)
{
    g_autofree char *session = cw_adhoc_session_new(stanza, node);
    CwWriter *writer = begin_answer(component, stanza, node, session, "executing");

    cw_writer_start(writer, "actions", NULL);
    cw_writer_attr(writer, "execute", "complete");
    cw_writer_leaf(writer, "complete", NULL, NULL);
    cw_writer_end(writer);
    cw_form_write(writer, NULL, title, instructions, fields);
    end_answer(component, writer);
}

/* 3.5 */
void cw_adhoc_send_note(CwComponent *component, const CwStanza *stanza, const char *node,
                        const char *session, gboolean failed, const char *text)
{
    CwWriter *writer = begin_answer(component, stanza, node, session, "completed");

    cw_writer_start(writer, "note", NULL);
    cw_writer_attr(writer, "type", failed ? "error" : "info");
    cw_writer_text(writer, text);
    cw_writer_end(writer);
    end_answer(component, writer);
}

/* ---- requests ---- */

/* 3.4.1: a form that is cancelled counts as one that is submitted */
GHashTable *cw_adhoc_read_form(CwComponent *component, const CwStanza *stanza, const CwNode *child,
                               GPtrArray *fields)
{
    g_autoptr(GError) error = NULL;
    CwFormKind kind = cw_form_kind(child);

    if (kind == CW_FORM_NONE || kind == CW_FORM_INVALID) {
        refuse(component, stanza, BAD_PAYLOAD, "fill in the form");
        return NULL;
    }
    g_autoptr(GHashTable) values = cw_form_values(child, NULL, fields, &error);
    if (values == NULL || !cw_submitted_check(fields, values, &error)) {
        refuse(component, stanza, BAD_PAYLOAD, error->message);
        return NULL;
    }
    return g_steal_pointer(&values);
}

static gboolean read_action(const CwNode *child, Action *action)
{
    static const char *const words[] = {
        [ACTION_EXECUTE] = "execute", [ACTION_COMPLETE] = "complete", [ACTION_NEXT] = "next",
        [ACTION_PREV] = "prev",       [ACTION_CANCEL] = "cancel",
    };
    const char *word = cw_node_attr(child, "action");

    *action = ACTION_EXECUTE; /* 3.4: the default */
    for (guint i = 0; word != NULL && i < G_N_ELEMENTS(words); i++) {
        if (g_str_equal(words[i], word)) {
            *action = (Action)i;
            return TRUE;
        }
    }
    return word == NULL;
}

void cw_adhoc_take(CwComponent *component, const CwStanza *stanza, const CwNode *child,
                   const char *node, const CwAdhocKind *kind, gconstpointer command)
{
    const char *session = cw_node_attr(child, "sessionid");
    const char *problem =
        session == NULL ? NULL : cw_adhoc_check_session(stanza, node, session, now());
    Action action;

    if (!read_action(child, &action))
        refuse(component, stanza, MALFORMED_ACTION, "there is no such action");
    else if (session == NULL && action == ACTION_EXECUTE)
        kind->execute(component, stanza, command);
    else if (session == NULL)
        refuse(component, stanza, BAD_ACTION, "this command is not under way; execute it");
    else if (problem != NULL)
        refuse(component, stanza, problem, "this command is not under way any more; begin again");
    else if (action == ACTION_CANCEL)
        end_answer(component, begin_answer(component, stanza, node, session, "canceled"));
    else if (action == ACTION_PREV || action == ACTION_NEXT)
        refuse(component, stanza, BAD_ACTION, "there is one step: complete it, or cancel");
    else
        kind->submit(component, stanza, child, command, session);
}
