/*
 * fake_dns.h: a DNS of the tests' own behind verify/ask.h: records by name and type, CNAMEs followed,
 * and answers that come when fake_dns_run() is called, as those of dns.h come in a later turn.
 */
#ifndef HEARTH_TESTS_FAKE_DNS_H
#define HEARTH_TESTS_FAKE_DNS_H

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "hearth/arena.h"
#include "verify/ask.h"

#define FAKE_RECORDS 2000
#define FAKE_TIMEOUT (-1)

struct fake_dns {
	struct arena *a;
	struct {
		struct slice name;
		int type;
		struct slice rdata;
	} records[FAKE_RECORDS];
	size_t n;
	struct dns_question *waiting[100];
	size_t waiting_n;
	size_t asked;
};

static inline void fake_dns_name(struct strbuf *out, struct slice name)
{
	while (name.n > 0) {
		struct slice label = slice_split(&name, '.');

		strbuf_addc(out, (char)label.n);
		strbuf_add(out, label);
	}
	strbuf_addc(out, '\0');
}

static inline void fake_dns_raw(struct fake_dns *f, struct slice name, int type, struct slice rdata)
{
	if (f->n == FAKE_RECORDS)
		abort();
	if (!f->a)
		f->a = arena_new();
	f->records[f->n].name = arena_slice(f->a, name);
	f->records[f->n].type = type;
	f->records[f->n++].rdata = arena_slice(f->a, rdata);
}

/* `type`: "TXT", "MX" ("10 host"), "A", …; "TIMEOUT" as value: no answer. */
static inline void fake_dns_add(
	struct fake_dns *f, struct slice name, struct slice type, struct slice value)
{
	struct strbuf out = { 0 };
	unsigned char address[16];
	char text[64];
	int number = 0;

	if (slice_eq(value, SLICE("TIMEOUT"))) {
		fake_dns_raw(f, name, FAKE_TIMEOUT, SLICE(""));
	} else if (slice_eq(type, SLICE("TXT"))) {
		do {
			struct slice part = slice_head(value, 255);

			strbuf_addc(&out, (char)part.n);
			strbuf_add(&out, part);
			value = slice_skip(value, part.n);
		} while (value.n > 0);
		number = DNS_TXT;
	} else if (slice_eq(type, SLICE("MX"))) {
		int preference = atoi(slice_split(&value, ' ').p);

		strbuf_addc(&out, (char)(preference >> 8));
		strbuf_addc(&out, (char)preference);
		fake_dns_name(&out, value);
		number = DNS_MX;
	} else if (slice_eq(type, SLICE("A")) || slice_eq(type, SLICE("AAAA"))) {
		bool v6 = type.n == 4;

		snprintf(text, sizeof(text), "%.*s", SLICE_ARG(value));
		if (inet_pton(v6 ? AF_INET6 : AF_INET, text, address) != 1)
			abort();
		strbuf_add(&out, slice_of(address, v6 ? 16 : 4));
		number = v6 ? DNS_AAAA : DNS_A;
	} else {
		number = slice_eq(type, SLICE("PTR")) ? DNS_PTR : DNS_CNAME;
		fake_dns_name(&out, value);
	}
	if (number)
		fake_dns_raw(f, name, number, strbuf_slice(&out));
	strbuf_free(&out);
}

static inline void fake_dns_clear(struct fake_dns *f)
{
	if (f->a)
		arena_free(&f->a);
	f->n = f->waiting_n = f->asked = 0;
}

/* ---- the two functions ---- */

static inline void fake_dns_ask(struct dns *dns, struct dns_question *q, struct slice name,
	enum dns_type type, dns_fn *fn, void *arg)
{
	struct fake_dns *f = (struct fake_dns *)dns;

	if (q->dns || f->waiting_n == 100)
		abort();
	*q = (struct dns_question){ .dns = dns, .type = (int)type, .fn = fn, .arg = arg };
	snprintf(q->name, sizeof(q->name), "%.*s", SLICE_ARG(name));
	f->waiting[f->waiting_n++] = q;
	f->asked++;
}

static inline void fake_dns_drop(struct dns_question *q)
{
	struct fake_dns *f = (struct fake_dns *)q->dns;

	if (!f)
		return;
	for (size_t i = 0; i < f->waiting_n; i++)
		if (f->waiting[i] == q)
			f->waiting[i] = f->waiting[--f->waiting_n];
	q->dns = NULL;
}

static inline void fake_dns_answer(struct fake_dns *f, struct dns_question *q)
{
	struct slice rdata[200];
	struct dns_answer a = { .status = DNS_NXDOMAIN, .rdata = rdata, .why = "no answer" };
	struct slice name = slice_str(q->name);
	char end[DNS_NAME_MAX + 1];
	bool again = true;

	for (int hops = 0; again && hops < 10; hops++) {
		struct slice next = { 0 };

		again = false;
		for (size_t i = 0; i < f->n; i++) {
			if (!slice_ieq(f->records[i].name, name))
				continue;
			if (f->records[i].type == q->type)
				rdata[a.count++] = f->records[i].rdata;
			else if (f->records[i].type == DNS_CNAME)
				next = f->records[i].rdata;
			if (f->records[i].type == FAKE_TIMEOUT)
				a.status = DNS_FAILED;
			else if (a.status == DNS_NXDOMAIN)
				a.status = DNS_NODATA;
		}
		if (a.count == 0 && next.p) {
			char text[DNS_NAME_MAX + 1];

			again = dns_read_name(next, text);
			name = arena_slice(f->a, slice_str(text));
			a.status = DNS_NXDOMAIN;
		}
	}
	if (a.count > 0)
		a.status = DNS_FOUND;
	snprintf(end, sizeof(end), "%.*s", SLICE_ARG(name));
	a.name = end;
	q->dns = NULL;
	q->fn(q->arg, &a);
}

/* Answers until nobody waits. */
static inline void fake_dns_run(struct fake_dns *f)
{
	while (f->waiting_n > 0) {
		struct dns_question *q = f->waiting[0];

		f->waiting_n--;
		memmove(f->waiting, f->waiting + 1, f->waiting_n * sizeof(f->waiting[0]));
		fake_dns_answer(f, q);
	}
}

static inline struct verify_asker fake_dns_asker(struct fake_dns *f)
{
	return (struct verify_asker){
		.dns = (struct dns *)f, .ask = fake_dns_ask, .drop = fake_dns_drop
	};
}

#endif
