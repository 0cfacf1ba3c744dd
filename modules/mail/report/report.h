/*
 * report.h: a report on what came of a domain's mail or TLS within a day, as it is written, packed and
 * mailed. Pure, any thread.
 */
#ifndef MAIL_REPORT_REPORT_H
#define MAIL_REPORT_REPORT_H

#include "store/dmarc.h"
#include "store/tls_session.h"

enum report_kind {
	REPORT_TLS,   /* RFC 8460 */
	REPORT_DMARC, /* RFC 9990 */
};

/* One of ours. */
struct report_head {
	enum report_kind kind;
	const char *host;     /* who reports */
	struct slice domain;  /* whom it is about */
	int64_t day;          /* since 1970-01-01, UTC */
	struct slice contact; /* our address */
	int64_t now_s;        /* of a day that is not over: when; else 0 */
	char id[80];
};

/* Makes its id: the same for the same report, so that one that is sent twice is seen to be. */
void report_name(struct report_head *h);
/* The JSON of RFC 8460 section 4; rows as mail_store_tls_rows gives them. */
void report_write_tls(struct strbuf *out, const struct report_head *h,
	const struct mail_tls_session *rows, size_t n);
/* The XML of RFC 9990: its head, a record for each row, its end. */
void report_open_dmarc(struct strbuf *out, const struct report_head *h, struct slice record);
void report_add_dmarc(struct strbuf *out, const struct mail_dmarc_row *row);
void report_close_dmarc(struct strbuf *out);

/* By gzip (RFC 1952). */
void report_pack(struct strbuf *out, struct slice text);
/* A whole message with the packed report in it (RFC 8460 section 5.3, RFC 9990 section 3.5.2). */
void report_mail(struct strbuf *out, const struct report_head *h, struct slice to,
	struct slice packed, int64_t now_s);

#endif
