/*
 * setup.h: what mail programs need to know to set themselves up, and the texts in which each kind of
 * them wants it: Thunderbird (autoconfig), Outlook (Autodiscover), Apple's (configuration profile); and
 * the MTA-STS policy of our domains for other servers (RFC 8461 3.2).
 *
 * All of it follows from the settings and from the domain of an address: whether an account is there
 * is never looked at, so nobody learns it. The texts are pure; the routes are on the loop.
 */
#ifndef MAIL_SETUP_H
#define MAIL_SETUP_H

#include "hearth/http.h"
#include "hearth/module.h"

#define SETUP_BODY_MAX    (16u << 10) /* of a request of Outlook's */
#define SETUP_ADDRESS_MAX 254         /* RFC 5321 4.5.3.1.3 */

/* A listener as programs are told of it. */
struct setup_server {
	int port;      /* 0: there is none */
	bool starttls; /* else TLS from the first byte */
};

struct setup {
	const char *host;         /* this server's name */
	const char *domain;       /* of the address */
	const char *address;      /* "" when none was named */
	const char *url;          /* the page, with a slash at the end */
	struct setup_server imap; /* mail comes out here … */
	struct setup_server smtp; /* … and goes in there */
};

/* Thunderbird's clientConfig 1.1. */
void setup_write_autoconfig(const struct setup *s, struct strbuf *out);
/* The answer to Outlook: what it asked for, or (error not 0) why not. */
void setup_write_autodiscover(const struct setup *s, struct strbuf *out);
void setup_write_autodiscover_error(int error, const char *why, int64_t now_ms, struct strbuf *out);
/* Apple's profile. The same address has the same identifiers, so a second one takes the first's place. */
void setup_write_profile(const struct setup *s, struct strbuf *out);

/* What Outlook asks (POX Autodiscover); both are texts of the XML, without what stands for characters. */
struct autodiscover_request {
	char address[SETUP_ADDRESS_MAX + 1];
	char schema[256]; /* in which it wants the answer; "" */
};
/* 0; HEARTH_EINVAL: no such request. */
int autodiscover_read(struct slice xml, struct autodiscover_request *out);

/* ---- MTA-STS ---- */

/* Appends our policy; false when none is served ([mail] mta_sts = off). */
bool setup_write_sts(const struct config *c, const char *host, struct strbuf *out);
/* Its id for the TXT record, another for each policy (RFC 8461 3.1); false as above. */
#define SETUP_STS_ID 20
bool setup_sts_id(const struct config *c, const char *host, char id[SETUP_STS_ID + 1]);

/* ---- routes ---- */

/* The module's domain that a name is, or the name without `prefix.` is; NULL: none. */
const char *setup_domain(const struct hearth *h, struct slice name, const char *prefix);

void mail_get_sts_policy(void *module, struct http_request *rq);
void mail_get_autoconfig(void *module, struct http_request *rq);
void mail_post_autodiscover(void *module, struct http_request *rq);
void mail_get_autodiscover_json(void *module, struct http_request *rq);
void mail_get_profile(void *module, struct http_request *rq);
void mail_get_own_profile(void *module, struct http_request *rq);

#endif
