/*
 * restore.c: a data folder from a backup, and looking at a backup.
 *
 *   look at the manifest ─▶ DATA/restore.part/… filled, each file checked as it is written
 *   ─▶ on disk ─▶ with --replace: what was in DATA moved aside ─▶ restore.part/placing made
 *   ─▶ the entries moved up into DATA ─▶ restore.part gone: done
 *
 * While restore.part is there no server starts on the folder (kernel/databases.c), so half a
 * restore is never taken for a whole one; run again, it goes on with what is not there yet. Until
 * all of it was checked, what was there before is as it was. On a command's main thread.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backup/backup.h"
#include "backup/manifest.h"
#include "hearth/arena.h"
#include "hearth/clock.h"
#include "hearth/error.h"

#define PIECE   (256u << 10)
#define PLACING "placing" /* in restore.part: all is there, and what was in DATA is aside */

struct restoring {
	const char *from, *data;
	char staging[FILE_PATH_MAX];
	bool placing;         /* one that was interrupted at its end */
	uint64_t total, done; /* bytes */
	int64_t began_ms;
	char folder[IDENTITY_FOLDER];
	struct strbuf ledger;
	int64_t bad; /* of backup_verify */
};

static int say(const char *what, const char *why)
{
	progress_end();
	fprintf(stderr, "hearth: %s: %s\n", what, why);
	return HEARTH_EINVAL;
}

/* A name from a manifest becomes a path below a folder. */
static bool is_safe(const char *name)
{
	size_t n = strlen(name);

	return n > 0 && name[0] != '/' && strcmp(name, "..") != 0 && strncmp(name, "../", 3) != 0 &&
	       !strstr(name, "/../") && !(n > 3 && strcmp(name + n - 3, "/..") == 0);
}

static int open_manifest(struct manifest_reader *r, const char *from)
{
	int rc = manifest_open(r, from);

	if (rc == HEARTH_ENOTFOUND)
		return say(from, "there is no finished backup here");
	if (rc == HEARTH_ECORRUPT)
		return say(from, "its manifest is damaged");
	return rc < 0 ? file_failed("cannot read", from) : 0;
}

/* What is to be done, and whether all of it may be: sums, head, ledger. */
static int survey(struct restoring *t)
{
	struct manifest_reader r;
	struct manifest_entry e;
	int rc = open_manifest(&r, t->from);

	while (rc == 0 && manifest_next(&r, &e) > 0) {
		if (e.kind == MANIFEST_FOLDER)
			snprintf(t->folder, sizeof(t->folder), "%.*s", IDENTITY_FOLDER - 1, e.name);
		if (e.kind == MANIFEST_BEGAN)
			t->began_ms = e.number;
		if (e.kind >= MANIFEST_FILE && e.kind != MANIFEST_CHUNK) {
			t->total += e.size;
			if (!is_safe(e.name))
				rc = say(e.name, "a name that leaves the folder");
		}
		if (e.kind == MANIFEST_DB)
			strbuf_printf(&t->ledger, "%-40s%0*lld%*s\n", e.name, IDENTITY_NOTE,
				(long long)e.number, LEDGER_LINE - 41 - IDENTITY_NOTE, "");
	}
	manifest_close(&r);
	return rc;
}

/* ---- the target ---- */

static bool is_empty(const char *data)
{
	DIR *d = opendir(data);
	bool empty = true;

	for (struct dirent *e; d && (e = readdir(d));)
		empty &= strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0 ||
			 strcmp(e->d_name, "hearth.lock") == 0 ||
			 strcmp(e->d_name, BACKUP_STAGING) == 0 ||
			 strcmp(e->d_name, "lost+found") == 0;
	if (d)
		closedir(d);
	return empty;
}

