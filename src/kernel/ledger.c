/*
 * ledger.c: the file DATA/ledger. A line is written in place and whole; one that is torn counts as
 * not there. Lines of databases that are not open now (their module is off) stay. On the main
 * thread, and each database's count is written by its own writer thread (db/identity.h).
 */
#include "kernel/ledger.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

#include "hearth/error.h"
#include "hearth/log.h"
#include "hearth/rand.h"

#define MAGIC    "hearth-data 1 "
#define NAME_END 40 /* where the number of a line begins */

static bool is_folder_id(struct slice s)
{
	unsigned char bytes[(IDENTITY_FOLDER - 1) / 2];

	return s.n == IDENTITY_FOLDER - 1 && hex_decode(s, bytes, sizeof(bytes)) == 0;
}

static void read_line(struct ledger *l, struct slice line)
{
	struct slice name = slice_trim(slice_head(line, NAME_END));
	struct slice number = slice_trim(slice_skip(line, NAME_END));
	struct ledger_entry *e = &l->entries[l->count];
	int64_t commits;

	if (l->count == LEDGER_DBS_MAX || name.n == 0 || name.n >= sizeof(e->name) ||
		slice_i64(number, 0, INT64_MAX, &commits) < 0)
		return;
	snprintf(e->name, sizeof(e->name), "%.*s", SLICE_ARG(name));
	e->commits = commits;
	l->count++;
}

int ledger_read(struct ledger *l)
{
	char text[(LEDGER_DBS_MAX + 1) * LEDGER_LINE];
	ssize_t n = pread(l->fd, text, sizeof(text), 0);
	struct slice rest = slice_of(text, n > 0 ? (size_t)n : 0), head, id;

	l->folder[0] = 0;
	l->count = 0;
	if (n < 0)
		return HEARTH_EIO;
	head = slice_head(rest, LEDGER_LINE);
	id = slice_trim(slice_skip(head, sizeof(MAGIC) - 1));
	if (n == 0)
		return 0;
	if (!slice_starts(head, SLICE(MAGIC)) || !is_folder_id(id))
		return HEARTH_ECORRUPT;
	snprintf(l->folder, sizeof(l->folder), "%.*s", SLICE_ARG(id));
	while ((rest = slice_skip(rest, LEDGER_LINE)).n >= LEDGER_LINE)
		read_line(l, slice_head(rest, LEDGER_LINE));
	return 0;
}

