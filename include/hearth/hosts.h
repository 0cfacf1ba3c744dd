/*
 * hosts.h: what the kernel and the mail module both know of this server's names, and of the
 * certificate for them. On the loop's thread, or that of a command.
 */
#ifndef HEARTH_HOSTS_H
#define HEARTH_HOSTS_H

#include "hearth/str.h"

struct hearth;

/*
 * What stands before a mail domain in the names under which programs look for its settings:
 * "mta-sts.example.org" (RFC 8461 3.2), "autoconfig…" (Thunderbird), "autodiscover…" (Outlook).
 * Requests for them are taken, and certificates for them got. NULL-ended.
 */
#define MAIL_HOSTS_MAX 3
extern const char *const hearth_mail_hosts[MAIL_HOSTS_MAX + 1];

/*
 * Appends the URL of our account at the certificate authority ([acme]), for CAA records (RFC 8657);
 * false when there is none. In a command, or on the loop.
 */
bool hearth_acme_account(const struct hearth *h, struct strbuf *url);

#endif
