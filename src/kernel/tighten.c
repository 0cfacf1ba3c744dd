/*
 * tighten.c: the data folder is its owner's alone, whatever mode it had when it was made by hand or
 * by an earlier version, and so is what lies in it. The program's umask (cli.c) sees to what is
 * made from now on; this to what is there.
 *
 * Blob files are not looked at one by one: nobody gets to them through a closed folder. Other
 * people's files in the folder are left alone, too. On the main thread, at the start; it looks at
 * the entries of one folder, not below.
 */
#include "kernel/kernel.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hearth/log.h"

#define OTHERS 077 /* what nobody but the owner should have */

/* What we make at the top of the folder, and in its "tls". */
static bool is_ours(const char *name, bool folder)
{
	static const char *const endings[] = { ".db", ".db-wal", ".db-shm", ".db-journal", ".pem",
		".lock", ".key", ".json" };
	struct slice s = slice_str(name);

	if (folder)
		return slice_eq(s, SLICE("blob")) || slice_eq(s, SLICE("tls"));
	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
		struct slice end = slice_str(endings[i]);

		if (s.n > end.n && slice_eq(slice_skip(s, s.n - end.n), end))
			return true;
	}
	return false;
}

/* Takes the others' rights off one thing; true when it had any. */
static bool tighten_one(int dir_fd, const char *name, mode_t mode)
{
	if (!(mode & OTHERS))
		return false;
	if (fchmodat(dir_fd, name, mode & 0777 & ~OTHERS, 0) == 0)
		return true;
	log_warn("kernel", "permissions cannot be tightened: others may read data", "name", "%s",
		name, "why", "%s", strerror(errno), NULL);
	return false;
}

static int tighten_folder(int fd, bool below)
{
	DIR *dir = fdopendir(fd);
	struct dirent *e;
	int count = 0;

	if (!dir) {
		close(fd);
		return 0;
	}
	while ((e = readdir(dir))) {
		struct stat st;
		bool folder;

		if (e->d_name[0] == '.' ||
			fstatat(dirfd(dir), e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		folder = S_ISDIR(st.st_mode);
		if ((!folder && !S_ISREG(st.st_mode)) || !is_ours(e->d_name, folder))
			continue;
		count += tighten_one(dirfd(dir), e->d_name, st.st_mode);
		if (folder && !below && strcmp(e->d_name, "tls") == 0) {
			int tls = openat(dirfd(dir), e->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

			count += tls < 0 ? 0 : tighten_folder(tls, true);
		}
	}
	closedir(dir);
	return count;
}

void kernel_tighten_data_dir(const char *path)
{
	struct stat st;
	int count, fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &st) < 0) {
		if (fd >= 0)
			close(fd);
		return;
	}
	count = tighten_one(AT_FDCWD, path, st.st_mode);
	count += tighten_folder(fd, false);
	if (count > 0)
		log_info("kernel", "permissions tightened: others could read data", "path", "%s",
			path, "changed", "%d", count, NULL);
}
