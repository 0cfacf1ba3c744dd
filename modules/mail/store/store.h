/*
 * store.h: mailboxes and messages: every SQL statement of the mail module stands in store*.c.
 * Inside a db_fn on the database "mail", on a database thread, unless said otherwise.
 *
 * A *content* is one message as one account got it: blob (the bytes that were sent, shared by all
 * recipients, as is what was parsed of them; in a row of `source`, or when there are many in the blob
 * store), and trace (the header fields we put in front:
 * Return-Path, Delivered-To, Received). The message that clients see is trace and blob. A *message*
 * is a content in a mailbox under a UID; COPY makes a second message of the same content.
 *
 * Every change to a mailbox takes the next number of its modseq, so that a session finds out what
 * happened since it last looked: messages with a greater modseq, and rows of `expunged`.
 */
#ifndef MAIL_STORE_H
#define MAIL_STORE_H

#include "hearth/db.h"
#include "hearth/json.h"
#include "store/mailbox_name.h"

/* Messages that one transaction changes: others write in between. */
#define MAIL_BULK_MAX 500

extern const char *const mail_migrations[];

/* ---- mailboxes ---- */

/* RFC 6154; 0 for none. The same values as enum imap_special_use. */
enum mail_use {
	MAIL_USE_ARCHIVE = 2,
	MAIL_USE_DRAFTS = 4,
	MAIL_USE_JUNK = 16,
	MAIL_USE_SENT = 32,
	MAIL_USE_TRASH = 64,
};

struct mailbox {
	int64_t id;
	int64_t account;
	char name[MAIL_NAME_MAX + 1]; /* UTF-8; INBOX is in capitals */
	uint32_t uidvalidity;
	uint32_t uidnext;
	int64_t modseq;      /* of the latest change */
	unsigned use;        /* enum mail_use */
	uint32_t recent_uid; /* messages from this UID on are \Recent to who selects it next */
	bool subscribed;
	/* counted by mail_store_count */
	uint32_t messages, unseen, recent;
	uint64_t size; /* bytes of all its messages */
};

/* What mail_store_count is to count; size is the only one that looks at every row. */
enum mail_count {
	MAIL_COUNT_MESSAGES = 1,
	MAIL_COUNT_UNSEEN = 2,
	MAIL_COUNT_RECENT = 4,
	MAIL_COUNT_SIZE = 8,
};

/*
 * Makes INBOX, Drafts, Sent, Junk, Trash and Archive for an account that has no mailbox yet;
 * otherwise does nothing. Called before an account's mailboxes are looked at or delivered to.
 */
int mail_store_ensure(struct db_tx *tx, int64_t account);
/* By name (INBOX in any case) or id; HEARTH_ENOTFOUND. Counts are not filled in. */
int mail_store_mailbox(struct db_tx *tx, int64_t account, struct slice name, struct mailbox *out);
int mail_store_mailbox_by_use(struct db_tx *tx, int64_t account, unsigned use, struct mailbox *out);
int mail_store_mailbox_by_id(struct db_tx *tx, int64_t id, struct mailbox *out);
/* Counts what the bits of enum mail_count say. */
int mail_store_count(struct db_tx *tx, struct mailbox *box, unsigned what);
/* The first message without \Seen; *uid is 0 when there is none. */
int mail_store_first_unseen(struct db_tx *tx, int64_t mailbox, uint32_t *uid);
/* Appends the keywords in use in a mailbox, separated by spaces; no more once it is `max` bytes. */
int mail_store_keywords(struct db_tx *tx, int64_t mailbox, size_t max, struct strbuf *out);
/*
 * Takes what is \Recent below `uid` for one session: *first is where that begins, `uid` or above
 * when another has taken it all. Nobody else gets them any more.
 */
int mail_store_take_recent(struct db_tx *tx, int64_t mailbox, uint32_t uid, uint32_t *first);
/* Where what nobody has taken begins. */
int mail_store_recent(struct db_tx *tx, int64_t mailbox, uint32_t *first);
/* All of an account, ordered by name, INBOX first. A result of `each` other than 0 ends it. */
int mail_store_mailboxes(struct db_tx *tx, int64_t account,
	int (*each)(void *arg, const struct mailbox *box), void *arg);
/*
 * Creates it with its missing superiors; HEARTH_EEXIST; HEARTH_EINVAL for a name we do not take;
 * HEARTH_EBUSY when the account has too many.
 */
