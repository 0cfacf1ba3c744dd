/*
 * log.c: one line an event, put together in a buffer on the stack and written with one write(2),
 * so that lines of several threads never mix:
 *
 *	2026-03-01T12:00:00.000Z info  smtp: message accepted conn=17 size=1024 from="a b"
 *
 * What comes from outside is escaped: control characters (those of C1 too), bytes that are not
 * UTF-8, and the marks that break or reorder lines never reach the terminal raw.
 */
#include "hearth/log.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/text.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define LINE_BYTES 4096
#define CUT        " ...\n" /* closes a line that did not fit */

struct line {
	char p[LINE_BYTES];
	size_t n;
	bool cut;
};

/*
 * The same trouble, told over and over, hides everything else and fills the disk: of one message
 * LINES_MAX warnings or errors are written within WINDOW_MS; how many were not is told with the
 * next.
 */
#define SLOTS     64
#define LINES_MAX 20
#define WINDOW_MS 60000

struct slot {
	const char *what;
	int64_t since_ms;
	unsigned lines, left_out;
};

static pthread_mutex_t slots_lock = PTHREAD_MUTEX_INITIALIZER;
static struct slot slots[SLOTS]; /* slots_lock; by the address of the words, which are literals */

static const char *const level_names[] = { "debug", "info", "warn", "error" };
static atomic_int level_min = LOG_INFO;

void log_set_level(enum log_level level)
{
	atomic_store_explicit(&level_min, (int)level, memory_order_relaxed);
}

int log_enabled(enum log_level level)
{
	return (int)level >= atomic_load_explicit(&level_min, memory_order_relaxed);
}

int log_level_parse(const char *word, enum log_level *out)
{
	for (int i = LOG_DEBUG; i <= LOG_ERROR; i++) {
		if (strcmp(word, level_names[i]) == 0) {
			*out = (enum log_level)i;
			return 0;
		}
	}
	return HEARTH_EINVAL;
}

/* Adds all of `s` or, when it does not fit, cuts the line here for good. */
static void line_add(struct line *l, struct slice s)
{
	l->cut = l->cut || s.n > sizeof(l->p) - sizeof(CUT) - l->n;
	if (l->cut)
		return;
	memcpy(l->p + l->n, s.p, s.n);
	l->n += s.n;
}

/* Control characters, line and paragraph separators, and the marks that turn text around. */
static bool is_unsafe(uint32_t c)
{
	return c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0x200E || c == 0x200F ||
	       (c >= 0x2028 && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069) || c == 0xFEFF;
}

/* Adds text with what is unsafe as \xNN, byte by byte; inside quotes, \ and " get a \ as well. */
static void line_add_escaped(struct line *l, struct slice s, bool quoted)
{
	while (s.n && !l->cut) {
		uint32_t c;
		char hex[8];
		size_t n = utf8_decode(s, &c);

		if (n && !is_unsafe(c)) {
			if (quoted && (c == '"' || c == '\\'))
				line_add(l, SLICE("\\"));
			line_add(l, slice_head(s, n));
		} else {
			n = 1;
			snprintf(hex, sizeof(hex), "\\x%02x", (unsigned char)s.p[0]);
			line_add(l, slice_str(hex));
		}
		s = slice_skip(s, n);
	}
}

static bool needs_quotes(struct slice s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c <= ' ' || c == '"' || c == '\\' || c == '=')
			return true;
	}
	return s.n == 0 || !utf8_valid(s);
}

static void line_add_field(struct line *l, const char *key, struct slice value)
{
	bool quoted = needs_quotes(value);

	line_add(l, SLICE(" "));
	line_add_escaped(l, slice_str(key), false);
	line_add(l, quoted ? SLICE("=\"") : SLICE("="));
	line_add_escaped(l, value, quoted);
	if (quoted)
		line_add(l, SLICE("\""));
}

/* What a format's one conversion takes from the argument list. */
struct conversion {
	char letter;    /* '\0': there is none */
	char length;    /* '\0', 'l', 'L' for ll, 'z' */
	bool precision; /* an int before it, for %.*s */
};

