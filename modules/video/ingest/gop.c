/*
 * gop.c: a GOP made and thrown away. Pure; its samples, which the segmenter bounds, are all it holds.
 */
#include "ingest/gop.h"

#include <stdlib.h>

#include "hearth/arena.h"
#include "hearth/log.h"

struct gop *gop_new(uint64_t sequence, int64_t start, int64_t duration)
{
	struct gop *g = mem_zalloc(sizeof(*g));

	INVARIANT(start >= 0 && duration > 0);
	g->sequence = sequence;
	g->start = start;
	g->duration = duration;
	return g;
}

void gop_seal(struct gop *g)
{
	INVARIANT(g->video.n || g->audio.n);
	for (size_t i = 0; i < g->video.n; i++)
		g->bytes += g->video.p[i].data->n;
	for (size_t i = 0; i < g->audio.n; i++)
		g->bytes += g->audio.p[i].data->n;
	g->independent = !g->video.n || g->video.p[0].key;
}

void gop_free(struct gop **g)
{
	if (!*g)
		return;
	media_samples_clear(&(*g)->video);
	media_samples_clear(&(*g)->audio);
	free(*g);
	*g = NULL;
}
