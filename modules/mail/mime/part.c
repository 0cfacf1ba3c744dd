/*
 * mime/part.c: questions to one part of a tree (structure.h).
 *
 * Pure; each walk goes once through a tree of at most MIME_PARTS_MAX and some parts.
 */
#include "mime/structure.h"

struct mime_part *mime_part_after(const struct mime_part *root, const struct mime_part *part)
{
	if (part->child)
		return part->child;
	while (part != root && !part->next)
		part = part->parent;
	return part == root ? NULL : part->next;
}

struct slice mime_part_header(struct slice message, const struct mime_part *part)
{
	return slice_head(slice_skip(message, part->offset), part->header_size);
}

struct slice mime_part_body(struct slice message, const struct mime_part *part)
{
	return slice_head(slice_skip(message, part->offset + part->header_size), part->body_size);
}

bool mime_part_is(const struct mime_part *part, struct slice type, struct slice subtype)
{
	return slice_ieq(part->type, type) && (subtype.n == 0 || slice_ieq(part->subtype, subtype));
}

struct slice mime_part_filename(struct arena *a, const struct mime_part *part)
{
	struct slice name = mime_param_text(a, &part->disposition_params, SLICE("filename"));

	return name.p ? name : mime_param_text(a, &part->params, SLICE("name"));
}

/* Parts that serve the transport or a signature check, and show nothing to people. */
static bool is_service(const struct mime_part *part)
{
	static const char *const names[] = { "application/pgp-signature",
		"application/pgp-encrypted", "application/pkcs7-signature",
		"application/x-pkcs7-signature", "message/delivery-status",
		"message/global-delivery-status", "message/disposition-notification",
		"message/feedback-report" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct slice subtype = slice_str(names[i]), type = slice_split(&subtype, '/');

		if (mime_part_is(part, type, subtype))
			return true;
	}
	return false;
}

bool mime_part_is_attachment(const struct mime_part *part)
{
	const struct mime_part *parent = part->parent;
	bool named = false;

	if (part->kind == MIME_MULTIPART || is_service(part))
		return false;
	if (slice_ieq(part->disposition, SLICE("attachment")))
		return true;
	/* The images and styles of an HTML text (RFC 2387). */
	if (parent && mime_part_is(parent, SLICE("multipart"), SLICE("related")) &&
		(part->id.p || part->location.p || part == parent->child))
		return false;
	for (size_t i = 0; i < part->disposition_params.n && !named; i++)
		named = slice_istarts(part->disposition_params.v[i].name, SLICE("filename"));
	for (size_t i = 0; i < part->params.n && !named; i++)
		named = slice_istarts(part->params.v[i].name, SLICE("name"));
	return named || !slice_ieq(part->type, SLICE("text"));
}
