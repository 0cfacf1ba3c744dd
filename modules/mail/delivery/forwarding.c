/*
 * delivery/forwarding.c: mail that is sent on to somebody elsewhere: because an alias leads there, or
 * because its recipient wants it (store/forward.h). Part of the transaction that is the delivery
 * (internal.h), so that the 250 stands for it, too.
 *
 * The envelope's sender becomes an address of ours that leads back (address/srs.h), so that SPF holds; what
 * cannot be rewritten goes out from "<>". "Delivered-To" with the address that sends on stands in front: what
 * has it already has been here, and is not sent on again (looped.c). A failure is told only to a
 * sender who was proven by SPF or wrote here: others may never have written it. Of what nobody checked
 * ([mail] trusted, dmarc=off) a copy stays with who wants it sent on. What a policy calls junk, and
 * what is beyond `[mail] forward_per_hour`, is not sent on where it can stay here.
 *
 * The seal on a worker, the rows in the transaction, on the writer.
 */
#include <stdio.h>

#include "address/srs.h"
#include "address/verp.h"
#include "delivery/internal.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "list/bounce.h"
#include "queue/queue.h"
#include "sign/keys.h"
#include "store/forward.h"
#include "store/moderated.h"
#include "store/suppressed.h"

#define LIST_KEY 64

/* ---- ARC, or the signature of who wrote it here; on a worker ---- */

void mail_forwarding_seal(struct mail_delivery *d, struct slice message)
{
	struct strbuf out = { 0 };

	/* With somebody elsewhere among its recipients it has been signed (prepare.c). */
	if (d->signs && d->remote_n == 0)
		mail_keys_sign(d->m->keys, d->a, message, 0, &out);
	if (d->gate && d->m->keys)
		mail_keys_seal(d->m->keys, d->a, message, d->checked,
			mail_gate_verdict(d->gate)->chain, &out);
	d->seal = arena_slice(d->a, strbuf_slice(&out));
	d->sealed = true;
	strbuf_free(&out);
}

/* ---- one mail sent on; in the transaction ---- */

/* Who sent it was logged in here. */
static bool is_ours(const struct mail_delivery *d)
{
	return d->outgoing.account > 0 || d->waited;
}

/* Whether a failure there is told to its sender. */
static bool is_known(const struct mail_delivery *d)
{
	return is_ours(d) || (d->gate && mail_gate_verdict(d->gate)->sender_proven);
}

/* Local senders stay as they are: this server may send for its own domains. */
static struct slice rewrite(struct mail_delivery *d)
{
	struct slice domain = d->mail_from;
	char out[SRS_ADDRESS_MAX + 1];

	slice_split(&domain, '@');
	if (d->mail_from.n == 0 || is_ours(d) || mail_domain_is_local(d->m, domain))
		return d->mail_from;
	if (!d->m->has_srs_key || srs_forward(d->m->srs_key, clock_wall_s(), d->mail_from,
					  mail_domain(d->m), out) < 0)
		return SLICE("");
	return arena_slice(d->a, slice_str(out));
}

/* Of a member elsewhere of a group: where what cannot be delivered is counted for them. */
static struct slice sender_for(struct mail_delivery *d, const struct mail_remote *r)
{
	char local[VERP_LOCAL_MAX + 1];

	if (!d->m->has_srs_key)
		return SLICE("");
	verp_write(d->m->verp_key, r->list->id, r->member, clock_wall_s(), local);
	return slice_str(arena_printf(d->a, "%s@%.*s", local, SLICE_ARG(mail_domain(d->m))));
}

/* What a member elsewhere gets: as the group changes it, or as it came, with their signature in front. */
static struct mail_content list_content(struct mail_delivery *d, const struct mail_remote *r)
{
	const struct mail_variant *v = r->variant;
	struct mail_content content = v ? v->content : d->outgoing.content;
	struct slice author = v || d->listed ? SLICE("") : d->signature;

	content.trace = slice_str(arena_printf(d->a, "%.*s%.*s%.*sDelivered-To: %.*s\r\n%.*s%.*s",
		SLICE_ARG(r->signature), SLICE_ARG(author), SLICE_ARG(v ? v->seal : d->seal),
		SLICE_ARG(r->via), SLICE_ARG(d->received), SLICE_ARG(r->fields)));
	return content;
}

/* `fields`: of the list it came through here; empty: it came through none. Of a member elsewhere `r` says more. */
static int send_on(struct db_tx *tx, struct mail_delivery *d, struct slice via, struct slice fields,
	struct slice to, const struct mail_remote *r)
{
	const struct mail_queue_limits *limits = mail_queue_limits(d->m);
	struct mail_outgoing o = d->outgoing;
	struct slice domain = to;
	int64_t id = 0, now = clock_wall_ms();
	int rc;

	slice_split(&domain, '@');
	o.mail_from = r && r->list ? sender_for(d, r) : via.n > 0 ? rewrite(d) : d->mail_from;
	if (r && r->list)
		o.content = list_content(d, r);
	else if (via.n > 0)
		o.content.trace = slice_str(arena_printf(d->a, "%.*sDelivered-To: %.*s\r\n%.*s%.*s",
			SLICE_ARG(d->seal), SLICE_ARG(via), SLICE_ARG(d->outgoing.content.trace),
			SLICE_ARG(fields)));
	o.account = 0;
	o.envid = SLICE("");
	o.ret = MAIL_RET_HDRS;
	o.queued_ms = now;
	o.expires_ms = now + limits->expiry_ms;
	rc = mail_store_outgoing_add(tx, &o, &id);
	if (rc < 0)
		return rc;
	return mail_store_queue_add(tx, id,
		&(struct mail_queued){ .recipient = to,
			.domain = domain,
			.notify = is_known(d) && !(r && r->list) ? 0 : MAIL_NOTIFY_NEVER,
			.orcpt = SLICE(""),
			.due_ms = now,
			.list = r && r->list ? r->list->id : 0,
			.list_name = r && r->list ? r->list->name : SLICE(""),
			.member = r ? r->member : 0 });
}

