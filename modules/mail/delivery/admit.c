/*
 * admit.c: from an address to those who get the mail (admit.h).
 *
 *   whom does it reach? (accounts) ─┬ ours ──▶ is there room? (admit_quota.c) ──▶ added, 250
 *                                   ├ an alias that leads elsewhere ──▶ sent on (forwarding.c)
 *                                   └ no domain of ours ──▶ for who is logged in, and unless its server
 *                                                           said that nobody is there, to the queue; else 550
 *   an address that a report comes back by ──▶ admit_back.c
 *   a group that others may not write to ──▶ 550, or decided at the end of the mail (posting.c)
 *
 * On the loop. The accounts of one delivery are bounded by ACCOUNTS_REACHED_MAX; its addresses by who
 * asks.
 */
#include "delivery/admit.h"

#include <stdio.h>
#include <stdlib.h>

#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "hearth/room.h"
#include "mime/date.h"
#include "smtp/smtp_idn.h"
#include "store/moderated.h"
#include "store/suppressed.h"

static const struct smtp_reply ok = { 250, "2.1.5", "recipient ok", false };
static const struct smtp_reply full = { 452, "4.2.2", "the mailbox is full", false };
static const struct smtp_reply member_full = { 452, "4.2.2", "the mailbox of a member is full",
	false };
static const struct smtp_reply not_now = { 451, "4.3.0", "cannot look the recipient up now",
	false };
static const struct smtp_reply crowded = { 452, "4.2.2",
	"too many mails wait for the owners of this group", false };
static const struct smtp_reply many = { 452, "4.5.3", "too many recipients", false };
static const struct smtp_reply expands = { 550, "5.2.4", "this address leads to too many", false };
static const struct smtp_reply members_only = { 550, "5.7.1",
	"only members, or owners, who are logged in may write to this group", false };
static const struct smtp_reply alone = { 452, "4.5.3",
	"who may write to this group is decided with the message: nobody else beside it", false };
static const struct smtp_reply disk = { 452, "4.3.1", "the server's disk is full; try again later",
	false };
static const struct smtp_reply not_here = { 550, "5.7.1", "mail for this domain is not taken here",
	false };
static const struct smtp_reply no_name = { 553, "5.1.2", "the domain is no name of the internet",
	false };

/* A recipient that is being looked up. */
struct question {
	struct mail *m;
	struct mail_delivery *delivery;
	char address[SMTP_ADDRESS_MAX + 2];
	char domain[SMTP_DOMAIN_MAX + 1]; /* as the DNS knows it */
	bool known;                       /* the sender is logged in */
	unsigned notify;
	char *orcpt;           /* owned */
	struct strbuf remotes; /* addresses elsewhere that it leads to, a line each */
	size_t remote_n;
	struct mail_list *lists; /* the groups, in `a` */
	size_t list_n;
	struct accounts_subscriber *subscribers; /* their members elsewhere, in `a` */
	size_t subscriber_n;
	bool checked;             /* who wrote it may be known at its end */
	int64_t members_only;     /* a group that is decided on then; 0 */
	bool waits;               /* in one of them */
	struct account *accounts; /* … while it is looked whether there is room, in `a` */
	size_t account_n;
	int64_t writer; /* who is logged in; 0: nobody */
	int64_t size;
	bool owed;    /* success is to be told, by `orcpt`: … */
	bool grouped; /* … that it went to several */
	struct arena *a;
	struct mail_suppressed suppressed; /* in `a` */
	mail_admitted_fn *done;
	void *arg;
};

static void answer(struct question *q, const struct smtp_reply *reply)
{
	q->done(q->arg, reply);
	free(q->orcpt);
	strbuf_free(&q->remotes);
	arena_free(&q->a);
	free(q);
}

static const struct mail_list *list_of(const struct question *q, int64_t group)
{
	for (size_t i = 0; i < q->list_n; i++)
		if (q->lists[i].id == group)
			return &q->lists[i];
	return NULL;
}

