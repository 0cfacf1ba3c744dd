/*
 * take_room.c: whether the disk of a backup's folder has room for it.
 *
 * A database is copied whole before it is cut into chunks, and the copy of blob.db stays until the
 * large blobs are there: so more is needed while a backup is taken than it takes up in the end. What
 * is known beforehand is asked for beforehand. How much of a database has changed since the backup
 * that stands is not known: so before each piece is written the disk is looked at again. On the disk
 * of the data folder the server's reserve is left alone (room.h), and as much again, so that mail is
 * taken meanwhile. On a command's main thread.
 */
#include "backup/take.h"

#include <sys/stat.h>
#include <sys/statvfs.h>

#include "hearth/error.h"
#include "kernel/kernel.h"

#define KEPT_TIMES 2 /* reserves */

static uint64_t more(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* What each database takes, and which of them is blob.db. */
static int sizes_of(struct taking *t, uint64_t sizes[BACKUP_DBS_MAX], size_t *blob)
{
	struct strbuf why = { 0 };
	int64_t n;
	int rc = 0;

	*blob = t->dbs.count;
	for (size_t i = 0; i < t->dbs.count && rc == 0; i++) {
		rc = cut_size(t->cut, i, &n, &why);
		sizes[i] = (uint64_t)n;
		if (strcmp(t->dbs.list[i], "blob") == 0)
			*blob = i;
	}
	if (rc < 0)
		backup_say("cannot read a database", why.p);
	strbuf_free(&why);
	return rc;
}

struct large {
	const char *data;
	uint64_t bytes;
};

static int add_large(void *arg, const char *name)
{
	struct large *l = arg;
	char path[2 * FILE_PATH_MAX];
	struct stat st;

	snprintf(path, sizeof(path), "%s/blob/%s", l->data, name);
	if (strncmp(name, "litter/", 7) != 0 && stat(path, &st) == 0)
		l->bytes += (uint64_t)st.st_size;
	return 0;
}

static uint64_t large_blobs(const char *data)
{
	struct large l = { .data = data };
	char path[FILE_PATH_MAX];

	snprintf(path, sizeof(path), "%s/blob", data);
	file_walk(path, add_large, &l);
	return l.bytes;
}

/* The most that is needed at once: all of the first backup, and of a later one what is known. */
static int needed(struct taking *t, bool first, uint64_t *out)
{
	uint64_t sizes[BACKUP_DBS_MAX], stays = 0, copy = 0;
	size_t blob;
	int rc = sizes_of(t, sizes, &blob);

	*out = 0;
	for (size_t i = 0; i < t->dbs.count && rc == 0; i++) {
		stays += first ? sizes[i] : 0;
		*out = more(*out, stays + copy + sizes[i]);
		if (i == blob)
			copy = sizes[i];
	}
	if (rc == 0 && first)
		*out = more(*out, stays + copy + large_blobs(t->source->data));
	return rc;
}

static bool is_first(const char *dest)
{
	struct manifest_reader r;
	int rc = manifest_open(&r, dest, NULL);

	if (rc == 0)
		manifest_close(&r);
	return rc < 0;
}

static int free_of(struct taking *t, uint64_t *out)
{
	struct statvfs fs;

	if (statvfs(t->dest, &fs) < 0)
		return file_failed("cannot ask for the free room of", t->dest);
	*out = (uint64_t)fs.f_bavail * fs.f_frsize;
	return 0;
}

/* What stays free: nothing where it is not the server's disk. */
static int keep(struct taking *t)
{
	struct stat data, dest;
	struct statvfs fs;

	if (stat(t->source->data, &data) < 0 || stat(t->dest, &dest) < 0 ||
		statvfs(t->dest, &fs) < 0)
		return file_failed("cannot look at", t->dest);
	if (data.st_dev == dest.st_dev)
		t->kept = KEPT_TIMES * (uint64_t)room_reserve(t->source->reserve,
					       (int64_t)(fs.f_blocks * fs.f_frsize));
	return 0;
}

static int refuse(struct taking *t, const char *what, uint64_t needs, uint64_t free_bytes)
{
	char need[32], there[32], kept[32], why[300];

	file_human(need, sizeof(need), needs);
	file_human(there, sizeof(there), free_bytes);
	file_human(kept, sizeof(kept), t->kept);
	snprintf(why, sizeof(why),
		"%s %s of room, and the disk has %s, of which %s stay free for the server; delete "
		"something, or name a folder on another disk",
		what, need, there, kept);
	progress_end();
	backup_say(t->dest, why);
	return HEARTH_EBUSY;
}

int take_room_ask(struct taking *t)
{
	char need[32], there[32];
	uint64_t needs = 0, free_bytes = 0;
	bool first = is_first(t->dest);
	int rc = keep(t);

	if (rc == 0)
		rc = needed(t, first, &needs);
	if (rc == 0)
		rc = free_of(t, &free_bytes);
	if (rc < 0)
		return rc;
	if (free_bytes < t->kept + needs)
		return refuse(t, first ? "it takes" : "it takes at least", needs, free_bytes);
	file_human(need, sizeof(need), needs);
	file_human(there, sizeof(there), free_bytes);
	printf("%s: takes %s%s while it is made; the disk has %s\n", t->dest, need,
		first ? "" : ", and what has changed,", there);
	fflush(stdout);
	return 0;
}

int take_room_left(struct taking *t, uint64_t bytes)
{
	uint64_t free_bytes = 0;
	int rc = t->kept > 0 ? free_of(t, &free_bytes) : 0;

	if (rc < 0 || t->kept == 0 || free_bytes >= t->kept + bytes)
		return rc;
	t->no_room = true;
	return refuse(t, "it was broken off, and what was here stays as it was: it takes another",
		bytes, free_bytes);
}
