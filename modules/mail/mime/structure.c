/*
 * mime/structure.c: one pass over the lines of a message with a stack of open parts.
 *
 * The stack goes from the root to the innermost open part. Only its top is read: in_header, its
 * header up to the empty line; otherwise its body, in which every line is compared with the
 * boundaries of all open multiparts (boundary.h). A delimiter closes what is open above its
 * multipart. What a header says is looked at when it ends, and decides what is opened next:
 *
 *   header of the top ends -> leaf:      its body runs to the next delimiter
 *                          -> multipart: its boundary counts from now on
 *                          -> message:   its child is opened, again in_header
 *
 * Pure; a line is looked at once, and what is kept is promise 3 of structure.h.
 */
#include "mime/structure.h"

#include "hearth/log.h"
#include "mime/boundary.h"
#include "mime/header.h"
#include "mime/part_header.h"

#include <stdlib.h>

#define DECODE_CHUNK 16384

struct open_part {
	struct mime_part *part;
	struct mime_part *last; /* its newest child */
	struct slice boundary;  /* empty: none, or its close delimiter was seen */
	struct mime_boundary_mark mark;
	size_t lines; /* line ends before its body */
};

struct scan {
	struct arena *arena;
	struct slice message;
	mime_envelope_fn *envelope;
	size_t at;    /* where the line begins that is looked at */
	size_t lines; /* line ends before it */
	struct open_part open[MIME_DEPTH_MAX];
	size_t depth; /* open parts */
	struct mime_boundaries boundaries;
	size_t parts;
	size_t strings; /* bytes of what the parts say of themselves */
	bool in_header;
	struct strbuf scratch;
};

static struct open_part *top(struct scan *s)
{
	return &s->open[s->depth - 1];
}

/* A new part at `at`, the next child of the top. */
static struct mime_part *part_new(struct scan *s, size_t at)
{
	struct mime_part *part = ARENA_NEW(s->arena, struct mime_part);

	part->offset = at;
	s->parts++;
	if (s->depth) {
		struct open_part *parent = top(s);

		part->parent = parent->part;
		if (parent->last)
			parent->last->next = part;
		else
			parent->part->child = part;
		parent->last = part;
	}
	return part;
}

/* Opens a part whose header begins here. */
static void push(struct scan *s)
{
	struct mime_part *part = part_new(s, s->at);

	INVARIANT(s->depth < MIME_DEPTH_MAX);
	s->open[s->depth++] = (struct open_part){ .part = part };
	s->in_header = true;
}

static struct slice envelope_of(struct scan *s, struct slice header)
{
	struct arena *scratch = arena_new();
	struct slice text;

	strbuf_reset(&s->scratch);
	s->envelope(&s->scratch, scratch, header);
	text = arena_slice(s->arena, strbuf_slice(&s->scratch));
	arena_free(&scratch);
	return text;
}

static size_t params_size(const struct mime_params *params)
{
	size_t n = 0;

	for (size_t i = 0; i < params->n; i++)
		n += params->v[i].name.n + params->v[i].value.n;
	return n;
}

/* Bytes of the strings of a part. */
static size_t strings_size(const struct mime_part *p)
{
	size_t n = p->type.n + p->subtype.n + p->encoding_name.n + p->id.n + p->description.n +
		   p->md5.n + p->disposition.n + p->location.n + p->envelope.n;

	for (size_t i = 0; i < p->languages.n; i++)
		n += p->languages.v[i].n;
	return n + params_size(&p->params) + params_size(&p->disposition_params);
}

/* True when no further part may be opened. */
static bool is_full(const struct scan *s)
{
	return s->parts >= MIME_PARTS_MAX || s->strings > MIME_STRINGS_MAX;
}

/* The boundary of the top counts from now on, if it has one. */
static void open_boundary(struct scan *s, struct open_part *open)
{
	open->boundary = mime_part_boundary(open->part);
	if (open->boundary.n)
		open->mark = mime_boundary_push(&s->boundaries, open->boundary, s->depth);
}

/* The boundary of the top counts no more. */
static void close_boundary(struct scan *s, struct open_part *open)
{
	if (open->boundary.n)
		mime_boundary_pop(&s->boundaries, open->mark);
	open->boundary = (struct slice){ NULL, 0 };
}

/* Looks at the finished header of the top, whose body begins at s->at. */
static void header_end(struct scan *s)
{
	struct open_part *open = top(s);
	struct mime_part *part = open->part, *parent = part->parent;
	struct slice header;

	part->header_size = s->at - part->offset;
	open->lines = s->lines;
	s->in_header = false;
	header = mime_part_header(s->message, part);
	mime_part_header_read(s->arena, header, part);
	if (s->envelope && (!parent || parent->kind == MIME_MESSAGE))
		part->envelope = envelope_of(s, header);
	s->strings += strings_size(part);
	if (part->kind == MIME_LEAF)
		return;
	if (s->depth == MIME_DEPTH_MAX || is_full(s)) {
		mime_part_make_opaque(part);
		return;
	}
	if (part->kind == MIME_MULTIPART) {
		open_boundary(s, open);
		return;
	}
	push(s);
	/* A message must not be encoded (RFC 2046 section 5.2.1). One that is has no header to
	 * read: its text is its child's body, in that encoding. */
	if (!mime_encoding_is_identity(part->encoding)) {
		header_end(s);
		top(s)->part->encoding = part->encoding;
		top(s)->part->encoding_name = part->encoding_name;
	}
}

