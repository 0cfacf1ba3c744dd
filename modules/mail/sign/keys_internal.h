/*
 * sign/keys_internal.h: what keys.c and key_watch.c share (keys.h).
 */
#ifndef MAIL_SIGN_KEYS_INTERNAL_H
#define MAIL_SIGN_KEYS_INTERNAL_H

#include <pthread.h>

#include "sign/key_table.h"
#include "sign/keys.h"

enum { KEY_WATCH_MAX = 32 }; /* keys that wait, looked for in the DNS at a time */

struct mail_keys {
	struct mail *m;
	bool on;             /* [dkim] sign */
	struct keyring ring; /* stands from start to stop */
	pthread_mutex_t lock, loading, making;
	struct key_table *table; /* under `lock` */
	/* the loop's: */
	struct timer timer;
	bool looking, look_again, drained;
	struct dns_question question;
	size_t asked; /* of `waits` */
	/* of the look under way: the job's while it runs, else the loop's */
	struct arena *a;
	struct mail_dkim_key *waits;
	size_t wait_count;
};

/* Reads the rows and puts their table in place. Blocks: workers, and the start. */
int mail_keys_load(struct mail_keys *k);
/* Makes the keys a domain lacks, of which it has none that signs; the table is the caller's to load anew. Blocks: workers. */
int mail_keys_make(struct mail_keys *k, struct slice domain);
/* How long a signature holds: as long as the mail may be on its way. */
int64_t mail_keys_valid_ms(const struct mail *m);

void key_watch_start(struct mail_keys *k);
/* No look begins any more; one that is under way ends by itself. Legal twice. */
void key_watch_stop(struct mail_keys *k);

#endif