/* Who is named twice, or in two groups, gets the message once: which way is best, the delivery knows. */
static void add(struct question *q, const struct account *accounts, size_t n)
{
	for (size_t i = 0; i < n; i++)
		mail_delivery_add(q->delivery, &(struct mail_recipient){ .account = accounts[i].id,
						       .address = slice_str(q->address),
						       .list = list_of(q, accounts[i].through),
						       .notify = q->notify,
						       .quota = accounts[i].quota,
						       .elsewhere = accounts[i].elsewhere });
}

static void send_to_subscribers(struct question *q)
{
	for (size_t i = 0; i < q->subscriber_n; i++) {
		const struct accounts_subscriber *s = &q->subscribers[i];
		struct slice address = slice_str(s->address), domain = address;

		slice_split(&domain, '@');
		mail_delivery_send(q->delivery, &(struct mail_remote){ .address = address,
							.domain = domain,
							.sent_on = true,
							.via = slice_str(q->address),
							.list = list_of(q, s->group),
							.member = s->id });
	}
}

/* An alias may lead elsewhere, too: there the mail is sent on, for whoever wrote it. */
static void take(struct question *q)
{
	struct slice rest = strbuf_slice(&q->remotes);

	for (size_t i = 0; i < q->list_n; i++)
		mail_delivery_through(q->delivery, &q->lists[i], slice_str(q->address));
	for (size_t i = 0; i < q->remote_n; i++) {
		struct slice address = slice_split(&rest, '\n'), domain = address;

		slice_split(&domain, '@');
		mail_delivery_send(q->delivery, &(struct mail_remote){ .address = address,
							.domain = domain,
							.sent_on = true,
							.via = slice_str(q->address) });
	}
	send_to_subscribers(q);
	if (q->members_only)
		mail_delivery_members_only(q->delivery, q->members_only);
	if (q->owed && (q->grouped || q->subscriber_n > 0))
		mail_delivery_owe(q->delivery, slice_str(q->address), slice_str(q->orcpt), true);
	answer(q, &ok);
}

static void on_room(void *arg, int status, const struct account *accounts, size_t n)
{
	struct question *q = arg;
	size_t before = mail_delivery_count(q->delivery);

	INVARIANT(status < 0 || n > 0);
	if (status == HEARTH_ETOOBIG) {
		answer(q, n > 1 ? &member_full : &full);
	} else if (status < 0) {
		answer(q, &not_now);
	} else if (before > 0 && before + n > ACCOUNTS_REACHED_MAX) {
		answer(q, &many);
	} else {
		add(q, accounts, n);
		q->grouped = n > 1 || accounts->through != 0;
		if (q->owed && !q->grouped && q->subscriber_n == 0)
			mail_delivery_owe(
				q->delivery, slice_str(q->address), slice_str(q->orcpt), false);
		take(q);
	}
}

/* ---- at another server ---- */

static int read_suppressed(struct db_tx *tx, void *arg)
{
	struct question *q = arg;

	return mail_store_suppressed(
		tx, slice_str(q->address), clock_wall_ms(), q->a, &q->suppressed);
}

/* Its server said that nobody is there, and that still counts (store/suppressed.h). */
static void say_suppressed(struct question *q)
{
	struct strbuf text = { 0 };
	struct smtp_reply reply = { 550, "5.1.1", NULL, false };

	strbuf_adds(&text, "its server said ");
	mime_date_write(&text, q->suppressed.since_ms / 1000);
	strbuf_adds(&text, " that nobody is there; mail to it is taken again from ");
	mime_date_write(&text, q->suppressed.until_ms / 1000);
	strbuf_adds(&text, ", or when an administrator says so (hearth queue suppressed)");
	reply.text = text.p;
	answer(q, &reply);
	strbuf_free(&text);
}

