/*
 * turns.c: who waits, in order of the bytes their source has had, and who runs. On the loop; the
 * work on workers.
 */
#include "turns.h"

#include "hearth/error.h"
#include "hearth/log.h"

static struct mail_turn *turn_of(struct list_node *node)
{
	return LIST_ENTRY(node, struct mail_turn, node);
}

void mail_turns_init(struct mail_turns *turns, struct pool *pool)
{
	*turns = (struct mail_turns){ .pool = pool,
		.taken = metric_counter("hearth_mail_turns_total", NULL,
			"Times that a large mail or a slice of a search has waited for its turn") };
	list_init(&turns->waiting);
	list_init(&turns->running);
}

static bool is_running(struct mail_turns *turns, struct slice source)
{
	LIST_FOREACH (&turns->running, it)
		if (slice_eq(turn_of(it)->source, source))
			return true;
	return false;
}

/* The one with the least tag whose source has none running; of equal ones the oldest. */
static struct mail_turn *next(struct mail_turns *turns)
{
	struct mail_turn *best = NULL;

	LIST_FOREACH (&turns->waiting, it) {
		struct mail_turn *turn = turn_of(it);

		if ((!best || turn->tag < best->tag) && !is_running(turns, turn->source))
			best = turn;
	}
	return best;
}

static void run_next(struct mail_turns *turns);

static void on_done(void *arg, int status)
{
	struct mail_turn *turn = arg;
	struct mail_turns *turns = turn->turns;

	INVARIANT(turns->running_n > 0 && turns->running_n <= TURNS_RUNNING_MAX);
	list_remove(&turn->node);
	turns->running_n--;
	turn->done(turn->arg, status);
	run_next(turns);
}

static void on_refused(void *arg)
{
	on_done(arg, HEARTH_EBUSY);
}

static void work(void *arg)
{
	struct mail_turn *turn = arg;

	turn->work(turn->arg);
}

static void run_next(struct mail_turns *turns)
{
	struct mail_turn *turn;

	while (turns->running_n < TURNS_RUNNING_MAX && (turn = next(turns))) {
		list_remove(&turn->node);
		list_push(&turns->running, &turn->node);
		turns->running_n++;
		INVARIANT(turns->running_n <= TURNS_RUNNING_MAX);
		turns->now = turn->tag;
		if (job_run(turns->pool, work, on_done, turn) < 0)
			exec_post(exec_loop(), on_refused, turn);
	}
}

/* Behind what its source has here already, or with the others of now. */
static uint64_t tag_for(struct mail_turns *turns, struct slice source)
{
	struct list *const lists[] = { &turns->running, &turns->waiting };
	uint64_t tag = turns->now;

	for (int i = 0; i < 2; i++)
		LIST_FOREACH (lists[i], it) {
			const struct mail_turn *other = turn_of(it);

			if (slice_eq(other->source, source) && other->tag + other->size > tag)
				tag = other->tag + other->size;
		}
	return tag;
}

void mail_turn_take(struct mail_turns *turns, struct mail_turn *turn)
{
	INVARIANT(turn->work && turn->done);
	INVARIANT(!list_linked(&turn->node));
	turn->turns = turns;
	turn->tag = tag_for(turns, turn->source);
	metric_add(turns->taken, 1);
	list_push(&turns->waiting, &turn->node);
	run_next(turns);
}

void mail_turn_again(struct mail_turn *turn)
{
	struct mail_turns *turns = turn->turns;
	uint64_t had = turn->tag + turn->size, tag = tag_for(turns, turn->source);

	INVARIANT(!list_linked(&turn->node));
	turn->tag = had > tag ? had : tag;
	metric_add(turns->taken, 1);
	list_push(&turns->waiting, &turn->node);
	run_next(turns);
}
