/*
 * manifest.c: writing and reading the manifest of a backup, a line at a time: a backup of a million
 * blobs needs no more memory than one of ten. Lines are bounded by LINE_MAX_BYTES; one that is
 * longer, or torn, makes the manifest none. On a command's main thread.
 */
#include "backup/manifest.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "hearth/error.h"
#include "hearth/log.h"

#define HEAD           "hearth backup 1\n"
#define LINE_MAX_BYTES (FILE_PATH_MAX + 200)

/* ---- writing ---- */

static void put(struct manifest_writer *w, struct slice line)
{
	hash_add(w->hash, line);
	fwrite(line.p, 1, line.n, w->f); /* errors are asked for at the end */
}

int manifest_begin(struct manifest_writer *w, const char *dir)
{
	char tmp[FILE_PATH_MAX + 8];

	INVARIANT(!w->f);
	snprintf(w->path, sizeof(w->path), "%s/" MANIFEST, dir);
	snprintf(tmp, sizeof(tmp), "%s.new", w->path);
	w->f = fopen(tmp, "we");
	if (!w->f)
		return file_failed("cannot write", tmp);
	w->hash = hash_new();
	put(w, SLICE(HEAD));
	return 0;
}

void manifest_add(struct manifest_writer *w, const struct manifest_entry *e)
{
	struct strbuf line = { 0 };

	INVARIANT(w->f && w->hash);
	switch (e->kind) {
	case MANIFEST_FOLDER: strbuf_printf(&line, "folder %s\n", e->name); break;
	case MANIFEST_BEGAN: strbuf_printf(&line, "began %" PRId64 "\n", e->number); break;
	case MANIFEST_FILE:
		strbuf_printf(&line, "file %" PRId64 " %" PRIu64 " %s %s\n", e->number, e->size,
			e->hash, e->name);
		break;
	case MANIFEST_DB:
		strbuf_printf(&line, "db %" PRId64 " %" PRIu64 " %s %s\n", e->number, e->size,
			e->hash, e->name);
		break;
	case MANIFEST_CHUNK: strbuf_printf(&line, "chunk %s\n", e->hash); break;
	case MANIFEST_BLOB:
		strbuf_printf(&line, "blob %" PRIu64 " %s %s\n", e->size, e->hash, e->name);
		break;
	}
	put(w, strbuf_slice(&line));
	strbuf_free(&line);
}

int manifest_end(struct manifest_writer *w)
{
	char hex[FILE_HASH], tmp[FILE_PATH_MAX + 8], dir[FILE_PATH_MAX];
	bool bad;

	INVARIANT(w->f && w->hash);
	hash_end(&w->hash, hex);
	fprintf(w->f, "end %s\n", hex);
	bad = fflush(w->f) != 0 || fsync(fileno(w->f)) < 0;
	bad |= fclose(w->f) != 0;
	w->f = NULL;
	snprintf(tmp, sizeof(tmp), "%s.new", w->path);
	if (bad || rename(tmp, w->path) < 0)
		return file_failed("cannot write", w->path);
	snprintf(dir, sizeof(dir), "%.*s", (int)(strlen(w->path) - sizeof(MANIFEST)), w->path);
	return file_sync_folder(dir);
}

void manifest_abort(struct manifest_writer *w)
{
	char hex[FILE_HASH], tmp[FILE_PATH_MAX + 8];

	if (!w->f)
		return;
	fclose(w->f);
	w->f = NULL;
	hash_end(&w->hash, hex);
	snprintf(tmp, sizeof(tmp), "%s.new", w->path);
	unlink(tmp);
}

/* ---- reading ---- */

/* Whether it ends with the hash of all that stands before. */
static int check(FILE *f)
{
	char line[LINE_MAX_BYTES], hex[FILE_HASH];
	struct hash *h = hash_new();
	bool whole = false, first = true, head = false;

	while (!whole && fgets(line, sizeof(line), f)) {
		if (first)
			head = strcmp(line, HEAD) == 0;
		first = false;
		whole = strncmp(line, "end ", 4) == 0;
		if (!whole)
			hash_add(h, slice_str(line));
	}
	hash_end(&h, hex);
	whole = head && whole && strlen(line) == 4 + FILE_HASH &&
		strncmp(line + 4, hex, FILE_HASH - 1) == 0;
	rewind(f);
	return whole ? 0 : HEARTH_ECORRUPT;
}

int manifest_open(struct manifest_reader *r, const char *dir, const char *name)
{
	char path[FILE_PATH_MAX];
	int rc;

	snprintf(path, sizeof(path), "%s/" MANIFEST "%s%s", dir, name ? "-" : "", name ? name : "");
	r->f = fopen(path, "re");
	if (!r->f)
		return errno == ENOENT || errno == ENOTDIR ? HEARTH_ENOTFOUND : HEARTH_EIO;
	rc = check(r->f);
	if (rc < 0)
		manifest_close(r);
	return rc;
}

static int64_t take_number(struct slice *rest)
{
	int64_t n = 0;

	slice_i64(slice_split(rest, ' '), 0, INT64_MAX, &n);
	return n;
}

static void take_hash(struct slice *rest, struct manifest_entry *e)
{
	struct slice hash = slice_split(rest, ' ');

	snprintf(e->hash, sizeof(e->hash), "%.*s", SLICE_ARG(hash));
}

static bool parse(struct slice line, struct manifest_entry *e)
{
	struct slice word = slice_split(&line, ' ');

	memset(e, 0, offsetof(struct manifest_entry, name) + 1);
	if (slice_eq(word, SLICE("folder"))) {
		e->kind = MANIFEST_FOLDER;
	} else if (slice_eq(word, SLICE("began"))) {
		e->kind = MANIFEST_BEGAN;
		e->number = take_number(&line);
	} else if (slice_eq(word, SLICE("file")) || slice_eq(word, SLICE("db"))) {
		e->kind = word.n == 2 ? MANIFEST_DB : MANIFEST_FILE;
		e->number = take_number(&line);
		e->size = (uint64_t)take_number(&line);
		take_hash(&line, e);
	} else if (slice_eq(word, SLICE("chunk"))) {
		e->kind = MANIFEST_CHUNK;
		take_hash(&line, e);
	} else if (slice_eq(word, SLICE("blob"))) {
		e->kind = MANIFEST_BLOB;
		e->size = (uint64_t)take_number(&line);
		take_hash(&line, e);
	} else {
		return false;
	}
	snprintf(e->name, sizeof(e->name), "%.*s", SLICE_ARG(line));
	return true;
}

int manifest_next(struct manifest_reader *r, struct manifest_entry *e)
{
	char line[LINE_MAX_BYTES];

	while (r->f && fgets(line, sizeof(line), r->f)) {
		struct slice s = slice_str(line);

		if (s.n > 0 && s.p[s.n - 1] == '\n')
			s.n--;
		if (slice_starts(s, SLICE("end ")))
			return 0;
		if (parse(s, e))
			return 1;
	}
	return 0;
}

void manifest_close(struct manifest_reader *r)
{
	if (r->f)
		fclose(r->f);
	r->f = NULL;
}

void manifest_object(char out[FILE_PATH_MAX], const char *dir, const char *hash)
{
	snprintf(out, FILE_PATH_MAX, "%s/objects/%.2s/%s", dir, hash, hash);
}

void manifest_blob(char out[FILE_PATH_MAX], const char *dir, const char *name)
{
	snprintf(out, FILE_PATH_MAX, "%s/blob/%s", dir, name);
}
