/*
 * wake.h: a knock at the doors of the other nodes: look at what we share.
 *
 * Nodes tell each other things by tables of the databases that they share, and look at those now and
 * then. A knock makes them look at once. It carries nothing but who knocks, it may get lost or come
 * for nothing, and nothing is true because of it: whoever needs to know looks again by itself.
 *
 * Nodes of one data folder are on one machine, so it is a datagram to a Unix socket of each, in the
 * folder `wake`, named as the node; what a node left that died is removed by who finds it. Where a
 * socket cannot be had there are no knocks, and all goes on slower.
 *
 * On the loop, but for knocking, which any thread may do; who is called does little, or asks for more.
 */
#ifndef HEARTH_WAKE_H
#define HEARTH_WAKE_H

#include "hearth/exec.h"

struct wake;

enum wake_who {
	WAKE_BUS,
	WAKE_GAME,
	WAKE_WHO,
};

/* Calls fn(arg) on the loop after such knocks; one fn for each. On the loop; legal on NULL. */
void wake_listen(struct wake *w, enum wake_who who, exec_fn *fn, void *arg);
/* Not any more. On the loop, or once it has ended; legal on NULL. */
void wake_unlisten(struct wake *w, enum wake_who who);
/* Knocks, after the commit of what they are to see. Any thread; legal on NULL. */
void wake_others(struct wake *w, enum wake_who who);

#endif
