/*
 * mime/encoded_word.c: RFC 2047. The bytes of neighbouring encoded words with the same charset are
 * gathered before they are converted, since many writers split a character between two words. Pure.
 */
#include "mime/encoded_word.h"
#include "hearth/log.h"
#include "mime/charset.h"
#include "mime/token.h"
#include "mime/transfer.h"

#define CHARSET_SIZE_MAX 64

struct word {
	size_t size;          /* of the whole word */
	struct slice charset; /* without the language of RFC 2231 section 5 */
	char encoding;        /* 'b' or 'q' */
	struct slice text;
};

/* Decoded bytes that wait for the words that may belong to them. */
struct gathered {
	struct slice charset; /* p is NULL: nothing is gathered */
	struct strbuf bytes;
};

/* Reads "=?charset?encoding?text?=" at the front of `s`. Stops at the first '?' that does not fit,
 * so that a value full of beginnings is still read in linear time. */
static bool word_parse(struct slice s, struct word *w)
{
	size_t i = 2, text;

	if (!slice_starts(s, SLICE("=?")))
		return false;
	while (i < s.n && s.p[i] != '?' && (unsigned char)s.p[i] > ' ' && i < CHARSET_SIZE_MAX)
		i++;
	if (i == 2 || i + 3 > s.n || s.p[i] != '?' || s.p[i + 2] != '?')
		return false;
	w->charset = slice_of(s.p + 2, i - 2);
	w->encoding = (char)(s.p[i + 1] | 0x20);
	if (w->encoding != 'b' && w->encoding != 'q')
		return false;
	text = i + 3;
	for (i = text; i < s.n && s.p[i] != '?'; i++)
		if ((unsigned char)s.p[i] < ' ' && s.p[i] != '\t')
			return false;
	if (i + 1 >= s.n || s.p[i + 1] != '=')
		return false;
	w->text = slice_of(s.p + text, i - text);
	w->size = i + 2;
	if (slice_chr(w->charset, '*') >= 0)
		w->charset.n = (size_t)slice_chr(w->charset, '*');
	return true;
}

size_t mime_word_size(struct slice s)
{
	struct word w;

	return word_parse(s, &w) ? w.size : 0;
}

/* The "Q" encoding (RFC 2047 section 4.2); what is no valid escape stands for itself. */
static void q_decode(struct strbuf *out, struct slice text)
{
	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];
		int high = c == '=' && i + 2 < text.n ? mime_hex_digit(text.p[i + 1]) : -1;
		int low = high >= 0 ? mime_hex_digit(text.p[i + 2]) : -1;

		if (low >= 0) {
			strbuf_addc(out, (char)(high << 4 | low));
			i += 2;
		} else {
			strbuf_addc(out, c == '_' ? ' ' : c);
		}
	}
}

static void flush(struct strbuf *out, struct gathered *g)
{
	if (g->charset.p)
		mime_charset_convert(out, g->charset, strbuf_slice(&g->bytes));
	strbuf_reset(&g->bytes);
	g->charset = (struct slice){ NULL, 0 };
}

static void gather(struct strbuf *out, struct gathered *g, const struct word *w)
{
	if (g->charset.p && !slice_ieq(g->charset, w->charset))
		flush(out, g);
	g->charset = w->charset;
	if (w->encoding == 'q') {
		q_decode(&g->bytes, w->text);
	} else {
		struct mime_decoder d;

		mime_decoder_init(&d, MIME_BASE64);
		mime_decoder_add(&d, &g->bytes, w->text);
		mime_decoder_end(&d, &g->bytes);
	}
}

/* Makes spaces of control characters, line ends among them, so that text stays one line. */
static void blank_controls(struct strbuf *out, size_t from)
{
	for (size_t i = from; i < out->n; i++)
		if ((unsigned char)out->p[i] < ' ' || out->p[i] == 0x7F)
			out->p[i] = ' ';
}

void mime_words_decode(struct strbuf *out, struct slice text)
{
	struct gathered g = { { NULL, 0 }, { 0 } };
	size_t from = out->n, raw = 0, i = 0;
	struct word w;

	while (i < text.n) {
		struct slice between = slice_of(text.p + raw, i - raw);

		if (text.p[i] != '=' || !word_parse(slice_skip(text, i), &w)) {
			i++;
			continue;
		}
		/* White space between two encoded words is not text (RFC 2047 section 6.2). */
		if (!g.charset.p || slice_trim(between).n) {
			flush(out, &g);
			mime_charset_convert(out, (struct slice){ NULL, 0 }, between);
		}
		INVARIANT(w.size > 0 && w.size <= text.n - i);
		gather(out, &g, &w);
		i += w.size;
		raw = i;
	}
	flush(out, &g);
	if (raw < text.n)
		mime_charset_convert(out, (struct slice){ NULL, 0 }, slice_skip(text, raw));
	strbuf_free(&g.bytes);
	blank_controls(out, from);
}

static struct slice take(struct arena *a, struct strbuf *text)
{
	struct slice result = arena_slice(a, strbuf_slice(text));

	strbuf_free(text);
	return result;
}

struct slice mime_words_text(struct arena *a, struct slice text)
{
	struct strbuf out = { 0 };

	mime_words_decode(&out, text);
	return take(a, &out);
}

struct slice mime_raw_text(struct arena *a, struct slice text)
{
	struct strbuf out = { 0 };

	mime_charset_convert(&out, (struct slice){ NULL, 0 }, text);
	blank_controls(&out, 0);
	return take(a, &out);
}
