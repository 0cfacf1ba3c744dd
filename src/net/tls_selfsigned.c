/*
 * tls_selfsigned.c: a self-signed certificate (ECDSA, P-256) for a server that was given none, so
 * that everything works at first start. Programs that check certificates will ask their users. On
 * the main thread, at the start.
 */
#include "net/tls.h"

#include "net/net.h"

#include "hearth/arena.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "hearth/rand.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define DAYS        825 /* as much as Apple's systems take */
#define DAYS_LEFT   30  /* one that ends sooner is made anew */
#define SECONDS_DAY 86400

/* A certificate that is there, is for this name and does not end soon. */
static bool still_good(const char *path, const char *hostname)
{
	FILE *file = fopen(path, "r");
	X509 *cert = file ? PEM_read_X509(file, NULL, NULL, NULL) : NULL;
	time_t limit = time(NULL) + (time_t)DAYS_LEFT * SECONDS_DAY;
	bool good = cert && X509_cmp_time(X509_get0_notAfter(cert), &limit) > 0 &&
		    (X509_check_host(cert, hostname, 0, 0, NULL) == 1 ||
			    X509_check_ip_asc(cert, hostname, 0) == 1);

	X509_free(cert);
	if (file)
		fclose(file);
	return good;
}

bool tls_is_selfsigned(const char *path)
{
	FILE *file = fopen(path, "r");
	X509 *cert = file ? PEM_read_X509(file, NULL, NULL, NULL) : NULL;
	bool own = cert && X509_self_signed(cert, 0) == 1;

	X509_free(cert);
	if (file)
		fclose(file);
	return own;
}

static void add_extension(X509 *cert, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509_EXTENSION *e;

	X509V3_set_ctx(&ctx, cert, cert, NULL, NULL, 0);
	e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	if (e)
		X509_add_ext(cert, e, -1);
	X509_EXTENSION_free(e);
}

static void add_names(X509 *cert, const char *hostname)
{
	struct strbuf names = { 0 };
	unsigned char address[16];
	bool literal = inet_pton(AF_INET, hostname, address) == 1 ||
		       inet_pton(AF_INET6, hostname, address) == 1;
	X509_NAME *subject = X509_get_subject_name(cert);

	X509_NAME_add_entry_by_txt(
		subject, "CN", MBSTRING_UTF8, (const unsigned char *)hostname, -1, -1, 0);
	X509_set_issuer_name(cert, subject);
	strbuf_printf(&names, "%s:%s,DNS:localhost,IP:127.0.0.1,IP:::1", literal ? "IP" : "DNS",
		hostname);
	add_extension(cert, NID_subject_alt_name, names.p);
	add_extension(cert, NID_basic_constraints, "critical,CA:FALSE");
	add_extension(cert, NID_ext_key_usage, "serverAuth");
	strbuf_free(&names);
}

static X509 *make_cert(EVP_PKEY *key, const char *hostname)
{
	X509 *cert = X509_new();

	INVARIANT(cert);
	X509_set_version(cert, X509_VERSION_3);
	ASN1_INTEGER_set_uint64(X509_get_serialNumber(cert), rand_u64() >> 1);
	X509_gmtime_adj(X509_getm_notBefore(cert), -SECONDS_DAY);
	X509_time_adj_ex(X509_getm_notAfter(cert), DAYS, 0, NULL);
	X509_set_pubkey(cert, key);
	add_names(cert, hostname);
	if (X509_sign(cert, key, EVP_sha256()) == 0) {
		X509_free(cert);
		return NULL;
	}
	return cert;
}

/* Writes one PEM file so that it is either there whole, or not. */
static int write_pem(const char *path, X509 *cert, EVP_PKEY *key, struct strbuf *why)
{
	struct strbuf part = { 0 };
	FILE *file;
	int fd;
	bool done = false;

	strbuf_printf(&part, "%s.part", path);
	fd = open(part.p, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	file = fd < 0 ? NULL : fdopen(fd, "w");
	if (file) {
		done = cert ? PEM_write_X509(file, cert) == 1
			    : PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL) == 1;
		done = fflush(file) == 0 && fsync(fd) == 0 && done;
		done = fclose(file) == 0 && done;
	}
	done = done && rename(part.p, path) == 0;
	if (!done)
		strbuf_printf(why, "cannot write %s: %s", path, strerror(errno));
	strbuf_free(&part);
	return done ? 0 : HEARTH_EIO;
}

int tls_selfsigned(
	const char *cert_path, const char *key_path, const char *hostname, struct strbuf *why)
{
	EVP_PKEY *key;
	X509 *cert;
	int rc;

	if (access(key_path, R_OK) == 0 && still_good(cert_path, hostname))
		return 0;
	key = EVP_EC_gen("P-256");
	cert = key ? make_cert(key, hostname) : NULL;
	if (!cert) {
		strbuf_printf(why, "cannot make a certificate for \"%s\"", hostname);
		rc = HEARTH_EIO;
	} else {
		rc = write_pem(key_path, NULL, key, why);
		if (rc == 0)
			rc = write_pem(cert_path, cert, NULL, why);
		if (rc == 0)
			log_info("tls", "made a self-signed certificate", "file", "%s", cert_path,
				"hostname", "%s", hostname, NULL);
	}
	X509_free(cert);
	EVP_PKEY_free(key);
	return rc;
}
