/*
 * smtp_response.h: what other servers answer, read (RFC 5321 section 4.2, RFC 2034), and what they
 * say they can do (section 4.1.1.1). Pure.
 *
 * Read as servers are in the world: a line may end in LF alone, "250" without a text is an answer, and
 * the lines of one answer may differ in their codes, of which the last counts. What is no answer at
 * all, or is too much, is an error, and the connection of no more use.
 */
#ifndef MAIL_QUEUE_SMTP_RESPONSE_H
#define MAIL_QUEUE_SMTP_RESPONSE_H

#include "hearth/str.h"

#define SMTP_RESPONSE_LINE_MAX 2048  /* octets with the line's end; the standard has 512 */
#define SMTP_RESPONSE_MAX      16384 /* of text in one answer; a line more is an error */

struct smtp_response {
	int code;           /* 200 to 599; 0: there was none, and the text is ours */
	char enhanced[12];  /* "5.1.1"; empty where none was given */
	struct strbuf text; /* its lines without the codes, joined by '\n' */
	bool more;          /* the line read last was not the last one */
};

/*
 * Takes lines off the front of *in and adds them, up to the end of the answer. 1: the answer is whole; 0: more is needed (also
 * when no whole line is there); HEARTH_EINVAL, HEARTH_ETOOBIG. Zeroed at first.
 */
int smtp_response_read(struct smtp_response *r, struct slice *in);
/* Makes it empty again and keeps the memory; frees that. */
void smtp_response_reset(struct smtp_response *r);
void smtp_response_free(struct smtp_response *r);
/* One of our own making, with a code of RFC 5321 or 0. */
void smtp_response_set(struct smtp_response *r, int code, const char *enhanced, const char *text);

/* What an answer to EHLO offers. */
struct smtp_extensions {
	bool pipelining, eightbit, smtputf8, starttls, dsn, chunking, requiretls, enhanced;
	bool size_known;
	uint64_t size; /* the largest message; 0: no bound is named */
	bool auth_plain, auth_login;
	uint64_t mails_max, recipients_max; /* RFC 9422; 0: no bound is named */
};
void smtp_extensions_read(const struct smtp_response *ehlo, struct smtp_extensions *out);

#endif
