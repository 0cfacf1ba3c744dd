/*
 * acme_use.c: the certificate that is stored is put into use; what is wrong is said (acme_internal.h). On
 * the loop.
 */
#include <stdio.h>

#include "acme/acme_internal.h"
#include "acme/jws.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/health.h"
#include "hearth/log.h"
#include "net/net.h"

static void install(struct acme *a, const struct acme_record *r)
{
	EVP_PKEY *key = acme_key_read(r->key);
	struct strbuf why = { 0 };
	const char *wrong = "its key cannot be read";
	struct arena *arena = arena_new();
	struct certs_found found;
	int rc = key ? certs_read(arena, r->chain, key, &found, &wrong) : HEARTH_EINVAL;

	EVP_PKEY_free(key);
	if (rc == 0 && tls_context_install(a->o.tls, r->chain, r->key, &why) < 0)
		wrong = why.p;
	if (rc == 0 && !why.n) {
		arena_free(&a->found_arena);
		a->found_arena = arena;
		a->found = found;
		a->o.installed(a->o.arg);
		log_info("acme", "using the certificate", "names", "%s", found.names[0], "days",
			"%lld", (long long)((found.not_after_ms - clock_wall_ms()) / 86400000),
			NULL);
	} else {
		arena_free(&arena);
		log_error("acme", "the certificate that is stored cannot be used", "why", "%s",
			wrong, NULL);
	}
	a->version = r->version;
	strbuf_free(&why);
}

static void tell_health(const struct acme *a, const struct acme_record *r)
{
	int64_t now = clock_wall_ms();

	if (*r->error && (!a->version || now > r->renew_ms))
		health_set("certificate", "%s", r->error);
	else if (a->version && now > r->not_after_ms)
		health_set("certificate", "it has ended, and no other has come yet");
	else
		health_clear("certificate");
}

void acme_advise_lost(struct strbuf *out, const char *data_dir)
{
	strbuf_printf(out,
		"%s/" SECRET_KEY_FILE " is missing, or not the one with which the keys of the "
		"account and the certificate were sealed: put it back from a backup and start "
		"again; or, if it is gone for good, get others by `hearth acme renew "
		"--new-account`",
		data_dir);
}

/* Nothing is got by itself then: the file may come back. */
static void tell_lost(struct acme *a, const struct acme_record *r)
{
	struct strbuf advice = { 0 };

	if (r->unreadable) {
		acme_advise_lost(&advice, a->o.data_dir);
		health_set("acme.secrets-key", "%s", advice.p);
		if (!a->lost)
			log_error("acme", "keys cannot be opened", "what to do", "%s", advice.p,
				NULL);
		strbuf_free(&advice);
	} else {
		health_clear("acme.secrets-key");
	}
	a->lost = r->unreadable;
}

/* Of the account's key, which another may have come in place of. */
static void set_thumbprint(struct acme *a, const struct acme_record *r)
{
	EVP_PKEY *key = acme_key_read(r->account_key);
	struct strbuf text = { 0 };

	if (key && jws_thumbprint(key, &text))
		snprintf(a->thumbprint, sizeof(a->thumbprint), "%s", text.p);
	EVP_PKEY_free(key);
	strbuf_free(&text);
}

void acme_take_record(struct acme *a, const struct acme_record *r)
{
	if (r->version && r->key.n && r->version != a->version)
		install(a, r);
	if (r->account_key.n)
		set_thumbprint(a, r);
	tell_health(a, r);
	tell_lost(a, r);
}
