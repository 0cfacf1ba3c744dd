/*
 * take_blobs.c: the large blobs of a backup: those that the copy of blob.db names, each checked as
 * it is copied, unless the backup that stands has it already. Both are read in the order of the
 * files' names, so that neither is held in memory. On a command's main thread.
 */
#include "backup/take.h"

#include <sys/stat.h>
#include <unistd.h>

#include "blob/check.h"
#include "hearth/error.h"

/* What stands is of the same data; it ends before the first of its blobs. */
int take_open_before(struct taking *t, const char *folder)
{
	int rc = manifest_open(&t->before, t->dest, NULL);

	if (rc == HEARTH_ECORRUPT)
		backup_say(t->dest,
			"the backup that stood here is damaged; everything is copied anew");
	while (rc == 0 && manifest_next(&t->before, &t->old) > 0) {
		if (t->old.kind == MANIFEST_FOLDER && folder[0] && strcmp(t->old.name, folder) != 0)
			return backup_say(t->dest, "it holds the backup of another data folder");
		t->old_there = t->old.kind == MANIFEST_BLOB;
		if (t->old_there)
			break;
	}
	return 0;
}

/* Whether the backup that stands has this file, with its size and hash. */
static bool is_there(struct taking *t, struct manifest_entry *e)
{
	char path[FILE_PATH_MAX];
	struct stat st;

	while (t->old_there && strcmp(t->old.name, e->name) < 0)
		t->old_there = manifest_next(&t->before, &t->old) > 0;
	if (!t->old_there || strcmp(t->old.name, e->name) != 0)
		return false;
	manifest_blob(path, t->dest, e->name);
	if (stat(path, &st) < 0 || (uint64_t)st.st_size != t->old.size)
		return false;
	*e = t->old;
	return true;
}

/* A name of ours: it becomes a path. */
static bool is_blob_name(const char *name)
{
	return strlen(name) > 3 && name[2] == '/' && !strstr(name, "..") && !strchr(name + 3, '/');
}

static int put_blob(struct taking *t, struct blob_checker *checker, const struct blob_row *row)
{
	char from[2 * FILE_PATH_MAX], to[FILE_PATH_MAX];
	struct manifest_entry e = { .kind = MANIFEST_BLOB };
	int rc = is_blob_name(row->file) ? 0 : HEARTH_ECORRUPT;

	snprintf(e.name, sizeof(e.name), "%s", row->file);
	if (rc == 0 && !is_there(t, &e)) {
		rc = blob_check(checker, row);
		snprintf(from, sizeof(from), "%s/blob/%s", t->source->data, row->file);
		manifest_blob(to, t->dest, row->file);
		if (rc == 0)
			rc = take_room_left(t, row->info.size);
		if (rc == 0)
			rc = file_make_parents(to);
		if (rc == 0)
			rc = file_copy(from, 0, UINT64_MAX, to, 0600, e.hash, &e.size);
		t->copied += rc == 0 ? e.size : 0;
	}
	if (rc == HEARTH_ECORRUPT || rc == HEARTH_ENOTFOUND) {
		progress_end();
		fprintf(stderr,
			"hearth: the blob %s is %s (file blob/%s); it is not in the backup\n",
			row->info.key, rc == HEARTH_ECORRUPT ? "damaged" : "missing", row->file);
		t->damaged++;
		return 0;
	}
	if (rc == 0) {
		t->total += e.size;
		manifest_add(&t->manifest, &e);
	}
	return rc;
}

static bool read_row(struct db_rows *rows, struct blob_row *row)
{
	struct slice hash = db_col_bytes(rows, 2);

	memset(row, 0, sizeof(*row));
	snprintf(row->file, sizeof(row->file), "%.*s", SLICE_ARG(db_col_text(rows, 0)));
	row->info.size = (uint64_t)db_col_int(rows, 1);
	snprintf(row->info.key, sizeof(row->info.key), "%.*s", SLICE_ARG(db_col_text(rows, 3)));
	if (hash.n == BLOB_HASH)
		memcpy(row->hash, hash.p, BLOB_HASH);
	return row->file[0];
}

struct putting {
	struct taking *t;
	struct blob_checker *checker;
	int64_t total;
};

static int put_row(struct db_rows *rows, void *arg)
{
	const struct putting *p = arg;
	struct taking *t = p->t;
	struct blob_row row;
	int rc = 0;

	if (read_row(rows, &row))
		rc = put_blob(t, p->checker, &row);
	progress("blobs", ++t->blobs, p->total, t->copied);
	return rc == 0 ? backup_hold_go_on(&t->hold) : rc;
}

static int put_rows(struct taking *t, struct db_tx *copy)
{
	struct putting p = { .t = t };
	int rc = blob_checker_new(t->source->data, &p.checker);

	if (rc < 0)
		return rc;
	rc = db_get_int(copy, &p.total, "SELECT count(*) FROM blob WHERE file IS NOT NULL");
	if (rc == 0)
		rc = db_each(copy, put_row, &p,
			"SELECT file, size, hash, key FROM blob WHERE file IS NOT NULL"
			" ORDER BY file");
	blob_checker_free(&p.checker);
	return rc;
}

int take_blobs(struct taking *t)
{
	char path[FILE_PATH_MAX];
	struct strbuf why = { 0 };
	struct db_tx copy;
	int rc;

	snprintf(path, sizeof(path), "%s/tmp/blob.db", t->dest);
	rc = cut_open_copy(path, &copy, &why);
	rc = rc == 0 ? put_rows(t, &copy) : backup_say(path, why.p);
	cut_close(&copy);
	strbuf_free(&why);
	unlink(path);
	return rc;
}
