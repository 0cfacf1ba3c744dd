/*
 * renewal_info.c: when a certificate is to be renewed, by its authority's word (renewal_info.h).
 *
 *   directory ─▶ renewalInfo/ID ─▶ a moment of the window, noted; asked again when it says (Retry-After)
 *
 * A failure changes nothing of when it is renewed, nor does a window that lies behind its end. Whatever an authority says, between two certificates
 * lies an hour (store.c). On a worker, but for what is pure.
 */
#include "acme/renewal_info.h"

#include "acme/certs.h"
#include "acme/jws.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "hearth/rand.h"

#define MINUTE_MS  INT64_C(60000)
#define DEFAULT_MS (360 * MINUTE_MS) /* where it does not say */
#define RESERVE    10                /* the part of its life that is left at the latest */
#define DAY_MS     (1440 * MINUTE_MS)

int64_t acme_choose_moment(const struct acme_record *r, const struct acme_window *w)
{
	int64_t latest_ms = r->not_after_ms - certs_life_ms(r->chain) / RESERVE;
	int64_t end_ms = w->end_ms < latest_ms ? w->end_ms : latest_ms;

	if (r->window_start_ms == w->start_ms && r->window_end_ms == w->end_ms)
		return r->renew_ms < latest_ms ? r->renew_ms : latest_ms;
	if (w->start_ms >= end_ms)
		return end_ms;
	return w->start_ms + (int64_t)rand_below((uint64_t)(end_ms - w->start_ms));
}

int64_t acme_ask_pause_ms(int64_t retry_after_s)
{
	int64_t pause_ms = retry_after_s > 0 ? retry_after_s * 1000 : DEFAULT_MS;

	return pause_ms < MINUTE_MS ? MINUTE_MS : pause_ms > DAY_MS ? DAY_MS : pause_ms;
}

int64_t acme_ask_again_ms(int64_t failures, int64_t retry_after_s)
{
	int64_t pause_ms = MINUTE_MS, wanted_ms = 0;

	while (--failures > 0 && pause_ms < DEFAULT_MS)
		pause_ms *= 2;
	if (pause_ms > DEFAULT_MS)
		pause_ms = DEFAULT_MS;
	if (retry_after_s > 0)
		wanted_ms = acme_ask_pause_ms(retry_after_s);
	return wanted_ms > pause_ms ? wanted_ms : pause_ms;
}

/* 0 with the window; HEARTH_EUNSUPPORTED: this authority gives none. */
static int ask(struct acme_attempt *t, struct acme_window *window)
{
	struct acme_client *c = &t->job.client;
	struct fetch_answer answer;
	const char *id;
	int rc = client_open(c);

	if (rc < 0)
		return rc;
	id = certs_renewal_id(c->arena, t->record.chain);
	if (!c->urls.renewal_info || !id)
		return HEARTH_EUNSUPPORTED;
	rc = client_get(c, arena_printf(c->arena, "%s/%s", c->urls.renewal_info, id), &answer);
	if (rc == 0 && acme_read_window(c->arena, answer.body, window) < 0)
		rc = client_fail(c, "when it wants the certificate renewed cannot be read");
	return rc;
}

static void tell(const struct acme_window *w, int64_t renew_ms)
{
	log_info("acme", "the authority says when to renew", "from_in_s", "%lld",
		(long long)(w->start_ms - clock_wall_ms()) / 1000, "to_in_s", "%lld",
		(long long)(w->end_ms - clock_wall_ms()) / 1000, "chosen_in_s", "%lld",
		(long long)(renew_ms - clock_wall_ms()) / 1000, "why", "%s",
		w->explanation ? w->explanation : "", NULL);
}

void acme_ask_run(void *attempt)
{
	struct acme_attempt *t = attempt;
	struct acme_record r = t->record;
	struct acme_window window;
	int64_t renew_ms = r.renew_ms, pause_ms;

	t->result = ask(t, &window);
	if (t->result == HEARTH_ECLOSED)
		return;
	if (t->result == 0) {
		renew_ms = acme_choose_moment(&r, &window);
		if (r.window_start_ms != window.start_ms || r.window_end_ms != window.end_ms)
			tell(&window, renew_ms);
		r.window_start_ms = window.start_ms;
		r.window_end_ms = window.end_ms;
		pause_ms = acme_ask_pause_ms(t->job.client.retry_after_s);
	} else if (t->result == HEARTH_EUNSUPPORTED) {
		pause_ms = DAY_MS;
	} else {
		pause_ms = acme_ask_again_ms(t->failures + 1, t->job.client.retry_after_s);
		log_warn("acme", "when to renew could not be asked", "why", "%s", t->job.client.why,
			"next_in_s", "%lld", (long long)pause_ms / 1000, NULL);
	}
	r.ask_ms = clock_wall_ms() + pause_ms;
	t->begun = acme_store_asked(&t->job.store, &r, renew_ms) == 0;
}

const char *acme_replaced(const struct acme_job *j)
{
	const struct acme_record *r = j->record;
	EVP_PKEY *key = acme_key_read(r->key);
	struct certs_found found = { 0 };
	const char *why, *id = NULL;

	if (j->client.urls.renewal_info && key &&
		certs_read(j->client.arena, r->chain, key, &found, &why) == 0)
		for (size_t i = 0; i < j->count && !id; i++)
			if (certs_has(&found, j->names[i]))
				id = certs_renewal_id(j->client.arena, r->chain);
	EVP_PKEY_free(key);
	return id;
}
