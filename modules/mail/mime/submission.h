/*
 * mime/submission.h: the header of what a person's program submits (RFC 6409 section 8), checked and
 * mended: who it is from is said once and can be held against who is logged in; Date and Message-ID are
 * there; Bcc is not; bytes beyond ASCII are encoded where SMTPUTF8 was not asked for. What comes from
 * other servers is none of its business.
 *
 * A mail that begins with Resent fields (RFC 5322 section 3.6.6) is somebody else's, sent again as it is: who sends
 * it stands in these, and who wrote it in From.
 *
 * Pure, any thread; linear in the header, which the caller bounds.
 */
#ifndef HEARTH_MAIL_MIME_SUBMISSION_H
#define HEARTH_MAIL_MIME_SUBMISSION_H

#include "hearth/arena.h"

struct mime_submission {
	/* set by the caller */
	bool utf8;               /* SMTPUTF8: UTF-8 may stand in the header */
	int64_t date_s;          /* for a Date that is not there */
	struct slice message_id; /* for a Message-ID that is not there; without < and > */
	/* the outcome */
	/* The addresses of From, and that of Sender, as smtp_address_canonical has them. */
	struct slice *authors;
	size_t author_n;
	struct slice *
		originals; /* of what is sent again: its From and Sender; `authors` are of the Resent fields */
	size_t original_n;
	bool needs_utf8; /* why: an address that needs SMTPUTF8 */
};

/*
 * Appends the header as it goes on, with its empty line. `header` is mime_header_size of the message, or
 * all of it where there is no empty line; a line that is no field ends it, and begins the text. NULL, or why
 * it cannot be taken (static). `authors` and `originals` are in `a`.
 */
const char *mime_submission_mend(
	struct strbuf *out, struct arena *a, struct slice header, struct mime_submission *s);

#endif
