/*
 * Any bytes as an SPF record: what is taken is whole (every domain-spec is well-formed and its expansion
 * bounded), and what its macros become can be asked for or is refused, never misread.
 */
#include <stdlib.h>

#include "hearth/log.h"
#include "verify/ask.h"
#include "verify/spf_macro.h"
#include "verify/spf_record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct spf_macros macros = { .local = { "strong-bad", 10 },
	.sender_domain = { "email.example.com", 17 },
	.domain = { "example.com", 11 },
	.address = { "192.0.2.3", 9 },
	.readable = { "192.0.2.3", 9 },
	.helo = { "mx.example.com", 14 } };

static void look_at(struct slice spec)
{
	struct strbuf out = { 0 };
	bool names;

	INVARIANT(spf_macro_is_good(spec, SPF_MACRO_DOMAIN, &names));
	spf_macro_expand_name(&out, spec, &macros);
	INVARIANT(out.n <= SPF_MACRO_MAX);
	if (verify_is_name(strbuf_slice(&out)))
		INVARIANT(out.n <= DNS_NAME_MAX);
	strbuf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = slice_of(data, size);
	struct strbuf out = { 0 };
	struct spf_record r;
	struct arena *a;
	bool names;

	if (spf_macro_is_good(text, SPF_MACRO_TEXT, &names)) {
		spf_macro_expand(&out, text, &macros);
		INVARIANT(out.n <= SPF_MACRO_MAX);
		strbuf_free(&out);
	}
	if (!spf_record_is(text))
		return 0;
	a = arena_new();
	if (spf_record_parse(a, text, &r)) {
		INVARIANT(r.n <= SPF_TERMS_MAX);
		for (size_t i = 0; i < r.n; i++) {
			INVARIANT(r.terms[i].bits4 <= 32 && r.terms[i].bits6 <= 128);
			if (r.terms[i].domain.n > 0)
				look_at(r.terms[i].domain);
		}
		if (r.redirect.p)
			look_at(r.redirect);
		if (r.explanation.p)
			look_at(r.explanation);
	}
	arena_free(&a);
	return 0;
}
