/*
 * take.c: taking a backup: the folder, the cut, databases and files; the blobs are take_blobs.c's.
 *
 *   hold blobs ─▶ the cut ─▶ each database: copy, look, cut into chunks ─▶ files ─▶ blobs that the
 *   copy of blob.db names ─▶ all on disk ─▶ the manifest that stands gets a name, the new one its
 *   place ─▶ the oldest go, and what no manifest names
 *
 * The cut is one moment of all databases: what was acknowledged before the command began is in it.
 * The blobs come after, and those it names are there, since nothing is deleted while the hold
 * lasts.
 *
 * What is there from an earlier backup is not copied again: a blob's file is immutable and its name
 * is never used twice; a database is stored in chunks under their hashes, and SQLite changes pages
 * in place. So a backup costs reading the databases and writing what changed; the room for that and
 * for the copies is take_room.c's. On a command's main thread.
 */
#include "backup/take.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backup/generations.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/log.h"

#define CHUNK (256u << 10)

/* ---- the folder ---- */

static int not_alone(void *arg, const char *name)
{
	(void)name;
	*(bool *)arg = true;
	return 1;
}

static int remove_tmp(void *arg, const char *name)
{
	char path[FILE_PATH_MAX];

	snprintf(path, sizeof(path), "%s/tmp/%s", (const char *)arg, name);
	unlink(path);
	return 0;
}

static void empty_tmp(const char *dest)
{
	char path[FILE_PATH_MAX];

	snprintf(path, sizeof(path), "%s/tmp", dest);
	file_walk(path, remove_tmp, (void *)(uintptr_t)dest);
}

/* A backup in the data folder would be lost with it, and hold itself. */
static bool is_within(const char *dest, const char *data)
{
	char *inner = realpath(dest, NULL), *outer = realpath(data, NULL);
	size_t n = outer ? strlen(outer) : 0;
	bool within = inner && outer && strncmp(inner, outer, n) == 0 &&
		      (inner[n] == '/' || inner[n] == 0);

	free(inner);
	free(outer);
	return within;
}

/* The folder is new, or one of ours; nobody else works in it. */
static int open_dest(struct taking *t)
{
	char path[FILE_PATH_MAX];
	bool used = false;
	int rc = file_make_folders(t->dest);

	if (rc < 0)
		return rc;
	if (is_within(t->dest, t->source->data))
		return backup_say(t->dest,
			"it lies in the data folder; name one elsewhere, at best on "
			"another disk");
	snprintf(path, sizeof(path), "%s/lock", t->dest);
	if (access(path, F_OK) < 0) {
		file_walk(t->dest, not_alone, &used);
		if (used)
			return backup_say(t->dest,
				"it holds something else than a backup; give an empty "
				"folder or one of an earlier backup");
	}
	t->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (t->lock_fd < 0)
		return file_failed("cannot write", path);
	if (flock(t->lock_fd, LOCK_EX | LOCK_NB) < 0)
		return backup_say(t->dest, "another backup runs into this folder");
	empty_tmp(t->dest);
	snprintf(path, sizeof(path), "%s/tmp", t->dest);
	return file_make_folders(path);
}

/* ---- the cut ---- */

static int judge(struct taking *t)
{
	struct ledger_db found[LEDGER_DBS_MAX];
	struct strbuf why = { 0 };
	struct ledger l;
	int rc = ledger_open(&l, t->source->data, &why);

	ledger_unlock(&l);
	for (size_t i = 0; i < t->dbs.count && rc == 0; i++)
		found[i] = (struct ledger_db){
			.name = t->dbs.list[i], .existed = true, .is = t->ids[i]
		};
	if (rc == 0)
		ledger_judge(&l, found, t->dbs.count, &why);
	for (size_t i = 0; i < l.count && rc == 0; i++) {
		bool there = false;

		for (size_t k = 0; k < t->dbs.count; k++)
			there |= strcmp(l.entries[i].name, t->dbs.list[k]) == 0;
		if (!there)
			strbuf_printf(&why, "%s.db is missing\n", l.entries[i].name);
	}
	ledger_close(&l);
	if (rc == 0 && why.n > 0)
		rc = HEARTH_ECONFLICT;
	if (rc < 0)
		backup_say("the databases do not belong together", why.p);
	strbuf_free(&why);
	return rc;
}

