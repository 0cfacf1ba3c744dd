/*
 * body_hash.c: the canonical forms of a body, as a stream (body_hash.h).
 *
 *	simple   as it is, but for empty lines at its end, of which there are none, and one CRLF
 *	relaxed  so too, with no white space at the end of a line and a single space for any within;
 *	         a body that is empty stays so
 *
 * Line ends, and white space, are held back as numbers until something follows that makes them count.
 *
 * Pure, on any thread, one at a time; a byte costs the same wherever the pieces are cut.
 */
#include "verify/body_hash.h"

#include "hearth/log.h"

/* ---- into the hash ---- */

static EVP_MD_CTX *new_hash(void)
{
	EVP_MD_CTX *hash = EVP_MD_CTX_new();

	if (!hash || !EVP_DigestInit_ex(hash, EVP_sha256(), NULL))
		log_fatal("mail", "no SHA-256");
	return hash;
}

/* The hash as it stands. */
static void snapshot(const struct body_form *f, struct body_want *w)
{
	EVP_MD_CTX *copy = EVP_MD_CTX_new();

	if (!copy || !EVP_MD_CTX_copy_ex(copy, f->hash) || !EVP_DigestFinal_ex(copy, w->hash, NULL))
		log_fatal("mail", "no SHA-256");
	EVP_MD_CTX_free(copy);
	w->known = true;
}

/* The want whose limit comes first within the next `n` bytes; NULL: none. */
static struct body_want *next_limit(struct body_hash *h, const struct body_form *f, uint64_t n)
{
	struct body_want *first = NULL;

	for (size_t i = 0; i < h->count; i++) {
		struct body_want *w = &h->wants[i];

		if (w->relaxed == f->relaxed && w->limited && !w->known && w->limit - f->n <= n &&
			(!first || w->limit < first->limit))
			first = w;
	}
	return first;
}

/* Invariant: a limited want that is not known has its limit at f->n or behind it. */
static void hash_bytes(struct body_hash *h, struct body_form *f, struct slice bytes)
{
	struct body_want *w;

	while ((w = next_limit(h, f, bytes.n))) {
		size_t before = (size_t)(w->limit - f->n);

		EVP_DigestUpdate(f->hash, bytes.p, before);
		bytes = slice_skip(bytes, before);
		f->n += before;
		snapshot(f, w);
	}
	EVP_DigestUpdate(f->hash, bytes.p, bytes.n);
	f->n += bytes.n;
}

static void flush(struct body_hash *h, struct body_form *f)
{
	hash_bytes(h, f, slice_of(f->out, f->out_n));
	f->out_n = 0;
}

static void emit(struct body_hash *h, struct body_form *f, struct slice bytes)
{
	if (bytes.n > BODY_OUT_MAX - f->out_n)
		flush(h, f);
	if (bytes.n >= BODY_OUT_MAX) {
		hash_bytes(h, f, bytes);
		return;
	}
	if (bytes.n)
		memcpy(f->out + f->out_n, bytes.p, bytes.n);
	f->out_n += bytes.n;
}

/* Something follows: the line ends before it count. */
static void emit_line_ends(struct body_hash *h, struct body_form *f)
{
	for (; f->crlfs; f->crlfs--)
		emit(h, f, SLICE("\r\n"));
	f->text = true;
}

/* ---- simple ---- */

/* A CR was held back; gives what of `in` is left. */
static struct slice simple_cr(struct body_hash *h, struct body_form *f, struct slice in)
{
	f->cr = false;
	if (in.p[0] == '\n') {
		f->crlfs++;
		return slice_skip(in, 1);
	}
	emit_line_ends(h, f);
	emit(h, f, SLICE("\r"));
	return in;
}

static void feed_simple(struct body_hash *h, struct body_form *f, struct slice in)
{
	uint64_t behind = 0; /* line ends at the end */

	if (f->cr)
		in = simple_cr(h, f, in);
	if (in.n && in.p[in.n - 1] == '\r') {
		f->cr = true;
		in.n--;
	}
	for (; in.n >= 2 && in.p[in.n - 2] == '\r' && in.p[in.n - 1] == '\n'; in.n -= 2)
		behind++;
	if (in.n) {
		emit_line_ends(h, f);
		emit(h, f, in);
	}
	f->crlfs += behind;
}

/* ---- relaxed ---- */

static void relaxed_text(struct body_hash *h, struct body_form *f, struct slice text)
{
	emit_line_ends(h, f);
	if (f->space)
		emit(h, f, SLICE(" "));
	f->space = false;
	emit(h, f, text);
}

static size_t run_of_text(struct slice in)
{
	size_t n = 0;

	while (n < in.n && in.p[n] != ' ' && in.p[n] != '\t' && in.p[n] != '\r')
		n++;
	return n;
}

static void feed_relaxed(struct body_hash *h, struct body_form *f, struct slice in)
{
	while (in.n) {
		size_t n = 1;

		if (f->cr && in.p[0] == '\n') {
			f->crlfs++;
			f->cr = f->space = false;
		} else if (f->cr) {
			f->cr = false;
			relaxed_text(h, f, SLICE("\r"));
			n = 0;
		} else if (in.p[0] == '\r') {
			f->cr = true;
		} else if (in.p[0] == ' ' || in.p[0] == '\t') {
			f->space = true;
		} else {
			n = run_of_text(in);
			relaxed_text(h, f, slice_head(in, n));
		}
		in = slice_skip(in, n);
	}
}

/* ---- both ---- */

int body_hash_want(struct body_hash *h, bool relaxed, bool limited, uint64_t limit)
{
	struct body_form *f = &h->forms[relaxed];

	INVARIANT(!f->n && !f->text && !f->crlfs);
	if (h->count == BODY_WANTS_MAX)
		return -1;
	if (!f->wanted) {
		f->wanted = true;
		f->relaxed = relaxed;
		f->hash = new_hash();
	}
	h->wants[h->count] =
		(struct body_want){ .relaxed = relaxed, .limited = limited, .limit = limit };
	return (int)h->count++;
}

void body_hash_feed(struct body_hash *h, struct slice bytes)
{
	if (bytes.n && h->forms[false].wanted)
		feed_simple(h, &h->forms[false], bytes);
	if (bytes.n && h->forms[true].wanted)
		feed_relaxed(h, &h->forms[true], bytes);
}

static void end_form(struct body_hash *h, struct body_form *f)
{
	if (f->cr && f->relaxed) {
		relaxed_text(h, f, SLICE("\r"));
	} else if (f->cr) {
		emit_line_ends(h, f);
		emit(h, f, SLICE("\r"));
	}
	if (f->text || !f->relaxed)
		emit(h, f, SLICE("\r\n"));
	flush(h, f);
	for (size_t i = 0; i < h->count; i++)
		if (h->wants[i].relaxed == f->relaxed && !h->wants[i].limited)
			snapshot(f, &h->wants[i]);
}

void body_hash_end(struct body_hash *h)
{
	for (int i = 0; i < 2; i++)
		if (h->forms[i].wanted)
			end_form(h, &h->forms[i]);
}

uint64_t body_hash_length(const struct body_hash *h, bool relaxed)
{
	return h->forms[relaxed].n;
}

void body_hash_clear(struct body_hash *h)
{
	for (int i = 0; i < 2; i++) {
		EVP_MD_CTX_free(h->forms[i].hash);
		h->forms[i].hash = NULL;
	}
}
