/*
 * certs.c: requests for certificates, challenge certificates, and reading what came (certs.h). Pure.
 */
#include "acme/certs.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <time.h>

#include "acme/messages.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/rand.h"
#include "hearth/text.h"

#define DAY_S 86400L

/* id-pe-acmeIdentifier (RFC 8737 3, 6.1). */
#define ACME_IDENTIFIER "1.3.6.1.5.5.7.1.31"

static GENERAL_NAMES *names_of(const char *const *names, size_t count)
{
	GENERAL_NAMES *all = sk_GENERAL_NAME_new_null();

	for (size_t i = 0; all && i < count; i++) {
		GENERAL_NAME *one = GENERAL_NAME_new();
		ASN1_IA5STRING *text = ASN1_IA5STRING_new();

		if (one && text && ASN1_STRING_set(text, names[i], -1) == 1) {
			GENERAL_NAME_set0_value(one, GEN_DNS, text);
			if (sk_GENERAL_NAME_push(all, one) > 0)
				continue;
			text = NULL;
		}
		ASN1_IA5STRING_free(text);
		GENERAL_NAME_free(one);
		sk_GENERAL_NAME_pop_free(all, GENERAL_NAME_free);
		return NULL;
	}
	return all;
}

bool certs_request(EVP_PKEY *key, const char *const *names, size_t count, struct strbuf *der)
{
	STACK_OF(X509_EXTENSION) *extensions = NULL;
	GENERAL_NAMES *all = names_of(names, count);
	X509_REQ *request = X509_REQ_new();
	unsigned char *bytes = NULL;
	int n = -1;

	if (request && all &&
		X509V3_add1_i2d(&extensions, NID_subject_alt_name, all, 0, X509V3_ADD_DEFAULT) ==
			1 &&
		X509_REQ_set_version(request, X509_REQ_VERSION_1) == 1 &&
		X509_REQ_set_pubkey(request, key) == 1 &&
		X509_REQ_add_extensions(request, extensions) == 1 &&
		X509_REQ_sign(request, key, EVP_sha256()) > 0)
		n = i2d_X509_REQ(request, &bytes);
	if (n > 0)
		strbuf_add(der, slice_of(bytes, (size_t)n));
	OPENSSL_free(bytes);
	sk_GENERAL_NAME_pop_free(all, GENERAL_NAME_free);
	sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
	X509_REQ_free(request);
	return n > 0;
}

/* An OCTET STRING within the extension's own (RFC 8737 3). */
static bool add_identifier(X509 *cert, const unsigned char digest[32])
{
	ASN1_OBJECT *kind = OBJ_txt2obj(ACME_IDENTIFIER, 1);
	ASN1_OCTET_STRING *inner = ASN1_OCTET_STRING_new(), *value = ASN1_OCTET_STRING_new();
	X509_EXTENSION *extension = NULL;
	unsigned char *der = NULL;
	int n;
	bool done = false;

	if (kind && inner && value && ASN1_OCTET_STRING_set(inner, digest, 32) == 1) {
		n = i2d_ASN1_OCTET_STRING(inner, &der);
		if (n > 0 && ASN1_OCTET_STRING_set(value, der, n) == 1)
			extension = X509_EXTENSION_create_by_OBJ(NULL, kind, 1, value);
		done = extension && X509_add_ext(cert, extension, -1) == 1;
	}
	X509_EXTENSION_free(extension);
	OPENSSL_free(der);
	ASN1_OCTET_STRING_free(inner);
	ASN1_OCTET_STRING_free(value);
	ASN1_OBJECT_free(kind);
	return done;
}

X509 *certs_challenge(EVP_PKEY *key, const char *name, const unsigned char digest[32])
{
	X509 *cert = X509_new();
	GENERAL_NAMES *all = names_of(&name, 1);
	X509_NAME *subject = cert ? X509_get_subject_name(cert) : NULL;
	bool done =
		cert && all && X509_set_version(cert, X509_VERSION_3) == 1 &&
		ASN1_INTEGER_set_uint64(X509_get_serialNumber(cert), rand_u64() >> 1) == 1 &&
		X509_gmtime_adj(X509_getm_notBefore(cert), -DAY_S) &&
		X509_gmtime_adj(X509_getm_notAfter(cert), 7 * DAY_S) &&
		X509_set_pubkey(cert, key) == 1 &&
		X509_NAME_add_entry_by_txt(subject, "O", MBSTRING_ASC,
			(const unsigned char *)"ACME challenge", -1, -1, 0) == 1 &&
		X509_set_issuer_name(cert, subject) == 1 &&
		X509_add1_ext_i2d(cert, NID_subject_alt_name, all, 0, X509V3_ADD_DEFAULT) == 1 &&
		add_identifier(cert, digest) && X509_sign(cert, key, EVP_sha256()) > 0;

	sk_GENERAL_NAME_pop_free(all, GENERAL_NAME_free);
	if (done)
		return cert;
	X509_free(cert);
	return NULL;
}

