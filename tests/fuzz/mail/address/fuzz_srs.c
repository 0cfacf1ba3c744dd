/*
 * Any text as the sender of a mail that is sent on, and as the local part of a report's address: what was
 * rewritten leads back to where it came from, and what we did not write leads nowhere.
 */
#include "address/srs.h"
#include "hearth/log.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const unsigned char key[SRS_KEY] = "a key that no input knows";
	char out[SRS_ADDRESS_MAX + 1], back[SRS_ADDRESS_MAX + 1];
	struct slice in = slice_of(data, size), local;

	INVARIANT(srs_reverse(key, 1700000000, in, back) < 0);
	if (slice_chr(in, '\0') >= 0 ||
		srs_forward(key, 1700000000, in, SLICE("ours.test"), out) < 0)
		return 0;
	local = slice_of(out, (size_t)(strrchr(out, '@') - out));
	INVARIANT(srs_is(local));
	INVARIANT(srs_reverse(key, 1700000000, local, back) == 0);
	if (strncmp(out, "SRS0", 4) == 0)
		INVARIANT(slice_eq(slice_str(back), in));
	return 0;
}
