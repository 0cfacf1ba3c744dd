/*
 * files.c: the files of a backup: PIECE bytes at a time. A new file is written beside its place and
 * renamed, so it is there whole or not at all. On a command's main thread.
 */
#include "backup/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hearth/arena.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/log.h"

#define PIECE       (256u << 10)
#define BAR         24
#define PROGRESS_MS 100

struct hash {
	EVP_MD_CTX *ctx;
};

struct hash *hash_new(void)
{
	struct hash *h = mem_zalloc(sizeof(*h));

	h->ctx = EVP_MD_CTX_new();
	INVARIANT(h->ctx && EVP_DigestInit_ex(h->ctx, EVP_sha256(), NULL) == 1);
	return h;
}

void hash_add(struct hash *h, struct slice bytes)
{
	INVARIANT(EVP_DigestUpdate(h->ctx, bytes.p, bytes.n) == 1);
}

void hash_end(struct hash **hp, char hex[FILE_HASH])
{
	unsigned char sum[32];

	INVARIANT(EVP_DigestFinal_ex((*hp)->ctx, sum, NULL) == 1);
	hex_encode(sum, sizeof(sum), hex);
	EVP_MD_CTX_free((*hp)->ctx);
	free(*hp);
	*hp = NULL;
}

int file_failed(const char *what, const char *path)
{
	int why = errno;

	progress_end();
	fprintf(stderr, "hearth: %s %s: %s\n", what, path, strerror(why));
	return HEARTH_EIO;
}

int file_make_folders(const char *path)
{
	char part[FILE_PATH_MAX];
	size_t n = strlen(path);

	if (n >= sizeof(part)) {
		errno = ENAMETOOLONG;
		return file_failed("cannot make the folder", path);
	}
	for (size_t i = 1; i <= n; i++) {
		if (path[i] != '/' && path[i] != 0)
			continue;
		memcpy(part, path, i);
		part[i] = 0;
		if (mkdir(part, 0700) < 0 && errno != EEXIST)
			return file_failed("cannot make the folder", part);
	}
	return 0;
}

int file_make_parents(const char *path)
{
	char folder[FILE_PATH_MAX];
	const char *end = strrchr(path, '/');

	if (!end || end == path || (size_t)(end - path) >= sizeof(folder))
		return 0;
	memcpy(folder, path, (size_t)(end - path));
	folder[end - path] = 0;
	return file_make_folders(folder);
}

/* Reads from where `fd` stands, at most `length` bytes; hashes, and writes to `out` if that is >=
 * 0. */
static int pump(int fd, uint64_t length, int out, char hex[FILE_HASH], uint64_t *size)
{
	char *piece = mem_alloc(PIECE);
	struct hash *h = hash_new();
	ssize_t n = 0;
	int rc = 0;

	*size = 0;
	while (rc == 0 && *size < length) {
		uint64_t want = length - *size < PIECE ? length - *size : PIECE;

		n = read(fd, piece, (size_t)want);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		hash_add(h, slice_of(piece, (size_t)n));
		*size += (uint64_t)n;
		for (ssize_t at = 0, w; out >= 0 && at < n && rc == 0; at += w)
			if ((w = write(out, piece + at, (size_t)(n - at))) < 0)
				rc = -errno;
	}
	if (n < 0)
		rc = -errno;
	hash_end(&h, hex);
	free(piece);
	errno = rc < 0 ? -rc : 0;
	return rc < 0 ? HEARTH_EIO : 0;
}

int file_hash(const char *path, char hex[FILE_HASH], uint64_t *size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), rc;

	*size = 0;
	if (fd < 0)
		return errno == ENOENT ? HEARTH_ENOTFOUND : file_failed("cannot read", path);
	rc = pump(fd, UINT64_MAX, -1, hex, size);
	if (rc < 0)
		file_failed("cannot read", path);
	close(fd);
	return rc;
}

