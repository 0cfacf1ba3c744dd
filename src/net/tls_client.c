/*
 * tls_client.c: TLS that begins here: which certificates count, and what a peer has proven. One
 * SSL_CTX for all, made with the first; the system's authorities are read then. On the loop.
 *
 *   nothing asked      any certificate, also none that fits: encryption against who only listens
 *   an authority       for the name, by the system's authorities (RFC 9525)
 *   DANE               by a TLSA record, which was proven by DNSSEC (RFC 7672): usage 3, where name
 *                      and dates of the certificate do not count, or 2, where the name does
 *
 * What is not asked for is tried all the same and noted, for reports.
 */
#include "net/tls.h"

#include <openssl/x509v3.h>
#include <stdio.h>

#include "hearth/conn.h"
#include "hearth/dns.h"
#include "hearth/log.h"

/* Of RFC 6698's usages those that mean something without a list of authorities (RFC 7672 3.1). */
#define DANE_TA 2
#define DANE_EE 3

static SSL_CTX *context(void)
{
	static SSL_CTX *ctx;

	if (ctx)
		return ctx;
	ctx = SSL_CTX_new(TLS_client_method());
	INVARIANT(ctx);
	SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
	SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
				      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_default_verify_paths(ctx);
	INVARIANT(SSL_CTX_dane_enable(ctx) > 0);
	SSL_CTX_dane_set_flags(ctx, DANE_FLAG_NO_DANE_EE_NAMECHECKS);
	return ctx;
}

/* How many of the records can be used. */
static size_t add_tlsa(SSL *ssl, const struct conn_tls_client *how)
{
	size_t used = 0;

	for (size_t i = 0; i < how->tlsa_count; i++) {
		const struct dns_tlsa *r = &how->tlsa[i];

		if (r->usage != DANE_TA && r->usage != DANE_EE)
			continue;
		used += SSL_dane_tlsa_add(ssl, (uint8_t)r->usage, (uint8_t)r->selector,
				(uint8_t)r->matching, (const unsigned char *)r->data.p,
				r->data.n) > 0;
	}
	return used;
}

SSL *tls_client_new(const struct conn_tls_client *how)
{
	SSL *ssl = SSL_new(context());
	size_t tlsa = 0;

	INVARIANT(ssl);
	bool dane = how->tlsa_count > 0 && SSL_dane_enable(ssl, how->server_name) > 0;

	if (dane)
		tlsa = add_tlsa(ssl, how);
	/* An address is no name to ask for, but certificates may be for one. */
	if (!X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), how->server_name)) {
		SSL_set_tlsext_host_name(ssl, how->server_name);
		SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
		SSL_set1_host(ssl, how->server_name);
		if (tlsa > 0 && how->or_name)
			SSL_add1_host(ssl, how->or_name);
	}
	/* Records that cannot even be tried are no leave to go without. */
	if (how->must_prove || tlsa > 0 || (how->tlsa_count > 0 && !dane))
		SSL_set_verify(ssl, SSL_VERIFY_PEER, NULL);
	else
		SSL_set_verify(ssl, SSL_VERIFY_NONE, NULL);
	return ssl;
}

void tls_client_free(SSL *ssl)
{
	SSL_free(ssl);
}

static enum conn_tls_fault fault_of(long result)
{
	switch (result) {
	case X509_V_OK: return CONN_TLS_FAULTLESS;
	case X509_V_ERR_CERT_HAS_EXPIRED:
	case X509_V_ERR_CERT_NOT_YET_VALID: return CONN_TLS_EXPIRED;
	case X509_V_ERR_HOSTNAME_MISMATCH:
	case X509_V_ERR_IP_ADDRESS_MISMATCH: return CONN_TLS_OTHER_NAME;
	case X509_V_ERR_DANE_NO_MATCH: return CONN_TLS_NO_RECORD;
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
	case X509_V_ERR_CERT_UNTRUSTED:
	case X509_V_ERR_CERT_REJECTED: return CONN_TLS_UNTRUSTED;
	default: return CONN_TLS_BROKEN;
	}
}

bool tls_client_refused(SSL *ssl, struct conn_info *info)
{
	if (SSL_get_verify_mode(ssl) == SSL_VERIFY_NONE || SSL_get_verify_result(ssl) == X509_V_OK)
		return false;
	tls_client_proven(ssl, info);
	return true;
}

bool tls_client_proven(SSL *ssl, struct conn_info *info)
{
	long result = SSL_get_verify_result(ssl);
	bool proven = result == X509_V_OK && SSL_get0_peer_certificate(ssl);

	snprintf(info->tls_why, sizeof(info->tls_why), "%s",
		proven                ? ""
		: result == X509_V_OK ? "no certificate was shown"
				      : X509_verify_cert_error_string(result));
	info->tls_fault = proven                ? CONN_TLS_FAULTLESS
			  : result == X509_V_OK ? CONN_TLS_BROKEN
						: fault_of(result);
	return proven;
}
