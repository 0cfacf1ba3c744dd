/*
 * imap/grammar/imap_body.c: the `body` rule of RFC 3501 section 9, one function a rule. It recurses
 * as deep as the tree, which is at most MIME_DEPTH_MAX.
 *
 * Pure; what it writes is bounded by the strings of the tree (MIME_STRINGS_MAX).
 */
#include "imap/grammar/imap_body.h"
#include "imap/grammar/imap_string.h"

static void add_params(struct strbuf *out, const struct mime_params *params)
{
	if (params->n == 0) {
		strbuf_adds(out, "NIL");
		return;
	}
	for (size_t i = 0; i < params->n; i++) {
		strbuf_addc(out, i == 0 ? '(' : ' ');
		imap_write_string(out, params->v[i].name);
		strbuf_addc(out, ' ');
		imap_write_string(out, params->v[i].value);
	}
	strbuf_addc(out, ')');
}

/* Disposition, language and location, which close the extension data of every part. */
static void add_extension(struct strbuf *out, const struct mime_part *part)
{
	if (part->disposition.p) {
		strbuf_adds(out, " (");
		imap_write_string(out, part->disposition);
		strbuf_addc(out, ' ');
		add_params(out, &part->disposition_params);
		strbuf_addc(out, ')');
	} else {
		strbuf_adds(out, " NIL");
	}
	if (part->languages.n == 0)
		strbuf_adds(out, " NIL");
	for (size_t i = 0; i < part->languages.n; i++) {
		strbuf_adds(out, i == 0 ? " (" : " ");
		imap_write_string(out, part->languages.v[i]);
	}
	if (part->languages.n)
		strbuf_addc(out, ')');
	strbuf_addc(out, ' ');
	imap_write_nstring(out, part->location);
}

/* body-type-mpart */
static void add_multipart(struct strbuf *out, const struct mime_part *part, bool extended)
{
	for (const struct mime_part *child = part->child; child; child = child->next)
		imap_write_body(out, child, extended);
	strbuf_addc(out, ' ');
	imap_write_string(out, part->subtype);
	if (!extended)
		return;
	strbuf_addc(out, ' ');
	add_params(out, &part->params);
	add_extension(out, part);
}

/* body-type-1part */
static void add_single(struct strbuf *out, const struct mime_part *part, bool extended)
{
	imap_write_string(out, part->type);
	strbuf_addc(out, ' ');
	imap_write_string(out, part->subtype);
	strbuf_addc(out, ' ');
	add_params(out, &part->params);
	strbuf_addc(out, ' ');
	imap_write_nstring(out, part->id);
	strbuf_addc(out, ' ');
	imap_write_nstring(out, part->description);
	strbuf_addc(out, ' ');
	imap_write_string(out, part->encoding_name.p ? part->encoding_name : SLICE("7BIT"));
	strbuf_printf(out, " %zu", part->body_size);
	if (part->kind == MIME_MESSAGE) {
		strbuf_addc(out, ' ');
		strbuf_add(out, part->child->envelope);
		strbuf_addc(out, ' ');
		imap_write_body(out, part->child, extended);
	}
	if (part->kind == MIME_MESSAGE || slice_ieq(part->type, SLICE("text")))
		strbuf_printf(out, " %zu", part->lines);
	if (!extended)
		return;
	strbuf_addc(out, ' ');
	imap_write_nstring(out, part->md5);
	add_extension(out, part);
}

void imap_write_body(struct strbuf *out, const struct mime_part *root, bool extended)
{
	strbuf_addc(out, '(');
	if (root->kind == MIME_MULTIPART)
		add_multipart(out, root, extended);
	else
		add_single(out, root, extended);
	strbuf_addc(out, ')');
}
