/*
 * delivery/receipt.c: the report of success that somebody asked for whom a recipient here was named to
 * (RFC 3461 NOTIFY=SUCCESS): "delivered", or "expanded" for a group. On the loop; as many recipients as the
 * session lets name.
 *
 * It goes to who is logged in alone: another server is not offered DSN, so it reports by itself that it has
 * handed the mail on, and nobody's forged sender is written to. It is filed behind the mail and before its
 * 250: a kill in between is to the client a mail without an answer, which it sends again.
 */
#include "delivery/internal.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "queue/report.h"

void mail_delivery_owe(
	struct mail_delivery *d, struct slice address, struct slice orcpt, bool to_group)
{
	INVARIANT(address.n > 0 && !d->done);
	if (d->owed_n == d->owed_cap) {
		d->owed_cap = d->owed_cap ? 2 * d->owed_cap : 4;
		d->owed = mem_realloc(d->owed, d->owed_cap * sizeof(*d->owed));
	}
	d->owed[d->owed_n++] = (struct report_recipient){ .address = arena_slice(d->a, address),
		.orcpt = arena_slice(d->a, orcpt),
		.action = to_group ? REPORT_EXPANDED : REPORT_DELIVERED,
		.enhanced = "" };
}

bool mail_delivery_owes(const struct mail_delivery *d)
{
	return d->owed_n > 0 && d->outgoing.account > 0 && d->mail_from.n > 0;
}

void mail_delivery_receipt(struct mail_delivery *d, mail_delivered_fn *done)
{
	struct mail_delivery *r = mail_delivery_new(d->m);
	struct strbuf text = { 0 };
	int64_t now = clock_wall_s();

	INVARIANT(mail_delivery_owes(d));
	report_write(&text, &(struct report){ .hostname = hearth_hostname(d->m->h),
				    .now_s = now,
				    .to = d->mail_from,
				    .envid = d->outgoing.envid,
				    .arrived_s = now,
				    .until_s = now,
				    .host = "",
				    .message = d->outgoing.content.header,
				    .recipients = d->owed,
				    .count = d->owed_n });
	mail_delivery_add(r, &(struct mail_recipient){
				     .account = d->outgoing.account, .address = d->mail_from });
	if (d->outgoing.tls == MAIL_TLS_REQUIRED)
		mail_delivery_require_tls(r);
	mail_delivery_write(r, strbuf_slice(&text));
	strbuf_free(&text);
	mail_delivery_finish(&r, done, d);
}
