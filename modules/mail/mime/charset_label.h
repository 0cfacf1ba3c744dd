/*
 * mime/charset_label.h: the names that charsets go by in mail, and what each means. Pure, any thread.
 */
#ifndef HEARTH_MAIL_MIME_CHARSET_LABEL_H
#define HEARTH_MAIL_MIME_CHARSET_LABEL_H

#include "mime/charset.h"

#define MIME_CHARSET_NAME_MAX 31 /* bytes of what iconv(3) calls a charset */

/*
 * By what text with that label is converted: MIME_CHARSET_GUESS also for one that is empty or not
 * known. For MIME_CHARSET_ICONV `name` is what iconv calls it: no label chooses what iconv loads
 * but one of ours.
 */
enum mime_charset_kind mime_charset_kind_of(
	struct slice label, char name[MIME_CHARSET_NAME_MAX + 1]);

#endif
