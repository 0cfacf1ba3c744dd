/*
 * GOP files: what can be read, written again, must be the same bytes (the first form is written
 * as the second); every sample must lie in the file.
 */
#include "package/gop_file.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_inside(struct slice s, const struct buf *file)
{
	if (s.n && (s.p < file->p || s.p + s.n > file->p + file->n))
		abort();
}

static void check_samples(const struct media_samples *list, const struct buf *file)
{
	for (size_t i = 0; i < list->n; i++)
		check_inside(buf_slice(list->p[i].data), file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf *file = buf_copy(slice_of(data, size));
	struct strbuf again = { 0 };
	struct gop_file c;

	if (gop_file_read(file, &c) == 0) {
		check_inside(c.video_config, file);
		check_inside(c.audio_config, file);
		check_samples(&c.lead, file);
		check_samples(&c.video, file);
		check_samples(&c.audio, file);
		gop_file_write(&again, &c);
		if (slice_starts(buf_slice(file), SLICE("HCK2")) &&
			!slice_eq(strbuf_slice(&again), buf_slice(file)))
			abort();
		strbuf_free(&again);
	}
	gop_file_clear(&c);
	buf_unref(&file);
	return 0;
}
