/*
 * read_dmarc.c: DMARC's XML (read.h), by a reader of just as much XML as there is in such a report: elements
 * and their texts. Names count without their prefix, attributes not at all; nothing is declared, included
 * or expanded but the five characters that have names. Pure; each byte is looked at once.
 */
#include "hearth/error.h"
#include "report/read.h"
#include "verify/ask.h"

#define DEPTH_MAX 12

/* Where the reader stands: the names of the elements that are open. */
struct reader {
	struct arena *a;
	struct report_read *out;
	struct slice open[DEPTH_MAX];
	size_t depth;
	struct report_row row;
	bool dmarc; /* the root is feedback */
};

/* ---- what an element means ---- */

static bool is_at(const struct reader *r, const char *path)
{
	struct slice rest = slice_str(path);

	for (size_t i = 1; i < r->depth; i++)
		if (!rest.p || !slice_eq(slice_split(&rest, '/'), r->open[i]))
			return false;
	return !rest.p;
}

static int64_t number(struct slice text, int64_t max)
{
	int64_t n;

	return slice_i64(slice_trim(text), 0, max, &n) == 0 ? n : 0;
}

static void end_row(struct reader *r)
{
	struct report_read *out = r->out;
	bool passed = slice_eq(r->row.dkim, SLICE("pass")) || slice_eq(r->row.spf, SLICE("pass"));

	*(passed ? &out->passed : &out->failed) += r->row.count;
	if (out->count < REPORT_ROWS_MAX && r->row.count > 0)
		out->rows[out->count++] = r->row;
	r->row = (struct report_row){ .count = 0 };
}

static void end_element(struct reader *r, struct slice text)
{
	struct report_read *out = r->out;
	const struct {
		const char *path;
		struct slice *field;
	} texts[] = {
		{ "report_metadata/org_name", &out->organization },
		{ "report_metadata/email", &out->contact },
		{ "report_metadata/report_id", &out->id },
		{ "policy_published/domain", &out->domain },
		{ "record/row/source_ip", &r->row.source },
		{ "record/row/policy_evaluated/disposition", &r->row.result },
		{ "record/row/policy_evaluated/dkim", &r->row.dkim },
		{ "record/row/policy_evaluated/spf", &r->row.spf },
		{ "record/identifiers/header_from", &r->row.detail },
	};

	if (r->depth == 2 && is_at(r, "record")) {
		end_row(r);
		return;
	}
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (is_at(r, texts[i].path)) {
			*texts[i].field = report_text(r->a, text);
			return;
		}
	if (is_at(r, "record/row/count"))
		r->row.count = number(text, REPORT_COUNT_MAX);
	else if (is_at(r, "report_metadata/date_range/begin"))
		out->begin_s = number(text, INT64_C(99999999999));
	else if (is_at(r, "report_metadata/date_range/end"))
		out->end_s = number(text, INT64_C(99999999999));
}

/* ---- XML ---- */

/* A text with the five names of characters; what else begins with & stays as it is. */
static struct slice expand(struct arena *a, struct slice in)
{
	static const struct {
		const char *name;
		char c;
	} names[] = { { "&lt;", '<' }, { "&gt;", '>' }, { "&amp;", '&' }, { "&quot;", '"' },
		{ "&apos;", '\'' } };
	struct strbuf out = { 0 };
	struct slice text;

	in = slice_head(in, (size_t)REPORT_FIELD_MAX * 8);
	if (slice_chr(in, '&') < 0)
		return in;
	while (in.n > 0) {
		size_t used = 1;
		char c = in.p[0];

		for (size_t i = 0; c == '&' && i < sizeof(names) / sizeof(names[0]); i++)
			if (slice_starts(in, slice_str(names[i].name))) {
				c = names[i].c;
				used = strlen(names[i].name);
				break;
			}
		strbuf_addc(&out, c);
		in = slice_skip(in, used);
	}
	text = arena_slice(a, strbuf_slice(&out));
	strbuf_free(&out);
	return text;
}

/* The name at the front of a tag, without its prefix. */
static struct slice name_of(struct slice tag)
{
	size_t n = 0;
	struct slice name, rest;

	while (n < tag.n && !strchr(" \t\r\n/", tag.p[n]))
		n++;
	name = rest = slice_head(tag, n);
	slice_split(&rest, ':');
	return rest.p ? rest : name;
}

static bool open_element(struct reader *r, struct slice tag)
{
	if (r->depth == DEPTH_MAX)
		return false;
	r->open[r->depth++] = name_of(tag);
	if (r->depth == 1)
		r->dmarc = slice_eq(r->open[0], SLICE("feedback"));
	return r->dmarc;
}

static bool close_element(struct reader *r, struct slice tag, struct slice text)
{
	if (r->depth == 0 || !slice_eq(name_of(tag), r->open[r->depth - 1]))
		return false;
	if (r->depth > 1)
		end_element(r, expand(r->a, text));
	r->depth--;
	return true;
}

/* What stands between < and >; a comment may have both in it. */
static bool take_tag(struct slice *rest, struct slice *tag)
{
	bool comment = slice_starts(*rest, SLICE("!--"));
	ptrdiff_t end = comment ? slice_find(*rest, SLICE("-->")) : slice_chr(*rest, '>');

	if (end < 0)
		return false;
	*tag = slice_head(*rest, (size_t)end);
	*rest = slice_skip(*rest, (size_t)end + (comment ? 3 : 1));
	return true;
}

static bool read_tag(struct reader *r, struct slice tag, struct slice text)
{
	if (tag.n == 0)
		return false;
	if (tag.p[0] == '?' || slice_starts(tag, SLICE("!--")))
		return true;
	if (tag.p[0] == '!') /* declarations: nothing of the kind has any business here */
		return false;
	if (tag.p[0] == '/')
		return close_element(r, slice_skip(tag, 1), text);
	if (!open_element(r, tag))
		return false;
	return tag.p[tag.n - 1] != '/' || close_element(r, tag, (struct slice){ 0 });
}

bool report_read_dmarc(struct arena *a, struct slice xml, struct report_read *out)
{
	struct reader r = { .a = a, .out = out };
	struct slice tag;

	*out = (struct report_read){ .kind = REPORT_DMARC };
	out->rows = arena_alloc(a, REPORT_ROWS_MAX * sizeof(*out->rows));
	while (xml.n > 0) {
		struct slice text = slice_split(&xml, '<');

		if (!xml.p)
			break;
		if (!take_tag(&xml, &tag) || !read_tag(&r, tag, text))
			return false;
		if (r.depth == 0 && r.dmarc)
			break; /* the root has ended */
	}
	out->domain = verify_domain(a, out->domain);
	return r.dmarc && r.depth == 0 && out->organization.n > 0 && out->id.n > 0 &&
	       out->domain.n > 0;
}
