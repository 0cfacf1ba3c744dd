/*
 * delivery/queueing.c: puts a message into the queue (internal.h): for those elsewhere; where it waits, for those here, too; and
 * for the members of a group whose owners are to say yes first.
 *
 * On the writer, in the transaction that is the delivery: for each recipient a statement or two.
 */
#include "delivery/internal.h"

#include "hearth/error.h"
#include "hearth/log.h"
#include "queue/queue.h"
#include "store/forward.h"
#include "store/moderated.h"

/* What the sender may do within the hour (n more elsewhere), and has room for. */
static int check_sender(struct db_tx *tx, struct mail_delivery *d, int64_t now, size_t n)
{
	const struct mail_outgoing *o = &d->outgoing;
	int64_t on_its_way = 0;
	int rc = 0;

	if (!o->account)
		return 0;
	if (d->sender_quota > 0)
		rc = mail_store_outgoing_size(tx, o->account, &on_its_way);
	if (rc == 0)
		rc = mail_store_fits_quota(
			tx, o->account, d->sender_quota, on_its_way, (int64_t)o->content.blob_size);
	if (rc == 0 && n > 0)
		rc = mail_store_sending(tx, o->account, now, n, mail_queue_limits(d->m)->per_hour);
	return rc;
}

/* What is to be told of an address when its mail has waited, where success was asked for; or NULL. */
static const struct report_recipient *find_owed(const struct mail_delivery *d, struct slice address)
{
	for (size_t i = 0; i < d->owed_n; i++)
		if (slice_eq(d->owed[i].address, address))
			return &d->owed[i];
	return NULL;
}

/* As it was asked for; success is told once of an address, however many are behind it; `first` of them has the row. */
static unsigned notify_for(const struct report_recipient *owed, unsigned asked, bool first)
{
	unsigned rest = asked & ~(unsigned)MAIL_NOTIFY_SUCCESS;

	if (owed && first)
		return asked | (owed->action == REPORT_EXPANDED ? MAIL_NOTIFY_AS_GROUP : 0);
	return asked && !rest ? MAIL_NOTIFY_NEVER : rest;
}

static bool is_queued_here(const struct mail_target *t)
{
	return mail_target_arrives(t) && !t->dropped;
}

/* What others write takes the room of nothing there; what waits goes there by an owner's word. */
static enum mail_queued_archive to_archive(const struct mail_list *list)
{
	return !list->archived                ? MAIL_NOT_ARCHIVED
	       : list->vouched || list->waits ? MAIL_TO_ARCHIVE
					      : MAIL_TO_ARCHIVE_WITH_ROOM;
}

/* A row; of one that comes through a group with what that adds. */
static int queue_row(struct db_tx *tx, int64_t outgoing, const struct mail_group *g,
	const struct mail_queued *row)
{
	struct mail_queued q = *row;

	if (g) {
		q.moderated = g->list.waits;
		q.list = g->list.id;
		q.list_name = g->list.name;
		q.archive = to_archive(&g->list);
	}
	return mail_store_queue_add(tx, outgoing, &q);
}

/*
 * One who gets it through a group, elsewhere by a negative number: what they get is made when its time has come,
 * as for those who are here (queue/here.c).
 */
static int queue_member(struct db_tx *tx, const struct mail_delivery *d, int64_t outgoing,
	int64_t due_ms, const struct mail_remote *r)
{
	return queue_row(tx, outgoing, r->group,
		&(struct mail_queued){ .recipient = r->via,
			.domain = mail_domain(d->m),
			.notify = MAIL_NOTIFY_NEVER,
			.due_ms = due_ms,
			.here = -r->member });
}

static int queue_archive(struct db_tx *tx, const struct mail_delivery *d, int64_t outgoing,
	int64_t due_ms, const struct mail_group *g)
{
	return queue_row(tx, outgoing, g,
		&(struct mail_queued){ .recipient = g->address,
			.domain = mail_domain(d->m),
			.notify = MAIL_NOTIFY_NEVER,
			.due_ms = due_ms,
			.here = mail_archive_account(g->list.id) });
}

int mail_delivery_ask_owners(struct db_tx *tx, struct mail_delivery *d, int64_t now)
{
	int rc = 0;

	for (size_t i = 0; i < d->group_n && rc == 0; i++) {
		struct mail_group *g = d->groups[i];

		g->tells = false;
		if (!mail_group_asks(g))
			continue;
		rc = mail_store_moderated_room(tx, g->list.id);
		if (rc < 0 || g->list.owners.n == 0)
			continue;
		rc = mail_store_forwarded(tx, g->list.name, now, 1);
		g->tells = rc == 0;
		rc = rc == HEARTH_EDENIED ? 0 : rc;
	}
	return rc;
}

static struct slice domain_of(const struct mail_delivery *d, const struct mail_target *t)
{
	struct slice domain = t->r.address;

	slice_split(&domain, '@');
	return domain.n > 0 ? domain : mail_domain(d->m);
}

/* Those who are here, of a mail that waits; the copy its sender keeps is filed at once. */
static int queue_here(struct db_tx *tx, struct mail_delivery *d, int64_t outgoing, int64_t due_ms)
{
	bool *told = arena_zalloc(d->a, d->owed_n + 1);
	int rc = 0;

	for (size_t i = 0; i < d->n && rc == 0; i++) {
		const struct mail_target *t = &d->targets[i];
		const struct report_recipient *owed = find_owed(d, t->r.address);
		bool *first = &told[owed ? (size_t)(owed - d->owed) : d->owed_n];

		if (!is_queued_here(t))
			continue;
		rc = queue_row(tx, outgoing, t->group,
			&(struct mail_queued){ .recipient = t->r.address,
				.domain = domain_of(d, t),
				.notify = notify_for(owed, t->r.notify, !*first),
				.orcpt = owed ? owed->orcpt : SLICE(""),
				.due_ms = due_ms,
				.here = t->r.account });
		*first = true;
	}
	for (size_t i = 0; i < d->group_n && rc == 0; i++)
		if (mail_group_is_for_archive(d->groups[i]))
			rc = queue_archive(tx, d, outgoing, due_ms, d->groups[i]);
	return rc;
}

