/*
 * api/compose_read.c: from a request to a message (compose.h): application/json, or multipart/form-data
 * with that JSON as "message" and files beside it, which are attached in their order. On a worker.
 *
 * A form is read as the MIME message it is, so that its files need no copy.
 */
#include <stdio.h>

#include "api/compose.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/json.h"
#include "hearth/rand.h"
#include "mime/build.h"
#include "mime/structure.h"

#define ATTACHMENTS_MAX 100
#define SUBJECT_MAX     2000 /* bytes */

/* The request, taken apart. */
struct parts {
	struct json *body;
	struct mime_build_attachment files[ATTACHMENTS_MAX];
	size_t n;
	uint64_t size; /* of them together */
};

int compose_problem(struct compose *c, int status, const char *field, const char *why)
{
	if (!c->problem) {
		c->problem = status;
		c->field = field;
		c->why = why;
	}
	return HEARTH_EINVAL;
}

static int add_file(struct compose *c, struct parts *p, const struct mime_build_attachment *file)
{
	if (p->n == ATTACHMENTS_MAX)
		return compose_problem(c, 400, "attachments",
			arena_printf(c->a, "at most %d of them", ATTACHMENTS_MAX));
	p->size += file->bytes.n;
	if (p->size > c->m->message_max)
		return compose_problem(c, 413, "attachments",
			arena_printf(c->a, "a message may have %llu bytes",
				(unsigned long long)c->m->message_max));
	p->files[p->n++] = *file;
	return 0;
}

/* ---- the form ---- */

static int read_json(struct compose *c, struct slice text, struct parts *p)
{
	const char *why = "";

	if (p->body)
		return compose_problem(c, 400, "message", "it is there twice");
	if (json_read(c->a, text, &p->body, &why) < 0)
		return compose_problem(c, 400, NULL, why);
	return p->body->type == JSON_OBJECT
		       ? 0
		       : compose_problem(c, 400, NULL, "expected a JSON object");
}

static int read_part(
	struct compose *c, struct slice form, const struct mime_part *part, struct parts *p)
{
	struct slice bytes = mime_part_body(form, part);
	struct slice name = mime_param_text(c->a, &part->disposition_params, SLICE("name"));
	struct slice file = mime_part_filename(c->a, part);

	if (!file.p && slice_eq(name, SLICE("message")))
		return read_json(c, bytes, p);
	if (!file.p)
		return compose_problem(
			c, 400, NULL, "expected a part named message, and files beside it");
	return add_file(c, p,
		&(struct mime_build_attachment){ .name = file,
			.type = slice_str(arena_printf(c->a, "%.*s/%.*s", SLICE_ARG(part->type),
				SLICE_ARG(part->subtype))),
			.bytes = bytes });
}

/* `form` is the body behind its Content-Type, and lives until the message is made. */
static int read_form(struct compose *c, struct slice form, struct parts *p)
{
	const struct mime_part *root = mime_structure_parse(c->a, form, NULL);
	int rc = 0;

	if (!mime_part_is(root, SLICE("multipart"), SLICE("form-data")))
		return compose_problem(c, 400, NULL, "the form cannot be read");
	for (const struct mime_part *part = root->child; part && rc == 0; part = part->next)
		rc = read_part(c, form, part, p);
	if (rc == 0 && !p->body)
		return compose_problem(c, 400, "message", "it is missing");
	return rc;
}

static int read_request(struct compose *c, struct strbuf *form, struct parts *p)
{
	if (http_body_is(c->rq, "application/json"))
		return read_json(c, http_body(c->rq), p);
	if (!http_body_is(c->rq, "multipart/form-data"))
		return compose_problem(
			c, 415, NULL, "expected application/json or multipart/form-data");
	strbuf_printf(
		form, "Content-Type: %.*s\r\n\r\n", SLICE_ARG(http_header(c->rq, "Content-Type")));
	strbuf_add(form, http_body(c->rq));
	return read_form(c, strbuf_slice(form), p);
}

/* ---- its members ---- */

