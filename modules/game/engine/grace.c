/*
 * grace.c: time to come back in after a start (grace.h). Pure; at most GAME_STARTS_MAX steps.
 */
#include "engine/grace.h"

#include <string.h>

void game_starts_add(struct game_starts *s, int64_t at_us, int64_t grace_us)
{
	if (s->n == GAME_STARTS_MAX)
		memmove(s->starts, s->starts + 1, (size_t)--s->n * sizeof(s->starts[0]));
	s->starts[s->n++] = (struct game_start){ at_us, grace_us };
}

int64_t game_starts_grace_until_us(const struct game_starts *s)
{
	return s->n ? s->starts[s->n - 1].at_us + s->starts[s->n - 1].grace_us : INT64_MIN;
}

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

int64_t game_starts_used_us(const struct game_starts *s, int64_t since_us, int64_t until_us)
{
	int64_t used_us = until_us > since_us ? until_us - since_us : 0;

	for (int i = 0; i < s->n; i++) {
		int64_t next_us = i + 1 < s->n ? s->starts[i + 1].at_us : until_us;

		if (s->starts[i].at_us > since_us)
			used_us -= earlier(s->starts[i].grace_us, next_us - s->starts[i].at_us);
	}
	return used_us;
}

void game_starts_apply(const struct game_starts *s, struct match *m)
{
	int64_t at_us = s->n ? s->starts[s->n - 1].at_us : INT64_MIN, used_us;

	/* One that was held by a start before stands until then, which may be after this one. */
	if (m->over || (m->clock.started_us >= at_us && m->clock.spent_us == 0))
		return;
	used_us = game_starts_used_us(s, m->clock.started_us, at_us);
	game_clock_hold(&m->clock, used_us, game_starts_grace_until_us(s));
	m->waiting_since_us = m->clock.started_us - m->clock.spent_us;
}
