/*
 * smtp_rates.h: how much a network does within a minute: connections, mails, recipients; counted by the
 * /24 of an IPv4 address, the /64 of an IPv6 one, for those outside: not this machine, nor what is a
 * private network (RFC 1918, 4193) or a link. Who is logged in is no such network's client.
 *
 * One thread; without a clock of its own. Bounds: SMTP_RATES_MAX networks a minute; those beyond are counted
 * by their /16 or /48, which may do SMTP_RATES_WIDER times as much. With the minute all of it is forgotten.
 */
#ifndef HEARTH_MAIL_SMTP_RATES_H
#define HEARTH_MAIL_SMTP_RATES_H

#include <stdbool.h>
#include <stdint.h>

#define SMTP_RATES_MAX   8192
#define SMTP_RATES_WIDER 8

enum smtp_rate {
	SMTP_RATE_CONNECTIONS,
	SMTP_RATE_MAILS,
	SMTP_RATE_RECIPIENTS,
	SMTP_RATES,
};

struct smtp_rates;

/* How many of each are taken within a minute; 0: any number. */
struct smtp_rates *smtp_rates_new(const int64_t max[SMTP_RATES]);
/* Legal on NULL; sets *r to NULL. */
void smtp_rates_free(struct smtp_rates **r);
/* Counts one from this address; false: its network has had all it may within this minute. */
bool smtp_rates_take(
	struct smtp_rates *r, const char *address, enum smtp_rate what, int64_t now_ms);

/* Whether limits on strangers are for this address: it is an outside one. */
bool smtp_is_outside(const struct smtp_rates *r, const char *address);

#endif
