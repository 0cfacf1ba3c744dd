/*
 * imap_search_keys.c: what the keys of a SEARCH say about a message (imap_search_job.h).
 *
 * What the message's row says is known at once; what is about its text is IMAP_ANSWER_UNKNOWN until the search
 * (search.h) has answered. Pure. Keys are as many as a command has, and as deep (imap_search_parse.c).
 */
#include "imap/session/imap_search_job.h"

#include "hearth/error.h"
#include "hearth/log.h"

#define DAY_S 86400

bool imap_key_is_text(const struct imap_search_key *key)
{
	return key->kind >= IMAP_KEY_BCC && key->kind <= IMAP_KEY_HEADER;
}

static bool is_sent_date(enum imap_key_kind kind)
{
	return kind == IMAP_KEY_SENTBEFORE || kind == IMAP_KEY_SENTON || kind == IMAP_KEY_SENTSINCE;
}

static struct mail_search_for envelope(const char *name, const struct imap_search_key *key)
{
	return (struct mail_search_for){ MAIL_SEARCH_ENVELOPE, slice_str(name), key->text };
}

struct mail_search_for imap_key_sought(const struct imap_search_key *key)
{
	switch (key->kind) {
	case IMAP_KEY_BCC: return envelope("Bcc", key);
	case IMAP_KEY_CC: return envelope("Cc", key);
	case IMAP_KEY_FROM: return envelope("From", key);
	case IMAP_KEY_TO: return envelope("To", key);
	case IMAP_KEY_TEXT:
		return (struct mail_search_for){ .where = MAIL_SEARCH_TEXT, .needle = key->text };
	case IMAP_KEY_BODY:
		return (struct mail_search_for){ .where = MAIL_SEARCH_BODY, .needle = key->text };
	case IMAP_KEY_SUBJECT:
		return (struct mail_search_for){ MAIL_SEARCH_FIELD, SLICE("Subject"), key->text };
	default: return (struct mail_search_for){ MAIL_SEARCH_FIELD, key->name, key->text };
	}
}

int imap_search_prepare(struct imap_searching *s, struct imap_search_key *key)
{
	const struct imap_view *v = s->view;
	int rc = 0;

	switch (key->kind) {
	case IMAP_KEY_AND:
	case IMAP_KEY_OR:
		for (struct imap_search_key *k = key->first; k && rc == 0; k = k->next)
			rc = imap_search_prepare(s, k);
		return rc;
	case IMAP_KEY_SEQSET:
		key->set = imap_seqset_resolve(s->a, &key->set, (uint32_t)v->n);
		return 0;
	case IMAP_KEY_UID:
		key->set = imap_seqset_resolve(s->a, &key->set, v->n ? v->uids[v->n - 1] : 0);
		return 0;
	default: break;
	}
	s->dates |= is_sent_date(key->kind);
	if (!imap_key_is_text(key))
		return 0;
	if (s->text_n == IMAP_SEARCH_TEXTS_MAX)
		return HEARTH_ETOOBIG;
	s->sought[s->text_n] = imap_key_sought(key);
	s->texts[s->text_n++] = key;
	return 0;
}

/* ---- answering ---- */

int64_t imap_search_day(int64_t unix_s)
{
	return unix_s >= 0 ? unix_s / DAY_S : -((-unix_s + DAY_S - 1) / DAY_S);
}

static bool has_keyword(struct slice list, struct slice keyword)
{
	while (list.n)
		if (slice_ieq(slice_split(&list, ' '), keyword))
			return true;
	return false;
}

static bool has_flag(
	const struct imap_searching *s, const struct imap_candidate *c, enum imap_flag flag)
{
	return flag == IMAP_FLAG_RECENT ? imap_view_is_recent(s->view, c->uid)
					: (c->flags & flag) != 0;
}

static enum imap_answer answer_text(
	const struct imap_searching *s, const struct imap_search_key *key, size_t i)
{
	const struct mail_search *found = &s->search;

	if (!found->answers || s->v[i].content == IMAP_NO_CONTENT)
		return IMAP_ANSWER_UNKNOWN;
	INVARIANT(s->v[i].content < found->n);
	for (size_t k = 0; k < s->text_n; k++)
		if (s->texts[k] == key)
			switch (found->answers[k * found->n + s->v[i].content]) {
			case MAIL_SEARCH_UNKNOWN: return IMAP_ANSWER_UNKNOWN;
			case MAIL_SEARCH_YES: return IMAP_ANSWER_YES;
			default: return IMAP_ANSWER_NO;
			}
	return IMAP_ANSWER_NO;
}

static enum imap_answer answer_group(
	const struct imap_searching *s, const struct imap_search_key *key, size_t i)
{
	/* What decides it at once: a NO among an AND, a YES among an OR. */
	const enum imap_answer decides =
		key->kind == IMAP_KEY_OR ? IMAP_ANSWER_YES : IMAP_ANSWER_NO;
	enum imap_answer result = key->kind == IMAP_KEY_OR ? IMAP_ANSWER_NO : IMAP_ANSWER_YES;

	for (const struct imap_search_key *k = key->first; k; k = k->next) {
		enum imap_answer one = imap_search_answer(s, k, i);

		if (one == decides)
			return decides;
		if (one == IMAP_ANSWER_UNKNOWN)
			result = IMAP_ANSWER_UNKNOWN;
	}
	return result;
}

static bool holds(const struct imap_searching *s, const struct imap_search_key *key,
	const struct imap_candidate *c)
{
	int64_t sent = c->sent_day;

	switch (key->kind) {
	case IMAP_KEY_ALL: return true;
	case IMAP_KEY_SEQSET: return imap_seqset_has(&key->set, (uint32_t)c->index + 1);
	case IMAP_KEY_UID: return imap_seqset_has(&key->set, c->uid);
	case IMAP_KEY_FLAG: return has_flag(s, c, key->flag);
	case IMAP_KEY_KEYWORD: return has_keyword(c->keywords, key->keyword);
	case IMAP_KEY_BEFORE: return imap_search_day(c->internal_date) < key->day;
	case IMAP_KEY_ON: return imap_search_day(c->internal_date) == key->day;
	case IMAP_KEY_SINCE: return imap_search_day(c->internal_date) >= key->day;
	case IMAP_KEY_SENTBEFORE: return sent != IMAP_NO_DAY && sent < key->day;
	case IMAP_KEY_SENTON: return sent == key->day;
	case IMAP_KEY_SENTSINCE: return sent != IMAP_NO_DAY && sent >= key->day;
	case IMAP_KEY_LARGER: return c->size > key->number;
	case IMAP_KEY_SMALLER: return c->size < key->number;
	case IMAP_KEY_OLDER: return s->now - c->internal_date >= (int64_t)key->number;
	case IMAP_KEY_YOUNGER: return s->now - c->internal_date < (int64_t)key->number;
	default: return false;
	}
}

enum imap_answer imap_search_answer(
	const struct imap_searching *s, const struct imap_search_key *key, size_t i)
{
	enum imap_answer result;

	if (key->kind == IMAP_KEY_AND || key->kind == IMAP_KEY_OR)
		result = answer_group(s, key, i);
	else if (imap_key_is_text(key))
		result = answer_text(s, key, i);
	else
		result = holds(s, key, &s->v[i]) ? IMAP_ANSWER_YES : IMAP_ANSWER_NO;
	if (!key->negated || result == IMAP_ANSWER_UNKNOWN)
		return result;
	return result == IMAP_ANSWER_YES ? IMAP_ANSWER_NO : IMAP_ANSWER_YES;
}
