/*
 * deliver.h: from bytes that were received to messages in mailboxes: one transaction with all rows
 * and events, and the message in it, or before it as a blob when it is large; `done` comes when that
 * is on disk. On the loop.
 */
#ifndef MAIL_DELIVER_H
#define MAIL_DELIVER_H

#include "list/list_header.h"
#include "mail.h"

/* One place a message goes to. */
struct mail_recipient {
	int64_t account;
	struct slice address; /* for Delivered-To; empty: none is written (APPEND) */
	struct slice mailbox; /* name; empty: INBOX */
	unsigned flags;       /* enum mail_flag */
	struct slice keywords;
	/*
	 * Where address and mailbox are empty: the mailbox of this use (enum mail_use), made when it is
	 * not there, and fields that stand in front for this recipient alone, instead of the trace.
	 */
	unsigned use;
	struct slice head;
	unsigned notify; /* enum mail_notify_when, as it was asked for: of one that waits */
	const struct mail_list *list; /* the group it is reached through; NULL: none */
	/*
	 * Bytes that may be kept for the account (0: no bound), and what other modules keep of
	 * them; asked for when ask_quota. It holds for a delivery to this recipient alone, and where
	 * it is asked for: else, with several, one that is full does not keep the mail from the others.
	 */
	int64_t quota, elsewhere;
	bool ask_quota;
	/* outcome, when done is called with 0 */
	uint32_t uid, uidvalidity;
	int64_t message; /* its row */
};

/*
 * HEARTH_EDENIED: through this group as many mails went to members elsewhere within the hour as may. What others write
 * has a bound of its own, so that it keeps none of people here from writing. In a db_fn.
 */
int mail_delivery_list_may(struct db_tx *tx, const struct mail *m, const struct mail_list *list);

struct mail_delivery;
struct mail_group;
struct mail_variant;

/* A delivery under way; its recipients and their slices are copied into it. */
struct mail_delivery *mail_delivery_new(struct mail *m);
/*
 * A group that it was sent to by this address: its archive keeps it, and its owners are asked, whoever gets it through
 * another or by themselves.
 */
void mail_delivery_through(
	struct mail_delivery *d, const struct mail_list *list, struct slice address);
/*
 * An account that it arrives at is there once, by the best way it was named: by itself rather than through a group,
 * and through one that has it now rather than through one where it waits.
 */
void mail_delivery_add(struct mail_delivery *d, const struct mail_recipient *r);
size_t mail_delivery_count(const struct mail_delivery *d);
/*
 * Somebody elsewhere: in the same transaction the message is put into the queue (store/outgoing.h),
 * with the envelope's sender of mail_delivery_set_trace. `domain` is where it goes, in lower case.
 */
struct mail_remote {
	struct slice address, domain;
	unsigned notify;    /* enum mail_notify_when */
	struct slice orcpt; /* as xtext */
	/*
	 * Sent on, not sent: by the server, whoever wrote it. `via` is our address that it is sent on from;
	 * empty: it is a report on its way back (address/srs.h).
	 */
	bool sent_on;
	struct slice via;
	/*
	 * A member elsewhere of this group: their number. What becomes of it is the group's business, and nobody
	 * else is told. Of one group they have it once.
	 */
	const struct mail_list *list;
	int64_t member;
	/* the delivery's own */
	struct mail_group *group; /* of `list`; NULL: none */
	bool dropped;             /* it would go round in a loop */
	struct slice fields;      /* of its list */
	struct slice signature;   /* of its list, over those and the message */
	const struct mail_variant *variant;
	bool made; /* these are what they are */
};
void mail_delivery_send(struct mail_delivery *d, const struct mail_remote *r);
/*
 * It came by the address of a group's mail to a member elsewhere (address/verp.h): where it is a report that
 * this could not be delivered, that is counted for them (list/bounce.h), and it goes no further.
 */
void mail_delivery_bounce(struct mail_delivery *d, int64_t group, int64_t member);
/*
 * It goes to this group alone, and only if a member of it, who is elsewhere, has written it: that is known at
 * its end (else HEARTH_EUNSUPPORTED when it is finished). (posting.c)
 */
void mail_delivery_members_only(struct mail_delivery *d, int64_t group);
bool mail_delivery_is_members_only(const struct mail_delivery *d);
bool mail_delivery_goes_anywhere(const struct mail_delivery *d);
size_t mail_delivery_sent(const struct mail_delivery *d); /* how many were named */
/* Nobody gets it, and no archive keeps it. */
bool mail_delivery_is_empty(const struct mail_delivery *d);
/*
 * Of this address, whose recipients were added, success is told to the sender (RFC 3461 NOTIFY=SUCCESS), if
 * that is an account; `orcpt` as xtext.
 */
void mail_delivery_owe(
	struct mail_delivery *d, struct slice address, struct slice orcpt, bool to_group);
