/*
 * srs.c: the Sender Rewriting Scheme (srs.h). Pure: bytes and a time in, an address out.
 */
#include "address/srs.h"

#include <sodium.h>
#include <stdio.h>

#include "hearth/error.h"

#define HASH_TEXT  8 /* characters of 5 bits */
#define DAY_S      (INT64_C(24) * 3600)
#define DAYS_ROUND 1024

static const char digits[] = "abcdefghijklmnopqrstuvwxyz234567";

void srs_key_derive(const unsigned char secret[32], unsigned char key[SRS_KEY])
{
	static const unsigned char purpose[] = "hearth: sender rewriting, 1";

	crypto_auth_hmacsha256(key, purpose, sizeof(purpose) - 1, secret);
}

/* ---- hash and time ---- */

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* `kind` keeps what was signed as one from passing as another. */
static void write_hash(
	const unsigned char key[SRS_KEY], char kind, struct slice text, char out[HASH_TEXT + 1])
{
	unsigned char mac[crypto_auth_hmacsha256_BYTES];
	crypto_auth_hmacsha256_state state;
	uint64_t bits = 0;

	crypto_auth_hmacsha256_init(&state, key, SRS_KEY);
	crypto_auth_hmacsha256_update(&state, (const unsigned char *)&kind, 1);
	for (size_t i = 0; i < text.n; i++) {
		unsigned char c = (unsigned char)lower(text.p[i]);

		crypto_auth_hmacsha256_update(&state, &c, 1);
	}
	crypto_auth_hmacsha256_final(&state, mac);
	for (int i = 0; i < 5; i++)
		bits = bits << 8 | mac[i];
	for (int i = 0; i < HASH_TEXT; i++)
		out[i] = digits[bits >> (5 * (HASH_TEXT - 1 - i)) & 31];
	out[HASH_TEXT] = '\0';
}

static bool has_hash(
	const unsigned char key[SRS_KEY], char kind, struct slice hash, struct slice text)
{
	char expected[HASH_TEXT + 1], got[HASH_TEXT + 1];

	if (hash.n != HASH_TEXT)
		return false;
	write_hash(key, kind, text, expected);
	for (int i = 0; i < HASH_TEXT; i++)
		got[i] = lower(hash.p[i]);
	return sodium_memcmp(expected, got, HASH_TEXT) == 0;
}

static unsigned day_of(int64_t now_s)
{
	return (unsigned)(now_s / DAY_S % DAYS_ROUND);
}

/* Days since; negative: it is no day. Of a clock that was put back one counts as today. */
static int age_of(struct slice day, int64_t now_s)
{
	const char *high = day.n == 2 ? strchr(digits, lower(day.p[0])) : NULL;
	const char *low = day.n == 2 ? strchr(digits, lower(day.p[1])) : NULL;
	unsigned then, age;

	if (!high || !low || !*high || !*low)
		return -1;
	then = (unsigned)(high - digits) * 32 + (unsigned)(low - digits);
	age = (day_of(now_s) + DAYS_ROUND - then) % DAYS_ROUND;
	return age == DAYS_ROUND - 1 ? 0 : (int)age;
}

/* ---- forward ---- */

/* "SRS0", "SRS1" and a separator; the others' may be "+" or "-" as well. */
static bool is_kind(struct slice local, const char *kind)
{
	return slice_istarts(local, slice_str(kind)) && local.n > 5 && strchr("=+-", local.p[4]);
}

bool srs_is(struct slice local)
{
	return is_kind(local, "SRS0") || is_kind(local, "SRS1");
}

/* No host has "=" in its name: behind it the sender's local part begins. */
static bool splits(struct slice address, struct slice *local, struct slice *domain)
{
	size_t at = address.n;

	while (at > 0 && address.p[at - 1] != '@')
		at--;
	if (at < 2 || at == address.n)
		return false;
	*local = slice_head(address, at - 1);
	*domain = slice_skip(address, at);
	return slice_chr(*domain, '=') < 0;
}

