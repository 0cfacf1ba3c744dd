/*
 * mime/content.h: what is in a part: its bytes without transfer encoding, its text as UTF-8.
 * Pure, any thread.
 */
#ifndef HEARTH_MAIL_MIME_CONTENT_H
#define HEARTH_MAIL_MIME_CONTENT_H

#include "mime/structure.h"

enum { MIME_HTML_MAX = 4 * 1024 * 1024 }; /* bytes of an HTML text that are read for its words */

/*
 * Appends the decoded body of a leaf as valid UTF-8, by the charset the part names: all of it, or
 * `limit` bytes at most, cut between characters. Returns false when there was more than the limit.
 * `body` is mime_part_body of the message the part belongs to.
 */
bool mime_content_text(
	struct strbuf *out, const struct mime_part *part, struct slice body, size_t limit);
/*
 * The same as readable text: an HTML part without its marks, any other text as it is. Of HTML
 * no more than MIME_HTML_MAX bytes are looked at.
 */
bool mime_content_plain(
	struct strbuf *out, const struct mime_part *part, struct slice body, size_t limit);

/* Cuts what `b` has behind `from` to `limit` bytes at most, not within a UTF-8 character. */
void mime_text_cut(struct strbuf *b, size_t from, size_t limit);

#endif
