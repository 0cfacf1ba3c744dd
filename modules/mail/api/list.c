/*
 * list.c: GET /api/mail/messages: the newest of a mailbox, or those of them that have a text.
 *
 * The first is one read. The second takes its turn among the searches of IMAP, a slice at a time:
 *
 *   its turn ──▶ a slice, on a worker ──all is known──▶ entries ──▶ answered
 *      ▲             │ more
 *      └─────────────┴──the client has gone──▶ given up
 *
 *   ENTERING (who may) ──▶ COLLECTING (which messages there are) ──▶ FINDING (search.h) ──▶ WRITING
 *
 * It looks at the newest SEARCH_WINDOW messages, at 16 bytes each and what search.h takes for one.
 */
#include <stdio.h>
#include <stdlib.h>

#include "api/api.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "hearth/metric.h"
#include "personal/preferences.h"
#include "search/search.h"
#include "store/archive.h"

#define LIST_MAX      200
#define AS_CHOSEN     SIZE_MAX
#define SEARCH_WINDOW 100000     /* newest messages of a mailbox that a search looks at */
#define SLICE_SIZE    (1u << 20) /* bytes a slice counts for among those who take turns */

struct hit {
	int64_t content;
	uint32_t uid;
};

struct mail_listing {
	/* what was asked */
	struct slice mailbox, query;
	uint32_t before;   /* a UID; 0: from the top */
	size_t limit;      /* as many as the person chose: AS_CHOSEN */
	bool archive;      /* of a group, where it may also be … */
	int64_t thread;    /* … the thread of this one; 0 */
	struct slice name; /* … the one of this name; empty */

	int64_t mailbox_id;
	/* the search; a worker's while its turn lasts */
	enum { ENTERING, COLLECTING, FINDING, WRITING } phase;
	struct mail_turn turn;
	char source[32];
	struct db_tx *tx;
	struct hit *hits; /* newest first */
	size_t n, cap;
	uint32_t collected; /* down to this UID; 0: from the top */
	bool more;          /* the slice was not the last */
	struct mail_search_for key;
	int64_t *contents; /* of the hits, ascending, each once */
	struct mail_search search;
};

/* ---- the mailbox and its entries ---- */

static int open_box(struct db_tx *tx, const struct mail_call *c)
{
	struct mail_listing *l = c->listing;
	struct mail_preferences chosen;
	struct mailbox box;
	int rc = mail_store_mailbox(tx, c->account, l->mailbox, &box);

	if (rc == 0)
		l->mailbox_id = box.id;
	else if (rc == HEARTH_ENOTFOUND && l->archive)
		rc = 0; /* it is made with the first mail */
	if (rc == 0 && l->limit == AS_CHOSEN) {
		rc = mail_store_preferences(tx, c->account, c->a, &chosen);
		l->limit = rc == 0 ? (size_t)chosen.page_size : l->limit;
	}
	return rc;
}

static int put_entry(void *arg, const struct mail_message *m)
{
	struct mail_call *c = arg;

	json_open_object(&c->w);
	mail_call_summary(&c->w, m);
	json_close_object(&c->w);
	return 0;
}

static int put_latest(struct db_tx *tx, struct mail_call *c)
{
	const struct mail_listing *l = c->listing;
	int rc = open_box(tx, c);

	return rc < 0 ? rc
		      : mail_store_latest(tx, l->mailbox_id, l->before, l->limit, MAIL_WANT_SUMMARY,
				put_entry, c);
}

static int put_hits(struct db_tx *tx, struct mail_call *c)
{
	const struct mail_listing *l = c->listing;
	int rc = 0;

	for (size_t i = 0; i < l->n && rc == 0; i++)
		rc = mail_store_messages(tx, l->mailbox_id, l->hits[i].uid, l->hits[i].uid,
			MAIL_WANT_SUMMARY, put_entry, c);
	return rc;
}

