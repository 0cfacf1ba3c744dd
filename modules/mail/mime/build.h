/*
 * mime/build.h: a message put together (RFC 5322, RFC 2045) from what a person wrote: addresses, a
 * subject, a text, attachments. All that is written is ASCII, but for addresses that are not.
 *
 * Pure, any thread; linear in what is given. What is unique to a message (its id, its boundary) comes
 * from the caller.
 */
#ifndef HEARTH_MAIL_MIME_BUILD_H
#define HEARTH_MAIL_MIME_BUILD_H

#include "hearth/str.h"

struct mime_build_address {
	struct slice name;    /* UTF-8; may be empty */
	struct slice address; /* as it stands between < and > */
};

struct mime_build_addresses {
	const struct mime_build_address *v;
	size_t n;
};

struct mime_build_attachment {
	struct slice name; /* of the file, UTF-8; may be empty */
	struct slice type; /* "image/png"; what is none becomes application/octet-stream */
	struct slice bytes;
};

struct mime_build {
	int64_t date_s;          /* Unix seconds */
	struct slice message_id; /* without < and > */
	struct slice boundary;   /* that is in none of the parts; letters and digits */
	struct mime_build_address from;
	struct mime_build_addresses to, cc;
	struct slice subject;     /* UTF-8 */
	struct slice in_reply_to; /* without < and >; empty: it answers nothing */
	struct slice references;  /* <id> <id> …, separated by white space; may be empty */
	struct slice text;        /* UTF-8; any line ends */
	const struct mime_build_attachment *attachments;
	size_t attachment_n;
};

void mime_build(struct strbuf *out, const struct mime_build *b);
/* Appends one field of addresses, folded; nothing when there are none. */
void mime_build_field(struct strbuf *out, const char *name, struct mime_build_addresses list);

#endif
