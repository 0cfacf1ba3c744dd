/*
 * generations.c: naming, listing and forgetting the backups of a folder. On a command's main thread.
 */
#include "backup/generations.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "hearth/error.h"
#include "hearth/log.h"

#define PREFIX MANIFEST "-"

bool generation_is_name(const char *name)
{
	return strlen(name) < GENERATION_NAME && strlen(name) > 0 &&
	       strspn(name, "0123456789TZ") == strlen(name);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

void generations_list(const char *dir, struct generations *out)
{
	DIR *d = opendir(dir);

	out->count = 0;
	for (struct dirent *e; d && (e = readdir(d));) {
		const char *name = e->d_name + sizeof(PREFIX) - 1;

		if (strncmp(e->d_name, PREFIX, sizeof(PREFIX) - 1) == 0 &&
			generation_is_name(name) && out->count < GENERATIONS_MAX)
			snprintf(out->names[out->count++], GENERATION_NAME, "%s", name);
	}
	if (d)
		closedir(d);
	qsort(out->names, out->count, sizeof(out->names[0]), by_name);
}

/* When the newest began; 0 when there is none that is whole. */
static int64_t newest_began_ms(const char *dir)
{
	struct manifest_reader r;
	struct manifest_entry e;
	int64_t ms = 0;

	if (manifest_open(&r, dir, NULL) < 0)
		return 0;
	while (ms == 0 && manifest_next(&r, &e) > 0)
		if (e.kind == MANIFEST_BEGAN)
			ms = e.number;
	manifest_close(&r);
	return ms;
}

int generations_keep(const char *dir)
{
	char from[FILE_PATH_MAX], to[FILE_PATH_MAX], name[GENERATION_NAME];
	time_t began = (time_t)(newest_began_ms(dir) / 1000);
	struct tm utc;

	if (began == 0)
		return 0;
	strftime(name, sizeof(name), "%Y%m%dT%H%M%SZ", gmtime_r(&began, &utc));
	snprintf(from, sizeof(from), "%s/" MANIFEST, dir);
	snprintf(to, sizeof(to), "%s/" PREFIX "%s", dir, name);
	/* It is there when a backup was killed right behind this. */
	if (link(from, to) < 0 && errno != EEXIST)
		return file_failed("cannot write", to);
	return 0;
}

int generations_prune(const char *dir, size_t keep)
{
	char path[FILE_PATH_MAX];
	struct generations g;

	INVARIANT(keep > 0);
	generations_list(dir, &g);
	for (size_t i = 0; i < g.count && g.count - i + 1 > keep; i++) {
		snprintf(path, sizeof(path), "%s/" PREFIX "%s", dir, g.names[i]);
		if (unlink(path) < 0)
			return file_failed("cannot remove", path);
	}
	return 0;
}
