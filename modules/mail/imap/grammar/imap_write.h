/*
 * imap_write.h: the words of an IMAP server (RFC 3501 section 7): response lines and the data
 * inside them. Everything appends to `out`. Text in response lines loses its control characters, so
 * that nothing a client has sent can forge a line.
 *
 * Pure, on whichever thread has `out`; what is written is as long as what it is given.
 */
#ifndef HEARTH_MAIL_IMAP_WRITE_H
#define HEARTH_MAIL_IMAP_WRITE_H

#include "imap/grammar/imap_command.h"

/* --- response lines, with CRLF --------------------------------------------------------------- */

/*
 * `tag status [code] text`, with "*" for an empty tag: status is "OK", "NO", "BAD", "BYE" or
 * "PREAUTH", code a response code without its brackets or NULL.
 */
void imap_write_status(struct strbuf *out, struct slice tag, const char *status, const char *code,
	const char *text);
/* What the parser refused. */
void imap_write_refusal(struct strbuf *out, struct slice tag, const struct imap_refusal *refusal);
/* "* ..." with data that is already in its form on the wire, such as "12 EXISTS". */
void imap_write_untagged(struct strbuf *out, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* "+ text". */
void imap_write_continuation(struct strbuf *out, const char *text);

/* --- data ------------------------------------------------------------------------------------ */

/* An atom when it can be one, else a string; strings and NIL by themselves: imap_string.h. */
void imap_write_astring(struct strbuf *out, struct slice s);
/* "{n}" and CRLF; the n octets come next. */
void imap_write_literal(struct strbuf *out, uint64_t n);
/* A mailbox name, UTF-8 here and modified UTF-7 on the wire. */
void imap_write_mailbox(struct strbuf *out, struct slice name);
/* "(\Seen $Forwarded)". */
void imap_write_flags(struct strbuf *out, const struct imap_flags *flags);
/* The names of `bits` with spaces between: special uses, as "\Sent"; status items. */
void imap_write_uses(struct strbuf *out, unsigned bits);
const char *imap_status_item_name(enum imap_status_item item);
/* "17-Jul-1996 02:44:25 -0700" in quotes. */
void imap_write_datetime(struct strbuf *out, struct imap_datetime t);
/* The name of a FETCH item as the response has it, such as BODY[HEADER.FIELDS (TO)]<0>. */
void imap_write_fetch_name(struct strbuf *out, const struct imap_fetch_item *item);
/* Numbers in the given order as a set, 1:3,7; at least one. */
void imap_write_numbers(struct strbuf *out, const uint32_t *numbers, size_t n);

#endif
