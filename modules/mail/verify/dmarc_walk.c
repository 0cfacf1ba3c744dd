/*
 * dmarc_walk.c: see dmarc_walk.h. On the loop; the steps are numbered as in RFC 9989 section 4.10.
 */
#include "verify/dmarc_walk.h"

#include <stdio.h>

#include "hearth/log.h"

static void on_record(void *arg, const struct dns_answer *answer);

static size_t labels(struct slice name)
{
	size_t n = name.n > 0;

	for (size_t i = 0; i < name.n; i++)
		n += name.p[i] == '.';
	return n;
}

static struct slice parent(struct slice name)
{
	ptrdiff_t dot = slice_chr(name, '.');

	return dot < 0 ? SLICE("") : slice_skip(name, (size_t)dot + 1);
}

/* The labels of the start from `above` down, one more than it has. */
static struct slice one_below(const struct dmarc_walk *w, struct slice above)
{
	struct slice name = w->start;

	while (labels(name) > labels(above) + 1)
		name = parent(name);
	return name;
}

static void finish(struct dmarc_walk *w, struct slice organization)
{
	w->organization = organization;
	w->ended = true;
	if (w->own.domain.p)
		w->policy = w->own;
	else if (w->top.domain.p &&
		 (slice_eq(w->top.domain, organization) || w->top.record.psd == DMARC_PSD_YES))
		w->policy = w->top;
	w->done(w->arg);
}

/* At a suffix that others register names in; a record of the organization's own goes before its. */
static void end_below(struct dmarc_walk *w, const struct dmarc_found *suffix)
{
	struct slice organization = one_below(w, suffix->domain);

	if (!w->top.domain.p || !slice_eq(w->top.domain, organization))
		w->top = *suffix;
	finish(w, organization);
}

static void ask(struct dmarc_walk *w)
{
	char name[DNS_NAME_MAX + 16];

	/* With the prefix it may be too long to be asked: then there is no record. */
	snprintf(name, sizeof(name), "_dmarc.%.*s", SLICE_ARG(w->at));
	w->asked++;
	w->dns.ask(w->dns.dns, &w->q, slice_str(name), DNS_TXT, on_record, w);
}

/* The only record of DMARC under the name; several count as none (steps 2 and 6). */
static bool pick(struct dmarc_walk *w, const struct dns_answer *answer, struct dmarc_found *out)
{
	struct strbuf text = { 0 };
	struct dmarc_record record;
	size_t n = 0;

	for (size_t i = 0; i < answer->count && n < 2; i++) {
		strbuf_reset(&text);
		if (!dns_read_txt(answer->rdata[i], &text) ||
			!dmarc_record_parse(strbuf_slice(&text), &record))
			continue;
		n++;
		out->domain = w->at;
		out->text = arena_slice(w->a, strbuf_slice(&text));
	}
	strbuf_free(&text);
	return n == 1 && dmarc_record_parse(out->text, &out->record);
}

/* Steps 3 and 4: the name that is asked next; of a long one the last seven labels. */
static void go_up(struct dmarc_walk *w)
{
	size_t n = labels(w->at);

	do
		w->at = parent(w->at);
	while (n >= DMARC_WALK_MAX && labels(w->at) > DMARC_WALK_MAX - 1);
}

static void on_record(void *arg, const struct dns_answer *answer)
{
	struct dmarc_walk *w = arg;
	bool first = w->asked == 1;
	struct dmarc_found found;

	w->failed = answer->status == DNS_FAILED || answer->status == DNS_BOGUS;
	if (w->failed) {
		finish(w, w->start);
		return;
	}
	if (pick(w, answer, &found)) {
		if (found.record.psd == DMARC_PSD_YES && !first) {
			end_below(w, &found);
			return;
		}
		w->top = found;
		if (first)
			w->own = found;
		if (found.record.psd == DMARC_PSD_NO) {
			finish(w, w->at);
			return;
		}
	}
	go_up(w);
	if (w->at.n > 0 && w->asked < DMARC_WALK_MAX)
		ask(w);
	else
		finish(w, w->top.domain.p ? w->top.domain : w->start);
}

void dmarc_walk_begin(struct dmarc_walk *w, const struct verify_asker *dns, struct arena *a,
	struct slice name, dmarc_walk_fn *done, void *arg)
{
	INVARIANT(done && name.n > 0);
	*w = (struct dmarc_walk){ .dns = *dns, .a = a, .done = done, .arg = arg };
	w->start = w->at = arena_slice(a, name);
	ask(w);
}

void dmarc_walk_drop(struct dmarc_walk *w)
{
	if (w->dns.drop)
		w->dns.drop(&w->q);
}
