/*
 * key_watch.c: looks after the keys, every minute while one waits to be published, else every hour:
 *
 *	work (a worker)   makes what domains lack; lets go what was kept, or revoked, for long enough;
 *	                  loads the table
 *	ask (the loop)    each key that waits is asked of the DNS; one that is there, as it should be,
 *	                  signs from then on
 *
 * Nodes may do it at the same time: each change is from a state that is checked in its transaction.
 */
#include <stdio.h>

#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "sign/keys_internal.h"
#include "verify/dkim_key.h"

#define FIRST_MS (INT64_C(60) * 1000)
#define SOON_MS  (INT64_C(60) * 1000)
#define LATER_MS (INT64_C(60) * 60 * 1000)

static void look(void *arg);

/* ---- on a worker ---- */

static int prune(struct db_tx *tx, void *arg)
{
	const struct mail *m = arg;
	int64_t now = clock_wall_ms();
	int64_t keep = config_duration_ms(hearth_config(m->h), "dkim", "keep");
	int64_t valid = mail_keys_valid_ms(m) + m->hold_max_ms;

	return mail_store_dkim_prune(
		tx, now - (keep > valid ? keep : valid), now - MAIL_DKIM_REVOKED_MS);
}

/* A domain's first ones, and those in the place of what was taken back. */
static void make_missing(struct mail_keys *k)
{
	struct slice *domains;
	size_t n = keyring_domains(k->m->h, k->a, &domains);
	int rc = 0;

	for (size_t i = 0; i < n && rc == 0 && k->on && k->ring.ready; i++)
		rc = mail_keys_make(k, domains[i]);
	if (rc < 0)
		log_warn("mail", "no keys could be made to sign with", "why", "%s", error_name(rc),
			NULL);
}

static void work(void *arg)
{
	struct mail_keys *k = arg;
	struct mail_dkim_key *all;
	size_t n = 0;

	k->wait_count = 0;
	if (mail_sends_elsewhere(k->m))
		make_missing(k);
	db_write_wait(k->m->db, prune,
		k->m); /* else the next time: a full disk keeps nobody's keys out */
	if (mail_keys_load(k) < 0 || keyring_list(k->m->db, SLICE(""), k->a, &all, &n) < 0)
		return;
	k->waits = all;
	for (size_t i = 0; i < n && k->wait_count < KEY_WATCH_MAX; i++)
		if (all[i].state == MAIL_DKIM_WAITS)
			k->waits[k->wait_count++] = all[i];
}

/* ---- on the loop ---- */

static void end_look(struct mail_keys *k)
{
	bool again = k->look_again;

	k->looking = k->look_again = false;
	if (!k->drained)
		timer_start(&k->timer, again ? 0 : k->wait_count ? SOON_MS : LATER_MS, 0, look, k);
	arena_reset(k->a);
}

static void ask_next(struct mail_keys *k);

static int activate(struct db_tx *tx, void *arg)
{
	const struct mail_keys *k = arg;
	int rc = mail_store_dkim_activate(tx, &k->waits[k->asked], clock_wall_ms());

	return rc < 0 ? rc : keyring_publish(tx);
}

static void on_activated(void *arg, int status)
{
	struct mail_keys *k = arg;
	const struct mail_dkim_key *key = &k->waits[k->asked];

	if (status == 0)
		log_info("mail", "a key is published and signs from now on", "domain", "%.*s",
			SLICE_ARG(key->domain), "selector", "%.*s", SLICE_ARG(key->selector), NULL);
	else if (status != HEARTH_ECONFLICT)
		log_warn("mail", "a key that is published could not be taken into use", "why", "%s",
			error_name(status), NULL);
	k->asked++;
	ask_next(k);
}

/* One of the records there is this key. */
static bool is_published(struct mail_keys *k, const struct dns_answer *answer)
{
	const struct mail_dkim_key *key = &k->waits[k->asked];
	struct strbuf text = { 0 };
	struct dkim_key found, wanted;
	bool same = false;
	size_t n = answer->status == DNS_FOUND ? answer->count : 0;

	sign_key_record(&text, (enum signature_algorithm)key->algorithm, key->public_half);
	if (dkim_key_read(strbuf_slice(&text), k->a, &wanted) < 0)
		n = 0;
	for (size_t i = 0; i < n && !same; i++) {
		strbuf_reset(&text);
		same = dns_read_txt(answer->rdata[i], &text) &&
		       dkim_key_read(strbuf_slice(&text), k->a, &found) == 0 &&
		       found.algorithm == wanted.algorithm && slice_eq(found.bytes, wanted.bytes);
	}
	strbuf_free(&text);
	return same;
}

static void on_answer(void *arg, const struct dns_answer *answer)
{
	struct mail_keys *k = arg;

	if (is_published(k, answer) && !k->drained &&
		db_write(k->m->db, activate, on_activated, k) == 0)
		return;
	k->asked++;
	ask_next(k);
}

static void ask_next(struct mail_keys *k)
{
	char name[DNS_NAME_MAX + 1];

	if (k->asked == k->wait_count || k->drained) {
		end_look(k);
		return;
	}
	snprintf(name, sizeof(name), "%.*s._domainkey.%.*s", SLICE_ARG(k->waits[k->asked].selector),
		SLICE_ARG(k->waits[k->asked].domain));
	dns_ask(hearth_dns(k->m->h), &k->question, slice_str(name), DNS_TXT, on_answer, k);
}

static void on_worked(void *arg, int status)
{
	struct mail_keys *k = arg;

	if (status < 0)
		k->wait_count = 0;
	k->asked = 0;
	ask_next(k);
}

static void look(void *arg)
{
	struct mail_keys *k = arg;

	if (k->looking) {
		k->look_again = true;
		return;
	}
	timer_stop(&k->timer);
	k->looking = true;
	if (job_run(k->m->io, work, on_worked, k) < 0)
		end_look(k);
}

void mail_keys_changed(struct mail_keys *k)
{
	if (!k->drained)
		look(k);
}

void key_watch_start(struct mail_keys *k)
{
	k->a = arena_new();
	timer_start(&k->timer, FIRST_MS, 0, look, k);
}

void key_watch_stop(struct mail_keys *k)
{
	k->drained = true;
	timer_stop(&k->timer);
	dns_drop(&k->question);
}
