/*
 * driver_file.c: messages as lines of a file, for development: one JSON object each, on disk before
 * the message counts as sent.
 *
 * An attempt after the first looks whether its line is there already. A line that a crash cut off
 * has no end and counts as none; the next one starts on a line of its own.
 *
 * On a worker of "net".
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/json.h"
#include "hearth/log.h"
#include "sms/sms_private.h"

#define LOOK_BACK (1 << 20) /* bytes of the end of the file that are searched */

static int open_file(const struct sms *s)
{
	return open(s->file, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
}

/* A new file is there after a loss of power only when its folder is on disk as well. */
static int sync_folder(const char *path)
{
	const char *slash = strrchr(path, '/');
	char dir[4096];
	int fd, rc;

	snprintf(dir, sizeof(dir), "%.*s", slash ? (int)(slash - path) + 1 : 1, slash ? path : ".");
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	rc = fsync(fd);
	close(fd);
	return rc;
}

int sms_file_open(const struct sms *s)
{
	int fd = open_file(s);

	if (fd < 0 || sync_folder(s->file) < 0) {
		log_error("sms", "[auth] sms_file cannot be written", "file", "%s", s->file, "why",
			"%s", strerror(errno), NULL);
		if (fd >= 0)
			close(fd);
		return HEARTH_EIO;
	}
	close(fd);
	return 0;
}

/* The end of the file. */
static int read_tail(int fd, struct arena *a, struct slice *out)
{
	struct stat st;
	off_t from;
	size_t n = 0, want;
	char *bytes;

	if (fstat(fd, &st) < 0)
		return -1;
	from = st.st_size > LOOK_BACK ? st.st_size - LOOK_BACK : 0;
	want = (size_t)(st.st_size - from);
	bytes = arena_alloc(a, want);
	while (n < want) {
		ssize_t got = pread(fd, bytes + n, want - n, from + (off_t)n);

		if (got < 0)
			return -1;
		if (got == 0)
			break;
		n += (size_t)got;
	}
	*out = slice_of(bytes, n);
	return 0;
}

static bool has_line(struct slice tail, const char *name, struct arena *a)
{
	struct slice needle = slice_str(arena_printf(a, "{\"id\":\"%s\"", name));
	ptrdiff_t at = slice_find(tail, needle);

	return at >= 0 && slice_chr(slice_skip(tail, (size_t)at), '\n') >= 0;
}

static void write_line(struct strbuf *out, const struct sms_outgoing *m)
{
	struct json_writer w;

	json_writer_init(&w, out);
	json_open_object(&w);
	json_put_str(&w, "id", m->name);
	json_put_str(&w, "to", m->to);
	json_put_text(&w, "text", m->text);
	json_put_i64(&w, "at", clock_wall_ms());
	json_close_object(&w);
	strbuf_addc(out, '\n');
}

static enum sms_outcome append(int fd, const struct sms_outgoing *m, struct arena *a)
{
	struct strbuf line = { 0 };
	struct slice tail;
	bool whole;

	if (read_tail(fd, a, &tail) < 0)
		return SMS_LATER;
	if (m->attempt > 1 && has_line(tail, m->name, a))
		return fdatasync(fd) == 0 ? SMS_SENT : SMS_LATER;
	if (tail.n && tail.p[tail.n - 1] != '\n')
		strbuf_addc(&line, '\n');
	write_line(&line, m);
	whole = write(fd, line.p, line.n) == (ssize_t)line.n;
	strbuf_free(&line);
	return whole && fdatasync(fd) == 0 ? SMS_SENT : SMS_LATER;
}

enum sms_outcome sms_file_send(
	const struct sms *s, const struct sms_outgoing *m, struct arena *a, const char **why)
{
	int fd = open_file(s);
	enum sms_outcome outcome;

	if (fd < 0) {
		*why = arena_printf(a, "open: %s", strerror(errno));
		return SMS_LATER;
	}
	outcome = append(fd, m, a);
	if (outcome != SMS_SENT)
		*why = arena_printf(a, "write: %s", strerror(errno));
	close(fd);
	return outcome;
}
