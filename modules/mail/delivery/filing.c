/*
 * delivery/filing.c: writes a message's rows into the mailboxes it goes to (internal.h).
 *
 * A recipient's filters (filter.h), as they are when the rows are written, say where a mail that
 * arrived goes. They are a wish: what cannot be done leaves the mail in INBOX.
 *
 * On the writer, in the one transaction that the whole delivery is: for each recipient some five
 * statements and its filters, which the preferences bound.
 */
#include "delivery/internal.h"

#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/json.h"
#include "hearth/log.h"
#include "personal/preferences.h"
#include "queue/queue.h"
#include "report/receive.h"
#include "store/forward.h"
#include "store/internal.h"
#include "store/moderated.h"

/* ---- filters ---- */

/* A mail that arrives, not one that a client puts where it wants it. */
static bool arrives(const struct mail_target *t)
{
	return t->r.address.n > 0 && t->r.mailbox.n == 0;
}

/* The facts are there when the message is not in memory any more. */
static void apply_rules(struct mail_delivery *d, struct mail_target *t, const struct json *rules)
{
	if (!d->has_facts)
		mail_filter_read(d->a, strbuf_slice(&d->bytes), &d->facts);
	d->has_facts = true;
	d->facts.has_attachment = t->content.has_attachment;
	d->facts.size = t->content.blob_size + t->content.trace.n;
	mail_filter_apply(d->a, rules, &d->facts, t->r.address, &t->filter);
}

/* On the writer. Filters that cannot be read do not hold the mail up. */
static void filter(struct db_tx *tx, struct mail_delivery *d, struct mail_target *t)
{
	struct mail_preferences preferences;
	struct json *rules;
	int rc;

	t->filter = (struct mail_filter_outcome){ .flags = 0 };
	if (!arrives(t))
		return;
	if (d->junk) {
		/* What is not proven to be whose it says moves no filter. */
		t->filter.junk = true;
		return;
	}
	rc = mail_store_preferences(tx, t->r.account, d->a, &preferences);
	if (rc < 0)
		log_warn("mail", "delivered without filters", "why", "%s", error_name(rc), NULL);
	else if (preferences.filters.n > 2 &&
		 json_read(d->a, preferences.filters, &rules, NULL) == 0 && rules->count > 0)
		apply_rules(d, t, rules);
}

/* ---- in the transaction ---- */

/* Where a filter wants it, made when it is not there; INBOX when that cannot be. */
static int open_filtered(struct db_tx *tx, struct mail_target *t, struct mailbox *box)
{
	struct slice name = t->filter.mailbox;
	int rc = HEARTH_ENOTFOUND;

	if (t->filter.trash) {
		name = SLICE("Trash");
		rc = mail_store_mailbox_by_use(tx, t->r.account, MAIL_USE_TRASH, box);
	}
	if (t->filter.junk) {
		name = SLICE("Junk");
		rc = mail_store_mailbox_by_use(tx, t->r.account, MAIL_USE_JUNK, box);
	}
	if (rc == HEARTH_ENOTFOUND)
		rc = mail_store_mailbox(tx, t->r.account, name, box);
	if (rc != HEARTH_ENOTFOUND)
		return rc;
	rc = mail_store_create(tx, t->r.account, name, 0);
	if (rc == 0)
		rc = mail_store_subscribe(tx, t->r.account, name, true);
	if (rc == HEARTH_EIO)
		return rc;
	rc = mail_store_mailbox(tx, t->r.account, name, box);
	return rc == HEARTH_ENOTFOUND ? mail_store_mailbox(tx, t->r.account, SLICE("INBOX"), box)
				      : rc;
}

/* The one for what was sent, where an account has done away with it. */
static int open_by_use(struct db_tx *tx, struct mail_target *t, struct mailbox *box)
{
	int rc = mail_store_mailbox_by_use(tx, t->r.account, t->r.use, box);

	if (rc != HEARTH_ENOTFOUND)
		return rc;
	rc = mail_store_ensure(tx, t->r.account);
	if (rc == 0)
		rc = mail_store_mailbox_by_use(tx, t->r.account, t->r.use, box);
	if (rc != HEARTH_ENOTFOUND)
		return rc;
	rc = mail_store_create(tx, t->r.account, SLICE("Sent"), t->r.use);
	return rc < 0 && rc != HEARTH_EEXIST
		       ? rc
		       : mail_store_mailbox(tx, t->r.account, SLICE("Sent"), box);
}

