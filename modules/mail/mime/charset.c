/*
 * mime/charset.c: converters. Labels are compared by their letters and digits alone, folded to
 * lower case, as Unicode's UTS 22 section 1.4 advises: "ISO_8859-1" and "iso8859-1" are the same.
 */
#include "mime/charset.h"
#include "hearth/text.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>

#define REPLACEMENT 0xFFFD
#define LABEL_SIZE  32

/* Labels of the charsets that are converted here. */
static const struct {
	const char *label;
	enum mime_charset_kind kind;
} own_labels[] = {
	{ "utf8", MIME_CHARSET_UTF8 },
	{ "unicode11utf8", MIME_CHARSET_UTF8 },
	{ "usascii", MIME_CHARSET_GUESS },
	{ "ascii", MIME_CHARSET_GUESS },
	{ "ansix341968", MIME_CHARSET_GUESS },
	{ "iso646us", MIME_CHARSET_GUESS },
	{ "latin1", MIME_CHARSET_WINDOWS_1252 },
	{ "l1", MIME_CHARSET_WINDOWS_1252 },
	{ "iso88591", MIME_CHARSET_WINDOWS_1252 },
	{ "cp819", MIME_CHARSET_WINDOWS_1252 },
	{ "windows1252", MIME_CHARSET_WINDOWS_1252 },
	{ "cp1252", MIME_CHARSET_WINDOWS_1252 },
	{ "xcp1252", MIME_CHARSET_WINDOWS_1252 },
	{ "win1252", MIME_CHARSET_WINDOWS_1252 },
	{ "ansi", MIME_CHARSET_WINDOWS_1252 },
};

/*
 * Labels that iconv(3) converts, under the name of the largest charset that contains what the
 * label stands for: mail written as "gb2312" or "ks_c_5601-1987" seldom keeps to it.
 */
static const struct {
	const char *label, *name;
} iconv_labels[] = {
	{ "iso88598i", "ISO-8859-8" },
	{ "iso88598e", "ISO-8859-8" },
	{ "iso88599", "CP1254" },
	{ "latin2", "ISO-8859-2" },
	{ "latin5", "CP1254" },
	{ "latin9", "ISO-8859-15" },
	{ "iso885911", "CP874" },
	{ "tis620", "CP874" },
	{ "windows874", "CP874" },
	{ "koi8r", "KOI8-R" },
	{ "koi8", "KOI8-R" },
	{ "koi8u", "KOI8-U" },
	{ "koi8ru", "KOI8-U" },
	{ "cp437", "CP437" },
	{ "ibm437", "CP437" },
	{ "cp850", "CP850" },
	{ "ibm850", "CP850" },
	{ "cp852", "CP852" },
	{ "ibm852", "CP852" },
	{ "cp866", "CP866" },
	{ "ibm866", "CP866" },
	{ "macintosh", "MACINTOSH" },
	{ "xmacroman", "MACINTOSH" },
	{ "xmaccyrillic", "MAC-CYRILLIC" },
	{ "viscii", "VISCII" },
	{ "big5", "BIG5-HKSCS" },
	{ "cnbig5", "BIG5-HKSCS" },
	{ "chinesebig5", "BIG5-HKSCS" },
	{ "xxbig5", "BIG5-HKSCS" },
	{ "big5hkscs", "BIG5-HKSCS" },
	{ "gb2312", "GB18030" },
	{ "gb231280", "GB18030" },
	{ "cngb", "GB18030" },
	{ "euccn", "GB18030" },
	{ "gbk", "GB18030" },
	{ "xgbk", "GB18030" },
	{ "cp936", "GB18030" },
	{ "gb18030", "GB18030" },
	{ "eucjp", "EUC-JP-MS" },
	{ "xeucjp", "EUC-JP-MS" },
	{ "shiftjis", "CP932" },
	{ "sjis", "CP932" },
	{ "xsjis", "CP932" },
	{ "mskanji", "CP932" },
	{ "cp932", "CP932" },
	{ "windows31j", "CP932" },
	{ "iso2022jp", "ISO-2022-JP-2" },
	{ "iso2022jp1", "ISO-2022-JP-2" },
	{ "iso2022jp2", "ISO-2022-JP-2" },
	{ "cp50220", "ISO-2022-JP-2" },
	{ "euckr", "CP949" },
	{ "ksc5601", "CP949" },
	{ "ksc56011987", "CP949" },
	{ "ksc56011989", "CP949" },
	{ "cp949", "CP949" },
	{ "windows949", "CP949" },
	{ "iso2022kr", "ISO-2022-KR" },
	{ "johab", "JOHAB" },
	{ "utf7", "UTF-7" },
	{ "unicode11utf7", "UTF-7" },
	{ "utf16", "UTF-16" },
	{ "utf16be", "UTF-16BE" },
	{ "utf16le", "UTF-16LE" },
};

