/*
 * Any bytes as TLSA records, each behind its length: all are counted, those that can be used are of the
 * two usages and in front, and their text is as long as they are.
 */
#include "hearth/log.h"
#include "policy/tlsa.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice rdata[TLSA_RECORDS_MAX + 2];
	struct dns_answer a = { .status = DNS_FOUND, .rdata = rdata };
	struct strbuf text = { 0 };
	struct tlsa_set *s;

	for (size_t i = 0, n; i < size && a.count < TLSA_RECORDS_MAX + 2; i += n) {
		n = data[i++];
		if (n > size - i)
			n = size - i;
		rdata[a.count++] = slice_of(data + i, n);
	}
	s = tlsa_read(&a, "mx.example.org");
	INVARIANT(s->usable <= s->count && s->count <= TLSA_RECORDS_MAX);
	for (size_t i = 0; i < s->count; i++) {
		const struct dns_tlsa *r = &s->records[i];

		if (i < s->usable)
			INVARIANT((r->usage == 2 || r->usage == 3) && r->data.n > 0);
		strbuf_reset(&text);
		tlsa_write(&text, r);
		INVARIANT(text.n > 2 * r->data.n);
	}
	strbuf_free(&text);
	tlsa_unref(&s);
	return 0;
}
