/*
 * names.c: asks the DNS where each name leads, one question after the other (names.h): the A and AAAA
 * records of the hostname, then those of each candidate. On the loop; bounded by the candidates, of
 * which ACME_NAMES_MAX count, and by dns.h's patience.
 */
#include "acme/names.h"

#include <stdio.h>

static void ask(struct names_look *l, enum dns_type type);

static void note_address(struct names_look *l, const char *address)
{
	if (l->at == 0 && l->address_count < NAMES_ADDRESSES_MAX)
		snprintf(l->addresses[l->address_count++], 46, "%s", address);
	for (size_t i = 0; i < l->address_count; i++)
		l->here |= strcmp(l->addresses[i], address) == 0;
}

/* What is known of a name once both kinds of address were asked for. */
static void conclude(struct names_look *l)
{
	const char *name = l->candidates[l->at];

	if (l->count < ACME_NAMES_MAX && (l->here || l->at == 0))
		l->names[l->count++] = name;
	else if (l->unknown && l->doubtful_count < ACME_NAMES_MAX)
		l->doubtful[l->doubtful_count++] = name;
	l->at++;
	l->here = l->unknown = false;
}

/* A DNS that does not even say where this server is would keep it waiting for each of the others. */
static void pass_over_rest(struct names_look *l)
{
	for (; l->candidates[l->at]; l->at++)
		if (l->doubtful_count < ACME_NAMES_MAX)
			l->doubtful[l->doubtful_count++] = l->candidates[l->at];
}

static void on_answer(void *arg, const struct dns_answer *answer)
{
	struct names_look *l = arg;
	char address[46];
	bool lost;

	l->unknown |= answer->status == DNS_FAILED || answer->status == DNS_BOGUS;
	for (size_t i = 0; answer->status == DNS_FOUND && i < answer->count; i++)
		if (dns_read_address(answer->rdata[i], address))
			note_address(l, address);
	if (l->type == DNS_A) {
		ask(l, DNS_AAAA);
		return;
	}
	lost = l->at == 0 && l->unknown && l->address_count == 0;
	conclude(l);
	if (lost)
		pass_over_rest(l);
	if (l->candidates[l->at])
		ask(l, DNS_A);
	else
		l->fn(l->arg, l);
}

static void ask(struct names_look *l, enum dns_type type)
{
	l->type = type;
	dns_ask(l->dns, &l->question, slice_str(l->candidates[l->at]), type, on_answer, l);
}

void names_begin(struct names_look *l, struct dns *dns, const char *const *candidates, names_fn *fn,
	void *arg)
{
	*l = (struct names_look){ .dns = dns, .candidates = candidates, .fn = fn, .arg = arg };
	ask(l, DNS_A);
}

void names_drop(struct names_look *l)
{
	dns_drop(&l->question);
}
