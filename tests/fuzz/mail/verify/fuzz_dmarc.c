/*
 * Any bytes as a DMARC record: what is read of it lies within it, policies that are not said follow those
 * that are, and one that does not apply asks for nothing.
 */
#include "hearth/log.h"
#include "verify/dmarc_record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void within(struct slice text, struct slice part)
{
	INVARIANT(part.n == 0 || (part.p >= text.p && part.p + part.n <= text.p + text.n));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = slice_of(data, size);
	struct dmarc_record r;

	if (!dmarc_record_parse(text, &r))
		return 0;
	within(text, r.rua);
	within(text, r.ruf);
	within(text, r.fo);
	INVARIANT(r.p <= DMARC_REJECT && r.sp <= DMARC_REJECT && r.np <= DMARC_REJECT);
	INVARIANT(r.applies || (!r.p && !r.sp && !r.np));
	return 0;
}
