/*
 * dns_records.h: what others must find in the DNS so that mail comes here and is believed. On the
 * main thread of a command, or where a function says so.
 */
#ifndef MAIL_DNS_RECORDS_H
#define MAIL_DNS_RECORDS_H

#include "hearth/dns.h"
#include "hearth/module.h"

#define DNS_RECORDS_MAX 256
#define DNS_VALUE_MAX   512

/* Asked for and shown here alone (RFC 8659). */
#define DNS_CAA ((enum dns_type)257)

struct dns_record {
	char name[DNS_NAME_MAX + 1];
	enum dns_type type;
	char value[DNS_VALUE_MAX]; /* as in a zone file, names without the dot at the end */
	const char *why;
	bool optional; /* mail comes and goes without it, too */
};

struct dns_records {
	struct dns_record list[DNS_RECORDS_MAX];
	size_t count;
	char addresses[16][46]; /* this machine's that are public; it may be behind others */
	size_t address_count;
};

/* On a worker or a command's main thread. What the settings ask for: the hostname's addresses, and for each mail domain MX, SPF, DMARC and SRV. */
void dns_records_list(const struct hearth *h, struct dns_records *out);

/* "MX"; for lines of a zone file. */
const char *dns_type_name(enum dns_type type);

/*
 * Which type is asked for to see whether a record is there: for an alias the address that it leads to,
 * since one may as well have published that.
 */
static inline enum dns_type dns_record_ask(const struct dns_record *r)
{
	return r->type == DNS_CNAME ? DNS_A : r->type;
}

/* What the DNS says of a record that should be there. */
enum dns_verdict {
	DNS_IS_GOOD,
	DNS_IS_OTHER,   /* there, and good, but not as we would have it */
	DNS_IS_MISSING, /* not there */
	DNS_IS_WRONG,
	DNS_IS_UNKNOWN, /* the DNS does not answer */
};

struct dns_compared {
	const struct dns_record *record;
	enum dns_verdict verdict;
	bool secure;
	size_t of_kind;      /* TXT: how many begin as it does */
	struct strbuf found; /* what is there; for UNKNOWN why it is not known */
};

/* A dns_fn whose argument is a struct dns_compared with its record and nothing else. Pure. */
void dns_compare(void *compared, const struct dns_answer *answer);
/* The record that leads from an address back to its name; false for one that is no address. Pure. */
bool dns_record_back(const struct dns_record *r, struct dns_record *back);

/*
 * Asks for each record, prints a line for each, and returns how many are missing or other than they
 * should be.
 */
size_t dns_records_check(struct dns *dns, const struct dns_records *records);

/* hearth dns. */
int mail_run_dns(struct hearth *h, int argc, char **argv);

#endif
