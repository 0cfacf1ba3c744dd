/*
 * certificate_route.c: tells the certificate in use (certificate_route.h). On the loop; NAMES_MAX of its
 * names are told.
 */
#include "kernel/certificate_route.h"

#include <time.h>

#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "acme/acme.h"
#include "kernel/kernel.h"
#include "net/tls.h"

#define NAMES_MAX 200

static void put_names(struct json_writer *w, X509 *cert)
{
	GENERAL_NAMES *all = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);

	json_name(w, "names");
	json_open_array(w);
	for (int i = 0; all && i < sk_GENERAL_NAME_num(all) && i < NAMES_MAX; i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(all, i);

		if (name->type == GEN_DNS)
			json_text(w, slice_of(ASN1_STRING_get0_data(name->d.dNSName),
					     (size_t)ASN1_STRING_length(name->d.dNSName)));
	}
	json_close_array(w);
	GENERAL_NAMES_free(all);
}

static void put_time(struct json_writer *w, const char *name, const ASN1_TIME *t)
{
	struct tm tm;

	json_name(w, name);
	if (ASN1_TIME_to_tm(t, &tm) == 1)
		json_i64(w, (int64_t)timegm(&tm) * 1000);
	else
		json_null(w);
}

/* "CN = R11, O = Let's Encrypt", as people read it. */
static void put_issuer(struct json_writer *w, X509 *cert)
{
	BIO *out = BIO_new(BIO_s_mem());
	char *text = NULL;
	long n = 0;

	if (out && X509_NAME_print_ex(out, X509_get_issuer_name(cert), 0,
			   XN_FLAG_ONELINE & ~ASN1_STRFLGS_ESC_MSB) >= 0)
		n = BIO_get_mem_data(out, &text);
	json_put_text(w, "issuer", slice_of(text, n > 0 ? (size_t)n : 0));
	BIO_free(out);
}

static void get_certificate(void *module, struct http_request *rq)
{
	const struct hearth *h = module;
	X509 *cert = SSL_CTX_get0_certificate(tls_context_current(h->tls));
	struct strbuf json = { 0 };
	struct json_writer w;

	http_set_header(rq, "Cache-Control", "no-store");
	if (!cert) {
		http_reply_problem(rq, 404, NULL, "there is no certificate");
		return;
	}
	json_writer_init(&w, &json);
	json_open_object(&w);
	put_names(&w, cert);
	put_issuer(&w, cert);
	put_time(&w, "not_before", X509_get0_notBefore(cert));
	put_time(&w, "not_after", X509_get0_notAfter(cert));
	json_put_bool(&w, "self_signed",
		X509_NAME_cmp(X509_get_issuer_name(cert), X509_get_subject_name(cert)) == 0);
	json_put_bool(&w, "renews", acme_is_on(h->config));
	json_close_object(&w);
	http_reply_json(rq, 200, &json);
}

const struct http_route kernel_certificate_routes[] = {
	{ HTTP_GET, "/api/server/certificate", get_certificate, HTTP_ADMIN, 0 },
	{ .pattern = NULL },
};
