/*
 * imap_view.c: the view as a sorted array of UIDs: looking up, telling what came and went, the
 * keywords that the client knows. On whichever thread has the session.
 *
 * Four bytes a message of the mailbox, IMAP_KEYWORDS_MAX of keywords, and eight for each run of UIDs that
 * is \Recent here: at most as many as there are such messages.
 */
#include "imap/session/imap_internal.h"

#include <ctype.h>
#include <stdlib.h>

#include "hearth/log.h"

struct imap_view *imap_view_new(
	const struct mailbox *box, const uint32_t *uids, size_t n, bool read_only)
{
	struct imap_view *v = mem_zalloc(sizeof(*v));

	INVARIANT(box->id > 0);
	v->mailbox = box->id;
	v->read_only = read_only;
	v->modseq = box->modseq;
	v->known = map_new();
	v->n = v->cap = n;
	if (n) {
		v->uids = mem_alloc(n * sizeof(*uids));
		memcpy(v->uids, uids, n * sizeof(*uids));
	}
	return v;
}

void imap_view_free(struct imap_view **v)
{
	if (!*v)
		return;
	free((*v)->uids);
	free((*v)->gone);
	free((*v)->recent);
	strbuf_free(&(*v)->keywords);
	strbuf_free(&(*v)->latest);
	map_free(&(*v)->known);
	free(*v);
	*v = NULL;
}

/* ---- asking ---- */

