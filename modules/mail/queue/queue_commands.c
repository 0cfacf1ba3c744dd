/*
 * queue_commands.c: hearth queue list|show|hold|release|retry|requeue|remove|suppressed: what waits to be sent,
 * seen and steered from the machine. On a command's main thread; rows are read PAGE at a time.
 *
 * A server that runs is told by a durable event in the same transaction, since it looks at its own
 * pace only.
 */
#include "queue/queue_commands.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "hearth/clock.h"
#include "hearth/error.h"
#include "queue/history.h"
#include "queue/orders.h"
#include "store/outgoing.h"
#include "store/suppressed.h"

#define PAGE 200

/* ---- text ---- */

/* What others sent goes to a terminal: without control characters. */
static void add_text(struct strbuf *out, struct slice text)
{
	for (size_t i = 0; i < text.n; i++)
		strbuf_addc(
			out, (unsigned char)text.p[i] < ' ' || text.p[i] == 0x7f ? ' ' : text.p[i]);
}

static void add_time(struct strbuf *out, int64_t ms)
{
	time_t seconds = (time_t)(ms / 1000);
	char text[32] = "-";
	struct tm tm;

	if (gmtime_r(&seconds, &tm))
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	strbuf_adds(out, text);
}

static int failed(const char *what, int rc)
{
	fprintf(stderr, "hearth: %s: %s\n", what,
		rc == HEARTH_ENOTFOUND ? "nobody in the queue has this number" : error_name(rc));
	return 1;
}

/* ---- list ---- */

struct page {
	int64_t first, after; /* where it begins; its last row */
	size_t count;
	struct strbuf lines;
};

/* Number, state, next attempt, attempts, bytes, sender, recipient, answer: tabs between. */
static int add_row(void *arg, const struct mail_queued *q)
{
	struct page *p = arg;

	p->after = q->id;
	p->count++;
	strbuf_printf(&p->lines, "%lld\t%s\t", (long long)q->id, q->held ? "held" : "waits");
	add_time(&p->lines, q->due_ms);
	strbuf_printf(&p->lines, "\t%lld\t%lld\t", (long long)q->attempts, (long long)q->size);
	add_text(&p->lines, q->mail_from.n ? q->mail_from : SLICE("<>"));
	strbuf_addc(&p->lines, '\t');
	add_text(&p->lines, q->recipient);
	strbuf_addc(&p->lines, '\t');
	add_text(&p->lines, q->answer);
	strbuf_addc(&p->lines, '\n');
	return 0;
}

static int read_page(struct db_tx *tx, void *arg)
{
	struct page *p = arg;

	strbuf_reset(&p->lines);
	p->count = 0;
	return mail_store_queue_list(tx, p->first, PAGE, add_row, p);
}

int mail_run_queue_list(struct hearth *h, int argc, char **argv)
{
	struct page p = { .first = 0 };
	int rc;

	if (argc > 0)
		return fprintf(stderr, "hearth: unexpected argument: %s\n", argv[0]), 2;
	do {
		rc = db_read_wait(hearth_db(h, "mail"), read_page, &p);
		if (rc == 0 && p.lines.n > 0)
			fwrite(p.lines.p, 1, p.lines.n, stdout);
		p.first = p.after;
	} while (rc == 0 && p.count == PAGE);
	strbuf_free(&p.lines);
	return rc < 0 ? failed("queue", rc) : 0;
}

/* ---- one ---- */

struct order {
	int64_t id; /* 0: all of them */
	enum mail_queue_order order;
	size_t count;
	struct strbuf text;
};

static void add_field(struct strbuf *out, const char *name, struct slice value)
{
	strbuf_printf(out, "%-12s ", name);
	add_text(out, value);
	strbuf_addc(out, '\n');
}

/* When, host, TLS, code and answer of the last attempts, the oldest first. */
static int add_attempts(
	struct db_tx *tx, struct arena *a, const struct order *o, struct strbuf *out)
{
	struct mail_history_attempt all[MAIL_HISTORY_MAX];
	struct slice history;
	int rc = mail_store_queue_history(tx, o->id, a, &history);
	size_t n = rc == 0 ? mail_history_read(history, all) : 0;