static bool is_filtered(const struct mail_target *t)
{
	return t->filter.mailbox.n > 0 || t->filter.trash || t->filter.junk;
}

static int open_mailbox(struct db_tx *tx, struct mail_target *t, struct mailbox *box)
{
	INVARIANT(!t->r.use || t->r.use == MAIL_USE_SENT);
	if (t->r.use)
		return open_by_use(tx, t, box);
	if (is_filtered(t))
		return open_filtered(tx, t, box);
	return mail_store_mailbox(
		tx, t->r.account, t->r.mailbox.n ? t->r.mailbox : SLICE("INBOX"), box);
}

/* An account's usual mailboxes are made when one is missed, or a filter makes others. */
static int find_mailbox(struct db_tx *tx, struct mail_target *t, struct mailbox *box)
{
	bool filtered = is_filtered(t);
	int rc = filtered ? HEARTH_ENOTFOUND : open_mailbox(tx, t, box);

	if (rc != HEARTH_ENOTFOUND)
		return rc;
	rc = mail_store_ensure(tx, t->r.account);
	return rc < 0 ? rc : open_mailbox(tx, t, box);
}

/* Durable "mail.delivered", in the transaction: {"account", "mailbox", "message", "from", "to"}. */
static int publish(struct db_tx *tx, const struct mail_delivery *d, const struct mail_target *t)
{
	struct strbuf out = { 0 };
	struct json_writer w;
	char key[24];
	int rc;

	json_writer_init(&w, &out);
	json_open_object(&w);
	json_put_i64(&w, "account", t->r.account);
	json_put_i64(&w, "mailbox", t->mailbox_id);
	json_put_i64(&w, "message", t->r.message);
	json_put_text(&w, "from", d->mail_from);
	json_put_text(&w, "to", t->r.address);
	json_close_object(&w);
	mail_store_event_key(key, t->r.account);
	rc = bus_publish(tx, "mail.delivered", slice_str(key), strbuf_slice(&out));
	strbuf_free(&out);
	return rc;
}

static int file_one(struct db_tx *tx, struct mail_delivery *d, struct mail_target *t)
{
	struct mailbox box;
	bool kept = true;
	int rc = arrives(t) && !t->dropped && !t->r.waits
			 ? mail_forwarding_personal(tx, d, t, &kept)
			 : 0;

	t->r.uid = 0;
	t->r.message = t->mailbox_id = 0;
	if (rc < 0 || !kept || t->dropped || t->r.waits)
		return rc;
	if (d->n + d->remote_n == 1 || t->r.ask_quota)
		rc = mail_store_fits_quota(tx, t->r.account, t->r.quota, t->r.elsewhere,
			(int64_t)(t->content.blob_size + t->content.trace.n +
				  mail_content_extra(&t->content)));
	filter(tx, d, t);
	if (rc == 0)
		rc = find_mailbox(tx, t, &box);
	if (rc == 0)
		rc = mail_store_add(tx, &box, &t->content, t->r.flags | t->filter.flags,
			arrives(t) ? t->filter.keywords : t->r.keywords, d->date, &t->r.uid,
			&t->r.message);
	if (rc == 0) {
		t->r.uidvalidity = box.uidvalidity;
		t->mailbox_id = box.id;
	}
	return rc == 0 && arrives(t) ? publish(tx, d, t) : rc;
}

/* ---- the queue ---- */

/* When it leaves, if not at once: as the sender has said, or has chosen for all they send. */
static int hold(struct db_tx *tx, struct mail_delivery *d, int64_t now, int64_t *until)
{
	struct mail_preferences p;
	int rc = 0;

	*until = d->hold_ms > now ? d->hold_ms : 0;
	if (!d->outgoing.account)
		return 0;
	rc = mail_store_preferences(tx, d->outgoing.account, d->a, &p);
	if (rc == 0 && p.send_delay > 0 && now + p.send_delay * 1000 > *until)
		*until = now + p.send_delay * 1000;
	return rc;
}

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
	return arrives(t) && !t->dropped;
}

