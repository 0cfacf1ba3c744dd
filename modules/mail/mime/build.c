/*
 * mime/build.c: see mime/build.h. A message without attachments is its text; one with them is a
 * multipart/mixed of the text and each. Pure; linear.
 */
#include "mime/build.h"

#include "mime/date.h"
#include "mime/encode.h"

#define FOLD_AT 76

/* ---- the header ---- */

void mime_build_field(struct strbuf *out, const char *name, struct mime_build_addresses list)
{
	size_t column = strlen(name) + 1;

	if (list.n == 0)
		return;
	strbuf_printf(out, "%s:", name);
	for (size_t i = 0; i < list.n; i++) {
		const struct mime_build_address *a = &list.v[i];
		size_t size = a->name.n + a->address.n + 5;

		if (column + size > FOLD_AT && column > 1) {
			strbuf_adds(out, "\r\n");
			column = 0;
		}
		strbuf_addc(out, ' ');
		column++;
		if (a->name.n > 0) {
			column = mime_encode_phrase(out, a->name, column);
			if (column + a->address.n + 4 > FOLD_AT) {
				strbuf_adds(out, "\r\n");
				column = 0;
			}
			strbuf_adds(out, " <");
		}
		strbuf_add(out, a->address);
		strbuf_printf(out, "%s%s", a->name.n > 0 ? ">" : "", i + 1 < list.n ? "," : "");
		column += a->address.n + 4;
	}
	strbuf_adds(out, "\r\n");
}

/* A line for each id. */
static void write_references(struct strbuf *out, const struct mime_build *b)
{
	struct slice rest = b->references;
	bool first = true;

	if (b->in_reply_to.n > 0)
		strbuf_printf(out, "In-Reply-To: <%.*s>\r\n", SLICE_ARG(b->in_reply_to));
	while (rest.n > 0) {
		struct slice id = slice_split(&rest, ' ');

		if (id.n == 0)
			continue;
		strbuf_adds(out, first ? "References: " : "\r\n ");
		strbuf_add(out, id);
		first = false;
	}
	if (!first)
		strbuf_adds(out, "\r\n");
}

static void write_header(struct strbuf *out, const struct mime_build *b)
{
	const struct mime_build_addresses from = { &b->from, 1 };

	strbuf_adds(out, "Date: ");
	mime_date_write(out, b->date_s);
	strbuf_adds(out, "\r\n");
	mime_build_field(out, "From", from);
	mime_build_field(out, "To", b->to);
	mime_build_field(out, "Cc", b->cc);
	strbuf_adds(out, "Subject: ");
	mime_encode_text(out, b->subject, sizeof("Subject: ") - 1);
	strbuf_printf(out, "\r\nMessage-ID: <%.*s>\r\n", SLICE_ARG(b->message_id));
	write_references(out, b);
	strbuf_adds(out, "MIME-Version: 1.0\r\n");
}

/* ---- the body ---- */

/* The text with lines that end in CRLF, the last one too. */
static struct strbuf in_lines(struct slice text)
{
	struct strbuf out = { 0 };

	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];

		if (c == '\r' && i + 1 < text.n && text.p[i + 1] == '\n')
			continue;
		if (c == '\r' || c == '\n')
			strbuf_adds(&out, "\r\n");
		else if (c != '\0')
			strbuf_addc(&out, c);
	}
	if (out.n > 0 && out.p[out.n - 1] != '\n')
		strbuf_adds(&out, "\r\n");
	return out;
}

static void write_text(struct strbuf *out, struct slice text)
{
	static const char *const names[] = { [MIME_7BIT] = "7bit",
		[MIME_QUOTED_PRINTABLE] = "quoted-printable",
		[MIME_BASE64] = "base64" };
	struct strbuf lines = in_lines(text);
	enum mime_encoding how = mime_encoding_for(strbuf_slice(&lines));

	strbuf_printf(out,
		"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: %s\r\n\r\n",
		names[how]);
	if (how == MIME_7BIT)
		strbuf_add(out, strbuf_slice(&lines));
	else if (how == MIME_QUOTED_PRINTABLE)
		mime_encode_quoted_printable(out, strbuf_slice(&lines));
	else
		mime_encode_base64(out, strbuf_slice(&lines));
	strbuf_free(&lines);
}

static bool is_token(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] <= ' ' || (unsigned char)s.p[i] >= 0x7f ||
			strchr("()<>@,;:\\\"/[]?=", s.p[i]))
			return false;
	return s.n > 0 && s.n <= 100;
}

/*
 * "type/subtype", where it is one that may be encoded: what holds parts of its own may not (RFC 2046
 * section 5.1, 5.2), and goes as bytes.
 */
static bool is_type(struct slice type)
{
	struct slice subtype = type, top = slice_split(&subtype, '/');

	return is_token(top) && is_token(subtype) && !slice_ieq(top, SLICE("multipart")) &&
	       !slice_ieq(top, SLICE("message"));
}

static void write_attachment(struct strbuf *out, const struct mime_build_attachment *a)
{
	struct slice type = is_type(a->type) ? a->type : SLICE("application/octet-stream");

	strbuf_printf(out, "Content-Type: %.*s", SLICE_ARG(type));
	strbuf_adds(
		out, "\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment");
	if (a->name.n > 0)
		mime_encode_param(out, "filename", a->name);
	strbuf_adds(out, "\r\n\r\n");
	mime_encode_base64(out, a->bytes);
}

void mime_build(struct strbuf *out, const struct mime_build *b)
{
	write_header(out, b);
	if (b->attachment_n == 0) {
		write_text(out, b->text);
		return;
	}
	strbuf_printf(out, "Content-Type: multipart/mixed; boundary=\"%.*s\"\r\n\r\n--%.*s\r\n",
		SLICE_ARG(b->boundary), SLICE_ARG(b->boundary));
	write_text(out, b->text);
	for (size_t i = 0; i < b->attachment_n; i++) {
		strbuf_printf(out, "\r\n--%.*s\r\n", SLICE_ARG(b->boundary));
		write_attachment(out, &b->attachments[i]);
	}
	strbuf_printf(out, "\r\n--%.*s--\r\n", SLICE_ARG(b->boundary));
}