static int make_cut(struct taking *t)
{
	struct strbuf why = { 0 };
	int rc = backup_list_dbs(t->source->data, &t->dbs);

	if (rc == 0 && t->dbs.count == 0)
		return backup_say(t->source->data, "there is no data here; is `-c FILE` missing?");
	if (rc == 0)
		rc = backup_hold_begin(&t->hold, t->source->data);
	if (rc == 0 &&
		(rc = cut_new(t->source->data, t->dbs.list, t->dbs.count, &t->cut, &why)) < 0)
		backup_say("cannot read the databases", why.p);
	for (size_t i = 0; i < t->dbs.count && rc == 0; i++)
		if ((rc = cut_identity(t->cut, i, &t->ids[i], &why)) < 0)
			backup_say("cannot read a database", why.p);
	strbuf_free(&why);
	return rc;
}

/* ---- databases ---- */

/* Puts a piece of a file under its hash, unless it is there. */
static int put_object(struct taking *t, const char *from, uint64_t offset, uint64_t length,
	char hash[FILE_HASH], uint64_t *size)
{
	char tmp[FILE_PATH_MAX], path[FILE_PATH_MAX];
	struct stat st;
	int rc;

	snprintf(tmp, sizeof(tmp), "%s/tmp/object", t->dest);
	rc = take_room_left(t, CHUNK);
	if (rc == 0)
		rc = file_copy(from, offset, length, tmp, 0600, hash, size);
	if (rc != 0)
		return rc;
	INVARIANT(*size <= length);
	t->total += *size;
	manifest_object(path, t->dest, hash);
	if (stat(path, &st) == 0 && (uint64_t)st.st_size == *size)
		return unlink(tmp) < 0 ? file_failed("cannot remove", tmp) : 0;
	t->copied += *size;
	rc = file_make_parents(path);
	if (rc == 0 && rename(tmp, path) < 0)
		rc = file_failed("cannot write", path);
	return rc;
}

static int on_page(void *arg, int64_t done, int64_t total)
{
	struct taking *t = arg;

	int rc = take_room_left(t, CHUNK);

	progress(t->what, done, total, t->copied);
	return rc < 0 ? rc : backup_hold_go_on(&t->hold);
}

static int put_database(struct taking *t, size_t i)
{
	char copy[FILE_PATH_MAX];
	struct manifest_entry e = { .kind = MANIFEST_DB, .number = t->ids[i].commits };
	struct strbuf why = { 0 };
	int rc;

	INVARIANT(t->lock_fd >= 0 && i < t->dbs.count);
	t->what = t->dbs.list[i];
	snprintf(copy, sizeof(copy), "%s/tmp/%s.db", t->dest, t->dbs.list[i]);
	snprintf(e.name, sizeof(e.name), "%s", t->dbs.list[i]);
	rc = cut_copy(t->cut, i, copy, on_page, t, &why);
	cut_release(t->cut, i);
	if (rc < 0 && why.n > 0)
		backup_say("nothing was changed in the backup: cannot copy a database", why.p);
	strbuf_free(&why);
	if (rc == 0)
		rc = file_hash(copy, e.hash, &e.size);
	if (rc == 0)
		manifest_add(&t->manifest, &e);
	for (uint64_t at = 0; rc == 0 && at < e.size; at += CHUNK) {
		struct manifest_entry chunk = { .kind = MANIFEST_CHUNK };
		uint64_t n;

		rc = put_object(t, copy, at, CHUNK, chunk.hash, &n);
		manifest_add(&t->manifest, &chunk);
	}
	/* The table of blobs is read from its copy later. */
	if (strcmp(t->dbs.list[i], "blob") != 0)
		unlink(copy);
	return rc;
}

/* ---- files ---- */

/* What is made anew, or stored as what it is. */
static bool is_left_out(const char *name)
{
	const char *end = strrchr(name, '.');

	return strncmp(name, "blob/", 5) == 0 || strncmp(name, "replaced-", 9) == 0 ||
	       strncmp(name, BACKUP_STAGING, sizeof(BACKUP_STAGING) - 1) == 0 ||
	       strcmp(name, LEDGER_FILE) == 0 || strcmp(name, "hearth.lock") == 0 ||
	       strcmp(name, "url") == 0 || strcmp(name, "reserve") == 0 || strchr(name, '\n') ||
	       (end && !strchr(name, '/') &&
		       (strcmp(end, ".db") == 0 || strcmp(end, ".db-wal") == 0 ||
			       strcmp(end, ".db-shm") == 0));
}

