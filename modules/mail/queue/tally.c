/*
 * tally.c: the queue in numbers: what became of recipients, by result and destination; how many wait, and for
 * how long. On the loop.
 *
 * A domain has numbers of its own from when a server of it has taken a mail, so that what people mistype has
 * none; NAMED_MAX domains have since the start, all others are "other". What waits is counted when it
 * changes, at most once in COUNT_MS; an idle queue costs nothing.
 */
#include <stdio.h>
#include <stdlib.h>

#include "hearth/clock.h"
#include "hearth/metric.h"
#include "queue/internal.h"

#define NAMED_MAX 50
#define COUNT_MS  INT64_C(15000)

static const char *const results[] = {
	[OUTCOME_SENT] = "sent", [OUTCOME_DEFERRED] = "deferred", [OUTCOME_FAILED] = "failed"
};

/* The metrics of one domain, by outcome. */
struct named {
	struct metric *of[OUTCOMES];
};

struct tally {
	struct mail_queue *q;
	struct map *named; /* by domain */
	size_t count;
	struct named other;
	struct metric *waiting, *held, *oldest;
	struct timer timer;
	bool counting;
	struct mail_queue_totals totals;
};

static void name(struct named *n, const char *domain)
{
	char labels[DNS_NAME_MAX + 64];

	for (enum outcome o = OUTCOME_SENT; o < OUTCOMES; o++) {
		snprintf(labels, sizeof(labels), "result=\"%s\",destination=\"%s\"", results[o],
			domain);
		n->of[o] = metric_counter("hearth_mail_deliveries_total", labels,
			"what became of recipients elsewhere, at each attempt");
	}
}

struct tally *tally_new(struct mail_queue *q)
{
	struct tally *t = mem_zalloc(sizeof(*t));

	t->q = q;
	t->named = map_new();
	name(&t->other, "other");
	t->waiting = metric_gauge("hearth_mail_queue_recipients", NULL,
		"recipients elsewhere whose mail is on its way");
	t->held = metric_gauge(
		"hearth_mail_queue_held", NULL, "of them those that wait for somebody's word");
	t->oldest = metric_gauge("hearth_mail_queue_oldest_seconds", NULL,
		"for how long the oldest mail has been on its way");
	return t;
}

void tally_free(struct tally **tp)
{
	struct tally *t = *tp;
	size_t it = 0;
	void *n;

	if (!t)
		return;
	timer_stop(&t->timer);
	while (map_next(t->named, &it, NULL, &n))
		free(n);
	map_free(&t->named);
	free(t);
	*tp = NULL;
}

/* Letters of a host's name only, so that a label can be made of it. */
static bool is_plain(const char *domain)
{
	for (; *domain; domain++)
		if (!((*domain >= 'a' && *domain <= 'z') || (*domain >= '0' && *domain <= '9') ||
			    *domain == '-' || *domain == '.'))
			return false;
	return true;
}

void tally_outcome(struct tally *t, const char *domain, enum outcome o)
{
	struct named *n = map_get(t->named, slice_str(domain));

	if (!n && o == OUTCOME_SENT && t->count < NAMED_MAX && is_plain(domain)) {
		n = mem_zalloc(sizeof(*n));
		name(n, domain);
		map_set(t->named, slice_str(domain), n);
		t->count++;
	}
	metric_add((n ? n : &t->other)->of[o], 1);
}

/* ---- what waits ---- */

static int read_totals(struct db_tx *tx, void *arg)
{
	struct tally *t = arg;

	return mail_store_queue_totals(tx, &t->totals);
}

static void on_timer(void *arg)
{
	tally_count(arg);
}

/* Its age grows while it waits: so it is counted again until there is none. */
static void on_totals(void *arg, int status)
{
	struct tally *t = arg;
	const struct mail_queue_totals *now = &t->totals;

	t->counting = false;
	if (status < 0) {
		timer_start(&t->timer, COUNT_MS, 0, on_timer, t);
		return;
	}
	metric_set(t->waiting, now->recipients);
	metric_set(t->held, now->held);
	metric_set(t->oldest, now->recipients ? (clock_wall_ms() - now->oldest_ms) / 1000 : 0);
	if (now->recipients > 0)
		timer_start(&t->timer, COUNT_MS, 0, on_timer, t);
}

void tally_changed(struct tally *t)
{
	if (!t->counting && !t->timer.owner)
		timer_start(&t->timer, 0, 0, on_timer, t);
}

void tally_count(struct tally *t)
{
	if (t->counting || t->q->draining)
		return;
	t->counting = true;
	if (db_read(t->q->m->db, read_totals, on_totals, t) < 0)
		on_totals(t, -1);
}
