/*
 * delivery/describe.c: what a delivery is told before it is finished (deliver.h): to whom, from whom, what was asked for.
 * All of it is copied into its arena. On the loop; its recipients and groups are bounded by who adds them.
 */
#include "delivery/internal.h"

#include <stdint.h>
#include <stdlib.h>

#include "hearth/log.h"

/* ---- groups ---- */

/* The members of one come side by side, so that it is mostly the last. */
static struct mail_group *find_group(const struct mail_delivery *d, int64_t id)
{
	for (size_t i = d->group_n; i > 0; i--)
		if (d->groups[i - 1]->list.id == id)
			return d->groups[i - 1];
	return NULL;
}

static struct mail_group *note_group(
	struct mail_delivery *d, const struct mail_list *list, struct slice address)
{
	struct mail_group *g = list ? find_group(d, list->id) : NULL;

	if (g || !list)
		return g;
	if (d->group_n == d->group_cap) {
		d->group_cap = d->group_cap ? 2 * d->group_cap : 4;
		d->groups = mem_realloc(d->groups, d->group_cap * sizeof(void *));
	}
	g = ARENA_NEW(d->a, struct mail_group);
	*g = (struct mail_group){ .list = *list, .address = arena_slice(d->a, address) };
	g->list.name = arena_slice(d->a, list->name);
	g->list.title = arena_slice(d->a, list->title);
	g->list.prefix = arena_slice(d->a, list->prefix);
	g->list.owners = arena_slice(d->a, list->owners);
	d->groups[d->group_n++] = g;
	return g;
}

void mail_delivery_through(
	struct mail_delivery *d, const struct mail_list *list, struct slice address)
{
	INVARIANT(list && !d->done);
	note_group(d, list, address);
}

/* Whether this way of having it is better than that. */
static bool is_better(const struct mail_group *a, const struct mail_group *b)
{
	return (!a && b) || (!mail_group_waits(a) && mail_group_waits(b));
}

/* ---- who is here ---- */

static void set_target(struct mail_delivery *d, struct mail_target *t,
	const struct mail_recipient *r, struct mail_group *g)
{
	*t = (struct mail_target){ .r = *r, .group = g };
	t->r.address = arena_slice(d->a, r->address);
	t->r.mailbox = arena_slice(d->a, r->mailbox);
	t->r.keywords = arena_slice(d->a, r->keywords);
	t->r.head = arena_slice(d->a, r->head);
	t->r.list = g ? &g->list : NULL;
}

static void *from_one(size_t i)
{
	return (void *)(uintptr_t)(i + 1);
}

void mail_delivery_add(struct mail_delivery *d, const struct mail_recipient *r)
{
	struct mail_group *g = note_group(d, r->list, r->address);
	bool arrives = r->address.n > 0 && r->mailbox.n == 0;
	size_t at = arrives ? (uintptr_t)map_get_u64(d->accounts, (uint64_t)r->account) : 0;

	INVARIANT(r->account > 0 && !d->done);
	if (at > 0) {
		if (is_better(g, d->targets[at - 1].group))
			set_target(d, &d->targets[at - 1], r, g);
		return;
	}
	if (d->n == d->cap) {
		d->cap = d->cap ? 2 * d->cap : 4;
		d->targets = mem_realloc(d->targets, d->cap * sizeof(*d->targets));
	}
	if (arrives)
		map_set_u64(d->accounts, (uint64_t)r->account, from_one(d->n));
	set_target(d, &d->targets[d->n++], r, g);
}

size_t mail_delivery_count(const struct mail_delivery *d)
{
	return d->n;
}

/* ---- who is elsewhere ---- */

