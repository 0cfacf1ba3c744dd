/*
 * restore.c: a data folder from a backup: what is to be done, the target, putting in place;
 * restore_fill.c fills.
 *
 *   look at the manifest ─▶ DATA/restore.part/… filled, each file checked as it is written
 *   ─▶ on disk ─▶ with --replace: what was in DATA moved aside ─▶ restore.part/placing made
 *   ─▶ the entries moved up into DATA ─▶ restore.part gone: done
 *
 * While restore.part is there no server starts on the folder (kernel/databases.c), so half a
 * restore is never taken for a whole one; run again, it goes on with what is not there yet. Until
 * all of it was checked, what was there before is as it was. On a command's main thread.
 */
#include "backup/restore.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hearth/arena.h"
#include "hearth/clock.h"
#include "hearth/error.h"

/* A name from a manifest becomes a path below a folder. */
static bool is_safe(const char *name)
{
	size_t n = strlen(name);

	return n > 0 && name[0] != '/' && strcmp(name, "..") != 0 && strncmp(name, "../", 3) != 0 &&
	       !strstr(name, "/../") && !(n > 3 && strcmp(name + n - 3, "/..") == 0);
}

int restore_open_manifest(const struct restoring *t, struct manifest_reader *r)
{
	int rc = manifest_open(r, t->from, t->of);

	if (rc == HEARTH_ENOTFOUND)
		return backup_say(
			t->from, t->of ? "there is no backup of that name; `hearth verify "
					 "DIR` says which there are"
				       : "there is no finished backup here");
	if (rc == HEARTH_ECORRUPT)
		return backup_say(t->from, "its manifest is damaged");
	return rc < 0 ? file_failed("cannot read", t->from) : 0;
}

/* What is to be done, and whether all of it may be: sums, head, ledger. */
int restore_survey(struct restoring *t)
{
	struct manifest_reader r;
	struct manifest_entry e;
	int rc = restore_open_manifest(t, &r);

	while (rc == 0 && manifest_next(&r, &e) > 0) {
		if (e.kind == MANIFEST_FOLDER)
			snprintf(t->folder, sizeof(t->folder), "%.*s", IDENTITY_FOLDER - 1, e.name);
		if (e.kind == MANIFEST_BEGAN)
			t->began_ms = e.number;
		if (e.kind >= MANIFEST_FILE && e.kind != MANIFEST_CHUNK) {
			t->total += e.size;
			if (!is_safe(e.name))
				rc = backup_say(e.name, "a name that leaves the folder");
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
		return backup_say(t->data, "a server runs on it; stop it first");
	if (!t->placing && !replace && !is_empty(t->data))
		return backup_say(t->data,
			"there is something in it; with --replace it is moved aside, once all of "
			"the backup was checked");
	return file_make_folders(t->staging);
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
	int rc = restore_fill(t);

	if (rc == 0)
		rc = restore_write_marks(t);
	if (rc == 0)
		rc = give_to_owner(t);
	if (rc == 0)
		rc = file_sync_all(t->staging);
	if (rc == 0 && replace && !is_empty(t->data))
		rc = set_old_aside(t);
	if (rc == 0)
		rc = restore_write_text(t, PLACING, SLICE("ready\n"));
	return rc == 0 ? file_sync_all(t->staging) : rc;
}

int backup_restore(const char *from, const char *of, const char *data, bool replace)
{
	struct restoring t = { .from = from, .of = of, .data = data };
	int lock_fd = -1, rc;

	snprintf(t.staging, sizeof(t.staging), "%s/" BACKUP_STAGING, data);
	rc = restore_survey(&t);
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
