/*
 * sts.c: see sts.h. A domain's entry goes through
 *
 *   idle ─look─▶ its row is read ─▶ TXT ──none, or as before──▶ settled: who waits is answered
 *                                    └──another id──▶ HTTPS ──▶ written ──▶ ″
 *
 * and is forgotten when others need its place. On the loop. Bounds: STS_ENTRIES_MAX entries, each with at
 * most one policy; REFRESH_MAX looks of its own every REFRESH_MS.
 */
#include "policy/sts.h"

#include <stdio.h>
#include <stdlib.h>

#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/fetch.h"
#include "hearth/log.h"
#include "hearth/map.h"
#include "store/sts.h"

#define REFRESH_MS     INT64_C(600000)
#define REFRESH_MAX    8
#define REFRESH_AGE_MS INT64_C(86400000) /* a policy is looked at anew once a day, at the latest */
#define MISSED_MS      INT64_C(3600000)  /* and after a miss within the hour */
#define DAY_MS         INT64_C(86400000)
#define USED_MS        (30 * DAY_MS) /* whom nobody has written to for so long is let go */

struct sts {
	const struct mail *m;
	struct map *entries;
	struct list list; /* the same; who was asked for last is at the end */
	size_t count;
	struct timer refresh;
	bool refreshing, ended;
};

struct entry {
	struct list_node node;
	struct sts *s;
	char domain[DNS_NAME_MAX + 1];
	struct list waiting; /* struct sts_lookup */
	struct timer answer;
	bool busy;
	bool anew; /* this look is one to fetch it anew */
	/* What holds. */
	struct sts_policy *policy; /* NULL: none; its mode may be "none" */
	char id[STS_ID_MAX + 1];
	int64_t expires_ms; /* wall clock */
	int64_t looked_ms;  /* when that was found, monotonic; 0: never */
	enum sts_fault fault;
	/* The look under way. */
	struct arena *a;
	struct mail_sts_row row;
	char new_id[STS_ID_MAX + 1];
	int found; /* of read_row */
	struct dns_question txt;
	struct fetch fetch;
};

/* ---- entries ---- */

static void entry_free(struct entry *e)
{
	timer_stop(&e->answer);
	dns_drop(&e->txt);
	fetch_drop(&e->fetch);
	map_remove(e->s->entries, slice_str(e->domain));
	list_remove(&e->node);
	e->s->count--;
	sts_policy_unref(&e->policy);
	arena_free(&e->a);
	free(e);
}

static struct entry *oldest_idle(struct sts *s)
{
	LIST_FOREACH (&s->list, it) {
		struct entry *e = LIST_ENTRY(it, struct entry, node);

		if (!e->busy && list_empty(&e->waiting))
			return e;
	}
	return NULL;
}

/* NULL: there is no room. */
static struct entry *entry_get(struct sts *s, struct slice domain)
{
	struct entry *e = map_get(s->entries, domain);

	if (e) {
		list_remove(&e->node);
		list_push(&s->list, &e->node);
		return e;
	}
	if (s->count == STS_ENTRIES_MAX) {
		e = oldest_idle(s);
		if (!e)
			return NULL;
		entry_free(e);
	}
	e = mem_zalloc(sizeof(*e));
	e->s = s;
	snprintf(e->domain, sizeof(e->domain), "%.*s", SLICE_ARG(domain));
	list_init(&e->waiting);
	list_push(&s->list, &e->node);
	map_set(s->entries, slice_str(e->domain), e);
	s->count++;
	return e;
}

/* ---- the answer ---- */

/* Of the entry nothing is touched behind the first call: it may be gone. */
static void answer_all(void *arg)
{
	struct entry *e = arg;
	bool holds = e->policy && e->policy->mode != STS_NONE && e->expires_ms > clock_wall_ms();
	struct sts_answer answer = { .policy = holds ? sts_policy_ref(e->policy) : NULL,
		.fault = e->fault };
	struct list waiting;

	list_init(&waiting);
	while (!list_empty(&e->waiting))
		list_push(&waiting, list_pop(&e->waiting));
	while (!list_empty(&waiting)) {
		struct sts_lookup *l = LIST_ENTRY(list_pop(&waiting), struct sts_lookup, node);

		l->fn(l->arg, &answer);
	}
	sts_policy_unref(&answer.policy);
}

/* The look is over. Its owners are told in a later turn: they may do what they like. */
static void settle(struct entry *e)
{
	e->busy = e->anew = false;
	e->looked_ms = clock_mono_ms();
	arena_free(&e->a);
	timer_start(&e->answer, 0, 0, answer_all, e);
}

/* ---- what was fetched ---- */

static int64_t next_refresh(const struct sts_policy *p, int64_t now_ms)
{
	int64_t half = p->max_age_s * 500;

	return now_ms + (half < REFRESH_AGE_MS ? half : REFRESH_AGE_MS);
}

static int write_row(struct db_tx *tx, void *arg)
{
	const struct entry *e = arg;

	return mail_store_sts_put(tx, slice_str(e->domain), &e->row);
}

