/*
 * http1_guard.h: what llhttp 8.1.0 does not check, for http1_parse.c. Pure functions.
 */
#ifndef HEARTH_SRC_HTTP1_GUARD_H
#define HEARTH_SRC_HTTP1_GUARD_H

#include "http/http1_parse.h"

/* Looks at every byte of a head, or of a trailer section, before llhttp does. */
struct http1_scan {
	enum {
		SCAN_LINE,       /* within a line */
		SCAN_CR,         /* behind a CR */
		SCAN_LINE_START, /* behind CRLF */
		SCAN_LAST_CR,    /* behind CRLF CR */
	} state;
};

enum http1_scanned {
	SCANNED_MORE, /* all of it is within the section */
	SCANNED_END,  /* the section ends with the last byte counted */
	SCANNED_FOLD, /* the next byte continues a line (obs-fold, RFC 9112 section 5.2): refuse */
};

/* Goes through `in` up to the end of the section or a fold; *n is how far that is. */
enum http1_scanned http1_scan(struct http1_scan *scan, struct slice in, size_t *n);

/*
 * Takes a complete head apart, its empty line included: method, target, host, minor, fields.
 * `head->fields` has room for HTTP1_FIELDS_MAX. Returns 0, or the status to answer with and *why.
 */
int http1_read_head(
	struct slice raw, struct http1_head *head, struct http1_field *fields, const char **why);

/* Checks a trailer section, its empty line included: 0, or a status and *why. */
int http1_check_trailer(struct slice raw, const char **why);

#endif