/* Moves what is there into a folder beside itself. */
static int set_old_aside(const struct restoring *t)
{
	char old[FILE_PATH_MAX], from[2 * FILE_PATH_MAX], to[2 * FILE_PATH_MAX];
	DIR *d = opendir(t->data);
	int rc;

	snprintf(old, sizeof(old), "%s/replaced-%lld", t->data, (long long)clock_wall_ms());
	rc = file_make_folders(old);
	for (struct dirent *e; d && rc == 0 && (e = readdir(d));) {
		if (e->d_name[0] == '.' || strncmp(e->d_name, "replaced-", 9) == 0 ||
			strcmp(e->d_name, "hearth.lock") == 0 ||
			strcmp(e->d_name, BACKUP_STAGING) == 0 ||
			strcmp(e->d_name, "lost+found") == 0)
			continue;
		snprintf(from, sizeof(from), "%s/%s", t->data, e->d_name);
		snprintf(to, sizeof(to), "%s/%s", old, e->d_name);
		if (rename(from, to) < 0)
			rc = file_failed("cannot move", from);
	}
	if (d)
		closedir(d);
	if (rc == 0)
		printf("what was there is in %s\n", old);
	return rc;
}

/* Nobody else has the folder, and nothing in it is lost. */
static int open_target(struct restoring *t, bool replace, int *lock_fd)
{
	char lock[FILE_PATH_MAX];
	int rc = file_make_folders(t->data);

	if (rc < 0)
		return rc;
	snprintf(lock, sizeof(lock), "%.900s/" PLACING, t->staging);
	t->placing = access(lock, F_OK) == 0;
	snprintf(lock, sizeof(lock), "%s/hearth.lock", t->data);
	*lock_fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (*lock_fd < 0)
		return file_failed("cannot write", lock);
	if (flock(*lock_fd, LOCK_EX | LOCK_NB) < 0)
		return say(t->data, "a server runs on it; stop it first");
	if (!t->placing && !replace && !is_empty(t->data))
		return say(t->data,
			"there is something in it; with --replace it is moved aside, once all of "
			"the backup was checked");
	return file_make_folders(t->staging);
}

/* ---- filling ---- */

/* Whether the file is there already, from a restore that was interrupted. */
static bool is_done(const struct restoring *t, const struct manifest_entry *e, const char *name)
{
	char path[2 * FILE_PATH_MAX], hex[FILE_HASH];
	uint64_t size;
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s", t->staging, name);
	return stat(path, &st) == 0 && (uint64_t)st.st_size == e->size &&
	       file_hash(path, hex, &size) == 0 && strcmp(hex, e->hash) == 0;
}

static int wrong(const char *what)
{
	return say(what, "it is missing in the backup or damaged; nothing was put in place");
}

static int restore_file(struct restoring *t, const struct manifest_entry *e)
{
	char from[FILE_PATH_MAX], to[FILE_PATH_MAX], name[FILE_PATH_MAX], hex[FILE_HASH];
	bool blob = e->kind == MANIFEST_BLOB;
	uint64_t size;
	int rc;

	if (blob)
		manifest_blob(from, t->from, e->name);
	else
		manifest_object(from, t->from, e->hash);
	if (snprintf(name, sizeof(name), "%s%s", blob ? "blob/" : "", e->name) >=
			(int)sizeof(name) ||
		snprintf(to, sizeof(to), "%s/%s", t->staging, name) >= (int)sizeof(to))
		return say(e->name, "the name is too long");
	if (is_done(t, e, name))
		return 0;
	rc = file_make_parents(to);
	if (rc == 0)
		rc = file_copy(from, 0, UINT64_MAX, to, blob ? 0600 : (unsigned)e->number & 0777,
			hex, &size);
	if (rc == HEARTH_ENOTFOUND || (rc == 0 && strcmp(hex, e->hash) != 0)) {
		unlink(to);
		return wrong(from);
	}
	return rc;
}

/* Appends a chunk to a database that is being put together. */
static int add_chunk(const char *from, FILE *out, struct hash *whole, const char *hash)
{
	char path[FILE_PATH_MAX], hex[FILE_HASH];
	char *piece = mem_alloc(PIECE);
	struct hash *h = hash_new();
	FILE *f;
	size_t n = 0;
	int rc = 0;

	manifest_object(path, from, hash);
	f = fopen(path, "re");
	if (f)
		n = fread(piece, 1, PIECE, f);
	hash_add(h, slice_of(piece, n));
	hash_end(&h, hex);
	if (!f || strcmp(hex, hash) != 0)
		rc = wrong(path);
	else if (out && fwrite(piece, 1, n, out) != n)
		rc = file_failed("cannot write", "a database");
	hash_add(whole, slice_of(piece, n));
	if (f)
		fclose(f);
	free(piece);
	return rc;
}

