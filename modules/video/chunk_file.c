/*
 * chunk_file.c: see chunk_file.h.
 */
#include "chunk_file.h"

#include "hearth/error.h"

#define SAMPLES_MAX 100000 /* of one track in a chunk */
#define SAMPLE_HEAD 21     /* bytes before a sample's data */

static void put(struct strbuf *out, uint64_t v, int bytes)
{
	while (bytes-- > 0)
		strbuf_addc(out, (char)(v >> (8 * bytes)));
}

static void put_bytes(struct strbuf *out, struct slice s)
{
	put(out, s.n, 4);
	strbuf_add(out, s);
}

static void put_samples(struct strbuf *out, const struct media_samples *list)
{
	put(out, list->n, 4);
	for (size_t i = 0; i < list->n; i++) {
		const struct media_sample *s = &list->p[i];

		put(out, (uint64_t)s->dts, 8);
		put(out, (uint32_t)s->cts, 4);
		put(out, s->duration, 4);
		put(out, s->key, 1);
		put_bytes(out, buf_slice(s->data));
	}
}

void chunk_file_write(struct strbuf *out, const struct chunk_file *c)
{
	strbuf_adds(out, "HCK1");
	put(out, (uint64_t)c->sequence, 8);
	put(out, (uint64_t)c->start, 8);
	put(out, (uint64_t)c->duration, 8);
	put(out, (uint64_t)c->date_ms, 8);
	put(out, c->discontinuity, 1);
	put(out, c->audio_rate, 4);
	put(out, c->channels, 1);
	put_bytes(out, c->avcc);
	put_bytes(out, c->asc);
	put_samples(out, &c->video);
	put_samples(out, &c->audio);
}

/* What is still to be read; `bad` once it was too short. */
struct cursor {
	struct buf *file;
	size_t at;
	bool bad;
};

static uint64_t get(struct cursor *c, int bytes)
{
	uint64_t v = 0;

	if (c->bad || c->file->n - c->at < (size_t)bytes) {
		c->bad = true;
		return 0;
	}
	while (bytes-- > 0)
		v = v << 8 | (unsigned char)c->file->p[c->at++];
	return v;
}

/* Where a run of bytes lies; empty when it does not fit. */
static size_t get_run(struct cursor *c, size_t *n)
{
	size_t at;

	*n = (size_t)get(c, 4);
	if (c->bad || c->file->n - c->at < *n) {
		c->bad = true;
		*n = 0;
	}
	at = c->at;
	c->at += *n;
	return at;
}

static struct slice get_bytes(struct cursor *c)
{
	size_t n, at = get_run(c, &n);

	return slice_of(c->file->p + at, n);
}

static void get_samples(struct cursor *c, struct media_samples *list)
{
	uint64_t n = get(c, 4);

	if (n > SAMPLES_MAX || n * SAMPLE_HEAD > c->file->n - c->at)
		c->bad = true;
	for (uint64_t i = 0; i < n && !c->bad; i++) {
		struct media_sample s = { .dts = (int64_t)get(c, 8), .cts = (int32_t)get(c, 4) };
		size_t size, at;

		s.duration = (uint32_t)get(c, 4);
		s.key = get(c, 1) != 0;
		at = get_run(c, &size);
		if (c->bad)
			break;
		s.data = buf_part(c->file, at, size);
		media_samples_add(list, s);
	}
}

int chunk_file_read(struct buf *file, struct chunk_file *out)
{
	struct cursor c = { .file = file, .at = 4 };

	*out = (struct chunk_file){ 0 };
	if (!slice_starts(buf_slice(file), SLICE("HCK1")))
		return HEARTH_ECORRUPT;
	out->sequence = (int64_t)get(&c, 8);
	out->start = (int64_t)get(&c, 8);
	out->duration = (int64_t)get(&c, 8);
	out->date_ms = (int64_t)get(&c, 8);
	out->discontinuity = get(&c, 1) != 0;
	out->audio_rate = (uint32_t)get(&c, 4);
	out->channels = (uint8_t)get(&c, 1);
	out->avcc = get_bytes(&c);
	out->asc = get_bytes(&c);
	get_samples(&c, &out->video);
	get_samples(&c, &out->audio);
	if (c.bad || c.at != file->n) {
		chunk_file_clear(out);
		return HEARTH_ECORRUPT;
	}
	return 0;
}

void chunk_file_clear(struct chunk_file *c)
{
	media_samples_clear(&c->video);
	media_samples_clear(&c->audio);
	*c = (struct chunk_file){ 0 };
}
