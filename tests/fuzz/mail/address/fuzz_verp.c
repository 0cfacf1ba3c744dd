/*
 * Any text as the local part that a report comes back to: without the key nobody writes one that is taken.
 */
#include "address/verp.h"
#include "hearth/log.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const unsigned char key[VERP_KEY] = "a key that no input knows";
	char local[VERP_LOCAL_MAX + 1];
	int64_t group, member;

	INVARIANT(verp_read(key, slice_of(data, size), 1700000000, &group, &member) < 0);
	verp_write(key, (int64_t)size + 1, INT64_MAX, 1700000000, local);
	INVARIANT(verp_read(key, slice_str(local), 1700000000, &group, &member) == 0);
	return 0;
}
