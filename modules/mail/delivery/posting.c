/*
 * delivery/posting.c: members elsewhere who write to a group that is not open to anybody. They have no log-in
 * here: what knows them is a From that is proven (verify/gate.h), at the end of the message.
 *
 *	RCPT  may others write? ─┬ never (owners alone) ──▶ 550 (admit.c)
 *	                         ├ members ──▶ taken, alone in its transaction, and decided at the end
 *	                         └ moderated ──▶ it waits
 *	end   who wrote is a member elsewhere ──▶ nothing waits; else: 550, or it waits; 451 while the DNS
 *	      does not tell
 *
 * On the loop; linear in the recipients, for each group that the author is in.
 */
#include "delivery/internal.h"
#include "hearth/error.h"
#include "hearth/log.h"

void mail_delivery_members_only(struct mail_delivery *d, int64_t group)
{
	INVARIANT(group > 0 && !d->done && d->members_only == 0);
	d->members_only = group;
}

bool mail_delivery_is_members_only(const struct mail_delivery *d)
{
	return d->members_only > 0;
}

/* Nobody waits for its owners any more. */
static void let_go(struct mail_delivery *d, int64_t group)
{
	for (size_t i = 0; i < d->group_n; i++)
		if (d->groups[i]->list.id == group)
			d->groups[i]->list.waits = false;
}

/* Whether a row is theirs, in a group where who is proven may write. */
static bool is_theirs(const struct mail_remote *r, struct slice author)
{
	return r->member && r->list->by_proof && slice_ieq(r->address, author);
}

int mail_delivery_decide_posting(struct mail_delivery *d, const struct mail_gate_verdict *v)
{
	bool may = d->members_only == 0, later = false;

	for (size_t i = 0; i < d->remote_n; i++) {
		const struct mail_remote *r = &d->remotes[i];

		if (v->proven_author.n > 0 && is_theirs(r, v->proven_author)) {
			may = may || r->list->id == d->members_only;
			let_go(d, r->list->id);
		} else if (v->unsure_author.n > 0 && is_theirs(r, v->unsure_author)) {
			later = later || r->list->id == d->members_only;
		}
	}
	return may ? 0 : later ? HEARTH_ETIMEOUT : HEARTH_EUNSUPPORTED;
}