static size_t decoded_size(struct scan *s, const struct mime_part *part)
{
	struct slice body = mime_part_body(s->message, part);
	struct mime_decoder d;
	size_t n = 0;

	if (mime_encoding_is_identity(part->encoding))
		return body.n;
	mime_decoder_init(&d, part->encoding);
	for (size_t at = 0; at < body.n; at += DECODE_CHUNK) {
		strbuf_reset(&s->scratch);
		mime_decoder_add(&d, &s->scratch, slice_head(slice_skip(body, at), DECODE_CHUNK));
		n += s->scratch.n;
	}
	strbuf_reset(&s->scratch);
	mime_decoder_end(&d, &s->scratch);
	return n + s->scratch.n;
}

/* Gives a multipart without delimiters its whole body as a child. */
static void add_only_child(struct scan *s, struct mime_part *part)
{
	struct mime_part *child = part_new(s, part->offset + part->header_size);

	mime_part_make_text(child);
	child->body_size = child->decoded_size = part->body_size;
	child->lines = part->lines;
}

/*
 * Closes the top: its body ends at `end`, before which there are `lines` line ends. When a
 * delimiter follows its header at once, the line end that is the delimiter's is taken off the
 * header.
 */
static void pop(struct scan *s, size_t end, size_t lines)
{
	struct open_part *open = top(s);
	struct mime_part *part = open->part;

	INVARIANT(s->depth > 0 && !s->in_header);
	if (part->offset > end)
		part->offset = end;
	if (part->header_size > end - part->offset)
		part->header_size = end - part->offset;
	part->body_size = end - part->offset - part->header_size;
	part->lines = part->body_size ? lines - open->lines : 0;
	if (part->kind == MIME_MULTIPART && !part->child)
		add_only_child(s, part);
	else if (part->kind == MIME_LEAF)
		part->decoded_size = decoded_size(s, part);
	close_boundary(s, open);
	s->depth--;
}

/* Closes all parts above the first `depth`. */
static void close_above(struct scan *s, size_t depth, size_t end, size_t lines)
{
	while (s->in_header)
		header_end(s);
	while (s->depth > depth)
		pop(s, end, lines);
}

/*
 * The innermost open multipart whose delimiter the line is, counted from 1; 0 when it is none.
 * What follows the boundary does not matter (RFC 2046 section 5.1.1), so that of boundaries that
 * begin alike the longest is meant.
 */
static size_t match_delimiter(const struct scan *s, struct slice line)
{
	if (!slice_starts(line, SLICE("--")))
		return 0;
	return mime_boundary_match(&s->boundaries, slice_skip(line, 2));
}

/* The line of `n` bytes at s->at delimits the multipart at `level`. False when it does nothing. */
static bool delimiter(struct scan *s, size_t level, size_t n)
{
	struct open_part *multipart = &s->open[level - 1];
	struct slice line = slice_of(s->message.p + s->at, n);
	bool closes = slice_starts(slice_skip(line, 2 + multipart->boundary.n), SLICE("--"));
	size_t end = s->at, lines = s->lines;

	if (!closes && is_full(s))
		return false;
	/* The line end before a delimiter belongs to it. There is one: the multipart's header. */
	end--;
	lines--;
	end -= end > 0 && s->message.p[end - 1] == '\r';
	close_above(s, level, end, lines);
	s->at += n;
	s->lines += s->message.p[s->at - 1] == '\n';
	if (closes)
		close_boundary(s, multipart);
	else
		push(s);
	return true;
}

struct mime_part *mime_structure_parse(
	struct arena *a, struct slice message, mime_envelope_fn *envelope)
{
	struct scan *s = mem_zalloc(sizeof(*s));
	struct mime_part *root;

	s->arena = a;
	s->envelope = envelope;
	s->message = message.p ? message : SLICE("");
	push(s);
	root = top(s)->part;
	while (s->at < s->message.n) {
		struct slice rest = slice_skip(s->message, s->at);
		struct slice line = slice_head(rest, mime_line(rest));
		size_t level = match_delimiter(s, line);

		if (level && delimiter(s, level, line.n))
			continue;
		s->at += line.n;
		s->lines += line.p[line.n - 1] == '\n';
		if (s->in_header && mime_line_empty(line))
			header_end(s);
	}
	close_above(s, 0, s->message.n, s->lines);
	INVARIANT(s->depth == 0 && s->parts <= MIME_PARTS_MAX + MIME_DEPTH_MAX);
	INVARIANT(root->header_size + root->body_size == s->message.n); /* it covers all of it */
	strbuf_free(&s->scratch);
	mime_boundaries_clear(&s->boundaries);
	free(s);
	return root;
}
