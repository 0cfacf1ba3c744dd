/*
 * list/leave.c: links for leaving a group (leave.h). Pure.
 */
#include "list/leave.h"

#include <sodium.h>
#include <stdio.h>

#include "hearth/error.h"

#define DAY_S     (INT64_C(24) * 3600)
#define MAC_BYTES 16

void leave_key_derive(const unsigned char secret[32], unsigned char key[LEAVE_KEY])
{
	static const unsigned char purpose[] = "hearth: leaving groups, 1";

	crypto_auth_hmacsha256(key, purpose, sizeof(purpose) - 1, secret);
}

static void sign(const unsigned char key[LEAVE_KEY], struct slice text, char hex[2 * MAC_BYTES + 1])
{
	unsigned char mac[crypto_auth_hmacsha256_BYTES];

	crypto_auth_hmacsha256(mac, (const unsigned char *)text.p, text.n, key);
	hex_encode(mac, MAC_BYTES, hex);
}

void leave_token(const unsigned char key[LEAVE_KEY], int64_t group, int64_t account, int64_t now_s,
	char out[LEAVE_TOKEN_MAX])
{
	char hex[2 * MAC_BYTES + 1], text[LEAVE_TOKEN_MAX];

	snprintf(text, sizeof(text), "%lld-%s%lld-%lld", (long long)group, account < 0 ? "e" : "",
		(long long)(account < 0 ? -account : account), (long long)(now_s / DAY_S));
	sign(key, slice_str(text), hex);
	snprintf(out, LEAVE_TOKEN_MAX, "%.60s-%s", text, hex);
}

/* An account, or, negative, a member elsewhere. */
static int read_member(struct slice text, int64_t *account)
{
	bool elsewhere = slice_starts(text, SLICE("e"));
	int rc = slice_i64(elsewhere ? slice_skip(text, 1) : text, 1, INT64_MAX, account);

	if (rc == 0 && elsewhere)
		*account = -*account;
	return rc;
}

int leave_token_read(const unsigned char key[LEAVE_KEY], struct slice token, int64_t now_s,
	int64_t *group, int64_t *account)
{
	struct slice rest = token, head;
	char hex[2 * MAC_BYTES + 1];
	int64_t day = 0;

	if (token.n <= 2 * (size_t)MAC_BYTES + 1 || token.n >= LEAVE_TOKEN_MAX)
		return HEARTH_EINVAL;
	head = slice_head(token, token.n - 2 * (size_t)MAC_BYTES - 1);
	sign(key, head, hex);
	if (token.p[head.n] != '-' ||
		sodium_memcmp(hex, token.p + head.n + 1, 2 * (size_t)MAC_BYTES) != 0 ||
		slice_i64(slice_split(&rest, '-'), 1, INT64_MAX, group) < 0 ||
		read_member(slice_split(&rest, '-'), account) < 0 ||
		slice_i64(slice_split(&rest, '-'), 0, INT64_MAX, &day) < 0)
		return HEARTH_EINVAL;
	return now_s / DAY_S - day > LEAVE_DAYS ? HEARTH_ETIMEOUT : 0;
}
