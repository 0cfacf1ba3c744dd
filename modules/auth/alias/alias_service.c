/*
 * alias_service.c: the part of the "accounts" service that is about addresses (accounts.h): whom one
 * reaches, who may write as what, and which domains are aliases. On the loop; what waits is on workers and in commands.
 */
#include "alias/alias.h"

#include <stdlib.h>

#include "group/subscriber.h"
#include "hearth/error.h"

struct question {
	struct auth *a;
	struct strbuf address;
	struct reach reach;
	int64_t account; /* who wants to write, or to leave … */
	int64_t group;   /* … this */
	accounts_reached_fn *reached;
	accounts_may_fn *may;
	void *arg;
};

static struct question *question_new(struct auth *a, struct slice address, void *arg)
{
	struct question *q = mem_zalloc(sizeof(*q));

	q->a = a;
	q->arg = arg;
	q->reach.config = hearth_config(a->h);
	strbuf_add(&q->address, address);
	return q;
}

static void question_free(struct question *q)
{
	auth_reach_clear(&q->reach);
	strbuf_free(&q->address);
	free(q);
}

/* ---- whom an address reaches ---- */

static int reach(struct db_tx *tx, void *arg)
{
	struct question *q = arg;

	return auth_reach(tx, &q->reach, strbuf_slice(&q->address));
}

static void on_reached(void *arg, int status)
{
	struct question *q = arg;
	struct accounts_reached reached = { 0 };

	if (status == 0)
		reached = (struct accounts_reached){ .accounts = q->reach.accounts,
			.n = q->reach.n,
			.groups = q->reach.groups,
			.group_n = q->reach.group_n,
			.remotes = (const char *const *)q->reach.remotes,
			.remote_n = q->reach.remote_n,
			.subscribers = q->reach.subscribers,
			.subscriber_n = q->reach.subscriber_n };
	q->reached(q->arg, status, &reached);
	question_free(q);
}

static void reached_busy(void *arg)
{
	on_reached(arg, HEARTH_EBUSY);
}

static void reached_by(
	void *self, struct slice address, int64_t writer, accounts_reached_fn *done, void *arg)
{
	struct auth *a = self;
	struct question *q = question_new(a, address, arg);

	q->reached = done;
	q->reach.writer = writer;
	if (db_read(a->db, reach, on_reached, q) < 0)
		exec_post(exec_loop(), reached_busy, q);
}

/* ---- who may write as what ---- */

static int may_write(struct db_tx *tx, void *arg)
{
	const struct question *q = arg;

	return auth_may_write_as(tx, hearth_config(q->a->h), q->account, strbuf_slice(&q->address));
}

static void on_may(void *arg, int status)
{
	struct question *q = arg;

	q->may(q->arg, status);
	question_free(q);
}

static void may_busy(void *arg)
{
	on_may(arg, HEARTH_EBUSY);
}

static void may_write_as(
	void *self, int64_t account, struct slice address, accounts_may_fn *done, void *arg)
{
	struct auth *a = self;
	struct question *q = question_new(a, address, arg);

	q->account = account;
	q->may = done;
	if (db_read(a->db, may_write, on_may, q) < 0)
		exec_post(exec_loop(), may_busy, q);
}

static int may_write_as_wait(void *self, int64_t account, struct slice address)
{
	struct auth *a = self;
	struct question *q = question_new(a, address, NULL);
	int rc;

	q->account = account;
	rc = db_read_wait(a->db, may_write, q);
	question_free(q);
	return rc;
}

/* ---- domains ---- */

struct domains {
	struct arena *a;
	struct slice *list;
	size_t n;
};

static int add_domain(struct db_rows *rows, void *arg)
{
	struct domains *d = arg;

	if (d->n < ALIASES_MAX)
		d->list[d->n++] = arena_slice(d->a, slice_skip(db_col_text(rows, 0), 1));
	return 0;
}

static int read_domains(struct db_tx *tx, void *arg)
{
	struct domains *d = arg;
	int64_t count = 0;
	int rc = db_get_int(
		tx, &count, "SELECT count(*) FROM alias WHERE substr(target, 1, 1) = '@'");

	d->n = 0;
	if (rc < 0 || count == 0)
		return rc;
	d->list = arena_alloc(d->a, (size_t)count * sizeof(*d->list));
	return db_each(tx, add_domain, d,
		"SELECT address FROM alias WHERE substr(target, 1, 1) = '@' ORDER BY address");
}

static int alias_domains_wait(void *self, struct arena *a, struct slice **domains, size_t *n)
{
	struct auth *auth = self;
	struct domains d = { .a = a };
	int rc = db_read_wait(auth->db, read_domains, &d);

	*domains = d.list;
	*n = rc == 0 ? d.n : 0;
	return rc;
}

/* ---- leaving a group ---- */

static int leave(struct db_tx *tx, void *arg)
{
	const struct question *q = arg;

	return q->account < 0 ? subscriber_remove(tx, q->group, -q->account)
			      : group_leave(tx, q->group, q->account);
}

static void leave_group(
	void *self, int64_t group, int64_t account, accounts_may_fn *done, void *arg)
{
	struct auth *a = self;
	struct question *q = question_new(a, (struct slice){ 0 }, arg);

	q->group = group;
	q->account = account;
	q->may = done;
	if (db_write(a->db, leave, on_may, q) < 0)
		exec_post(exec_loop(), may_busy, q);
}

void auth_alias_service_init(struct auth *a)
{
	a->service.reached_by = reached_by;
	a->service.may_write_as = may_write_as;
	a->service.leave_group = leave_group;
	a->service.may_write_as_wait = may_write_as_wait;
	a->service.alias_domains_wait = alias_domains_wait;
}