/* Of an archive: what was named. */
static int put_named(struct db_tx *tx, struct mail_call *c)
{
	struct mail_listing *l = c->listing;
	int64_t group = http_param_int(c->rq, "group");
	uint32_t uids[MAIL_ARCHIVE_THREAD];
	size_t n = 1;
	int rc = open_box(tx, c);

	if (rc == 0)
		rc = l->thread ? mail_store_archive_thread(tx, group, l->thread, uids, &n)
			       : mail_store_archive_find(tx, group, l->name, uids);
	for (size_t i = 0; i < n && rc == 0; i++)
		rc = mail_store_messages(
			tx, l->mailbox_id, uids[i], uids[i], MAIL_WANT_SUMMARY, put_entry, c);
	return rc;
}

/* Behind the list of an archive: how full it is. */
static int put_room(struct db_tx *tx, struct mail_call *c)
{
	int64_t used = 0;
	int rc = mail_store_used(tx, c->account, &used);

	json_close_array(&c->w);
	json_put_i64(&c->w, "used", used);
	json_put_i64(&c->w, "quota", c->m->archive_quota);
	json_close_object(&c->w);
	return rc;
}

/* Begins the answer anew: a transaction may run twice. */
static int put_list(struct db_tx *tx, void *arg)
{
	struct mail_call *c = arg;
	int rc;

	mail_call_open_list(c, "messages");
	if (c->listing->thread || c->listing->name.n)
		rc = put_named(tx, c);
	else
		rc = c->listing->query.n ? put_hits(tx, c) : put_latest(tx, c);
	if (rc == 0 && c->listing->archive)
		return put_room(tx, c);
	mail_call_close_list(c);
	return rc;
}

static void write_list(struct mail_call *c)
{
	c->status = db_read_wait(c->m->db, put_list, c);
}

/* ---- the search, a slice at a time; on a worker ---- */

static int collect_one(void *arg, uint32_t uid, int64_t content)
{
	struct mail_call *c = arg;
	struct mail_listing *l = c->listing;

	if (l->n == l->cap) {
		struct hit *hits = arena_alloc(c->a, 2 * l->cap * sizeof(*hits));

		memcpy(hits, l->hits, l->n * sizeof(*hits));
		l->hits = hits;
		l->cap *= 2;
	}
	l->hits[l->n++] = (struct hit){ content, uid };
	l->collected = uid;
	l->more = l->n < SEARCH_WINDOW && db_slice_over(l->tx);
	return l->more || l->n == SEARCH_WINDOW;
}

static int collect_some(struct db_tx *tx, void *arg)
{
	struct mail_call *c = arg;
	struct mail_listing *l = c->listing;
	int rc = open_box(tx, c);

	if (rc < 0)
		return rc;
	if (!l->hits) {
		l->cap = 1000;
		l->hits = arena_alloc(c->a, l->cap * sizeof(*l->hits));
		l->collected = l->before;
	}
	l->tx = tx;
	l->more = false;
	rc = mail_store_newest(tx, l->mailbox_id, l->collected, collect_one, c);
	return rc < 0 ? rc : 0;
}

