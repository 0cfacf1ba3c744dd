/*
 * imap_search.c: see imap_search.h.
 */
#include "imap/imap_search.h"

#include <stdlib.h>

#include "hearth/clock.h"
#include "hearth/error.h"
#include "search.h"

#define TEXTS_MAX 32 /* keys about text in one command */
#define DAY_S     86400

enum answer { NO, YES, UNKNOWN };

struct candidate {
	size_t index; /* in the view */
	uint32_t uid;
	unsigned flags;
	struct slice keywords;
	int64_t internal_date;
	uint64_t size;
	int64_t content_id;
	int64_t sent_day; /* days since 1970-01-01; NO_DAY without a Date field */
};

#define NO_DAY INT64_MIN

/* A key about text, and what is known of it for each candidate. */
struct text_key {
	const struct imap_search_key *key;
	bool answered;
	bool *hits;
};

struct search {
	struct mail *m;
	const struct imap_view *view;
	struct imap_search_key *keys;
	struct arena *a;
	int64_t now;
	bool dates; /* some key is about the Date field */
	struct text_key texts[TEXTS_MAX];
	size_t text_n;
	struct candidate *v;
	size_t n;
	int64_t *ids; /* of contents on which the answer still depends: ascending, each once */
	bool *id_hits;
	size_t id_n;
	size_t at; /* in the view, while reading rows */
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

/* Resolves sets and lists the keys about text. */
static int prepare(struct search *s, struct imap_search_key *key)
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
	s->texts[s->text_n++].key = key;
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

static bool has_flag(const struct search *s, const struct candidate *c, enum imap_flag flag)
{
	return flag == IMAP_FLAG_RECENT ? imap_view_is_recent(s->view, c->uid)
					: (c->flags & flag) != 0;
}

static enum answer answer_text(const struct search *s, const struct imap_search_key *key, size_t i)
{
	for (size_t k = 0; k < s->text_n; k++)
		if (s->texts[k].key == key)
			return !s->texts[k].answered ? UNKNOWN : s->texts[k].hits[i] ? YES : NO;
	return NO;
}

static enum answer answer(const struct search *s, const struct imap_search_key *key, size_t i);

static enum answer answer_group(const struct search *s, const struct imap_search_key *key, size_t i)
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

static bool holds(
	const struct search *s, const struct imap_search_key *key, const struct candidate *c)
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

static enum answer answer(const struct search *s, const struct imap_search_key *key, size_t i)
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

static int keep(void *arg, const struct mail_message *m)
{
	struct search *s = arg;
	const struct imap_view *v = s->view;
	const struct mail_content *c = &m->content;

	while (s->at < v->n && v->uids[s->at] < m->uid)
		s->at++;
	if (s->at == v->n)
		return 1;
	if (v->uids[s->at] != m->uid)
		return 0;
	s->v[s->n] = (struct candidate){ .index = s->at++,
		.uid = m->uid,
		.flags = m->flags,
		.keywords = arena_slice(s->a, m->keywords),
		.internal_date = m->internal_date,
		.size = m->size,
		.content_id = m->content_id,
		/* The day as it was written, whatever the zone. */
		.sent_day = c->date ? day_of(c->date + (int64_t)c->date_zone * 60) : NO_DAY };
	if (answer(s, s->keys, s->n) != NO)
		s->n++;
	return 0;
}

static int read_rows(struct db_tx *tx, void *arg)
{
	struct search *s = arg;
	const struct imap_view *v = s->view;
	int rc;

	s->n = s->at = 0;
	if (v->n == 0)
		return 0;
	rc = mail_store_scan(tx, v->mailbox, v->uids[0], v->uids[v->n - 1], s->dates, keep, s);
	return rc < 0 ? rc : 0;
}

/* ---- texts ---- */

static int by_id(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

static void list_open_contents(struct search *s)
{
	size_t n = 0, kept = 0;

	for (size_t i = 0; i < s->n; i++)
		if (answer(s, s->keys, i) == UNKNOWN)
			s->ids[n++] = s->v[i].content_id;
	if (n)
		qsort(s->ids, n, sizeof(*s->ids), by_id);
	for (size_t i = 0; i < n; i++)
		if (kept == 0 || s->ids[kept - 1] != s->ids[i])
			s->ids[kept++] = s->ids[i];
	s->id_n = kept;
	memset(s->id_hits, 0, kept * sizeof(*s->id_hits));
}

static struct mail_search_for search_for(const struct imap_search_key *key)
{
	struct mail_search_for what = { .where = MAIL_SEARCH_FIELD, .needle = key->text };

	switch (key->kind) {
	case IMAP_KEY_TEXT: what.where = MAIL_SEARCH_TEXT; break;
	case IMAP_KEY_BODY: what.where = MAIL_SEARCH_BODY; break;
	case IMAP_KEY_BCC: what.field = SLICE("Bcc"); break;
	case IMAP_KEY_CC: what.field = SLICE("Cc"); break;
	case IMAP_KEY_FROM: what.field = SLICE("From"); break;
	case IMAP_KEY_SUBJECT: what.field = SLICE("Subject"); break;
	case IMAP_KEY_TO: what.field = SLICE("To"); break;
	default: what.field = key->name; break;
	}
	return what;
}

/* Asks the index about one key. */
static int answer_one(struct search *s, struct text_key *text)
{
	const struct mail_search_for what = search_for(text->key);
	int rc;

	list_open_contents(s);
	rc = mail_search(s->m, &what, s->ids, s->id_n, s->id_hits);
	text->hits = arena_zalloc(s->a, (s->n + 1) * sizeof(*text->hits));
	for (size_t i = 0; i < s->n && s->id_n; i++) {
		const int64_t *id =
			bsearch(&s->v[i].content_id, s->ids, s->id_n, sizeof(*id), by_id);

		text->hits[i] = id && s->id_hits[id - s->ids];
	}
	text->answered = true;
	return rc;
}

int imap_search_run(struct mail *m, const struct imap_view *view, struct imap_search_key *keys,
	struct arena *a, size_t **found, size_t *n)
{
	struct search *s = ARENA_NEW(a, struct search);
	int rc;

	*s = (struct search){ .m = m, .view = view, .keys = keys, .a = a, .now = clock_wall_s() };
	s->v = arena_alloc(a, (view->n + 1) * sizeof(*s->v));
	rc = prepare(s, keys);
	if (rc == 0)
		rc = db_read_wait(m->db, read_rows, s);
	s->ids = arena_alloc(a, (s->n + 1) * sizeof(*s->ids));
	s->id_hits = arena_alloc(a, (s->n + 1) * sizeof(*s->id_hits));
	for (size_t i = 0; i < s->text_n && rc == 0; i++)
		rc = answer_one(s, &s->texts[i]);
	*found = arena_alloc(a, (s->n + 1) * sizeof(**found));
	*n = 0;
	for (size_t i = 0; i < s->n && rc == 0; i++)
		if (answer(s, keys, i) == YES)
			(*found)[(*n)++] = s->v[i].index;
	return rc;
}
