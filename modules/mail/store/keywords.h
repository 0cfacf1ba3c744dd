/*
 * store/keywords.h: a message's keywords, as a row keeps them: a list separated by spaces. Pure; what
 * bounds such a list is MAIL_KEYWORDS_MAX (store.h).
 */
#ifndef MAIL_KEYWORDS_H
#define MAIL_KEYWORDS_H

#include "hearth/str.h"

/*
 * Appends a list after some were removed from it and then some added: each once, whatever its case,
 * in the order in which they came.
 */
void mail_keywords_change(
	struct strbuf *out, struct slice old, struct slice add, struct slice remove);

#endif