static int read_texts(struct compose *c, const struct json *body, struct mime_build *b)
{
	int64_t answers = 0;

	b->subject = b->text = SLICE("");
	if (json_get_text(body, "subject", &b->subject) == HEARTH_EINVAL ||
		b->subject.n > SUBJECT_MAX)
		return compose_problem(c, 400, "subject",
			arena_printf(c->a, "expected a text of at most %d bytes", SUBJECT_MAX));
	if (json_get_text(body, "text", &b->text) == HEARTH_EINVAL)
		return compose_problem(c, 400, "text", "expected a text");
	if (json_get_i64(body, "in_reply_to", 1, INT64_MAX, &answers) == HEARTH_EINVAL)
		return compose_problem(c, 400, "in_reply_to", "expected the number of a message");
	return answers ? compose_answer(c, answers, b) : 0;
}

/* Send later. */
static int read_time(struct compose *c, const struct json *body)
{
	int64_t at = 0, now = clock_wall_s(), max = c->m->hold_max_ms / 1000;

	if (json_get_i64(body, "send_at", 0, INT64_MAX / 1000, &at) == HEARTH_EINVAL ||
		at > now + max)
		return compose_problem(c, 400, "send_at",
			arena_printf(c->a, "expected a time within %lld seconds from now",
				(long long)max));
	c->hold_ms = at * 1000;
	return 0;
}

static int read_kept(struct compose *c, struct parts *p)
{
	const struct json *list = json_get(p->body, "attachments");
	int rc = 0;

	if (list && list->type != JSON_ARRAY && list->type != JSON_NULL)
		return compose_problem(c, 400, "attachments", "expected an array");
	for (const struct json *it = list ? list->child : NULL; it && rc == 0; it = it->next) {
		struct mime_build_attachment file = { 0 };

		rc = compose_kept(c, it, &file);
		if (rc == 0)
			rc = add_file(c, p, &file);
	}
	return rc;
}

/* For the copy alone (RFC 5322 section 3.6.3). */
static void write_bcc(struct compose *c, const struct compose_list *bcc)
{
	struct strbuf out = { 0 };

	mime_build_field(&out, "Bcc", (struct mime_build_addresses){ bcc->v, bcc->n });
	c->bcc = arena_slice(c->a, strbuf_slice(&out));
	strbuf_free(&out);
}

static int read_addresses(struct compose *c, const struct json *body, struct mime_build *b)
{
	struct compose_list to = { 0 }, cc = { 0 }, bcc = { 0 };
	int rc = compose_from(c, body, &b->from);

	if (rc == 0)
		rc = compose_addresses(c, body, "to", &to);
	if (rc == 0)
		rc = compose_addresses(c, body, "cc", &cc);
	if (rc == 0)
		rc = compose_addresses(c, body, "bcc", &bcc);
	if (rc < 0)
		return rc;
	if (c->to_n == 0)
		return compose_problem(c, 400, "to", "expected at least one recipient");
	b->to = (struct mime_build_addresses){ to.v, to.n };
	b->cc = (struct mime_build_addresses){ cc.v, cc.n };
	write_bcc(c, &bcc);
	return 0;
}

static void build(struct compose *c, struct mime_build *b, const struct parts *p)
{
	b->date_s = clock_wall_s();
	b->message_id =
		slice_str(arena_printf(c->a, "%016llx%016llx@%.*s", (unsigned long long)rand_u64(),
			(unsigned long long)rand_u64(), SLICE_ARG(c->from_domain)));
	b->boundary = slice_str(arena_printf(c->a, "=_%016llx%016llx",
		(unsigned long long)rand_u64(), (unsigned long long)rand_u64()));
	b->attachments = p->files;
	b->attachment_n = p->n;
	mime_build(&c->message, b);
	if (c->message.n > c->m->message_max)
		compose_problem(c, 413, NULL,
			arena_printf(c->a, "a message may have %llu bytes",
				(unsigned long long)c->m->message_max));
}

void compose_read(void *compose)
{
	struct compose *c = compose;
	struct parts *p = ARENA_NEW(c->a, struct parts);
	struct mime_build b = { 0 };
	struct strbuf form = { 0 };

	c->status = read_request(c, &form, p);
	if (c->status == 0)
		c->status = read_addresses(c, p->body, &b);
	if (c->status == 0)
		c->status = read_texts(c, p->body, &b);
	if (c->status == 0)
		c->status = read_time(c, p->body);
	if (c->status == 0)
		c->status = read_kept(c, p);
	if (c->status == 0)
		build(c, &b, p);
	strbuf_free(&form);
}
