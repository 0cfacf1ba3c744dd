/*
 * attempt.c: one connection to a destination: address after address until one answers, then mail after
 * mail until there is none left.
 *
 *   DIALLING ──no──▶ the next address … ──none left──▶ destination_failed
 *      └─▶ CONNECTED ─▶ a batch is taken ─▶ its mail read ─▶ sent ─▶ outcome_write ─┐
 *                          ▲──────────────────────────────────────────────────────────┘
 *                          └──no batch──▶ QUIT
 *
 * A mail with REQUIRETLS that the host cannot be given is carried to the next one (RFC 8689 section 4.2.1), where
 * nothing else is sent.
 *
 * TLS is used where it is offered (RFC 7435), and where its handshake fails, the same address is tried once
 * more without; unless the host's TLSA records ask for it (route.h). The mails are attempt_mail.c's. On the
 * loop.
 */
#include "queue/attempt.h"

#include <stdio.h>
#include <stdlib.h>

#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "policy/tls_session.h"

#define CONNECT_MS  INT64_C(30000)
#define HANGUPS_MAX 3 /* of a destination, amid a mail, in a row */

/* Small before anything is known of the peer; output as much as two pieces. */
static const struct conn_listener limits = { .input_max = (size_t)4 * SMTP_RESPONSE_LINE_MAX,
	.output_high = 2 * ATTEMPT_PIECE,
	.timeout_ms = 300000 };

static void attempt_free(struct attempt *t)
{
	INVARIANT(!t->job && !t->batch && !t->carried);
	dial_drop(&t->dial);
	timer_stop(&t->later);
	tlsa_unref(&t->at.tlsa);
	strbuf_free(&t->piece);
	list_remove(&t->node);
	t->d->hungry -= t->hungry;
	t->d->attempt_count--;
	if (t->lax) {
		t->d->lax = false;
		t->d->routed_ms = 0; /* the others look anew */
	}
	t->d->q->connections--;
	destination_connection_free(t->d->q);
	free(t);
}

/* It ends, and nobody is to blame. */
static void end(struct attempt *t)
{
	struct destination *d = t->d;

	attempt_free(t);
	destination_pump(d);
}

/* ---- what the client tells ---- */

static void say_why(struct attempt *t, struct slice why)
{
	const char *who = t->at.name[0] ? t->at.name : t->at.addresses[0];

	snprintf(t->why, sizeof(t->why), "%.255s: %.*s", who, SLICE_ARG(slice_head(why, 250)));
}

/* Next comes such a report itself, which would be reason for another one every day. */
static bool is_for_report(const struct destination *d)
{
	const struct mail_queued *row = d->next < d->count ? &d->rows[d->next] : NULL;

	return row && row->tls == MAIL_TLS_WAIVED && row->mail_from.n == 0;
}

/* What came of TLS, for reports; NULL: it worked. */
static void count_session(const struct attempt *t, const char *result, const char *why)
{
	if (is_for_report(t->d))
		return;
	tls_session_count(&(struct tls_session){ .m = t->d->q->m,
		.domain = t->d->domain,
		.route = &t->d->route,
		.host = &t->at,
		.address = t->at.tls != ROUTE_TLS_REFUSED && t->address > 0
				   ? t->at.addresses[t->address - 1]
				   : NULL,
		.result = result,
		.why = why });
}

/* It may be good enough for mail and yet not what the domain's policy, which it tests, asks for. */
static void count_ready(const struct attempt *t)
{
	const struct conn_info *info = smtp_client_conn(t->client);
	const char *result = NULL;

	if (t->lax || t->without_tls)
		return; /* it was counted when it failed */
	if (!info->tls)
		result = "starttls-not-supported";
	else if (t->at.tls == ROUTE_TLS_TESTING && !info->proven)
		result = tls_session_fault(info->tls_fault);
	else if (t->at.tls == ROUTE_TLS_TESTING && t->at.sts_other)
		result = "validation-failure";
	count_session(t, result,
		!info->tls        ? "STARTTLS is not offered"
		: t->at.sts_other ? "the policy does not name the server"
				  : info->tls_why);
}

