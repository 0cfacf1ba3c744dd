/*
 * fuzz_json.c: any bytes as a JSON document. What is taken is written again and read again, and
 * must then be the same; what is refused has a reason.
 */
#include "hearth/json.h"
#include "hearth/text.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_back(struct json_writer *w, const struct json *j);

/* The members of an object become an array of pairs, since a name may hold a NUL. */
static void write_children(struct json_writer *w, const struct json *j)
{
	size_t count = 0;

	json_open_array(w);
	for (const struct json *m = j->child; m; m = m->next, count++) {
		if (j->type == JSON_OBJECT) {
			json_text(w, m->name);
			assert(slice_chr(m->name, '\0') >= 0 || json_get(j, m->name.p) == m);
		}
		write_back(w, m);
	}
	json_close_array(w);
	assert(count == j->count);
}

/* Numbers become texts, since a number may be one that no type here holds. */
static void write_back(struct json_writer *w, const struct json *j)
{
	assert(utf8_valid(j->text) && utf8_valid(j->name));
	switch (j->type) {
	case JSON_NULL: json_null(w); break;
	case JSON_BOOL: json_bool(w, j->boolean); break;
	case JSON_NUMBER:
	case JSON_STRING: json_text(w, j->text); break;
	case JSON_ARRAY:
	case JSON_OBJECT: write_children(w, j); break;
	}
}

static void write_document(struct strbuf *out, const struct json *j)
{
	struct json_writer w;

	json_writer_init(&w, out);
	write_back(&w, j);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_new();
	struct strbuf once = { 0 }, twice = { 0 };
	struct json *j = NULL;
	const char *why = NULL;

	if (json_read(a, slice_of(data, size), &j, &why)) {
		assert(!j && why);
	} else {
		write_document(&once, j);
		assert(json_read(a, strbuf_slice(&once), &j, &why) == 0);
		write_document(&twice, j);
		assert(slice_eq(strbuf_slice(&once), strbuf_slice(&twice)));
	}
	strbuf_free(&once);
	strbuf_free(&twice);
	arena_free(&a);
	return 0;
}
