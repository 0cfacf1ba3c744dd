/*
 * embedded.h: an embedded blob store in a folder of its own, for the tests of it. Nothing of Check
 * is used, so that a child process that runs no test may use it too.
 */
#ifndef HEARTH_TESTS_BLOB_EMBEDDED_H
#define HEARTH_TESTS_BLOB_EMBEDDED_H

#include <dirent.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "blob/blob_internal.h"
#include "db/database.h"
#include "hearth/log.h"
#include "loop/loop.h"

static struct {
	char dir[64];
	struct db *db;
	struct pool *pool;
	int threads, queue_max;      /* of the pool */
	struct blob_options options; /* the defaults while there is no grace */
} embedded = { .threads = 4, .queue_max = 4096 };

/* Opens a store in `embedded.dir`. */
static inline struct blob_store *embedded_open_dir(void)
{
	struct blob_store *s;
	struct strbuf why = { 0 };

	loop_init();
	embedded.pool = pool_new("io", embedded.threads, embedded.queue_max);
	INVARIANT(db_open(embedded.dir, blob_schema(), &embedded.db, &why) == 0);
	INVARIANT(blob_store_open(embedded.dir, embedded.db, embedded.pool,
			  embedded.options.grace_ms ? &embedded.options : NULL, &s) == 0);
	strbuf_free(&why);
	return s;
}

static inline struct blob_store *embedded_open(void)
{
	snprintf(embedded.dir, sizeof(embedded.dir), "/tmp/hearth-blob-XXXXXX");
	INVARIANT(mkdtemp(embedded.dir));
	return embedded_open_dir();
}

static inline int embedded_idle(void *s)
{
	return !blob_store_busy(s);
}

static inline void embedded_shut(struct blob_store **s)
{
	INVARIANT(loop_run_until(embedded_idle, *s, 10000));
	blob_store_close(s);
	INVARIANT(!*s);
	pool_free(&embedded.pool);
	db_close(&embedded.db);
}

static inline void embedded_reopen(struct blob_store **s)
{
	embedded_shut(s);
	*s = embedded_open_dir();
}

static inline int embedded_remove_entry(
	const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

static inline void embedded_remove(void)
{
	nftw(embedded.dir, embedded_remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

static inline void embedded_close(struct blob_store **s)
{
	embedded_shut(s);
	embedded_remove();
}

static char embedded_found[512];
static int embedded_count;

static inline int embedded_count_entry(
	const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	if (type != FTW_F || strncmp(path + at->base, "run-", 4) == 0 ||
		strcmp(path + at->base, "store-id") == 0 || strstr(path, "/litter/"))
		return 0;
	snprintf(embedded_found, sizeof(embedded_found), "%s", path);
	embedded_count++;
	return 0;
}

/* How many large blobs' files there are; the path of one of them is in embedded_found. */
static inline int embedded_files(void)
{
	char dir[128];

	snprintf(dir, sizeof(dir), "%s/blob", embedded.dir);
	embedded_count = 0;
	nftw(dir, embedded_count_entry, 16, FTW_PHYS);
	return embedded_count;
}

#endif