int mail_store_create(struct db_tx *tx, int64_t account, struct slice name, unsigned use);
/*
 * RFC 3501 section 6.3.4 and 6.3.5. Deleting one with inferiors keeps them; one with many messages
 * is hidden at once and emptied by the queue MAIL_QUEUE_EMPTY, whose key is its id, in pieces by
 * mail_store_delete_some (*done: it is gone). Renaming takes the inferiors along, all with their
 * UIDVALIDITY and UIDs. Renaming INBOX moves its messages to a new mailbox: MAIL_BULK_MAX of them,
 * and then, until *done, as many more by mail_store_move_inbox, of those below the UID that was
 * INBOX's next. HEARTH_ENOTFOUND, HEARTH_EEXIST, HEARTH_EDENIED (INBOX cannot be deleted).
 */
#define MAIL_QUEUE_EMPTY "mail.empty"
int mail_store_delete(struct db_tx *tx, int64_t account, struct slice name);
int mail_store_delete_some(struct db_tx *tx, int64_t mailbox, size_t max, bool *done);
int mail_store_rename(
	struct db_tx *tx, int64_t account, struct slice from, struct slice to, bool *done);
int mail_store_move_inbox(
	struct db_tx *tx, int64_t account, struct slice to, uint32_t below, bool *done);
/*
 * An account is gone (store/erasure.c): no mailbox is made for it any more (HEARTH_ENOTFOUND), and
 * what it has is removed step by step, with the events of each content; *done after the last.
 */
int mail_store_erase(struct db_tx *tx, int64_t account);
int mail_store_is_erased(struct db_tx *tx, int64_t account);
int mail_store_erase_some(struct db_tx *tx, int64_t account, size_t max, bool *done);
/*
 * Subscriptions are a list of names, also of mailboxes that are not there (RFC 3501 section 6.3.6).
 * HEARTH_EBUSY when there are too many, HEARTH_EINVAL for a name we do not take.
 */
int mail_store_subscribe(struct db_tx *tx, int64_t account, struct slice name, bool on);
int mail_store_subscriptions(
	struct db_tx *tx, int64_t account, int (*each)(void *arg, struct slice name), void *arg);

/* ---- messages ---- */

/* System flags; the same values as enum imap_flag. \Recent is the session's business. */
enum mail_flag {
	MAIL_SEEN = 1,
	MAIL_ANSWERED = 2,
	MAIL_FLAGGED = 4,
	MAIL_DELETED = 8,
	MAIL_DRAFT = 16,
};

/*
 * What was parsed of a message before it is stored. Made by mail_message_parse (delivery/parse.h) on a
 * worker; all in one arena.
 */
struct mail_content {
	struct slice blob_key;
	uint64_t blob_size;
	struct slice trace;         /* header fields in front, each ended by CRLF; may be empty */
	struct slice envelope;      /* IMAP ENVELOPE, ready to send */
	struct slice body;          /* IMAP BODY, ready to send */
	struct slice bodystructure; /* IMAP BODYSTRUCTURE, ready to send */
	struct slice structure;     /* packed, of the blob: mail_content_structure (message.h) */
	struct slice header;        /* the first bytes of the blob: all of its header, or nothing */
	struct slice fields;        /* of the header, those clients list (mail_field_is_listed) */
	bool has_fields;            /* else `fields` says nothing: they are in the message */
	bool fields_inside;         /* to be kept as a program before this one knows them */
	struct slice message; /* the message, packed behind them (packing.h); empty: it is a blob */
	struct slice subject, from, to, preview; /* UTF-8, for lists */
	/*
	 * For threads, UTF-8: Message-ID without < and >, and those of what it answers, separated
	 * by spaces, the thread's first one first (only ever stored, so far; nothing, of what came
	 * before the column).
	 */
	struct slice msgid, answers;
	/*
	 * The envelope's sender (MAIL FROM), empty for "<>"; p NULL: it did not come by SMTP, or
	 * before there was the column: then Return-Path in `trace` says it (mail_content_sender).
	 */
	struct slice mail_from;
	int64_t date;  /* of the Date field, Unix seconds; 0 when there is none */
	int date_zone; /* minutes east of UTC in which it was written */
	bool has_attachment;
};

/* A message row joined with its content. Slices live in the arena that was given. */
struct mail_message {
	int64_t id;         /* of the message */
	int64_t content_id; /* of the content: the document in the search index */
	int64_t parsed_id;  /* of what was parsed; 0: the content says. Only ever stored */
	int64_t mailbox;
	uint32_t uid;
	unsigned flags;        /* enum mail_flag */
	struct slice keywords; /* separated by spaces, as written */
	int64_t internal_date; /* Unix seconds */
	int64_t modseq;
	uint64_t size;               /* bytes of trace and blob: RFC822.SIZE */
	uint64_t extra;              /* what it counts for beyond that (mail_content_extra) */
	struct mail_content content; /* only the columns that were asked for, see MAIL_WANT_… */
};

