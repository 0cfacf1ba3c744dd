/*
 * mime/submission.c: one walk over the fields, of which a table says what each is: written as it is, encoded,
 * or left out; then what must be there is looked for (mime/submission.h).
 *
 * Pure; linear in the header. Of authors there are AUTHORS_MAX at most.
 */
#include "mime/submission.h"

#include "hearth/text.h"
#include "mime/address.h"
#include "mime/build.h"
#include "mime/date.h"
#include "mime/encode.h"
#include "mime/encoded_word.h"
#include "mime/header.h"
#include "smtp/smtp_address.h"

#define AUTHORS_MAX 20

/* What is done with a field; the others are text. */
enum kind {
	TEXT,
	DROPPED,
	ADDRESSES,
	STRUCTURED, /* tokens: bytes beyond ASCII have no place there */
};

/* The fields that may be there once (RFC 5322 section 3.6), as far as it matters which one counts. */
enum once { FROM, SENDER, DATE, MESSAGE_ID, SUBJECT, ONCES };

static const struct row {
	struct slice name;
	enum kind kind;
	enum once once; /* ONCES: as often as one likes */
} rows[] = {
	{ SLICE("From"), ADDRESSES, FROM },
	{ SLICE("Sender"), ADDRESSES, SENDER },
	{ SLICE("Date"), STRUCTURED, DATE },
	{ SLICE("Message-ID"), STRUCTURED, MESSAGE_ID },
	{ SLICE("Subject"), TEXT, SUBJECT },
	{ SLICE("Bcc"), DROPPED, ONCES },
	{ SLICE("Resent-Bcc"), DROPPED, ONCES },
	{ SLICE("Return-Path"), DROPPED, ONCES },
	{ SLICE("To"), ADDRESSES, ONCES },
	{ SLICE("Cc"), ADDRESSES, ONCES },
	{ SLICE("Reply-To"), ADDRESSES, ONCES },
	{ SLICE("Resent-From"), ADDRESSES, ONCES },
	{ SLICE("Resent-To"), ADDRESSES, ONCES },
	{ SLICE("Resent-Cc"), ADDRESSES, ONCES },
	{ SLICE("Resent-Sender"), ADDRESSES, ONCES },
	{ SLICE("Disposition-Notification-To"), ADDRESSES, ONCES },
	{ SLICE("In-Reply-To"), STRUCTURED, ONCES },
	{ SLICE("References"), STRUCTURED, ONCES },
	{ SLICE("Received"), STRUCTURED, ONCES },
	{ SLICE("MIME-Version"), STRUCTURED, ONCES },
	{ SLICE("Content-Type"), STRUCTURED, ONCES },
	{ SLICE("Content-Transfer-Encoding"), STRUCTURED, ONCES },
	{ SLICE("Content-Disposition"), STRUCTURED, ONCES },
	{ SLICE("Content-ID"), STRUCTURED, ONCES },
	{ SLICE("DKIM-Signature"), STRUCTURED, ONCES },
	{ SLICE("Authentication-Results"), STRUCTURED, ONCES },
};

static const struct row *find_row(struct slice name)
{
	static const struct row other = { { NULL, 0 }, TEXT, ONCES };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (slice_ieq(name, rows[i].name))
			return &rows[i];
	return &other;
}

static bool is_ascii(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] >= 0x80)
			return false;
	return true;
}

/* ---- bytes beyond ASCII ---- */

static const char *encode_addresses(
	struct strbuf *out, struct arena *a, const struct mime_field *f, struct mime_submission *s)
{
	struct mime_addresses list = mime_addresses_parse(a, mime_unfold(a, f->value));
	struct mime_build_address *v = arena_zalloc(a, (list.n + 1) * sizeof(*v));