/* Finds the one conversion of a format; false when there are more or it is not understood. */
static bool conversion_parse(const char *fmt, struct conversion *out)
{
	*out = (struct conversion){ 0 };
	while ((fmt = strchr(fmt, '%'))) {
		if (*++fmt == '%') {
			fmt++;
			continue;
		}
		if (out->letter)
			return false;
		fmt += strspn(fmt, "-+ #0");
		fmt += strspn(fmt, "0123456789");
		if (*fmt == '.') {
			out->precision = *++fmt == '*';
			fmt += out->precision ? 1 : strspn(fmt, "0123456789");
		}
		if (*fmt == 'l' || *fmt == 'z') {
			out->length = fmt[0] == 'l' && fmt[1] == 'l' ? 'L' : *fmt;
			fmt += out->length == 'L' ? 2 : 1;
		}
		if (!*fmt || !strchr(out->length ? "diuxX" : "diuxXcspfeg", *fmt))
			return false;
		out->letter = *fmt++;
	}
	return true;
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
/*
 * Formats one field. The format was taken apart so that exactly what it names is taken from *ap;
 * passing the whole list to vsnprintf would leave it in no defined state for the next field.
 */
static bool field_format(char *out, size_t room, const char *fmt, va_list *ap)
{
#define PRINT(type)                                                           \
	(c.precision ? snprintf(out, room, fmt, precision, va_arg(*ap, type)) \
		     : snprintf(out, room, fmt, va_arg(*ap, type)))
	struct conversion c;
	int precision;

	if (!conversion_parse(fmt, &c))
		return false;
	precision = c.precision ? va_arg(*ap, int) : 0;
	if (c.letter == '\0')
		snprintf(out, room, fmt, 0);
	else if (c.letter == 's')
		PRINT(const char *);
	else if (c.letter == 'p')
		PRINT(void *);
	else if (strchr("feg", c.letter))
		PRINT(double);
	else if (c.length == 'l')
		PRINT(long);
	else if (c.length == 'L')
		PRINT(long long);
	else if (c.length == 'z')
		PRINT(size_t);
	else
		PRINT(int);
	return true;
#undef PRINT
}
#pragma GCC diagnostic pop

static void line_begin(struct line *l, enum log_level level, const char *area, const char *what)
{
	int64_t now = clock_wall_ms();
	time_t seconds = (time_t)(now / 1000);
	struct tm utc;
	char head[64];
	size_t n;

	l->n = 0;
	l->cut = false;
	gmtime_r(&seconds, &utc);
	n = strftime(head, sizeof(head), "%Y-%m-%dT%H:%M:%S", &utc);
	snprintf(head + n, sizeof(head) - n, ".%03dZ %-5s ", (int)(now % 1000), level_names[level]);
	line_add(l, slice_str(head));
	line_add_escaped(l, slice_str(area), false);
	line_add(l, SLICE(": "));
	line_add_escaped(l, slice_str(what), false);
}

/* Closes the line and writes it; what standard error does not take is lost. */
static void line_write(struct line *l)
{
	struct slice end = l->cut ? SLICE(CUT) : SLICE("\n");
	struct slice rest;

	memcpy(l->p + l->n, end.p, end.n);
	rest = slice_of(l->p, l->n + end.n);
	while (rest.n) {
		ssize_t n = write(STDERR_FILENO, rest.p, rest.n);

		if (n < 0 && errno != EINTR)
			return;
		rest = slice_skip(rest, n > 0 ? (size_t)n : 0);
	}
}

/*
 * Whether another line of these words is too many; else *left_out is how many were since the last.
 */
static bool is_repeated(const char *what, unsigned *left_out)
{
	struct slot *s = &slots[((uintptr_t)what >> 3) % SLOTS];
	int64_t now = clock_mono_ms();
	bool repeated;

	pthread_mutex_lock(&slots_lock);
	if (s->what != what || now - s->since_ms >= WINDOW_MS) {
		*left_out = s->what == what ? s->left_out : 0;
		*s = (struct slot){ .what = what, .since_ms = now };
	}
	repeated = ++s->lines > LINES_MAX;
	s->left_out += repeated;
	pthread_mutex_unlock(&slots_lock);
	return repeated;
}

void log_event(enum log_level level, const char *area, const char *what, ...)
{
	int saved = errno;
	unsigned left_out = 0;
	struct line line;
	char value[LINE_BYTES];
	const char *key;
	va_list ap;

	if (!log_enabled(level) || (level >= LOG_WARN && is_repeated(what, &left_out)))
		return;
	line_begin(&line, level, area, what);
	va_start(ap, what);
	while ((key = va_arg(ap, const char *))) {
		const char *fmt = va_arg(ap, const char *);

		if (!field_format(value, sizeof(value), fmt, &ap)) {
			/* What follows in the list cannot be known. */
			line_add_field(&line, key, slice_str("bad log format"));
			break;
		}
		line_add_field(&line, key, slice_str(value));
	}
	va_end(ap);
	if (left_out > 0) {
		snprintf(value, sizeof(value), "%u", left_out);
		line_add_field(&line, "left_out", slice_str(value));
	}
	line_write(&line);
	errno = saved;
}

void log_fatal(const char *area, const char *fmt, ...)
{
	struct line line;
	char what[LINE_BYTES];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	line_begin(&line, LOG_ERROR, area, what);
	line_write(&line);
	abort();
}
