/*
 * verify/body_hash.h: SHA-256 over a message's body in canonical form (RFC 6376 section 3.4), while its
 * bytes come, in pieces of any size.
 *
 * However many signatures want a hash, each of the two forms is made and hashed once: who wants only the
 * first bytes of it (l=) gets the hash as it stood there. Wants are added before the first byte.
 *
 * Pure; of the body it holds 4 KiB for each form. A line ends in CRLF here; a CR or LF by itself is a character.
 */
#ifndef MAIL_VERIFY_BODY_HASH_H
#define MAIL_VERIFY_BODY_HASH_H

#include <openssl/evp.h>
#include <stdbool.h>

#include "hearth/str.h"

enum {
	BODY_HASH_SIZE = 32,
	BODY_WANTS_MAX = 16, /* hashes of one body */
	BODY_OUT_MAX = 4096,
};

struct body_want {
	bool relaxed, limited;
	uint64_t limit; /* only the first so many bytes of the canonical form */
	/* at the end: */
	bool known; /* false: the body is shorter than the limit */
	unsigned char hash[BODY_HASH_SIZE];
};

/* One canonical form on its way into its hash. */
struct body_form {
	bool wanted, relaxed;
	EVP_MD_CTX *hash;
	uint64_t n;     /* bytes of the form that are in the hash */
	uint64_t crlfs; /* line ends held back: none of them counts at the end of the body */
	bool cr, space; /* a CR, white space held back until it is known what follows */
	bool text;      /* something came that is not a line end */
	size_t out_n;
	char out[BODY_OUT_MAX];
};

struct body_hash {
	struct body_form forms[2]; /* simple, relaxed */
	struct body_want wants[BODY_WANTS_MAX];
	size_t count;
};

/* A zeroed one is ready. Adds a want and gives its number, or -1 when there are too many. */
int body_hash_want(struct body_hash *h, bool relaxed, bool limited, uint64_t limit);
void body_hash_feed(struct body_hash *h, struct slice bytes);
/* The body is over: the wants have their hashes. */
void body_hash_end(struct body_hash *h);
/* How long the canonical form is; after the end, of a form that was wanted. */
uint64_t body_hash_length(const struct body_hash *h, bool relaxed);
/* Gives the contexts back; legal at any time, and twice. */
void body_hash_clear(struct body_hash *h);

#endif
