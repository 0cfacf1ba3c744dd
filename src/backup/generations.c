/*
 * generations.c: naming, listing and forgetting the backups of a folder. On a command's main thread.
 */
#include "backup/generations.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "hearth/error.h"
#include "hearth/log.h"

#define PREFIX     MANIFEST "-"
#define SECOND_MAX 9 /* that begin within one second; one digit, so that names sort by time */

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

/*
 * Links the manifest under the name; 1 when that is another's already. One that is the same file was linked
 * by a backup that was killed right behind it.
 */
static int keep_as(const char *from, const char *to)
{
	struct stat newest, there;

	if (link(from, to) == 0)
		return 0;
	if (errno != EEXIST || stat(from, &newest) < 0 || stat(to, &there) < 0)
		return file_failed("cannot write", to);
	return newest.st_ino == there.st_ino ? 0 : 1;
}

int generations_keep(const char *dir)
{
	char from[FILE_PATH_MAX], to[FILE_PATH_MAX], name[GENERATION_NAME];
	time_t began = (time_t)(newest_began_ms(dir) / 1000);
	struct tm utc;
	int rc;

	if (began == 0)
		return 0;
	strftime(name, sizeof(name), "%Y%m%dT%H%M%SZ", gmtime_r(&began, &utc));
	snprintf(from, sizeof(from), "%s/" MANIFEST, dir);
	snprintf(to, sizeof(to), "%s/" PREFIX "%s", dir, name);
	rc = keep_as(from, to);
	for (int nth = 2; rc == 1 && nth <= SECOND_MAX; nth++) {
		snprintf(to, sizeof(to), "%s/" PREFIX "%s%d", dir, name, nth);
		rc = keep_as(from, to);
	}
	return rc < 0 ? rc : 0;
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