int ledger_open(struct ledger *l, const char *dir, struct strbuf *why)
{
	struct strbuf path = { 0 };
	int rc = 0;

	*l = (struct ledger){ .fd = -1 };
	strbuf_printf(&path, "%s/" LEDGER_FILE, dir);
	l->fd = open(path.p, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (l->fd < 0 || flock(l->fd, LOCK_EX) < 0) {
		strbuf_printf(why, "%s: %s", path.p, strerror(errno));
		rc = HEARTH_EIO;
	} else if ((rc = ledger_read(l)) < 0) {
		strbuf_printf(why, "%s: it is damaged; `hearth adopt` writes a new one", path.p);
	}
	strbuf_free(&path);
	return rc;
}

void ledger_unlock(struct ledger *l)
{
	if (l->fd >= 0)
		flock(l->fd, LOCK_UN);
}

void ledger_close(struct ledger *l)
{
	if (l->fd >= 0)
		close(l->fd);
	l->fd = -1;
}

const struct ledger_entry *ledger_find(const struct ledger *l, const char *name)
{
	for (size_t i = 0; i < l->count; i++)
		if (strcmp(l->entries[i].name, name) == 0)
			return &l->entries[i];
	return NULL;
}

/* ---- judging ---- */

/* With a ledger: a database against what was seen of it. */
static void judge_known(const struct ledger *l, const struct ledger_db *d, struct strbuf *damage)
{
	const struct ledger_entry *e = ledger_find(l, d->name);

	if (e && !d->existed)
		strbuf_printf(damage, "%s.db is missing\n", d->name);
	else if (!d->is.folder[0] && e)
		strbuf_printf(damage, "%s.db is empty, or was replaced by a new one\n", d->name);
	else if (d->is.folder[0] && strcmp(d->is.folder, l->folder) != 0)
		strbuf_printf(damage, "%s.db is from another data folder\n", d->name);
	else if (e && d->is.commits < e->commits)
		strbuf_printf(damage,
			"%s.db is older than this folder: its last %lld commits are missing (an "
			"older copy, or %s.db-wal was lost)\n",
			d->name, (long long)(e->commits - d->is.commits), d->name);
}

/* Without one: the databases against each other. */
static void judge_unknown(const struct ledger_db *dbs, size_t n, struct strbuf *damage)
{
	const char *folder = "";
	bool any = false;

	for (size_t i = 0; i < n; i++) {
		any |= dbs[i].existed;
		if (dbs[i].is.folder[0])
			folder = dbs[i].is.folder;
	}
	for (size_t i = 0; i < n; i++)
		if (any && !dbs[i].existed)
			strbuf_printf(damage, "%s.db is missing\n", dbs[i].name);
		else if (strcmp(dbs[i].is.folder, folder) != 0)
			strbuf_printf(damage, "%s.db is %s\n", dbs[i].name,
				dbs[i].is.folder[0] ? "from another data folder"
						    : "empty, or was replaced by a new one");
}

void ledger_judge(
	const struct ledger *l, const struct ledger_db *dbs, size_t n, struct strbuf *damage)
{
	if (!l->folder[0])
		judge_unknown(dbs, n, damage);
	else
		for (size_t i = 0; i < n; i++)
			judge_known(l, &dbs[i], damage);
}

/* ---- taking ---- */

static int write_line(const struct ledger *l, size_t index, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static int write_line(const struct ledger *l, size_t index, const char *format, ...)
{
	char line[LEDGER_LINE + 1];
	va_list ap;
	int n;

	memset(line, ' ', sizeof(line));
	va_start(ap, format);
	n = vsnprintf(line, LEDGER_LINE, format, ap);
	va_end(ap);
	INVARIANT(n >= 0 && n < LEDGER_LINE);
	line[n] = ' ';
	line[LEDGER_LINE - 1] = '\n';
	return pwrite(l->fd, line, LEDGER_LINE, (off_t)(index * LEDGER_LINE)) == LEDGER_LINE
		       ? 0
		       : HEARTH_EIO;
}

static int write_head(struct ledger *l, const struct ledger_db *dbs, size_t n, bool afresh)
{
	unsigned char bytes[(IDENTITY_FOLDER - 1) / 2];

	/* Databases that agree keep their id where only the ledger was lost. */
	for (size_t i = 0; i < n && !afresh && !l->folder[0]; i++)
		memcpy(l->folder, dbs[i].is.folder, sizeof(l->folder));
	if (l->folder[0] && !afresh)
		return write_line(l, 0, MAGIC "%s", l->folder);
	rand_bytes(bytes, sizeof(bytes));
	hex_encode(bytes, sizeof(bytes), l->folder);
	return write_line(l, 0, MAGIC "%s", l->folder);
}

int ledger_begin(struct ledger *l)
{
	int rc = write_head(l, NULL, 0, false);

	return rc == 0 && fsync(l->fd) < 0 ? HEARTH_EIO : rc;
}

static size_t place_of(struct ledger *l, const char *name)
{
	for (size_t i = 0; i < l->count; i++)
		if (strcmp(l->entries[i].name, name) == 0)
			return i;
	INVARIANT(l->count < LEDGER_DBS_MAX);
	snprintf(l->entries[l->count].name, sizeof(l->entries[0].name), "%s", name);
	return l->count++;
}

/* The head first: a database that bears an id is known to belong somewhere. */
int ledger_take(struct ledger *l, struct ledger_db *dbs, size_t n, bool afresh)
{
	int rc = 0;

	if (afresh) {
		l->count = 0;
		rc = ftruncate(l->fd, 0) < 0 ? HEARTH_EIO : 0;
	}
	if (rc == 0 && (afresh || !l->folder[0]))
		rc = write_head(l, dbs, n, afresh);
	for (size_t i = 0; i < n && rc == 0; i++) {
		size_t at = place_of(l, dbs[i].name);

		if (strcmp(dbs[i].is.folder, l->folder) != 0)
			rc = identity_set_folder(dbs[i].db, l->folder);
		if (rc == 0)
			rc = write_line(l, at + 1, "%-*s%0*lld", NAME_END, dbs[i].name,
				IDENTITY_NOTE, (long long)dbs[i].is.commits);
		identity_note_in(dbs[i].db, l->fd, (int64_t)((at + 1) * LEDGER_LINE) + NAME_END);
	}
	if (rc == 0 && fsync(l->fd) < 0)
		rc = HEARTH_EIO;
	return rc;
}
