/*
 * admit.c: from an address to those who get the mail (admit.h).
 *
 *   here ──▶ whom does it reach? (accounts) ──▶ is there room? (admit_quota.c) ──▶ added, 250
 *   elsewhere ──▶ added for the queue, at once, for who is logged in; else refused
 *
 * On the loop. The accounts of one delivery are bounded by TARGETS_MAX; its addresses by who asks.
 */
#include "delivery/admit.h"

#include <stdio.h>
#include <stdlib.h>

#include "hearth/error.h"
#include "hearth/log.h"
#include "hearth/room.h"
#include "store/outgoing.h"

#define TARGETS_MAX 2000 /* accounts of one delivery, whatever groups they come from */

static const struct smtp_reply ok = { 250, "2.1.5", "recipient ok", false };
static const struct smtp_reply full = { 452, "4.2.2", "the mailbox is full", false };
static const struct smtp_reply member_full = { 452, "4.2.2", "the mailbox of a member is full",
	false };
static const struct smtp_reply not_now = { 451, "4.3.0", "cannot look the recipient up now",
	false };
static const struct smtp_reply many = { 452, "4.5.3", "too many recipients", false };
static const struct smtp_reply unknown = { 550, "5.1.1", "no such mailbox", false };
static const struct smtp_reply disk = { 452, "4.3.1", "the server's disk is full; try again later",
	false };
static const struct smtp_reply not_here = { 550, "5.7.1", "mail for this domain is not taken here",
	false };
static const struct smtp_reply nameless = { 550, "5.3.5",
	"this server has no name on the internet ([server] hostname), and so sends no mail "
	"elsewhere",
	false };

bool mail_may_write_as(const struct account *account, const struct smtp_address *from)
{
	struct slice own = slice_str(account->address);
	struct slice local = slice_split(&own, '@');
	struct slice plus = from->local;

	if (from->text.n == 0)
		return true;
	return slice_ieq(from->domain, own) && slice_ieq(slice_split(&plus, '+'), local);
}

/* A recipient that is being looked up. */
struct question {
	struct mail *m;
	struct mail_delivery *delivery;
	char address[SMTP_ADDRESS_MAX + 2];
	int64_t size;
	bool owed; /* success is to be told, by this name: */
	char *orcpt;
	mail_admitted_fn *done;
	void *arg;
};

static void answer(struct question *q, const struct smtp_reply *reply)
{
	q->done(q->arg, reply);
	free(q->orcpt);
	free(q);
}

/* A recipient named twice, or in two groups, gets the message once. */
static void add(struct question *q, const struct account *accounts, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!mail_delivery_has(q->delivery, accounts[i].id))
			mail_delivery_add(
				q->delivery, &(struct mail_recipient){ .account = accounts[i].id,
						     .address = slice_str(q->address),
						     .quota = accounts[i].quota,
						     .elsewhere = accounts[i].elsewhere });
}

static void on_room(void *arg, int status, const struct account *accounts, size_t n, int64_t group)
{
	struct question *q = arg;
	size_t before = mail_delivery_count(q->delivery);

	INVARIANT(status < 0 || n > 0);
	if (status == HEARTH_ETOOBIG) {
		answer(q, group ? &member_full : &full);
	} else if (status < 0) {
		answer(q, &not_now);
	} else if (before > 0 && before + n > TARGETS_MAX) {
		answer(q, &many);
	} else {
		add(q, accounts, n);
		if (q->owed)
			mail_delivery_owe(q->delivery, slice_str(q->address), slice_str(q->orcpt),
				group != 0);
		answer(q, &ok);
	}
}

static void on_reached(
	void *arg, int status, const struct account *accounts, size_t n, int64_t group)
{
	struct question *q = arg;

	if (status == 0)
		mail_ask_room(q->m, q->size, accounts, n, group, on_room, q);
	else
		answer(q, status == HEARTH_ENOTFOUND ? &unknown : &not_now);
}

/* Somebody at another server: into the queue, with the message. */
static const struct smtp_reply *send_elsewhere(const struct mail_admission *a)
{
	char domain[SMTP_DOMAIN_MAX + 1];

	if (!mail_sends_elsewhere(a->m))
		return &nameless;
	snprintf(domain, sizeof(domain), "%.*s", SLICE_ARG(a->domain));
	for (char *c = domain; *c; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c + ('a' - 'A'));
	mail_delivery_send(a->delivery, &(struct mail_remote){ .address = a->address,
						.domain = slice_str(domain),
						.notify = a->notify,
						.orcpt = a->orcpt });
	return &ok;
}

const struct smtp_reply *mail_admit(
	const struct mail_admission *a, mail_admitted_fn *done, void *arg)
{
	struct question *q;

	INVARIANT(a->delivery && a->address.n > 0 && a->address.n <= SMTP_ADDRESS_MAX);
	if (!room_left())
		return &disk;
	if (a->domain.n > 0 && !mail_domain_is_local(a->m, a->domain))
		return a->sender ? send_elsewhere(a) : &not_here;
	q = mem_zalloc(sizeof(*q));
	*q = (struct question){
		.m = a->m, .delivery = a->delivery, .size = a->size, .done = done, .arg = arg
	};
	q->owed = a->sender && a->notify & MAIL_NOTIFY_SUCCESS;
	q->orcpt = mem_strdup(a->orcpt);
	snprintf(q->address, sizeof(q->address), "%.*s", SLICE_ARG(a->address));
	a->m->accounts->reached_by(a->m->accounts->self, slice_str(q->address), on_reached, q);
	return NULL;
}
