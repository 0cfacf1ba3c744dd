/*
 * hold.c: what backup, restore and verify share: the databases of a folder, the hold on its blobs,
 * saying what went wrong. On a command's main thread.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "backup/backup.h"
#include "backup/files.h"
#include "db/cut.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "hearth/rand.h"

int backup_say(const char *what, const char *why)
{
	progress_end();
	fprintf(stderr, "hearth: %s%s%s\n", what, why && *why ? ": " : "", why ? why : "");
	return HEARTH_EINVAL;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

int backup_list_dbs(const char *data, struct backup_dbs *out)
{
	DIR *d = opendir(data);

	out->count = 0;
	if (!d)
		return file_failed("cannot list the data folder", data);
	for (struct dirent *e; (e = readdir(d));) {
		size_t n = strlen(e->d_name);

		if (n > 3 && n < sizeof(out->names[0]) + 3 && out->count < BACKUP_DBS_MAX &&
			strcmp(e->d_name + n - 3, ".db") == 0)
			snprintf(out->names[out->count++], sizeof(out->names[0]), "%.*s",
				(int)(n - 3), e->d_name);
	}
	closedir(d);
	qsort(out->names, out->count, sizeof(out->names[0]), by_name);
	for (size_t i = 0; i < out->count; i++)
		out->list[i] = out->names[i];
	return 0;
}

static int set(struct backup_hold *h, int64_t until_ms)
{
	struct strbuf why = { 0 };
	int rc = cut_hold_blobs(h->data, h->id, until_ms, &why);

	if (rc < 0)
		fprintf(stderr, "hearth: cannot hold the blobs: %s\n", why.p ? why.p : "");
	strbuf_free(&why);
	return rc;
}

int backup_hold_begin(struct backup_hold *h, const char *data)
{
	*h = (struct backup_hold){ .data = data, .id = (int64_t)(rand_u64() >> 1) };
	return backup_hold_go_on(h);
}

int backup_hold_go_on(struct backup_hold *h)
{
	int64_t now = clock_wall_ms();

	INVARIANT(h->data);
	if (now < h->next_ms)
		return 0;
	h->next_ms = now + BACKUP_HOLD_RENEW;
	return set(h, now + BACKUP_HOLD_MS);
}

void backup_hold_end(struct backup_hold *h)
{
	if (h->id)
		set(h, 0);
	h->id = 0;
}