	for (size_t i = 0; i < n; i++) {
		strbuf_printf(out, "%-12s ", "attempt");
		add_time(out, all[i].at_ms);
		strbuf_addc(out, ' ');
		add_text(out, all[i].host.n ? all[i].host : SLICE("-"));
		strbuf_printf(
			out, " (%.*s) ", SLICE_ARG(all[i].tls.n ? all[i].tls : SLICE("no TLS")));
		if (all[i].code)
			strbuf_printf(out, "%lld ", (long long)all[i].code);
		add_text(out, all[i].answer);
		strbuf_addc(out, '\n');
	}
	return rc;
}

static int read_one(struct db_tx *tx, void *arg)
{
	struct order *o = arg;
	struct arena *a = arena_new();
	struct mail_queued q;
	int rc = mail_store_queue_get(tx, o->id, a, &q);

	strbuf_reset(&o->text);
	if (rc == 0) {
		const struct {
			const char *name;
			int64_t ms;
		} times[] = { { "sent", q.queued_ms }, { "expires", q.expires_ms },
			{ "next attempt", q.due_ms } };

		add_field(&o->text, "state", q.held ? SLICE("held") : SLICE("waits"));
		add_field(&o->text, "from", q.mail_from.n ? q.mail_from : SLICE("<>"));
		add_field(&o->text, "to", q.recipient);
		for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
			strbuf_printf(&o->text, "%-12s ", times[i].name);
			add_time(&o->text, times[i].ms);
			strbuf_addc(&o->text, '\n');
		}
		strbuf_printf(&o->text, "%-12s %lld\n%-12s %lld\n", "attempts",
			(long long)q.attempts, "bytes", (long long)q.size);
		add_field(&o->text, "answer", q.answer.n ? q.answer : SLICE("-"));
		rc = add_attempts(tx, a, o, &o->text);
	}
	arena_free(&a);
	return rc;
}

/* The number, or "all"; false: it is neither, which was said. */
static bool read_id(int argc, char **argv, bool all_too, int64_t *id)
{
	*id = 0;
	if (argc == 1 && all_too && strcmp(argv[0], "--all") == 0)
		return true;
	if (argc == 1 && slice_i64(slice_str(argv[0]), 1, INT64_MAX, id) == 0)
		return true;
	fprintf(stderr, "hearth: expected a number from `hearth queue list`%s\n",
		all_too ? ", or --all" : "");
	return false;
}

int mail_run_queue_show(struct hearth *h, int argc, char **argv)
{
	struct order o = { .id = 0 };
	int rc;

	if (!read_id(argc, argv, false, &o.id))
		return 2;
	rc = db_read_wait(hearth_db(h, "mail"), read_one, &o);
	if (rc == 0)
		fwrite(o.text.p, 1, o.text.n, stdout);
	strbuf_free(&o.text);
	return rc < 0 ? failed(argv[0], rc) : 0;
}

/* ---- changes ---- */

struct ids {
	int64_t list[PAGE];
	size_t count;
};

static int add_id(void *arg, const struct mail_queued *q)
{
	struct ids *ids = arg;

	ids->list[ids->count++] = q->id;
	return 0;
}

/* The one, or a page of all behind `first`. */
static int change(struct db_tx *tx, void *arg, int64_t first, bool all, int64_t *last)
{
	struct order *o = arg;
	struct ids ids = { .list = { first }, .count = 1 };
	size_t done;
	int rc = 0;

	if (all) {
		ids.count = 0;
		rc = mail_store_queue_list(tx, first, PAGE, add_id, &ids);
	}
	if (rc == 0)
		rc = mail_queue_order_run(tx, o->order, ids.list, ids.count, &done);
	if (rc == 0 && !all && done == 0)
		rc = HEARTH_ENOTFOUND;
	if (rc == 0 && ids.count > 0)
		*last = ids.list[ids.count - 1];
	o->count = ids.count;
	return rc;
}

static int change_one(struct db_tx *tx, void *arg)
{
	struct order *o = arg;
	int64_t last;

	return change(tx, o, o->id, false, &last);
}

struct sweep {
	struct order *o;
	int64_t after, last;
};

static int change_page(struct db_tx *tx, void *arg)
{
	struct sweep *s = arg;

	return change(tx, s->o, s->after, true, &s->last);
}

