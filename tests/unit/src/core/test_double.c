/*
 * test_double.c: every finite number reads back as itself.
 */
#include "core/double.h"
#include "harness.h"
#include "hearth/rand.h"

#include <math.h>

START_TEST(reads_back)
{
	struct strbuf b = { 0 };

	rand_seed_for_tests(13);
	for (int i = 0; i < 200000; i++) {
		uint64_t bits = rand_u64();
		double v;

		memcpy(&v, &bits, sizeof(v));
		if (!isfinite(v))
			continue;
		strbuf_reset(&b);
		double_append(&b, v);
		ck_assert_msg(strtod(b.p, NULL) == v, "%s is not %a", b.p, v);
	}
	strbuf_free(&b);
}
END_TEST

TEST_MAIN("double", reads_back)
