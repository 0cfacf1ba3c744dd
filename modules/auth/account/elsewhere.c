/*
 * elsewhere.c: what other modules keep of an account's quota (accounts.h), so that one quota holds
 * for all of them.
 *
 *   elsewhere ──all known, and of late──▶ answered from memory
 *        └────── else ──▶ a job asks the other modules, each once for all the accounts ──▶ done
 *
 * Asked for on the loop and on workers, the modules on a worker of "io". What they said is kept for
 * ACCOUNTS_ELSEWHERE_MS, of at most SLOTS accounts a module, under one lock: where two accounts fall
 * on one slot, the later one has it, and the other is asked for anew. It is no truth of this
 * process, only a younger or older copy of what the databases say.
 */
#include "account/storage.h"

#include <pthread.h>
#include <stdlib.h>

#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/job.h"
#include "hearth/log.h"

#define SLOTS 4096

/* What a module said it keeps. */
struct kept {
	int64_t account; /* 0: nothing */
	int64_t bytes, at_ms;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* over what every `kept` points to */

static bool is_other(const struct auth *a, int i, const char *module)
{
	return strcmp(a->counting[i].module, module) != 0;
}

static void remember(struct kept *kept, const struct kept *now)
{
	INVARIANT(now->account > 0);
	kept[now->account % SLOTS] = *now;
}

static bool recall(const struct kept *kept, int64_t account, int64_t now_ms, int64_t *bytes)
{
	const struct kept *k = &kept[account % SLOTS];

	*bytes = k->bytes;
	return k->account == account && now_ms - k->at_ms < ACCOUNTS_ELSEWHERE_MS;
}

/* Under the lock. */
static bool recall_all(const struct auth *a, const char *module, struct account *accounts, size_t n)
{
	int64_t now_ms = clock_mono_ms(), bytes;

	for (size_t k = 0; k < n; k++) {
		accounts[k].elsewhere = 0;
		for (int i = 0; accounts[k].quota > 0 && i < a->counting_count; i++) {
			if (!is_other(a, i, module))
				continue;
			if (!recall(a->counting[i].kept, accounts[k].id, now_ms, &bytes))
				return false;
			accounts[k].elsewhere += bytes;
		}
	}
	return true;
}

static bool from_memory(
	const struct auth *a, const char *module, struct account *accounts, size_t n)
{
	bool known;

	pthread_mutex_lock(&lock);
	known = recall_all(a, module, accounts, n);
	pthread_mutex_unlock(&lock);
	return known;
}

/* ---- on a worker ---- */

/* One module is asked, of n accounts that have a quota. */
static int ask(struct auth *a, int i, const int64_t *ids, size_t n, int64_t *bytes)
{
	int64_t now_ms = clock_mono_ms();
	int rc = a->counting[i].used_wait(a->counting[i].arg, ids, n, bytes);

	pthread_mutex_lock(&lock);
	for (size_t k = 0; k < n && rc == 0; k++)
		remember(a->counting[i].kept, &(struct kept){ ids[k], bytes[k], now_ms });
	pthread_mutex_unlock(&lock);
	return rc;
}

static int ask_all(struct auth *a, const char *module, struct account *accounts, size_t n)
{
	int64_t *ids = mem_alloc(2 * n * sizeof(*ids)), *bytes = ids + n;
	size_t bounded = 0;
	int rc = 0;

	for (size_t k = 0; k < n; k++) {
		accounts[k].elsewhere = 0;
		if (accounts[k].quota > 0)
			ids[bounded++] = accounts[k].id;
	}
	for (int i = 0; i < a->counting_count && rc == 0; i++) {
		const int64_t *said = bytes;

		if (!is_other(a, i, module))
			continue;
		rc = ask(a, i, ids, bounded, bytes);
		for (size_t k = 0; k < n && rc == 0; k++)
			accounts[k].elsewhere += accounts[k].quota > 0 ? *said++ : 0;
	}
	free(ids);
	return rc;
}

static int elsewhere_wait(void *self, const char *module, struct account *accounts, size_t n)
{
	INVARIANT(n > 0);
	return from_memory(self, module, accounts, n) ? 0 : ask_all(self, module, accounts, n);
}

/* ---- from the loop ---- */

/* One question on its way; freed when it is answered. */
struct question {
	struct auth *a;
	const char *module;
	struct account *accounts;
	size_t n;
	accounts_elsewhere_fn *done;
	void *arg;
	int status;
};

static void work(void *arg)
{
	struct question *q = arg;

	q->status = ask_all(q->a, q->module, q->accounts, q->n);
}

static void on_worked(void *arg, int status)
{
	struct question *q = arg;

	q->done(q->arg, status < 0 ? status : q->status);
	free(q);
}

static void answer_busy(void *arg)
{
	on_worked(arg, HEARTH_EBUSY);
}

static bool elsewhere(void *self, const char *module, struct account *accounts, size_t n,
	accounts_elsewhere_fn *done, void *arg)
{
	struct auth *a = self;
	struct question *q;

	INVARIANT(n > 0 && done);
	if (from_memory(a, module, accounts, n))
		return true;
	q = mem_alloc(sizeof(*q));
	*q = (struct question){ a, module, accounts, n, done, arg, 0 };
	if (job_run(hearth_pool(a->h, "io"), work, on_worked, q) < 0)
		exec_post(exec_loop(), answer_busy, q);
	return false;
}

/* ---- begin and end ---- */

struct kept *auth_kept_new(void)
{
	return mem_zalloc(SLOTS * sizeof(struct kept));
}

void auth_elsewhere_service(struct auth *a)
{
	a->service.elsewhere = elsewhere;
	a->service.elsewhere_wait = elsewhere_wait;
}

void auth_elsewhere_free(struct auth *a)
{
	for (int i = 0; i < a->counting_count; i++)
		free(a->counting[i].kept);
	a->counting_count = 0;
}