static int run_change(
	struct hearth *h, int argc, char **argv, const char *done, enum mail_queue_order order)
{
	struct order o = { .order = order };
	struct sweep s = { .o = &o };
	size_t total = 0;
	int rc;

	if (!read_id(argc, argv, true, &o.id))
		return 2;
	if (o.id) {
		rc = db_write_wait(hearth_db(h, "mail"), change_one, &o);
		total = 1;
	} else {
		do {
			rc = db_write_wait(hearth_db(h, "mail"), change_page, &s);
			s.after = s.last;
			total += o.count;
		} while (rc == 0 && o.count == PAGE);
	}
	if (rc < 0)
		return failed(argv[0], rc);
	printf("%zu %s\n", total, done);
	return 0;
}

int mail_run_queue_hold(struct hearth *h, int argc, char **argv)
{
	return run_change(h, argc, argv, "held", MAIL_QUEUE_HOLD);
}

int mail_run_queue_retry(struct hearth *h, int argc, char **argv)
{
	return run_change(h, argc, argv, "due now", MAIL_QUEUE_RETRY);
}

int mail_run_queue_requeue(struct hearth *h, int argc, char **argv)
{
	return run_change(h, argc, argv, "due now, as if just sent", MAIL_QUEUE_REQUEUE);
}

int mail_run_queue_remove(struct hearth *h, int argc, char **argv)
{
	return run_change(h, argc, argv, "removed, and nobody was told", MAIL_QUEUE_REMOVE);
}

/* ---- addresses nobody is at ---- */

struct suppressed_page {
	struct strbuf after, lines;
	size_t count;
};

/* Address, since, until, how often, the answer: tabs between. */
static int add_suppressed(void *arg, const struct mail_suppressed *s)
{
	struct suppressed_page *p = arg;

	p->count++;
	strbuf_reset(&p->after);
	strbuf_add(&p->after, s->address);
	add_text(&p->lines, s->address);
	strbuf_addc(&p->lines, '\t');
	add_time(&p->lines, s->since_ms);
	strbuf_addc(&p->lines, '\t');
	add_time(&p->lines, s->until_ms);
	strbuf_printf(&p->lines, "\t%lld\t", (long long)s->times);
	add_text(&p->lines, s->answer);
	strbuf_addc(&p->lines, '\n');
	return 0;
}

static int read_suppressed(struct db_tx *tx, void *arg)
{
	struct suppressed_page *p = arg;
	struct arena *a = arena_new();
	struct slice after = arena_slice(a, strbuf_slice(&p->after));
	int rc;

	strbuf_reset(&p->lines);
	p->count = 0;
	rc = mail_store_suppressed_list(tx, after, clock_wall_ms(), PAGE, add_suppressed, p);
	arena_free(&a);
	return rc;
}

static int list_suppressed(struct hearth *h)
{
	struct suppressed_page p = { .count = 0 };
	int rc;

	do {
		rc = db_read_wait(hearth_db(h, "mail"), read_suppressed, &p);
		if (rc == 0 && p.lines.n > 0)
			fwrite(p.lines.p, 1, p.lines.n, stdout);
	} while (rc == 0 && p.count == PAGE);
	strbuf_free(&p.after);
	strbuf_free(&p.lines);
	return rc < 0 ? failed("queue", rc) : 0;
}

static int remove_suppressed(struct db_tx *tx, void *address)
{
	return mail_store_unsuppress(tx, slice_str(address));
}

int mail_run_queue_suppressed(struct hearth *h, int argc, char **argv)
{
	int rc;

	if (argc == 1 && strcmp(argv[0], "list") == 0)
		return list_suppressed(h);
	if (argc != 2 || strcmp(argv[0], "remove") != 0) {
		fputs("hearth: expected list, or remove and an address\n", stderr);
		return 2;
	}
	rc = db_write_wait(hearth_db(h, "mail"), remove_suppressed, argv[1]);
	if (rc == HEARTH_ENOTFOUND) {
		fprintf(stderr, "hearth: %s: mail to this address is not refused\n", argv[1]);
		return 1;
	}
	return rc < 0 ? failed(argv[1], rc) : 0;
}
