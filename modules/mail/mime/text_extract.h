/*
 * mime/text_extract.h: the text of a message that search should find, as UTF-8 lines. Pure, any
 * thread.
 *
 * It ends with the limit.
 */
#ifndef HEARTH_MAIL_MIME_TEXT_EXTRACT_H
#define HEARTH_MAIL_MIME_TEXT_EXTRACT_H

#include "mime/structure.h"

/*
 * What stands in the body: all text parts, HTML without its tags, and the header text of messages
 * within the message. Appends `limit` bytes at most.
 */
void mime_text_body(
	struct strbuf *out, struct slice message, const struct mime_part *root, size_t limit);

#endif
