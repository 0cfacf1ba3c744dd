/*
 * AMF 0 values: every slice in the tree that comes out must lie in the input.
 */
#include "rtmp/amf0.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_inside(struct slice s, struct slice in)
{
	if (s.n && (s.p < in.p || s.p + s.n > in.p + in.n))
		abort();
}

static void check_tree(const struct amf0_value *v, struct slice in)
{
	for (; v; v = v->next) {
		check_inside(v->string, in);
		check_inside(v->name, in);
		check_inside(amf0_string(amf0_get(v, SLICE("app"))), in);
		check_tree(v->first, in);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = slice_of(data, size);
	struct arena *a = arena_new();
	const struct amf0_value *v;
	struct amf0_reader r;

	amf0_reader_init(&r, a, in);
	while (amf0_read(&r, &v) == 1)
		check_tree(v, in);
	arena_free(&a);
	return 0;
}
