/*
 * dkim_sign.c: which fields are signed, and the field that says so (dkim_sign.h).
 *
 * Pure. A name is signed NAME_TIMES_MAX times at most, and once more; the field is folded, so that no line is long.
 */
#include "sign/dkim_sign.h"

#include <stdlib.h>

#include "hearth/text.h"
#include "mime/address.h"
#include "verify/ask.h"
#include "verify/body_hash.h"

#define NAME_TIMES_MAX 8

/* RFC 6376 section 5.4.1. */
static const struct {
	const char *name;
	bool once_more; /* signed once more than it is there: none can be added */
} signed_fields[] = {
	{ "From", true },
	{ "To", true },
	{ "Cc", true },
	{ "Subject", true },
	{ "Date", true },
	{ "Message-ID", true },
	{ "Reply-To", true },
	{ "In-Reply-To", true },
	{ "References", true },
	{ "MIME-Version", true },
	{ "Content-Type", true },
	{ "Content-Transfer-Encoding", true },
	{ "Sender", false }, /* lists that change nothing else add it, and those below */
	{ "List-Id", false },
	{ "List-Post", false },
	{ "List-Help", false },
	{ "List-Subscribe", false },
	{ "List-Unsubscribe", false }, /* RFC 8058 section 4 wants both signed */
	{ "List-Unsubscribe-Post", false },
	{ "Auto-Submitted", false },
};

enum { KINDS = sizeof(signed_fields) / sizeof(signed_fields[0]) };
_Static_assert(KINDS *(NAME_TIMES_MAX + 1) <= SIGNATURE_NAMES_MAX, "what we verify ourselves");

static size_t times(const struct header_fields *h, struct slice name)
{
	size_t n = 0;

	for (size_t i = 0; i < h->count && n < NAME_TIMES_MAX; i++)
		n += slice_ieq(h->fields[i].name, name);
	return n;
}

void sign_message_name(struct sign_message *m, struct slice name)
{
	for (size_t n = times(&m->header, name); n > 0; n--)
		if (m->name_count < SIGNATURE_NAMES_MAX)
			m->names[m->name_count++] = name;
}

static void choose(struct sign_message *m, struct arena *a)
{
	m->names = arena_alloc(a, (size_t)SIGNATURE_NAMES_MAX * sizeof(*m->names));
	m->name_count = 0;
	for (size_t i = 0; i < KINDS; i++) {
		struct slice name = slice_str(signed_fields[i].name);
		size_t n = times(&m->header, name) + signed_fields[i].once_more;

		while (n--)
			m->names[m->name_count++] = name;
	}
}

/* ---- the message as it goes over the wire ---- */

static bool has_bare(struct slice s)
{
	const char *end = s.p + s.n;

	for (const char *at = s.p; s.n && (at = memchr(at, '\r', (size_t)(end - at))); at++)
		if (at + 1 == end || at[1] != '\n')
			return true;
	for (const char *at = s.p; s.n && (at = memchr(at, '\n', (size_t)(end - at))); at++)
		if (at == s.p || at[-1] != '\r')
			return true;
	return false;
}

static struct slice on_the_wire(struct arena *a, struct slice s)
{
	struct strbuf out = { 0 };
	size_t done = 0;
	struct slice r;

	if (!has_bare(s))
		return s;
	for (size_t i = 0; i < s.n; i++) {
		bool cr = s.p[i] == '\r';

		if (!cr && s.p[i] != '\n')
			continue;
		strbuf_add(&out, slice_of(s.p + done, i - done));
		strbuf_adds(&out, "\r\n");
		i += cr && i + 1 < s.n && s.p[i + 1] == '\n';
		done = i + 1;
	}
	strbuf_add(&out, slice_skip(s, done));
	r = arena_slice(a, strbuf_slice(&out));
	strbuf_free(&out);
	return r;
}

void sign_message_read(struct sign_message *m, struct arena *a, struct slice message)
{
	struct body_hash *hash = mem_zalloc(sizeof(*hash));
	size_t header;

	message = on_the_wire(a, message);
	header = mime_header_size(message);
	m->header = header_fields_read(a, slice_head(message, header));
	choose(m, a);
	body_hash_want(hash, true, false, 0);
	body_hash_feed(hash, slice_skip(message, header));
	body_hash_end(hash);
	memcpy(m->body_hash, hash->wants[0].hash, sizeof(m->body_hash));
	body_hash_clear(hash);
	free(hash);
}

void sign_message_prepend(struct sign_message *out, struct arena *a, const struct sign_message *m,
	struct slice fields)
{
	struct header_fields front = header_fields_read(a, fields), all = { .count = 0 };
	size_t n = front.count + m->header.count;

	*out = *m;
	all.fields = arena_zalloc(a, (n + 1) * sizeof(*all.fields));
	all.hashes = arena_zalloc(a, (n + 1) * sizeof(*all.hashes));
	for (; all.count < n; all.count++) {
		bool first = all.count < front.count;
		const struct header_fields *from = first ? &front : &m->header;
		size_t i = first ? all.count : all.count - front.count;

		all.fields[all.count] = from->fields[i];
		all.hashes[all.count] = from->hashes[i];
	}
	out->header = all;
	choose(out, a);
}

struct slice sign_message_domain(const struct sign_message *m, struct arena *a)
{
	struct mime_addresses list = { NULL, 0 };

	for (size_t i = 0; i < m->header.count && !list.n; i++)
		if (slice_ieq(m->header.fields[i].name, SLICE("From")))
			list = mime_addresses_parse(a, mime_unfold(a, m->header.fields[i].value));
	for (size_t i = 0; i < list.n; i++) {
		if (list.v[i].kind != MIME_ADDRESS_MAILBOX || !list.v[i].host.n)
			continue;
		return verify_domain(a, list.v[i].host);
	}
	return (struct slice){ NULL, 0 };
}

/* ---- the field ---- */

/* The names, in lines of a readable length. */
static void add_names(struct strbuf *out, const struct sign_message *m)
{
	size_t line = 3;

	strbuf_adds(out, "h=");
	for (size_t i = 0; i < m->name_count; i++) {
		if (i > 0)
			strbuf_addc(out, ':');
		if (line + m->names[i].n > 70) {
			strbuf_adds(out, "\r\n\t ");
			line = 2;
		}
		strbuf_add(out, m->names[i]);
		line += m->names[i].n + 1;
	}
}

void sign_message_tags(struct strbuf *out, const struct sign_message *m)
{
	add_names(out, m);
	strbuf_adds(out, ";\r\n\tbh=");
	base64_encode(out, slice_of(m->body_hash, sizeof(m->body_hash)));
	strbuf_adds(out, ";\r\n\tb=");
}

void sign_message_covered(struct strbuf *out, const struct sign_message *m)
{
	header_select(out, &m->header, m->names, m->name_count, true, NULL);
}

bool dkim_sign(struct strbuf *out, const struct sign_message *m, const struct sign_as *as)
{
	struct strbuf covered = { 0 }, field = { 0 };
	bool good;

	sign_message_covered(&covered, m);
	strbuf_printf(&field,
		"DKIM-Signature: v=1; a=%s; c=relaxed/relaxed;\r\n\td=%s; s=%s;\r\n"
		"\tt=%lld; x=%lld;\r\n\t",
		sign_algorithm_name(as->algorithm), as->domain, as->selector, (long long)as->now_s,
		(long long)as->end_s);
	sign_message_tags(&field, m);
	good = sign_field(
		out, strbuf_slice(&covered), strbuf_slice(&field), as->key, as->algorithm);
	strbuf_free(&covered);
	strbuf_free(&field);
	return good;
}
