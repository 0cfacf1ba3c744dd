/*
 * delivery/admit_back.c: addresses of ours by which what was sent on comes back (admit.h):
 *
 *   by who sent it on (address/srs.h) ──▶ to who wrote the mail
 *   of a group's mail to a member elsewhere (address/verp.h) ──▶ counted for them (list/bounce.h)
 *
 * On the loop.
 */
#include "address/back.h"
#include "address/verp.h"
#include "delivery/admit.h"
#include "hearth/clock.h"

const struct smtp_reply mail_unknown = { 550, "5.1.1", "no such mailbox", false };
const struct smtp_reply mail_nameless = { 550, "5.3.5",
	"this server has no name on the internet ([server] hostname), and so sends no mail "
	"elsewhere",
	false };
static const struct smtp_reply ok = { 250, "2.1.5", "recipient ok", false };
static const struct smtp_reply reports_alone = { 550, "5.7.1",
	"only reports come back by this address", false };

/*
 * A report on its way back to who wrote what was sent on from here. Reports alone: the address opens no
 * other way out.
 */
static const struct smtp_reply *bring_back(const struct mail_admission *a)
{
	char sender[SRS_ADDRESS_MAX + 1];

	if (mail_back(a->m, a->address, sender) < 0)
		return &mail_unknown;
	if (!a->is_report)
		return &reports_alone;
	if (!mail_sends_elsewhere(a->m))
		return &mail_nameless;
	mail_delivery_send(a->delivery, &(struct mail_remote){ .address = slice_str(sender),
						.domain = slice_str(strrchr(sender, '@') + 1),
						.sent_on = true });
	return &ok;
}

static bool is_for_member(const struct mail_admission *a)
{
	struct slice domain = a->address, local = slice_split(&domain, '@');

	return verp_is(local) && slice_ieq(domain, mail_domain(a->m));
}

/* The same of a group's mail to a member elsewhere, for whom it is counted. */
static const struct smtp_reply *count_bounce(const struct mail_admission *a)
{
	struct slice local = a->address;
	int64_t group, member;

	local = slice_split(&local, '@');
	if (!a->m->has_srs_key ||
		verp_read(a->m->verp_key, local, clock_wall_s(), &group, &member) < 0)
		return &mail_unknown;
	if (!a->is_report)
		return &reports_alone;
	mail_delivery_bounce(a->delivery, group, member);
	return &ok;
}

const struct smtp_reply *mail_admit_back(const struct mail_admission *a)
{
	if (mail_comes_back(a->m, a->address))
		return bring_back(a);
	return is_for_member(a) ? count_bounce(a) : NULL;
}
