/*
 * tlsa.c: TLSA records read and shown (tlsa.h). Pure; bounded by TLSA_RECORDS_MAX and TLSA_BYTES_MAX.
 */
#include "policy/tlsa.h"

#include <stdio.h>
#include <stdlib.h>

#include "hearth/arena.h"
#include "hearth/log.h"

/* RFC 7671 section 4, the numbers of RFC 6698 section 7. */
enum { USAGE_TA = 2, USAGE_EE = 3 };
enum { SELECTOR_CERT = 0, SELECTOR_KEY = 1 };
enum { MATCHING_FULL = 0, MATCHING_SHA256 = 1, MATCHING_SHA512 = 2 };

bool tlsa_name(char out[DNS_NAME_MAX + 1], const char *host, int port)
{
	int n = snprintf(out, DNS_NAME_MAX + 1, "_%d._tcp.%s", port, host);

	return n > 0 && n <= DNS_NAME_MAX;
}

static bool is_usable(const struct dns_tlsa *r)
{
	if ((r->usage != USAGE_TA && r->usage != USAGE_EE) ||
		(r->selector != SELECTOR_CERT && r->selector != SELECTOR_KEY))
		return false;
	switch (r->matching) {
	case MATCHING_FULL: return r->data.n > 0;
	case MATCHING_SHA256: return r->data.n == 32;
	case MATCHING_SHA512: return r->data.n == 64;
	default: return false;
	}
}

/* What can be used first; 0 and 1 are the two rounds. */
static void add_records(struct tlsa_set *s, const struct dns_answer *answer, char **bytes)
{
	for (int round = 0; round < 2; round++) {
		size_t left = TLSA_BYTES_MAX;

		for (size_t i = 0; i < answer->count && i < TLSA_RECORDS_MAX; i++) {
			struct dns_tlsa r = { -1, -1, -1, { 0 } };
			bool usable = dns_read_tlsa(answer->rdata[i], &r) && is_usable(&r) &&
				      r.data.n <= left;

			if (r.data.n > left)
				r.data.n = 0;
			left -= r.data.n;
			if (usable != (round == 0))
				continue;
			if (r.data.n > 0)
				memcpy(*bytes, r.data.p, r.data.n);
			r.data.p = *bytes;
			*bytes += r.data.n;
			s->records[s->count++] = r;
			s->usable += usable;
		}
	}
}

struct tlsa_set *tlsa_read(const struct dns_answer *answer, const char *base)
{
	size_t n = answer->count < TLSA_RECORDS_MAX ? answer->count : TLSA_RECORDS_MAX, bytes = 0;
	struct tlsa_set *s;
	char *at;

	for (size_t i = 0; i < n; i++)
		bytes += answer->rdata[i].n;
	s = mem_zalloc(sizeof(*s) + n * sizeof(s->records[0]) + bytes);
	s->refs = 1;
	snprintf(s->base, sizeof(s->base), "%s", base);
	at = (char *)&s->records[n];
	add_records(s, answer, &at);
	INVARIANT(s->count == n && s->usable <= n);
	return s;
}

struct tlsa_set *tlsa_ref(struct tlsa_set *s)
{
	if (s)
		s->refs++;
	return s;
}

void tlsa_unref(struct tlsa_set **s)
{
	if (*s && --(*s)->refs == 0)
		free(*s);
	*s = NULL;
}

void tlsa_write(struct strbuf *out, const struct dns_tlsa *r)
{
	char hex[3];

	strbuf_printf(out, "%d %d %d ", r->usage, r->selector, r->matching);
	for (size_t i = 0; i < r->data.n; i++) {
		snprintf(hex, sizeof(hex), "%02x", (unsigned char)r->data.p[i]);
		strbuf_adds(out, hex);
	}
}
