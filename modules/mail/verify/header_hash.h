/*
 * verify/header_hash.h: what of a message's header a signature covers (RFC 6376 sections 3.4, 3.7,
 * 5.4.2), in canonical form. Pure.
 */
#ifndef MAIL_VERIFY_HEADER_HASH_H
#define MAIL_VERIFY_HEADER_HASH_H

#include "mime/header.h"

enum { HEADER_HASH_SIZE = 32 };

/* The fields of a header, looked at once for all signatures; in an arena. */
struct header_fields {
	struct mime_field *fields;
	uint32_t *hashes; /* of their names, so that most that are not meant cost one comparison */
	size_t count;
};

struct header_fields header_fields_read(struct arena *a, struct slice header);

/* Appends a field in canonical form, with a CRLF at its end. */
void header_canonical(struct strbuf *out, const struct mime_field *field, bool relaxed);
/*
 * Appends the fields that `names` name, each name one more of them, from the bottom up; for a name beyond
 * those that are there, nothing: so a signature can say that there is no more. `own` is left out (NULL:
 * none): a signature does not cover itself.
 */
void header_select(struct strbuf *out, const struct header_fields *header,
	const struct slice *names, size_t count, bool relaxed, const struct mime_field *own);
/*
 * Appends a signature's own field, with `without` (a part of field->raw: the value of b=) left out, and
 * without the CRLF at its end.
 */
void header_own(
	struct strbuf *out, const struct mime_field *field, struct slice without, bool relaxed);
/* SHA-256. */
void header_digest(struct slice text, unsigned char out[HEADER_HASH_SIZE]);

#endif
