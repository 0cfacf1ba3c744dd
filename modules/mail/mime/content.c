/*
 * mime/content.c: a body goes in pieces through its transfer decoder and its charset converter, so
 * that a limit also limits the work.
 *
 * Pure; PIECE bytes at a time, and no piece once the limit is reached.
 */
#include "mime/content.h"
#include "hearth/log.h"
#include "mime/charset.h"
#include "mime/html_text.h"

#define PIECE 8192

void mime_text_cut(struct strbuf *b, size_t from, size_t limit)
{
	size_t n = from + limit;

	INVARIANT(from <= b->n);
	if (b->n - from <= limit)
		return;
	while (n > from && ((unsigned char)b->p[n] & 0xC0) == 0x80)
		n--;
	b->n = n;
	b->p[n] = '\0';
}

/* Takes the next decoded piece of a body; false at its end. */
static bool next_piece(struct mime_decoder *d, struct strbuf *piece, struct slice *body)
{
	strbuf_reset(piece);
	if (!body->p)
		return false;
	if (body->n) {
		mime_decoder_add(d, piece, slice_head(*body, PIECE));
		*body = slice_skip(*body, PIECE);
	} else {
		mime_decoder_end(d, piece);
		body->p = NULL;
	}
	return true;
}

bool mime_content_text(
	struct strbuf *out, const struct mime_part *part, struct slice body, size_t limit)
{
	size_t from = out->n;
	struct strbuf piece = { 0 };
	struct mime_charset charset;
	struct mime_decoder d;
	bool whole;

	mime_decoder_init(&d, part->encoding);
	mime_charset_init(&charset, mime_param(&part->params, SLICE("charset")));
	while (out->n - from <= limit && next_piece(&d, &piece, &body))
		mime_charset_add(&charset, out, strbuf_slice(&piece));
	if (!body.p)
		mime_charset_end(&charset, out);
	whole = out->n - from <= limit;
	mime_text_cut(out, from, limit);
	mime_charset_clear(&charset);
	strbuf_free(&piece);
	return whole;
}

bool mime_content_plain(
	struct strbuf *out, const struct mime_part *part, struct slice body, size_t limit)
{
	struct strbuf html = { 0 };
	size_t from = out->n;
	bool whole;

	if (!mime_part_is(part, SLICE("text"), SLICE("html")))
		return mime_content_text(out, part, body, limit);
	whole = mime_content_text(&html, part, body, MIME_HTML_MAX);
	whole = mime_html_text(out, strbuf_slice(&html), limit) && whole;
	mime_text_cut(out, from, limit);
	strbuf_free(&html);
	return whole;
}