static void on_suppressed(void *arg, int status)
{
	struct question *q = arg;

	if (status == 0) {
		say_suppressed(q);
	} else if (status != HEARTH_ENOTFOUND) {
		answer(q, &not_now);
	} else {
		mail_delivery_send(
			q->delivery, &(struct mail_remote){ .address = slice_str(q->address),
					     .domain = slice_str(q->domain),
					     .notify = q->notify,
					     .orcpt = slice_str(q->orcpt) });
		answer(q, &ok);
	}
}

/* Into the queue, with the message. Only who is logged in may. */
static void send_elsewhere(struct question *q)
{
	if (!q->known) {
		answer(q, &not_here);
		return;
	}
	if (!mail_sends_elsewhere(q->m)) {
		answer(q, &mail_nameless);
		return;
	}
	q->a = arena_new();
	if (db_read(q->m->db, read_suppressed, on_suppressed, q) < 0)
		answer(q, &not_now);
}

/* Whether a member elsewhere may be known by their From: of one group alone, and that has some. */
static bool knows_by_proof(const struct question *q, const struct accounts_reached *reached)
{
	return q->checked && reached->group_n == 1 && reached->remote_n == 0 &&
	       reached->subscriber_n > 0 && mail_sends_elsewhere(q->m);
}

/* The groups, for what their mail says; false: the writer may not write to one of them. */
static bool note_lists(struct question *q, const struct accounts_reached *reached)
{
	bool may = true, by_proof = knows_by_proof(q, reached);

	if (reached->group_n == 0)
		return true;
	if (!q->a)
		q->a = arena_new();
	q->lists = arena_zalloc(q->a, reached->group_n * sizeof(*q->lists));
	for (size_t i = 0; i < reached->group_n; i++) {
		const struct accounts_group *g = &reached->groups[i];

		if (!g->may_post && !g->waits && g->open && by_proof)
			q->members_only = g->id;
		else
			may = may && (g->may_post || g->waits);
		q->waits = q->waits || g->waits;
		q->lists[q->list_n++] = (struct mail_list){ .id = g->id,
			.name = arena_slice(q->a, slice_str(g->name)),
			.title = arena_slice(q->a, slice_str(g->title)),
			.prefix = arena_slice(q->a, slice_str(g->prefix)),
			.open = g->open,
			.archived = g->archived,
			.by_proof = by_proof,
			.vouched = g->is_of_it,
			.waits = g->waits,
			.owners = arena_slice(q->a, slice_str(g->owners)) };
	}
	/* Whom else an alias leads to would have it before an owner has said yes. */
	return may && (!q->waits || reached->remote_n == 0);
}

/* Of a server that sends nothing elsewhere they get nothing. */
static void note_subscribers(struct question *q, const struct accounts_reached *reached)
{
	if (reached->subscriber_n == 0 || !mail_sends_elsewhere(q->m))
		return;
	q->subscribers = arena_dup(
		q->a, reached->subscribers, reached->subscriber_n * sizeof(*q->subscribers));
	for (size_t i = 0; i < reached->subscriber_n; i++)
		q->subscribers[i].address =
			arena_strdup(q->a, slice_str(reached->subscribers[i].address));
	q->subscriber_n = reached->subscriber_n;
}

/* ---- a group where it is to wait ---- */

static void ask_room(struct question *q, const struct account *accounts, size_t n)
{
	if (n > 0)
		mail_ask_room(q->m, q->size, accounts, n, on_room, q);
	else
		take(q);
}

static int look_at_waiting(struct db_tx *tx, void *arg)
{
	const struct question *q = arg;
	int rc = 0;

	for (size_t i = 0; i < q->list_n && rc == 0; i++)
		/* Whether it waits may not be known yet. */
		if (q->lists[i].waits && !q->lists[i].by_proof)
			rc = mail_store_moderated_room(tx, q->lists[i].id);
	return rc;
}

