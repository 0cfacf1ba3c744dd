/*
 * Any bytes as a report that came by mail, packed or not: what is read is bounded, its texts are fit to be
 * shown, and no sum is less than nothing.
 */
#include "hearth/log.h"
#include "hearth/text.h"
#include "report/read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(struct slice text)
{
	INVARIANT(text.n <= 4 * REPORT_FIELD_MAX && utf8_valid(text));
	for (size_t i = 0; i < text.n; i++)
		INVARIANT((unsigned char)text.p[i] >= ' ');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_new();
	struct strbuf text = { 0 };
	struct report_read r;

	if (report_unpack(&text, slice_of(data, size)) && report_read(a, strbuf_slice(&text), &r)) {
		INVARIANT(r.count <= REPORT_ROWS_MAX && r.passed >= 0 && r.failed >= 0);
		check_text(r.organization);
		check_text(r.contact);
		check_text(r.id);
		INVARIANT(r.domain.n > 0);
		for (size_t i = 0; i < r.count; i++) {
			INVARIANT(r.rows[i].count > 0 && r.rows[i].count <= REPORT_COUNT_MAX);
			check_text(r.rows[i].source);
			check_text(r.rows[i].result);
			check_text(r.rows[i].detail);
		}
	}
	INVARIANT(text.n <= REPORT_UNPACKED_MAX + 65536);
	strbuf_free(&text);
	arena_free(&a);
	return 0;
}
