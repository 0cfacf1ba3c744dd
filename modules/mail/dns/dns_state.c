/*
 * dns_state.c: asks for all records and keeps what was found (dns_state.h). On the loop, but for
 * making the list, which may read files and databases: that is a worker's.
 */
#include "dns/dns_state.h"

#include <stdlib.h>

#include "dns/dns_records.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/log.h"
#include "mail.h"

#define KEPT_MS   (INT64_C(60) * 1000) /* before who looks makes it be checked anew */
#define ASKED_MAX 20                   /* questions at a time */

/* One record and the question for it. */
struct asked {
	struct mail_dns_state *s;
	struct dns_record record;
	struct dns_compared found;
	struct dns_question question;
};

struct mail_dns_state {
	struct mail *m;
	bool running, draining;
	struct dns_records *records; /* the worker's while it makes them */
	struct asked *list;
	size_t count, next, answered;
	/* of the last check that ended */
	int64_t checked_ms; /* 0: none has */
	struct strbuf told; /* a JSON array */
};

/* Whether others can find this server by its name at all. */
static bool has_name(const struct mail *m)
{
	return strchr(hearth_hostname(m->h), '.') != NULL;
}

/* ---- a check ---- */

static void end(struct mail_dns_state *s)
{
	for (size_t i = 0; i < s->count; i++) {
		dns_drop(&s->list[i].question);
		strbuf_free(&s->list[i].found.found);
	}
	free(s->list);
	free(s->records);
	s->list = NULL;
	s->records = NULL;
	s->count = s->next = s->answered = 0;
	s->running = false;
}

static const char *verdict_name(enum dns_verdict verdict)
{
	switch (verdict) {
	case DNS_IS_GOOD: return "published";
	case DNS_IS_OTHER: return "other";
	case DNS_IS_MISSING: return "missing";
	case DNS_IS_WRONG: return "wrong";
	case DNS_IS_UNKNOWN: break;
	}
	return "unknown";
}

static void tell(struct mail_dns_state *s)
{
	struct json_writer w;

	strbuf_reset(&s->told);
	json_writer_init(&w, &s->told);
	json_open_array(&w);
	for (size_t i = 0; i < s->count; i++) {
		const struct asked *a = &s->list[i];

		json_open_object(&w);
		json_put_str(&w, "name", a->record.name);
		json_put_str(&w, "type", dns_type_name(a->record.type));
		json_put_str(&w, "value", a->record.value);
		json_put_str(&w, "why", a->record.why);
		json_put_str(&w, "state", verdict_name(a->found.verdict));
		json_put_bool(&w, "secure", a->found.secure);
		json_name(&w, "found");
		if (a->found.found.n > 0)
			json_text(&w, strbuf_slice(&a->found.found));
		else
			json_null(&w);
		json_close_object(&w);
	}
	json_close_array(&w);
	s->checked_ms = clock_wall_ms();
}

static void ask_more(struct mail_dns_state *s);

static void on_answer(void *arg, const struct dns_answer *answer)
{
	struct asked *a = arg;
	struct mail_dns_state *s = a->s;

	dns_compare(&a->found, answer);
	s->answered++;
	INVARIANT(s->answered <= s->next && s->next <= s->count);
	if (s->answered < s->count) {
		ask_more(s);
		return;
	}
	tell(s);
	end(s);
}

static void ask_more(struct mail_dns_state *s)
{
	while (s->next < s->count && s->next - s->answered < ASKED_MAX) {
		struct asked *a = &s->list[s->next++];

		dns_ask(hearth_dns(s->m->h), &a->question, slice_str(a->record.name),
			dns_record_ask(&a->record), on_answer, a);
	}
}

static void add(struct mail_dns_state *s, const struct dns_record *record)
{
	struct asked *a = &s->list[s->count++];

	a->s = s;
	a->record = *record;
	a->found.record = &a->record;
}

static void list_records(void *arg)
{
	struct mail_dns_state *s = arg;

	dns_records_list(s->m->h, s->records);
}

static void on_listed(void *arg, int status)
{
	struct mail_dns_state *s = arg;
	const struct dns_records *r = s->records;
	struct dns_record back;

	if (status < 0 || s->draining || r->count == 0) {
		if (status < 0)
			log_warn("dns", "the records cannot be listed", "error", "%s",
				error_name(status), NULL);
		end(s);
		return;
	}
	s->list = mem_zalloc(2 * r->count * sizeof(*s->list));
	for (size_t i = 0; i < r->count; i++)
		add(s, &r->list[i]);
	for (size_t i = 0; i < r->count; i++)
		if (dns_record_back(&r->list[i], &back))
			add(s, &back);
	ask_more(s);
}

static void begin(struct mail_dns_state *s)
{
	if (s->running || s->draining || !has_name(s->m))
		return;
	s->running = true;
	s->records = mem_zalloc(sizeof(*s->records));
	if (job_run(s->m->io, list_records, on_listed, s) < 0)
		end(s); /* many jobs wait: whoever asks again begins it */
}

struct mail_dns_state *mail_dns_state_new(struct mail *m)
{
	struct mail_dns_state *s = mem_zalloc(sizeof(*s));

	s->m = m;
	return s;
}

void mail_dns_state_drain(struct mail_dns_state *s)
{
	s->draining = true;
	for (size_t i = 0; i < s->count; i++)
		dns_drop(&s->list[i].question);
}

void mail_dns_state_free(struct mail_dns_state **s)
{
	if (!*s)
		return;
	end(*s);
	strbuf_free(&(*s)->told);
	free(*s);
	*s = NULL;
}

/* ---- over HTTP ---- */

static void reply(struct mail_dns_state *s, struct http_request *rq)
{
	struct strbuf json = { 0 };
	struct json_writer w;

	json_writer_init(&w, &json);
	json_open_object(&w);
	json_put_str(&w, "hostname", hearth_hostname(s->m->h));
	json_put_bool(&w, "has_name", has_name(s->m));
	json_put_bool(&w, "checking", s->running);
	json_name(&w, "checked_at");
	if (s->checked_ms)
		json_i64(&w, s->checked_ms);
	else
		json_null(&w);
	json_name(&w, "records");
	json_ready(&w, s->checked_ms ? strbuf_slice(&s->told) : SLICE("[]"));
	json_close_object(&w);
	http_set_header(rq, "Cache-Control", "no-store");
	http_reply_json(rq, 200, &json);
}

void mail_get_dns(void *module, struct http_request *rq)
{
	struct mail_dns_state *s = ((struct mail *)module)->dns_state;

	if (s->checked_ms == 0 || clock_wall_ms() - s->checked_ms > KEPT_MS)
		begin(s);
	reply(s, rq);
}

void mail_post_dns_check(void *module, struct http_request *rq)
{
	struct mail_dns_state *s = ((struct mail *)module)->dns_state;

	begin(s);
	reply(s, rq);
}