static int by_content(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

static void begin_search(struct mail_call *c)
{
	struct mail_listing *l = c->listing;
	size_t n = 0;

	INVARIANT(l->phase == COLLECTING);
	l->contents = arena_alloc(c->a, (l->n + 1) * sizeof(*l->contents));
	for (size_t i = 0; i < l->n; i++)
		l->contents[i] = l->hits[i].content;
	qsort(l->contents, l->n, sizeof(*l->contents), by_content);
	for (size_t i = 0; i < l->n; i++)
		if (n == 0 || l->contents[n - 1] != l->contents[i])
			l->contents[n++] = l->contents[i];
	l->key = (struct mail_search_for){ MAIL_SEARCH_TEXT, { 0 }, l->query };
	l->search = (struct mail_search){ .m = c->m,
		.account = c->account,
		.keys = &l->key,
		.key_n = 1,
		.contents = l->contents,
		.n = n,
		.a = c->a };
	mail_search_begin(&l->search);
}

/* Leaves of the hits the first `limit` that have the text. */
static void narrow(struct mail_listing *l)
{
	const struct mail_search *s = &l->search;
	size_t kept = 0;

	INVARIANT(s->phase == MAIL_SEARCH_DONE);
	for (size_t i = 0; i < l->n && kept < l->limit; i++) {
		const int64_t *at = bsearch(
			&l->hits[i].content, l->contents, s->n, sizeof(*l->contents), by_content);

		if (s->answers[at - l->contents] == MAIL_SEARCH_YES)
			l->hits[kept++] = l->hits[i];
	}
	l->n = kept;
}

static void search_slice(void *arg)
{
	struct mail_call *c = arg;
	struct mail_listing *l = c->listing;

	switch (l->phase) {
	case ENTERING:
		c->status = c->enter ? c->enter(c) : 0;
		l->phase = COLLECTING;
		l->more = c->status == 0;
		break;
	case COLLECTING:
		c->status = db_read_long_wait(c->m->db, c->account, collect_some, c);
		if (c->status < 0 || l->more)
			return;
		begin_search(c);
		l->phase = FINDING;
		l->more = true;
		break;
	case FINDING:
		c->status = mail_search_slice(&l->search);
		l->more = c->status > 0;
		if (c->status != 0)
			return;
		narrow(l);
		l->phase = WRITING;
		l->more = true;
		break;
	case WRITING:
		write_list(c);
		l->more = false;
		break;
	}
}

/* ---- on the loop ---- */

static void on_slice(void *arg, int status)
{
	struct mail_call *c = arg;
	struct mail_listing *l = c->listing;

	if (status == 0 && c->status >= 0 && l->more && http_alive(c->rq)) {
		c->status = 0;
		mail_turn_again(&l->turn);
		return;
	}
	if (status == 0 && c->status >= 0 && l->more) {
		metric_add(c->m->abandoned, 1);
		status = HEARTH_EBUSY;
	}
	mail_search_end(&l->search);
	mail_call_answer(c, status);
}

static void start_search(struct mail_call *c)
{
	struct mail_listing *l = c->listing;

	snprintf(l->source, sizeof(l->source), "search %lld", (long long)c->account);
	l->turn = (struct mail_turn){ .source = slice_str(l->source),
		.size = SLICE_SIZE,
		.work = search_slice,
		.done = on_slice,
		.arg = c };
	mail_turn_take(&c->m->turns, &l->turn);
}

/* A number from the query; false after a 400 when it is none. */
static bool query_number(struct http_request *rq, const char *name, uint64_t max, uint64_t *out)
{
	struct slice text = http_query(rq, name);

	if (!text.p || slice_u64(text, max, out) == 0)
		return true;
	http_reply_problem(
		rq, 400, name, "expected a number of at most %llu", (unsigned long long)max);
	return false;
}

void mail_get_messages(void *module, struct http_request *rq)
{
	struct slice mailbox = http_query(rq, "mailbox");

	mail_call_list(module, rq, NULL, mailbox.p ? mailbox : SLICE("INBOX"));
}

void mail_call_list(void *module, struct http_request *rq, int (*enter)(struct mail_call *c),
	struct slice mailbox)
{
	uint64_t before = 0, limit = AS_CHOSEN, thread = 0;
	struct mail_listing *l;
	struct mail_call *c;

	if (!query_number(rq, "before", UINT32_MAX, &before) ||
		!query_number(rq, "limit", LIST_MAX, &limit) ||
		(enter && !query_number(rq, "thread", INT64_MAX, &thread)))
		return;
	c = mail_call_new(module, rq, write_list);
	c->enter = enter;
	c->listing = l = ARENA_NEW(c->a, struct mail_listing);
	l->archive = enter != NULL;
	l->thread = (int64_t)thread;
	l->name = enter ? arena_slice(c->a, http_query(rq, "name")) : SLICE("");
	l->mailbox = arena_slice(c->a, mailbox);
	l->query = arena_slice(c->a, slice_trim(http_query(rq, "q")));
	l->before = (uint32_t)before;
	l->limit = limit;
	if (l->query.n)
		start_search(c);
	else
		mail_call_start(c);
}
