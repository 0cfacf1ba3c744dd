/*
 * imap_search.c: answers each key from the rows where it can, asks the search for texts (search.h)
 * where it must, and puts the answer together. A slice runs on a worker, the rest on the loop.
 */
#include "imap/session/imap_search.h"

#include <stdlib.h>

#include "hearth/clock.h"
#include "hearth/error.h"
#include "search/narrow.h"

#define TEXTS_MAX 32 /* keys about text in one command */
#define FEW       64
#define DAY_S     86400

enum answer { NO, YES, UNKNOWN };

struct candidate {
	size_t index;   /* in the view */
	size_t content; /* in search.contents; NO_CONTENT: nothing depends on it */
	uint32_t uid;
	unsigned flags;
	struct slice keywords;
	int64_t internal_date;
	uint64_t size;
	int64_t content_id;
	int64_t sent_day; /* days since 1970-01-01; NO_DAY without a Date field */
};

#define NO_DAY     INT64_MIN
#define NO_CONTENT SIZE_MAX

struct imap_searching {
	struct mail *m;
	int64_t account;
	const struct imap_view *view;
	struct imap_search_key *keys;
	struct arena *a;
	int64_t now;
	bool dates; /* some key is about the Date field */

	/* reading rows */
	struct candidate *v;
	size_t n;
	size_t at; /* in the view */
	struct db_tx *tx;
	bool rows_begun, rows_read;
	int64_t *only; /* contents of which alone rows are read; NULL: all rows are */
	size_t only_n, only_at;

	/* texts */
	const struct imap_search_key *texts[TEXTS_MAX];
	struct mail_search_for sought[TEXTS_MAX];
	size_t text_n;
	size_t *by_content; /* indexes of candidates, those of one content together */
	size_t *first; /* for each content: the first of its in by_content; one more at the end */
	struct mail_search search;
};

/* ---- the keys ---- */

static bool is_text(enum imap_key_kind kind)
{
	return kind >= IMAP_KEY_BCC && kind <= IMAP_KEY_HEADER;
}

static bool is_sent_date(enum imap_key_kind kind)
{
	return kind == IMAP_KEY_SENTBEFORE || kind == IMAP_KEY_SENTON || kind == IMAP_KEY_SENTSINCE;
}

static struct mail_search_for envelope(const char *name, const struct imap_search_key *key)
{
	return (struct mail_search_for){ MAIL_SEARCH_ENVELOPE, slice_str(name), key->text };
}

static struct mail_search_for search_for(const struct imap_search_key *key)
{
	switch (key->kind) {
	case IMAP_KEY_BCC: return envelope("Bcc", key);
	case IMAP_KEY_CC: return envelope("Cc", key);
	case IMAP_KEY_FROM: return envelope("From", key);
	case IMAP_KEY_TO: return envelope("To", key);
	case IMAP_KEY_TEXT:
		return (struct mail_search_for){ .where = MAIL_SEARCH_TEXT, .needle = key->text };
	case IMAP_KEY_BODY:
		return (struct mail_search_for){ .where = MAIL_SEARCH_BODY, .needle = key->text };
	case IMAP_KEY_SUBJECT:
		return (struct mail_search_for){ MAIL_SEARCH_FIELD, SLICE("Subject"), key->text };
	default: return (struct mail_search_for){ MAIL_SEARCH_FIELD, key->name, key->text };
	}
}

/* Resolves sets and lists the keys about text. */
static int prepare(struct imap_searching *s, struct imap_search_key *key)
{
	const struct imap_view *v = s->view;
	int rc = 0;

	switch (key->kind) {
	case IMAP_KEY_AND:
	case IMAP_KEY_OR:
		for (struct imap_search_key *k = key->first; k && rc == 0; k = k->next)
			rc = prepare(s, k);
		return rc;
	case IMAP_KEY_SEQSET:
		key->set = imap_seqset_resolve(s->a, &key->set, (uint32_t)v->n);
		return 0;
	case IMAP_KEY_UID:
		key->set = imap_seqset_resolve(s->a, &key->set, v->n ? v->uids[v->n - 1] : 0);
		return 0;
	default: break;
	}
	s->dates |= is_sent_date(key->kind);
	if (!is_text(key->kind))
		return 0;
	if (s->text_n == TEXTS_MAX)
		return HEARTH_ETOOBIG;
	s->sought[s->text_n] = search_for(key);
	s->texts[s->text_n++] = key;
	return 0;
}

/* ---- answering ---- */

static int64_t day_of(int64_t unix_s)
{
	return unix_s >= 0 ? unix_s / DAY_S : -((-unix_s + DAY_S - 1) / DAY_S);
}

static bool has_keyword(struct slice list, struct slice keyword)
{
	while (list.n)
		if (slice_ieq(slice_split(&list, ' '), keyword))
			return true;
	return false;
}

static bool has_flag(const struct imap_searching *s, const struct candidate *c, enum imap_flag flag)
{
	return flag == IMAP_FLAG_RECENT ? imap_view_is_recent(s->view, c->uid)
					: (c->flags & flag) != 0;
}

static enum answer answer_text(
	const struct imap_searching *s, const struct imap_search_key *key, size_t i)
{
	const struct mail_search *found = &s->search;

	if (!found->answers || s->v[i].content == NO_CONTENT)
		return UNKNOWN;
	for (size_t k = 0; k < s->text_n; k++)
		if (s->texts[k] == key)
			switch (found->answers[k * found->n + s->v[i].content]) {
			case MAIL_SEARCH_UNKNOWN: return UNKNOWN;
			case MAIL_SEARCH_YES: return YES;
			default: return NO;
			}
	return NO;
}

