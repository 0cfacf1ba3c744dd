/*
 * sts_policy.c: see sts_policy.h. Pure; each byte is looked at once, a host is compared with at most
 * STS_MX_MAX patterns. What is kept of a policy is written anew, so that it is bounded and in form.
 */
#include "policy/sts_policy.h"

#include <stdlib.h>

#include "hearth/arena.h"

static bool is_alnum(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static struct slice trim_blanks(struct slice s)
{
	while (s.n > 0 && (s.p[0] == ' ' || s.p[0] == '\t'))
		s = slice_skip(s, 1);
	while (s.n > 0 && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
		s.n--;
	return s;
}

/* ---- the record ---- */

bool sts_is_record(struct slice txt)
{
	struct slice version = slice_split(&txt, ';');

	return txt.p && slice_eq(trim_blanks(version), SLICE("v=STSv1")) && version.p[0] == 'v';
}

/* 1*32(ALPHA / DIGIT). */
static bool is_id(struct slice value)
{
	for (size_t i = 0; i < value.n; i++)
		if (!is_alnum(value.p[i]))
			return false;
	return value.n > 0 && value.n <= STS_ID_MAX;
}

/* The first of several counts; fields that are not known are read over. */
bool sts_record_read(struct slice txt, char id[STS_ID_MAX + 1])
{
	id[0] = '\0';
	if (!sts_is_record(txt))
		return false;
	slice_split(&txt, ';');
	while (txt.p) {
		struct slice field = trim_blanks(slice_split(&txt, ';'));
		struct slice value = slice_skip(field, 3);

		if (!slice_starts(field, SLICE("id=")))
			continue;
		if (!is_id(value))
			return false;
		memcpy(id, value.p, value.n);
		id[value.n] = '\0';
		return true;
	}
	return false;
}

/* ---- the policy ---- */

/* A domain by its letters, or "*." in front of one; A-labels, so ASCII. */
static bool is_pattern(struct slice mx)
{
	size_t label = 0;

	if (slice_starts(mx, SLICE("*.")))
		mx = slice_skip(mx, 2);
	if (mx.n == 0 || mx.n > DNS_NAME_MAX)
		return false;
	for (size_t i = 0; i < mx.n; i++) {
		char c = mx.p[i];

		if (c == '.' ? label == 0 : !is_alnum(c) && c != '-' && c != '_')
			return false;
		label = c == '.' ? 0 : label + 1;
	}
	return label > 0;
}

struct read {
	bool version, mode, max_age;
	enum sts_mode is;
	uint64_t age_s;
	struct slice mx[STS_MX_MAX];
	size_t mx_count;
};

static bool read_mode(struct read *r, struct slice value)
{
	static const char *const modes[] = { "none", "testing", "enforce" };

	for (size_t i = 0; i < 3; i++)
		if (slice_eq(value, slice_str(modes[i]))) {
			r->is = (enum sts_mode)i;
			return true;
		}
	return false;
}

/* Of each field but mx the first counts; those that are not known are read over. NULL: it is good. */
static const char *read_field(struct read *r, struct slice name, struct slice value)
{
	if (slice_eq(name, SLICE("version")) && !r->version) {
		r->version = slice_eq(value, SLICE("STSv1"));
		return r->version ? NULL : "its version is not STSv1";
	}
	if (slice_eq(name, SLICE("mode")) && !r->mode) {
		r->mode = read_mode(r, value);
		return r->mode ? NULL : "its mode is none of enforce, testing, none";
	}
	if (slice_eq(name, SLICE("max_age")) && !r->max_age) {
		r->max_age = value.n > 0 && value.n <= 10 &&
			     slice_u64(value, UINT64_C(9999999999), &r->age_s) == 0;
		return r->max_age ? NULL : "its max_age is no number";
	}
	if (slice_eq(name, SLICE("mx"))) {
		if (!is_pattern(value))
			return "an mx is no name of a host";
		if (r->mx_count < STS_MX_MAX)
			r->mx[r->mx_count++] = value;
	}
	return NULL;
}

static const char *read_lines(struct read *r, struct slice text)
{
	const char *why = text.n > STS_TEXT_MAX ? "it is too long" : NULL;

	while (text.p && !why) {
		struct slice line = slice_split(&text, '\n'), name;

		if (line.n > 0 && line.p[line.n - 1] == '\r')
			line.n--;
		line = trim_blanks(line);
		if (line.n == 0)
			continue;
		name = slice_split(&line, ':');
		why = line.p ? read_field(r, name, trim_blanks(line)) : "a line is no field";
	}
	if (!why && !r->version)
		why = "it has no version";
	if (!why && !r->mode)
		why = "it has no mode";
	if (!why && !r->max_age)
		why = "it has no max_age";
	if (!why && r->mx_count == 0 && r->is != STS_NONE)
		why = "it names no mx";
	return why;
}

static struct sts_policy *make(const struct read *r)
{
	static const char *const modes[] = { "none", "testing", "enforce" };
	struct strbuf text = { 0 };
	struct sts_policy *p;

	strbuf_printf(&text, "version: STSv1\nmode: %s\n", modes[r->is]);
	for (size_t i = 0; i < r->mx_count; i++)
		strbuf_printf(&text, "mx: %.*s\n", SLICE_ARG(r->mx[i]));
	strbuf_printf(&text, "max_age: %llu\n", (unsigned long long)r->age_s);
	p = mem_zalloc(sizeof(*p) + text.n + 1);
	*p = (struct sts_policy){ .refs = 1,
		.mode = r->is,
		.max_age_s = r->age_s < STS_AGE_MAX_S ? (int64_t)r->age_s : STS_AGE_MAX_S,
		.mx_count = r->mx_count };
	memcpy(p->text, text.p, text.n + 1);
	strbuf_free(&text);
	return p;
}

struct sts_policy *sts_policy_read(struct slice text, const char **why)
{
	struct read r = { .version = false };

	*why = read_lines(&r, text);
	return *why ? NULL : make(&r);
}

struct sts_policy *sts_policy_ref(struct sts_policy *p)
{
	if (p)
		p->refs++;
	return p;
}

void sts_policy_unref(struct sts_policy **p)
{
	if (*p && --(*p)->refs == 0)
		free(*p);
	*p = NULL;
}

bool sts_policy_matches(const struct sts_policy *p, const char *host)
{
	struct slice rest = slice_str(p->text), name = slice_str(host), parent = name;

	slice_split(&parent, '.');
	while (rest.n > 0) {
		struct slice mx = slice_split(&rest, '\n');

		if (!slice_starts(mx, SLICE("mx: ")))
			continue;
		mx = slice_skip(mx, 4);
		if (slice_starts(mx, SLICE("*.")) ? parent.p && slice_ieq(slice_skip(mx, 2), parent)
						  : slice_ieq(mx, name))
			return true;
	}
	return false;
}
