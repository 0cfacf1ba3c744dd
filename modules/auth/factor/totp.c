/*
 * totp.c: RFC 4226 and RFC 6238 over OpenSSL's HMAC. Pure; any thread.
 */
#include "factor/totp.h"

#include <openssl/crypto.h>
#include <openssl/hmac.h>

#include "hearth/error.h"
#include "hearth/log.h"

static const EVP_MD *digest_of(enum totp_hash hash)
{
	switch (hash) {
	case TOTP_SHA256: return EVP_sha256();
	case TOTP_SHA512: return EVP_sha512();
	case TOTP_SHA1: break;
	}
	return EVP_sha1();
}

void totp_code(enum totp_hash hash, struct slice secret, uint64_t counter, int digits,
	char out[TOTP_DIGITS_MAX + 1])
{
	unsigned char message[8], mac[EVP_MAX_MD_SIZE];
	unsigned int mac_len = 0;
	uint32_t bits;
	const unsigned char *at;

	INVARIANT(digits >= 6 && digits <= TOTP_DIGITS_MAX);
	for (int i = 0; i < 8; i++)
		message[i] = (unsigned char)(counter >> (56 - 8 * i));
	INVARIANT(HMAC(digest_of(hash), secret.p, (int)secret.n, message, sizeof(message), mac,
			  &mac_len) != NULL);
	/* Dynamic truncation, RFC 4226 section 5.3: the last four bits say where to read 31. */
	at = mac + (mac[mac_len - 1] & 0x0F);
	bits = ((uint32_t)at[0] & 0x7F) << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 |
	       (uint32_t)at[3];
	out[digits] = '\0';
	for (int i = digits - 1; i >= 0; i--, bits /= 10)
		out[i] = (char)('0' + bits % 10);
	OPENSSL_cleanse(mac, sizeof(mac));
}

int64_t totp_step(int64_t now_s)
{
	return now_s / TOTP_STEP_S;
}

int totp_check(
	struct slice secret, struct slice code, int64_t now_s, int64_t last_step, int64_t *step)
{
	int64_t now = totp_step(now_s), found = -1;
	char right[TOTP_DIGITS_MAX + 1];

	if (code.n != TOTP_DIGITS)
		return HEARTH_EDENIED;
	/* Each candidate is made and compared, whichever is right. By chance two steps may have
	 * the same code: the later one counts, so that those digits are not good again. */
	for (int64_t s = now - TOTP_WINDOW; s <= now + TOTP_WINDOW; s++) {
		if (s < 0)
			continue;
		totp_code(TOTP_SHA1, secret, (uint64_t)s, TOTP_DIGITS, right);
		if (CRYPTO_memcmp(right, code.p, TOTP_DIGITS) == 0 && s > last_step)
			found = s;
	}
	OPENSSL_cleanse(right, sizeof(right));
	if (found < 0)
		return HEARTH_EDENIED;
	*step = found;
	return 0;
}

int totp_digits(struct slice text, char out[TOTP_DIGITS + 1])
{
	size_t n = 0;

	text = slice_trim(text);
	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];

		if ((c == ' ' || c == '-') && n > 0 && n < TOTP_DIGITS)
			continue;
		if (c < '0' || c > '9' || n == TOTP_DIGITS)
			return HEARTH_EINVAL;
		out[n++] = c;
	}
	out[n] = '\0';
	return n == TOTP_DIGITS ? 0 : HEARTH_EINVAL;
}

void totp_base32(struct strbuf *out, struct slice bytes)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
	uint32_t held = 0;
	int bits = 0;

	for (size_t i = 0; i < bytes.n; i++) {
		held = held << 8 | (unsigned char)bytes.p[i];
		for (bits += 8; bits >= 5; bits -= 5)
			strbuf_addc(out, letters[held >> (bits - 5) & 31]);
	}
	if (bits > 0)
		strbuf_addc(out, letters[held << (5 - bits) & 31]);
}

/* All but the unreserved characters of RFC 3986 section 2.3 as %XX. */
static void add_escaped(struct strbuf *out, struct slice text)
{
	for (size_t i = 0; i < text.n; i++) {
		unsigned char c = (unsigned char)text.p[i];

		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
			c == '-' || c == '.' || c == '_' || c == '~')
			strbuf_addc(out, (char)c);
		else
			strbuf_printf(out, "%%%02X", c);
	}
}

void totp_uri(struct strbuf *out, struct slice issuer, struct slice account, struct slice secret)
{
	strbuf_adds(out, "otpauth://totp/");
	add_escaped(out, issuer);
	strbuf_addc(out, ':');
	add_escaped(out, account);
	strbuf_adds(out, "?secret=");
	totp_base32(out, secret);
	strbuf_adds(out, "&issuer=");
	add_escaped(out, issuer);
	strbuf_printf(out, "&algorithm=SHA1&digits=%d&period=%d", TOTP_DIGITS, TOTP_STEP_S);
}
