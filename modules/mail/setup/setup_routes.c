/*
 * setup_routes.c: the places where mail programs, and other servers, look for settings (setup.h). Who
 * asks is answered by the domain alone, which everybody knows from the DNS. On the loop.
 */
#include <stdio.h>

#include "hearth/accounts.h"
#include "hearth/clock.h"
#include "hearth/hosts.h"
#include "hearth/text.h"
#include "mail.h"
#include "setup/setup.h"

#define OUTLOOK_SCHEMA \
	"http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a"
#define UNKNOWN_DOMAIN "this server has no mail for that domain"

const char *setup_domain(const struct hearth *h, struct slice name, const char *prefix)
{
	const char *const *domains = config_list(hearth_config(h), "mail", "domains");
	const char *own[] = { hearth_hostname(h), NULL };
	size_t n = strlen(prefix);

	if (n > 0) {
		if (name.n <= n || !slice_istarts(name, slice_str(prefix)) || name.p[n] != '.')
			return NULL;
		name = slice_skip(name, n + 1);
	}
	for (const char *const *d = *domains ? domains : own; *d; d++)
		if (slice_ieq(name, slice_str(*d)))
			return *d;
	return NULL;
}

/* TLS from the first byte where there is a port for it (RFC 8314 3), else STARTTLS. */
static struct setup_server server_of(const struct hearth *h, const char *tls, const char *starttls)
{
	int port = hearth_port(h, tls);

	return port ? (struct setup_server){ port, false }
		    : (struct setup_server){ hearth_port(h, starttls), true };
}

/* An address as it may stand in a name and in XML; its domain is one of ours. */
static const char *domain_of(const struct hearth *h, struct slice address)
{
	ptrdiff_t at = -1;

	for (size_t i = 0; i < address.n; i++) {
		if ((unsigned char)address.p[i] <= ' ' || address.p[i] == 0x7f)
			return NULL;
		if (address.p[i] == '@')
			at = (ptrdiff_t)i;
	}
	if (at <= 0 || address.n > SETUP_ADDRESS_MAX || !utf8_valid(address))
		return NULL;
	return setup_domain(h, slice_skip(address, (size_t)at + 1), "");
}

static struct setup setup_of(
	const struct hearth *h, const char *domain, const char *address, struct arena *a)
{
	struct strbuf url = { 0 };
	struct setup s = { .host = hearth_hostname(h),
		.domain = domain,
		.address = address,
		.imap = server_of(h, "imaps", "imap"),
		.smtp = server_of(h, "submissions", "submission") };

	hearth_url(h, &url);
	s.url = arena_strdup(a, strbuf_slice(&url));
	strbuf_free(&url);
	return s;
}

static void reply_text(struct http_request *rq, const char *type, struct strbuf *text)
{
	struct buf *body = buf_from_strbuf(text);

	http_set_header(rq, "Cache-Control", "no-cache");
	http_reply(rq, 200, type, body);
	buf_unref(&body);
}

/* ---- MTA-STS ---- */

/* At "mta-sts.DOMAIN" and nowhere else (RFC 8461 3.2). */
void mail_get_sts_policy(void *module, struct http_request *rq)
{
	const struct mail *m = module;
	struct strbuf text = { 0 };

	if (!setup_domain(m->h, hearth_request_host(rq), "mta-sts") ||
		!setup_write_sts(hearth_config(m->h), hearth_hostname(m->h), &text)) {
		http_reply_problem(rq, 404, NULL,
			"a policy is at mta-sts.DOMAIN, for the mail domains of this server");
		return;
	}
	reply_text(rq, "text/plain; charset=utf-8", &text);
}

/* ---- Thunderbird ---- */

/* The domain is that of the address where one is named, else that of the host. */
void mail_get_autoconfig(void *module, struct http_request *rq)
{
	const struct mail *m = module;
	struct slice address = http_query(rq, "emailaddress"), host = hearth_request_host(rq);
	const char *domain;
	struct strbuf text = { 0 };
	struct setup s;

	if (address.n)
		domain = domain_of(m->h, address);
	else
		domain = setup_domain(m->h, host, "autoconfig");
	if (!domain && !address.n)
		domain = setup_domain(m->h, host, "");
	if (!domain) {
		http_reply_problem(rq, 404, "emailaddress", UNKNOWN_DOMAIN);
		return;
	}
	s = setup_of(m->h, domain, "", http_arena(rq));
	setup_write_autoconfig(&s, &text);
	reply_text(rq, "text/xml; charset=utf-8", &text);
}