static void on_waiting(void *arg, int status)
{
	struct question *q = arg;

	if (status < 0)
		answer(q, status == HEARTH_EBUSY ? &crowded : &not_now);
	else
		ask_room(q, q->accounts, q->account_n);
}

/* Of this address alone, before the others of the mail: behind it one answer is for all of them. */
static void ask_waiting(struct question *q, const struct accounts_reached *reached)
{
	q->account_n = reached->n;
	if (reached->n > 0)
		q->accounts =
			arena_dup(q->a, reached->accounts, reached->n * sizeof(*reached->accounts));
	if (db_read(q->m->db, look_at_waiting, on_waiting, q) < 0)
		answer(q, &not_now);
}

static void on_reached(void *arg, int status, const struct accounts_reached *reached)
{
	struct question *q = arg;
	bool may = note_lists(q, reached);

	for (size_t i = 0; i < reached->remote_n; i++)
		strbuf_printf(&q->remotes, "%s\n", reached->remotes[i]);
	q->remote_n = reached->remote_n;
	if (may)
		note_subscribers(q, reached);
	if (!may)
		answer(q, &members_only);
	else if (q->members_only && mail_delivery_goes_anywhere(q->delivery))
		answer(q, &alone);
	else if ((q->remote_n > 0 || (reached->subscriber_n > 0 && reached->n == 0)) &&
		 !mail_sends_elsewhere(q->m))
		answer(q, &mail_nameless);
	else if (mail_delivery_sent(q->delivery) > 0 &&
		 mail_delivery_sent(q->delivery) + q->remote_n + q->subscriber_n >
			 ACCOUNTS_REACHED_MAX)
		answer(q, &many);
	else if (status == 0 && q->waits)
		ask_waiting(q, reached);
	else if (status == 0)
		ask_room(q, reached->accounts, reached->n);
	else if (status == HEARTH_EDENIED)
		send_elsewhere(q);
	else
		answer(q, status == HEARTH_ENOTFOUND ? &mail_unknown
			  : status == HEARTH_ETOOBIG ? &expands
						     : &not_now);
}

static struct question *question_new(const struct mail_admission *a)
{
	struct question *q = mem_zalloc(sizeof(*q));

	*q = (struct question){ .m = a->m,
		.delivery = a->delivery,
		.size = a->size,
		.known = a->sender != NULL,
		.checked = a->checked && !a->sender && !a->is_report,
		.writer = a->sender ? a->sender->id : 0,
		.notify = a->notify };
	snprintf(q->address, sizeof(q->address), "%.*s", SLICE_ARG(a->address));
	if (a->domain.n == 0) /* <Postmaster>, without a domain */
		snprintf(q->address, sizeof(q->address), "postmaster@%.*s",
			SLICE_ARG(mail_domain(a->m)));
	q->owed = a->sender && a->notify & MAIL_NOTIFY_SUCCESS;
	q->orcpt = mem_strdup(a->orcpt);
	return q;
}

const struct smtp_reply *mail_admit(
	const struct mail_admission *a, mail_admitted_fn *done, void *arg)
{
	char domain[SMTP_DOMAIN_MAX + 1];
	const struct smtp_reply *reply;
	struct question *q;

	INVARIANT(a->delivery && a->address.n > 0 && a->address.n <= SMTP_ADDRESS_MAX);
	if (!room_left())
		return &disk;
	if (mail_delivery_is_members_only(a->delivery))
		return &alone;
	reply = mail_admit_back(a);
	if (reply)
		return reply;
	if (smtp_domain_ascii(a->domain, domain) < 0)
		return &no_name;
	q = question_new(a);
	memcpy(q->domain, domain, sizeof(domain));
	q->done = done;
	q->arg = arg;
	a->m->accounts->reached_by(
		a->m->accounts->self, slice_str(q->address), q->writer, on_reached, q);
	return NULL;
}
