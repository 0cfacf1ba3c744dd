/*
 * mime/header.h: the header of a message or of a part, field by field (RFC 5322 section 2.2).
 *
 * Every slice points into the header that was given, so that `field.raw.p - message.p` is a byte
 * offset. Lines end in CRLF or in LF alone; a CR by itself ends nothing. What is no field (an mbox
 * "From " line, a line without colon) is handed out with an empty name, so that nothing of a
 * header is lost. No function here fails. Pure, any thread.
 */
#ifndef HEARTH_MAIL_MIME_HEADER_H
#define HEARTH_MAIL_MIME_HEADER_H

#include "hearth/arena.h"

enum {
	MIME_FIELDS_MAX = 10000,     /* fields of one header that are looked at */
	MIME_VALUE_MAX = 256 * 1024, /* bytes of one value that are looked into */
};

struct mime_field {
	struct slice name;  /* without the colon and the space before it; empty: no field */
	struct slice value; /* behind the colon, with its folds, without the last line end */
	struct slice raw;   /* all of it with the last line end */
};

/* The fields of a header still to come. */
struct mime_fields {
	struct slice rest;
	size_t left;
};

/* Length of the line at the front with its LF; all of `s` when it has none. */
size_t mime_line(struct slice s);
/* True when the line (of mime_line) is empty: LF or CRLF. */
bool mime_line_empty(struct slice line);
/* Bytes of the header at the front of `entity` with the empty line that ends it. */
size_t mime_header_size(struct slice entity);

/* Starts a visit of `header`; what follows an empty line is not looked at. */
struct mime_fields mime_fields_of(struct slice header);
/* The next field, or false at the end or after MIME_FIELDS_MAX of them. */
bool mime_fields_next(struct mime_fields *it, struct mime_field *field);
/* The first field of that name (ASCII case folded). */
bool mime_field_find(struct slice header, struct slice name, struct mime_field *field);

/*
 * The value in one line: without the line ends of its folds (the white space behind them stays),
 * without white space around it, and cut at MIME_VALUE_MAX. Copied to `a` only when it was folded.
 */
struct slice mime_unfold(struct arena *a, struct slice value);
/*
 * The values of all fields of that name, unfolded, with ", " between them; MIME_VALUE_MAX bytes at
 * most. p is NULL when there is no such field.
 */
struct slice mime_field_join(struct arena *a, struct slice header, struct slice name);

#endif
