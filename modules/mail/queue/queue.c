/*
 * queue.c: looks for what is due and wakes its destinations; who has the queue; its settings and its
 * beginning and end (queue.h). On the loop.
 *
 * A look reads at most DESTINATIONS_MAX domains and when the next recipient is due. It goes through all
 * domains that somebody waits for, so mails cause none: when something was added, its domains are told (a
 * live topic, carried between nodes) and woken, and where there was no room for one, a look follows within
 * LOOK_AT_MOST_MS. One comes when the time is there, and at the latest after LOOK_AT_LEAST_MS.
 */
#include "queue/queue.h"

#include <stdio.h>
#include <stdlib.h>

#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "hearth/metric.h"
#include "queue/internal.h"

#define TOPIC            "mail.queued"
#define LEASE            "mail.queue"
#define LOOK_AT_LEAST_MS INT64_C(300000)
#define LOOK_AT_MOST_MS  INT64_C(1000) /* one after the other, but where somebody asks for one */
#define ROOM_MS          INT64_C(100)  /* and where destinations find room that had none */
#define TOLD_MAX         2000          /* bytes of domains in one word; more: a look at all */
#define EXPIRED_MAX      BATCH_MAX

struct look {
	struct mail_queue *q;
	struct arena *a;
	int64_t now_ms, next_ms; /* next_ms 0: nobody waits */
	struct slice domains[DESTINATIONS_MAX];
	size_t count;
	struct mail_queued expired[EXPIRED_MAX];
	size_t expired_count;
};

static void on_timer(void *arg)
{
	mail_queue_look(arg);
}

static int read_due(struct db_tx *tx, void *arg)
{
	struct look *l = arg;
	int rc;

	arena_reset(l->a);
	l->next_ms = 0;
	l->expired_count = 0;
	rc = mail_store_queue_next_due(tx, l->now_ms, &l->next_ms);
	if (rc == 0 || rc == HEARTH_ENOTFOUND)
		rc = mail_store_queue_domains(tx, l->now_ms, slice_str(l->q->after),
			DESTINATIONS_MAX, l->a, l->domains, &l->count);
	if (rc == 0)
		rc = mail_store_queue_expired(tx, l->now_ms, l->q->expired_ms, l->q->expired_id,
			EXPIRED_MAX, l->a, l->expired, &l->expired_count);
	return rc;
}

/*
 * When the next look is worth its cost. What is due has been woken: a destination that is held back looks
 * for itself when that is over.
 */
static void set_timer(struct mail_queue *q, const struct look *l, int status)
{
	int64_t wait = LOOK_AT_LEAST_MS;

	if (status < 0 || q->full || q->expired_ms)
		wait = LOOK_AT_MOST_MS;
	else if (l->next_ms > 0 && l->next_ms - l->now_ms < wait)
		wait = l->next_ms - l->now_ms;
	if (wait < LOOK_AT_MOST_MS)
		wait = LOOK_AT_MOST_MS;
	timer_start(&q->timer, wait, 0, on_timer, q);
}

void mail_queue_due(struct mail_queue *q, int64_t in_ms)
{
	if (!q->draining && q->timer.owner &&
		q->timer.due_us > clock_mono_us() + in_ms * INT64_C(1000))
		timer_start(&q->timer, in_ms > 0 ? in_ms : 0, 0, on_timer, q);
}

/*
 * Those of one mail at one domain stand side by side. Some are in hand and stay: the next look goes on behind
 * them, and begins anew behind the last.
 */
static void expire(struct mail_queue *q, const struct look *l)
{
	const struct mail_queued *last =
		l->expired_count == EXPIRED_MAX ? &l->expired[EXPIRED_MAX - 1] : NULL;

	q->expired_ms = last ? last->expires_ms : 0;
	q->expired_id = last ? last->id : 0;
	for (size_t i = 0, n; i < l->expired_count; i += n) {
		const struct mail_queued *first = &l->expired[i];

		for (n = 1; i + n < l->expired_count && first[n].outgoing == first->outgoing &&
			    slice_eq(first[n].domain, first->domain);)
			n++;
		outcome_expire(q, first, n);
	}
}

/* The next look goes on behind those for which there was room. */
static void wake(struct mail_queue *q, const struct look *l)
{
	size_t i = 0;

	while (i < l->count && destination_wake(q, l->domains[i]))
		i++;
	q->full = i < l->count;
	if (i > 0 && (q->full || l->count == DESTINATIONS_MAX))
		snprintf(q->after, sizeof(q->after), "%.*s", SLICE_ARG(l->domains[i - 1]));
}

static void on_looked(void *arg, int status)
{
	struct look *l = arg;
	struct mail_queue *q = l->q;

	q->looking = false;
	q->after[0] = '\0';
	q->full = false;
	if (status == 0 && q->lease.epoch && !q->draining) {
		expire(q, l);
		wake(q, l);
	}
	if (status < 0)
		log_warn("queue", "what is due cannot be read", "why", "%s", error_name(status),
			NULL);
	if (q->look_again || (q->after[0] && !q->full))
		mail_queue_look(q);
	else
		set_timer(q, l, status);
	arena_free(&l->a);
	free(l);
}

void mail_queue_look(struct mail_queue *q)
{
	struct look *l;

	q->look_again = q->looking;
	if (q->looking || q->draining || !q->lease.epoch)
		return;
	l = mem_zalloc(sizeof(*l));
	l->q = q;
	l->a = arena_new();
	l->now_ms = clock_wall_ms();
	q->looking = true;
	if (db_read(q->m->db, read_due, on_looked, l) < 0)
		on_looked(l, HEARTH_EBUSY);
}

/* ---- who has it ---- */