/* It holds here all the same when it could not be written. */
static void on_written(void *arg, int status)
{
	struct entry *e = arg;

	if (status < 0)
		log_warn("queue", "an MTA-STS policy could not be kept", "domain", "%s", e->domain,
			"why", "%s", error_name(status), NULL);
	settle(e);
}

/* What is noted of a policy beside; it may outlive the entry. */
struct note {
	char domain[DNS_NAME_MAX + 1];
	int64_t ms;
	int (*write)(struct db_tx *tx, struct slice domain, int64_t ms);
};

static int write_note(struct db_tx *tx, void *arg)
{
	const struct note *n = arg;

	return n->write(tx, slice_str(n->domain), n->ms);
}

static void on_noted(void *arg, int status)
{
	(void)status;
	free(arg);
}

static void note(
	const struct entry *e, int (*write)(struct db_tx *, struct slice, int64_t), int64_t ms)
{
	struct note *n = mem_zalloc(sizeof(*n));

	n->ms = ms;
	n->write = write;
	memcpy(n->domain, e->domain, sizeof(n->domain));
	if (db_write(e->s->m->db, write_note, on_noted, n) < 0)
		free(n);
}

static void take(struct entry *e, struct sts_policy *p)
{
	int64_t now = clock_wall_ms();

	sts_policy_unref(&e->policy);
	e->policy = p;
	e->expires_ms = now + p->max_age_s * 1000;
	memcpy(e->id, e->new_id, sizeof(e->id));
	e->fault = STS_FAULTLESS;
	e->row = (struct mail_sts_row){ .policy = slice_str(p->text),
		.fetched_ms = now,
		.expires_ms = e->expires_ms,
		.refresh_ms = next_refresh(p, now),
		.used_ms = now };
	memcpy(e->row.id, e->id, sizeof(e->row.id));
	if (db_write(e->s->m->db, write_row, on_written, e) < 0)
		on_written(e, HEARTH_EBUSY);
}

/* What holds so far goes on; it is tried again before its time is over. */
static void miss(struct entry *e, enum sts_fault fault, const char *why)
{
	log_info("queue", "an MTA-STS policy cannot be had", "domain", "%s", e->domain, "why", "%s",
		why, NULL);
	e->fault = fault;
	if (e->found == 0)
		note(e, mail_store_sts_later, clock_wall_ms() + MISSED_MS);
	settle(e);
}

static bool is_text(const struct fetch_answer *answer)
{
	struct slice type = fetch_header(answer, "Content-Type");

	return slice_ieq(slice_trim(slice_split(&type, ';')), SLICE("text/plain"));
}

static void on_fetched(void *arg, const struct fetch_answer *answer)
{
	struct entry *e = arg;
	struct sts_policy *p = NULL;
	const char *why = answer->why;
	char status[48];

	snprintf(status, sizeof(status), "the answer is %d", answer->status);
	if (answer->error != 0)
		miss(e,
			answer->untrusted                 ? STS_UNTRUSTED
			: answer->error == HEARTH_ETOOBIG ? STS_INVALID
							  : STS_NOT_FETCHED,
			why);
	else if (answer->status != 200)
		miss(e, STS_NOT_FETCHED, status);
	else if (!is_text(answer))
		miss(e, STS_INVALID, "it is not text/plain");
	else if ((p = sts_policy_read(answer->body, &why)))
		take(e, p);
	else
		miss(e, STS_INVALID, why);
}

/* RFC 8461 section 3.3: no redirects; the certificate must be good for the host. */
static void fetch_policy(struct entry *e)
{
	const struct mail_queue_limits *limits = mail_queue_limits(e->s->m);
	char port[8] = "";
	const char *url;

	if (limits->sts_port != 443)
		snprintf(port, sizeof(port), ":%d", limits->sts_port);
	url = arena_printf(e->a, "https://mta-sts.%s%s/.well-known/mta-sts.txt", e->domain, port);
	fetch_start(hearth_fetcher(e->s->m->h), &e->fetch,
		&(struct fetch_request){ .url = url,
			.body_max = STS_TEXT_MAX,
			.patience_ms = STS_PATIENCE_MS,
			.anywhere = limits->private_too,
			.ca = getenv("SSL_CERT_FILE") }, /* as for other servers' mail */
		on_fetched, e);
}

/* ---- the record ---- */

static void on_txt(void *arg, const struct dns_answer *answer)
{
	struct entry *e = arg;
	struct strbuf text = { 0 };
	size_t records = 0;
	bool good = false;

	for (size_t i = 0; i < answer->count; i++) {
		strbuf_reset(&text);
		if (!dns_read_txt(answer->rdata[i], &text) || !sts_is_record(strbuf_slice(&text)))
			continue;
		records++;
		good = sts_record_read(strbuf_slice(&text), e->new_id);
	}
	strbuf_free(&text);
	if (records == 1 && good && (!e->policy || e->anew || strcmp(e->id, e->new_id) != 0)) {
		fetch_policy(e);
		return;
	}
	/* As before; or without a record that counts, and then what holds goes on. */
	e->fault = STS_FAULTLESS;
	if (e->anew)
		note(e, mail_store_sts_later, clock_wall_ms() + MISSED_MS);
	settle(e);
}

