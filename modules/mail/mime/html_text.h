/*
 * mime/html_text.h: the words of an HTML text, for search and previews. Not for showing: what is
 * hidden by a style is there as well.
 *
 * Pure, any thread; linear in the text, ended by the limit.
 */
#ifndef HEARTH_MAIL_MIME_HTML_TEXT_H
#define HEARTH_MAIL_MIME_HTML_TEXT_H

#include "hearth/str.h"

/*
 * Appends the text of `html` (UTF-8) without tags, comments, scripts and styles, entities decoded,
 * white space collapsed, block elements on lines of their own. It stops soon after `limit` bytes
 * and returns false when there was more. Linear in the size of `html`. Pure, any thread.
 */
bool mime_html_text(struct strbuf *out, struct slice html, size_t limit);

/* The code point of a named character ("amp"), 0 when there is none of that name. */
uint32_t mime_html_entity(struct slice name);

#endif