/*
 * For them: who sends it (NULL: the server itself), and what RFC 3461 has beside MAIL. What is on its way
 * counts for the sender's quota, as it is then.
 */
void mail_delivery_set_outgoing(struct mail_delivery *d, const struct account *sender, bool utf8,
	int ret, struct slice envid);
/*
 * It is the server's own word, or its author was let in otherwise, and so is signed by DKIM; mail that
 * has a sender is anyway. What was only passed on must not be.
 */
void mail_delivery_sign(struct mail_delivery *d);
/* … and MAIL said REQUIRETLS (RFC 8689). */
void mail_delivery_require_tls(struct mail_delivery *d);
/*
 * Whom the message names as its authors: the sender must be allowed to write as each (HEARTH_EUNSUPPORTED when
 * it is finished). Copied.
 */
void mail_delivery_set_authors(struct mail_delivery *d, const struct account *sender,
	const struct slice *authors, size_t n);
/*
 * Nobody gets it before this time (Unix ms), nor before what the sender has chosen to wait (preferences.h),
 * those who are here included: until then it is theirs to take back (store/held.h). Of whom
 * mail_delivery_set_outgoing names a sender.
 */
void mail_delivery_hold(struct mail_delivery *d, int64_t until_ms);
/*
 * It was held, and its time has come: who sent it was let in here then, and is told of failures where it is sent
 * on. Nothing of it is counted or held a second time.
 */
void mail_delivery_has_waited(struct mail_delivery *d);
/* What its author's domain wants of it, where it was checked before: enum mail_author (verify/gate.h). */
void mail_delivery_set_author(struct mail_delivery *d, int author);
/* Runs fn(tx, arg) in the delivery's transaction, behind all else. */
void mail_delivery_also(struct mail_delivery *d, db_fn *fn, void *arg);
/* Whether the account is among the recipients already; or, by its negative number, a member elsewhere. */
bool mail_delivery_has(const struct mail_delivery *d, int64_t account);
/*
 * The envelope's sender, empty for "<>" and unless it is set, and `received` (a whole Received field,
 * ended by CRLF, or nothing). The recipients with an address get the sender as a column and as
 * Return-Path, which stands with Received in front of what the sender sent.
 */
void mail_delivery_set_trace(
	struct mail_delivery *d, struct slice mail_from, struct slice received);
/*
 * It comes by SMTP: fields Authentication-Results that claim to be this server's are left out of it
 * (verify/results_filter.h).
 */
void mail_delivery_set_foreign(struct mail_delivery *d);
/*
 * It is checked before it is filed (verify/gate.h): with HEARTH_EDENIED the gate's verdict says why it is
 * not taken. The gate stays the caller's, until `done`.
 */
void mail_delivery_set_gate(struct mail_delivery *d, struct mail_gate *gate);
/* Who sends it, an address or an account: large mails of one source take turns (turns.h). */
void mail_delivery_set_source(struct mail_delivery *d, struct slice source);
/* INTERNALDATE, Unix seconds; now unless set. */
void mail_delivery_set_date(struct mail_delivery *d, int64_t internal_date);
/*
 * Takes message bytes. A message with NUL is refused, whichever way it comes (HEARTH_EINVAL, when
 * it is finished): mail that is not BINARYMIME, which was made base64 before (smtp_binary.c), has none (RFC 2045 section
 * 2.7 and 2.8), and IMAP could not send it out (RFC 3501 section 9: CHAR8). Returns how many wait
 * for the disk: above blob_writer_high() the caller pauses its peer until `drained`.
 */
size_t mail_delivery_write(struct mail_delivery *d, struct slice bytes);
void mail_delivery_on_drained(struct mail_delivery *d, exec_fn *drained, void *arg);
/*
 * Ends it: `done(arg, status, recipients, n)` when everything is on disk (0), or nothing is
 * (< 0: HEARTH_EINVAL a message we do not take, HEARTH_ENOTFOUND the mailbox is not there,
 * HEARTH_ECONFLICT it goes round in a loop,
 * HEARTH_EUNSUPPORTED it is in a name that is not the sender's, or no report, or not a member's, where those alone
 * are taken, HEARTH_ETIMEOUT it may be a member's (posting.c), HEARTH_ETOOBIG the quota is used up,
 * HEARTH_EDENIED the sender has written to too many elsewhere
 * within the hour, HEARTH_EIO, HEARTH_EBUSY). Frees the delivery
 * after done; sets *d to NULL.
 */
typedef void mail_delivered_fn(
	void *arg, int status, const struct mail_recipient *recipients, size_t n);
void mail_delivery_finish(struct mail_delivery **d, mail_delivered_fn *done, void *arg);
/* Throws it away; legal on NULL. */
void mail_delivery_abort(struct mail_delivery **d);

#endif
