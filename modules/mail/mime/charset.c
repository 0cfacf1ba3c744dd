/*
 * mime/charset.c: converters (charset.h). Each holds at most one character that is not whole yet; of
 * the C library's at most a fixed number stay open, for all threads.
 */
#include "mime/charset.h"
#include "hearth/log.h"
#include "hearth/text.h"
#include "mime/charset_label.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>

#define REPLACEMENT 0xFFFD

/* U+0080..U+009F of windows-1252; 0 where it has no character. */
/* clang-format off */
static const uint16_t windows_1252[32] = {
	0x20AC, 0,      0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021,
	0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0,      0x017D, 0,
	0,      0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014,
	0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0,      0x017E, 0x0178,
};
/* clang-format on */

/*
 * One converter of each charset that was ever asked for stays open: the C library unloads a charset
 * whose last converter was closed, and loading it again costs a hundred times what opening does,
 * for each of ten thousand encoded words. There are fewer names than places.
 */
static struct {
	pthread_mutex_t lock;
	struct {
		iconv_t open;
		char name[MIME_CHARSET_NAME_MAX + 1];
	} v[128];
	size_t n;
} kept = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void keep_loaded(const char *name)
{
	size_t i = 0;

	pthread_mutex_lock(&kept.lock);
	while (i < kept.n && strcmp(kept.v[i].name, name) != 0)
		i++;
	INVARIANT(i < sizeof(kept.v) / sizeof(kept.v[0])); /* fewer names than places */
	if (i == kept.n) {
		kept.v[i].open = iconv_open("UTF-8", name);
		snprintf(kept.v[i].name, sizeof(kept.v[i].name), "%s", name);
		kept.n++;
	}
	pthread_mutex_unlock(&kept.lock);
}

void mime_charset_init(struct mime_charset *c, struct slice label)
{
	char name[MIME_CHARSET_NAME_MAX + 1];

	*c = (struct mime_charset){ .kind = mime_charset_kind_of(label, name) };
	if (c->kind != MIME_CHARSET_ICONV)
		return;
	keep_loaded(name);
	c->iconv = iconv_open("UTF-8", name);
	if (c->iconv == (iconv_t)-1)
		c->kind = MIME_CHARSET_GUESS;
}

void mime_charset_clear(struct mime_charset *c)
{
	if (c->kind == MIME_CHARSET_ICONV)
		iconv_close(c->iconv);
	*c = (struct mime_charset){ .kind = MIME_CHARSET_GUESS };
}

uint32_t mime_windows_1252(unsigned char byte)
{
	if (byte < 0x80 || byte >= 0xA0)
		return byte;
	return windows_1252[byte - 0x80] ? windows_1252[byte - 0x80] : REPLACEMENT;
}

/* How many bytes at the front are ASCII. */
static size_t ascii_run(struct slice s)
{
	size_t n = 0;

	while (n < s.n && (unsigned char)s.p[n] < 0x80)
		n++;
	return n;
}

/* True when `s`, which is no whole character, could be the beginning of one. */
static bool utf8_begun(struct slice s)
{
	char low[4] = { '\x80', '\x80', '\x80', '\x80' },
	     high[4] = { '\xBF', '\xBF', '\xBF', '\xBF' };
	uint32_t ignored;

	if (s.n == 0 || s.n > 3 || (unsigned char)s.p[0] < 0xC2)
		return false;
	memcpy(low, s.p, s.n);
	memcpy(high, s.p, s.n);
	return utf8_decode(slice_of(low, 4), &ignored) > s.n ||
	       utf8_decode(slice_of(high, 4), &ignored) > s.n;
}

/*
 * Converts from the front of `s`, which is to be UTF-8, and returns how much of it: all but the
 * beginning of a character whose end is missing.
 */
