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
	bool *fits;
	int64_t size; /* as announced; 0: it was not */
};

static int fits(struct db_tx *tx, const struct question *q, const struct account *a)
{
	return mail_store_fits_quota(tx, a->id, a->quota, a->elsewhere, q->size);
}

/* Whether it is one of the administrators, of whom one is enough. */
static bool is_one_of_several(const struct account *a)
{
	return a->through == ACCOUNTS_ADMINISTRATORS;
}

static int look(struct db_tx *tx, void *arg)
{
	struct question *q = arg;
	size_t kept = 0;
	int rc;

	for (size_t i = 0; i < q->n; i++) {
		rc = fits(tx, q, &q->accounts[i]);
		if (rc < 0 && (rc != HEARTH_ETOOBIG || !is_one_of_several(&q->accounts[i])))
			return rc;
		q->fits[i] = rc == 0;
		kept += rc == 0;
	}
	return kept ? 0 : HEARTH_ETOOBIG;
}

static void on_looked(void *arg, int status)
{
	struct question *q = arg;

	size_t kept = 0;

	for (size_t i = 0; i < q->n && status == 0; i++)
		if (q->fits[i])
			q->accounts[kept++] = q->accounts[i];
	INVARIANT(status < 0 || kept > 0);
	q->done(q->arg, status, q->accounts, status == 0 ? kept : q->n);
	free(q->accounts);
	free(q->fits);
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
	mail_room_fn *done, void *arg)
{
	const struct accounts *service = m->accounts;
	struct question *q;

	INVARIANT(done && n > 0);
	if (!bounded(accounts, n)) {
		done(arg, 0, accounts, n);
		return;
	}
	q = mem_zalloc(sizeof(*q));
	*q = (struct question){ .m = m, .done = done, .arg = arg, .n = n, .size = size };
	q->accounts = mem_alloc(n * sizeof(*accounts));
	q->fits = mem_zalloc(n * sizeof(*q->fits));
	memcpy(q->accounts, accounts, n * sizeof(*accounts));
	if (service->elsewhere(service->self, "mail", q->accounts, n, on_elsewhere, q))
		on_elsewhere(q, 0);
}
