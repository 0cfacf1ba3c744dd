/*
 * look.c: looking at a backup: whether every file that its manifest names is there and whole. On a
 * command's main thread.
 */
#include "backup/restore.h"

#include "backup/generations.h"

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

static void list_earlier(const char *dir)
{
	struct generations g;

	generations_list(dir, &g);
	for (size_t i = 0; i < g.count; i++)
		printf("%s: an earlier one is %s (--of %s)\n", dir, g.names[i], g.names[i]);
}

int backup_verify(const char *dir, const char *of)
{
	struct restoring t = { .from = dir, .of = of };
	struct manifest_reader r = { .f = NULL };
	struct manifest_entry e;
	int rc = restore_survey(&t);

	if (rc == 0)
		rc = restore_open_manifest(&t, &r);
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
	if (!of)
		list_earlier(dir);
	return rc == 0 && t.bad == 0 ? 0 : 1;
}
