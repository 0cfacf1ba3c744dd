/*
 * verify/dkim_key.h: key records (RFC 6376 section 3.6.1; RFC 8301, RFC 8463), from TXT to a key that
 * checks signatures. Pure.
 */
#ifndef MAIL_VERIFY_DKIM_KEY_H
#define MAIL_VERIFY_DKIM_KEY_H

#include <openssl/evp.h>

#include "verify/signature.h"

enum {
	DKIM_RSA_MIN = 1024, /* bits: less proves nothing (RFC 8301 section 3.2) … */
	DKIM_RSA_MAX = 8192, /* … and more costs too much */
};

struct dkim_key {
	enum signature_algorithm algorithm;
	bool revoked;       /* p= is empty */
	bool testing;       /* t=y */
	bool strict;        /* t=s: i= must be in d= itself */
	bool sha256;        /* h= allows it */
	bool email;         /* s= allows it */
	struct slice bytes; /* p=, decoded */
};

/* 0; HEARTH_EINVAL: it is no key record; HEARTH_EUNSUPPORTED: a kind of key that is not known. */
int dkim_key_read(struct slice txt, struct arena *a, struct dkim_key *out);
/* Of the key record's bytes; NULL: they are no key. The caller frees it. */
EVP_PKEY *dkim_key_load(const struct dkim_key *key);
/* `signature` over a digest of 32 bytes (RFC 8017 8.2.2; RFC 8463 section 3: the digest is the message). */
bool dkim_key_verify(EVP_PKEY *key, enum signature_algorithm algorithm,
	const unsigned char digest[HEADER_HASH_SIZE], struct slice signature);

#endif
