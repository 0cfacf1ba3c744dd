/*
 * smtp_idn.h: domains beyond ASCII (IDNA2008, RFC 5891, with the mapping of UTS #46). Pure.
 */
#ifndef MAIL_SMTP_IDN_H
#define MAIL_SMTP_IDN_H

#include "smtp/smtp_address.h"

/*
 * The domain as the DNS knows it: A-labels, in lower case. HEARTH_EINVAL: it has labels that no name of the
 * internet may have. What is ASCII, an address literal too, is only put into lower case.
 */
int smtp_domain_ascii(struct slice domain, char out[SMTP_DOMAIN_MAX + 1]);

/* Whether all of it is ASCII. */
bool smtp_is_ascii(struct slice text);

#endif
