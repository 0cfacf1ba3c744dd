/*
 * store/outgoing.h: mail on its way to other servers, as rows. An *outgoing* is a message with its
 * envelope; its bytes are kept as those of any other (store.h). Each recipient that does not have it
 * yet is a row of the *queue*; with the last of them the outgoing goes.
 *
 * Inside a db_fn on the database "mail", on a database thread. Rows of a domain are read in the order
 * they are due in, some hundred at a time; nothing here reads the whole queue.
 */
#ifndef MAIL_STORE_OUTGOING_H
#define MAIL_STORE_OUTGOING_H

#include "hearth/dns.h"
#include "store/store.h"

/* The values of enum smtp_ret, smtp_notify. */
enum mail_ret { /* RFC 3461 section 4.3: what a report has of the message */
	MAIL_RET_NONE,
	MAIL_RET_FULL,
	MAIL_RET_HDRS,
};

enum mail_notify_when { /* RFC 3461 section 4.1; 0: not said, which is FAILURE and DELAY */
	MAIL_NOTIFY_NEVER = 1,
	MAIL_NOTIFY_SUCCESS = 2,
	MAIL_NOTIFY_FAILURE = 4,
	MAIL_NOTIFY_DELAY = 8,
	MAIL_NOTIFY_AS_GROUP = 16, /* ours: success is that those behind the address have it */
};

enum mail_tls_asked {      /* by the sender (RFC 8689) */
	MAIL_TLS_AS_IS,    /* nothing: as the recipients' domains have it */
	MAIL_TLS_REQUIRED, /* MAIL REQUIRETLS: over proven TLS to who keeps to it, or not at all */
	MAIL_TLS_WAIVED,   /* TLS-Required: No: rather without than not at all */
};

enum mail_held_why {    /* a recipient, who is not tried */
	MAIL_HELD = 1,  /* by hand, or since a backup was restored */
	MAIL_MODERATED, /* until an owner of its list has said yes (moderated.h) */
};

struct mail_outgoing {
	int64_t id, account;
	struct slice mail_from;
	bool utf8; /* its header needs SMTPUTF8; so do addresses, of which each tells itself */
	enum mail_ret ret;
	struct slice envid;
	enum mail_tls_asked tls;
	int64_t queued_ms, expires_ms;
	int64_t not_before_ms; /* nobody gets it earlier; 0: at once */
	int64_t copy;          /* the message its sender keeps of it; 0: none that is known */
	bool reached;          /* somebody has it already */
	int author;            /* enum mail_author (verify/gate.h), of one that goes to groups */
	/* Added: all of it. Read: what a mail_reader needs (message.h). */
	struct mail_content content;
};

/* Of what comes through a group: what its archive has to do with it. */
enum mail_queued_archive {
	MAIL_NOT_ARCHIVED,
	MAIL_TO_ARCHIVE,           /* it is kept there when it is filed … */
	MAIL_ARCHIVED,             /* … and was, with the first member that got it */
	MAIL_TO_ARCHIVE_WITH_ROOM, /* as the first, but no other mail goes for it */
};

/* A recipient. */
struct mail_queued {
	int64_t id, outgoing;
	struct slice recipient, domain, orcpt, answer;
	unsigned notify; /* enum mail_notify_when */
	bool held, warned;
	bool moderated; /* held for an owner of its list to say yes (moderated.h) */
	int64_t due_ms, attempts;
	/*
	 * The account it is filed for; negative, of a member elsewhere of a list, who is sent what is made of it when
	 * its time has come; of a list's archive (mail_archive_account), when nobody else gets it through the list; 0: it
	 * goes to another server.
	 */
	int64_t here;
	bool filed;   /* … who has it already; only what became of it is not written yet */
	int64_t list; /* the group it comes through; 0: none */
	struct slice list_name;
	enum mail_queued_archive archive;
	int64_t member; /* of the list, elsewhere: what fails is counted for them; 0 */
	bool counted; /* of one elsewhere that waits: the mail is, among those that its list sends */
	/* of its outgoing; not set to add one */
	struct slice mail_from;
	int64_t queued_ms, expires_ms, size, account;
	enum mail_tls_asked tls;
};

/* Adds a mail; then its recipients, in the same transaction. */
int mail_store_outgoing_add(struct db_tx *tx, const struct mail_outgoing *o, int64_t *id);
int mail_store_queue_add(struct db_tx *tx, int64_t outgoing, const struct mail_queued *q);
/* It is in the archive of a list: for the other members it is not kept once more. */
int mail_store_queue_archived(struct db_tx *tx, int64_t outgoing, int64_t list);
/* It was sent to a member elsewhere of a list: for the others it is not counted once more. */
int mail_store_queue_counted(struct db_tx *tx, int64_t outgoing, int64_t list);
/* Somebody has it; nothing when it is gone with its last recipient. */
int mail_store_outgoing_reached(struct db_tx *tx, int64_t id);
/* HEARTH_ENOTFOUND. Slices in `a`. */
int mail_store_outgoing(struct db_tx *tx, int64_t id, struct arena *a, struct mail_outgoing *out);
/* Bytes of what an account has on its way, each mail once. */
int mail_store_outgoing_size(struct db_tx *tx, int64_t account, int64_t *bytes);
/*
 * Counts recipients for an account within the hour; HEARTH_EDENIED when they are more than max (0: any
 * number). And forgets the hours of days before.
 */
