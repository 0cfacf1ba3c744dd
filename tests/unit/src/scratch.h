/*
 * scratch.h: a folder of a test's own under TMPDIR, removed with all that is in it when the
 * program ends.
 */
#ifndef HEARTH_TESTS_SCRATCH_H
#define HEARTH_TESTS_SCRATCH_H

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char scratch_dir[256]; /* empty: there is none */
static pid_t scratch_owner;   /* a child that was forked off does not remove it */

static inline int scratch_unlink(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st;
	(void)kind;
	(void)ftw;
	return remove(path);
}

static inline void scratch_remove(void)
{
	if (scratch_dir[0] && scratch_owner == getpid())
		nftw(scratch_dir, scratch_unlink, 16, FTW_DEPTH | FTW_PHYS);
	scratch_dir[0] = '\0';
}

/* A new empty folder; the one before is removed. */
static inline const char *scratch_new(void)
{
	const char *tmp = getenv("TMPDIR");

	scratch_remove();
	if (scratch_owner != getpid())
		atexit(scratch_remove);
	scratch_owner = getpid();
	snprintf(scratch_dir, sizeof(scratch_dir), "%s/hearth-test-XXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(scratch_dir))
		abort();
	return scratch_dir;
}

#endif