enum mail_want {
	MAIL_WANT_META = 0, /* id, uid, flags, keywords, dates, size, blob, trace, mail_from */
	MAIL_WANT_ENVELOPE = 1,
	MAIL_WANT_BODY = 2,
	MAIL_WANT_BODYSTRUCTURE = 4,
	MAIL_WANT_STRUCTURE = 8,
	MAIL_WANT_SUMMARY = 16, /* subject, from, to, preview, has_attachment, msgid */
	MAIL_WANT_HEADER = 32,
	MAIL_WANT_MESSAGE =
		64, /* so that its bytes can be had: whoever reads them asks for it; fields */
	MAIL_WANT_FIELDS = 128, /* and, where a row has none, the structure to find them by */
};

/*
 * Stores a content and a message of it in the mailbox, and publishes "mail.content"
 * {"change":"stored","account","mailbox","message","content","uid"} in the same transaction. *uid
 * is its UID.
 */
int mail_store_add(struct db_tx *tx, struct mailbox *box, const struct mail_content *content,
	unsigned flags, struct slice keywords, int64_t internal_date, uint32_t *uid,
	int64_t *message);

/* What is stored of one content (META columns), its slices in `a`; HEARTH_ENOTFOUND. */
int mail_store_content(struct db_tx *tx, int64_t id, struct arena *a, struct mail_content *out);
/* What rows keep of its header apart from the message, in `a`: all of it, some fields, nothing. */
int mail_store_header(struct db_tx *tx, int64_t id, struct arena *a, struct slice *out);
/* The first contents above `above` that are in a mailbox, of all accounts, at most `max`, ascending. */
int mail_store_contents(struct db_tx *tx, int64_t above, int64_t *ids, size_t max, size_t *n);
/* Whether a content is in some mailbox still. */
int mail_store_content_lives(struct db_tx *tx, int64_t id, bool *lives);
/* Whether any content is made of this blob. */
int mail_store_blob_used(struct db_tx *tx, struct slice blob_key, bool *used);

/* All UIDs of a mailbox, ascending, into a new array from the arena. */
int mail_store_uids(struct db_tx *tx, int64_t mailbox, struct arena *a, uint32_t **uids, size_t *n);
/*
 * Messages of a mailbox with UIDs in [first, last], ascending; `each` gets one at a time, its
 * slices valid during the call. A result other than 0 ends it and is returned.
 */
typedef int mail_message_fn(void *arg, const struct mail_message *message);
int mail_store_messages(struct db_tx *tx, int64_t mailbox, uint32_t first, uint32_t last,
	unsigned want, mail_message_fn *each, void *arg);
/*
 * The same without anything of the contents but, with `dates`, the date of the Date field: for who
 * looks at all messages of a mailbox.
 */
int mail_store_scan(struct db_tx *tx, int64_t mailbox, uint32_t first, uint32_t last, bool dates,
	mail_message_fn *each, void *arg);
/* The same of the messages of one content in the mailbox. */
int mail_store_scan_content(struct db_tx *tx, int64_t mailbox, int64_t content, bool dates,
	mail_message_fn *each, void *arg);
/* One message of an account by its id, its slices in `a`; HEARTH_ENOTFOUND. */
int mail_store_message(struct db_tx *tx, int64_t account, int64_t id, unsigned want,
	struct arena *a, struct mail_message *out);
/* Newest first, below `before` (a UID; 0: from the top), at most `limit`. */
int mail_store_latest(struct db_tx *tx, int64_t mailbox, uint32_t before, size_t limit,
	unsigned want, mail_message_fn *each, void *arg);

/* UID and content of each, newest first, below `before` (0: from the top); `each` as above. */
typedef int mail_newest_fn(void *arg, uint32_t uid, int64_t content);
int mail_store_newest(
	struct db_tx *tx, int64_t mailbox, uint32_t before, mail_newest_fn *each, void *arg);

/* ---- changing messages ---- */

/* Bytes of the keywords of one message. */
#define MAIL_KEYWORDS_MAX 4096

/*
 * new = (old & ~clear) | set; keywords likewise: lists separated by spaces, compared without case.
 */
struct mail_flag_change {
	unsigned set, clear; /* enum mail_flag */
	struct slice add_keywords, remove_keywords;
	bool replace_keywords; /* those there were go, before some are added */
};

struct mail_flags {
	unsigned flags; /* enum mail_flag */
	struct slice keywords;
};

