/*
 * mbox.h: messages as text, one behind the other: the mbox format in its form "mboxrd", in which
 * every message comes back byte for byte: a line of the message that begins with any number of ">"
 * and "From " gets one ">" more. Line ends stay as they are. Pure.
 *
 *	From SENDER DATE          ended by LF
 *	Status: RO                three fields of ours, ended by CRLF: read and old; answered (A),
 *	X-Status: AF              flagged (F), deleted (D), draft (T); the keywords
 *	X-Keywords: $Forwarded
 *	the message               and an LF when it does not end with one
 *	                          an empty line, LF
 *
 * Linear in the message.
 */
#ifndef MAIL_MBOX_H
#define MAIL_MBOX_H

#include "hearth/str.h"

/* The first four lines. `sender` is an address, or empty; `flags` are enum mail_flag. */
void mbox_add_head(struct strbuf *out, struct slice sender, int64_t internal_date, unsigned flags,
	struct slice keywords);
/* The message, quoted, and what ends it. */
void mbox_add_message(struct strbuf *out, struct slice message);

/*
 * The name of a mailbox as a path without extension: its levels, with what a file system would not
 * take replaced by "_". Different names may give one path: then *changed is set, and the caller
 * makes it its own.
 */
void mbox_path(struct strbuf *out, struct slice mailbox, bool *changed);

#endif
