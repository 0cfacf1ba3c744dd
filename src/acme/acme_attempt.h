/*
 * acme_attempt.h: one attempt at a certificate, as a job: what is noted before and after it, so that
 * neither failures nor crashes make a server that asks a CA again and again. The job is on a worker.
 */
#ifndef HEARTH_SRC_ACME_ACME_ATTEMPT_H
#define HEARTH_SRC_ACME_ACME_ATTEMPT_H

#include "acme/order.h"

/* Everything a job needs; made and freed on the loop, with an arena that all texts lie in. */
struct acme_attempt {
	struct arena *arena;
	struct acme_job job;
	struct acme_record record; /* as it was */
	bool begun;                /* it was noted as one */
	bool asks;                 /* no attempt: it asks when there is to be one */
	int64_t failures;          /* of asking when to renew, in a row (renewal_info.h) */
	int result;
	void *owner;
};

/* The job: on a worker. Stores what came of it. */
void acme_attempt_run(void *attempt);
/* Whether a name is among those left out for now. */
bool acme_is_left_out(const struct acme_record *r, const char *name, int64_t now_ms);

/* ---- pure, for tests ---- */

/* When to try next after so many failures in a row; the CA's own word (seconds) counts. */
int64_t acme_next_ms(int64_t now_ms, int64_t tries, bool rate_limited, int64_t retry_after_s);

#endif
