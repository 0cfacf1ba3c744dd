/*
 * folder.c: names, locks and sub-folders of the large blobs. See folder.h.
 *
 * The lock of a run: a process makes the file, locks it, and then looks whether the file is still
 * there; who wants to know whether a run is over takes the lock without waiting and, having got
 * it, removes the file. So of a new run and somebody who takes it for dead, one gives way: the new
 * run, which has put nothing yet, starts over under another number.
 */
#include "blob/files/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "blob/files/disk.h"
#include "hearth/arena.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "hearth/rand.h"

#define RUN_DIGITS 16

struct blob_folder {
	int fd;              /* DIR; constant */
	int lock_fd;         /* DIR/run-RUN, locked; constant */
	uint64_t run;        /* constant */
	atomic_ullong count; /* names given out */
};

static void lock_name(char name[BLOB_FILE_NAME], uint64_t run)
{
	snprintf(name, BLOB_FILE_NAME, "run-%016llx", (unsigned long long)run);
}

static void subfolder_name(char name[BLOB_FILE_NAME], int index)
{
	snprintf(name, BLOB_FILE_NAME, "%02x", (unsigned)index);
}

static int failed(const char *what, const char *path)
{
	log_error("blob", what, "path", "%s", path, "why", "%s", strerror(errno), NULL);
	return HEARTH_EIO;
}

/* Makes DIR and its sub-folders; they are on disk when it returns, whoever made them. */
static int make_folders(struct blob_folder *f, const char *dir)
{
	char name[BLOB_FILE_NAME];

	if (mkdir(dir, 0700) < 0 && errno != EEXIST)
		return failed("cannot make the folder", dir);
	f->fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (f->fd < 0)
		return failed("cannot open the folder", dir);
	for (int i = 0; i < BLOB_SUBFOLDERS; i++) {
		subfolder_name(name, i);
		if (mkdirat(f->fd, name, 0700) < 0 && errno != EEXIST)
			return failed("cannot make a sub-folder", dir);
	}
	return blob_disk_sync(f->fd) < 0 || blob_disk_sync_folder(f->fd, "..") < 0 ? HEARTH_EIO : 0;
}