/* STARTTLS or the handshake failed. */
static void count_failed(const struct attempt *t, const char *why)
{
	const struct conn_info *info = smtp_client_conn(t->client);
	const char *fault = tls_session_fault(info->tls_fault);

	if (!t->lax)
		count_session(t, fault ? fault : "starttls-not-supported", why);
}

static void on_ready(void *ctx)
{
	struct attempt *t = ctx;
	const struct conn_info *info = smtp_client_conn(t->client);

	snprintf(t->tls, sizeof(t->tls), "%s%s", info->tls_version, info->proven ? ", proven" : "");
	count_ready(t);
	t->worked = true;
	attempt_go_on(t);
}

static void on_closed(void *ctx, enum smtp_client_stage stage, const struct smtp_response *why)
{
	struct attempt *t = ctx;

	if (stage == SMTP_STAGE_TLS)
		count_failed(t, why->text.p);
	t->client = NULL;
	say_why(t, strbuf_slice(&why->text));
	/* Who hangs up on mail after mail is as good as who does not answer; one alone may be to blame. */
	if (stage >= SMTP_STAGE_ENVELOPE)
		t->worked = t->aside || t->taken || t->ours || stage == SMTP_STAGE_REFUSED ||
			    ++t->d->hangups < HANGUPS_MAX;
	if (stage == SMTP_STAGE_TLS && !t->without_tls && t->options.tls == SMTP_TLS_MAY) {
		log_info("queue", "TLS failed, once more without", "host", "%s", t->at.name, "why",
			"%s", t->why, NULL);
		t->plain_next = true;
		t->address--;
	}
	t->unproven |= stage == SMTP_STAGE_TLS && t->options.tls == SMTP_TLS_MUST;
	if (t->batch)
		attempt_settle_open(t->batch,
			stage == SMTP_STAGE_REFUSED ? attempt_outcome_of(why->code)
						    : OUTCOME_DEFERRED,
			why);
	if (t->batch && !t->job) {
		attempt_finish_batch(t);
	} else if (t->batch) {
		return; /* goes on when the job is back */
	}
	attempt_connect_next(t);
}

static const struct smtp_client_events events = { .ready = on_ready,
	.recipient = attempt_on_recipient,
	.body = attempt_on_body,
	.done = attempt_on_done,
	.closed = on_closed };

/* ---- connecting ---- */

static void set_host(struct attempt *t, const struct route_host *host)
{
	tlsa_ref(host->tlsa);
	tlsa_unref(&t->at.tlsa);
	t->at = *host;
}

/*
 * As the host's TLSA records have it (RFC 7672: SNI and names of section 3.2.2 and 3.2.3), or its domain's
 * MTA-STS policy (RFC 8461 section 4.2).
 */
static void ask_tls(struct attempt *t)
{
	const struct tlsa_set *s = t->at.tlsa;

	if (t->lax || t->at.tls == ROUTE_TLS_MAY || t->at.tls == ROUTE_TLS_TESTING)
		return;
	t->options.tls = SMTP_TLS_MUST;
	if (t->at.tls == ROUTE_TLS_STS) {
		t->options.how.must_prove = true;
		return;
	}
	t->options.how.server_name = s->base;
	if (t->at.tls != ROUTE_TLS_DANE)
		return;
	t->options.how.tlsa = s->records;
	t->options.how.tlsa_count = s->usable;
	t->options.how.or_name = t->d->domain;
}

/* Who is named for a domain, or gets a password, proves who it is; this machine needs not. */
static void ask_relay(struct attempt *t, struct conn *c)
{
	const struct mail_relay *relay = t->d->route.relay;
	bool proves = relay->must_prove || relay->user;

	t->options.how.must_prove = proves;
	t->options.user = relay->user;
	t->options.password = relay->password;
	if (proves && !conn_info(c)->loopback)
		t->options.tls = SMTP_TLS_MUST;
}

