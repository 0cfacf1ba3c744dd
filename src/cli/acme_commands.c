/*
 * acme_commands.c: hearth acme status, renew. They look at the database "acme", also while the server
 * runs; what they change the server finds at its next look (SIGHUP makes it look at once).
 *
 * In a process of its own, on its one thread.
 */
#include "cli/acme_commands.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "acme/acme.h"
#include "acme/certs.h"
#include "acme/jws.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/log.h"

#define FAILED  1
#define MISUSED 2

const char help_acme_status[] = "Says which authority is asked, which names the certificate has "
				"and until when, when it is\n"
				"renewed, and what was wrong with the last attempt.\n"
				"Exit codes: 0 a certificate is there and nothing is wrong; 1 none "
				"is, or the last attempt\n"
				"failed; 2 misused.\n";
const char help_acme_renew[] =
	"The server gets another certificate at its next look, within half a minute, also where a\n"
	"failure has made it wait: authorities count how often they are asked, so mend first what\n"
	"`hearth acme status` says. Names that were left out are tried again.\n"
	"--new-account: with another account, for when tls/secrets.key is gone for good, and with "
	"it\n"
	"the keys that it sealed; CAA records that name the account must then be published anew.\n"
	"Exit codes: 0 done; 1 failed; 2 misused.\n";

/* What a command looks at. */
struct view {
	struct acme_reading r; /* first: it is what acme_store_read gets */
	struct acme_vault vault;
};

/* The record; NULL with an exit code. All of it lies in the arena. */
static struct view *look(struct hearth *h, int argc, struct arena *a, int *code)
{
	struct view *v = arena_zalloc(a, sizeof(*v));
	struct acme_reading *r = &v->r;
	int rc;

	*code = FAILED;
	if (argc > 0) {
		fprintf(stderr, "hearth: it takes no argument\n");
		*code = MISUSED;
		return NULL;
	}
	if (!acme_is_on(h->config)) {
		fprintf(stderr, "hearth: no authority is asked: set directory, email and agree in "
				"[acme]\n");
		return NULL;
	}
	log_set_level(LOG_WARN);
	if (kernel_open(h) < 0)
		return NULL;
	r->directory = config_text(h->config, "acme", "directory");
	r->arena = a;
	r->vault = &v->vault;
	acme_vault_open(&v->vault, hearth_data_dir(h));
	rc = db_read_wait(hearth_db(h, acme_schema()->name), acme_store_read, r);
	if (rc == 0)
		return v;
	fprintf(stderr, "hearth: the database cannot be read: %s\n", error_name(rc));
	return NULL;
}

static void print_time(const char *what, int64_t ms)
{
	time_t s = (time_t)(ms / 1000);
	char text[64];
	struct tm tm;

	gmtime_r(&s, &tm);
	strftime(text, sizeof(text), "%Y-%m-%d %H:%M UTC", &tm);
	printf("%s: %s\n", what, text);
}

static bool print_certificate(const struct acme_reading *r)
{
	EVP_PKEY *key = acme_key_read(r->record.key);
	struct certs_found found = { 0 };
	const char *why;
	int64_t now = clock_wall_ms();

	if (!r->record.version || !key ||
		certs_read(r->arena, r->record.chain, key, &found, &why) < 0) {
		EVP_PKEY_free(key);
		printf("certificate: none yet; a self-signed one serves\n");
		return false;
	}
	EVP_PKEY_free(key);
	printf("certificate:");
	for (const char **n = found.names; *n; n++)
		printf(" %s", *n);
	printf("\n");
	print_time(found.not_after_ms < now ? "EXPIRED" : "good until", found.not_after_ms);
	if (r->record.renew_ms > now)
		print_time("is renewed", r->record.renew_ms);
	else
		printf("is renewed: now\n");
	if (r->record.window_end_ms) {
		print_time("its authority wants it renewed from", r->record.window_start_ms);
		print_time("and until", r->record.window_end_ms);
	}
	return found.not_after_ms >= now;
}

static bool is_lost(const struct hearth *h, const struct acme_record *r)
{
	struct strbuf advice = { 0 };

	if (!r->unreadable)
		return false;
	acme_advise_lost(&advice, hearth_data_dir(h));
	printf("NOTHING IS GOT: %s\n", advice.p);
	strbuf_free(&advice);
	return true;
}

static int print_status(struct hearth *h, const struct acme_reading *reading)
{
	const struct acme_record *r = &reading->record;
	bool lost, good;

	printf("authority: %s\n", reading->directory);
	printf("account: %s\n", *r->account_url ? r->account_url : "none yet");
	lost = is_lost(h, r);
	good = print_certificate(reading) && !*r->error && !lost;
	if (*r->left_out)
		printf("left out, since it could not be confirmed: %s\n", r->left_out);
	if (*r->error) {
		print_time("failed", r->ended_ms);
		printf("why: %s\n", r->error);
	}
	if (*r->error && r->next_ms > clock_wall_ms())
		print_time("is tried again", r->next_ms);
	return good ? 0 : FAILED;
}

int run_acme_status(struct hearth *h, int argc, char **argv)
{
	struct arena *a = arena_new();
	struct view *v;
	int code;

	(void)argv;
	v = look(h, argc, a, &code);
	if (v) {
		code = print_status(h, &v->r);
		acme_vault_wipe(&v->vault);
	}
	arena_free(&a);
	return code;
}

static int begin_anew(const struct acme_store *store, const char *directory)
{
	EVP_PKEY *key = acme_key_new();
	struct strbuf pem = { 0 };
	int rc = key && acme_key_write(key, &pem) ? 0 : HEARTH_EIO;

	if (rc == 0)
		rc = acme_store_begin_anew(store, directory, strbuf_slice(&pem));
	EVP_PKEY_free(key);
	secret_wipe(pem.p, pem.n);
	strbuf_free(&pem);
	return rc;
}

int run_acme_renew(struct hearth *h, int argc, char **argv)
{
	bool anew = argc == 1 && strcmp(argv[0], "--new-account") == 0;
	struct arena *a = arena_new();
	struct acme_store store = { 0 };
	struct view *v;
	int code, rc;

	v = look(h, anew ? 0 : argc, a, &code);
	if (v && v->r.record.unreadable && !anew) {
		is_lost(h, &v->r.record);
		code = FAILED;
	} else if (v) {
		store.db = hearth_db(h, acme_schema()->name);
		store.vault = &v->vault;
		rc = anew ? begin_anew(&store, v->r.directory) : acme_store_want(&store);
		code = rc == 0 ? 0 : FAILED;
		if (rc < 0)
			fprintf(stderr, "hearth: it cannot be noted: %s\n", error_name(rc));
		else
			printf("noted; `hearth acme status` says what came of it\n");
	}
	if (v)
		acme_vault_wipe(&v->vault);
	arena_free(&a);
	return code;
}
