/*
 * imap_write.c: response lines and response data.
 *
 * Pure, on whichever thread has the buffer; each writes what it is given, once.
 */
#include "imap/grammar/imap_write.h"

#include "imap/grammar/imap_lex.h"
#include "imap/grammar/imap_mutf7.h"
#include "imap/grammar/imap_string.h"

/* --- response lines -------------------------------------------------------------------------- */

/* Text without CR, LF and other control characters. */
static void add_text(struct strbuf *out, const char *text)
{
	for (; *text; text++)
		strbuf_addc(out, (unsigned char)*text < ' ' || *text == 0x7f ? '?' : *text);
}

void imap_write_status(struct strbuf *out, struct slice tag, const char *status, const char *code,
	const char *text)
{
	strbuf_add(out, tag.n ? tag : SLICE("*"));
	strbuf_printf(out, " %s ", status);
	if (code) {
		strbuf_addc(out, '[');
		add_text(out, code);
		strbuf_adds(out, "] ");
	}
	add_text(out, text);
	strbuf_adds(out, "\r\n");
}

void imap_write_refusal(struct strbuf *out, struct slice tag, const struct imap_refusal *refusal)
{
	imap_write_status(out, tag, refusal->status, refusal->code, refusal->text);
}

void imap_write_untagged(struct strbuf *out, const char *fmt, ...)
{
	va_list ap;

	strbuf_adds(out, "* ");
	va_start(ap, fmt);
	strbuf_vprintf(out, fmt, ap);
	va_end(ap);
	strbuf_adds(out, "\r\n");
}

void imap_write_continuation(struct strbuf *out, const char *text)
{
	strbuf_adds(out, "+ ");
	add_text(out, text);
	strbuf_adds(out, "\r\n");
}

/* --- strings --------------------------------------------------------------------------------- */

void imap_write_literal(struct strbuf *out, uint64_t n)
{
	strbuf_printf(out, "{%llu}\r\n", (unsigned long long)n);
}

void imap_write_astring(struct strbuf *out, struct slice s)
{
	bool atom = s.n > 0 && !slice_ieq(s, SLICE("NIL"));

	for (size_t i = 0; i < s.n && atom; i++)
		atom = imap_is_astring_char((unsigned char)s.p[i]);
	if (atom)
		strbuf_add(out, s);
	else
		imap_write_string(out, s);
}

void imap_write_mailbox(struct strbuf *out, struct slice name)
{
	struct strbuf wire = { 0 };

	imap_mutf7_encode(&wire, name);
	imap_write_astring(out, strbuf_slice(&wire));
	strbuf_free(&wire);
}

/* --- words ----------------------------------------------------------------------------------- */

/* The names of the bits that are set, from the lowest up, with spaces between. */
static void add_bits(struct strbuf *out, unsigned bits, const char *const *names, size_t n)
{
	const char *space = "";

	for (size_t i = 0; i < n; i++) {
		if (bits & (1u << i)) {
			strbuf_adds(out, space);
			strbuf_adds(out, names[i]);
			space = " ";
		}
	}
}

void imap_write_flags(struct strbuf *out, const struct imap_flags *flags)
{
	static const char *const names[] = { "\\Seen", "\\Answered", "\\Flagged", "\\Deleted",
		"\\Draft", "\\Recent" };
	size_t before;

	strbuf_addc(out, '(');
	before = out->n;
	add_bits(out, flags->system, names, sizeof(names) / sizeof(names[0]));
	for (size_t i = 0; i < flags->keywords.n; i++) {
		if (out->n > before)
			strbuf_addc(out, ' ');
		strbuf_add(out, flags->keywords.items[i]);
	}
	strbuf_addc(out, ')');
}

void imap_write_uses(struct strbuf *out, unsigned bits)
{
	static const char *const names[] = { "\\All", "\\Archive", "\\Drafts", "\\Flagged",
		"\\Junk", "\\Sent", "\\Trash", "\\Important" };

	add_bits(out, bits, names, sizeof(names) / sizeof(names[0]));
}

const char *imap_status_item_name(enum imap_status_item item)
{
	switch (item) {
	case IMAP_STATUS_MESSAGES: return "MESSAGES";
	case IMAP_STATUS_RECENT: return "RECENT";
	case IMAP_STATUS_UIDNEXT: return "UIDNEXT";
	case IMAP_STATUS_UIDVALIDITY: return "UIDVALIDITY";
	case IMAP_STATUS_UNSEEN: return "UNSEEN";
	case IMAP_STATUS_SIZE: return "SIZE";
	}
	return "?";
}

void imap_write_datetime(struct strbuf *out, struct imap_datetime t)
{
	strbuf_addc(out, '"');
	imap_datetime_format(out, t);
	strbuf_addc(out, '"');
}

/* --- FETCH and sets -------------------------------------------------------------------------- */

static void add_section(struct strbuf *out, const struct mime_section *section)
{
	static const char *const kinds[] = {
		[MIME_SECTION_ALL] = "",
		[MIME_SECTION_HEADER] = "HEADER",
		[MIME_SECTION_FIELDS] = "HEADER.FIELDS",
		[MIME_SECTION_FIELDS_NOT] = "HEADER.FIELDS.NOT",
		[MIME_SECTION_TEXT] = "TEXT",
		[MIME_SECTION_MIME] = "MIME",
	};

	for (size_t i = 0; i < section->path_n; i++)
		strbuf_printf(out, i ? ".%u" : "%u", section->path[i]);
	if (section->path_n && section->kind != MIME_SECTION_ALL)
		strbuf_addc(out, '.');
	strbuf_adds(out, kinds[section->kind]);
	for (size_t i = 0; i < section->fields.n; i++) {
		strbuf_adds(out, i ? " " : " (");
		imap_write_astring(out, section->fields.v[i]);
	}
	if (section->fields.n)
		strbuf_addc(out, ')');
}

void imap_write_fetch_name(struct strbuf *out, const struct imap_fetch_item *item)
{
	static const char *const names[] = {
		[IMAP_FETCH_UID] = "UID",
		[IMAP_FETCH_FLAGS] = "FLAGS",
		[IMAP_FETCH_INTERNALDATE] = "INTERNALDATE",
		[IMAP_FETCH_RFC822_SIZE] = "RFC822.SIZE",
		[IMAP_FETCH_ENVELOPE] = "ENVELOPE",
		[IMAP_FETCH_BODY] = "BODY",
		[IMAP_FETCH_BODYSTRUCTURE] = "BODYSTRUCTURE",
		[IMAP_FETCH_SECTION] = "BODY",
		[IMAP_FETCH_RFC822] = "RFC822",
		[IMAP_FETCH_RFC822_HEADER] = "RFC822.HEADER",
		[IMAP_FETCH_RFC822_TEXT] = "RFC822.TEXT",
	};

	strbuf_adds(out, names[item->kind]);
	if (item->kind != IMAP_FETCH_SECTION)
		return;
	strbuf_addc(out, '[');
	add_section(out, &item->section);
	strbuf_addc(out, ']');
	if (item->partial)
		strbuf_printf(out, "<%u>", item->offset);
}

void imap_write_numbers(struct strbuf *out, const uint32_t *numbers, size_t n)
{
	struct imap_seqset_writer w = { 0 };

	for (size_t i = 0; i < n; i++)
		imap_seqset_add(&w, out, numbers[i]);
	imap_seqset_end(&w, out);
}
