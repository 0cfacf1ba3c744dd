/*
 * publisher.c: a key looked up, in two steps: is it an app password (accounts, on the loop), else
 * whose channel's key is it (a worker, which then asks for the account: a disabled one may not
 * publish).
 */
#include "ingest/publisher.h"

#include <stdlib.h>
#include <string.h>

#include "hearth/error.h"
#include "hearth/log.h"

struct lookup {
	struct video *v;
	struct publisher found;
	char key[128];
	struct conn_info peer;
	uint64_t revocations; /* heard of when the worker began */
	publisher_fn *done;
	void *arg;
	int status;
};

static void finish(struct lookup *l, int status)
{
	l->done(l->arg, status, status == 0 ? &l->found : NULL);
	explicit_bzero(l, sizeof(*l));
	free(l);
}

static int find_own_channel(struct db_tx *tx, void *arg)
{
	struct lookup *l = arg;

	return video_store_channel_of(tx, &l->found.account, &l->found.channel);
}

static int find_by_key(struct db_tx *tx, void *arg)
{
	struct lookup *l = arg;

	return video_store_channel_by_key(tx, slice_str(l->key), &l->found.channel);
}

static int look_up(struct lookup *l)
{
	const struct accounts *accounts = hearth_service(l->v->h, "accounts");
	int rc;

	if (l->found.account.token)
		return db_write_wait(l->v->db, find_own_channel, l);
	rc = db_read_wait(l->v->db, find_by_key, l);
	if (rc == 0)
		rc = accounts->by_id_wait(
			accounts->self, l->found.channel.account, &l->found.account);
	return rc == 0 && l->found.account.disabled ? HEARTH_ENOTFOUND : rc;
}

static void work(void *arg)
{
	struct lookup *l = arg;

	l->status = look_up(l);
}

static void begin(struct lookup *l);

static void on_looked_up(void *arg, int status)
{
	struct lookup *l = arg;

	(void)status;
	INVARIANT(l->status < 0 || (l->found.channel.id > 0 && l->found.account.id > 0));
	/* An account was shut out or an app password ended meanwhile, and this answer may be from
	 * before: all is asked once more. */
	if (l->status == 0 && l->revocations != l->v->revocations)
		begin(l);
	else
		finish(l, l->status);
}

static void start(struct lookup *l)
{
	INVARIANT(l->done && !l->found.channel.id);
	l->revocations = l->v->revocations;
	if (job_run(hearth_pool(l->v->h, "io"), work, on_looked_up, l) < 0)
		finish(l, HEARTH_EBUSY);
}

static void on_app_password(void *arg, int status, const struct account *account)
{
	struct lookup *l = arg;

	if (status == 0)
		l->found.account = *account;
	if (status == 0 || status == HEARTH_ENOTFOUND)
		start(l);
	else
		finish(l, status);
}

static void begin(struct lookup *l)
{
	const struct accounts *accounts = hearth_service(l->v->h, "accounts");

	l->found = (struct publisher){ 0 };
	accounts->by_app_password(
		accounts->self, slice_str(l->key), &l->peer, ACCOUNTS_VIA_RTMP, on_app_password, l);
}

void publisher_find(struct video *v, struct slice key, const struct conn_info *peer,
	publisher_fn *done, void *arg)
{
	struct lookup *l = mem_zalloc(sizeof(*l));

	key = slice_head(key, sizeof(l->key) - 1);
	*l = (struct lookup){ .v = v, .peer = *peer, .done = done, .arg = arg };
	if (key.n)
		memcpy(l->key, key.p, key.n);
	begin(l);
}