/* ---- Outlook ---- */

static void reply_autodiscover_error(struct http_request *rq, int error, const char *why)
{
	struct strbuf text = { 0 };

	setup_write_autodiscover_error(error, why, clock_wall_ms(), &text);
	reply_text(rq, "text/xml; charset=utf-8", &text);
}

/* Errors are answers too: 600 a request that is none, 601 a kind of answer not given here. */
void mail_post_autodiscover(void *module, struct http_request *rq)
{
	const struct mail *m = module;
	struct autodiscover_request asked;
	struct strbuf text = { 0 };
	const char *domain;
	struct setup s;

	if (autodiscover_read(http_body(rq), &asked) < 0) {
		reply_autodiscover_error(rq, 600, "Invalid Request");
		return;
	}
	if (asked.schema[0] && strcmp(asked.schema, OUTLOOK_SCHEMA) != 0) {
		reply_autodiscover_error(rq, 601, "Provider is not available");
		return;
	}
	domain = domain_of(m->h, slice_str(asked.address));
	if (!domain) {
		reply_autodiscover_error(rq, 600, UNKNOWN_DOMAIN);
		return;
	}
	s = setup_of(m->h, domain, asked.address, http_arena(rq));
	setup_write_autodiscover(&s, &text);
	reply_text(rq, "text/xml; charset=utf-8", &text);
}

static void reply_json_error(struct http_request *rq, const char *code, const char *why)
{
	struct strbuf text = { 0 };
	struct json_writer w;

	json_writer_init(&w, &text);
	json_open_object(&w);
	json_put_str(&w, "ErrorCode", code);
	json_put_str(&w, "ErrorMessage", why);
	json_close_object(&w);
	http_reply_json(rq, 400, &text);
}

/* Autodiscover v2: where the other one is. The address changes nothing. */
void mail_get_autodiscover_json(void *module, struct http_request *rq)
{
	const struct mail *m = module;
	struct slice protocol = http_query(rq, "Protocol");
	struct strbuf url = { 0 }, text = { 0 };
	struct json_writer w;

	if (protocol.n == 0) {
		reply_json_error(rq, "MandatoryParameterMissing",
			"A valid value must be provided for the query parameter 'Protocol'");
		return;
	}
	if (!slice_ieq(protocol, SLICE("AutodiscoverV1"))) {
		reply_json_error(rq, "InvalidProtocol",
			"The given protocol is not served here: AutodiscoverV1 is");
		return;
	}
	hearth_url(m->h, &url);
	strbuf_adds(&url, "autodiscover/autodiscover.xml");
	json_writer_init(&w, &text);
	json_open_object(&w);
	json_put_str(&w, "Protocol", "AutodiscoverV1");
	json_put_text(&w, "Url", strbuf_slice(&url));
	json_close_object(&w);
	http_set_header(rq, "Cache-Control", "no-cache");
	http_reply_json(rq, 200, &text);
	strbuf_free(&url);
}

/* ---- Apple ---- */

static void reply_profile(const struct mail *m, struct http_request *rq, struct slice address)
{
	const char *domain = domain_of(m->h, address);
	struct strbuf text = { 0 };
	struct setup s;

	if (!domain) {
		http_reply_problem(rq, 404, "emailaddress", UNKNOWN_DOMAIN);
		return;
	}
	s = setup_of(m->h, domain, arena_strdup(http_arena(rq), address), http_arena(rq));
	if (!s.imap.port || !s.smtp.port) {
		http_reply_problem(rq, 404, NULL,
			"this server takes no mail programs ([listen] imaps, submissions)");
		return;
	}
	setup_write_profile(&s, &text);
	http_set_header(rq, "Content-Disposition", "attachment; filename=\"mail.mobileconfig\"");
	reply_text(rq, "application/x-apple-aspen-config", &text);
}

void mail_get_profile(void *module, struct http_request *rq)
{
	reply_profile(module, rq, http_query(rq, "emailaddress"));
}

void mail_get_own_profile(void *module, struct http_request *rq)
{
	reply_profile(module, rq, slice_str(http_account(rq)->address));
}
