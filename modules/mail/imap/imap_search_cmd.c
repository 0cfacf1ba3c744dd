/*
 * imap_search_cmd.c: SEARCH and its answers: the list of RFC 3501, or ESEARCH (RFC 4731).
 */
#include "imap/imap_internal.h"
#include "imap/imap_search.h"
#include "mime/imap_string.h"

struct search_job {
	size_t *found; /* indexes, ascending */
	size_t n;
	int status;
};

/* The number the client knows a message by. */
static uint32_t number_of(const struct imap_session *s, size_t index)
{
	return s->command->uid ? s->view->uids[index] : (uint32_t)index + 1;
}

static void write_list(struct imap_session *s, const struct search_job *job)
{
	strbuf_adds(&s->out, "* SEARCH");
	for (size_t i = 0; i < job->n; i++)
		strbuf_printf(&s->out, " %u", number_of(s, job->found[i]));
	strbuf_adds(&s->out, "\r\n");
}

static void write_extended(struct imap_session *s, const struct search_job *job)
{
	unsigned returns = s->command->search.returns;
	struct strbuf *out = &s->out;
	struct imap_seqset_writer w = { 0 };

	strbuf_adds(out, "* ESEARCH (TAG ");
	mime_imap_string(out, s->command->tag);
	strbuf_adds(out, s->command->uid ? ") UID" : ")");
	if (job->n && (returns & IMAP_RETURN_MIN))
		strbuf_printf(out, " MIN %u", number_of(s, job->found[0]));
	if (job->n && (returns & IMAP_RETURN_MAX))
		strbuf_printf(out, " MAX %u", number_of(s, job->found[job->n - 1]));
	if (returns & IMAP_RETURN_COUNT)
		strbuf_printf(out, " COUNT %zu", job->n);
	if (job->n && (returns & IMAP_RETURN_ALL)) {
		strbuf_adds(out, " ALL ");
		for (size_t i = 0; i < job->n; i++)
			imap_seqset_add(&w, out, number_of(s, job->found[i]));
		imap_seqset_end(&w, out);
	}
	strbuf_adds(out, "\r\n");
}

/* On a worker. */
static void work(void *arg)
{
	struct imap_session *s = arg;
	struct search_job *job = s->job;

	job->status = imap_search_run(
		s->m, s->view, s->command->search.keys, s->arena, &job->found, &job->n);
	if (job->status < 0)
		return;
	if (s->command->search.extended)
		write_extended(s, job);
	else
		write_list(s, job);
}

static void on_found(struct imap_session *s, int status)
{
	const struct search_job *job = s->job;

	if (status == 0)
		status = job->status;
	if (status == HEARTH_ETOOBIG)
		imap_reply(s, "NO", "LIMIT", "That is too much to search for at once");
	else if (status < 0)
		imap_reply_error(s, status);
	else
		imap_ok(s, "SEARCH done");
}

void imap_do_search(struct imap_session *s)
{
	s->job = ARENA_NEW(s->arena, struct search_job);
	imap_run_work(s, work, on_found);
}
