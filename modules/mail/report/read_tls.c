/*
 * read_tls.c: TLS-RPT's JSON (read.h). Pure; bounded by json_read, and REPORT_ROWS_MAX rows.
 */
#include <stdio.h>
#include <time.h>

#include "hearth/error.h"
#include "hearth/json.h"
#include "report/read.h"
#include "verify/ask.h"

static struct slice text_of(struct arena *a, const struct json *o, const char *name)
{
	struct slice text;

	return json_get_text(o, name, &text) == 0 ? report_text(a, text) : (struct slice){ 0 };
}

static int64_t count_of(const struct json *o, const char *name)
{
	int64_t n;

	return json_get_i64(o, name, 0, REPORT_COUNT_MAX, &n) == 0 ? n : 0;
}

/* "2016-04-01T00:00:00Z" (RFC 3339), to the second; 0: none. */
static int64_t time_of(const struct json *range, const char *name)
{
	struct tm tm = { 0 };
	struct slice text;
	char copy[32];

	if (json_get_text(range, name, &text) != 0 || text.n < 19)
		return 0;
	snprintf(copy, sizeof(copy), "%.*s", SLICE_ARG(slice_head(text, 19)));
	return strptime(copy, "%Y-%m-%dT%H:%M:%S", &tm) ? (int64_t)timegm(&tm) : 0;
}

static void add_row(struct report_read *r, const struct report_row *row)
{
	if (r->count < REPORT_ROWS_MAX && row->count > 0)
		r->rows[r->count++] = *row;
}

static void read_policy(struct arena *a, struct report_read *r, const struct json *p)
{
	const struct json *policy = json_get(p, "policy"), *summary = json_get(p, "summary");
	const struct json *details = json_get(p, "failure-details");
	struct slice type = text_of(a, policy, "policy-type");
	int64_t good = count_of(summary, "total-successful-session-count");

	if (r->domain.n == 0)
		r->domain = verify_domain(a, text_of(a, policy, "policy-domain"));
	r->passed += good;
	r->failed += count_of(summary, "total-failure-session-count");
	add_row(r, &(struct report_row){ .detail = type, .count = good });
	if (!details || details->type != JSON_ARRAY)
		return;
	for (const struct json *d = details->child; d; d = d->next)
		add_row(r, &(struct report_row){ .source = text_of(a, d, "receiving-mx-hostname"),
				   .result = text_of(a, d, "result-type"),
				   .detail = type,
				   .count = count_of(d, "failed-session-count") });
}

bool report_read_tls(struct arena *a, struct slice in, struct report_read *out)
{
	const struct json *policies, *range;
	struct json *doc = NULL;

	*out = (struct report_read){ .kind = REPORT_TLS };
	if (json_read(a, in, &doc, NULL) != 0 || doc->type != JSON_OBJECT)
		return false;
	policies = json_get(doc, "policies");
	range = json_get(doc, "date-range");
	if (!policies || policies->type != JSON_ARRAY || !range)
		return false;
	out->organization = text_of(a, doc, "organization-name");
	out->contact = text_of(a, doc, "contact-info");
	out->id = text_of(a, doc, "report-id");
	out->begin_s = time_of(range, "start-datetime");
	out->end_s = time_of(range, "end-datetime");
	out->rows = arena_alloc(a, REPORT_ROWS_MAX * sizeof(*out->rows));
	for (const struct json *p = policies->child; p; p = p->next)
		read_policy(a, out, p);
	return out->organization.n > 0 && out->id.n > 0 && out->domain.n > 0;
}