void mail_delivery_send(struct mail_delivery *d, const struct mail_remote *r)
{
	struct mail_group *g = note_group(d, r->list, r->via);

	INVARIANT(r->address.n > 0 && r->domain.n > 0 && !d->done);
	if (r->member && mail_delivery_has(d, -r->member))
		return;
	if (d->remote_n == d->remote_cap) {
		d->remote_cap = d->remote_cap ? 2 * d->remote_cap : 4;
		d->remotes = mem_realloc(d->remotes, d->remote_cap * sizeof(*d->remotes));
	}
	if (r->member)
		map_set_u64(d->accounts, (uint64_t)-r->member, from_one(d->remote_n));
	d->remotes[d->remote_n++] = (struct mail_remote){ .address = arena_slice(d->a, r->address),
		.domain = arena_slice(d->a, r->domain),
		.notify = r->notify,
		.orcpt = arena_slice(d->a, r->orcpt),
		.sent_on = r->sent_on,
		.via = arena_slice(d->a, r->via),
		.list = g ? &g->list : NULL,
		.group = g,
		.member = r->member };
}

void mail_delivery_bounce(struct mail_delivery *d, int64_t group, int64_t member)
{
	INVARIANT(group > 0 && member > 0 && !d->done);
	if (d->bounced_n == d->bounced_cap) {
		d->bounced_cap = d->bounced_cap ? 2 * d->bounced_cap : 1;
		d->bounced = mem_realloc(d->bounced, d->bounced_cap * sizeof(*d->bounced));
	}
	d->bounced[d->bounced_n++] = (struct mail_bounced){ .group = group, .member = member };
}

bool mail_delivery_goes_anywhere(const struct mail_delivery *d)
{
	return d->n + d->remote_n + d->bounced_n > 0;
}

size_t mail_delivery_sent(const struct mail_delivery *d)
{
	return d->remote_n;
}

bool mail_delivery_is_empty(const struct mail_delivery *d)
{
	bool keeps = false;

	for (size_t i = 0; i < d->group_n; i++)
		keeps = keeps || mail_group_keeps(d->groups[i]);
	return !mail_delivery_goes_anywhere(d) && !keeps;
}

void mail_delivery_set_outgoing(struct mail_delivery *d, const struct account *sender, bool utf8,
	int ret, struct slice envid)
{
	d->outgoing.account = sender ? sender->id : 0;
	d->signs = d->signs || sender;
	d->sender_quota = sender ? sender->quota : 0;
	d->outgoing.utf8 = utf8;
	d->outgoing.ret = (enum mail_ret)ret;
	d->outgoing.envid = arena_slice(d->a, envid);
}

void mail_delivery_sign(struct mail_delivery *d)
{
	d->signs = true;
}

void mail_delivery_require_tls(struct mail_delivery *d)
{
	d->outgoing.tls = MAIL_TLS_REQUIRED;
}

void mail_delivery_set_authors(struct mail_delivery *d, const struct account *sender,
	const struct slice *authors, size_t n)
{
	d->sender = sender->id;
	d->authors = arena_zalloc(d->a, (n + 1) * sizeof(*d->authors));
	d->author_n = n;
	for (size_t i = 0; i < n; i++)
		d->authors[i] = arena_slice(d->a, authors[i]);
}

void mail_delivery_hold(struct mail_delivery *d, int64_t until_ms)
{
	d->hold_ms = until_ms;
}

void mail_delivery_has_waited(struct mail_delivery *d)
{
	d->waited = true;
}

void mail_delivery_set_author(struct mail_delivery *d, int author)
{
	d->outgoing.author = author;
}

void mail_delivery_also(struct mail_delivery *d, db_fn *fn, void *arg)
{
	d->also = fn;
	d->also_arg = arg;
}

bool mail_delivery_has(const struct mail_delivery *d, int64_t account)
{
	return map_get_u64(d->accounts, (uint64_t)account) != NULL;
}

void mail_delivery_set_trace(struct mail_delivery *d, struct slice mail_from, struct slice received)
{
	d->mail_from = arena_slice(d->a, mail_from);
	d->received = arena_slice(d->a, received);
}

void mail_delivery_set_source(struct mail_delivery *d, struct slice source)
{
	d->source = arena_slice(d->a, source);
}

void mail_delivery_set_date(struct mail_delivery *d, int64_t internal_date)
{
	d->date = internal_date;
}

void mail_delivery_set_foreign(struct mail_delivery *d)
{
	d->foreign = true;
	d->results.own = mail_gate_owns;
	d->results.arg = d->m;
}

void mail_delivery_set_gate(struct mail_delivery *d, struct mail_gate *gate)
{
	d->gate = gate;
}