static uint64_t chunks_of(uint64_t size)
{
	return (size + PIECE - 1) / PIECE;
}

/* Puts a database together from the entries that follow; they are read in any case. */
static int restore_db(
	struct restoring *t, struct manifest_reader *r, const struct manifest_entry *e)
{
	char name[128], to[FILE_PATH_MAX + 128], hex[FILE_HASH];
	struct manifest_entry chunk;
	struct hash *whole = hash_new();
	FILE *out = NULL;
	bool there;
	int rc = 0;

	snprintf(name, sizeof(name), "%.100s.db", e->name);
	snprintf(to, sizeof(to), "%s/%s", t->staging, name);
	there = is_done(t, e, name);
	if (!there && !(out = fopen(to, "we")))
		rc = file_failed("cannot write", to);
	for (uint64_t i = 0; i < chunks_of(e->size); i++) {
		if (manifest_next(r, &chunk) <= 0 || chunk.kind != MANIFEST_CHUNK)
			rc = rc == 0 ? wrong(e->name) : rc;
		if (rc == 0 && !there) {
			rc = add_chunk(t->from, out, whole, chunk.hash);
			progress(e->name, (int64_t)i + 1, (int64_t)chunks_of(e->size), t->done);
		}
	}
	hash_end(&whole, hex);
	if (rc == 0 && !there && strcmp(hex, e->hash) != 0)
		rc = wrong(e->name);
	if (out && (fchmod(fileno(out), 0600) < 0 || fclose(out) != 0) && rc == 0)
		rc = file_failed("cannot write", to);
	return rc;
}

static int fill(struct restoring *t)
{
	struct manifest_reader r;
	struct manifest_entry e;
	int rc = open_manifest(&r, t->from);

	while (rc == 0 && manifest_next(&r, &e) > 0) {
		if (e.kind == MANIFEST_FILE || e.kind == MANIFEST_BLOB)
			rc = restore_file(t, &e);
		else if (e.kind == MANIFEST_DB)
			rc = restore_db(t, &r, &e);
		else
			continue;
		t->done += e.size;
		progress("restoring", (int64_t)(t->done >> 10), (int64_t)(t->total >> 10), t->done);
	}
	manifest_close(&r);
	return rc;
}

static int write_text(const struct restoring *t, const char *name, struct slice text)
{
	char path[2 * FILE_PATH_MAX];
	FILE *f;
	bool bad;

	snprintf(path, sizeof(path), "%s/%s", t->staging, name);
	if (file_make_parents(path) < 0)
		return HEARTH_EIO;
	f = fopen(path, "we");
	if (!f)
		return file_failed("cannot write", path);
	bad = fchmod(fileno(f), 0600) < 0 || fwrite(text.p, 1, text.n, f) != text.n;
	return fclose(f) != 0 || bad ? file_failed("cannot write", path) : 0;
}

/* Ledger and the mark of the blobs' folder: the databases of the backup belong together. */
static int write_marks(struct restoring *t)
{
	struct strbuf ledger = { 0 };
	int rc;

	if (!t->folder[0])
		return 0;
	strbuf_printf(&ledger, "hearth-data 1 %s%*s\n", t->folder,
		LEDGER_LINE - 14 - (int)strlen(t->folder) - 1, "");
	strbuf_add(&ledger, strbuf_slice(&t->ledger));
	rc = write_text(t, LEDGER_FILE, strbuf_slice(&ledger));
	if (rc == 0)
		rc = write_text(t, "blob/store-id", slice_str(t->folder));
	strbuf_free(&ledger);
	return rc;
}

/* ---- in place ---- */

static struct stat owner; /* of the data folder; nftw passes no argument */

static int give(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return lchown(path, owner.st_uid, owner.st_gid) < 0 ? file_failed("cannot give away", path)
							    : 0;
}

/* What root restores belongs to whom the folder belongs to: the server's user. */
static int give_to_owner(const struct restoring *t)
{
	if (geteuid() != 0)
		return 0;
	if (stat(t->data, &owner) < 0)
		return file_failed("cannot look at", t->data);
	return nftw(t->staging, give, 16, FTW_PHYS) == 0 ? 0 : HEARTH_EIO;
}

