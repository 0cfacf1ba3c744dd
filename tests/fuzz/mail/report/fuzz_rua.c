/*
 * Any bytes as a TLS-RPT record and as a list of places for reports: what is read of it can stand in a mail's
 * header and in a URL.
 */
#include "hearth/log.h"
#include "report/rua.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = slice_of(data, size), list;
	struct arena *a = arena_new();
	struct rua out[RUA_MAX];
	size_t n;

	if (!rua_tls_record(in, &list))
		list = in;
	n = rua_read(a, list, out);
	INVARIANT(n <= RUA_MAX);
	for (size_t i = 0; i < n; i++) {
		INVARIANT(out[i].target.n > 0);
		for (size_t k = 0; k < out[i].target.n; k++)
			INVARIANT(out[i].target.p[k] > ' ' && out[i].target.p[k] < 0x7f);
		INVARIANT(out[i].web || rua_domain(out[i].target).n > 0);
	}
	arena_free(&a);
	return 0;
}
