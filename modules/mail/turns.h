/*
 * turns.h: large mails take turns at being parsed, and slices of searches at being done, so that
 * neither their number nor the size of one sender's keeps the workers from the small mails of all
 * others, which do not wait here.
 *
 * At most TURNS_RUNNING_MAX are with the workers, of one source at most one. Of those that wait the
 * next is the one whose source has had the fewest bytes (start-time fair queueing): a source that
 * has a hundred waiting delays another by one mail. On the loop; as many wait as there are
 * deliveries, which their sessions bound.
 */
#ifndef MAIL_TURNS_H
#define MAIL_TURNS_H

#include "hearth/job.h"
#include "hearth/list.h"
#include "hearth/metric.h"

#define TURNS_RUNNING_MAX 2

struct mail_turns {
	struct pool *pool;
	struct list waiting, running; /* of struct mail_turn */
	int running_n;
	uint64_t now; /* the tag of the latest that was begun */
	struct metric *taken;
};

/* One mail's; the caller's memory until `done`. */
struct mail_turn {
	struct list_node node;
	struct mail_turns *turns;
	struct slice source; /* who is to blame: an address or an account; valid until done */
	uint64_t size;
	uint64_t tag; /* bytes of its source before it, counted from when it last had none */
	job_fn *work;
	done_fn *done;
	void *arg;
};

void mail_turns_init(struct mail_turns *turns, struct pool *pool);
/*
 * Runs work(arg) on a worker when it is its turn, and then done(arg, status) on the loop:
 * HEARTH_EBUSY without work when the pool has too much to do. source, size, work, done and arg are
 * set.
 */
void mail_turn_take(struct mail_turns *turns, struct mail_turn *turn);
/* In `done`: the same once more, for the next slice of what is done in slices. */
void mail_turn_again(struct mail_turn *turn);

#endif
