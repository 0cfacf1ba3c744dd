/*
 * json.h: reading JSON (a strict check of our own, then jsmn) and writing it.
 *
 * Reading gives a tree in an arena; all of RFC 8259's grammar is checked: number forms, escapes,
 * UTF-8, no duplicate names, no trailing bytes, bounded depth and size. Writing keeps count of what
 * is open, so it cannot produce bad JSON. Pure; a document has at most JSON_BYTES_MAX bytes and
 * JSON_DEPTH_MAX levels.
 */
#ifndef HEARTH_JSON_H
#define HEARTH_JSON_H

#include "hearth/arena.h"

enum json_type {
	JSON_NULL,
	JSON_BOOL,
	JSON_NUMBER,
	JSON_STRING,
	JSON_ARRAY,
	JSON_OBJECT,
};

struct json {
	enum json_type type;
	bool boolean;       /* JSON_BOOL */
	struct slice text;  /* JSON_STRING: decoded UTF-8, NUL-terminated in the arena.
			       JSON_NUMBER: as it was written */
	struct slice name;  /* of an object's member */
	struct json *child; /* first element or member */
	struct json *next;  /* next in the same array or object */
	size_t count;       /* elements or members */
};

#define JSON_DEPTH_MAX  64
#define JSON_BYTES_MAX  (8u << 20)
#define JSON_VALUES_MAX (256u << 10) /* values and member names together */

/*
 * Reads one document. Returns 0, or HEARTH_EINVAL / HEARTH_ETOOBIG with *why set to a text in the
 * arena such as "line 3: expected ',' or '}'". `why` may be NULL.
 */
int json_read(struct arena *a, struct slice in, struct json **out, const char **why);

/* A member of an object; NULL when `o` is NULL, no object, or has no such member. */
const struct json *json_get(const struct json *o, const char *name);
/*
 * Typed members: 0; HEARTH_ENOTFOUND when absent or null; HEARTH_EINVAL when of another type, not
 * an integer, or outside [min, max]. On failure *out keeps its value, so a default stands.
 */
int json_get_text(const struct json *o, const char *name, struct slice *out);
int json_get_i64(const struct json *o, const char *name, int64_t min, int64_t max, int64_t *out);
int json_get_bool(const struct json *o, const char *name, bool *out);
/* The value itself as an integer, as json_get_i64; HEARTH_EINVAL when it is none. */
int json_as_i64(const struct json *value, int64_t min, int64_t max, int64_t *out);

/* A writer appends to `out`, which it does not own. Zero it by json_writer_init. */
struct json_writer {
	struct strbuf *out;
	uint64_t is_object; /* a bit for each open level: object or array */
	uint64_t has_items; /* a bit for each open level: a comma is due */
	int depth;
	bool named; /* a name was written, its value is due */
	bool done;  /* the one value at the top is complete */
};

void json_writer_init(struct json_writer *w, struct strbuf *out);
void json_open_object(struct json_writer *w);
void json_close_object(struct json_writer *w);
void json_open_array(struct json_writer *w);
void json_close_array(struct json_writer *w);
void json_name(struct json_writer *w, const char *name);
void json_name_text(struct json_writer *w, struct slice name); /* may hold a NUL */
void json_text(struct json_writer *w, struct slice s);         /* invalid UTF-8 becomes U+FFFD */
void json_i64(struct json_writer *w, int64_t v);
void json_double(struct json_writer *w, double v); /* NaN and infinities become null */
void json_bool(struct json_writer *w, bool v);
void json_null(struct json_writer *w);
/* A value that json_read made, as it was read: members in their order, numbers as written. */
void json_value(struct json_writer *w, const struct json *value);
/* A value that is JSON already, as another writer made it: it goes in as it is. */
void json_ready(struct json_writer *w, struct slice json);

/* Name and value in one call, inside an object. */
void json_put_text(struct json_writer *w, const char *name, struct slice s);
void json_put_str(struct json_writer *w, const char *name, const char *s); /* NULL writes null */
void json_put_i64(struct json_writer *w, const char *name, int64_t v);
void json_put_bool(struct json_writer *w, const char *name, bool v);

#endif
