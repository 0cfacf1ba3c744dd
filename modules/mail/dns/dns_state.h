/*
 * dns_state.h: what the DNS has of the records that should be there, for the page of administrators:
 * what `hearth dns --check` prints, found out by the server without anybody waiting. On the loop.
 *
 *   IDLE ──begin──▶ LISTING (a worker makes the list) ──▶ ASKING (ASKED_MAX at a time) ──▶ IDLE
 *
 * One check at a time; what it found is kept, as the JSON that is told, until the next one ends. It
 * has at most two records for each of dns_records.h's, and FOUND_MAX bytes of what is there of each.
 */
#ifndef MAIL_DNS_STATE_H
#define MAIL_DNS_STATE_H

#include "hearth/http.h"

struct mail;
struct mail_dns_state;

struct mail_dns_state *mail_dns_state_new(struct mail *m);
/* Asks nothing more. */
void mail_dns_state_drain(struct mail_dns_state *s);
/* After the loop's end. Sets *s to NULL; legal on NULL. */
void mail_dns_state_free(struct mail_dns_state **s);

/* GET /api/mail/dns, POST /api/mail/dns/check */
http_handler mail_get_dns, mail_post_dns_check;

#endif
