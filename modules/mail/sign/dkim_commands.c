/*
 * dkim_commands.c: hearth dkim list|rotate|revoke: the keys that sign mail, seen and changed from the
 * machine. On a command's main thread; a server that runs is told by MAIL_TOPIC_KEYS, in the same
 * transaction.
 */
#include "sign/dkim_commands.h"

#include <stdio.h>
#include <time.h>

#include "hearth/error.h"
#include "sign/key_orders.h"

static int failed(int rc)
{
	fprintf(stderr, "hearth: %s\n",
		rc == HEARTH_EDENIED ? "the key of secrets (" SECRET_KEY_FILE
				       ") is not there: start the server once, or put it back from "
				       "a backup"
				     : error_name(rc));
	return 1;
}

/* ---- list ---- */

static void print_time(int64_t ms)
{
	time_t seconds = (time_t)(ms / 1000);
	char text[32] = "-";
	struct tm tm;

	if (gmtime_r(&seconds, &tm))
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	fputs(text, stdout);
}

int mail_run_dkim_list(struct hearth *h, int argc, char **argv)
{
	struct mail_dkim_key *keys;
	struct arena *a;
	size_t n = 0;
	int rc;

	if (argc > 1)
		return fprintf(stderr, "hearth: unexpected argument: %s\n", argv[1]), 2;
	a = arena_new();
	rc = keyring_list(hearth_db(h, "mail"), slice_str(argc ? argv[0] : ""), a, &keys, &n);
	for (size_t i = 0; i < n && rc == 0; i++) {
		printf("%.*s\t%.*s\t%s\t%s\t", SLICE_ARG(keys[i].domain),
			SLICE_ARG(keys[i].selector),
			sign_key_kind((enum signature_algorithm)keys[i].algorithm),
			mail_key_state_name(keys[i].state));
		print_time(keys[i].since_ms);
		putchar('\n');
	}
	arena_free(&a);
	return rc < 0 ? failed(rc) : 0;
}

/* ---- rotate ---- */

static int print_waiting(struct db *db, struct slice domain)
{
	struct arena *a = arena_new();
	struct mail_dkim_key *keys;
	size_t n;
	int rc = keyring_list(db, domain, a, &keys, &n);

	for (size_t i = 0; i < n && rc == 0; i++)
		if (keys[i].state == MAIL_DKIM_WAITS)
			printf("%.*s._domainkey.%.*s waits: publish it (hearth dns); it signs once "
			       "it is seen there\n",
				SLICE_ARG(keys[i].selector), SLICE_ARG(keys[i].domain));
	arena_free(&a);
	return rc;
}

static int rotate(struct keyring *ring, struct slice domain, bool now)
{
	size_t signing;
	int rc = mail_keys_rotate(ring, domain, now, &signing);

	if (rc == 0 && now)
		printf("%.*s: %zu keys sign from now on; publish them at once (hearth dns)\n",
			SLICE_ARG(domain), signing);
	else if (rc == 0)
		rc = print_waiting(ring->db, domain);
	return rc;
}

/* The domain that was named, if it is one of ours, or all. */
static size_t choose(
	const struct hearth *h, struct arena *a, const char *name, struct slice **domains)
{
	size_t n = keyring_domains(h, a, domains);

	for (size_t i = 0; name && i < n; i++)
		if (slice_ieq((*domains)[i], slice_str(name))) {
			(*domains)[0] = (*domains)[i];
			return 1;
		}
	return name ? 0 : n;
}

int mail_run_dkim_rotate(struct hearth *h, int argc, char **argv)
{
	struct arena *a = arena_new();
	const char *name = NULL;
	struct slice *domains;
	struct keyring ring;
	bool now = false;
	size_t n;
	int rc = 0;

	for (int i = 0; i < argc; i++) {
		if (strcmp(argv[i], "--now") == 0)
			now = true;
		else if (!name && argv[i][0] != '-')
			name = argv[i];
		else
			rc = 2;
	}
	n = choose(h, a, name, &domains);
	if (rc != 0 || n == 0) {
		fprintf(stderr, rc ? "hearth: expected [DOMAIN] [--now]\n"
				   : "hearth: not one of this server's domains ([mail] domains)\n");
		arena_free(&a);
		return rc ? rc : 1;
	}
	rc = keyring_open(&ring, h);
	for (size_t i = 0; i < n && rc == 0; i++)
		rc = rotate(&ring, domains[i], now);
	keyring_close(&ring);
	arena_free(&a);
	return rc < 0 ? failed(rc) : 0;
}

/* ---- revoke ---- */

int mail_run_dkim_revoke(struct hearth *h, int argc, char **argv)
{
	int rc;

	if (argc != 2)
		return fprintf(stderr, "hearth: expected DOMAIN SELECTOR\n"), 2;
	rc = mail_keys_revoke(hearth_db(h, "mail"), slice_str(argv[0]), slice_str(argv[1]));
	if (rc == HEARTH_ENOTFOUND)
		return fprintf(stderr, "hearth: no such key (hearth dkim list)\n"), 1;
	if (rc < 0)
		return failed(rc);
	printf("%s._domainkey.%s is revoked: publish its record without a key (hearth dns)\n",
		argv[1], argv[0]);
	return 0;
}
