/*
 * dns_texts.h: TXT records as the DNS would give them, for the tests of what reads keys and policies.
 */
#ifndef HEARTH_TESTS_DNS_TEXTS_H
#define HEARTH_TESTS_DNS_TEXTS_H

#include "hearth/dns.h"

/* RDATA of a TXT record: strings of 255 bytes at most. Freed with strbuf_free. */
static inline struct strbuf txt_rdata(struct slice text)
{
	struct strbuf out = { 0 };

	do {
		struct slice part = slice_head(text, 255);

		strbuf_addc(&out, (char)part.n);
		strbuf_add(&out, part);
		text = slice_skip(text, part.n);
	} while (text.n);
	return out;
}

#endif
