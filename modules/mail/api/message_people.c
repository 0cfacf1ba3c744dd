/*
 * api/message_people.c: who stands in a message's header, address by address: for answers to it, which
 * need more than the line a list shows. On a worker; HEADER_MAX bytes of a header are looked at, and
 * PEOPLE_MAX addresses of a field told.
 */
#include "api/api.h"
#include "mime/address.h"
#include "mime/encoded_word.h"
#include "mime/header.h"

#define HEADER_MAX (256u << 10)
#define PEOPLE_MAX 500

/* Whether the local part can stand as it is (RFC 5322 section 3.2.3, dot-atom; RFC 6532). */
static bool is_plain(struct slice local)
{
	for (size_t i = 0; i < local.n; i++) {
		unsigned char c = (unsigned char)local.p[i];

		if (c <= ' ' || c == 0x7f || strchr("()<>[]:;@\\,\"", c))
			return false;
	}
	return local.n > 0 && local.p[0] != '.' && local.p[local.n - 1] != '.';
}

static struct slice address_of(struct arena *a, const struct mime_address *m)
{
	struct slice local = mime_raw_text(a, m->mailbox), host = mime_raw_text(a, m->host);
	struct strbuf out = { 0 };
	bool plain = is_plain(local);

	if (!plain)
		strbuf_addc(&out, '"');
	for (size_t i = 0; i < local.n; i++) {
		if (!plain && (local.p[i] == '"' || local.p[i] == '\\'))
			strbuf_addc(&out, '\\');
		strbuf_addc(&out, local.p[i]);
	}
	strbuf_printf(&out, "%s@%.*s", plain ? "" : "\"", SLICE_ARG(host));
	host = arena_slice(a, strbuf_slice(&out));
	strbuf_free(&out);
	return host;
}

static void put_field(struct mail_call *c, struct slice header, const char *name, const char *field)
{
	struct slice value = mime_field_join(c->a, header, slice_str(field));
	struct mime_addresses found = { NULL, 0 };
	size_t told = 0;

	if (value.p)
		found = mime_addresses_parse(c->a, value);
	json_name(&c->w, name);
	json_open_array(&c->w);
	for (size_t i = 0; i < found.n && told < PEOPLE_MAX; i++) {
		const struct mime_address *m = &found.v[i];

		if (m->kind != MIME_ADDRESS_MAILBOX || m->host.n == 0)
			continue;
		told++;
		json_open_object(&c->w);
		json_put_text(&c->w, "name", mime_words_text(c->a, m->name));
		json_put_text(&c->w, "address", address_of(c->a, m));
		json_close_object(&c->w);
	}
	json_close_array(&c->w);
}

int mail_call_people(struct mail_call *c, struct mail_reader *reader, const struct mime_part *root)
{
	static const struct {
		const char *name, *field;
	} fields[] = { { "from", "From" }, { "reply_to", "Reply-To" }, { "to", "To" },
		{ "cc", "Cc" }, { "bcc", "Bcc" } };
	size_t size = root->header_size < HEADER_MAX ? (size_t)root->header_size : HEADER_MAX;
	struct strbuf header = { 0 };
	int rc = mail_reader_add(reader, root->offset, size, &header);

	json_name(&c->w, "people");
	json_open_object(&c->w);
	for (size_t i = 0; rc == 0 && i < sizeof(fields) / sizeof(fields[0]); i++)
		put_field(c, strbuf_slice(&header), fields[i].name, fields[i].field);
	json_close_object(&c->w);
	strbuf_free(&header);
	return rc;
}