/*
 * The changes of one transaction to one mailbox share a modseq: *modseq is 0 at first, and holds it
 * once something really changed. All say HEARTH_ENOTFOUND when the UID is not there.
 *
 * flag: *after is what the message has then, keywords in `a`; HEARTH_ETOOBIG for too many keywords.
 * expunge: of a content that no message has any more "mail.content" says
 * {"change":"removed","account","content"}; it goes by mail_store_discard, once the index, which must be
 * shown it for that, has forgotten it.
 * copy: to another mailbox with flags and date; *new_uid is its UID there.
 * move: the same message row goes to another mailbox, `to`, under a new UID.
 */
int mail_store_flag(struct db_tx *tx, int64_t mailbox, uint32_t uid,
	const struct mail_flag_change *change, int64_t *modseq, struct arena *a,
	struct mail_flags *after);
int mail_store_expunge(struct db_tx *tx, int64_t mailbox, uint32_t uid, int64_t *modseq);
int mail_store_copy(
	struct db_tx *tx, int64_t mailbox, uint32_t uid, struct mailbox *to, uint32_t *new_uid);
int mail_store_move(struct db_tx *tx, int64_t mailbox, uint32_t uid, struct mailbox *to,
	int64_t *modseq, uint32_t *new_uid);
/*
 * The first `limit` UIDs above `above` of messages with \Deleted, into a new array from the arena.
 */
int mail_store_deleted(struct db_tx *tx, int64_t mailbox, uint32_t above, size_t limit,
	struct arena *a, uint32_t **uids, size_t *n);

/*
 * Removes a content that is in no mailbox, with what was parsed of it and its bytes, unless others share
 * them; *blob, in `a`, is the blob it was made of, to be released; empty: none.
 */
int mail_store_discard(struct db_tx *tx, int64_t content, struct arena *a, struct slice *blob);

/* ---- store/copying.c ---- */

/*
 * A COPY of more messages than one transaction takes is all or nothing none the less: what it has
 * made is noted under a number of its own, as UIDs of the mailbox they are in, until it ends. What
 * did not end is taken back, some messages a call, until *done.
 */
int mail_store_copying_note(
	struct db_tx *tx, int64_t op, int64_t mailbox, uint32_t first, uint32_t last);
int mail_store_copying_end(struct db_tx *tx, int64_t op);
/* The numbers of those that have not ended, up to `max`: how many, or an error. */
int mail_store_copying_ops(struct db_tx *tx, int64_t *ops, int max);
/* *mailbox is the one that has changed, or 0. */
int mail_store_copying_undo(struct db_tx *tx, int64_t op, int64_t *mailbox, bool *done);

/* ---- what happened since ---- */

typedef int mail_uid_fn(void *arg, uint32_t uid);
typedef int mail_flags_fn(void *arg, uint32_t uid, const struct mail_flags *flags);

/*
 * What happened in a mailbox after `modseq`, up to *up_to: UIDs that were
 * expunged (ascending), then the messages that are new or changed (ascending). That is all there
 * is, or (*more) the first MAIL_BULK_MAX changes and what was changed in one with the last of them:
 * what somebody else has done to a mailbox has no bound. HEARTH_ENOTFOUND when the mailbox is gone.
 * Expunges are remembered for MAIL_EXPUNGED_KEPT_S.
 */
int mail_store_changes(struct db_tx *tx, int64_t mailbox, int64_t modseq, int64_t *up_to,
	bool *more, mail_uid_fn *expunged, mail_flags_fn *changed, void *arg);
/* The UIDs above `uid`, ascending. */
int mail_store_arrived(
	struct db_tx *tx, int64_t mailbox, uint32_t uid, mail_uid_fn *arrived, void *arg);
/* The modseq of a mailbox now. HEARTH_ENOTFOUND. */
int mail_store_modseq(struct db_tx *tx, int64_t mailbox, int64_t *now);
#define MAIL_EXPUNGED_KEPT_S (INT64_C(7) * 24 * 60 * 60)
/* Forgets expunges that are older than that. */
int mail_store_prune_expunged(struct db_tx *tx);

/* ---- store/quota.c ---- */

/*
 * What a message of this content counts for beyond its size: what was parsed of it is stored as
 * well, and there are messages of which that is many times their size.
 */
uint64_t mail_content_extra(const struct mail_content *content);
/* Bytes kept for an account: what its messages count for, each copy for itself. */
int mail_store_used(struct db_tx *tx, int64_t account, int64_t *used);
/*
 * Whether `size` more bytes (0: one byte of a message whose size is not known) fit into a quota of
 * so many bytes (0: no bound), of which other modules keep `elsewhere`. 0, HEARTH_ETOOBIG when not,
 * or an error.
 */
int mail_store_fits_quota(
	struct db_tx *tx, int64_t account, int64_t quota, int64_t elsewhere, int64_t size);

#endif
