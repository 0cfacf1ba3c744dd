/*
 * dns_command.c: hearth dns: the records to publish, as lines of a zone file; with --check what is
 * published beside what should be. On a command's main thread.
 */
#include <stdio.h>
#include <stdlib.h>

#include "dns/dns_records.h"
#include "hearth/arena.h"
#include "sign/keyring.h"

/* A text of more than 255 bytes is several strings, of which readers make one (RFC 7208 section 3.3). */
static void print_text(const char *value)
{
	struct slice rest = slice_str(value);

	do {
		struct slice part = slice_head(rest, 255);

		rest = slice_skip(rest, part.n);
		printf("\"%.*s\"%s", SLICE_ARG(part), rest.n ? " " : "");
	} while (rest.n);
}

static void print_zone(const struct dns_records *r)
{
	for (size_t i = 0; i < r->count; i++) {
		const struct dns_record *record = &r->list[i];
		bool name = record->type == DNS_MX || record->type == DNS_SRV ||
			    record->type == DNS_CNAME;

		printf("%s. IN %s ", record->name, dns_type_name(record->type));
		if (record->type == DNS_TXT)
			print_text(record->value);
		else
			printf("%s%s", record->value, name ? "." : "");
		printf(" ; %s\n", record->why);
	}
	for (size_t i = 0; i < r->address_count; i++)
		printf("; the provider of %s publishes its name (PTR): %s\n", r->addresses[i],
			r->list[0].name);
	if (r->address_count == 0)
		printf("; and the hostname's addresses (A, AAAA): none of this machine's is "
		       "public, so "
		       "it is behind others\n");
}

/* Domains that have none get their keys now: so their records can be published before the first mail. */
static void make_first_keys(struct hearth *h)
{
	struct arena *a = arena_new();
	struct slice *domains;
	struct keyring ring;
	size_t made = 0, n = keyring_domains(h, a, &domains);

	if (config_bool(hearth_config(h), "dkim", "sign") && keyring_open(&ring, h) == 0) {
		if (!ring.ready)
			printf("; the keys that sign mail (DKIM) can be made once the server has "
			       "started\n");
		for (size_t i = 0; i < n && ring.ready; i++)
			if (keyring_make(&ring, domains[i], MAIL_DKIM_SIGNS, &made) < 0)
				break;
		keyring_close(&ring);
	}
	arena_free(&a);
}

int mail_run_dns(struct hearth *h, int argc, char **argv)
{
	bool check = argc == 1 && strcmp(argv[0], "--check") == 0;
	struct dns_records *records;
	size_t bad = 0;

	if (argc > 0 && !check)
		return fprintf(stderr, "hearth: unexpected argument: %s\n", argv[0]), 2;
	if (!strchr(hearth_hostname(h), '.'))
		return fprintf(stderr,
			       "hearth: \"%s\" is no name on the internet: set [server] hostname\n",
			       hearth_hostname(h)),
		       1;
	make_first_keys(h);
	records = mem_zalloc(sizeof(*records));
	dns_records_list(h, records);
	if (check)
		bad = dns_records_check(hearth_dns(h), records);
	else
		print_zone(records);
	free(records);
	if (bad > 0)
		printf("%zu of the records are missing, wrong or not known; `hearth dns` prints "
		       "all of them.\n",
			bad);
	return bad > 0 ? 1 : 0;
}
