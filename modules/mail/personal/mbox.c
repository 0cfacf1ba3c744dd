/*
 * mbox.c: writes messages, flags and the path of a mailbox as a file name. Pure; it appends to a
 * buffer.
 *
 * A line of the message is looked at once.
 */
#include "personal/mbox.h"

#include <stdio.h>
#include <time.h>

#include "hearth/text.h"
#include "store/store.h"

#define LEVEL_MAX 200 /* bytes of a file's name that every file system takes, with a suffix */

static void add_letters(struct strbuf *out, unsigned flags)
{
	static const struct {
		unsigned flag;
		char letter;
	} letters[] = { { MAIL_ANSWERED, 'A' }, { MAIL_FLAGGED, 'F' }, { MAIL_DELETED, 'D' },
		{ MAIL_DRAFT, 'T' } };

	for (size_t i = 0; i < sizeof(letters) / sizeof(letters[0]); i++)
		if (flags & letters[i].flag)
			strbuf_addc(out, letters[i].letter);
}

/* What could end the line, or be taken for its next word, is no address. */
static bool is_address(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] <= ' ' || s.p[i] == 0x7F)
			return false;
	return s.n > 0;
}

void mbox_add_head(struct strbuf *out, struct slice sender, int64_t internal_date, unsigned flags,
	struct slice keywords)
{
	time_t t = (time_t)internal_date;
	char date[40] = "Thu Jan  1 00:00:00 1970";
	struct tm utc;

	if (gmtime_r(&t, &utc))
		strftime(date, sizeof(date), "%a %b %e %H:%M:%S %Y", &utc);
	strbuf_adds(out, "From ");
	strbuf_add(out, is_address(sender) ? sender : SLICE("MAILER-DAEMON"));
	strbuf_printf(out, " %s\n", date);
	strbuf_printf(out, "Status: %s\r\nX-Status: ", flags & MAIL_SEEN ? "RO" : "O");
	add_letters(out, flags);
	strbuf_adds(out, "\r\nX-Keywords: ");
	strbuf_add(out, keywords);
	strbuf_adds(out, "\r\n");
}

static bool is_from_line(struct slice line)
{
	size_t i = 0;

	while (i < line.n && line.p[i] == '>')
		i++;
	return slice_starts(slice_skip(line, i), SLICE("From "));
}

void mbox_add_message(struct strbuf *out, struct slice message)
{
	bool ended = message.n > 0 && message.p[message.n - 1] == '\n';

	strbuf_reserve(out, message.n + 64);
	while (message.n > 0) {
		ptrdiff_t end = slice_chr(message, '\n');
		struct slice line = end < 0 ? message : slice_head(message, (size_t)end + 1);

		if (is_from_line(line))
			strbuf_addc(out, '>');
		strbuf_add(out, line);
		message = slice_skip(message, line.n);
	}
	strbuf_adds(out, ended ? "\n" : "\n\n");
}

/* One level, as the name of a file. */
static void add_level(struct strbuf *out, struct slice level, bool *changed)
{
	size_t from = out->n;
	struct slice kept = slice_head(level, LEVEL_MAX);

	while (!utf8_valid(kept))
		kept.n--;
	*changed |= kept.n < level.n;
	for (size_t i = 0; i < kept.n; i++) {
		bool bad = (unsigned char)kept.p[i] < 0x20 || strchr("\\:*?\"<>|\x7F", kept.p[i]);

		*changed |= bad;
		strbuf_addc(out, bad ? '_' : kept.p[i]);
	}
	/* Neither the folder itself nor hidden, nor what is the file of another mailbox. */
	if (kept.n == 0 || kept.p[0] == '.') {
		if (kept.n == 0)
			strbuf_addc(out, '_');
		out->p[from] = '_';
		*changed = true;
	}
	if (kept.n >= 5 && slice_ieq(slice_skip(kept, kept.n - 5), SLICE(".mbox"))) {
		strbuf_addc(out, '_');
		*changed = true;
	}
}

void mbox_path(struct strbuf *out, struct slice mailbox, bool *changed)
{
	struct slice rest = mailbox;

	*changed = false;
	while (rest.p) {
		add_level(out, slice_split(&rest, '/'), changed);
		if (rest.p)
			strbuf_addc(out, '/');
	}
}
