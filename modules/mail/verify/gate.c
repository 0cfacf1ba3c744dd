/*
 * gate.c: a message's way through the checks, from its place on (gate.h). On the loop, but for `hash` and
 * `judge_signatures`, which are a worker's.
 *
 * Bounds: each asks for its signatures' keys (DKIM_SIGNATURES_MAX), one of its chain's, two SPF checks and
 * AUTHORS_MAX walks in the DNS at once; GATES_MAX are under way.
 */
#include "verify/gate.h"

#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "verify/gate_internal.h"

#define PIECE (1u << 20) /* of a message that is read back */

/* ---- the end ---- */

void gate_end(struct mail_gate *g, int status)
{
	INVARIANT(g->step != GATE_ENDED);
	g->step = GATE_ENDED;
	timer_stop(&g->late);
	gate_leave_place(g);
	g->done(g->arg, status);
}

static int record_refused(struct db_tx *tx, void *arg)
{
	return mail_gate_record(tx, arg);
}

/* That it could not be counted keeps nobody from refusing it. */
static void on_recorded(void *arg, int status)
{
	(void)status;
	gate_end(arg, 0);
}

static void conclude(struct mail_gate *g)
{
	for (size_t i = 0; i < g->authors.n; i++)
		dmarc_check_drop(&g->dmarc[i]);
	timer_stop(&g->late);
	gate_judge(g);
	if (g->verdict.action != GATE_REFUSE || g->row_n == 0 ||
		db_write(g->m->db, record_refused, on_recorded, g) < 0)
		gate_end(g, 0);
}

/* ---- DMARC ---- */

static void on_aligned(void *arg)
{
	struct mail_gate *g = arg;

	if (--g->aligning == 0)
		conclude(g);
}

/* Those that have not ended are a temperror. */
static void on_align_late(void *arg)
{
	struct mail_gate *g = arg;

	for (size_t i = 0; i < g->authors.n; i++)
		if (!g->dmarc[i].ended)
			g->dmarc[i].outcome.result = DMARC_RESULT_TEMPERROR;
	conclude(g);
}

static size_t list_proven(struct mail_gate *g, struct dmarc_identifier *out)
{
	size_t n = 0;

	if (g->mail_from.result == SPF_PASS || g->mail_from.result == SPF_TEMPERROR)
		out[n++] = (struct dmarc_identifier){ .domain = g->mail_from.domain,
			.unknown = g->mail_from.result == SPF_TEMPERROR };
	for (size_t i = 0; i < g->message.dkim.count && n < DMARC_IDENTIFIERS_MAX; i++) {
		const struct dkim_signature *s = &g->message.dkim.signatures[i];

		if (gate_counts(s) || s->result == VERIFY_TEMPERROR)
			out[n++] =
				(struct dmarc_identifier){ .domain = verify_domain(g->a, s->domain),
					.dkim = true,
					.unknown = s->result == VERIFY_TEMPERROR };
	}
	return n;
}

static void align(void *arg, int status)
{
	struct mail_gate *g = arg;
	struct dmarc_identifier proven[DMARC_IDENTIFIERS_MAX];
	size_t n = list_proven(g, proven);

	(void)status;
	g->step = GATE_ALIGNING;
	timer_start(&g->late, gate_patience_ms(g->m, GATE_ALIGN_MS), 0, on_align_late, g);
	g->aligning = g->authors.n + 1;
	for (size_t i = 0; i < g->authors.n; i++)
		dmarc_check_judge(&g->dmarc[i], proven, n, on_aligned, g);
	on_aligned(g);
}

/* ---- signatures ---- */

/* On a worker. */
static void judge_signatures(void *arg)
{
	struct mail_gate *g = arg;

	dkim_judge(&g->message.dkim, g->message.arena, (uint64_t)clock_wall_s());
	arc_judge(&g->message.arc, g->message.arena, (uint64_t)clock_wall_s());
}

static void on_asked(struct mail_gate *g)
{
	timer_stop(&g->late);
	g->step = GATE_JUDGING;
	if (g->message.dkim.count == 0 && g->message.arc.count == 0)
		align(g, 0);
	else if (job_run(g->m->io, judge_signatures, align, g) < 0)
		gate_end(g, HEARTH_EBUSY);
}

/* ---- SPF, and the keys ---- */

static void answered(struct mail_gate *g)
{
	if (--g->asked == 0)
		on_asked(g);
}

static void on_key(void *arg, const struct dns_answer *answer)
{
	struct gate_key *k = arg;

	dkim_answer(&k->gate->message.dkim, k->signature, k->gate->message.arena, answer);
	answered(k->gate);
}

static void ask_arc(struct mail_gate *g);

/* A key that is not there ends the chain. */
static void on_arc_key(void *arg, const struct dns_answer *answer)
{
	struct mail_gate *g = arg;
	struct arc *arc = &g->message.arc;

	arc_answer(arc, arc_asks(arc) - ++g->arc_asked, g->message.arena, answer);
	if (answer->status == DNS_FOUND && g->arc_asked < arc_asks(arc))
		ask_arc(g);
	else
		answered(g);
}