/* 0, HEARTH_EIO, or HEARTH_ECONFLICT when the number is taken or was taken for dead. */
static int try_run(struct blob_folder *f)
{
	char name[BLOB_FILE_NAME];
	struct stat st;

	f->run = rand_u64();
	lock_name(name, f->run);
	f->lock_fd = openat(f->fd, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (f->lock_fd < 0)
		return errno == EEXIST ? HEARTH_ECONFLICT : failed("cannot make the lock", name);
	if (flock(f->lock_fd, LOCK_EX) < 0 || fstat(f->lock_fd, &st) < 0)
		return failed("cannot lock", name);
	if (st.st_nlink > 0)
		return 0;
	close(f->lock_fd);
	f->lock_fd = -1;
	return HEARTH_ECONFLICT;
}

int blob_folder_open(const char *dir, struct blob_folder **out)
{
	struct blob_folder *f = mem_zalloc(sizeof(*f));
	int rc;

	f->fd = f->lock_fd = -1;
	rc = make_folders(f, dir);
	if (rc == 0)
		while ((rc = try_run(f)) == HEARTH_ECONFLICT)
			;
	if (rc < 0)
		blob_folder_close(&f);
	*out = f;
	return rc;
}

void blob_folder_close(struct blob_folder **fp)
{
	struct blob_folder *f = *fp;
	char name[BLOB_FILE_NAME];

	if (!f)
		return;
	if (f->lock_fd >= 0) {
		lock_name(name, f->run);
		unlinkat(f->fd, name, 0);
		close(f->lock_fd);
	}
	if (f->fd >= 0)
		close(f->fd);
	free(f);
	*fp = NULL;
}

int blob_folder_fd(const struct blob_folder *f)
{
	return f->fd;
}

void blob_folder_name(struct blob_folder *f, char name[BLOB_FILE_NAME])
{
	unsigned long long n = atomic_fetch_add(&f->count, 1);

	snprintf(name, BLOB_FILE_NAME, "%02llx/%016llx-%llx", n % BLOB_SUBFOLDERS,
		(unsigned long long)f->run, n);
}

int blob_folder_sync(struct blob_folder *f, const char *name)
{
	char sub[3] = { name[0], name[1], 0 };

	return blob_disk_sync_folder(f->fd, sub);
}

void blob_folder_remove(struct blob_folder *f, const char *name)
{
	if (unlinkat(f->fd, name, 0) < 0 && errno != ENOENT)
		log_warn("blob", "cannot remove a file", "path", "%s", name, "why", "%s",
			strerror(errno), NULL);
}

/* ---- litter ---- */

#define LITTER "litter"

/* "ab/RUN-N" as "litter/ab.RUN-N". */
static void litter_name(char out[2 * BLOB_FILE_NAME], const char *name)
{
	snprintf(out, (size_t)2 * BLOB_FILE_NAME, LITTER "/%.2s.%s", name, name + 3);
}

int blob_folder_set_aside(struct blob_folder *f, const char *name)
{
	char aside[2 * BLOB_FILE_NAME];

	litter_name(aside, name);
	if (mkdirat(f->fd, LITTER, 0700) < 0 && errno != EEXIST)
		return failed("cannot make the folder", LITTER);
	/* Its time is from now on the one it was moved at. */
	if (utimensat(f->fd, name, NULL, AT_SYMLINK_NOFOLLOW) < 0 ||
		renameat(f->fd, name, f->fd, aside) < 0)
		return failed("cannot move a file aside", name);
	return 0;
}

int blob_folder_open_file(struct blob_folder *f, const char *name)
{
	char aside[2 * BLOB_FILE_NAME];
	int fd = blob_disk_open(f->fd, name);

	if (fd != HEARTH_ENOTFOUND || strlen(name) <= 3)
		return fd;
	litter_name(aside, name);
	if (renameat(f->fd, aside, f->fd, name) < 0)
		return HEARTH_ENOTFOUND;
	log_warn("blob", "orphaned blob file restored: it is in use after all", "path", "%s", name,
		NULL);
	return blob_disk_open(f->fd, name);
}

static DIR *open_dir(struct blob_folder *f, const char *name);

int blob_folder_clear_litter(struct blob_folder *f, int64_t keep_ms, int *removed)
{
	DIR *d = open_dir(f, LITTER);
	int64_t before_s = (clock_wall_ms() - keep_ms) / 1000;
	struct stat st;
	int stay = 0;

	*removed = 0;
	if (!d)
		return 0;
	for (struct dirent *e; (e = readdir(d));) {
		if (e->d_name[0] == '.' || fstatat(dirfd(d), e->d_name, &st, 0) < 0)
			continue;
		if (st.st_mtime <= before_s && unlinkat(dirfd(d), e->d_name, 0) == 0)
			++*removed;
		else
			stay++;
	}
	closedir(d);
	return stay;
}

/* ---- which runs are over ---- */

/* The run that a name begins with, before `end`; false when the name is not one of ours. */
static bool run_of(const char *name, char end, uint64_t *run)
{
	unsigned char bytes[RUN_DIGITS / 2];

	if (strlen(name) < RUN_DIGITS || name[RUN_DIGITS] != end ||
		hex_decode(slice_of(name, RUN_DIGITS), bytes, sizeof(bytes)) < 0)
		return false;
	*run = 0;
	for (size_t i = 0; i < sizeof(bytes); i++)
		*run = *run << 8 | bytes[i];
	return true;
}

static void bury(struct blob_folder *f, const char *lock)
{
	int fd = openat(f->fd, lock, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return;
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		unlinkat(f->fd, lock, 0);
	close(fd);
}

/* A stream over a sub-folder ("." for DIR itself), or NULL. */
static DIR *open_dir(struct blob_folder *f, const char *name)
{
	int fd = openat(f->fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd >= 0 ? fdopendir(fd) : NULL;

	if (!d && fd >= 0)
		close(fd);
	return d;
}

void blob_folder_bury(struct blob_folder *f)
{
	DIR *d = open_dir(f, ".");
	uint64_t run;

	if (!d)
		return;
	for (struct dirent *e; (e = readdir(d));)
		if (strncmp(e->d_name, "run-", 4) == 0 && run_of(e->d_name + 4, 0, &run) &&
			run != f->run)
			bury(f, e->d_name);
	closedir(d);
}

static bool run_is_over(struct blob_folder *f, uint64_t run)
{
	char lock[BLOB_FILE_NAME];

	lock_name(lock, run);
	return faccessat(f->fd, lock, F_OK, 0) < 0 && errno == ENOENT;
}

int blob_folder_leftovers(struct blob_folder *f, int index, blob_folder_fn *each, void *arg)
{
	char sub[BLOB_FILE_NAME], name[BLOB_FILE_NAME];
	uint64_t run, asked = f->run;
	bool over = false; /* the run `asked` */
	int rc = 0;
	DIR *d;

	subfolder_name(sub, index);
	d = open_dir(f, sub);
	if (!d)
		return failed("cannot list a sub-folder", sub);
	for (struct dirent *e; rc == 0 && (e = readdir(d));) {
		if (!run_of(e->d_name, '-', &run) || strlen(e->d_name) >= BLOB_FILE_NAME - 3)
			continue;
		if (run != asked) {
			asked = run;
			over = run_is_over(f, run);
		}
		if (!over)
			continue;
		snprintf(name, sizeof(name), "%.2s/%.36s", sub, e->d_name);
		rc = each(arg, name);
	}
	closedir(d);
	return rc;
}
