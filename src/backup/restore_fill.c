/*
 * restore_fill.c: filling DATA/restore.part from a backup: files and blobs as they are, databases
 * from their chunks, each checked by its hash as it is written; what an interrupted restore has put
 * there already is checked and kept. On a command's main thread; PIECE bytes at a time.
 */
#include "backup/restore.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hearth/arena.h"
#include "hearth/error.h"
#include "hearth/log.h"

#define PIECE (256u << 10)

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
	return backup_say(what, "it is missing in the backup or damaged; nothing was put in place");
}

static int restore_file(struct restoring *t, const struct manifest_entry *e)
{
	char from[FILE_PATH_MAX], to[FILE_PATH_MAX], name[FILE_PATH_MAX], hex[FILE_HASH];
	bool blob = e->kind == MANIFEST_BLOB;
	uint64_t size;
	int rc;

	INVARIANT(blob || e->kind == MANIFEST_FILE);
	if (blob)
		manifest_blob(from, t->from, e->name);
	else
		manifest_object(from, t->from, e->hash);
	if (snprintf(name, sizeof(name), "%s%s", blob ? "blob/" : "", e->name) >=
			(int)sizeof(name) ||
		snprintf(to, sizeof(to), "%s/%s", t->staging, name) >= (int)sizeof(to))
		return backup_say(e->name, "the name is too long");
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

	INVARIANT(e->kind == MANIFEST_DB);
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

int restore_fill(struct restoring *t)
{
	struct manifest_reader r;
	struct manifest_entry e;
	int rc = restore_open_manifest(t, &r);

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

int restore_write_text(const struct restoring *t, const char *name, struct slice text)
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

/*
 * Ledger and the mark of the blobs' folder: the databases of the backup belong together. And the word for
 * whoever would do once more what was done since the backup (modules/mail/queue/restored.c).
 */
int restore_write_marks(struct restoring *t)
{
	struct strbuf ledger = { 0 };
	int rc = restore_write_text(t, "restored", SLICE("by hearth restore\n"));

	if (rc < 0 || !t->folder[0])
		return rc;
	strbuf_printf(&ledger, "hearth-data 1 %s%*s\n", t->folder,
		LEDGER_LINE - 14 - (int)strlen(t->folder) - 1, "");
	strbuf_add(&ledger, strbuf_slice(&t->ledger));
	rc = restore_write_text(t, LEDGER_FILE, strbuf_slice(&ledger));
	if (rc == 0)
		rc = restore_write_text(t, "blob/store-id", slice_str(t->folder));
	strbuf_free(&ledger);
	return rc;
}
