/*
 * template.h: texts of the INI file with places in them: {to}, {text}, {id}. Pure; any thread.
 */
#ifndef AUTH_SMS_TEMPLATE_H
#define AUTH_SMS_TEMPLATE_H

#include "hearth/str.h"

/* How a value is written, so that it stays one value where it stands. */
enum template_escape {
	TEMPLATE_PLAIN,
	TEMPLATE_URL,    /* percent-encoded: all but the unreserved characters (RFC 3986 2.3) */
	TEMPLATE_JSON,   /* as inside a JSON string (RFC 8259 section 7) */
	TEMPLATE_XML,    /* as text or an attribute's value */
	TEMPLATE_HEADER, /* a control character becomes a space: no CR or LF gets into a header */
};

struct template_value {
	const char *name; /* "to" for {to} */
	struct slice value;
};

/*
 * Appends the template with each {name} of `values` (which ends with name == NULL) replaced. A
 * value is never looked at for places again. Whatever else has braces stays as it is.
 */
void template_render(struct strbuf *out, const char *text, enum template_escape escape,
	const struct template_value *values);
/* Whether {name} stands in it. */
bool template_has(const char *text, const char *name);
/*
 * The first place {word} of small letters that is none of `names` (NULL-ended): a slip of the pen.
 * Empty when there is none.
 */
struct slice template_unknown(const char *text, const char *const *names);

/* The escape that fits a body of this Content-Type; p == NULL: a form. */
enum template_escape template_escape_of(struct slice content_type);

struct template_header {
	struct slice name;
	struct slice value; /* a template of its own */
};

/*
 * Takes the next header field off "Name: value | Name: value". 1 with it, 0 when there is none
 * left, HEARTH_EINVAL when it is none.
 */
int template_header_next(struct slice *rest, struct template_header *out);

#endif
