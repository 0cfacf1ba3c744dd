/*
 * Any bytes as an MTA-STS record and as a policy: what is read of a policy is in form, and reads as the
 * same again.
 */
#include <stdlib.h>

#include "hearth/log.h"
#include "policy/sts_policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = slice_of(data, size);
	char id[STS_ID_MAX + 1];
	struct sts_policy *p, *again;
	const char *why;

	if (sts_record_read(in, id))
		INVARIANT(sts_is_record(in) && id[0] && strlen(id) <= STS_ID_MAX);
	p = sts_policy_read(in, &why);
	INVARIANT((p == NULL) == (why != NULL));
	if (!p)
		return 0;
	INVARIANT(p->mx_count <= STS_MX_MAX && p->max_age_s >= 0 && p->max_age_s <= STS_AGE_MAX_S);
	INVARIANT(p->mx_count > 0 || p->mode == STS_NONE);
	sts_policy_matches(p, "mx.example.org");
	again = sts_policy_read(slice_str(p->text), &why);
	INVARIANT(again && strcmp(again->text, p->text) == 0 && again->mode == p->mode);
	sts_policy_unref(&again);
	sts_policy_unref(&p);
	return 0;
}
