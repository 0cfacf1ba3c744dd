/*
 * ws_rtt.c: a mean of the first round trips, then one that follows the last ones (ws_rtt.h). Pure.
 */
#include "http/ws_rtt.h"

#define PLAIN 4 /* so many count alike */
#define SHARE 8 /* then a new one counts one eighth, as in RFC 6298 */

static int64_t least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

void ws_rtt_add(struct ws_rtt *r, int64_t took_us, int64_t system_us)
{
	int64_t us = least(took_us, WS_RTT_MAX_US);

	if (system_us > 0)
		us = least(us, system_us + WS_RTT_ANSWER_US);
	if (us < 1)
		us = 1; /* there was one */
	if (r->count < PLAIN)
		r->mean_us += (us - r->mean_us) / ++r->count;
	else
		r->mean_us += (us - r->mean_us) / SHARE;
}
