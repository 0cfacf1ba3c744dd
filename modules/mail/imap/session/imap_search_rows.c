/*
 * imap_search_rows.c: which messages a SEARCH looks at: rows of the mailbox become candidates
 * (imap_search_job.h).
 *
 * That is all of the view, in order; or, where a key about addresses or subject means few contents,
 * the messages of these alone (search/narrow.h). Rows are read on a long reader in its slices, `narrow`
 * on the worker. A candidate a message of the view at most.
 */
#include "imap/session/imap_search_job.h"

#include <stdlib.h>

#include "hearth/error.h"
#include "hearth/log.h"
#include "search/narrow.h"

#define FEW 64 /* contents: so many are always looked at alone */

/* The row of the message at s->at in the view. */
static void keep_at(struct imap_searching *s, const struct mail_message *m)
{
	const struct mail_content *c = &m->content;

	INVARIANT(s->n < s->view->n && s->at < s->view->n); /* each message once */
	s->v[s->n] = (struct imap_candidate){ .index = s->at,
		.uid = m->uid,
		.flags = m->flags,
		.keywords = arena_slice(s->a, m->keywords),
		.internal_date = m->internal_date,
		.size = m->size,
		.content = IMAP_NO_CONTENT,
		.content_id = m->content_id,
		/* The day as it was written, whatever the zone. */
		.sent_day = c->date ? imap_search_day(c->date + (int64_t)c->date_zone * 60)
				    : IMAP_NO_DAY };
	if (imap_search_answer(s, s->keys, s->n) != IMAP_ANSWER_NO)
		s->n++;
}

static int keep(void *arg, const struct mail_message *m)
{
	struct imap_searching *s = arg;
	const struct imap_view *v = s->view;

	while (s->at < v->n && v->uids[s->at] < m->uid)
		s->at++;
	if (s->at == v->n || v->uids[s->at] != m->uid)
		return 0;
	keep_at(s, m);
	s->at++;
	return db_slice_over(s->tx);
}

static int by_uid(const void *key, const void *uid)
{
	uint32_t x = *(const uint32_t *)key, y = *(const uint32_t *)uid;

	return x < y ? -1 : x > y;
}

/* Of one content; they come in no order, and each once. */
static int keep_of_content(void *arg, const struct mail_message *m)
{
	struct imap_searching *s = arg;
	const struct imap_view *v = s->view;
	const uint32_t *at = bsearch(&m->uid, v->uids, v->n, sizeof(*v->uids), by_uid);

	if (!at)
		return 0;
	s->at = (size_t)(at - v->uids);
	keep_at(s, m);
	return 0;
}

static int by_index(const void *a, const void *b)
{
	const struct imap_candidate *x = a, *y = b;

	return x->index < y->index ? -1 : x->index > y->index;
}

/* Goes on reading the rows of some contents; 1 when there are more. */
static int read_only_rows(struct db_tx *tx, void *arg)
{
	struct imap_searching *s = arg;

	while (s->only_at < s->only_n) {
		int rc = mail_store_scan_content(
			tx, s->view->mailbox, s->only[s->only_at], s->dates, keep_of_content, s);

		if (rc < 0)
			return rc;
		s->only_at++;
		if (db_slice_over(tx) && s->only_at < s->only_n)
			return 1;
	}
	if (s->n)
		qsort(s->v, s->n, sizeof(*s->v), by_index);
	return 0;
}

/* Goes on reading rows; 1 when there are more. */
static int read_rows(struct db_tx *tx, void *arg)
{
	struct imap_searching *s = arg;
	const struct imap_view *v = s->view;

	s->tx = tx;
	if (s->only)
		return read_only_rows(tx, s);
	if (s->at == v->n)
		return 0;
	return mail_store_scan(
		tx, v->mailbox, v->uids[s->at], v->uids[v->n - 1], s->dates, keep, s);
}

/* A key that all that is found must have, and the index of envelopes knows about; or NULL. */
static const struct imap_search_key *deciding_key(const struct imap_search_key *keys)
{
	const struct imap_search_key *best = NULL;

	if (keys->negated)
		return NULL;
	if (keys->kind != IMAP_KEY_AND)
		return imap_key_is_text(keys) ? keys : NULL;
	for (const struct imap_search_key *k = keys->first; k; k = k->next) {
		const struct imap_search_key *one = deciding_key(k);

		if (one && (!best || one->text.n > best->text.n))
			best = one;
	}
	return best;
}

/* So that what is looked at are the hits, where they are few, and not the mailbox. */
static int narrow(struct imap_searching *s)
{
	const struct imap_search_key *key = deciding_key(s->keys);
	struct mail_search_for sought;
	int rc;

	if (!key)
		return 0;
	sought = imap_key_sought(key);
	rc = mail_search_narrow(
		s->m, s->account, &sought, s->view->n / 8 + FEW, s->a, &s->only, &s->only_n);
	if (rc < 0)
		s->only = NULL;
	return rc == HEARTH_EUNSUPPORTED ? 0 : rc;
}

int imap_search_rows(struct imap_searching *s)
{
	int rc;

	if (!s->rows_begun) {
		rc = narrow(s);
		if (rc < 0)
			return rc;
		s->rows_begun = true;
	}
	return db_read_long_wait(s->m->db, s->account, read_rows, s);
}
