/*
 * filter.h: what a person's rules make of a mail that arrives. The rules are the member
 * "mail.filters" of the preferences, whose schema (modules/auth/preferences/schema.json) says how
 * they look and what they mean. Pure, on workers.
 *
 * Whatever the rules are, the mail stays: a rule that does not read as it should does nothing, and
 * the worst that happens to a mail is the trash.
 *
 * What it costs is bounded by the rules, which the schema bounds, and by the header
 * (mime/header.h).
 */
#ifndef MAIL_FILTER_H
#define MAIL_FILTER_H

#include "hearth/json.h"
#include "store/store.h"

/*
 * Bytes of each kind of field that are looked at: each rule of each recipient looks at all of them,
 * and the sender chooses how long they are.
 */
#define MAIL_FILTER_FIELD_MAX (16u << 10)

/* What rules ask of a message. Texts are folded (text_fold). */
struct mail_filter_facts {
	struct slice from, to, subject, list; /* all From; To and Cc; Subject; List-Id */
	bool has_attachment;
	uint64_t size;
};

/* The facts in the header of a message, in `a`; the last two are left to the caller. */
void mail_filter_read(struct arena *a, struct slice message, struct mail_filter_facts *out);

/* What is to be done. */
struct mail_filter_outcome {
	struct slice mailbox; /* where it goes; p NULL: INBOX, unless it is one of these */
	bool trash, junk;
	unsigned flags;        /* enum mail_flag: to be set */
	struct slice keywords; /* separated by spaces; MAIL_KEYWORDS_MAX bytes at most */
};

/*
 * Goes through the rules, an array, in their order. `address` is the one this mail came to. What
 * the outcome points to is in `a`.
 */
void mail_filter_apply(struct arena *a, const struct json *rules,
	const struct mail_filter_facts *facts, struct slice address,
	struct mail_filter_outcome *out);

#endif