static size_t utf8_add(struct mime_charset *c, struct strbuf *out, struct slice s)
{
	size_t at = 0;

	while (at < s.n) {
		struct slice rest = slice_skip(s, at);
		size_t n = ascii_run(rest);
		uint32_t ignored;

		if (n == 0)
			n = utf8_decode(rest, &ignored);
		if (n == 0 && utf8_begun(rest))
			return at;
		strbuf_add(out, slice_head(rest, n));
		if (n == 0 && c->kind == MIME_CHARSET_GUESS)
			utf8_append(out, mime_windows_1252((unsigned char)rest.p[0]));
		else if (n == 0)
			utf8_append(out, REPLACEMENT);
		at += n ? n : 1;
	}
	return at;
}

/* The same by iconv. A byte it cannot convert becomes U+FFFD. */
static size_t iconv_add(struct mime_charset *c, struct strbuf *out, struct slice s)
{
	char *in = (char *)s.p;
	size_t left = s.n;

	while (left) {
		size_t room = left * 2 + 16;
		char *to = strbuf_reserve(out, room), *end = to;
		size_t done = iconv(c->iconv, &in, &left, &end, &room);
		int error = errno;

		strbuf_commit(out, (size_t)(end - to));
		if (done != (size_t)-1 || error == EINVAL)
			break;
		if (error != E2BIG) {
			utf8_append(out, REPLACEMENT);
			in += left > 0; /* CP949 has refused a pair and consumed it */
			left -= left > 0;
		}
	}
	return s.n - left;
}

static size_t convert(struct mime_charset *c, struct strbuf *out, struct slice s)
{
	if (c->kind == MIME_CHARSET_ICONV)
		return iconv_add(c, out, s);
	if (c->kind != MIME_CHARSET_WINDOWS_1252)
		return utf8_add(c, out, s);
	for (size_t i = 0; i < s.n; i++) {
		size_t n = ascii_run(slice_skip(s, i));

		strbuf_add(out, slice_of(s.p + i, n));
		i += n;
		if (i < s.n)
			utf8_append(out, mime_windows_1252((unsigned char)s.p[i]));
	}
	return s.n;
}

/* Gives up on the first held byte. */
static void drop_held(struct mime_charset *c, struct strbuf *out)
{
	if (c->kind == MIME_CHARSET_GUESS)
		utf8_append(out, mime_windows_1252((unsigned char)c->held[0]));
	else
		utf8_append(out, REPLACEMENT);
	memmove(c->held, c->held + 1, --c->held_n);
}

void mime_charset_add(struct mime_charset *c, struct strbuf *out, struct slice in)
{
	size_t used;

	while (c->held_n && in.n) { /* byte by byte until nothing is held */
		if (c->held_n == sizeof(c->held))
			drop_held(c, out);
		c->held[c->held_n++] = in.p[0];
		in = slice_skip(in, 1);
		used = convert(c, out, slice_of(c->held, c->held_n));
		INVARIANT(used <= c->held_n);
		c->held_n -= used;
		memmove(c->held, c->held + used, c->held_n);
	}
	if (in.n == 0)
		return;
	used = convert(c, out, in);
	in = slice_skip(in, used);
	while (in.n > sizeof(c->held)) { /* iconv wants no more than this of any charset */
		utf8_append(out, REPLACEMENT);
		in = slice_skip(in, 1);
	}
	INVARIANT(c->held_n == 0 && in.n <= sizeof(c->held));
	memcpy(c->held, in.p, in.n);
	c->held_n = in.n;
}

void mime_charset_end(struct mime_charset *c, struct strbuf *out)
{
	while (c->held_n)
		drop_held(c, out);
	if (c->kind == MIME_CHARSET_ICONV) {
		size_t room = 16;
		char *to = strbuf_reserve(out, room), *end = to;

		iconv(c->iconv, NULL, NULL, &end, &room);
		strbuf_commit(out, (size_t)(end - to));
	}
}

void mime_charset_convert(struct strbuf *out, struct slice label, struct slice in)
{
	struct mime_charset c;

	mime_charset_init(&c, label);
	mime_charset_add(&c, out, in);
	mime_charset_end(&c, out);
	mime_charset_clear(&c);
}
