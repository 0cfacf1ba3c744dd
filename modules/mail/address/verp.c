/*
 * verp.c: senders of a group's mail to members elsewhere (verp.h). Pure: numbers and a time in, an address
 * out, and back.
 */
#include "address/verp.h"

#include <sodium.h>
#include <stdio.h>

#include "hearth/error.h"

#define DAY_S     (INT64_C(24) * 3600)
#define MAC_BYTES 6
#define HEAD      "verp="

void verp_key_derive(const unsigned char secret[32], unsigned char key[VERP_KEY])
{
	static const unsigned char purpose[] = "hearth: senders for members elsewhere, 1";

	crypto_auth_hmacsha256(key, purpose, sizeof(purpose) - 1, secret);
}

static void write_mac(
	const unsigned char key[VERP_KEY], struct slice text, char hex[2 * MAC_BYTES + 1])
{
	unsigned char mac[crypto_auth_hmacsha256_BYTES];

	crypto_auth_hmacsha256(mac, (const unsigned char *)text.p, text.n, key);
	hex_encode(mac, MAC_BYTES, hex);
}

void verp_write(const unsigned char key[VERP_KEY], int64_t group, int64_t member, int64_t now_s,
	char out[VERP_LOCAL_MAX + 1])
{
	char text[VERP_LOCAL_MAX + 1], hex[2 * MAC_BYTES + 1];

	snprintf(text, sizeof(text), "%lld-%lld-%lld", (long long)group, (long long)member,
		(long long)(now_s / DAY_S));
	write_mac(key, slice_str(text), hex);
	snprintf(out, VERP_LOCAL_MAX + 1, HEAD "%.46s-%s", text, hex);
}

bool verp_is(struct slice local)
{
	return slice_istarts(local, SLICE(HEAD));
}

int verp_read(const unsigned char key[VERP_KEY], struct slice local, int64_t now_s, int64_t *group,
	int64_t *member)
{
	char lower[VERP_LOCAL_MAX + 1], hex[2 * MAC_BYTES + 1];
	struct slice text, rest;
	int64_t day = 0;

	if (!verp_is(local) || local.n <= strlen(HEAD) + 2 * (size_t)MAC_BYTES + 1 ||
		local.n > VERP_LOCAL_MAX)
		return HEARTH_EINVAL;
	/* What comes back may have lost the case of its letters. */
	for (size_t i = 0; i < local.n; i++)
		lower[i] = local.p[i] >= 'A' && local.p[i] <= 'Z' ? (char)(local.p[i] - 'A' + 'a')
								  : local.p[i];
	text = slice_skip(slice_of(lower, local.n), strlen(HEAD));
	rest = slice_head(text, text.n - 2 * (size_t)MAC_BYTES - 1);
	write_mac(key, rest, hex);
	if (text.p[rest.n] != '-' ||
		sodium_memcmp(hex, text.p + rest.n + 1, 2 * (size_t)MAC_BYTES) != 0 ||
		slice_i64(slice_split(&rest, '-'), 1, INT64_MAX, group) < 0 ||
		slice_i64(slice_split(&rest, '-'), 1, INT64_MAX, member) < 0 ||
		slice_i64(slice_split(&rest, '-'), 0, INT64_MAX, &day) < 0)
		return HEARTH_EINVAL;
	return now_s / DAY_S - day > VERP_DAYS ? HEARTH_ETIMEOUT : 0;
}
