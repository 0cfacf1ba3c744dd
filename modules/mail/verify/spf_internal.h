/*
 * verify/spf_internal.h: SPF from the inside (spf.h). On the loop.
 *
 *	spf.c         the records and their terms
 *	spf_sender.c  who sends: addresses, names, macros, and what a domain says of a fail
 */
#ifndef MAIL_VERIFY_SPF_INTERNAL_H
#define MAIL_VERIFY_SPF_INTERNAL_H

#include "verify/spf.h"

/* ---- spf.c ---- */

/* The record that is looked at. */
static inline struct spf_frame *spf_frame_of(struct spf_check *c)
{
	return &c->frames[c->depth];
}

void spf_ask(struct spf_check *c, enum spf_step step, struct slice name, enum dns_type type);
/* A or AAAA, as the client's address is. */
void spf_ask_addresses(struct spf_check *c, enum spf_step step, struct slice name);
/* Goes on with the terms. */
void spf_run(struct spf_check *c);
void spf_finish(struct spf_check *c, enum spf_result result, const char *why);

/* ---- spf_sender.c ---- */

/* The client's address in all its forms; false: it is none. IPv4 within IPv6 is IPv4 (section 5). */
bool spf_read_peer(struct spf_check *c, const char *peer);
bool spf_in_network(
	const struct spf_check *c, const unsigned char *network, bool v6, int bits4, int bits6);
/* Whether the client's is among these, or in the network of one. */
bool spf_any_address(
	const struct spf_check *c, const struct dns_answer *answer, int bits4, int bits6);
/* The name of a domain-spec, or of the domain itself where there is none. */
struct slice spf_target(struct spf_check *c, struct slice spec);
/* Finds the names that lead back to the client (section 5.5), and then goes on with `after`. */
void spf_ask_names(struct spf_check *c, enum spf_step after);
void spf_on_names(struct spf_check *c, const struct dns_answer *answer);
void spf_on_name(struct spf_check *c, const struct dns_answer *answer);
/* Ends a fail with the domain's own words (section 6.2), or without. */
void spf_explain(struct spf_check *c);
void spf_on_explanation(struct spf_check *c, const struct dns_answer *answer);

#endif