static enum mail_queued_archive to_archive(const struct mail_list *list)
{
	return list && list->archived ? MAIL_TO_ARCHIVE : MAIL_NOT_ARCHIVED;
}

/*
 * One who gets it through a group, elsewhere by a negative number: what they get is made when its time has come,
 * as for those who are here (queue/here.c).
 */
static int queue_member(struct db_tx *tx, const struct mail_delivery *d, int64_t outgoing,
	int64_t due_ms, const struct mail_remote *r)
{
	return mail_store_queue_add(tx, outgoing,
		&(struct mail_queued){ .recipient = r->via,
			.domain = mail_domain(d->m),
			.notify = MAIL_NOTIFY_NEVER,
			.due_ms = due_ms,
			.moderated = r->waits,
			.list = r->list->id,
			.list_name = r->list->name,
			.archive = to_archive(r->list),
			.here = -r->member });
}

/* Those who are here, of a mail that waits; the copy its sender keeps is filed at once. */
static int queue_here(struct db_tx *tx, struct mail_delivery *d, int64_t outgoing, int64_t due_ms)
{
	struct slice last = SLICE("");
	int rc = 0;

	for (size_t i = 0; i < d->n && rc == 0; i++) {
		const struct mail_target *t = &d->targets[i];
		const struct report_recipient *owed = find_owed(d, t->r.address);
		struct slice domain = t->r.address;

		if (!is_queued_here(t))
			continue;
		slice_split(&domain, '@');
		rc = mail_store_queue_add(tx, outgoing,
			&(struct mail_queued){ .recipient = t->r.address,
				.domain = domain.n > 0 ? domain : mail_domain(d->m),
				.notify = notify_for(
					owed, t->r.notify, !slice_eq(last, t->r.address)),
				.orcpt = owed ? owed->orcpt : SLICE(""),
				.due_ms = due_ms,
				.moderated = t->r.waits,
				.list = t->r.list ? t->r.list->id : 0,
				.list_name = t->r.list ? t->r.list->name : SLICE(""),
				.archive = to_archive(t->r.list),
				.here = t->r.account });
		last = t->r.address;
	}
	return rc;
}

/*
 * Whom an alias leads to has a mail of their own (forwarding.c), but for one that waits: it is one mail then,
 * which its sender can take back, and its sender is ours.
 */
static bool is_named(const struct mail_remote *r, bool waits)
{
	return !r->dropped && !r->list && (waits || !r->sent_on);
}

static int queue_through_list(struct db_tx *tx, struct mail_delivery *d, int64_t outgoing,
	int64_t until, int64_t due, const struct mail_remote *r)
{
	if (until)
		return queue_member(tx, d, outgoing, due, r);
	/* What a policy calls junk leaves this server for nobody. */
	return r->waits || d->junk ? 0 : mail_forwarding_queue(tx, d, r);
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
		else if (d->remotes[i].list && !d->remotes[i].dropped)
			rc = queue_through_list(tx, d, outgoing, until, due, &d->remotes[i]);
		else if (!d->remotes[i].dropped)
			rc = mail_forwarding_queue(tx, d, &d->remotes[i]);
	return rc;
}

/* Into the queue: for all who are elsewhere, and where it waits for the others, too. */
static int queue_all(struct db_tx *tx, struct mail_delivery *d, int64_t now, int64_t until)
{
	struct mail_outgoing o = d->outgoing;
	int64_t id = 0, due = until ? until : now;
	size_t n = 0, here = 0;
	int rc;

	for (size_t i = 0; i < d->n && until; i++)
		here += is_queued_here(&d->targets[i]);
	for (size_t i = 0; i < d->remote_n; i++) {
		n += is_named(&d->remotes[i], until > 0);
		here += until && d->remotes[i].list && !d->remotes[i].dropped;
	}
	rc = check_sender(tx, d, now, n);
	o.queued_ms = due;
	o.not_before_ms = until;
	o.expires_ms = due + mail_queue_limits(d->m)->expiry_ms;
	for (size_t i = 0; i < d->n; i++)
		if (d->targets[i].r.use)
			o.copy = d->targets[i].r.message;
	for (size_t i = 0; i < d->n && !until; i++)
		o.reached |= arrives(&d->targets[i]);
	if (rc == 0 && n + here > 0)
		rc = mail_store_outgoing_add(tx, &o, &id);
	if (rc == 0)
		rc = queue_named(tx, d, id, until, due);
	return rc == 0 && until ? queue_here(tx, d, id, due) : rc;
}

