/*
 * acme_commands.c: hearth acme status, renew. They look at the database "acme", also while the server
 * runs; what they change the server finds at its next look (SIGHUP makes it look at once).
 *
 * In a process of its own, on its one thread.
 */
#include "cli/acme_commands.h"

#include <stdio.h>
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
	"Exit codes: 0 done; 1 failed; 2 misused.\n";

/* The record; NULL with an exit code. All of it lies in the arena. */
static struct acme_reading *look(struct hearth *h, int argc, struct arena *a, int *code)
{
	struct acme_reading *r = arena_zalloc(a, sizeof(*r));
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
	rc = db_read_wait(hearth_db(h, acme_schema()->name), acme_store_read, r);
	if (rc == 0)
		return r;
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
	return found.not_after_ms >= now;
}

int run_acme_status(struct hearth *h, int argc, char **argv)
{
	struct arena *a = arena_new();
	struct acme_reading *r;
	int code;

	(void)argv;
	r = look(h, argc, a, &code);
	if (r) {
		printf("authority: %s\n", r->directory);
		printf("account: %s\n",
			*r->record.account_url ? r->record.account_url : "none yet");
		code = print_certificate(r) && !*r->record.error ? 0 : FAILED;
		if (*r->record.left_out)
			printf("left out, since it could not be confirmed: %s\n",
				r->record.left_out);
		if (*r->record.error) {
			print_time("failed", r->record.ended_ms);
			printf("why: %s\n", r->record.error);
		}
		if (*r->record.error && r->record.next_ms > clock_wall_ms())
			print_time("is tried again", r->record.next_ms);
	}
	arena_free(&a);
	return code;
}

int run_acme_renew(struct hearth *h, int argc, char **argv)
{
	struct arena *a = arena_new();
	struct acme_store store = { 0 };
	int code, rc;

	(void)argv;
	if (look(h, argc, a, &code)) {
		store.db = hearth_db(h, acme_schema()->name);
		rc = acme_store_want(&store);
		code = rc == 0 ? 0 : FAILED;
		if (rc < 0)
			fprintf(stderr, "hearth: it cannot be noted: %s\n", error_name(rc));
		else
			printf("noted; `hearth acme status` says what came of it\n");
	}
	arena_free(&a);
	return code;
}
