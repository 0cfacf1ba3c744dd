/*
 * smtp_tarpit.c: who gives wrong commands, or names people who are not here, waits for the next answer:
 * longer after each further one (RFC 5321 section 7.8 leaves it to us). It is the session alone that waits,
 * and holds nothing meanwhile but its timer: nobody else's turn is later for it.
 *
 *   an error ─▶ below FREE: nothing ─▶ FIRST_MS, twice as long after each further one, [mail] tarpit at most
 *
 * Not for this machine, private networks, and who is logged in: a person's program that errs is no
 * harvester of addresses. On the loop.
 */
#include "hearth/error.h"
#include "hearth/log.h"
#include "smtp/smtp_session.h"

#define FREE     3 /* errors that cost nothing */
#define FIRST_MS INT64_C(250)

static void on_over(void *arg)
{
	struct smtp_session *s = arg;

	s->in_tarpit = false;
	if (smtp_back(s))
		smtp_go_on(s);
}

/* What the errors since the last answer cost. */
static int64_t price_ms(struct smtp_session *s)
{
	int beyond = s->errors - FREE;
	bool erred = s->errors > s->errors_paid;
	int64_t ms;

	s->errors_paid = s->errors;
	if (!erred || beyond <= 0 || s->authenticated || s->m->tarpit_ms == 0 ||
		!smtp_is_outside(s->m->rates, conn_info(s->conn)->peer))
		return 0;
	ms = FIRST_MS << (beyond < 12 ? beyond - 1 : 11);
	return ms < s->m->tarpit_ms ? ms : s->m->tarpit_ms;
}

bool smtp_tarpit(struct smtp_session *s)
{
	int64_t ms = price_ms(s);

	INVARIANT(!s->in_tarpit);
	s->in_tarpit = ms > 0;
	if (ms > 0)
		timer_start(&s->tarpit, ms, 0, on_over, s);
	return ms > 0;
}