static int move_up(const struct restoring *t)
{
	char from[2 * FILE_PATH_MAX], to[2 * FILE_PATH_MAX];
	DIR *d = opendir(t->staging);
	int rc = 0;

	if (!d)
		return file_failed("cannot list", t->staging);
	for (struct dirent *e; rc == 0 && (e = readdir(d));) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0 ||
			strcmp(e->d_name, PLACING) == 0)
			continue;
		snprintf(from, sizeof(from), "%s/%s", t->staging, e->d_name);
		snprintf(to, sizeof(to), "%s/%s", t->data, e->d_name);
		if (rename(from, to) < 0)
			rc = file_failed("cannot move", from);
	}
	closedir(d);
	if (rc == 0)
		rc = file_sync_folder(t->data);
	snprintf(from, sizeof(from), "%s/" PLACING, t->staging);
	if (rc == 0 && (unlink(from) < 0 || rmdir(t->staging) < 0))
		rc = file_failed("cannot remove", t->staging);
	return rc == 0 ? file_sync_folder(t->data) : rc;
}

/* All that can go wrong with the backup goes wrong here, before anything is put in place. */
static int make_ready(struct restoring *t, bool replace)
{
	int rc = fill(t);

	if (rc == 0)
		rc = write_marks(t);
	if (rc == 0)
		rc = give_to_owner(t);
	if (rc == 0)
		rc = file_sync_all(t->staging);
	if (rc == 0 && replace && !is_empty(t->data))
		rc = set_old_aside(t);
	if (rc == 0)
		rc = write_text(t, PLACING, SLICE("ready\n"));
	return rc == 0 ? file_sync_all(t->staging) : rc;
}

int backup_restore(const char *from, const char *data, bool replace)
{
	struct restoring t = { .from = from, .data = data };
	int lock_fd = -1, rc;

	snprintf(t.staging, sizeof(t.staging), "%s/" BACKUP_STAGING, data);
	rc = survey(&t);
	if (rc == 0)
		rc = open_target(&t, replace, &lock_fd);
	if (rc == 0 && !t.placing)
		rc = make_ready(&t, replace);
	if (rc == 0)
		rc = move_up(&t);
	progress_end();
	if (lock_fd >= 0)
		close(lock_fd);
	strbuf_free(&t.ledger);
	if (rc == 0)
		printf("%s is as it was when the backup began (%llu bytes); `hearth verify` looks "
		       "at "
		       "all of it\n",
			data, (unsigned long long)t.total);
	return rc == 0 ? 0 : 1;
}

/* ---- looking at a backup ---- */

static void complain(struct restoring *t, const char *name)
{
	progress_end();
	printf("%s: missing or damaged\n", name);
	t->bad++;
}

static void check_file(struct restoring *t, const struct manifest_entry *e)
{
	char path[FILE_PATH_MAX], hex[FILE_HASH];
	uint64_t size;

	if (e->kind == MANIFEST_BLOB)
		manifest_blob(path, t->from, e->name);
	else
		manifest_object(path, t->from, e->hash);
	if (file_hash(path, hex, &size) != 0 || strcmp(hex, e->hash) != 0)
		complain(t, path);
	t->done += e->size;
	progress("checking", (int64_t)(t->done >> 10), (int64_t)(t->total >> 10), t->done);
}

int backup_verify(const char *dir)
{
	struct restoring t = { .from = dir };
	struct manifest_reader r = { .f = NULL };
	struct manifest_entry e;
	int rc = survey(&t);

	if (rc == 0)
		rc = open_manifest(&r, dir);
	while (rc == 0 && manifest_next(&r, &e) > 0) {
		if (e.kind == MANIFEST_FILE || e.kind == MANIFEST_BLOB || e.kind == MANIFEST_CHUNK)
			check_file(&t, &e);
		else if (e.kind == MANIFEST_DB)
			t.done += e.size;
	}
	manifest_close(&r);
	strbuf_free(&t.ledger);
	progress_end();
	if (rc == 0)
		printf("%s: %s\n", dir, t.bad ? "the backup is damaged" : "the backup is whole");
	return rc == 0 && t.bad == 0 ? 0 : 1;
}