static void ask_arc(struct mail_gate *g)
{
	const struct arc *arc = &g->message.arc;
	const char *name = arc_wants(arc, arc_asks(arc) - 1 - g->arc_asked);

	dns_ask(hearth_dns(g->m->h), &g->arc_key, slice_str(name), DNS_TXT, on_arc_key, g);
}

static void on_spf(void *arg, const struct spf_outcome *outcome)
{
	struct gate_spf *s = arg;

	s->result = outcome->result;
	s->why = outcome->why;
	s->explanation = arena_slice(s->gate->a, outcome->explanation);
	spf_check_drop(&s->check);
	answered(s->gate);
}

static void on_ask_late(void *arg)
{
	struct mail_gate *g = arg;

	spf_check_drop(&g->mail_from.check);
	spf_check_drop(&g->hello.check);
	for (size_t i = 0; i < g->key_n; i++)
		dns_drop(&g->keys[i].q);
	dns_drop(&g->arc_key);
	on_asked(g);
}

static void begin_spf(struct mail_gate *g, struct gate_spf *s, struct slice local,
	struct slice domain, const struct verify_asker *dns)
{
	const struct spf_sender sender = { .peer = g->peer,
		.local = local,
		.domain = domain,
		.helo = slice_str(g->helo),
		.receiver = slice_str(hearth_hostname(g->m->h)),
		.now_s = clock_wall_s(),
		.explain = s == &g->mail_from };

	s->gate = g;
	s->domain = domain;
	s->result = SPF_TEMPERROR; /* until it is known */
	s->why = "no answer in time";
	g->asked++;
	spf_check_begin(&s->check, dns, &sender, on_spf, s);
}

/* RFC 7208 section 2.3 and 2.4: what HELO said too, and for <> instead. */
static void begin_spfs(struct mail_gate *g, const struct verify_asker *dns)
{
	struct slice from = slice_str(g->from), local = slice_split(&from, '@');
	struct slice helo = verify_domain(g->a, slice_str(g->helo));

	if (!from.p || from.n == 0) {
		begin_spf(g, &g->mail_from, SLICE(""), helo, dns);
		return;
	}
	from = verify_domain(g->a, from);
	begin_spf(g, &g->mail_from, local, from, dns);
	if (!slice_ieq(helo, from) && verify_is_name(helo) && slice_chr(helo, '.') >= 0)
		begin_spf(g, &g->hello, SLICE(""), helo, dns);
}

static void ask_keys(struct mail_gate *g, const struct verify_asker *dns)
{
	g->keys = arena_zalloc(g->a, (g->message.dkim.count + 1) * sizeof(*g->keys));
	for (size_t i = 0; i < g->message.dkim.count; i++) {
		const char *name = dkim_wants(&g->message.dkim, i);
		struct gate_key *k = &g->keys[g->key_n];

		if (!name)
			continue;
		g->key_n++;
		g->asked++;
		k->gate = g;
		k->signature = i;
		dns->ask(dns->dns, &k->q, slice_str(name), DNS_TXT, on_key, k);
	}
}

static void on_hashed(void *arg, int status)
{
	struct mail_gate *g = arg;
	const struct verify_asker dns = {
		.dns = hearth_dns(g->m->h), .ask = dns_ask, .drop = dns_drop
	};

	if (status == 0)
		status = g->status;
	if (status < 0) {
		gate_end(g, status);
		return;
	}
	g->step = GATE_ASKING;
	timer_start(&g->late, gate_patience_ms(g->m, GATE_PATIENCE_MS), 0, on_ask_late, g);
	for (size_t i = 0; i < g->authors.n; i++)
		dmarc_check_begin(&g->dmarc[i], &dns, g->a, g->authors.domains[i]);
	ask_keys(g, &dns);
	if (arc_asks(&g->message.arc) > 0) {
		g->asked++;
		ask_arc(g);
	}
	begin_spfs(g, &dns);
}

/* ---- the message ---- */

/* On a worker; of a large one a piece at a time. */
static void hash(void *arg)
{
	struct mail_gate *g = arg;

	verify_message_init(&g->message);
	if (g->bytes.p)
		verify_message_feed(&g->message, g->bytes);
	for (uint64_t at = 0; !g->bytes.p && at < g->size && g->status == 0; at += PIECE) {
		struct buf *piece = NULL;

		g->status = blob_get_wait(g->m->blob, g->blob, at,
			g->size - at < PIECE ? g->size - at : PIECE, &piece);
		if (g->status == 0)
			verify_message_feed(&g->message, buf_slice(piece));
		buf_unref(&piece);
	}
	verify_message_end(&g->message);
	if (g->message.too_long)
		g->authors.wrong = "a header that is too long";
	else
		authors_read(g->a, g->message.kept, &g->authors);
	if (g->authors.wrong)
		g->authors.n = 0;
}

void gate_begin(struct mail_gate *g)
{
	g->step = GATE_HASHING;
	if (!g->bytes.p) {
		g->turn = (struct mail_turn){ .source = slice_str(g->peer),
			.size = g->size,
			.work = hash,
			.done = on_hashed,
			.arg = g };
		mail_turn_take(&g->m->turns, &g->turn);
	} else if (job_run(g->m->io, hash, on_hashed, g) < 0) {
		gate_end(g, HEARTH_EBUSY);
	}
}
