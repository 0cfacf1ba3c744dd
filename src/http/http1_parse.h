/*
 * http1_parse.h: one HTTP/1.1 request, bytes in and events out (RFC 9112).
 *
 * Debian's llhttp does the grammar; around it stand the guards it lacks (third_party/llhttp/
 * README.md has the list). The parser is pure: no socket, no clock. It reads one request and no
 * byte further; the next request gets a parser of its own.
 *
 *	while ((event = http1_parse(p, in, &used)) != HTTP1_MORE) { in = slice_skip(in, used); … }
 */
#ifndef HEARTH_SRC_HTTP1_PARSE_H
#define HEARTH_SRC_HTTP1_PARSE_H

#include "hearth/str.h"

#define HTTP1_TARGET_MAX  8192  /* bytes of a request target; beyond: 414 */
#define HTTP1_HEAD_MAX    32768 /* bytes of request line and header fields; beyond: 431 */
#define HTTP1_FIELDS_MAX  100   /* header fields; beyond: 431 */
#define HTTP1_TRAILER_MAX 4096  /* bytes of trailer fields, which are read and dropped */
/* Bytes of chunk sizes and extensions: this much, and eight more for each byte of body. */
#define HTTP1_OVERHEAD_MAX 16384

struct http1_parser;

enum http1_event {
	HTTP1_MORE,  /* all input is used; more is needed */
	HTTP1_HEAD,  /* http1_head is complete */
	HTTP1_BODY,  /* http1_body has a piece of the body, within the input given */
	HTTP1_END,   /* the request is complete; what follows in the input is the next one's */
	HTTP1_ERROR, /* http1_status and http1_why say what; the connection must be closed */
};

struct http1_field {
	struct slice name;  /* as it was sent */
	struct slice value; /* without white space around it */
};

/* Valid from HTTP1_HEAD on, as long as the parser. */
struct http1_head {
	struct slice method; /* "GET" */
	struct slice target; /* "/path?query", or "http://host/path", or "*" */
	struct slice host;   /* of Host, or of an absolute target; may be empty */
	int minor;           /* HTTP/1.minor: 0 or 1 */
	bool keep_alive;     /* the peer wants to send more requests after this one */
	bool has_body;
	bool chunked;            /* then content_length says nothing */
	uint64_t content_length; /* 0 without one */
	const struct http1_field *fields;
	size_t field_count;
};

struct http1_parser *http1_new(void);
/* Sets *p to NULL; legal on NULL. */
void http1_free(struct http1_parser **p);
/*
 * Reads on; *used says how much of `in` is done with. After HTTP1_END or HTTP1_ERROR nothing more.
 */
enum http1_event http1_parse(struct http1_parser *p, struct slice in, size_t *used);

const struct http1_head *http1_head(const struct http1_parser *p);
struct slice http1_body(const struct http1_parser *p);
/* The status to answer with (400, 413 …) and what was wrong, in words. */
int http1_status(const struct http1_parser *p);
const char *http1_why(const struct http1_parser *p);

#endif
