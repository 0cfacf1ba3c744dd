/*
 * mime/summary.h: what a list of messages shows of each, and what threads are made of. Pure, any
 * thread.
 */
#ifndef HEARTH_MAIL_MIME_SUMMARY_H
#define HEARTH_MAIL_MIME_SUMMARY_H

#include "mime/address.h"
#include "mime/date.h"
#include "mime/structure.h"

enum {
	MIME_PREVIEW_MAX = 200,    /* characters (RFC 8970 section 3.2) */
	MIME_REFERENCES_MAX = 100, /* message ids; of more the first and the last are kept */
};

struct mime_summary {
	struct slice subject;               /* UTF-8, one line; p is NULL without one */
	struct mime_addresses from, to, cc; /* every slice UTF-8 */
	bool has_date;
	struct mime_date date;           /* of the Date field, if has_date */
	struct slice msgid;              /* Message-ID without < and >; p is NULL without one */
	struct mime_strings in_reply_to; /* ids without < and > */
	struct mime_strings references;  /* ids, the oldest first */
	size_t attachments;              /* how many, by mime_part_is_attachment */
	struct slice preview;            /* UTF-8, one line, of the readable text; may be empty */
};

/* Everything is a copy in `a`, or points into the message. */
void mime_summary_of(struct arena *a, struct slice message, const struct mime_part *root,
	struct mime_summary *out);

/*
 * The message ids ("<…>") in an unfolded value, without < and >; what has white space in it or is
 * not UTF-8 is no id. At most MIME_REFERENCES_MAX of them; slices point into `value`.
 */
struct mime_strings mime_message_ids(struct arena *a, struct slice value);

#endif
