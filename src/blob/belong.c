/*
 * belong.c: whether the table of blobs and the folder of their files are of one store. A table that
 * was lost or made anew names no file, and the sweep would take all of them for litter; a folder
 * that is not mounted has none, and new blobs would come to lie where nobody finds them again.
 *
 * The folder bears the id of the table's data folder (db/identity.h) in the file "store-id". Where
 * it bears none, it is new, or an older program's, and then it must fit what the table names. On
 * the main thread, when the store is opened.
 */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "blob/files/disk.h"
#include "blob/store.h"
#include "db/identity.h"
#include "hearth/error.h"
#include "hearth/log.h"

#define ID_FILE "store-id"
#define SAMPLE  32 /* files that are looked for */

struct sample {
	char files[SAMPLE][BLOB_FILE_NAME];
	int named; /* by the newest rows */
	int there; /* of these, in the folder */
};

static int read_names(struct db_tx *tx, void *arg)
{
	struct sample *s = arg;

	s->named = blob_row_newest_files(tx, s->files, SAMPLE);
	return s->named < 0 ? s->named : 0;
}

/* The id that the folder bears; "" for none. */
static int read_id(struct blob_store *s, char id[IDENTITY_FOLDER])
{
	int fd = blob_disk_open(blob_folder_fd(s->folder), ID_FILE);
	ssize_t n;

	id[0] = 0;
	if (fd < 0)
		return fd == HEARTH_ENOTFOUND ? 0 : fd;
	n = read(fd, id, IDENTITY_FOLDER - 1);
	close(fd);
	id[n > 0 ? n : 0] = 0;
	return n < 0 ? HEARTH_EIO : 0;
}

/* In its place at once and whole: the name of a new file is synced with its folder. */
static int write_id(struct blob_store *s, const char *id)
{
	int dir = blob_folder_fd(s->folder), fd, rc;

	unlinkat(dir, ID_FILE ".new", 0);
	fd = blob_disk_create(dir, ID_FILE ".new");
	if (fd < 0)
		return fd;
	rc = blob_disk_write(fd, slice_str(id));
	if (rc == 0)
		rc = blob_disk_sync(fd);
	close(fd);
	if (rc == 0 && renameat(dir, ID_FILE ".new", dir, ID_FILE) < 0)
		rc = HEARTH_EIO;
	return rc < 0 ? rc : blob_disk_sync_folder(dir, ".");
}

static int is_there(void *arg, const char *name)
{
	(void)arg;
	(void)name;
	return 1;
}

static bool has_files(struct blob_store *s)
{
	for (int i = 0; i < BLOB_SUBFOLDERS; i++)
		if (blob_folder_leftovers(s->folder, i, is_there, NULL) != 0)
			return true;
	return false;
}

static int refuse(const char *why)
{
	log_error("blob", "the table of blobs and the folder of their files do not belong together",
		"found", "%s", why, NULL);
	log_error("blob",
		"nothing was started or removed; is the disk mounted? restore what is missing from "
		"a backup, or, if what is there is all there is, run `hearth adopt`",
		NULL);
	return HEARTH_ECONFLICT;
}

/* A folder without an id must fit the table. */
static int judge_unmarked(struct blob_store *s, const char *id)
{
	struct sample names = { .there = 0 };
	int rc = db_read_wait(s->db, read_names, &names);

	if (rc < 0)
		return rc;
	for (int i = 0; i < names.named; i++)
		names.there += faccessat(blob_folder_fd(s->folder), names.files[i], F_OK, 0) == 0;
	if (names.named > 0 && 2 * names.there < names.named)
		return refuse("blob.db names files that are not in the folder blob");
	if (names.named == 0 && has_files(s))
		return refuse("the folder blob has files, and blob.db names none");
	return write_id(s, id);
}

int blob_belong(struct blob_store *s)
{
	char id[IDENTITY_FOLDER];
	struct identity table;
	int rc = identity_read(s->db, &table);

	if (rc < 0 || !table.folder[0])
		return rc;
	rc = read_id(s, id);
	if (rc < 0 || strcmp(id, table.folder) == 0)
		return rc;
	if (s->options.adopt)
		return write_id(s, table.folder);
	if (id[0])
		return refuse("the folder blob is of another data folder than blob.db");
	return judge_unmarked(s, table.folder);
}
