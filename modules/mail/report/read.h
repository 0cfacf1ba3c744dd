/*
 * read.h: reports of others on our domains, as they come by mail: DMARC (RFC 9990, and RFC 7489 of old) and
 * TLS-RPT (RFC 8460). Pure, any thread.
 *
 * Anybody may send one, so all is bounded: what a packed one unfolds to, how deep it nests, how many rows
 * are kept of it, and how long its texts are. What is not in form is no report.
 */
#ifndef MAIL_REPORT_READ_H
#define MAIL_REPORT_READ_H

#include "report/report.h"

#define REPORT_PACKED_MAX   ((size_t)4 << 20) /* bytes of an attachment that is looked at */
#define REPORT_UNPACKED_MAX ((size_t)8 << 20)
#define REPORT_ROWS_MAX     1000                /* that are kept; the others only count */
#define REPORT_FIELD_MAX    255                 /* bytes of a text */
#define REPORT_COUNT_MAX    INT64_C(1000000000) /* of a row */

struct report_row {
	struct slice source; /* dmarc: who sent the mail; tls: the server of ours, if it is said */
	struct slice
		result; /* dmarc: what was done; tls: the result-type, "" for those that worked */
	struct slice dkim, spf; /* dmarc: "pass", "fail" */
	struct slice detail;    /* dmarc: the author's domain; tls: the policy's type */
	int64_t count;
};

struct report_read {
	enum report_kind kind;
	struct slice organization, contact, id;
	struct slice domain; /* whom it is about, lower case */
	int64_t begin_s, end_s;
	int64_t passed, failed; /* mails by DMARC, connections by TLS */
	struct report_row *rows;
	size_t count;
};

/* Bytes packed by gzip or zip (its first file), or not at all; false: broken, or larger than they may be. */
bool report_unpack(struct strbuf *out, struct slice in);
/* Whichever of the two it is; false: neither. Everything in `a`. */
bool report_read(struct arena *a, struct slice text, struct report_read *out);
bool report_read_dmarc(struct arena *a, struct slice xml, struct report_read *out);
bool report_read_tls(struct arena *a, struct slice json, struct report_read *out);
/* A text as it is kept: UTF-8 without control characters, cut at REPORT_FIELD_MAX. */
struct slice report_text(struct arena *a, struct slice text);

#endif
