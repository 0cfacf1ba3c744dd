/*
 * imap/grammar/imap_string.c: writes quoted strings, literals and NIL, and an ENVELOPE from a
 * header. Pure; as long as the header.
 */
#include "imap/grammar/imap_string.h"
#include "mime/address.h"
#include "mime/header.h"

static void add_quoted(struct strbuf *out, struct slice s)
{
	strbuf_addc(out, '"');
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '"' || s.p[i] == '\\')
			strbuf_addc(out, '\\');
		strbuf_addc(out, s.p[i]);
	}
	strbuf_addc(out, '"');
}

static void add_literal(struct strbuf *out, struct slice s)
{
	size_t nuls = 0;

	for (size_t i = 0; i < s.n; i++)
		nuls += s.p[i] == '\0';
	strbuf_printf(out, "{%zu}\r\n", s.n - nuls);
	if (nuls == 0) {
		strbuf_add(out, s);
		return;
	}
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i])
			strbuf_addc(out, s.p[i]);
}

void imap_write_string(struct strbuf *out, struct slice s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c == '\0' || c == '\r' || c == '\n' || c >= 0x80) {
			add_literal(out, s);
			return;
		}
	}
	add_quoted(out, s);
}

void imap_write_nstring(struct strbuf *out, struct slice s)
{
	if (s.p)
		imap_write_string(out, s);
	else
		strbuf_adds(out, "NIL");
}

static void add_or_nil(struct strbuf *out, struct slice s)
{
	imap_write_nstring(out, s.n ? s : (struct slice){ NULL, 0 });
}

/*
 * One address. Only the marks of a group have NIL for host or mailbox, so that a missing host is
 * an empty string.
 */
static void add_address(struct strbuf *out, const struct mime_address *address)
{
	strbuf_addc(out, '(');
	add_or_nil(out, address->name);
	strbuf_addc(out, ' ');
	add_or_nil(out, address->adl);
	strbuf_addc(out, ' ');
	if (address->kind == MIME_ADDRESS_GROUP_END)
		strbuf_adds(out, "NIL");
	else
		imap_write_string(out, address->mailbox);
	strbuf_addc(out, ' ');
	if (address->kind == MIME_ADDRESS_MAILBOX)
		imap_write_string(out, address->host);
	else
		strbuf_adds(out, "NIL");
	strbuf_addc(out, ')');
}

static void add_addresses(struct strbuf *out, const struct mime_addresses *list)
{
	if (list->n == 0) {
		strbuf_adds(out, "NIL");
		return;
	}
	strbuf_addc(out, '(');
	for (size_t i = 0; i < list->n; i++)
		add_address(out, &list->v[i]);
	strbuf_addc(out, ')');
}

static struct mime_addresses field_addresses(
	struct arena *a, struct slice header, struct slice name)
{
	return mime_addresses_parse(a, mime_field_join(a, header, name));
}

static void add_field(struct strbuf *out, struct arena *a, struct slice header, struct slice name)
{
	struct mime_field field;

	if (mime_field_find(header, name, &field))
		imap_write_string(out, mime_unfold(a, field.value));
	else
		strbuf_adds(out, "NIL");
}

void imap_write_envelope(struct strbuf *out, struct arena *scratch, struct slice header)
{
	/*
	 * Sender and Reply-To stand for From when they are missing or empty; the others for nobody.
	 */
	static const struct {
		struct slice name;
		bool or_from;
	} lists[] = {
		{ { "Sender", 6 }, true },
		{ { "Reply-To", 8 }, true },
		{ { "To", 2 }, false },
		{ { "Cc", 2 }, false },
		{ { "Bcc", 3 }, false },
	};
	struct mime_addresses from = field_addresses(scratch, header, SLICE("From"));

	strbuf_addc(out, '(');
	add_field(out, scratch, header, SLICE("Date"));
	strbuf_addc(out, ' ');
	add_field(out, scratch, header, SLICE("Subject"));
	strbuf_addc(out, ' ');
	add_addresses(out, &from);
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		struct mime_addresses list = field_addresses(scratch, header, lists[i].name);

		strbuf_addc(out, ' ');
		add_addresses(out, list.n == 0 && lists[i].or_from ? &from : &list);
	}
	strbuf_addc(out, ' ');
	add_field(out, scratch, header, SLICE("In-Reply-To"));
	strbuf_addc(out, ' ');
	add_field(out, scratch, header, SLICE("Message-ID"));
	strbuf_addc(out, ')');
}