static int copy_to(int from, uint64_t length, const char *tmp, unsigned mode, char hex[FILE_HASH],
	uint64_t *size)
{
	char again[FILE_HASH];
	uint64_t n;
	int fd = open(tmp, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
	int rc = fd < 0 ? file_failed("cannot write", tmp) : pump(from, length, fd, hex, size);

	if (fd >= 0 && rc < 0)
		file_failed("cannot copy to", tmp);
	if (rc == 0 && (fchmod(fd, mode) < 0 || lseek(fd, 0, SEEK_SET) < 0))
		rc = file_failed("cannot write", tmp);
	if (rc == 0)
		rc = pump(fd, UINT64_MAX, -1, again, &n);
	if (rc == 0 && (n != *size || strcmp(again, hex) != 0)) {
		errno = EIO;
		rc = file_failed("what was written does not read back:", tmp);
	}
	if (fd >= 0)
		close(fd);
	return rc;
}

int file_copy(const char *from, uint64_t offset, uint64_t length, const char *to, unsigned mode,
	char hex[FILE_HASH], uint64_t *size)
{
	char tmp[FILE_PATH_MAX];
	int fd = open(from, O_RDONLY | O_CLOEXEC), rc;

	if (fd < 0)
		return errno == ENOENT ? HEARTH_ENOTFOUND : file_failed("cannot read", from);
	snprintf(tmp, sizeof(tmp), "%s.tmp", to);
	rc = lseek(fd, (off_t)offset, SEEK_SET) < 0 ? file_failed("cannot read", from) : 0;
	if (rc == 0)
		rc = copy_to(fd, length, tmp, mode, hex, size);
	close(fd);
	if (rc == 0 && rename(tmp, to) < 0)
		rc = file_failed("cannot write", to);
	if (rc < 0)
		unlink(tmp);
	return rc;
}

static int sync_with(const char *folder, int (*sync)(int fd))
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc = fd < 0 || sync(fd) < 0 ? file_failed("cannot sync", folder) : 0;

	if (fd >= 0)
		close(fd);
	return rc;
}

int file_sync_all(const char *folder)
{
	return sync_with(folder, syncfs);
}

int file_sync_folder(const char *folder)
{
	return sync_with(folder, fsync);
}

static int walk(const char *folder, const char *below, file_fn *each, void *arg)
{
	char path[FILE_PATH_MAX], name[FILE_PATH_MAX];
	struct stat st;
	int rc = 0;
	DIR *d;

	snprintf(path, sizeof(path), "%s/%s", folder, below);
	d = opendir(path);
	if (!d)
		return errno == ENOENT ? 0 : file_failed("cannot list", path);
	for (struct dirent *e; rc == 0 && (e = readdir(d));) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		if (snprintf(name, sizeof(name), "%s%s%s", below, *below ? "/" : "", e->d_name) >=
				(int)sizeof(name) ||
			fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		if (S_ISDIR(st.st_mode))
			rc = walk(folder, name, each, arg);
		else if (S_ISREG(st.st_mode))
			rc = each(arg, name);
	}
	closedir(d);
	return rc;
}

int file_walk(const char *folder, file_fn *each, void *arg)
{
	return walk(folder, "", each, arg);
}

/* ---- progress ---- */

static bool bar_stands;

void file_human(char *out, size_t room, uint64_t bytes)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB" };
	double v = (double)bytes;
	size_t u = 0;

	for (; v >= 1024 && u < 4; u++)
		v /= 1024;
	snprintf(out, room, u ? "%.1f %s" : "%.0f %s", v, units[u]);
}

void progress(const char *what, int64_t done, int64_t total, uint64_t bytes)
{
	static int64_t last_ms;
	char bar[BAR + 1], size[32];
	int64_t now = clock_mono_ms();
	int full = total > 0 ? (int)(done * BAR / total) : BAR;

	if (!isatty(STDERR_FILENO) || (done < total && now - last_ms < PROGRESS_MS))
		return;
	last_ms = now;
	for (int i = 0; i < BAR; i++)
		bar[i] = i < full ? '#' : '.';
	bar[BAR] = 0;
	file_human(size, sizeof(size), bytes);
	fprintf(stderr, "\r\033[K%-12s [%s] %lld/%lld  %s", what, bar, (long long)done,
		(long long)total, size);
	bar_stands = true;
}

void progress_end(void)
{
	if (bar_stands)
		fputs("\n", stderr);
	bar_stands = false;
}
