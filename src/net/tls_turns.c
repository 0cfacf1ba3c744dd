/*
 * tls_turns.c: handshakes take turns. A step of one costs a millisecond or several (a signature, a
 * key exchange), and they come in bursts: after a restart everybody is back at once. So once a round
 * of the loop has lasted CONN_READS_US, those that come wait in a queue, in order of coming, and of
 * the queue each round takes as many as fit, at least one. On the loop; one step a connection waits,
 * so the queue is bounded by the limits on connections.
 */
#include "net/tls.h"

#include "hearth/log.h"
#include "loop/loop.h"
#include "net/conn_internal.h"

static struct list waiting; /* struct tls_turn */

static void run_turns(void *arg)
{
	struct list_node *node;

	(void)arg;
	while ((node = list_pop(&waiting))) {
		struct tls_turn *t = LIST_ENTRY(node, struct tls_turn, node);

		t->fn(t->arg);
		if (loop_busy_us() >= CONN_READS_US)
			break;
	}
	if (!list_empty(&waiting))
		exec_post(exec_loop(), run_turns, NULL);
}

bool tls_turn_wait(struct tls_turn *t, exec_fn *fn, void *arg)
{
	INVARIANT(exec_current() == exec_loop());
	if (!waiting.head.next)
		list_init(&waiting);
	if (list_linked(&t->node))
		return true;
	if (list_empty(&waiting) && loop_busy_us() < CONN_READS_US)
		return false;
	if (list_empty(&waiting))
		exec_post(exec_loop(), run_turns, NULL);
	t->fn = fn;
	t->arg = arg;
	list_push(&waiting, &t->node);
	return true;
}

bool tls_turn_waits(const struct tls_turn *t)
{
	return list_linked(&t->node);
}

void tls_turn_drop(struct tls_turn *t)
{
	list_remove(&t->node);
}
