/*
 * proof_service.c: accounts.prove (accounts.h): the password and the code that other modules ask for
 * before what they do for good. The routes of this module take the code in the transaction of what it is
 * for (proof.h); others have databases of their own, so theirs is used up before.
 *
 *   the password is right ─▶ one transaction: is the session still there, the code ─▶ done
 *   (neither came)        ─▶ … has it shown both a short while ago
 *
 * On the loop, but for what runs in the database.
 */
#include "factor/proof.h"

#include <stdlib.h>

#include "hearth/error.h"
#include "hearth/log.h"
#include "session/session.h"

/* One request; it outlives its answer, after which `done` is told. */
struct proving {
	struct auth_proof proof;
	accounts_proven_fn *done;
	void *arg;
};

static void finish(struct proving *p, int status)
{
	p->done(p->arg, status);
	free(p);
}

static int take(struct db_tx *tx, void *arg)
{
	struct proving *p = arg;
	int rc = auth_store_still_held(tx, http_account(p->proof.rq));

	return rc == 0 ? auth_proof_take(tx, &p->proof) : rc;
}

static void on_taken(void *arg, int status)
{
	struct proving *p = arg;

	if (status < 0)
		http_reply_error(p->proof.rq, status);
	else if (auth_proof_refuse(&p->proof))
		status = HEARTH_EDENIED;
	finish(p, status);
}

static void on_password(void *arg, int status)
{
	struct proving *p = arg;

	if (status != 0)
		finish(p, status);
	else if ((status = db_write(p->proof.a->db, take, on_taken, p)) < 0)
		on_taken(p, status);
}

void auth_prove(void *self, struct http_request *rq, const struct json *body,
	accounts_proven_fn *done, void *arg)
{
	struct proving *p = mem_zalloc(sizeof(*p));

	INVARIANT(http_account(rq));
	p->done = done;
	p->arg = arg;
	auth_proof_begin(&p->proof, self, rq, body, on_password, p);
}
