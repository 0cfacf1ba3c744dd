/*
 * ws_rtt.h: the average round trip to a client, of the pongs that it sends. Pure.
 *
 * A client may hold a pong back, and would seem to be far away; not so what its system acknowledges,
 * and so no pong counts as later than that by more than a program may take to answer.
 */
#ifndef HEARTH_SRC_WS_RTT_H
#define HEARTH_SRC_WS_RTT_H

#include <stdint.h>

#define WS_RTT_ANSWER_US INT64_C(150000)   /* that a program takes at most */
#define WS_RTT_MAX_US    INT64_C(10000000) /* later than that none counts */

struct ws_rtt {
	int64_t mean_us; /* 0: there was none yet */
	int count;       /* so many are in it, as far as that matters */
};

/* A pong took so long, where the system has measured system_us (conn_rtt_us; 0: it does not know). */
void ws_rtt_add(struct ws_rtt *r, int64_t took_us, int64_t system_us);

#endif
