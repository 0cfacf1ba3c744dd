/*
 * verify/results.h: the field Authentication-Results (RFC 8601): written, a method at a time. Whatever
 * comes from the message or the DNS stands in it as a token or a quoted string. Pure, any thread.
 */
#ifndef MAIL_VERIFY_RESULTS_H
#define MAIL_VERIFY_RESULTS_H

#include <stdbool.h>

#include "hearth/str.h"

#define RESULTS_VALUE_MAX 255 /* bytes of a value that are shown */

/* Begins the field: "Authentication-Results: ID". */
void results_begin(struct strbuf *out, struct slice id);
/* ";\r\n\tspf=pass" */
void results_method(struct strbuf *out, const char *method, const char *result);
/* " (why)"; nothing of an empty one. */
void results_comment(struct strbuf *out, struct slice why);
/* " smtp.mailfrom=example.org"; nothing of an empty one. */
void results_property(struct strbuf *out, const char *name, struct slice value);
/*
 * Whether such a field's value says that a method came to a result, with this property or without any of
 * that name: "dmarc", "pass", "header.from", "example.org". Comments and quotes are read over.
 */
bool results_say(struct slice value, struct slice method, struct slice result,
	struct slice property, struct slice wanted);
/* Ends it; " none" when no method was named since `begun` bytes were in out. */
void results_end(struct strbuf *out, size_t begun);

#endif
