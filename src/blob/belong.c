/*
 * belong.c: whether the table of blobs and the folder of their files are of one store. A table that
 * was lost or made anew names no file, and the sweep would take all of them for litter; a folder
 * that is not mounted has none, and new blobs would come to lie where nobody finds them again.
 *
 * The folder bears the id of the table's data folder (db/identity.h) in the file "store-id". Where
 * it bears none, it is new, or an older program's, and then it must fit what the table names: of
 * that SAMPLE files are looked for. On the main thread, when the store is opened.
 */
#include "blob/store.h"
#include "db/identity.h"
#include "hearth/error.h"
#include "hearth/log.h"

#define SAMPLE 32 /* files that are looked for */

struct sample {
	char files[SAMPLE][BLOB_OBJECT_NAME];
	int named; /* by the newest rows */
	int there; /* of these, in the folder */
};

static int read_names(struct db_tx *tx, void *arg)
{
	struct sample *s = arg;

	s->named = blob_row_newest_files(tx, s->files, SAMPLE);
	return s->named < 0 ? s->named : 0;
}

static int is_there(void *arg, const char *name)
{
	(void)arg;
	(void)name;
	return 1;
}

static bool has_files(struct blob_store *s)
{
	for (int i = 0; i < BLOB_SHELVES; i++)
		if (s->engine->leftovers(s->objects, i, is_there, NULL) != 0)
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
		names.there += s->engine->has(s->objects, names.files[i]);
	if (names.named > 0 && 2 * names.there < names.named)
		return refuse("blob.db names files that are not in the folder blob");
	if (names.named == 0 && has_files(s))
		return refuse("the folder blob has files, and blob.db names none");
	return s->engine->write_mark(s->objects, id);
}

int blob_belong(struct blob_store *s)
{
	char id[BLOB_MARK];
	struct identity table;
	int rc = identity_read(s->db, &table);

	if (rc < 0 || !table.folder[0])
		return rc;
	rc = s->engine->read_mark(s->objects, id);
	if (rc < 0 || strcmp(id, table.folder) == 0)
		return rc;
	if (s->options.adopt)
		return s->engine->write_mark(s->objects, table.folder);
	if (id[0])
		return refuse("the folder blob is of another data folder than blob.db");
	return judge_unmarked(s, table.folder);
}
