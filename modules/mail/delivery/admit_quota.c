/*
 * admit_quota.c: the last question about a recipient (admit.h): is there room for all whom the address
 * reaches? On the loop, but for what looks into the database. A quota is one for all modules, so the others are
 * asked first, which is mostly answered from memory (accounts.h).
 *
 * A group is taken whole or not at all: while one member's mailbox is full, the sender is told to
 * try again later, so that nobody misses a mail that was accepted. Of the administrators whom
 * postmaster reaches those get it who have room: one who is away must not make it deaf. What comes
 * in the same moment by other ways may still exceed a quota, by what is under way.
 *
 * One question a recipient; as many accounts as the address reaches.
 */
#include <stdlib.h>

#include "delivery/admit.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "store/store.h"

struct question {
	struct mail *m;
	mail_room_fn *done;
	void *arg;
	size_t n;
	struct account *accounts;
	int64_t group;
	int64_t size; /* as announced; 0: it was not */
};

static int fits(struct db_tx *tx, const struct question *q, const struct account *a)
{
	return mail_store_fits_quota(tx, a->id, a->quota, a->elsewhere, q->size);
}

static int look(struct db_tx *tx, void *arg)
{
	struct question *q = arg;
	size_t kept = 0;
	int rc = 0;

	if (q->group != ACCOUNTS_REACHED_ADMINISTRATORS) {
		for (size_t i = 0; i < q->n && rc == 0; i++)
			rc = fits(tx, q, &q->accounts[i]);
		return rc;
	}
	for (size_t i = 0; i < q->n; i++) {
		rc = fits(tx, q, &q->accounts[i]);
		if (rc < 0 && rc != HEARTH_ETOOBIG)
			return rc;
		if (rc == 0)
			q->accounts[kept++] = q->accounts[i];
	}
	q->n = kept;
	return kept ? 0 : HEARTH_ETOOBIG;
}

static void on_looked(void *arg, int status)
{
	struct question *q = arg;

	INVARIANT(status < 0 || q->n > 0);
	q->done(q->arg, status, q->accounts, q->n, q->group);
	free(q->accounts);
	free(q);
}

static void on_elsewhere(void *arg, int status)
{
	struct question *q = arg;

	if (status == 0)
		status = db_read(q->m->db, look, on_looked, q);
	if (status < 0)
		on_looked(q, status);
}

static bool bounded(const struct account *accounts, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (accounts[i].quota > 0)
			return true;
	return false;
}

void mail_ask_room(struct mail *m, int64_t size, const struct account *accounts, size_t n,
	int64_t group, mail_room_fn *done, void *arg)
{
	const struct accounts *service = m->accounts;
	struct question *q;

	INVARIANT(done && n > 0);
	if (!bounded(accounts, n)) {
		done(arg, 0, accounts, n, group);
		return;
	}
	q = mem_zalloc(sizeof(*q));
	*q = (struct question){
		.m = m, .done = done, .arg = arg, .n = n, .group = group, .size = size
	};
	q->accounts = mem_alloc(n * sizeof(*accounts));
	memcpy(q->accounts, accounts, n * sizeof(*accounts));
	if (service->elsewhere(service->self, "mail", q->accounts, n, on_elsewhere, q))
		on_elsewhere(q, 0);
}
