/*
 * RTMP from the first byte behind the handshake: the same bytes whole and in pieces must give the
 * same messages and the same end; each message then goes through the decoder of its kind.
 */
#include "rtmp/rtmp_command.h"

#include <stdlib.h>

#define MESSAGE_MAX (1u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void decode(struct arena *a, const struct rtmp_message *m)
{
	struct rtmp_command command;
	struct rtmp_data script;
	struct rtmp_control control;

	arena_reset(a);
	switch (m->type) {
	case RTMP_COMMAND:
	case RTMP_COMMAND_AMF3: rtmp_command_read(a, m, &command); break;
	case RTMP_DATA:
	case RTMP_DATA_AMF3: rtmp_data_read(a, m, &script); break;
	default: rtmp_control_read(m, &control); break;
	}
}

/* Reads it all in pieces of `step`; `log` takes what came out, byte by byte. */
static int read_all(struct slice in, size_t step, struct strbuf *log)
{
	struct rtmp_reader *r = rtmp_reader_new(MESSAGE_MAX);
	struct arena *a = arena_new();
	size_t given = step < in.n ? step : in.n;
	struct slice left = slice_head(in, given);
	struct rtmp_message m;
	int rc;

	for (;;) {
		while ((rc = rtmp_reader_next(r, &left, &m)) == 1) {
			strbuf_add(log, slice_of(&m.csid, sizeof(m.csid)));
			strbuf_add(log, slice_of(&m.timestamp_ms, sizeof(m.timestamp_ms)));
			strbuf_addc(log, (char)m.type);
			strbuf_add(log, m.body);
			decode(a, &m);
		}
		if (rc < 0 || given == in.n)
			break;
		if (left.n > 17)
			abort();
		left.n += in.n - given < step ? in.n - given : step;
		given += in.n - given < step ? in.n - given : step;
	}
	arena_free(&a);
	rtmp_reader_free(&r);
	return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct strbuf whole = { 0 }, pieces = { 0 };
	struct slice in;

	if (!size)
		return 0;
	in = slice_of(data + 1, size - 1);
	if (read_all(in, in.n, &whole) != read_all(in, data[0] % 64 + 1u, &pieces) ||
		!slice_eq(strbuf_slice(&whole), strbuf_slice(&pieces)))
		abort();
	strbuf_free(&whole);
	strbuf_free(&pieces);
	return 0;
}