/* ---- a look ---- */

static int read_row(struct db_tx *tx, void *arg)
{
	struct entry *e = arg;

	arena_reset(e->a);
	e->found = mail_store_sts(tx, slice_str(e->domain), clock_wall_ms(), e->a, &e->row);
	return e->found == HEARTH_ENOTFOUND ? 0 : e->found;
}

static void ask_txt(struct entry *e)
{
	char name[DNS_NAME_MAX + 16];

	snprintf(name, sizeof(name), "_mta-sts.%s", e->domain);
	dns_ask(hearth_dns(e->s->m->h), &e->txt, slice_str(name), DNS_TXT, on_txt, e);
}

static void on_row(void *arg, int status)
{
	struct entry *e = arg;
	const char *why;

	if (status < 0)
		e->found = status;
	if (e->found == 0 && !e->policy) {
		e->policy = sts_policy_read(e->row.policy, &why);
		e->expires_ms = e->row.expires_ms;
		memcpy(e->id, e->row.id, sizeof(e->id));
	}
	if (e->found == 0 && !e->anew && clock_wall_ms() - e->row.used_ms > DAY_MS)
		note(e, mail_store_sts_used, clock_wall_ms());
	if (e->s->ended)
		settle(e);
	else
		ask_txt(e);
}

static void look(struct entry *e)
{
	e->busy = true;
	e->found = HEARTH_ENOTFOUND;
	e->a = arena_new();
	if (e->policy && e->expires_ms <= clock_wall_ms())
		sts_policy_unref(&e->policy);
	if (db_read(e->s->m->db, read_row, on_row, e) < 0)
		on_row(e, HEARTH_EBUSY);
}

void sts_look(struct sts *s, struct sts_lookup *l, struct slice domain, sts_fn *fn, void *arg)
{
	struct entry *e = entry_get(s, domain);

	/* Each destination asks for one, and there are less of them. */
	INVARIANT(e && !list_linked(&l->node));
	l->fn = fn;
	l->arg = arg;
	list_push(&e->waiting, &l->node);
	if (e->busy)
		return;
	if (e->looked_ms && clock_mono_ms() - e->looked_ms < STS_KEPT_MS)
		timer_start(&e->answer, 0, 0, answer_all, e);
	else
		look(e);
}

void sts_drop(struct sts_lookup *l)
{
	list_remove(&l->node);
}

/* ---- fetched anew ---- */

struct refresh {
	struct sts *s;
	struct arena *a;
	struct slice domains[REFRESH_MAX];
	size_t n;
};

/* One node of several does it. */
static int read_due(struct db_tx *tx, void *arg)
{
	struct refresh *r = arg;
	int64_t now = clock_wall_ms();
	int rc = lease_turn(hearth_leases(r->s->m->h), tx, "mail.sts", REFRESH_MS, NULL);

	r->n = 0;
	arena_reset(r->a);
	return rc < 0 ? rc
		      : mail_store_sts_due(
				tx, now, now - USED_MS, REFRESH_MAX, r->a, r->domains, &r->n);
}

static void on_due(void *arg, int status)
{
	struct refresh *r = arg;

	for (size_t i = 0; status == 0 && i < r->n && !r->s->ended; i++) {
		struct entry *e = entry_get(r->s, r->domains[i]);

		if (!e || e->busy)
			continue;
		e->anew = true;
		look(e);
	}
	r->s->refreshing = false;
	arena_free(&r->a);
	free(r);
}

static void refresh(void *arg)
{
	struct sts *s = arg;
	struct refresh *r;

	if (s->refreshing)
		return;
	s->refreshing = true;
	r = mem_zalloc(sizeof(*r));
	r->s = s;
	r->a = arena_new();
	if (db_write(s->m->db, read_due, on_due, r) < 0)
		on_due(r, HEARTH_EBUSY);
}

/* ---- from outside ---- */

struct sts *sts_new(const struct mail *m)
{
	struct sts *s = mem_zalloc(sizeof(*s));

	s->m = m;
	s->entries = map_new();
	list_init(&s->list);
	timer_start(&s->refresh, REFRESH_MS, REFRESH_MS, refresh, s);
	return s;
}

void sts_drain(struct sts *s)
{
	s->ended = true;
	timer_stop(&s->refresh);
	LIST_FOREACH (&s->list, it)
		fetch_drop(&LIST_ENTRY(it, struct entry, node)->fetch);
}

void sts_free(struct sts **sp)
{
	struct sts *s = *sp;
	struct list_node *node;

	if (!s)
		return;
	timer_stop(&s->refresh);
	while ((node = list_pop(&s->list))) {
		struct entry *e = LIST_ENTRY(node, struct entry, node);

		while (!list_empty(&e->waiting))
			list_pop(&e->waiting);
		entry_free(e);
	}
	map_free(&s->entries);
	free(s);
	*sp = NULL;
}
