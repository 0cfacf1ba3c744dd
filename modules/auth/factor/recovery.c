/*
 * recovery.c: making, reading and hashing recovery codes. Any thread.
 */
#include "factor/recovery.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <stdio.h>

#include "hearth/error.h"
#include "hearth/rand.h"

/* Without l, o, 0 and 1. */
static const char letters[] = "abcdefghijkmnpqrstuvwxyz23456789";

_Static_assert(sizeof(letters) - 1 == 32, "five bits a letter");
_Static_assert(RECOVERY_HEX == 2 * SHA256_DIGEST_LENGTH + 1, "a SHA-256 in hex");

void recovery_make(char text[RECOVERY_TEXT])
{
	size_t n = 0;

	for (int i = 0; i < RECOVERY_LETTERS; i++) {
		if (i && i % 4 == 0)
			text[n++] = '-';
		text[n++] = letters[rand_below(sizeof(letters) - 1)];
	}
	text[n] = '\0';
}

/* The letters alone, in lower case. */
static int read_letters(struct slice text, char out[RECOVERY_LETTERS])
{
	size_t n = 0;

	text = slice_trim(text);
	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];

		if (c == ' ' || c == '-')
			continue;
		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		if (!c || !strchr(letters, c) || n == RECOVERY_LETTERS)
			return HEARTH_EINVAL;
		out[n++] = c;
	}
	return n == RECOVERY_LETTERS ? 0 : HEARTH_EINVAL;
}

int recovery_hash(int64_t account, struct slice text, char hex[RECOVERY_HEX])
{
	unsigned char digest[SHA256_DIGEST_LENGTH];
	char code[RECOVERY_LETTERS], whole[RECOVERY_LETTERS + 40];
	int rc = read_letters(text, code);

	if (rc == 0) {
		int n = snprintf(whole, sizeof(whole), "recovery:%lld:%.*s", (long long)account,
			RECOVERY_LETTERS, code);

		SHA256((const unsigned char *)whole, (size_t)n, digest);
		hex_encode(digest, sizeof(digest), hex);
		OPENSSL_cleanse(whole, sizeof(whole));
	}
	OPENSSL_cleanse(code, sizeof(code));
	return rc;
}
