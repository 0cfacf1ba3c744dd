/*
 * message.c: reads the bytes of a message from its row or its blob, whole or a range. On workers.
 */
#include "message.h"

#include <stdio.h>

#include "hearth/error.h"
#include "hearth/log.h"
#include "mime/structure_pack.h"
#include "packing.h"

int mail_content_structure(
	struct arena *a, const struct mail_content *content, struct mime_part **root)
{
	size_t trace = content->trace.n;
	int rc = mime_structure_unpack(a, content->structure, root);

	if (rc < 0)
		return rc;
	/* What was stored before recipients shared it has the trace in it already. */
	if ((*root)->header_size + (*root)->body_size != content->blob_size)
		return 0;
	(*root)->header_size += trace;
	for (struct mime_part *p = *root; (p = mime_part_after(*root, p));)
		p->offset += trace;
	return 0;
}

struct slice mail_content_sender(const struct mail_content *c)
{
	struct slice trace = c->trace;
	ptrdiff_t end;

	if (c->mail_from.p)
		return c->mail_from;
	if (!slice_istarts(trace, SLICE("Return-Path: <")))
		return (struct slice){ 0 };
	trace = slice_skip(trace, 14);
	end = slice_chr(trace, '>');
	return end < 0 ? (struct slice){ 0 } : slice_head(trace, (size_t)end);
}

/* All that was sent: out of the row, or the blob. */
static int get_bytes(struct mail *m, const struct mail_content *content, struct buf **out)
{
	char key[BLOB_KEY_MAX + 1];

	*out = NULL;
	if (content->blob_size > BLOB_GET_MAX)
		return HEARTH_ETOOBIG;
	if (content->message.n)
		return mail_unpack_buf(content->message, content->fields, content->blob_size, out);
	snprintf(key, sizeof(key), "%.*s", SLICE_ARG(content->blob_key));
	return blob_get_wait(m->blob, key, 0, content->blob_size, out);
}

int mail_message_bytes(struct mail *m, const struct mail_content *content, struct buf **out)
{
	struct buf *blob, *whole;
	int rc = get_bytes(m, content, &blob);

	if (rc < 0)
		return rc;
	if (content->trace.n == 0) {
		*out = blob;
		return 0;
	}
	whole = buf_alloc(content->trace.n + blob->n);
	memcpy(buf_data(whole), content->trace.p, content->trace.n);
	memcpy(buf_data(whole) + content->trace.n, blob->p, blob->n);
	buf_unref(&blob);
	*out = whole;
	return 0;
}

/* ---- parts of a message ---- */

#define SMALL_MAX (128u << 10) /* bytes of a blob that is kept */

static int add_from_blob(struct mail_reader *r, uint64_t offset, size_t n, struct strbuf *out)
{
	const struct mail_content *c = r->content;
	bool small = c->message.n || c->blob_size <= SMALL_MAX;
	struct buf *part = NULL;
	char key[BLOB_KEY_MAX + 1];
	struct slice bytes;
	int rc = 0;

	if (offset > c->blob_size || n > c->blob_size - offset)
		return HEARTH_ECORRUPT;
	snprintf(key, sizeof(key), "%.*s", SLICE_ARG(c->blob_key));
	if (small && !r->blob)
		rc = get_bytes(r->m, c, &r->blob);
	else if (!small)
		rc = blob_get_wait(r->m->blob, key, offset, n, &part);
	if (rc < 0)
		return rc;
	bytes = small ? slice_head(slice_skip(buf_slice(r->blob), offset), n) : buf_slice(part);
	if (bytes.n != n)
		rc = HEARTH_ECORRUPT;
	else
		strbuf_add(out, bytes);
	buf_unref(&part);
	return rc;
}

int mail_reader_add(struct mail_reader *r, uint64_t offset, size_t n, struct strbuf *out)
{
	struct slice trace = r->content->trace, header = r->content->header;

	if (offset < trace.n) {
		struct slice part = slice_head(slice_skip(trace, offset), n);

		strbuf_add(out, part);
		offset += part.n;
		n -= part.n;
	}
	INVARIANT(n == 0 || offset >= trace.n);
	offset -= trace.n;
	/* The header of a large message lies beside its row. */
	if (n && offset <= header.n && n <= header.n - offset) {
		strbuf_add(out, slice_head(slice_skip(header, offset), n));
		n = 0;
	}
	return n ? add_from_blob(r, offset, n, out) : 0;
}

void mail_reader_clear(struct mail_reader *r)
{
	buf_unref(&r->blob);
}