/* ---- reading ---- */

static int64_t ms_of(const ASN1_TIME *time)
{
	struct tm tm;

	return ASN1_TIME_to_tm(time, &tm) == 1 ? (int64_t)timegm(&tm) * 1000 : 0;
}

static void read_names(struct arena *a, X509 *cert, struct certs_found *out)
{
	GENERAL_NAMES *all = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
	size_t n = 0;

	out->names = arena_zalloc(a, (ACME_NAMES_MAX + 1) * sizeof(*out->names));
	for (int i = 0; i < sk_GENERAL_NAME_num(all) && n < ACME_NAMES_MAX; i++) {
		const GENERAL_NAME *one = sk_GENERAL_NAME_value(all, i);
		int length;

		if (one->type != GEN_DNS)
			continue;
		length = ASN1_STRING_length(one->d.dNSName);
		out->names[n++] = arena_strdup(
			a, slice_of(ASN1_STRING_get0_data(one->d.dNSName), (size_t)length));
	}
	sk_GENERAL_NAME_pop_free(all, GENERAL_NAME_free);
}

int certs_read(struct arena *a, struct slice chain, EVP_PKEY *key, struct certs_found *out,
	const char **why)
{
	BIO *bio = BIO_new_mem_buf(chain.p ? chain.p : "", (int)chain.n);
	X509 *cert = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;

	*out = (struct certs_found){ 0 };
	*why = NULL;
	if (!cert) {
		*why = "the certificate cannot be read";
	} else if (X509_check_private_key(cert, key) != 1) {
		*why = "the certificate is for another key";
	} else {
		out->not_before_ms = ms_of(X509_get0_notBefore(cert));
		out->not_after_ms = ms_of(X509_get0_notAfter(cert));
		read_names(a, cert, out);
		if (out->not_after_ms <= out->not_before_ms)
			*why = "the certificate holds for no time";
	}
	X509_free(cert);
	BIO_free(bio);
	return *why ? HEARTH_EINVAL : 0;
}

int64_t certs_life_ms(struct slice chain)
{
	BIO *bio = BIO_new_mem_buf(chain.p ? chain.p : "", (int)chain.n);
	X509 *cert = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
	int64_t life_ms =
		cert ? ms_of(X509_get0_notAfter(cert)) - ms_of(X509_get0_notBefore(cert)) : 0;

	X509_free(cert);
	BIO_free(bio);
	return life_ms > 0 ? life_ms : 0;
}

const char *certs_renewal_id(struct arena *a, struct slice chain)
{
	BIO *bio = BIO_new_mem_buf(chain.p ? chain.p : "", (int)chain.n);
	X509 *cert = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
	const ASN1_OCTET_STRING *issuer = cert ? X509_get0_authority_key_id(cert) : NULL;
	unsigned char *number = NULL;
	int n = cert ? i2d_ASN1_INTEGER(X509_get_serialNumber(cert), &number) : 0;
	struct strbuf text = { 0 };
	const char *id = NULL;

	/* The number's bytes alone, behind tag and length: a byte each, as it is short. */
	if (issuer && ASN1_STRING_length(issuer) > 0 && n > 2 && n < 128) {
		base64url_encode(&text, slice_of(ASN1_STRING_get0_data(issuer),
						(size_t)ASN1_STRING_length(issuer)));
		strbuf_addc(&text, '.');
		base64url_encode(&text, slice_of(number + 2, (size_t)n - 2));
		id = arena_strdup(a, strbuf_slice(&text));
	}
	strbuf_free(&text);
	OPENSSL_free(number);
	X509_free(cert);
	BIO_free(bio);
	return id;
}

bool certs_has(const struct certs_found *found, const char *name)
{
	for (const char **n = found->names; n && *n; n++)
		if (slice_ieq(slice_str(*n), slice_str(name)))
			return true;
	return false;
}
