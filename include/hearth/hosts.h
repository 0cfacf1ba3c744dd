/*
 * hosts.h: what the kernel and the mail module both know of this server's names, and of the
 * certificate for them. Each function says on which thread.
 */
#ifndef HEARTH_HOSTS_H
#define HEARTH_HOSTS_H

#include "hearth/str.h"

struct hearth;
struct http_request;

/*
 * What stands before a mail domain in the names under which programs look for its settings:
 * "mta-sts.example.org" (RFC 8461 3.2), "autoconfig…" (Thunderbird), "autodiscover…" (Outlook).
 * Requests for them are taken, and certificates for them got. NULL-ended.
 */
#define MAIL_HOSTS_MAX 3
extern const char *const hearth_mail_hosts[MAIL_HOSTS_MAX + 1];

/*
 * Appends the name by which the certificate authority ([acme]) is known in CAA records, and the URL of
 * our account there (RFC 8657);
 * false when there is none. Waits: on a worker, or in a command.
 */
bool hearth_acme_account(const struct hearth *h, struct strbuf *issuer, struct strbuf *url);

/* The name that a request is for, without its port; also at a proxy that is trusted. On the loop. */
struct slice hearth_request_host(const struct http_request *rq);

#endif
