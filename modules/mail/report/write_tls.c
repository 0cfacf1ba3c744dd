/*
 * write_tls.c: TLS-RPT as JSON (RFC 8460 section 4): a policy for each that was met, with its failures. Pure;
 * bounded by its rows.
 */
#include <stdio.h>
#include <time.h>

#include "hearth/json.h"
#include "report/report.h"

static void put_time(struct json_writer *w, const char *name, int64_t s)
{
	struct tm tm;
	time_t t = (time_t)s;
	char text[32];

	gmtime_r(&t, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	json_put_str(w, name, text);
}

static void put_lines(struct json_writer *w, const char *name, struct slice lines, const char *of)
{
	json_name(w, name);
	json_open_array(w);
	while (lines.n > 0) {
		struct slice line = slice_split(&lines, '\n');

		if (slice_starts(line, slice_str(of)))
			json_text(w, slice_skip(line, strlen(of)));
	}
	json_close_array(w);
}

static void put_policy(struct json_writer *w, const struct mail_tls_session *s)
{
	bool sts = slice_eq(s->policy_type, SLICE("sts"));

	json_name(w, "policy");
	json_open_object(w);
	json_put_text(w, "policy-type", s->policy_type);
	if (s->policy.n > 0)
		put_lines(w, "policy-string", s->policy, "");
	json_put_text(w, "policy-domain", s->domain);
	if (sts && s->policy.n > 0)
		put_lines(w, "mx-host", s->policy, "mx: ");
	json_close_object(w);
}

static void put_failure(struct json_writer *w, const struct mail_tls_session *s)
{
	json_open_object(w);
	json_put_text(w, "result-type", s->result);
	if (s->mx.n > 0)
		json_put_text(w, "receiving-mx-hostname", s->mx);
	if (s->address.n > 0)
		json_put_text(w, "receiving-ip", s->address);
	json_put_i64(w, "failed-session-count", s->count);
	if (s->why.n > 0)
		json_put_text(w, "failure-reason-code", s->why);
	json_close_object(w);
}

static bool is_same(const struct mail_tls_session *a, const struct mail_tls_session *b)
{
	return slice_eq(a->policy_type, b->policy_type) && slice_eq(a->policy, b->policy);
}

/* Those of one policy; gives their number. */
static size_t put_one(struct json_writer *w, const struct mail_tls_session *rows, size_t n)
{
	int64_t good = 0, bad = 0;
	size_t count = 0;

	for (; count < n && is_same(rows, &rows[count]); count++)
		*(rows[count].result.n > 0 ? &bad : &good) += rows[count].count;
	json_open_object(w);
	put_policy(w, rows);
	json_name(w, "summary");
	json_open_object(w);
	json_put_i64(w, "total-successful-session-count", good);
	json_put_i64(w, "total-failure-session-count", bad);
	json_close_object(w);
	if (bad > 0) {
		json_name(w, "failure-details");
		json_open_array(w);
		for (size_t i = 0; i < count; i++)
			if (rows[i].result.n > 0)
				put_failure(w, &rows[i]);
		json_close_array(w);
	}
	json_close_object(w);
	return count;
}

void report_write_tls(struct strbuf *out, const struct report_head *h,
	const struct mail_tls_session *rows, size_t n)
{
	struct json_writer w;

	json_writer_init(&w, out);
	json_open_object(&w);
	json_put_str(&w, "organization-name", h->host);
	json_name(&w, "date-range");
	json_open_object(&w);
	put_time(&w, "start-datetime", h->day * 86400);
	put_time(&w, "end-datetime", h->day * 86400 + 86399);
	json_close_object(&w);
	json_put_text(&w, "contact-info", h->contact);
	json_put_str(&w, "report-id", h->id);
	json_name(&w, "policies");
	json_open_array(&w);
	for (size_t i = 0; i < n;)
		i += put_one(&w, &rows[i], n - i);
	json_close_array(&w);
	json_close_object(&w);
}
