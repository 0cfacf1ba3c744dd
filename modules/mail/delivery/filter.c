/*
 * filter.c: reads what rules ask of a mail (sender, recipients, subject, list), and goes through
 * the rules in order. Pure, on workers.
 *
 * Bounds: the rules are as many as the preferences' schema lets in, keywords MAIL_KEYWORDS_MAX
 * bytes; each rule is looked at once a mail.
 */
#include "delivery/filter.h"

#include "hearth/log.h"
#include "hearth/text.h"
#include "mime/encoded_word.h"
#include "mime/header.h"
#include "store/keywords.h"
#include "store/mailbox_name.h"

/* ---- facts ---- */

/* The fields of these names, decoded and folded, one after the other. */
static struct slice read_fields(
	struct arena *a, struct slice header, struct slice name, struct slice other)
{
	struct strbuf raw = { 0 }, folded = { 0 };
	struct mime_fields it = mime_fields_of(header);
	struct mime_field field;
	struct slice text;

	while (raw.n < MAIL_FILTER_FIELD_MAX && mime_fields_next(&it, &field)) {
		if (!slice_ieq(field.name, name) && !slice_ieq(field.name, other))
			continue;
		mime_words_decode(&raw, mime_unfold(a, field.value));
		strbuf_addc(&raw, '\n');
	}
	text_fold(&folded, slice_head(strbuf_slice(&raw), MAIL_FILTER_FIELD_MAX));
	text = arena_slice(a, strbuf_slice(&folded));
	strbuf_free(&raw);
	strbuf_free(&folded);
	return text;
}

void mail_filter_read(struct arena *a, struct slice message, struct mail_filter_facts *out)
{
	struct slice header = slice_head(message, mime_header_size(message));

	out->from = read_fields(a, header, SLICE("From"), SLICE("From"));
	out->to = read_fields(a, header, SLICE("To"), SLICE("Cc"));
	out->subject = read_fields(a, header, SLICE("Subject"), SLICE("Subject"));
	out->list = read_fields(a, header, SLICE("List-Id"), SLICE("List-Id"));
}

/* ---- conditions ---- */

static bool contains(struct slice folded, struct slice wanted)
{
	struct strbuf needle = { 0 };
	bool found;

	text_fold(&needle, wanted);
	found = needle.n > 0 && slice_find(folded, strbuf_slice(&needle)) >= 0;
	strbuf_free(&needle);
	return found;
}

/* One member of "if"; what is not known here does not hold. */
static bool holds(
	const struct json *condition, const struct mail_filter_facts *facts, struct slice address)
{
	const struct {
		const char *name;
		struct slice text;
	} texts[] = { { "from", facts->from }, { "subject", facts->subject },
		{ "list", facts->list }, { "to", facts->to }, { "to", address } };
	int64_t size;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (condition->type == JSON_STRING &&
			slice_eq(condition->name, slice_str(texts[i].name)) &&
			contains(texts[i].text, condition->text))
			return true;
	if (condition->type == JSON_BOOL && slice_eq(condition->name, SLICE("has_attachment")))
		return condition->boolean == facts->has_attachment;
	return slice_eq(condition->name, SLICE("larger_than")) &&
	       json_as_i64(condition, 0, INT64_MAX, &size) == 0 && facts->size > (uint64_t)size;
}

static bool rule_holds(
	const struct json *rule, const struct mail_filter_facts *facts, struct slice address)
{
	const struct json *conditions = json_get(rule, "if");
	struct slice match = SLICE("all");
	bool enabled = true, any;

	json_get_bool(rule, "enabled", &enabled);
	json_get_text(rule, "match", &match);
	any = slice_eq(match, SLICE("any"));
	if (!enabled || !conditions || conditions->type != JSON_OBJECT || conditions->count == 0)
		return false;
	for (const struct json *c = conditions->child; c; c = c->next)
		if (holds(c, facts, address) == any)
			return any;
	return !any;
}

/* ---- actions ---- */

static void add_keywords(struct strbuf *keywords, const struct json *list)
{
	for (const struct json *k = list && list->type == JSON_ARRAY ? list->child : NULL; k;
		k = k->next) {
		struct strbuf more = { 0 };

		/* A list of keywords is one text: what would be two keywords is none. */
		if (k->type == JSON_STRING && slice_chr(k->text, ' ') < 0)
			mail_keywords_change(
				&more, strbuf_slice(keywords), k->text, (struct slice){ 0 });
		if (more.n > keywords->n && more.n <= MAIL_KEYWORDS_MAX) {
			strbuf_reset(keywords);
			strbuf_add(keywords, strbuf_slice(&more));
		}
		strbuf_free(&more);
	}
}

static bool is_true(const struct json *actions, const char *name)
{
	bool on = false;

	json_get_bool(actions, name, &on);
	return on;
}

/* Where several rules move a mail, the last one has its way. */
static void act(struct arena *a, const struct json *actions, struct mail_filter_outcome *out,
	struct strbuf *keywords)
{
	struct slice mailbox;

	if (json_get_text(actions, "move", &mailbox) == 0 && mail_name_is_good(mailbox)) {
		out->mailbox = arena_slice(a, mailbox);
		out->trash = false;
	}
	if (is_true(actions, "discard"))
		out->trash = true;
	if (is_true(actions, "seen"))
		out->flags |= MAIL_SEEN;
	if (is_true(actions, "flagged"))
		out->flags |= MAIL_FLAGGED;
	add_keywords(keywords, json_get(actions, "keywords"));
}

void mail_filter_apply(struct arena *a, const struct json *rules,
	const struct mail_filter_facts *facts, struct slice address,
	struct mail_filter_outcome *out)
{
	struct strbuf keywords = { 0 };

	*out = (struct mail_filter_outcome){ .flags = 0 };
	for (const struct json *r = rules->type == JSON_ARRAY ? rules->child : NULL; r;
		r = r->next) {
		if (!rule_holds(r, facts, address))
			continue;
		act(a, json_get(r, "then"), out, &keywords);
		if (is_true(json_get(r, "then"), "stop"))
			break;
	}
	INVARIANT(keywords.n <= MAIL_KEYWORDS_MAX);
	out->keywords = arena_slice(a, strbuf_slice(&keywords));
	strbuf_free(&keywords);
}
