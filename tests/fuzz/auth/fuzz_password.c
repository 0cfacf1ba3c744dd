/*
 * fuzz_password.c: any bytes as a password: its form NFKC is UTF-8 that fits, and is its own form;
 * and whatever may be chosen can be brought into that form.
 */
#include <assert.h>

#include "hearth/error.h"
#include "hearth/text.h"
#include "password/password_rules.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look_at_form(struct slice password)
{
	char form[AUTH_PASSWORD_NFKC], again[AUTH_PASSWORD_NFKC];
	size_t n = 0, again_n = 0;

	if (password_normalise(password, form, &n) < 0)
		return;
	assert(utf8_valid(password) && password.n <= AUTH_PASSWORD_MAX);
	assert(n < AUTH_PASSWORD_NFKC && form[n] == '\0' && strlen(form) == n);
	assert(utf8_valid(slice_of(form, n)));
	assert(password_fold(slice_of(form, n), again, &again_n) == 0);
	/* What grew beyond what may be typed is no input once more. */
	if (n <= AUTH_PASSWORD_MAX) {
		assert(password_normalise(slice_of(form, n), again, &again_n) == 0);
		assert(slice_eq(slice_of(form, n), slice_of(again, again_n)));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = slice_of(data, size);
	struct slice name = slice_head(in, size / 3);
	const struct password_rules rules = { .min = 8,
		.address = "ann.smith@hearth.test",
		.name = name,
		.hostname = "hearth.test" };
	char form[AUTH_PASSWORD_NFKC], why[160];
	size_t n;
	int rc = password_check(in, &rules, why);

	assert(rc == 0 || rc == HEARTH_EINVAL);
	assert((rc == 0) == (why[0] == '\0'));
	if (rc == 0)
		assert(password_normalise(in, form, &n) == 0);
	look_at_form(in);
	password_is_common(in);
	return 0;
}
