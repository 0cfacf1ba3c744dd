/*
 * imap_search_cmd.c: SEARCH and its answers: the list of RFC 3501, or ESEARCH (RFC 4731).
 *
 *   its turn ──▶ a slice, on a worker ──all is known──▶ answered
 *      ▲                │ more
 *      └────────────────┴──the client has gone──▶ freed
 *
 * A client that left is noticed by what is written to it (conn_is_deaf); so one that waits is told
 * now and then that it is being worked for.
 *
 * On the loop, slices on io workers. What is found is eight bytes a message of the view, the
 * answer some eleven characters.
 */
#include <stdio.h>

#include "hearth/clock.h"
#include "hearth/log.h"
#include "hearth/metric.h"
#include "imap/grammar/imap_string.h"
#include "imap/session/imap_internal.h"
#include "imap/session/imap_search.h"

#define TELL_EVERY_MS 1000
#define SLICE_SIZE    (1u << 20) /* bytes a slice counts for among those who take turns */

struct search_job {
	struct imap_searching *searching;
	struct mail_turn turn;
	char source[32];
	int64_t tell_ms; /* monotonic: when it is told next that it goes on */
	size_t *found;   /* indexes, ascending */
	size_t n;
	int status;
};

/* The number the client knows a message by. */
static uint32_t number_of(const struct imap_session *s, size_t index)
{
	INVARIANT(index < s->view->n);
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
	imap_write_string(out, s->command->tag);
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
	int64_t end_ms = clock_mono_ms() + DB_SLICE_MS;

	/* Most are through before a slice's time is over. */
	do
		job->status = imap_search_slice(job->searching);
	while (job->status > 0 && clock_mono_ms() < end_ms);
	if (job->status != 0)
		return;
	job->found = imap_search_found(job->searching, &job->n);
	if (s->command->search.extended)
		write_extended(s, job);
	else
		write_list(s, job);
}

static void on_found(struct imap_session *s, int status)
{
	if (status == HEARTH_ETOOBIG)
		imap_reply(s, "NO", "LIMIT", "That is too much to search for at once");
	else if (status < 0)
		imap_reply_error(s, status);
	else
		imap_ok(s, "SEARCH done");
}

static void take(struct imap_session *s)
{
	struct search_job *job = s->job;

	imap_busy(s);
	mail_turn_take(&s->m->turns, &job->turn);
}

static void again(struct imap_session *s)
{
	struct search_job *job = s->job;

	imap_busy(s);
	mail_turn_again(&job->turn);
}

static void on_slice(void *arg, int status)
{
	struct imap_session *s = arg;
	struct search_job *job = s->job;

	if (!imap_back(s))
		return;
	if (status == 0)
		status = job->status;
	if (status <= 0) {
		on_found(s, status);
	} else if (conn_is_deaf(s->conn)) {
		metric_add(s->m->abandoned, 1);
		/* What it sent behind this is still done. */
		imap_reply(s, "NO", "UNAVAILABLE", "Nobody waits for that any more");
	} else if (clock_mono_ms() < job->tell_ms) {
		again(s);
	} else {
		job->tell_ms = clock_mono_ms() + TELL_EVERY_MS;
		imap_write_untagged(&s->out, "OK Still searching");
		imap_flush_then(s, again);
	}
	imap_turn_end(s);
}

void imap_drop_search(struct imap_session *s)
{
	const struct search_job *job = s->job;

	imap_search_end(job->searching);
}

void imap_do_search(struct imap_session *s)
{
	struct search_job *job = ARENA_NEW(s->arena, struct search_job);
	int rc = imap_search_begin(
		s->m, s->account.id, s->view, s->command->search.keys, s->arena, &job->searching);

	s->job = job;
	if (rc < 0) {
		on_found(s, rc);
		return;
	}
	job->tell_ms = clock_mono_ms() + TELL_EVERY_MS;
	snprintf(job->source, sizeof(job->source), "search %lld", (long long)s->account.id);
	job->turn = (struct mail_turn){ .source = slice_str(job->source),
		.size = SLICE_SIZE,
		.work = work,
		.done = on_slice,
		.arg = s };
	imap_flush_then(s, take);
}