	for (size_t i = 0; i < list.n; i++) {
		const struct mime_address *m = &list.v[i];

		if (m->kind != MIME_ADDRESS_MAILBOX || m->host.n == 0)
			return "a field of addresses has bytes beyond ASCII, and cannot be encoded";
		if (!is_ascii(m->mailbox) || !is_ascii(m->host)) {
			s->needs_utf8 = true;
			return "an address has characters that need SMTPUTF8";
		}
		v[i].name = mime_words_text(a, m->name);
		v[i].address = slice_str(
			arena_printf(a, "%.*s@%.*s", SLICE_ARG(m->mailbox), SLICE_ARG(m->host)));
	}
	mime_build_field(out, arena_strdup(a, f->name), (struct mime_build_addresses){ v, list.n });
	return NULL;
}

/* What one program takes for the end of a line, and so for another field, and the next one does not. */
static bool has_bare_cr(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] == '\r' && (i + 1 == s.n || s.p[i + 1] != '\n'))
			return true;
	return false;
}

/* Lines that end in CRLF, however they came. */
static void write_lines(struct strbuf *out, struct slice raw)
{
	while (raw.n > 0) {
		struct slice line = slice_head(raw, mime_line(raw));

		raw = slice_skip(raw, line.n);
		while (line.n > 0 && (line.p[line.n - 1] == '\n' || line.p[line.n - 1] == '\r'))
			line.n--;
		strbuf_add(out, line);
		strbuf_adds(out, "\r\n");
	}
}

/* A field as it goes on. */
static const char *write_field(struct strbuf *out, struct arena *a, const struct mime_field *f,
	enum kind kind, struct mime_submission *s)
{
	if (has_bare_cr(f->raw))
		return "the header has a CR that ends no line";
	if (is_ascii(f->raw) || (s->utf8 && utf8_valid(f->raw))) {
		write_lines(out, f->raw);
		return NULL;
	}
	if (!is_ascii(f->name) || kind == STRUCTURED)
		return "a field of the header has bytes beyond ASCII where none can be";
	if (kind == ADDRESSES)
		return encode_addresses(out, a, f, s);
	strbuf_printf(out, "%.*s: ", SLICE_ARG(f->name));
	mime_encode_text(out, mime_words_text(a, mime_unfold(a, f->value)), f->name.n + 2);
	strbuf_adds(out, "\r\n");
	return NULL;
}

/* ---- sent again ---- */

/* The fields with which a mail begins that is sent again, up to another field, or to those of an earlier time. */
struct resent {
	struct mime_field from, sender, date;
	bool over;
};

static void note_resent(struct resent *r, const struct mime_field *f)
{
	struct mime_field *place = slice_ieq(f->name, SLICE("Resent-From"))     ? &r->from
				   : slice_ieq(f->name, SLICE("Resent-Sender")) ? &r->sender
				   : slice_ieq(f->name, SLICE("Resent-Date"))   ? &r->date
										: NULL;

	r->over = r->over || !slice_istarts(f->name, SLICE("Resent-")) || (place && place->name.p);
	if (place && !r->over)
		*place = *f;
}

/* ---- who it is from ---- */

/*
 * The addresses of a field, all of which are understood: what is left over, another program could take for
 * the author.
 */
static bool read_authors(
	struct arena *a, struct slice value, struct slice *authors, size_t *n, size_t max)
{
	struct slice text = mime_unfold(a, value);
	struct mime_addresses list = mime_addresses_parse(a, text);
	size_t before = *n;

	for (size_t i = 0; i < list.n; i++) {
		const struct mime_address *m = &list.v[i];
		struct strbuf canonical = { 0 };
		struct smtp_address address;
		struct slice plain = slice_str(
			arena_printf(a, "%.*s@%.*s", SLICE_ARG(m->mailbox), SLICE_ARG(m->host)));

		if (m->kind != MIME_ADDRESS_MAILBOX || *n - before == max || *n == AUTHORS_MAX ||
			smtp_address_read(plain, &address) != (ptrdiff_t)plain.n)
			return false;
		smtp_address_canonical(&canonical, &address);
		authors[(*n)++] = arena_slice(a, strbuf_slice(&canonical));
		strbuf_free(&canonical);
	}
	return *n > before && mime_addresses_are_whole(text, &list);
}