static enum answer answer(
	const struct imap_searching *s, const struct imap_search_key *key, size_t i);

static enum answer answer_group(
	const struct imap_searching *s, const struct imap_search_key *key, size_t i)
{
	/* What decides it at once: a NO among an AND, a YES among an OR. */
	const enum answer decides = key->kind == IMAP_KEY_OR ? YES : NO;
	enum answer result = key->kind == IMAP_KEY_OR ? NO : YES;

	for (const struct imap_search_key *k = key->first; k; k = k->next) {
		enum answer one = answer(s, k, i);

		if (one == decides)
			return decides;
		if (one == UNKNOWN)
			result = UNKNOWN;
	}
	return result;
}

static bool holds(const struct imap_searching *s, const struct imap_search_key *key,
	const struct candidate *c)
{
	int64_t sent = c->sent_day;

	switch (key->kind) {
	case IMAP_KEY_ALL: return true;
	case IMAP_KEY_SEQSET: return imap_seqset_has(&key->set, (uint32_t)c->index + 1);
	case IMAP_KEY_UID: return imap_seqset_has(&key->set, c->uid);
	case IMAP_KEY_FLAG: return has_flag(s, c, key->flag);
	case IMAP_KEY_KEYWORD: return has_keyword(c->keywords, key->keyword);
	case IMAP_KEY_BEFORE: return day_of(c->internal_date) < key->day;
	case IMAP_KEY_ON: return day_of(c->internal_date) == key->day;
	case IMAP_KEY_SINCE: return day_of(c->internal_date) >= key->day;
	case IMAP_KEY_SENTBEFORE: return sent != NO_DAY && sent < key->day;
	case IMAP_KEY_SENTON: return sent == key->day;
	case IMAP_KEY_SENTSINCE: return sent != NO_DAY && sent >= key->day;
	case IMAP_KEY_LARGER: return c->size > key->number;
	case IMAP_KEY_SMALLER: return c->size < key->number;
	case IMAP_KEY_OLDER: return s->now - c->internal_date >= (int64_t)key->number;
	case IMAP_KEY_YOUNGER: return s->now - c->internal_date < (int64_t)key->number;
	default: return false;
	}
}

static enum answer answer(
	const struct imap_searching *s, const struct imap_search_key *key, size_t i)
{
	enum answer result;

	if (key->kind == IMAP_KEY_AND || key->kind == IMAP_KEY_OR)
		result = answer_group(s, key, i);
	else if (is_text(key->kind))
		result = answer_text(s, key, i);
	else
		result = holds(s, key, &s->v[i]) ? YES : NO;
	if (!key->negated || result == UNKNOWN)
		return result;
	return result == YES ? NO : YES;
}

/* ---- rows ---- */

/* The row of the message at s->at in the view. */
static void keep_at(struct imap_searching *s, const struct mail_message *m)
{
	const struct mail_content *c = &m->content;

	s->v[s->n] = (struct candidate){ .index = s->at,
		.uid = m->uid,
		.flags = m->flags,
		.keywords = arena_slice(s->a, m->keywords),
		.internal_date = m->internal_date,
		.size = m->size,
		.content = NO_CONTENT,
		.content_id = m->content_id,
		/* The day as it was written, whatever the zone. */
		.sent_day = c->date ? day_of(c->date + (int64_t)c->date_zone * 60) : NO_DAY };
	if (answer(s, s->keys, s->n) != NO)
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
	const struct candidate *x = a, *y = b;

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
		return is_text(keys->kind) ? keys : NULL;
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
	sought = search_for(key);
	rc = mail_search_narrow(
		s->m, s->account, &sought, s->view->n / 8 + FEW, s->a, &s->only, &s->only_n);
	if (rc < 0)
		s->only = NULL;
	return rc == HEARTH_EUNSUPPORTED ? 0 : rc;
}

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
		open = answer(s, s->keys, s->by_content[i]) == UNKNOWN;
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
		if (answer(s, s->keys, i) == UNKNOWN)
			s->by_content[n++] = i;
	if (n)
		qsort_r(s->by_content, n, sizeof(*s->by_content), by_content, s);
	for (size_t i = 0; i < n; i++) {
		struct candidate *c = &s->v[s->by_content[i]];

		if (kept == 0 || contents[kept - 1] != c->content_id) {
			s->first[kept] = i;
			contents[kept++] = c->content_id;
		}
		c->content = kept - 1;
	}
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
	return prepare(s, keys);
}

int imap_search_slice(struct imap_searching *s)
{
	int rc;

	if (s->rows_read)
		return mail_search_slice(&s->search);
	if (!s->rows_begun) {
		rc = narrow(s);
		if (rc < 0)
			return rc;
		s->rows_begun = true;
	}
	rc = db_read_long_wait(s->m->db, s->account, read_rows, s);
	if (rc != 0)
		return rc;
	s->rows_read = true;
	begin_texts(s);
	return 1;
}

size_t *imap_search_found(const struct imap_searching *s, size_t *n)
{
	size_t *found = arena_alloc(s->a, (s->n + 1) * sizeof(*found));

	*n = 0;
	for (size_t i = 0; i < s->n; i++)
		if (answer(s, s->keys, i) == YES)
			found[(*n)++] = s->v[i].index;
	return found;
}

void imap_search_end(struct imap_searching *s)
{
	mail_search_end(&s->search);
}