/*
 * Whom an alias leads to has a mail of their own (forwarding.c), but for one that waits: it is one mail then,
 * which its sender can take back, and its sender is ours.
 */
static bool is_named(const struct mail_remote *r, bool waits)
{
	return !r->dropped && !r->group && (waits || !r->sent_on);
}

static int queue_through_list(struct db_tx *tx, struct mail_delivery *d, int64_t outgoing,
	int64_t until, int64_t due, const struct mail_remote *r)
{
	if (until)
		return queue_member(tx, d, outgoing, due, r);
	/* What a policy calls junk leaves this server for nobody. */
	return mail_group_waits(r->group) || d->junk ? 0 : mail_forwarding_queue(tx, d, r);
}

static int queue_named(
	struct db_tx *tx, struct mail_delivery *d, int64_t outgoing, int64_t until, int64_t due)
{
	int rc = 0;

	for (size_t i = 0; i < d->remote_n && rc == 0; i++)
		if (is_named(&d->remotes[i], until > 0))
			rc = mail_store_queue_add(tx, outgoing,
				&(struct mail_queued){ .recipient = d->remotes[i].address,
					.domain = d->remotes[i].domain,
					.notify = d->remotes[i].notify,
					.orcpt = d->remotes[i].orcpt,
					.due_ms = due });
		else if (d->remotes[i].group && !d->remotes[i].dropped)
			rc = queue_through_list(tx, d, outgoing, until, due, &d->remotes[i]);
		else if (!d->remotes[i].dropped)
			rc = mail_forwarding_queue(tx, d, &d->remotes[i]);
	return rc;
}

int mail_delivery_queue(struct db_tx *tx, struct mail_delivery *d, int64_t now, int64_t until)
{
	struct mail_outgoing o = d->outgoing;
	int64_t id = 0, due = until ? until : now;
	size_t n = 0, here = 0;
	int rc;

	for (size_t i = 0; i < d->n && until; i++)
		here += is_queued_here(&d->targets[i]);
	for (size_t i = 0; i < d->remote_n; i++) {
		n += is_named(&d->remotes[i], until > 0);
		here += until && d->remotes[i].group && !d->remotes[i].dropped;
	}
	for (size_t i = 0; i < d->group_n && until; i++)
		here += mail_group_is_for_archive(d->groups[i]);
	rc = check_sender(tx, d, now, n);
	o.queued_ms = due;
	o.not_before_ms = until;
	o.expires_ms = due + mail_queue_limits(d->m)->expiry_ms;
	for (size_t i = 0; i < d->n; i++)
		if (d->targets[i].r.use)
			o.copy = d->targets[i].r.message;
	for (size_t i = 0; i < d->n && !until; i++)
		o.reached |= mail_target_arrives(&d->targets[i]);
	if (rc == 0 && n + here > 0)
		rc = mail_store_outgoing_add(tx, &o, &id);
	if (rc == 0)
		rc = queue_named(tx, d, id, until, due);
	return rc == 0 && until ? queue_here(tx, d, id, due) : rc;
}

/* The mail of its own that those who wait for an owner have in the queue, made with the first of them. */
static int open_waiting(struct db_tx *tx, struct mail_delivery *d, int64_t now, int64_t *id)
{
	struct mail_outgoing o = d->outgoing;

	if (*id)
		return 0;
	o.account = o.not_before_ms = o.copy = 0;
	/* Sealed now, for those elsewhere: later nothing is known of how it came. */
	o.content.trace = slice_str(arena_printf(d->a, "%.*s%.*s%.*s", SLICE_ARG(d->seal),
		SLICE_ARG(d->checked), SLICE_ARG(d->received)));
	o.queued_ms = now;
	o.expires_ms = now + mail_queue_limits(d->m)->expiry_ms;
	return mail_store_outgoing_add(tx, &o, id);
}

int mail_delivery_queue_waiting(struct db_tx *tx, struct mail_delivery *d, int64_t now)
{
	int64_t id = 0;
	int rc = 0;

	for (size_t i = 0; i < d->n && rc == 0; i++) {
		const struct mail_target *t = &d->targets[i];

		if (!mail_group_waits(t->group) || t->dropped)
			continue;
		rc = open_waiting(tx, d, now, &id);
		if (rc == 0)
			rc = queue_row(tx, id, t->group,
				&(struct mail_queued){ .recipient = t->r.address,
					.domain = domain_of(d, t),
					.notify = MAIL_NOTIFY_NEVER,
					.due_ms = now,
					.here = t->r.account });
	}
	for (size_t i = 0; i < d->remote_n && rc == 0; i++) {
		const struct mail_remote *r = &d->remotes[i];

		if (!mail_group_waits(r->group) || r->dropped)
			continue;
		rc = open_waiting(tx, d, now, &id);
		if (rc == 0)
			rc = queue_member(tx, d, id, now, r);
	}
	for (size_t i = 0; i < d->group_n && rc == 0; i++) {
		const struct mail_group *g = d->groups[i];

		if (!g->list.waits || !mail_group_is_for_archive(g))
			continue;
		rc = open_waiting(tx, d, now, &id);
		if (rc == 0)
			rc = queue_archive(tx, d, id, now, g);
	}
	return rc;
}