static void on_dialled(void *arg, struct conn *c, const char *why)
{
	struct attempt *t = arg;
	const struct mail_queue_limits *l = mail_queue_limits(t->d->q->m);

	if (!c) {
		say_why(t, slice_str(why));
		attempt_connect_next(t);
		return;
	}
	t->options = (struct smtp_client_options){ .helo = hearth_hostname(t->d->q->m->h),
		.patience_ms = l->patience_ms,
		.tls = t->without_tls ? SMTP_TLS_NEVER : SMTP_TLS_MAY,
		.how = { .server_name = t->at.name } };
	if (t->d->route.relay)
		ask_relay(t, c);
	ask_tls(t);
	t->mails = 0;
	t->tls[0] = '\0';
	t->client = smtp_client_new(c, &t->options, &events, t);
}

/* No address of it is left; or it may not be used, which only those mails do not mind. */
static bool is_through(struct attempt *t, const struct route_host *host)
{
	if (host->tls == ROUTE_TLS_REFUSED && !t->lax) {
		snprintf(t->why, sizeof(t->why), "%s", t->d->route.why);
		t->unproven = true;
		set_host(t, host);
		count_session(
			t, host->tlsa_unknown ? "dnssec-invalid" : "validation-failure", t->why);
		return true;
	}
	return t->address == host->count;
}

/* The next address in order; where none is left, the destination has failed, unless one worked. */
void attempt_connect_next(struct attempt *t)
{
	struct destination *d = t->d;
	const struct route *r = &d->route;

	if ((!t->worked || t->carried) && !d->q->draining && d->q->lease.epoch) {
		while (t->host < r->count && is_through(t, &r->hosts[t->host])) {
			t->host++;
			t->address = 0;
		}
		if (t->host < r->count) {
			set_host(t, &r->hosts[t->host]);
			t->without_tls = t->plain_next;
			t->plain_next = false;
			dial(&t->dial, t->at.addresses[t->address++],
				r->relay ? r->relay->port : mail_queue_limits(d->q->m)->port, NULL,
				CONNECT_MS, &limits, on_dialled, t);
			return;
		}
	}
	attempt_put_off_carried(t);
	if (t->worked || d->q->draining || !d->q->lease.epoch) {
		end(t);
	} else {
		char why[sizeof(t->why)];

		bool unproven = t->unproven && !t->lax;

		memcpy(why, t->why, sizeof(why));
		attempt_free(t);
		if (unproven)
			destination_unproven(d, why);
		else
			destination_failed(d, OUTCOME_DEFERRED, "4.4.1", why);
	}
}

static void on_later(void *arg)
{
	attempt_connect_next(arg);
}

void attempt_begin(struct destination *d, bool lax)
{
	struct attempt *t = mem_zalloc(sizeof(*t));

	INVARIANT(!lax || !d->lax);
	t->d = d;
	t->lax = lax;
	d->lax |= lax;
	list_push(&d->attempts, &t->node);
	t->hungry = true;
	d->hungry++;
	d->attempt_count++;
	d->q->connections++;
	/* What would fail at once does so in a later turn. */
	if (d->route.hosts[0].tls == ROUTE_TLS_REFUSED && !lax)
		timer_start(&t->later, 0, 0, on_later, t);
	else
		attempt_connect_next(t);
}

void attempt_abort_all(struct destination *d)
{
	LIST_FOREACH (&d->attempts, it) {
		struct attempt *t = LIST_ENTRY(it, struct attempt, node);

		if (t->client) {
			smtp_client_abort(t->client);
		} else if (!t->job) {
			dial_drop(&t->dial);
			timer_start(&t->later, 0, 0, on_later, t);
		}
	}
}

void attempt_free_all(struct destination *d)
{
	struct list_node *node;

	while ((node = list_pop(&d->attempts))) {
		struct attempt *t = LIST_ENTRY(node, struct attempt, node);

		t->job = false;
		if (t->batch)
			mail_batch_free(t->batch);
		if (t->carried)
			mail_batch_free(t->carried);
		t->batch = t->carried = NULL;
		mail_reader_clear(&t->reader);
		attempt_free(t);
	}
}