static void list_key(const struct mail_list *list, char key[LIST_KEY])
{
	snprintf(key, LIST_KEY, "through the group %lld%s", (long long)list->id,
		list->vouched ? "" : ", of others");
}

/* The first of those who get it through one group. */
static bool is_first_of_list(const struct mail_delivery *d, const struct mail_remote *r)
{
	return r->group && r == &d->remotes[r->group->first_elsewhere];
}

/* What is bounded within the hour: an address elsewhere; and of a group mails, however many members they go to. */
static int count(struct db_tx *tx, const struct mail_delivery *d, const struct mail_remote *r)
{
	char key[LIST_KEY];

	if (!r->list)
		return mail_store_forwarded(
			tx, r->address, clock_wall_ms(), d->m->forward_per_hour);
	if (!is_first_of_list(d, r) || r->list->counted)
		return 0;
	list_key(r->list, key);
	return mail_store_forwarded(tx, slice_str(key), clock_wall_ms(), d->m->forward_per_hour);
}

int mail_delivery_list_may(struct db_tx *tx, const struct mail *m, const struct mail_list *list)
{
	char key[LIST_KEY];

	if (list->counted)
		return 0;
	list_key(list, key);
	return mail_store_forwarded_full(tx, slice_str(key), clock_wall_ms(), m->forward_per_hour);
}

/* Whether it would go out now, and not when its time has come. */
static bool goes_out(const struct mail_delivery *d)
{
	return !d->junk && d->hold_ms <= clock_wall_ms();
}

static int look_at_groups(struct db_tx *tx, void *arg)
{
	const struct mail_delivery *d = arg;
	bool now = goes_out(d);
	int rc = 0;

	for (size_t i = 0; i < d->group_n && rc == 0; i++) {
		const struct mail_group *g = d->groups[i];

		if (mail_group_asks(g))
			rc = mail_store_moderated_room(tx, g->list.id);
		else if (now && !g->list.waits && g->elsewhere > 0)
			rc = mail_delivery_list_may(tx, d->m, &g->list);
	}
	return rc;
}

int mail_forwarding_may(struct mail_delivery *d)
{
	bool any = false;
	int rc;

	for (size_t i = 0; i < d->group_n; i++)
		any = any || mail_group_asks(d->groups[i]) || d->groups[i]->elsewhere > 0;
	rc = any ? db_read_wait(d->m->db, look_at_groups, d) : 0;
	return rc == HEARTH_EDENIED ? HEARTH_EBUSY : rc;
}

/*
 * A member elsewhere whose server said for good that nobody is there (store/suppressed.h): nothing goes there for
 * now, and that counts as one more that came back.
 */
static int send_to_member(struct db_tx *tx, struct mail_delivery *d, const struct mail_remote *r)
{
	struct mail_suppressed found;
	int rc = mail_store_suppressed(tx, r->address, clock_wall_ms(), d->a, &found);

	if (rc == 0)
		return list_bounce_publish(
			tx, r->list->id, r->member, LIST_BOUNCE_HARD, SLICE("5.1.1"));
	return rc == HEARTH_ENOTFOUND ? send_on(tx, d, r->via, r->fields, r->address, r) : rc;
}

int mail_forwarding_queue(struct db_tx *tx, struct mail_delivery *d, const struct mail_remote *r)
{
	int rc = count(tx, d, r);

	/* It is nobody's limit of sending: whoever brings it comes again. */
	if (rc == HEARTH_EDENIED)
		rc = HEARTH_EBUSY;
	if (rc < 0)
		return rc;
	return r->list ? send_to_member(tx, d, r)
		       : send_on(tx, d, r->via, r->fields, r->address, r);
}

/* Nobody would be told that it failed there, and nobody looked at who sent it: a copy stays. */
static bool is_unchecked(const struct mail_delivery *d)
{
	return !d->gate && !is_known(d) && d->mail_from.n > 0;
}

int mail_forwarding_personal(
	struct db_tx *tx, struct mail_delivery *d, struct mail_target *t, bool *keep)
{
	struct mail_forward f;
	int rc = mail_store_forward(tx, t->r.account, &f);

	*keep = true;
	t->forwarded = (struct slice){ 0 };
	t->kept_why = NULL;
	if (rc < 0 || !f.confirmed)
		return rc == HEARTH_ENOTFOUND ? 0 : rc;
	if (d->junk || t->looped || !mail_sends_elsewhere(d->m)) {
		t->kept_why = d->junk ? "junk" : t->looped ? "a loop" : "no name on the internet";
		return 0;
	}
	if (!d->sealed && (d->gate || d->signs)) {
		d->wants_seal = true;
		return HEARTH_EBUSY;
	}
	rc = mail_store_forwarded(
		tx, slice_str(f.address), clock_wall_ms(), d->m->forward_per_hour);
	if (rc < 0) {
		t->kept_why = "too many within the hour";
		return rc == HEARTH_EDENIED ? 0 : rc;
	}
	rc = send_on(
		tx, d, t->r.address, t->list_fields, arena_slice(d->a, slice_str(f.address)), NULL);
	if (rc < 0)
		return rc;
	t->forwarded = arena_slice(d->a, slice_str(strrchr(f.address, '@') + 1));
	*keep = f.keep || is_unchecked(d);
	return 0;
}