static int put(struct strbuf *text, char out[SRS_ADDRESS_MAX + 1])
{
	bool fits = text->n <= SRS_ADDRESS_MAX;

	if (fits)
		snprintf(out, SRS_ADDRESS_MAX + 1, "%.*s", SLICE_ARG(strbuf_slice(text)));
	strbuf_free(text);
	return fits ? 0 : HEARTH_ETOOBIG;
}

/* The part of an SRS1 behind its hash: who wrote SRS0, and what; false: there is none. */
static bool first_of(struct slice local, struct slice from, struct strbuf *rest)
{
	struct slice in, host;

	if (is_kind(local, "SRS0")) {
		/* With its separator, which is "=" here and may be another there. */
		strbuf_printf(rest, "%.*s=%.*s", SLICE_ARG(from), SLICE_ARG(slice_skip(local, 4)));
		return true;
	}
	in = slice_skip(local, 5);
	slice_split(&in, '='); /* the hash of who sent it on last */
	host = in;
	host = slice_split(&host, '=');
	if (host.n == 0 || in.n < host.n + 3)
		return false;
	strbuf_add(rest, in);
	return true;
}

int srs_forward(const unsigned char key[SRS_KEY], int64_t now_s, struct slice sender,
	struct slice domain, char out[SRS_ADDRESS_MAX + 1])
{
	struct strbuf rest = { 0 }, text = { 0 };
	char hash[HASH_TEXT + 1];
	struct slice local, from;
	unsigned day = day_of(now_s);
	char kind = '1';

	if (sender.n > SRS_ADDRESS_MAX || !splits(sender, &local, &from))
		return sender.n > SRS_ADDRESS_MAX ? HEARTH_ETOOBIG : HEARTH_EINVAL;
	if (!srs_is(local) || !first_of(local, from, &rest)) {
		kind = '0';
		strbuf_reset(&rest);
		strbuf_printf(&rest, "%c%c=%.*s=%.*s", digits[day / 32], digits[day % 32],
			SLICE_ARG(from), SLICE_ARG(local));
	}
	write_hash(key, kind, strbuf_slice(&rest), hash);
	strbuf_printf(&text, "SRS%c=%s=%.*s@%.*s", kind, hash, SLICE_ARG(strbuf_slice(&rest)),
		SLICE_ARG(domain));
	strbuf_free(&rest);
	return put(&text, out);
}

/* ---- back ---- */

static int reverse_first(int64_t now_s, struct slice rest, char out[SRS_ADDRESS_MAX + 1])
{
	struct slice day = slice_split(&rest, '='), domain = slice_split(&rest, '=');
	struct strbuf text = { 0 };
	int age = age_of(day, now_s);

	if (age < 0 || domain.n == 0 || rest.n == 0)
		return HEARTH_EINVAL;
	if (age > SRS_DAYS)
		return HEARTH_ETIMEOUT;
	strbuf_printf(&text, "%.*s@%.*s", SLICE_ARG(rest), SLICE_ARG(domain));
	return put(&text, out);
}

/* "b.test==rest": to SRS0=rest@b.test, whose separator stands in front of the rest. */
static int reverse_further(struct slice rest, char out[SRS_ADDRESS_MAX + 1])
{
	struct slice host = slice_split(&rest, '=');
	struct strbuf text = { 0 };

	if (host.n == 0 || rest.n < 2)
		return HEARTH_EINVAL;
	strbuf_printf(&text, "SRS0%.*s@%.*s", SLICE_ARG(rest), SLICE_ARG(host));
	return put(&text, out);
}

int srs_reverse(const unsigned char key[SRS_KEY], int64_t now_s, struct slice local,
	char out[SRS_ADDRESS_MAX + 1])
{
	struct slice rest = slice_skip(local, 5), hash;
	char kind;

	if (!srs_is(local) || local.n > SRS_ADDRESS_MAX)
		return HEARTH_EINVAL;
	kind = local.p[3];
	hash = slice_split(&rest, '=');
	if (!has_hash(key, kind, hash, rest))
		return HEARTH_EINVAL;
	return kind == '0' ? reverse_first(now_s, rest, out) : reverse_further(rest, out);
}
