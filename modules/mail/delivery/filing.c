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
#include "store/internal.h"

/* ---- filters ---- */

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
	if (!mail_target_arrives(t))
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
	bool kept = true, waits = mail_group_waits(t->group);
	int rc = mail_target_arrives(t) && !t->dropped && !waits
			 ? mail_forwarding_personal(tx, d, t, &kept)
			 : 0;

	t->r.uid = 0;
	t->r.message = t->mailbox_id = 0;
	if (rc < 0 || !kept || t->dropped || waits)
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
			mail_target_arrives(t) ? t->filter.keywords : t->r.keywords, d->date,
			&t->r.uid, &t->r.message);
	if (rc == 0) {
		t->r.uidvalidity = box.uidvalidity;
		t->mailbox_id = box.id;
	}
	return rc == 0 && mail_target_arrives(t) ? publish(tx, d, t) : rc;
}

/* ---- all of it ---- */

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

int mail_delivery_file(struct db_tx *tx, void *delivery)
{
	struct mail_delivery *d = delivery;
	int64_t now = clock_wall_ms(), until;
	int rc = hold(tx, d, now, &until);

	INVARIANT(db_tx_writes(tx));
	INVARIANT(d->done && d->status == 0 && d->key[0] != '\0'); /* it was prepared */
	d->held = until != 0;
	for (size_t i = 0; i < d->n && rc == 0; i++)
		if (!until || !mail_target_arrives(&d->targets[i]))
			rc = file_one(tx, d, &d->targets[i]);
	if (rc == 0 && !until && !d->junk)
		rc = mail_delivery_archive(tx, d);
	if (rc == 0)
		rc = mail_delivery_ask_owners(tx, d, now);
	if (rc == 0 && (d->remote_n > 0 || until))
		rc = mail_delivery_queue(tx, d, now, until);
	if (rc == 0 && !until)
		rc = mail_delivery_queue_waiting(tx, d, now);
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
