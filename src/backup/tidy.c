/*
 * tidy.c: removing from a backup what its manifest does not name: chunks of databases as they were,
 * and blobs that were deleted. After the manifest is in its place; what an interruption leaves goes
 * with the next one. On a command's main thread.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "backup/backup.h"
#include "backup/manifest.h"
#include "hearth/map.h"

/* Removes files that the manifest does not name, a sub-folder of its blobs at a time. */
struct tidying {
	const char *dest;
	struct map *named;
	char sub[3]; /* of the blobs in `named` */
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

static void tidy_blobs(struct tidying *t, const char *next)
{
	char path[FILE_PATH_MAX], sub[3];

	/* Also those that lie between and have nothing left. */
	for (unsigned i = (unsigned)strtoul(t->sub, NULL, 16); i < 256; i++) {
		snprintf(sub, sizeof(sub), "%02x", i);
		if (strcmp(sub, next) >= 0)
			break;
		snprintf(path, sizeof(path), "%s/blob/%s", t->dest, sub);
		tidy_folder(path, t->named);
		empty(t->named);
	}
	snprintf(t->sub, sizeof(t->sub), "%.2s", next);
}

void backup_tidy(const char *dest)
{
	struct tidying t = { .dest = dest, .named = map_new(), .sub = "00" };
	struct map *objects = map_new();
	struct manifest_reader r;
	struct manifest_entry e;
	char path[FILE_PATH_MAX];

	if (manifest_open(&r, dest) == 0) {
		while (manifest_next(&r, &e) > 0) {
			if (e.kind == MANIFEST_FILE || e.kind == MANIFEST_CHUNK)
				map_set(objects, slice_str(e.hash), t.named);
			if (e.kind != MANIFEST_BLOB)
				continue;
			if (strncmp(e.name, t.sub, 2) != 0)
				tidy_blobs(&t, (char[3]){ e.name[0], e.name[1], 0 });
			map_set(t.named, slice_str(e.name + 3), objects);
		}
		tidy_blobs(&t, "~");
		for (int i = 0; i < 256; i++) {
			snprintf(path, sizeof(path), "%s/objects/%02x", dest, i);
			tidy_folder(path, objects);
		}
	}
	manifest_close(&r);
	map_free(&t.named);
	map_free(&objects);
}
