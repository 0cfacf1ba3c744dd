/*
 * tidy.c: removing from a folder of backups what no manifest in it names: chunks of databases as
 * they were, and blobs that were deleted. After the newest manifest is in its place; what an
 * interruption leaves goes with the next one. On a command's main thread.
 *
 * The blobs of each manifest are in the order of their names, so all manifests are read side by
 * side, and what is named in one sub-folder is in memory at a time; of the databases' chunks all
 * hashes are. A manifest that cannot be read names nobody knows what: then nothing is removed. Where
 * none stands, what is there is of one that was broken off, and all of it goes.
 */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "backup/backup.h"
#include "backup/generations.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "hearth/map.h"

/* A manifest being read, at its next blob. */
struct side {
	struct manifest_reader r;
	struct manifest_entry blob;
	bool there;
};

struct tidying {
	const char *dest;
	struct side *sides;
	size_t count;
	bool none;                   /* no backup stands here: nothing is named */
	struct map *objects, *blobs; /* named by any; of blobs those of one sub-folder */
};

static void empty(struct map *m)
{
	struct slice key;
	size_t it = 0;
	void *v;

	while (map_next(m, &it, &key, &v))
		map_remove(m, key);
}

static void tidy_folder(const char *path, const struct map *named)
{
	DIR *d = opendir(path);

	for (struct dirent *e; d && (e = readdir(d));)
		if (e->d_name[0] != '.' && !map_get(named, slice_str(e->d_name)))
			unlinkat(dirfd(d), e->d_name, 0);
	if (d)
		closedir(d);
}

/* Goes on to the next blob, and notes the objects on the way. */
static void go_on(struct tidying *t, struct side *s)
{
	while ((s->there = manifest_next(&s->r, &s->blob) > 0)) {
		if (s->blob.kind == MANIFEST_BLOB)
			return;
		if (s->blob.kind == MANIFEST_FILE || s->blob.kind == MANIFEST_CHUNK)
			map_set(t->objects, slice_str(s->blob.hash), t);
	}
}

static bool open_side(struct tidying *t, const char *name)
{
	struct side *s = &t->sides[t->count];

	if (manifest_open(&s->r, t->dest, name) < 0)
		return false;
	t->count++;
	go_on(t, s);
	return true;
}

static void tidy_blobs(struct tidying *t, const char *sub)
{
	char path[FILE_PATH_MAX];

	for (size_t i = 0; i < t->count; i++) {
		struct side *s = &t->sides[i];

		for (; s->there && strncmp(s->blob.name, sub, 2) <= 0; go_on(t, s))
			if (strncmp(s->blob.name, sub, 2) == 0)
				map_set(t->blobs, slice_str(s->blob.name + 3), t);
	}
	snprintf(path, sizeof(path), "%s/blob/%s", t->dest, sub);
	tidy_folder(path, t->blobs);
	empty(t->blobs);
}

static void tidy_all(struct tidying *t)
{
	char sub[3], path[FILE_PATH_MAX];

	INVARIANT((t->count > 0) != t->none); /* else all would be removed */
	for (unsigned i = 0; i < 256; i++) {
		snprintf(sub, sizeof(sub), "%02x", i);
		tidy_blobs(t, sub);
	}
	/* All of each manifest has been read. */
	for (unsigned i = 0; i < 256; i++) {
		snprintf(path, sizeof(path), "%s/objects/%02x", t->dest, i);
		tidy_folder(path, t->objects);
	}
}

static bool none_stands(const char *dest, const struct generations *g)
{
	char path[FILE_PATH_MAX];

	snprintf(path, sizeof(path), "%s/" MANIFEST, dest);
	return g->count == 0 && access(path, F_OK) < 0 && errno == ENOENT;
}

void backup_tidy(const char *dest)
{
	struct tidying t = { .dest = dest, .objects = map_new(), .blobs = map_new() };
	struct generations g;
	bool all;

	generations_list(dest, &g);
	t.sides = mem_zalloc((g.count + 1) * sizeof(*t.sides));
	t.none = none_stands(dest, &g);
	all = t.none || open_side(&t, NULL);
	for (size_t i = 0; i < g.count && all; i++)
		all = open_side(&t, g.names[i]);
	if (all)
		tidy_all(&t);
	for (size_t i = 0; i < t.count; i++)
		manifest_close(&t.sides[i].r);
	free(t.sides);
	map_free(&t.objects);
	map_free(&t.blobs);
}
