/*
 * fuzz_factor_code.c: any bytes as a code of an authenticator app, as a recovery code, and as the
 * names in the address of a QR code. What is taken as a code is one, whatever it was typed like.
 */
#include <assert.h>
#include <ctype.h>

#include "factor/qr.h"
#include "factor/recovery.h"
#include "factor/totp.h"
#include "hearth/error.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The six digits are those of the input, in their order, and there are no others. */
static void try_digits(struct slice text)
{
	char digits[TOTP_DIGITS + 1];
	size_t n = 0;

	if (totp_digits(text, digits) < 0)
		return;
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] >= '0' && text.p[i] <= '9') {
			assert(n < TOTP_DIGITS && digits[n] == text.p[i]);
			n++;
		}
	assert(n == TOTP_DIGITS && digits[n] == '\0');
}

/* Shouted, and without hyphens and spaces, it is the same code. */
static void try_recovery(struct slice text)
{
	char hex[RECOVERY_HEX], again[RECOVERY_HEX];
	struct strbuf plain = { 0 };

	if (recovery_hash(7, text, hex) < 0)
		return;
	for (size_t i = 0; i < text.n; i++)
		if (isalnum((unsigned char)text.p[i]))
			strbuf_addc(&plain, (char)toupper((unsigned char)text.p[i]));
	assert(plain.n == RECOVERY_LETTERS);
	assert(recovery_hash(7, strbuf_slice(&plain), again) == 0 && strcmp(hex, again) == 0);
	strbuf_free(&plain);
}

static void try_uri(struct slice name)
{
	struct strbuf uri = { 0 }, svg = { 0 };
	int rc;

	totp_uri(&uri, name, slice_head(name, 5), slice_head(name, TOTP_SECRET));
	for (size_t i = 0; i < uri.n; i++)
		assert(isalnum((unsigned char)uri.p[i]) || strchr("-._~%:/?=&", uri.p[i]));
	rc = uri.n < 3000 ? qr_svg(&svg, uri.p) : HEARTH_ETOOBIG;
	assert(rc == 0 ? slice_starts(strbuf_slice(&svg), SLICE("<svg "))
		       : rc == HEARTH_ETOOBIG && svg.n == 0);
	strbuf_free(&uri);
	strbuf_free(&svg);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = slice_of(data, size);

	try_digits(text);
	try_recovery(text);
	try_uri(slice_head(text, 600));
	return 0;
}
