/*
 * mime/params.h: structured MIME header values: a first word or two and parameters behind it, as
 * in Content-Type (RFC 2045 section 5.1) and Content-Disposition (RFC 2183), with the longer and
 * foreign values of RFC 2231.
 *
 * Tolerant: missing semicolons, spaces in values without quotes, unknown and broken things give
 * the best reading there is; no function fails. Pure, any thread.
 */
#ifndef HEARTH_MAIL_MIME_PARAMS_H
#define HEARTH_MAIL_MIME_PARAMS_H

#include "hearth/arena.h"

enum { MIME_PARAMS_MAX = 128 }; /* parameters of one value; more are left out */

struct mime_param {
	struct slice name;  /* as written; "name*" when the value is in the form of RFC 2231 */
	struct slice value; /* without quotes; for "name*" still charset'language'%XX */
};

struct mime_params {
	const struct mime_param *v;
	size_t n;
};

/*
 * Reads "type/subtype; name=value …" from an unfolded value. Continuations ("name*0", "name*1")
 * are joined to one parameter, as RFC 2231 section 6 asks of IMAP servers. `type` or `subtype` is
 * empty when the value does not begin that way. Slices point into `value` or into `a`.
 */
void mime_content_type_parse(struct arena *a, struct slice value, struct slice *type,
	struct slice *subtype, struct mime_params *params);
/* The same for "word; name=value …"; `word` is empty when there is none. */
void mime_disposition_parse(
	struct arena *a, struct slice value, struct slice *word, struct mime_params *params);

/* The value of the first parameter of that name in any case, as written; p is NULL without one. */
struct slice mime_param(const struct mime_params *params, struct slice name);
/*
 * The same as UTF-8 text for people: "name*" decoded (RFC 2231 section 4), or else "name" with the
 * encoded words decoded that many writers put there. A copy in `a`; p is NULL without one.
 */
struct slice mime_param_text(struct arena *a, const struct mime_params *params, struct slice name);

#endif
