/*
 * write_dmarc.c: DMARC's aggregate report as XML (RFC 9990). Pure; a row is some hundred bytes, and its
 * results as many as were counted.
 */
#include "hearth/json.h"
#include "report/report.h"
#include "verify/dmarc_record.h"

/* Texts come from other people's mail: what XML 1.0 has no form for becomes "?". */
static void put(struct strbuf *out, const char *name, struct slice text)
{
	strbuf_printf(out, "<%s>", name);
	for (size_t i = 0; i < text.n; i++) {
		unsigned char c = (unsigned char)text.p[i];

		strbuf_add(out, c == '<'    ? SLICE("&lt;")
				: c == '>'  ? SLICE("&gt;")
				: c == '&'  ? SLICE("&amp;")
				: c < ' '   ? SLICE("?")
				: c >= 0x7f ? SLICE("?")
					    : slice_of(&text.p[i], 1));
	}
	strbuf_printf(out, "</%s>", name);
}

static void put_policy(struct strbuf *out, const struct report_head *h, struct slice record)
{
	struct dmarc_record r;

	strbuf_adds(out, "<policy_published>");
	put(out, "domain", h->domain);
	strbuf_adds(out, "<discovery_method>treewalk</discovery_method>");
	if (dmarc_record_parse(record, &r)) {
		put(out, "p", slice_str(dmarc_policy_name(r.p)));
		put(out, "sp", slice_str(dmarc_policy_name(r.sp)));
		put(out, "np", slice_str(dmarc_policy_name(r.np)));
		put(out, "adkim", r.strict_dkim ? SLICE("s") : SLICE("r"));
		put(out, "aspf", r.strict_spf ? SLICE("s") : SLICE("r"));
		put(out, "testing", r.testing ? SLICE("y") : SLICE("n"));
		if (r.fo.n > 0)
			put(out, "fo", r.fo);
	}
	strbuf_adds(out, "</policy_published>\n");
}

void report_open_dmarc(struct strbuf *out, const struct report_head *h, struct slice record)
{
	strbuf_adds(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
			 "<feedback xmlns=\"urn:ietf:params:xml:ns:dmarc-2.0\">\n"
			 "<version>1.0</version>\n<report_metadata>");
	put(out, "org_name", slice_str(h->host));
	put(out, "email", h->contact);
	put(out, "report_id", slice_str(h->id));
	strbuf_printf(out,
		"<date_range><begin>%lld</begin><end>%lld</end></date_range>"
		"<generator>Hearth</generator></report_metadata>\n",
		(long long)h->day * 86400, (long long)h->day * 86400 + 86399);
	put_policy(out, h, record);
}

static void put_member(struct strbuf *out, const struct json *o, const char *name)
{
	struct slice text;

	if (json_get_text(o, name, &text) == 0 && text.n > 0)
		put(out, name, text);
}

/* RFC 9990: signatures first, then SPF. */
static void put_results(struct strbuf *out, const struct json *results, const char *type)
{
	struct slice text;

	for (const struct json *r = results ? results->child : NULL; r; r = r->next) {
		if (json_get_text(r, "type", &text) != 0 || !slice_eq(text, slice_str(type)))
			continue;
		strbuf_printf(out, "<%s>", type);
		put_member(out, r, "domain");
		put_member(out, r, "selector");
		put_member(out, r, "scope");
		put_member(out, r, "result");
		strbuf_printf(out, "</%s>", type);
	}
}

void report_add_dmarc(struct strbuf *out, const struct mail_dmarc_row *row)
{
	static const char *const dispositions[] = { "pass", "none", "quarantine", "reject" };
	struct arena *a = arena_new();
	struct json *results = NULL;

	strbuf_adds(out, "<record><row>");
	put(out, "source_ip", row->source);
	strbuf_printf(out, "<count>%lld</count><policy_evaluated>", (long long)row->count);
	put(out, "disposition", slice_str(dispositions[row->disposition]));
	put(out, "dkim", row->dkim ? SLICE("pass") : SLICE("fail"));
	put(out, "spf", row->spf ? SLICE("pass") : SLICE("fail"));
	if (row->reason.n > 0) {
		strbuf_adds(out, "<reason>");
		put(out, "type", row->reason);
		strbuf_adds(out, "</reason>");
	}
	strbuf_adds(out, "</policy_evaluated></row><identifiers>");
	put(out, "header_from", row->header_from);
	put(out, "envelope_from", row->envelope_from);
	strbuf_adds(out, "</identifiers><auth_results>");
	if (json_read(a, row->results, &results, NULL) == 0) {
		put_results(out, results, "dkim");
		put_results(out, results, "spf");
	}
	strbuf_adds(out, "</auth_results></record>\n");
	arena_free(&a);
}

void report_close_dmarc(struct strbuf *out)
{
	strbuf_adds(out, "</feedback>\n");
}
