/* transport/session-questions.c: what the network asks its user
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#define G_LOG_DOMAIN "transport"

#include "transport/session-private.h"

static void free_question(CwQuestion *question)
{
    g_free(question->title);
    g_free(question->text);
    g_clear_pointer(&question->fields, g_ptr_array_unref);
    g_free(question);
}

static CwQuestion *find_question(CwSession *session, gint64 id)
{
    for (GList *l = session->questions.head; l != NULL; l = l->next) {
        CwQuestion *question = l->data;
        if (question->id == id)
            return question;
    }
    return NULL;
}

/* (transfer full): the caller frees it */
static CwQuestion *take_off(CwSession *session, CwQuestion *question)
{
    session->login_since = cw_session_clock(session); /* the network's turn again */
    g_queue_remove(&session->questions, question);
    return question;
}

/* Off the queue before it is told: whoever is told may look at what is asked next. */
void cw_session_take_question_gone(CwSession *session, gint64 id)
{
    CwQuestion *question = find_question(session, id);

    if (question == NULL)
        return;
    take_off(session, question);
    EMIT_ALWAYS(session, question_gone, session, question);
    free_question(question);
}

void cw_session_drop_questions(CwSession *session)
{
    GQueue gone = session->questions;
    CwQuestion *question;

    g_queue_init(&session->questions);
    while ((question = g_queue_pop_head(&gone)) != NULL) {
        EMIT_ALWAYS(session, question_gone, session, question);
        free_question(question);
    }
}

void cw_session_take_question(CwSession *session, const CwLinkMsg *msg)
{
    guint most = LIMITS(session)->questions;

    cw_session_take_question_gone(session, msg->id); /* asked anew */
    if (most > 0 && session->questions.length >= most) {
        cw_account_send(session->account,
                        &(CwLinkMsg){.kind = CW_LINK_ANSWER, .id = msg->id, .cancelled = TRUE});
        g_message("%s/%s: over %u open questions: one more was cancelled", session->jid,
                  cw_transport_domain(session->transport), most);
        return;
    }
    CwQuestion *question = g_new0(CwQuestion, 1);
    question->id = msg->id;
    question->title = g_strdup(msg->title);
    question->text = g_strdup(msg->text);
    question->fields = g_ptr_array_ref(msg->fields);
    g_queue_push_tail(&session->questions, question);
    EMIT_ALWAYS(session, question, session, question);
}

const CwQuestion *cw_session_question(const CwSession *session)
{
    return session->questions.head == NULL ? NULL : session->questions.head->data;
}

void cw_session_answer(CwSession *session, gint64 id, GHashTable *values)
{
    CwQuestion *question = find_question(session, id);

    if (question == NULL)
        return;
    if (session->account != NULL)
        cw_account_send(session->account, &(CwLinkMsg){.kind = CW_LINK_ANSWER,
                                                       .id = id,
                                                       .values = values,
                                                       .cancelled = values == NULL});
    free_question(take_off(session, question));
}
