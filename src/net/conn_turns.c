/*
 * conn_turns.c: connections that have something to do in a later turn. What a session's call asks
 * for and what calls back is put off: the connection goes on the list `turns`, which is run by a
 * posted function. So a session is never called from inside its own call, and no layer goes away
 * while one of its functions runs.
 *
 * As many turns are run in a round of the loop as fit in TURNS_US, in their order: so nobody waits
 * longer than it takes to give each other one a turn, whatever one of them sends. On the loop; a
 * connection stands in the list once.
 */
#include "loop/executor.h"
#include "net/conn_internal.h"

#define TURNS_US 5000

static struct list turns; /* zeroed until the first one */
static bool posted;       /* run_turns is on its way */

static void run_turns(void *arg)
{
	(void)arg;
	posted = false;
	conn_run_turns();
}

static void post_turns(void)
{
	if (posted)
		return;
	posted = true;
	exec_post(exec_loop(), run_turns, NULL);
}

void conn_later(struct conn *c)
{
	if (!turns.head.next)
		list_init(&turns);
	if (!list_linked(&c->turn))
		list_push(&turns, &c->turn);
	post_turns();
}

void conn_turns_forget(void)
{
	posted = false;
}

void conn_run_turns(void)
{
	int64_t begun_us = exec_now_us();
	struct list_node end = { 0 }, *it;

	if (!turns.head.next)
		return;
	/* What is put off from here on waits for the next time. */
	list_push(&turns, &end);
	while ((it = list_pop(&turns)) != &end) {
		conn_take_turn(LIST_ENTRY(it, struct conn, turn));
		if (exec_now_us() - begun_us > TURNS_US)
			break;
	}
	list_remove(&end);
	if (!list_empty(&turns))
		post_turns();
}