/* Of `from`, and of `sender`, which is there where that names several. */
static const char *find_authors(struct arena *a, const struct mime_field *from,
	const struct mime_field *sender, struct slice **authors, size_t *n)
{
	*authors = arena_zalloc(a, AUTHORS_MAX * sizeof(**authors));
	*n = 0;
	if (!from->name.p)
		return "the message does not say who it is from (From)";
	if (!read_authors(a, from->value, *authors, n, AUTHORS_MAX))
		return "From is not a list of mail addresses";
	if (*n > 1 && !sender->name.p)
		return "From names several, and no Sender who of them has sent it";
	if (sender->name.p && !read_authors(a, sender->value, *authors, n, 1))
		return "Sender is not one mail address";
	return NULL;
}

static const char *find_all_authors(struct arena *a, const struct mime_field found[ONCES],
	const struct resent *r, struct mime_submission *s)
{
	const char *why = find_authors(a, &found[FROM], &found[SENDER], &s->authors, &s->author_n);

	s->originals = NULL;
	s->original_n = 0;
	if (why || !r->from.name.p)
		return why;
	s->originals = s->authors;
	s->original_n = s->author_n;
	return find_authors(a, &r->from, &r->sender, &s->authors, &s->author_n);
}

/* ---- the whole ---- */

static const char *take_fields(struct strbuf *out, struct arena *a, struct slice header,
	struct mime_submission *s, struct mime_field found[ONCES], struct resent *resent,
	struct slice *rest)
{
	struct mime_fields it = mime_fields_of(header);
	struct mime_field f;
	const char *why;

	for (bool first = true; *rest = it.rest, mime_fields_next(&it, &f); first = false) {
		const struct row *row = find_row(f.name);

		if (f.name.n == 0 && first && slice_starts(f.raw, SLICE("From ")))
			continue; /* of an mbox */
		if (f.name.n == 0)
			return NULL;
		if (row->once != ONCES && found[row->once].name.p)
			return "a field that may be there once is there twice";
		if (row->once != ONCES)
			found[row->once] = f;
		if (row->kind != DROPPED)
			note_resent(resent, &f);
		why = row->kind == DROPPED ? NULL : write_field(out, a, &f, row->kind, s);
		if (why)
			return why;
	}
	return it.left == 0 ? "the header has too many fields" : NULL;
}

const char *mime_submission_mend(
	struct strbuf *out, struct arena *a, struct slice header, struct mime_submission *s)
{
	struct mime_field found[ONCES] = { 0 };
	struct resent resent = { .over = false };
	struct strbuf fields = { 0 };
	struct slice rest = header;
	const char *why = take_fields(&fields, a, header, s, found, &resent, &rest);

	s->author_n = 0;
	if (!why)
		why = find_all_authors(a, found, &resent, s);
	if (!why && s->originals && !resent.date.name.p) {
		strbuf_adds(out, "Resent-Date: ");
		mime_date_write(out, s->date_s);
		strbuf_adds(out, "\r\n");
	}
	if (!why)
		strbuf_add(out, strbuf_slice(&fields));
	strbuf_free(&fields);
	if (why)
		return why;
	if (!found[DATE].name.p) {
		strbuf_adds(out, "Date: ");
		mime_date_write(out, s->date_s);
		strbuf_adds(out, "\r\n");
	}
	if (!found[MESSAGE_ID].name.p)
		strbuf_printf(out, "Message-ID: <%.*s>\r\n", SLICE_ARG(s->message_id));
	strbuf_adds(out, "\r\n");
	/* Behind the empty line is nothing; behind a line that is no field, the text. */
	if (rest.n > 0 && !mime_line_empty(slice_head(rest, mime_line(rest))))
		strbuf_add(out, rest);
	return NULL;
}
