/*
 * api/compose_address.c: the addresses a person wrote: "Bob <bob@example.org>, carl@example.org", as
 * one text or as several (compose.h). On a worker; linear in the request.
 */
#include "api/compose.h"
#include "hearth/error.h"
#include "hearth/text.h"
#include "mime/address.h"
#include "mime/build.h"

#define NAME_BYTES 300 /* bytes of a display name */

/* The local part as it stands in an address: quoted where it must be. */
static struct slice address_text(struct arena *a, const struct mime_address *m)
{
	struct slice plain =
		slice_str(arena_printf(a, "%.*s@%.*s", SLICE_ARG(m->mailbox), SLICE_ARG(m->host)));
	struct smtp_address read;
	struct strbuf quoted = { 0 };

	if (smtp_address_read(plain, &read) == (ptrdiff_t)plain.n)
		return plain;
	strbuf_addc(&quoted, '"');
	for (size_t i = 0; i < m->mailbox.n; i++) {
		if (m->mailbox.p[i] == '"' || m->mailbox.p[i] == '\\')
			strbuf_addc(&quoted, '\\');
		strbuf_addc(&quoted, m->mailbox.p[i]);
	}
	strbuf_printf(&quoted, "\"@%.*s", SLICE_ARG(m->host));
	plain = arena_slice(a, strbuf_slice(&quoted));
	strbuf_free(&quoted);
	return plain;
}

/* One address, in its one spelling; HEARTH_EINVAL. */
static int read_address(struct compose *c, const struct mime_address *m, const char *field,
	struct smtp_address *out, struct mime_build_address *built)
{
	struct slice text = address_text(c->a, m);
	struct strbuf canonical = { 0 };

	if (m->kind != MIME_ADDRESS_MAILBOX || m->host.n == 0 || m->adl.n > 0 ||
		smtp_address_read(text, out) != (ptrdiff_t)text.n ||
		out->text.n > SMTP_RECIPIENT_MAX)
		return compose_problem(c, 400, field,
			arena_printf(c->a, "\"%.*s\" is no mail address",
				SLICE_ARG(slice_head(m->mailbox, 200))));
	smtp_address_canonical(&canonical, out);
	text = arena_slice(c->a, strbuf_slice(&canonical));
	strbuf_free(&canonical);
	smtp_address_read(text, out);
	*built = (struct mime_build_address){ .name = slice_head(m->name, NAME_BYTES),
		.address = text };
	while (built->name.n > 0 && !utf8_valid(built->name))
		built->name.n--;
	c->utf8 = c->utf8 || out->utf8;
	return 0;
}

static int add_recipient(struct compose *c, const struct smtp_address *address, const char *field)
{
	if (c->to_n == (size_t)c->m->recipients_max)
		return compose_problem(
			c, 400, field, arena_printf(c->a, "at most %zu recipients", c->to_n));
	if (c->to_n == c->to_cap) {
		struct compose_recipient *more;

		c->to_cap = c->to_cap ? 2 * c->to_cap : 8;
		more = arena_zalloc(c->a, c->to_cap * sizeof(*more));
		if (c->to_n > 0)
			memcpy(more, c->to, c->to_n * sizeof(*more));
		c->to = more;
	}
	c->to[c->to_n++] = (struct compose_recipient){ address->text, address->domain, field };
	return 0;
}

/* What was not understood of what a person has written would be sent to somebody else. */
static int add_text(
	struct compose *c, struct slice text, const char *field, struct compose_list *list)
{
	struct mime_addresses found = mime_addresses_parse(c->a, text);
	int rc = 0;

	if (!mime_addresses_are_whole(text, &found))
		return compose_problem(c, 400, field,
			"expected addresses with commas between them, as in: Bob "
			"<bob@example.org>, "
			"carl@example.org");

	for (size_t i = 0; i < found.n && rc == 0; i++) {
		struct smtp_address address;

		if (list->n == list->cap) {
			struct mime_build_address *more;

			list->cap = list->cap ? 2 * list->cap : 8;
			more = arena_zalloc(c->a, list->cap * sizeof(*more));
			if (list->n > 0)
				memcpy(more, list->v, list->n * sizeof(*more));
			list->v = more;
		}
		rc = read_address(c, &found.v[i], field, &address, &list->v[list->n]);
		if (rc == 0)
			rc = add_recipient(c, &address, field);
		list->n += rc == 0;
	}
	return rc;
}

int compose_addresses(
	struct compose *c, const struct json *body, const char *field, struct compose_list *list)
{
	const struct json *value = json_get(body, field);
	int rc = 0;

	*list = (struct compose_list){ 0 };
	if (!value || value->type == JSON_NULL)
		return 0;
	if (value->type == JSON_STRING)
		return add_text(c, value->text, field, list);
	if (value->type != JSON_ARRAY)
		return compose_problem(c, 400, field, "expected addresses, as text or texts");
	for (const struct json *it = value->child; it && rc == 0; it = it->next) {
		if (it->type != JSON_STRING)
			return compose_problem(
				c, 400, field, "expected addresses, as text or texts");
		rc = add_text(c, it->text, field, list);
	}
	return rc;
}

int compose_from(struct compose *c, const struct json *body, struct mime_build_address *out)
{
	struct slice text = slice_str(c->sender.address);
	struct smtp_address address;
	struct mime_addresses found;
	int rc = json_get_text(body, "from", &text);

	if (rc == HEARTH_EINVAL)
		return compose_problem(c, 400, "from", "expected an address, as text");
	found = mime_addresses_parse(c->a, text);
	if (found.n != 1 || !mime_addresses_are_whole(text, &found))
		return compose_problem(c, 400, "from", "expected one address");
	rc = read_address(c, &found.v[0], "from", &address, out);
	if (rc < 0)
		return rc;
	rc = c->m->accounts->may_write_as_wait(c->m->accounts->self, c->sender.id, out->address);
	if (rc == HEARTH_EDENIED)
		return compose_problem(c, 403, "from",
			arena_printf(
				c->a, "this address is not yours: you are %s", c->sender.address));
	c->from = out->address;
	c->from_domain = address.domain;
	return rc;
}