static void on_lease(void *arg, const struct lease *l)
{
	struct mail_queue *q = arg;

	q->lease = l ? *l : (struct lease){ .epoch = 0 };
	if (l) {
		tally_count(q->tally);
		mail_queue_look(q);
		return;
	}
	/* Another node goes on with it; what is under way here could not be written down. */
	LIST_FOREACH (&q->list, it)
		attempt_abort_all(LIST_ENTRY(it, struct destination, node));
}

/* The domains, a line each; none: any. */
static void on_queued(void *arg, struct buf *payload)
{
	struct mail_queue *q = arg;
	struct slice rest = payload ? buf_slice(payload) : (struct slice){ 0 };

	if (q->draining || !q->lease.epoch)
		return;
	tally_changed(q->tally);
	if (rest.n == 0)
		mail_queue_look(q);
	while (rest.n > 0)
		if (!destination_wake(q, slice_split(&rest, '\n'))) {
			q->full = true;
			mail_queue_due(q, LOOK_AT_MOST_MS);
			break;
		}
}

void mail_queue_room(struct mail_queue *q)
{
	if (q->full)
		mail_queue_due(q, ROOM_MS);
}

const struct lease *mail_queue_lease(const struct mail_queue *q)
{
	return &q->lease;
}

bool mail_sends_elsewhere(const struct mail *m)
{
	return strchr(hearth_hostname(m->h), '.') != NULL;
}

void mail_queue_retry(struct mail_queue *q)
{
	LIST_FOREACH (&q->list, it)
		destination_try_now(LIST_ENTRY(it, struct destination, node));
	mail_queue_look(q);
}

void mail_queue_changed(struct mail *m, struct slice domains)
{
	struct buf *lines = buf_copy(domains.n <= TOLD_MAX ? domains : (struct slice){ 0 });

	bus_tell(hearth_bus(m->h), TOPIC, lines);
	buf_unref(&lines);
}

const struct mail_queue_limits *mail_queue_limits(const struct mail *m)
{
	return &m->queue_limits;
}

/* What is wrong in the file was said before (validate); changed since then, it ends the start. */
static void configure_relays(struct mail *m)
{
	const struct config *c = hearth_config(m->h);
	struct mail_relays *r = &m->queue_limits.relays;
	struct config_address relay = config_address(c, "mail", "relay");
	const char *user = config_text(c, "mail", "relay_user");
	const char *file = config_text(c, "mail", "relays");
	struct strbuf errors = { 0 };

	if (!relay.off)
		mail_relays_add_general(r, relay.host, relay.port, user[0] ? user : NULL,
			user[0] ? config_text(c, "mail", "relay_password") : NULL);
	if (file[0] && mail_relays_load(r, file, &errors) < 0)
		log_fatal("queue", "%s", errors.p);
	strbuf_free(&errors);
}

void mail_queue_configure(struct mail *m)
{
	const struct config *c = hearth_config(m->h);
	struct mail_queue_limits *l = &m->queue_limits;

	*l = (struct mail_queue_limits){ .retry_ms = config_duration_ms(c, "queue", "retry"),
		.retry_max_ms = config_duration_ms(c, "queue", "retry_max"),
		.expiry_ms = config_duration_ms(c, "queue", "expiry"),
		.warning_ms = config_duration_ms(c, "queue", "warning"),
		.per_hour = config_int(c, "queue", "per_hour"),
		.patience_ms = config_duration_ms(c, "queue", "patience"),
		.connections = config_int(c, "queue", "connections"),
		.per_destination = config_int(c, "queue", "per_destination"),
		.port = (int)config_int(c, "queue", "port"),
		.sts_port = (int)config_int(c, "queue", "sts_port"),
		.private_too = config_bool(c, "queue", "private") };
	configure_relays(m);
}

void mail_queue_claim(struct mail_queue *q)
{
	q->keeper = lease_claim(hearth_leases(q->m->h), q->m->db, LEASE, on_lease, q);
}

struct mail_queue *mail_queue_new(struct mail *m)
{
	struct mail_queue *q = mem_zalloc(sizeof(*q));

	q->m = m;
	q->destinations = map_new();
	list_init(&q->list);
	list_init(&q->batches);
	list_init(&q->in_line);
	q->sent = metric_counter("hearth_mail_sent_total", NULL,
		"recipients elsewhere whose server has taken the mail");
	q->deferred = metric_counter("hearth_mail_deferred_total", NULL,
		"attempts after which a recipient elsewhere is tried again");
	q->failed = metric_counter("hearth_mail_bounced_total", NULL,
		"recipients elsewhere whose mail came back for good");
	q->tally = tally_new(q);
	q->listener = bus_listen(hearth_bus(m->h), TOPIC, on_queued, q);
	if (mail_queue_is_restored(q))
		mail_queue_hold_restored(q);
	else
		mail_queue_claim(q);
	return q;
}

void mail_queue_drain(struct mail_queue *q)
{
	q->draining = true;
	timer_stop(&q->timer);
	LIST_FOREACH (&q->list, it)
		destination_pump(LIST_ENTRY(it, struct destination, node));
}

void mail_queue_free(struct mail_queue **qp)
{
	struct mail_queue *q = *qp;

	if (!q)
		return;
	bus_unlisten(&q->listener);
	lease_unkeep(&q->keeper);
	timer_stop(&q->timer);
	while (!list_empty(&q->batches))
		mail_batch_free(LIST_ENTRY(q->batches.head.next, struct mail_batch, node));
	while (!list_empty(&q->list))
		destination_free(LIST_ENTRY(q->list.head.next, struct destination, node));
	timer_stop(&q->turn);
	map_free(&q->destinations);
	tally_free(&q->tally);
	mail_relays_clear(&q->m->queue_limits.relays);
	free(q);
	*qp = NULL;
}