/* U+0080..U+009F of windows-1252; 0 where it has no character. */
/* clang-format off */
static const uint16_t windows_1252[32] = {
	0x20AC, 0,      0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021,
	0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0,      0x017D, 0,
	0,      0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014,
	0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0,      0x017E, 0x0178,
};
/* clang-format on */

/* The letters and digits of a label, folded; empty when there are too many. */
static void label_fold(struct slice label, char *out)
{
	size_t n = 0;

	for (size_t i = 0; i < label.n && n < LABEL_SIZE; i++) {
		char c = label.p[i];

		if (c >= 'A' && c <= 'Z')
			c |= 0x20;
		if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
			out[n++] = c;
	}
	out[n < LABEL_SIZE ? n : 0] = '\0';
}

/* The numbered families: `label` is `prefix` and a number in [min, max], which goes to *number. */
static bool numbered(
	const char *label, const char *prefix, unsigned min, unsigned max, unsigned *number)
{
	struct slice rest = slice_str(label);
	uint64_t n;

	if (!slice_starts(rest, slice_str(prefix)))
		return false;
	rest = slice_skip(rest, strlen(prefix));
	if (slice_u64(rest, max, &n) || n < min)
		return false;
	*number = (unsigned)n;
	return true;
}

/* What iconv calls the charset; false when it is none of those it converts for us. */
static bool iconv_name(const char *label, char *name, size_t size)
{
	unsigned n;

	for (size_t i = 0; i < sizeof(iconv_labels) / sizeof(iconv_labels[0]); i++) {
		if (!strcmp(label, iconv_labels[i].label)) {
			snprintf(name, size, "%s", iconv_labels[i].name);
			return true;
		}
	}
	if (numbered(label, "iso8859", 2, 16, &n) && n != 12)
		snprintf(name, size, "ISO-8859-%u", n);
	else if (numbered(label, "windows", 1250, 1258, &n) ||
		 numbered(label, "cp", 1250, 1258, &n) || numbered(label, "xcp", 1250, 1258, &n) ||
		 numbered(label, "win", 1250, 1258, &n))
		snprintf(name, size, "CP%u", n);
	else
		return false;
	return true;
}

/*
 * One converter of each charset that was ever asked for stays open: the C library unloads a charset
 * whose last converter was closed, and loading it again costs a hundred times what opening does,
 * for each of ten thousand encoded words. There are fewer names than places.
 */
static struct {
	pthread_mutex_t lock;
	struct {
		iconv_t open;
		char name[32];
	} v[96];
	size_t n;
} kept = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void keep_loaded(const char *name)
{
	size_t i = 0;

	pthread_mutex_lock(&kept.lock);
	while (i < kept.n && strcmp(kept.v[i].name, name) != 0)
		i++;
	if (i == kept.n && i < sizeof(kept.v) / sizeof(kept.v[0])) {
		kept.v[i].open = iconv_open("UTF-8", name);
		snprintf(kept.v[i].name, sizeof(kept.v[i].name), "%s", name);
		kept.n++;
	}
	pthread_mutex_unlock(&kept.lock);
}

void mime_charset_init(struct mime_charset *c, struct slice label)
{
	char folded[LABEL_SIZE + 1], name[32];

	*c = (struct mime_charset){ .kind = MIME_CHARSET_GUESS };
	label_fold(label, folded);
	for (size_t i = 0; i < sizeof(own_labels) / sizeof(own_labels[0]); i++) {
		if (!strcmp(folded, own_labels[i].label)) {
			c->kind = own_labels[i].kind;
			return;
		}
	}
	if (!iconv_name(folded, name, sizeof(name)))
		return;
	keep_loaded(name);
	c->iconv = iconv_open("UTF-8", name);
	if (c->iconv != (iconv_t)-1)
		c->kind = MIME_CHARSET_ICONV;
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