/* The mail of its own that those who wait for an owner have in the queue, made with the first of them. */
static int open_waiting(struct db_tx *tx, struct mail_delivery *d, const struct mail_list *list,
	int64_t now, int64_t *id)
{
	struct mail_outgoing o = d->outgoing;
	int rc = *id ? 0 : mail_store_moderated_room(tx, list->id);

	if (*id || rc < 0)
		return rc;
	o.account = o.not_before_ms = o.copy = 0;
	/* Sealed now, for those elsewhere: later nothing is known of how it came. */
	o.content.trace = slice_str(arena_printf(d->a, "%.*s%.*s%.*s", SLICE_ARG(d->seal),
		SLICE_ARG(d->checked), SLICE_ARG(d->received)));
	o.queued_ms = now;
	o.expires_ms = now + mail_queue_limits(d->m)->expiry_ms;
	return mail_store_outgoing_add(tx, &o, id);
}

/*
 * For the members of a group whose owners are to say yes first: a row each, which is held. A mail of its own,
 * of which nobody is told what became.
 */
static int queue_waiting(struct db_tx *tx, struct mail_delivery *d, int64_t now)
{
	int64_t id = 0;
	int rc = 0;

	for (size_t i = 0; i < d->n && rc == 0; i++) {
		const struct mail_target *t = &d->targets[i];
		struct slice domain = t->r.address;

		if (!t->r.waits || t->dropped)
			continue;
		rc = open_waiting(tx, d, t->r.list, now, &id);
		slice_split(&domain, '@');
		if (rc == 0)
			rc = mail_store_queue_add(tx, id,
				&(struct mail_queued){ .recipient = t->r.address,
					.domain = domain,
					.notify = MAIL_NOTIFY_NEVER,
					.due_ms = now,
					.moderated = true,
					.list = t->r.list->id,
					.list_name = t->r.list->name,
					.archive = to_archive(t->r.list),
					.here = t->r.account });
	}
	for (size_t i = 0; i < d->remote_n && rc == 0; i++) {
		const struct mail_remote *r = &d->remotes[i];

		if (!r->waits || r->dropped)
			continue;
		rc = open_waiting(tx, d, r->list, now, &id);
		if (rc == 0)
			rc = queue_member(tx, d, id, now, r);
	}
	d->tells_owners = false;
	if (rc < 0 || id == 0 || d->owners.n == 0)
		return rc;
	rc = mail_store_forwarded(tx, d->waits_for, now, 1);
	d->tells_owners = rc == 0;
	return rc == HEARTH_EDENIED ? 0 : rc;
}

int mail_delivery_file(struct db_tx *tx, void *delivery)
{
	struct mail_delivery *d = delivery;
	int64_t now = clock_wall_ms(), until;
	int rc = hold(tx, d, now, &until);

	INVARIANT(db_tx_writes(tx));
	INVARIANT(d->done && d->status == 0 && d->key[0] != '\0'); /* it was prepared */
	d->held = until != 0;
	for (size_t i = 0; i < d->n && rc == 0; i++)
		if (!until || !arrives(&d->targets[i]))
			rc = file_one(tx, d, &d->targets[i]);
	if (rc == 0 && !until && !d->junk)
		rc = mail_delivery_archive(tx, d);
	if (rc == 0 && (d->remote_n > 0 || until))
		rc = queue_all(tx, d, now, until);
	if (rc == 0 && !until)
		rc = queue_waiting(tx, d, now);
	for (size_t i = 0; i < d->bounced_n && rc == 0; i++)
		rc = list_bounce_publish(tx, d->bounced[i].group, d->bounced[i].member, d->bounce,
			slice_str(d->bounce_status));
	if (rc == 0 && d->gate)
		rc = mail_gate_record(tx, d->gate);
	if (rc == 0)
		rc = reports_keep(tx, d->reports);
	if (rc == 0 && d->also)
		rc = d->also(tx, d->also_arg);
	return rc;
}
