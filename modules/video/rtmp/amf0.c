/*
 * amf0.c: the AMF 0 reader: one recursive function a level, with a budget of values. Pure, any
 * thread; its bounds stand in the header.
 */
#include "rtmp/amf0.h"

#include "bytes.h"
#include "hearth/error.h"

/* Markers (section 2.1), and the few of AMF 3 (amf-file-format-spec section 3.1) taken here. */
enum {
	M_NUMBER = 0x00,
	M_BOOLEAN = 0x01,
	M_STRING = 0x02,
	M_OBJECT = 0x03,
	M_NULL = 0x05,
	M_UNDEFINED = 0x06,
	M_REFERENCE = 0x07,
	M_ECMA_ARRAY = 0x08,
	M_OBJECT_END = 0x09,
	M_STRICT_ARRAY = 0x0A,
	M_DATE = 0x0B,
	M_LONG_STRING = 0x0C,
	M_UNSUPPORTED = 0x0D,
	M_XML = 0x0F,
	M_TYPED_OBJECT = 0x10,
	M_AMF3 = 0x11,
};

enum {
	AMF3_UNDEFINED = 0x00,
	AMF3_NULL = 0x01,
	AMF3_FALSE = 0x02,
	AMF3_TRUE = 0x03,
	AMF3_INTEGER = 0x04,
	AMF3_DOUBLE = 0x05,
	AMF3_STRING = 0x06,
};

static int read_value(
	struct amf0_reader *r, struct byte_reader *b, unsigned depth, struct amf0_value **out);

static double read_double(struct byte_reader *b)
{
	uint64_t bits = read_be(b, 8);
	double d;

	memcpy(&d, &bits, sizeof(d));
	return d;
}

/* Properties up to the end marker 00 00 09. */
static int read_properties(
	struct amf0_reader *r, struct byte_reader *b, unsigned depth, struct amf0_value *object)
{
	struct amf0_value **tail = &object->first;

	for (;;) {
		struct slice name = read_slice(b, read_be16(b));
		int rc;

		if (b->bad)
			return HEARTH_EINVAL;
		if (!name.n && b->n && b->p[0] == M_OBJECT_END) {
			read_u8(b);
			return 0;
		}
		rc = read_value(r, b, depth + 1, tail);
		if (rc < 0)
			return rc;
		(*tail)->name = name;
		tail = &(*tail)->next;
	}
}

static int read_strict_array(
	struct amf0_reader *r, struct byte_reader *b, unsigned depth, struct amf0_value *array)
{
	struct amf0_value **tail = &array->first;

	for (uint32_t left = read_be32(b); left > 0; left--) {
		int rc = read_value(r, b, depth + 1, tail);

		if (rc < 0)
			return rc;
		tail = &(*tail)->next;
	}
	return 0;
}

/* AMF 3's variable-length 29-bit unsigned number. */
static uint32_t read_u29(struct byte_reader *b)
{
	uint32_t v = 0;

	for (int i = 0; i < 3; i++) {
		uint8_t byte = read_u8(b);

		v = v << 7 | (byte & 0x7f);
		if (!(byte & 0x80))
			return v;
	}
	return v << 8 | read_u8(b);
}

static int read_amf3(struct byte_reader *b, struct amf0_value *v)
{
	uint32_t u29;

	switch (read_u8(b)) {
	case AMF3_UNDEFINED:
	case AMF3_NULL: return 0;
	case AMF3_FALSE: v->type = AMF0_BOOLEAN; return 0;
	case AMF3_TRUE:
		v->type = AMF0_BOOLEAN;
		v->number = 1;
		return 0;
	case AMF3_INTEGER:
		v->type = AMF0_NUMBER;
		u29 = read_u29(b);
		v->number = u29 & 0x10000000 ? (double)u29 - 0x20000000 : u29;
		return 0;
	case AMF3_DOUBLE:
		v->type = AMF0_NUMBER;
		v->number = read_double(b);
		return 0;
	case AMF3_STRING:
		v->type = AMF0_STRING;
		u29 = read_u29(b);
		if (!(u29 & 1)) /* a reference to a table that one value does not have */
			return HEARTH_EINVAL;
		v->string = read_slice(b, u29 >> 1);
		return 0;
	default: return HEARTH_EUNSUPPORTED;
	}
}

