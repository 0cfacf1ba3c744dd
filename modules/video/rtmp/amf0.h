/*
 * amf0.h: Action Message Format, version 0 (amf0-file-format-specification): the values in RTMP
 * commands and in onMetaData, read into a small tree and written straight to a strbuf.
 *
 * What real clients send is taken: ECMA arrays are read to their end marker whatever count they
 * announce, and a value that switches to AMF 3 (marker 0x11) is read when it is no object. Bounds:
 * AMF0_DEPTH_MAX levels, AMF0_VALUES_MAX values a message. Pure, any thread.
 */
#ifndef HEARTH_RTMP_AMF0_H
#define HEARTH_RTMP_AMF0_H

#include "hearth/arena.h"

#define AMF0_DEPTH_MAX  16
#define AMF0_VALUES_MAX 4096

enum amf0_type {
	AMF0_NULL, /* also undefined, unsupported and references */
	AMF0_NUMBER,
	AMF0_BOOLEAN,
	AMF0_STRING, /* also long strings and XML documents */
	AMF0_OBJECT, /* also typed objects */
	AMF0_ECMA_ARRAY,
	AMF0_STRICT_ARRAY,
	AMF0_DATE,
};

struct amf0_value {
	enum amf0_type type;
	double number;            /* NUMBER; DATE in ms since 1970; BOOLEAN as 0 or 1 */
	struct slice string;      /* STRING: points into the input */
	struct slice name;        /* its key, when it is in an object or ECMA array */
	struct amf0_value *first; /* what an object or array holds */
	struct amf0_value *next;  /* what comes after it in the same object or array */
};

struct amf0_reader {
	struct arena *arena; /* where the values go; not owned */
	struct slice in;     /* what is still to be read; outlives the values */
	unsigned values_left;
};

void amf0_reader_init(struct amf0_reader *r, struct arena *arena, struct slice in);
/*
 * The next value of the message. Returns 1 with *out set, 0 at the end, HEARTH_EINVAL when it is
 * malformed or cut short, HEARTH_ETOOBIG over a bound, HEARTH_EUNSUPPORTED for AMF 3 objects.
 */
int amf0_read(struct amf0_reader *r, const struct amf0_value **out);

/* The property `name` of an object or ECMA array; NULL when absent or `v` is neither or NULL. */
const struct amf0_value *amf0_get(const struct amf0_value *v, struct slice name);
/* The string of a STRING, the number of a NUMBER or BOOLEAN; else empty and `fallback`. */
struct slice amf0_string(const struct amf0_value *v);
double amf0_number(const struct amf0_value *v, double fallback);

/* Appending values. A string over 65535 bytes becomes a long string. */
void amf0_write_null(struct strbuf *b);
void amf0_write_number(struct strbuf *b, double number);
void amf0_write_boolean(struct strbuf *b, bool value);
void amf0_write_string(struct strbuf *b, struct slice s);
/*
 * An object: begin, then for each property its key (at most 65535 bytes) and one value, then end.
 */
void amf0_write_object_begin(struct strbuf *b);
void amf0_write_key(struct strbuf *b, struct slice key);
void amf0_write_object_end(struct strbuf *b);
/* The same for an ECMA array, which also ends with amf0_write_object_end. */
void amf0_write_ecma_begin(struct strbuf *b, uint32_t count);

#endif
