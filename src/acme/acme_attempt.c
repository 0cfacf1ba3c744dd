/*
 * acme_attempt.c: an attempt at a certificate, and what is noted of it.
 *
 *   noted: one more try, and when the next may be ─▶ acme_obtain ─▶ noted: what came of it
 *
 * The first note is what a crash leaves behind. After failures the pauses grow, as CAs count failures
 * by the hour; where a CA says that it was asked too often (rateLimited), by its own word. A name that
 * it could not confirm is left out for a day, so that the others have their certificate. On a worker.
 */
#include "acme/acme_attempt.h"

#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "hearth/rand.h"

#define SECOND_MS   INT64_C(1000)
#define HOUR_MS     INT64_C(3600000)
#define LEFT_OUT_MS (24 * HOUR_MS)

int64_t acme_next_ms(int64_t now_ms, int64_t tries, bool rate_limited, int64_t retry_after_s)
{
	static const int64_t pauses_s[] = { 20, 60, 300, 1800, 7200, 21600, 43200, 86400 };
	const int64_t last = (int64_t)(sizeof(pauses_s) / sizeof(pauses_s[0])) - 1;
	int64_t at = tries < 1 ? 0 : tries - 1 > last ? last : tries - 1;
	int64_t pause_ms = pauses_s[at] * SECOND_MS;

	if (rate_limited && pause_ms < HOUR_MS)
		pause_ms = HOUR_MS;
	pause_ms += (int64_t)rand_below((uint64_t)pause_ms / 5 + 1);
	/* Not before it said so; and not all at that very moment. */
	if (retry_after_s * SECOND_MS > pause_ms)
		pause_ms = retry_after_s * SECOND_MS +
			   (int64_t)rand_below((uint64_t)retry_after_s * 100 + 1);
	return now_ms + pause_ms;
}

bool acme_is_left_out(const struct acme_record *r, const char *name, int64_t now_ms)
{
	struct slice rest = slice_str(r->left_out);

	if (now_ms - r->left_out_ms > LEFT_OUT_MS)
		return false;
	while (rest.n)
		if (slice_ieq(slice_split(&rest, ','), slice_str(name)))
			return true;
	return false;
}

/* The hostname is what it is all for: without it there is no attempt. */
static bool may_leave_out(const struct acme_attempt *t)
{
	return t->job.refused[0] &&
	       !slice_ieq(slice_str(t->job.refused), slice_str(t->job.names[0])) &&
	       !acme_is_left_out(&t->record, t->job.refused, clock_wall_ms());
}

static void note_failure(struct acme_attempt *t)
{
	struct acme_record r = t->record;
	const struct acme_client *c = &t->job.client;
	bool limited = strcmp(c->problem.type, "rateLimited") == 0;

	r.ended_ms = clock_wall_ms();
	r.tries++;
	r.error = c->why;
	r.next_ms = acme_next_ms(r.ended_ms, r.tries, limited, c->retry_after_s);
	if (may_leave_out(t)) {
		if (r.ended_ms - r.left_out_ms > LEFT_OUT_MS)
			r.left_out = "";
		r.left_out = arena_printf(
			t->arena, "%s%s%s", r.left_out, *r.left_out ? "," : "", t->job.refused);
		r.left_out_ms = r.ended_ms;
		r.next_ms = r.ended_ms;
		r.tries = t->record.tries;
	}
	log_warn("acme", "no certificate", "why", "%s", c->why, "tries", "%lld", (long long)r.tries,
		"next_in_s", "%lld", (long long)(r.next_ms - r.ended_ms) / 1000, NULL);
	acme_store_ended(&t->job.store, &r);
}

void acme_attempt_run(void *attempt)
{
	struct acme_attempt *t = attempt;
	struct acme_record begun = t->record;

	begun.tries++;
	begun.next_ms = acme_next_ms(clock_wall_ms(), begun.tries, false, 0);
	t->result = acme_store_begun(&t->job.store, &begun);
	if (t->result < 0) {
		if (t->result != HEARTH_ECONFLICT)
			log_error("acme", "an attempt cannot be noted, so none is made", "why",
				"%s", error_name(t->result), NULL);
		return;
	}
	t->begun = true;
	t->result = acme_obtain(&t->job);
	if (t->result == 0)
		log_info("acme", "a new certificate", "hostname", "%s", t->job.names[0], "names",
			"%zu", t->job.count, NULL);
	else if (t->result != HEARTH_ECLOSED && t->result != HEARTH_ECONFLICT)
		note_failure(t);
	else if (t->result == HEARTH_ECLOSED)
		acme_store_begun(&t->job.store, &t->record); /* told to stop: it was no failure */
}
