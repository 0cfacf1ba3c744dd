/*
 * imap_search.c: a SEARCH from slice to slice (imap_search.h): the rows that may be meant, then the
 * texts on which it still depends, asked of the search (search.h), then what was found.
 *
 *	rows (some slices) ──▶ texts (some slices) ──▶ found
 *
 * A slice runs on a worker, the rest on the loop. A slice is as long as search.h and a long reader
 * have it; what is kept is a candidate a message of the view, in the command's arena.
 */
#include "imap/session/imap_search_job.h"

#include <stdlib.h>

#include "hearth/clock.h"
#include "hearth/log.h"

/* ---- texts ---- */

static int by_content(const void *a, const void *b, void *arg)
{
	const struct imap_searching *s = arg;
	size_t i = *(const size_t *)a, k = *(const size_t *)b;
	int64_t x = s->v[i].content_id, y = s->v[k].content_id;

	return x < y ? -1 : x > y ? 1 : i < k ? -1 : 1;
}

/* Whether the answer about some message of this content depends on its text. */
static bool is_open(void *arg, size_t content)
{
	const struct imap_searching *s = arg;
	bool open = false;

	for (size_t i = s->first[content]; i < s->first[content + 1] && !open; i++)
		open = imap_search_answer(s, s->keys, s->by_content[i]) == IMAP_ANSWER_UNKNOWN;
	return open;
}

/*
 * Lists the contents on which the answer still depends, each once, and looks for the texts there.
 */
static void begin_texts(struct imap_searching *s)
{
	size_t n = 0, kept = 0;
	int64_t *contents = arena_alloc(s->a, (s->n + 1) * sizeof(*contents));

	s->by_content = arena_alloc(s->a, (s->n + 1) * sizeof(*s->by_content));
	s->first = arena_alloc(s->a, (s->n + 1) * sizeof(*s->first));
	for (size_t i = 0; i < s->n && s->text_n; i++)
		if (imap_search_answer(s, s->keys, i) == IMAP_ANSWER_UNKNOWN)
			s->by_content[n++] = i;
	if (n)
		qsort_r(s->by_content, n, sizeof(*s->by_content), by_content, s);
	for (size_t i = 0; i < n; i++) {
		struct imap_candidate *c = &s->v[s->by_content[i]];

		if (kept == 0 || contents[kept - 1] != c->content_id) {
			s->first[kept] = i;
			contents[kept++] = c->content_id;
		}
		c->content = kept - 1;
	}
	INVARIANT(kept <= n && n <= s->n);
	s->first[kept] = n;
	s->search = (struct mail_search){ .m = s->m,
		.account = s->account,
		.keys = s->sought,
		.key_n = s->text_n,
		.contents = contents,
		.n = kept,
		.open = is_open,
		.arg = s,
		.a = s->a };
	mail_search_begin(&s->search);
}

/* ---- the whole ---- */

int imap_search_begin(struct mail *m, int64_t account, const struct imap_view *view,
	struct imap_search_key *keys, struct arena *a, struct imap_searching **out)
{
	struct imap_searching *s = ARENA_NEW(a, struct imap_searching);

	s->m = m;
	s->account = account;
	s->view = view;
	s->keys = keys;
	s->a = a;
	s->now = clock_wall_s();
	s->v = arena_alloc(a, (view->n + 1) * sizeof(*s->v));
	*out = s;
	return imap_search_prepare(s, keys);
}

int imap_search_slice(struct imap_searching *s)
{
	int rc;

	if (s->rows_read)
		return mail_search_slice(&s->search);
	rc = imap_search_rows(s);
	if (rc != 0)
		return rc;
	s->rows_read = true;
	begin_texts(s);
	return 1;
}

size_t *imap_search_found(const struct imap_searching *s, size_t *n)
{
	size_t *found = arena_alloc(s->a, (s->n + 1) * sizeof(*found));

	INVARIANT(s->rows_read);
	*n = 0;
	for (size_t i = 0; i < s->n; i++)
		if (imap_search_answer(s, s->keys, i) == IMAP_ANSWER_YES)
			found[(*n)++] = s->v[i].index;
	return found;
}

void imap_search_end(struct imap_searching *s)
{
	mail_search_end(&s->search);
}
