/*
 * sts.c: see sts.h. A domain's entry goes through
 *
 *   idle ─look─▶ its row is read ─▶ TXT ──none, or as before──▶ settled: who waits is answered
 *                                    └──another id──▶ HTTPS ──▶ written ──▶ ″
 *
 * and is forgotten when others need its place. On the loop. Bounds: STS_ENTRIES_MAX entries, each with at
 * most one policy.
 */
#include "policy/sts.h"

#include <stdio.h>
#include <stdlib.h>

#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "hearth/map.h"
#include "policy/sts_internal.h"

#define DAY_MS INT64_C(86400000) /* how exactly it is known when a policy was last used */

/* ---- entries ---- */

static void entry_free(struct sts_entry *e)
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

static struct sts_entry *oldest_idle(struct sts *s)
{
	LIST_FOREACH (&s->list, it) {
		struct sts_entry *e = LIST_ENTRY(it, struct sts_entry, node);

		if (!e->busy && list_empty(&e->waiting))
			return e;
	}
	return NULL;
}

struct sts_entry *sts_entry_get(struct sts *s, struct slice domain)
{
	struct sts_entry *e = map_get(s->entries, domain);

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
	struct sts_entry *e = arg;
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

void sts_settle(struct sts_entry *e)
{
	e->busy = e->anew = false;
	e->looked_ms = clock_mono_ms();
	arena_free(&e->a);
	timer_start(&e->answer, 0, 0, answer_all, e);
}

/* ---- the record ---- */

static void on_txt(void *arg, const struct dns_answer *answer)
{
	struct sts_entry *e = arg;
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
		sts_fetch(e);
		return;
	}
	/* As before; or without a record that counts, and then what holds goes on. */
	e->fault = STS_FAULTLESS;
	if (e->anew)
		sts_note(e, mail_store_sts_later, clock_wall_ms() + STS_MISSED_MS);
	sts_settle(e);
}

/* ---- a look ---- */

static int read_row(struct db_tx *tx, void *arg)
{
	struct sts_entry *e = arg;

	arena_reset(e->a);
	e->found = mail_store_sts(tx, slice_str(e->domain), clock_wall_ms(), e->a, &e->row);
	return e->found == HEARTH_ENOTFOUND ? 0 : e->found;
}

static void ask_txt(struct sts_entry *e)
{
	char name[DNS_NAME_MAX + 16];

	snprintf(name, sizeof(name), "_mta-sts.%s", e->domain);
	dns_ask(hearth_dns(e->s->m->h), &e->txt, slice_str(name), DNS_TXT, on_txt, e);
}

static void on_row(void *arg, int status)
{
	struct sts_entry *e = arg;
	const char *why;

	if (status < 0)
		e->found = status;
	if (e->found == 0 && !e->policy) {
		e->policy = sts_policy_read(e->row.policy, &why);
		e->expires_ms = e->row.expires_ms;
		memcpy(e->id, e->row.id, sizeof(e->id));
	}
	if (e->found == 0 && !e->anew && clock_wall_ms() - e->row.used_ms > DAY_MS)
		sts_note(e, mail_store_sts_used, clock_wall_ms());
	if (e->s->ended)
		sts_settle(e);
	else
		ask_txt(e);
}

void sts_begin(struct sts_entry *e)
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
	struct sts_entry *e = sts_entry_get(s, domain);

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
		sts_begin(e);
}

void sts_drop(struct sts_lookup *l)
{
	list_remove(&l->node);
}

/* ---- from outside ---- */

struct sts *sts_new(const struct mail *m)
{
	struct sts *s = mem_zalloc(sizeof(*s));

	s->m = m;
	s->entries = map_new();
	list_init(&s->list);
	timer_start(&s->refresh, STS_REFRESH_MS, STS_REFRESH_MS, sts_refresh, s);
	return s;
}

void sts_drain(struct sts *s)
{
	s->ended = true;
	timer_stop(&s->refresh);
	LIST_FOREACH (&s->list, it)
		fetch_drop(&LIST_ENTRY(it, struct sts_entry, node)->fetch);
}

void sts_free(struct sts **sp)
{
	struct sts *s = *sp;
	struct list_node *node;

	if (!s)
		return;
	timer_stop(&s->refresh);
	while ((node = list_pop(&s->list))) {
		struct sts_entry *e = LIST_ENTRY(node, struct sts_entry, node);

		while (!list_empty(&e->waiting))
			list_pop(&e->waiting);
		entry_free(e);
	}
	map_free(&s->entries);
	free(s);
	*sp = NULL;
}
