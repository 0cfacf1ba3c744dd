/*
 * dkim_key.c: reading key records, and holding signatures against them (dkim_key.h).
 *
 * Pure. A check with the largest RSA key allowed is well under a millisecond.
 */
#include "verify/dkim_key.h"

#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "hearth/error.h"
#include "hearth/text.h"

/* `word` is one of those in a list with colons; a list that is not there has `missing`. */
static bool lists(const struct tag_list *tags, const char *name, const char *word, bool missing)
{
	const struct tag *t = tags_find(tags, name);
	struct slice rest;

	if (!t)
		return missing;
	rest = t->value;
	while (rest.p)
		if (slice_ieq(slice_trim(slice_split(&rest, ':')), slice_str(word)))
			return true;
	return false;
}

static int read_kind(const struct tag_list *tags, enum signature_algorithm *out)
{
	const struct tag *k = tags_find(tags, "k");

	*out = SIGNATURE_RSA;
	if (!k || slice_ieq(k->value, SLICE("rsa")))
		return 0;
	*out = SIGNATURE_ED25519;
	return slice_ieq(k->value, SLICE("ed25519")) ? 0 : HEARTH_EUNSUPPORTED;
}

int dkim_key_read(struct slice txt, struct arena *a, struct dkim_key *out)
{
	struct tag_list tags;
	const struct tag *v, *p;
	struct strbuf bytes = { 0 };
	int rc;

	*out = (struct dkim_key){ .revoked = false };
	if (!tags_read(txt, &tags))
		return HEARTH_EINVAL;
	v = tags_find(&tags, "v");
	p = tags_find(&tags, "p");
	/* v= comes first, where it comes. */
	if (!p || (v && (v != &tags.tags[0] || !slice_eq(v->value, SLICE("DKIM1")))))
		return HEARTH_EINVAL;
	rc = read_kind(&tags, &out->algorithm);
	if (rc < 0)
		return rc;
	out->revoked = p->value.n == 0;
	out->testing = lists(&tags, "t", "y", false);
	out->strict = lists(&tags, "t", "s", false);
	out->sha256 = lists(&tags, "h", "sha256", true);
	out->email = lists(&tags, "s", "email", true) || lists(&tags, "s", "*", true);
	rc = base64_decode(&bytes, tags_squeezed(a, p->value));
	if (rc == 0)
		out->bytes = arena_slice(a, strbuf_slice(&bytes));
	strbuf_free(&bytes);
	return rc;
}

EVP_PKEY *dkim_key_load(const struct dkim_key *key)
{
	const unsigned char *at = (const unsigned char *)key->bytes.p;
	EVP_PKEY *k;

	if (key->algorithm == SIGNATURE_ED25519)
		return key->bytes.n == 32 ? EVP_PKEY_new_raw_public_key(
						    EVP_PKEY_ED25519, NULL, at, key->bytes.n)
					  : NULL;
	/* Published are both, the key with its kind around it and (as the RFC has it) the key alone. */
	k = d2i_PUBKEY(NULL, &at, (long)key->bytes.n);
	if (!k) {
		at = (const unsigned char *)key->bytes.p;
		k = d2i_PublicKey(EVP_PKEY_RSA, NULL, &at, (long)key->bytes.n);
	}
	if (k && EVP_PKEY_get_base_id(k) != EVP_PKEY_RSA) {
		EVP_PKEY_free(k);
		k = NULL;
	}
	return k;
}

static bool verify_rsa(EVP_PKEY *key, const unsigned char *digest, struct slice signature)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
	bool good = ctx && EVP_PKEY_verify_init(ctx) > 0 &&
		    EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) > 0 &&
		    EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()) > 0 &&
		    EVP_PKEY_verify(ctx, (const unsigned char *)signature.p, signature.n, digest,
			    HEADER_HASH_SIZE) == 1;

	EVP_PKEY_CTX_free(ctx);
	return good;
}

static bool verify_ed25519(EVP_PKEY *key, const unsigned char *digest, struct slice signature)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool good = ctx && EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, key) > 0 &&
		    EVP_DigestVerify(ctx, (const unsigned char *)signature.p, signature.n, digest,
			    HEADER_HASH_SIZE) == 1;

	EVP_MD_CTX_free(ctx);
	return good;
}

bool dkim_key_verify(EVP_PKEY *key, enum signature_algorithm algorithm,
	const unsigned char digest[HEADER_HASH_SIZE], struct slice signature)
{
	return algorithm == SIGNATURE_RSA ? verify_rsa(key, digest, signature)
					  : verify_ed25519(key, digest, signature);
}