int mail_store_sending(struct db_tx *tx, int64_t account, int64_t now_ms, size_t n, int64_t max);
/* Notes that an account was told of its limit; *first: it was not, within this hour. */
int mail_store_sending_told(struct db_tx *tx, int64_t account, int64_t now_ms, bool *first);
int mail_store_sending_prune(struct db_tx *tx, int64_t now_ms);

/* When the first recipient is due that is not due yet; HEARTH_ENOTFOUND when there is none. */
int mail_store_queue_next_due(struct db_tx *tx, int64_t now_ms, int64_t *due_ms);
/* Domains with recipients that are due, in order, from behind `after`: at most `max`. */
int mail_store_queue_domains(struct db_tx *tx, int64_t now_ms, struct slice after, size_t max,
	struct arena *a, struct slice *domains, size_t *n);
/*
 * Recipients at a domain that are due, those of one mail side by side where they are due together:
 * at most `max`, from behind (after_ms, after_id).
 */
int mail_store_queue_due(struct db_tx *tx, struct slice domain, int64_t now_ms, int64_t after_ms,
	int64_t after_id, size_t max, struct arena *a, struct mail_queued *out, size_t *n);

/*
 * Recipients of mails whose time is over, held or not, in the order of when it was: at most `max`, from behind
 * (after_ms, after_id).
 */
int mail_store_queue_expired(struct db_tx *tx, int64_t now_ms, int64_t after_ms, int64_t after_id,
	size_t max, struct arena *a, struct mail_queued *out, size_t *n);

/* The recipient has it, or never will: the row goes. Nothing when it is gone already. */
int mail_store_queue_remove(struct db_tx *tx, int64_t id);
/* The same; HEARTH_ENOTFOUND when it is gone already. */
int mail_store_queue_take(struct db_tx *tx, int64_t id);
/* Not this time. Who was made due by hand since it was read with `was_ms` stays so. `history`: queue/history.h. */
int mail_store_queue_defer(struct db_tx *tx, int64_t id, int64_t was_ms, int64_t due_ms,
	struct slice answer, struct slice history);
/* HEARTH_ENOTFOUND. The slice in `a`. */
int mail_store_queue_history(struct db_tx *tx, int64_t id, struct arena *a, struct slice *history);
/* It is filed for a recipient here; the row goes when that is told. */
int mail_store_queue_filed(struct db_tx *tx, int64_t id);
int mail_store_queue_warned(struct db_tx *tx, int64_t id);
/* What an account that is gone wanted to send: up to `max` recipients go; *any says whether some did. */
int mail_store_queue_forget(struct db_tx *tx, int64_t account, size_t max, bool *any);

/* ---- for people: `hearth queue`, /api/mail/queue ---- */

struct mail_queue_totals {
	int64_t recipients, held, messages;
	int64_t oldest_ms; /* when the first of the messages was sent; 0: there is none */
};

/* Without a look at the rows: however many there are, some thousandths of a second. */
int mail_store_queue_totals(struct db_tx *tx, struct mail_queue_totals *out);

/* What waits at one domain. */
struct mail_queue_destination {
	char domain[DNS_NAME_MAX + 2];
	int64_t recipients, held;
	int64_t due_ms, oldest_ms; /* the next attempt; the first mail for it was sent */
};

#define MAIL_QUEUE_TOP 100

/* The domains, and those with the most recipients; at first all of it 0. */
struct mail_queue_domains {
	int64_t count;
	struct mail_queue_destination
		top[MAIL_QUEUE_TOP]; /* most recipients first when it is `done` */
	size_t n;
	char after[DNS_NAME_MAX + 2]; /* where the next slice goes on */
	bool done;
};

/* A slice (db_read_long) of a walk through the domains; again until it is done. An index is all it reads. */
int mail_store_queue_count_domains(struct db_tx *tx, struct mail_queue_domains *d);

typedef int mail_queued_fn(void *arg, const struct mail_queued *q);
/* From the oldest on, behind row `after`; of one sender's or recipient's domain or address, if given. */
int mail_store_queue_list(
	struct db_tx *tx, int64_t after, size_t max, mail_queued_fn *each, void *arg);
int mail_store_queue_get(struct db_tx *tx, int64_t id, struct arena *a, struct mail_queued *out);
/* Held or due now; HEARTH_ENOTFOUND. */
int mail_store_queue_hold(struct db_tx *tx, int64_t id);
/* All that wait, with `answer`, up to expires_ms at least; *n is how many. */
int mail_store_queue_hold_all(
	struct db_tx *tx, int64_t expires_ms, struct slice answer, int64_t *n);
int mail_store_queue_retry(struct db_tx *tx, int64_t id, int64_t now_ms);
/* Due now as if it had just come, with all the time a mail has; the others of its mail have that, too. */
int mail_store_queue_requeue(struct db_tx *tx, int64_t id, int64_t now_ms);

#endif