/* The index of the first number that is not below `uid`. */
static size_t lower_bound(const uint32_t *uids, size_t n, uint32_t uid)
{
	size_t low = 0, high = n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (uids[middle] < uid)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

size_t imap_view_at(const struct imap_view *v, uint32_t uid)
{
	return lower_bound(v->uids, v->n, uid);
}

bool imap_view_is_recent(const struct imap_view *v, uint32_t uid)
{
	/* Mostly there are few, and the latest are asked about. */
	for (size_t i = v->recent_n; i > 0 && v->recent[i - 1].last >= uid; i--)
		if (v->recent[i - 1].first <= uid)
			return true;
	return false;
}

size_t imap_view_recent(const struct imap_view *v)
{
	size_t n = 0;

	for (size_t i = 0; i < v->recent_n; i++)
		n += imap_view_at(v, v->recent[i].last + 1) - imap_view_at(v, v->recent[i].first);
	return n;
}

void imap_view_add_recent(struct imap_view *v, uint32_t first)
{
	uint32_t last = v->n ? v->uids[v->n - 1] : 0;
	struct imap_range *latest = v->recent_n ? &v->recent[v->recent_n - 1] : NULL;

	if (first > last)
		return;
	if (latest && latest->last + 1 >= first) {
		latest->last = last;
		return;
	}
	if (v->recent_n == v->recent_cap) {
		v->recent_cap = v->recent_cap ? 2 * v->recent_cap : 4;
		v->recent = mem_realloc(v->recent, v->recent_cap * sizeof(*v->recent));
	}
	INVARIANT(v->recent);
	v->recent[v->recent_n++] = (struct imap_range){ first, last };
}

uint32_t imap_view_arrived(const struct imap_changes *c)
{
	return c->arrived_n ? c->arrived[c->arrived_n - 1] + 1 : 0;
}

/* ---- keywords ---- */

static void forget_keywords(struct imap_view *v)
{
	strbuf_reset(&v->keywords);
	map_free(&v->known);
	v->known = map_new();
}

/* True when it is news. */
static bool add_keyword(struct imap_view *v, struct slice word)
{
	struct strbuf small = { 0 };
	bool news;

	for (size_t i = 0; i < word.n; i++)
		strbuf_addc(&small, (char)tolower((unsigned char)word.p[i]));
	news = word.n && !map_get(v->known, strbuf_slice(&small));
	if (news) {
		map_set(v->known, strbuf_slice(&small), v);
		if (v->keywords.n)
			strbuf_addc(&v->keywords, ' ');
		strbuf_add(&v->keywords, word);
	}
	strbuf_free(&small);
	return news;
}

bool imap_view_add_keywords(struct imap_view *v, struct slice keywords)
{
	struct slice rest = keywords;
	bool news = false;

	if (keywords.n == 0 || slice_eq(keywords, strbuf_slice(&v->latest)))
		return false;
	strbuf_reset(&v->latest);
	strbuf_add(&v->latest, keywords);
	if (v->keywords.n + keywords.n > IMAP_KEYWORDS_MAX)
		forget_keywords(v);
	while (rest.n)
		news |= add_keyword(v, slice_split(&rest, ' '));
	return news;
}

void imap_view_write_flags(const struct imap_view *v, struct strbuf *out)
{
	static const char system[] = "\\Answered \\Flagged \\Deleted \\Seen \\Draft";
	struct slice keywords = strbuf_slice(&v->keywords);
	const char *space = keywords.n ? " " : "";

	imap_write_untagged(out, "FLAGS (%s%s%.*s)", system, space, SLICE_ARG(keywords));
	if (v->read_only)
		imap_write_untagged(out, "OK [PERMANENTFLAGS ()] Nothing can be changed");
	else
		imap_write_untagged(out, "OK [PERMANENTFLAGS (%s%s%.*s \\*)] Flags are kept",
			system, space, SLICE_ARG(keywords));
}

void imap_view_learn(struct imap_view *v, struct slice keywords, struct strbuf *out)
{
	if (imap_view_add_keywords(v, keywords))
		imap_view_write_flags(v, out);
}

/* ---- sets ---- */

/* A range of UIDs as a span; false when there is nothing in it. */
static bool span_of_uids(
	const struct imap_view *v, const struct imap_range *r, struct imap_span *out)
{
	size_t end = r->last == UINT32_MAX ? v->n : imap_view_at(v, r->last + 1);

	out->first = imap_view_at(v, r->first);
	if (out->first >= end)
		return false;
	out->last = end - 1;
	return true;
}

int imap_view_resolve(const struct imap_view *v, struct arena *a, const struct imap_seqset *set,
	bool uid, struct imap_spans *out)
{
	uint32_t max = uid ? (v->n ? v->uids[v->n - 1] : 0) : (uint32_t)v->n;
	struct imap_seqset resolved;

	*out = (struct imap_spans){ 0 };
	if (!uid && (v->n == 0 || imap_seqset_max(set) > v->n))
		return HEARTH_EINVAL;
	resolved = imap_seqset_resolve(a, set, max);
	out->v = arena_alloc(a, resolved.n * sizeof(*out->v));
	for (size_t i = 0; i < resolved.n; i++) {
		const struct imap_range *r = &resolved.ranges[i];

		if (!uid)
			out->v[out->n++] = (struct imap_span){ r->first - 1, r->last - 1 };
		else if (span_of_uids(v, r, &out->v[out->n]))
			out->n++;
	}
	return 0;
}

static size_t count_spans(const struct imap_spans *spans)
{
	size_t n = 0;

	for (size_t i = 0; i < spans->n; i++)
		n += spans->v[i].last - spans->v[i].first + 1;
	return n;
}

uint32_t *imap_spans_uids(
	const struct imap_view *v, struct arena *a, const struct imap_spans *spans, size_t *n)
{
	uint32_t *uids = arena_alloc(a, count_spans(spans) * sizeof(*uids));

	INVARIANT(spans->n == 0 || spans->v[spans->n - 1].last < v->n);
	*n = 0;
	for (size_t i = 0; i < spans->n; i++)
		for (size_t k = spans->v[i].first; k <= spans->v[i].last; k++)
			uids[(*n)++] = v->uids[k];
	return uids;
}

/* ---- what changed ---- */

/* Room for one more in an array in the arena; returns where the array is now. */
static void *grow(struct arena *a, void *v, size_t n, size_t *cap, size_t size)
{
	void *grown;

	if (n < *cap)
		return v;
	*cap = *cap ? 2 * *cap : 16;
	grown = arena_alloc(a, *cap * size);
	if (n)
		memcpy(grown, v, n * size);
	return grown;
}

static int add_expunged(void *arg, uint32_t uid)
{
	struct imap_changes *c = arg;

	c->expunged =
		grow(c->a, c->expunged, c->expunged_n, &c->expunged_cap, sizeof(*c->expunged));
	c->expunged[c->expunged_n++] = uid;
	return 0;
}

static int add_arrived(void *arg, uint32_t uid)
{
	struct imap_changes *c = arg;

	c->arrived = grow(c->a, c->arrived, c->arrived_n, &c->arrived_cap, sizeof(*c->arrived));
	c->arrived[c->arrived_n++] = uid;
	return 0;
}

static int add_changed(void *arg, uint32_t uid, const struct mail_flags *flags)
{
	struct imap_changes *c = arg;

	c->changed = grow(c->a, c->changed, c->changed_n, &c->changed_cap, sizeof(*c->changed));
	c->changed[c->changed_n++] =
		(struct imap_change){ uid, { flags->flags, arena_slice(c->a, flags->keywords) } };
	return 0;
}

int imap_view_collect(
	const struct imap_view *v, struct db_tx *tx, struct arena *a, struct imap_changes **out)
{
	struct imap_changes *c = ARENA_NEW(a, struct imap_changes);
	int rc;

	c->a = a;
	*out = c;
	rc = mail_store_changes(
		tx, v->mailbox, v->modseq, &c->modseq, &c->more, add_expunged, add_changed, c);
	if (rc == 0 && c->modseq != v->modseq)
		rc = mail_store_arrived(
			tx, v->mailbox, v->n ? v->uids[v->n - 1] : 0, add_arrived, c);
	return rc == 0 ? mail_store_recent(tx, v->mailbox, &c->recent) : rc;
}

/* Adds those of `expunged` that the client knows to what is kept back; both are ascending. */
static void keep_back(struct imap_view *v, const uint32_t *expunged, size_t n)
{
	uint32_t *all = mem_alloc((v->gone_n + n) * sizeof(*all));
	size_t old = 0, count = 0;

	for (size_t i = 0; i < n; i++) {
		size_t at = imap_view_at(v, expunged[i]);

		if (at == v->n || v->uids[at] != expunged[i])
			continue;
		while (old < v->gone_n && v->gone[old] < expunged[i])
			all[count++] = v->gone[old++];
		if (old < v->gone_n && v->gone[old] == expunged[i])
			old++;
		all[count++] = expunged[i];
	}
	while (old < v->gone_n)
		all[count++] = v->gone[old++];
	free(v->gone);
	v->gone = all;
	v->gone_n = count;
	INVARIANT(v->gone_n <= v->n);
}

static void add_message(struct imap_view *v, uint32_t uid)
{
	INVARIANT(v->n == 0 || uid > v->uids[v->n - 1]);
	if (v->n == v->cap) {
		v->cap = v->n + v->n / 8 + 16;
		v->uids = mem_realloc(v->uids, v->cap * sizeof(*v->uids));
	}
	v->uids[v->n++] = uid;
}

/* Adds what is new. */
static void add_messages(struct imap_view *v, const struct imap_changes *c, struct strbuf *out)
{
	size_t before = v->n;

	for (size_t i = 0; i < c->arrived_n; i++)
		add_message(v, c->arrived[i]);
	if (v->n == before)
		return;
	imap_view_add_recent(v, c->recent);
	imap_write_untagged(out, "%zu EXISTS", v->n);
	imap_write_untagged(out, "%zu RECENT", imap_view_recent(v));
}

void imap_view_apply(struct imap_view *v, const struct imap_changes *c, struct strbuf *out)
{
	size_t known = v->n;

	INVARIANT(c->modseq >= v->modseq);
	v->modseq = c->modseq;
	if (c->expunged_n)
		keep_back(v, c->expunged, c->expunged_n);
	add_messages(v, c, out);
	for (size_t i = 0; i < c->changed_n; i++) {
		size_t at = imap_view_at(v, c->changed[i].uid);

		if (at < known && v->uids[at] == c->changed[i].uid)
			imap_write_flags_of(out, v, at, &c->changed[i].flags);
	}
}

void imap_view_tell_gone(struct imap_view *v, struct strbuf *out)
{
	size_t kept = 0, told = 0;

	if (v->gone_n == 0)
		return;
	for (size_t i = 0; i < v->n; i++) {
		if (told < v->gone_n && v->uids[i] == v->gone[told]) {
			/* Each EXPUNGE moves those behind it down at once. */
			imap_write_untagged(out, "%zu EXPUNGE", i - told + 1);
			told++;
		} else {
			v->uids[kept++] = v->uids[i];
		}
	}
	INVARIANT(told == v->gone_n && kept + told == v->n);
	v->n = kept;
	free(v->gone);
	v->gone = NULL;
	v->gone_n = 0;
}
