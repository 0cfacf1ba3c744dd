/*
 * acme.c: when a certificate is got, and who gets it (acme.h).
 *
 *   every LOOK_MS: read the record ─▶ another certificate than in use? put it into use
 *                        │
 *                        └─ ours to get (lease "acme"), and due? ─▶ which names lead here?
 *                                                                    ─▶ an attempt, on a worker
 *                           not due, and time to ask the authority when it will be? ─▶ asked, there
 *
 * All truth is in the database: of several nodes one has the lease and does the work, the others
 * find the certificate at their next look; so does this one. Due: there is none, two thirds of its
 * life are over (or it is the moment that the authority wants, renewal_info.h), or a name leads here that it lacks; but never before the time noted for the next
 * attempt.
 *
 * On the loop, but for the attempt: one at a time, on a pool of one thread that starts with the first.
 */
#include "acme/acme_internal.h"

#include <stdlib.h>

#include "acme/acme_choose.h"
#include "acme/jws.h"
#include "acme/renewal_info.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/log.h"

#define LOOK_MS       15000
#define NAMES_LOOK_MS INT64_C(21600000) /* names are looked up anew: six hours */

/* ---- an attempt ---- */

static void on_ended(void *arg, int status)
{
	struct acme_attempt *t = arg;
	struct acme *a = t->owner;
	bool begun = t->begun;

	(void)status;
	if (t->asks)
		a->ask_failures =
			t->result == 0 || t->result == HEARTH_EUNSUPPORTED ? 0 : t->failures + 1;
	a->attempt = NULL;
	EVP_PKEY_free(t->job.client.key);
	strbuf_free(&t->job.key);
	strbuf_free(&t->job.chain);
	arena_free(&t->arena);
	free(t);
	/* Where not even that could be noted, as on a full disk, the next look is soon enough. */
	if (begun)
		acme_look(a);
}

static bool is_due(const struct acme *a, const struct acme_record *r)
{
	int64_t now = clock_wall_ms();

	/* A clock that was set back must not put it off for long. */
	if (r->next_ms > now && r->next_ms - now < 8 * INT64_C(86400000))
		return false;
	return !a->version || now >= r->renew_ms || now >= r->not_after_ms ||
	       acme_lacks_a_name(&a->look, &a->found, r);
}

/* Whether the authority is to be asked when it wants the certificate renewed; of one that has ended nobody asks. */
static bool is_to_ask(const struct acme *a, const struct acme_record *r)
{
	int64_t now = clock_wall_ms();

	return a->version && a->version == r->version && now < r->not_after_ms &&
	       (now >= r->ask_ms || r->ask_ms - now > 8 * INT64_C(86400000));
}

/*
 * Takes the record over, with the arena that it lies in: for an attempt, or to ask when there is to be
 * one.
 */
static void begin(struct acme *a, struct acme_reading *reading, bool asks)
{
	const struct config *c = a->o.config;
	struct acme_attempt *t = mem_zalloc(sizeof(*t));
	const char *ca = config_text(c, "acme", "ca");

	t->owner = a;
	t->arena = reading->arena;
	t->record = reading->record;
	t->asks = asks;
	t->failures = a->ask_failures;
	t->job = (struct acme_job){
		.client = { .directory = a->directory,
			.ca = *ca ? ca : NULL,
			.arena = t->arena,
			.key = acme_key_read(t->record.account_key),
			.stop = &a->stop },
		.store = { .db = a->o.db, .vault = &a->vault, .lease = a->lease },
		.email = config_text(c, "acme", "email"),
		.bind_kid = config_text(c, "acme", "eab_kid"),
		.bind_secret = config_text(c, "acme", "eab_key"),
		.way = acme_choose_way(c, &t->record),
		.record = &t->record,
	};
	t->job.names = acme_choose_names(&a->look, &a->found, &t->record, t->arena, &t->job.count);
	a->attempt = t;
	if (!a->pool)
		a->pool = pool_new("acme", 1, 1);
	INVARIANT(job_run(a->pool, asks ? acme_ask_run : acme_attempt_run, on_ended, t) == 0);
}

/* ---- looking ---- */

static void on_names(void *arg, const struct names_look *found)
{
	struct acme *a = arg;

	(void)found; /* is a->look */
	a->looking = false;
	a->looked_ms = clock_mono_ms();
	acme_look(a);
}