/* What follows the marker. */
static int read_body(struct amf0_reader *r, struct byte_reader *b, unsigned depth, uint8_t marker,
	struct amf0_value *v)
{
	switch (marker) {
	case M_NUMBER:
		v->type = AMF0_NUMBER;
		v->number = read_double(b);
		return 0;
	case M_BOOLEAN:
		v->type = AMF0_BOOLEAN;
		v->number = read_u8(b) != 0;
		return 0;
	case M_STRING:
		v->type = AMF0_STRING;
		v->string = read_slice(b, read_be16(b));
		return 0;
	case M_XML:
	case M_LONG_STRING:
		v->type = AMF0_STRING;
		v->string = read_slice(b, read_be32(b));
		return 0;
	case M_NULL:
	case M_UNDEFINED:
	case M_UNSUPPORTED: return 0;
	case M_REFERENCE: read_be16(b); return 0;
	case M_DATE:
		v->type = AMF0_DATE;
		v->number = read_double(b);
		read_be16(b); /* time zone: reserved, to be ignored */
		return 0;
	case M_TYPED_OBJECT:
		read_slice(b, read_be16(b)); /* class name */
		v->type = AMF0_OBJECT;
		return read_properties(r, b, depth, v);
	case M_OBJECT: v->type = AMF0_OBJECT; return read_properties(r, b, depth, v);
	case M_ECMA_ARRAY:
		v->type = AMF0_ECMA_ARRAY;
		read_be32(b); /* the count: OBS writes 20 whatever follows */
		return read_properties(r, b, depth, v);
	case M_STRICT_ARRAY: v->type = AMF0_STRICT_ARRAY; return read_strict_array(r, b, depth, v);
	case M_AMF3: return read_amf3(b, v);
	default: return HEARTH_EINVAL;
	}
}

static int read_value(
	struct amf0_reader *r, struct byte_reader *b, unsigned depth, struct amf0_value **out)
{
	uint8_t marker = read_u8(b);
	int rc;

	if (b->bad)
		return HEARTH_EINVAL;
	if (depth >= AMF0_DEPTH_MAX || !r->values_left)
		return HEARTH_ETOOBIG;
	r->values_left--;
	*out = ARENA_NEW(r->arena, struct amf0_value);
	rc = read_body(r, b, depth, marker, *out);
	return rc == 0 && b->bad ? HEARTH_EINVAL : rc;
}

void amf0_reader_init(struct amf0_reader *r, struct arena *arena, struct slice in)
{
	*r = (struct amf0_reader){ .arena = arena, .in = in, .values_left = AMF0_VALUES_MAX };
}

int amf0_read(struct amf0_reader *r, const struct amf0_value **out)
{
	struct byte_reader b = byte_reader_of(r->in);
	struct amf0_value *v;
	int rc;

	if (!r->in.n)
		return 0;
	rc = read_value(r, &b, 0, &v);
	if (rc < 0)
		return rc;
	r->in = read_rest(&b);
	*out = v;
	return 1;
}

const struct amf0_value *amf0_get(const struct amf0_value *v, struct slice name)
{
	if (!v || (v->type != AMF0_OBJECT && v->type != AMF0_ECMA_ARRAY))
		return NULL;
	for (const struct amf0_value *p = v->first; p; p = p->next)
		if (slice_eq(p->name, name))
			return p;
	return NULL;
}

struct slice amf0_string(const struct amf0_value *v)
{
	return v && v->type == AMF0_STRING ? v->string : (struct slice){ NULL, 0 };
}

double amf0_number(const struct amf0_value *v, double fallback)
{
	return v && (v->type == AMF0_NUMBER || v->type == AMF0_BOOLEAN) ? v->number : fallback;
}

/* --- writing ------------------------------------------------------------------------------- */

void amf0_write_null(struct strbuf *b)
{
	write_u8(b, M_NULL);
}

void amf0_write_number(struct strbuf *b, double number)
{
	uint64_t bits;

	memcpy(&bits, &number, sizeof(bits));
	write_u8(b, M_NUMBER);
	write_be64(b, bits);
}

void amf0_write_boolean(struct strbuf *b, bool value)
{
	write_u8(b, M_BOOLEAN);
	write_u8(b, value);
}

void amf0_write_string(struct strbuf *b, struct slice s)
{
	if (s.n <= UINT16_MAX) {
		write_u8(b, M_STRING);
		write_be16(b, (uint16_t)s.n);
	} else {
		write_u8(b, M_LONG_STRING);
		write_be32(b, (uint32_t)s.n);
	}
	strbuf_add(b, s);
}

void amf0_write_object_begin(struct strbuf *b)
{
	write_u8(b, M_OBJECT);
}

void amf0_write_ecma_begin(struct strbuf *b, uint32_t count)
{
	write_u8(b, M_ECMA_ARRAY);
	write_be32(b, count);
}

void amf0_write_key(struct strbuf *b, struct slice key)
{
	write_be16(b, (uint16_t)key.n);
	strbuf_add(b, key);
}

void amf0_write_object_end(struct strbuf *b)
{
	write_be16(b, 0);
	write_u8(b, M_OBJECT_END);
}
