/*
 * engine.c: the engine of objects that are files (objects.h): file.c and folder.c behind the table,
 * and the mark, which is the file "store-id". Blocks: workers, and start.
 */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "blob/files/disk.h"
#include "blob/files/file.h"
#include "blob/files/folder.h"
#include "blob/objects.h"
#include "hearth/error.h"

#define MARK_FILE "store-id"

_Static_assert(BLOB_OBJECT_NAME == BLOB_FILE_NAME, "a file's name is an object's");
_Static_assert(BLOB_SHELVES == BLOB_SUBFOLDERS, "a sub-folder is a shelf");

static int open_files(const char *place, void **state)
{
	struct strbuf dir = { 0 };
	struct blob_folder *folder = NULL;
	int rc;

	strbuf_printf(&dir, "%s/blob", place);
	rc = blob_folder_open(dir.p, &folder);
	strbuf_free(&dir);
	*state = folder;
	return rc;
}

static void close_files(void *state)
{
	struct blob_folder *folder = state;

	blob_folder_close(&folder);
}

/* ---- objects ---- */

static int create(void *state, struct blob_codecs *codecs, bool text, void **object)
{
	struct blob_file *f = NULL;
	int rc = blob_file_create(state, codecs, text, &f);

	*object = f;
	return rc;
}

static int add(void *object, struct slice bytes)
{
	return blob_file_add(object, bytes);
}

static int end(
	void *object, char name[BLOB_OBJECT_NAME], uint64_t *size, unsigned char hash[BLOB_HASH])
{
	return blob_file_end(object, name, size, hash);
}

static void leave(void *object)
{
	struct blob_file *f = object;

	blob_file_close(&f);
}

static void abort_file(void *object)
{
	struct blob_file *f = object;

	blob_file_abort(&f);
}

static int read_file(void *state, struct blob_codecs *codecs, const char *name, uint64_t size,
	uint64_t offset, size_t length, struct buf **out)
{
	return blob_file_read(state, codecs, name, size, offset, length, out);
}

static bool has(void *state, const char *name)
{
	return faccessat(blob_folder_fd(state), name, F_OK, 0) == 0;
}

static void remove_file(void *state, const char *name)
{
	blob_folder_remove(state, name);
}

/* ---- litter ---- */

static void bury(void *state)
{
	blob_folder_bury(state);
}

static int leftovers(void *state, int shelf, blob_object_fn *each, void *arg)
{
	return blob_folder_leftovers(state, shelf, each, arg);
}

static int set_aside(void *state, const char *name)
{
	return blob_folder_set_aside(state, name);
}

static int clear_aside(void *state, int64_t keep_ms, int *removed)
{
	return blob_folder_clear_litter(state, keep_ms, removed);
}

/* ---- the mark ---- */

static int read_mark(void *state, char mark[BLOB_MARK])
{
	int fd = blob_disk_open(blob_folder_fd(state), MARK_FILE);
	ssize_t n;

	mark[0] = 0;
	if (fd < 0)
		return fd == HEARTH_ENOTFOUND ? 0 : fd;
	n = read(fd, mark, BLOB_MARK - 1);
	close(fd);
	mark[n > 0 ? n : 0] = 0;
	return n < 0 ? HEARTH_EIO : 0;
}

/* In its place at once and whole: the name of a new file is synced with its folder. */
static int write_mark(void *state, const char *mark)
{
	int dir = blob_folder_fd(state), fd, rc;

	unlinkat(dir, MARK_FILE ".new", 0);
	fd = blob_disk_create(dir, MARK_FILE ".new");
	if (fd < 0)
		return fd;
	rc = blob_disk_write(fd, slice_str(mark));
	if (rc == 0)
		rc = blob_disk_sync(fd);
	close(fd);
	if (rc == 0 && renameat(dir, MARK_FILE ".new", dir, MARK_FILE) < 0)
		rc = HEARTH_EIO;
	return rc < 0 ? rc : blob_disk_sync_folder(dir, ".");
}

const struct blob_engine blob_files = {
	.open = open_files,
	.close = close_files,
	.create = create,
	.add = add,
	.end = end,
	.leave = leave,
	.abort = abort_file,
	.read = read_file,
	.has = has,
	.remove = remove_file,
	.bury = bury,
	.leftovers = leftovers,
	.set_aside = set_aside,
	.clear_aside = clear_aside,
	.read_mark = read_mark,
	.write_mark = write_mark,
};