/* What follows from the record; true when it was taken over. */
static bool decide(struct acme *a, struct acme_reading *reading)
{
	bool stale = !a->looked_ms || clock_mono_ms() - a->looked_ms > NAMES_LOOK_MS;

	if (!a->lease.epoch || a->attempt || a->looking || atomic_load(&a->stop) ||
		reading->record.unreadable)
		return false;
	if (stale) {
		a->looking = true;
		names_begin(&a->look, a->o.dns, a->o.candidates, on_names, a);
		return false;
	}
	if (is_due(a, &reading->record))
		begin(a, reading, false);
	else if (is_to_ask(a, &reading->record))
		begin(a, reading, true);
	else
		return false;
	return true;
}

static void on_read(void *arg, int status)
{
	struct look *look = arg;
	struct acme_reading *reading = &look->r;
	struct acme *a = look->acme;
	bool taken = false;

	a->reading = NULL;
	if (status == 0) {
		acme_take_record(a, &reading->record);
		taken = decide(a, reading);
	}
	if (!taken)
		arena_free(&reading->arena);
	free(look);
	if (a->again) {
		a->again = false;
		acme_look(a);
	}
}

void acme_look(struct acme *a)
{
	struct look *look;

	if (!a || atomic_load(&a->stop))
		return;
	if (a->reading) {
		a->again = true;
		return;
	}
	look = mem_zalloc(sizeof(*look));
	look->acme = a;
	look->r.directory = a->directory;
	look->r.vault = &a->vault;
	look->r.arena = arena_new();
	a->reading = look;
	if (db_read(a->o.db, acme_store_read, on_read, look) < 0) {
		a->reading = NULL;
		arena_free(&look->r.arena);
		free(look);
	}
}

static void on_timer(void *arg)
{
	acme_look(arg);
}

static void on_lease(void *arg, const struct lease *l)
{
	struct acme *a = arg;

	a->lease = l ? *l : (struct lease){ 0 };
	if (l)
		acme_look(a);
}

/* ---- beginning and end ---- */

/* Seals what is plain; the account's key is there before anything else: what answers challenges is made of it. */
static int have_keys(struct acme *a, struct acme_reading *reading)
{
	const struct acme_store store = { .db = a->o.db, .vault = &a->vault };
	struct strbuf pem = { 0 };
	EVP_PKEY *key;
	int rc = db_read_wait(a->o.db, acme_store_read, reading);

	if (rc == 0 && reading->record.plain && a->vault.ready)
		rc = acme_store_seal(&store);
	if (rc == 0 && reading->record.account_key.n == 0 && !reading->record.unreadable) {
		key = acme_key_new();
		INVARIANT(key && acme_key_write(key, &pem));
		EVP_PKEY_free(key);
		rc = acme_store_key(&store, a->directory, strbuf_slice(&pem));
		strbuf_free(&pem);
		if (rc == 0) /* another node may have been faster */
			rc = db_read_wait(a->o.db, acme_store_read, reading);
	}
	return rc;
}

int acme_new(const struct acme_options *o, struct acme **out)
{
	struct acme *a = mem_zalloc(sizeof(*a));
	struct acme_reading reading = { .arena = arena_new(), .vault = &a->vault };
	int rc;

	a->o = *o;
	a->directory = reading.directory = config_text(o->config, "acme", "directory");
	atomic_init(&a->stop, false);
	acme_vault_open(&a->vault, o->data_dir);
	rc = have_keys(a, &reading);
	if (rc < 0)
		log_error("acme", "the database cannot be read", "why", "%s", error_name(rc), NULL);
	else
		acme_take_record(a, &reading.record);
	arena_free(&reading.arena);
	if (rc < 0)
		acme_free(&a);
	*out = a;
	return rc < 0 ? HEARTH_EIO : 0;
}

void acme_start(struct acme *a)
{
	if (!a)
		return;
	challenges_begin(&a->challenges, a->o.db);
	a->keeper = lease_claim(a->o.leases, a->o.db, "acme", on_lease, a);
	timer_start(&a->timer, LOOK_MS, LOOK_MS, on_timer, a);
}

void acme_stop(struct acme *a)
{
	if (!a)
		return;
	atomic_store(&a->stop, true);
	challenges_end(&a->challenges);
	timer_stop(&a->timer);
	if (a->looking)
		names_drop(&a->look);
	a->looking = false;
	lease_unkeep(&a->keeper);
}

bool acme_busy(const struct acme *a)
{
	return a && (a->attempt || a->reading || a->challenges.waiting);
}

void acme_free(struct acme **ap)
{
	struct acme *a = *ap;

	if (!a)
		return;
	acme_stop(a);
	pool_free(&a->pool);
	arena_free(&a->found_arena);
	acme_vault_wipe(&a->vault);
	challenges_clear(&a->challenges);
	free(a);
	*ap = NULL;
}

void *acme_thumbprint(struct acme *a)
{
	return a->thumbprint;
}