static int put_file(struct taking *t, const char *path, const char *name)
{
	struct manifest_entry e = { .kind = MANIFEST_FILE };
	struct stat st;
	int rc;

	if (stat(path, &st) < 0)
		return errno == ENOENT ? 0 : file_failed("cannot read", path);
	e.number = st.st_mode & 0777;
	snprintf(e.name, sizeof(e.name), "%s", name);
	rc = put_object(t, path, 0, UINT64_MAX, e.hash, &e.size);
	if (rc == 0)
		manifest_add(&t->manifest, &e);
	return rc == HEARTH_ENOTFOUND ? 0 : rc;
}

static int on_file(void *arg, const char *name)
{
	struct taking *t = arg;
	char path[2 * FILE_PATH_MAX];

	if (is_left_out(name))
		return 0;
	snprintf(path, sizeof(path), "%s/%s", t->source->data, name);
	return put_file(t, path, name);
}

static int put_files(struct taking *t)
{
	int rc = file_walk(t->source->data, on_file, t);

	for (size_t i = 0; rc == 0 && i < 3; i++) {
		const char *path = t->source->outside[i], *base;
		char name[FILE_PATH_MAX];

		if (!path || !*path)
			continue;
		base = strrchr(path, '/');
		snprintf(name, sizeof(name), "from-backup/%s", base ? base + 1 : path);
		rc = put_file(t, path, name);
	}
	return rc;
}

/* ---- the end ---- */

static int put_head(struct taking *t, int64_t began_ms)
{
	struct manifest_entry e = { .kind = MANIFEST_FOLDER };
	int rc = manifest_begin(&t->manifest, t->dest);

	if (rc < 0)
		return rc;
	snprintf(e.name, sizeof(e.name), "%s", t->ids[0].folder);
	manifest_add(&t->manifest, &e);
	e = (struct manifest_entry){ .kind = MANIFEST_BEGAN, .number = began_ms };
	manifest_add(&t->manifest, &e);
	return 0;
}

static int take(struct taking *t, size_t keep)
{
	int64_t began_ms = clock_wall_ms();
	int rc = open_dest(t);

	if (rc == 0)
		rc = make_cut(t);
	if (rc == 0)
		rc = judge(t);
	if (rc == 0)
		rc = take_open_before(t, t->ids[0].folder);
	if (rc == 0)
		rc = take_room_ask(t);
	if (rc == 0)
		rc = put_head(t, began_ms);
	for (size_t i = 0; i < t->dbs.count && rc == 0; i++)
		rc = put_database(t, i);
	if (rc == 0)
		rc = put_files(t);
	if (rc == 0)
		rc = take_blobs(t);
	if (rc == 0)
		rc = file_sync_all(t->dest);
	if (rc == 0)
		rc = generations_keep(t->dest);
	if (rc == 0)
		rc = manifest_end(&t->manifest);
	if (rc == 0)
		rc = generations_prune(t->dest, keep);
	if (rc == 0)
		backup_tidy(t->dest);
	return rc;
}

int backup_take(const struct backup_source *source, const char *dest, size_t keep)
{
	struct taking t = { .source = source, .dest = dest, .lock_fd = -1 };
	int rc = take(&t, keep);

	progress_end();
	if (rc < 0 && t.lock_fd >= 0)
		empty_tmp(dest);
	manifest_abort(&t.manifest);
	manifest_close(&t.before);
	cut_free(&t.cut);
	backup_hold_end(&t.hold);
	if (t.no_room)
		backup_tidy(dest);
	if (t.lock_fd >= 0)
		close(t.lock_fd);
	if (rc == 0)
		printf("%s: %zu databases and %lld large blobs, %llu bytes, of which %llu are "
		       "new\n",
			dest, t.dbs.count, (long long)(t.blobs - t.damaged),
			(unsigned long long)t.total, (unsigned long long)t.copied);
	if (rc == 0 && t.damaged > 0)
		fprintf(stderr,
			"hearth: %lld blobs are damaged or missing and not in the backup; `hearth "
			"verify` says whose\n",
			(long long)t.damaged);
	return rc == 0 && t.damaged == 0 ? 0 : 1;
}
