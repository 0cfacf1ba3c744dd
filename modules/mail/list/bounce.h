/*
 * list/bounce.h: what could not be brought to a member elsewhere: read from another server's report (RFC 3464),
 * or said by an answer to our own attempt; and told to who counts it for that member (group/subscriber.h), by an
 * event in the same transaction.
 *
 * Durable event, keyed by the group:
 *	mail.list.bounced  {"group", "member", "hard", "status"}
 *
 * Hard is what is said of the address for good: nobody is there, it takes no mail. What is said of a full mailbox,
 * or of the way there, is soft. What is said of the mail, its sender or a policy counts nothing: a member does not
 * stay out for a mail that was too large, nor for what others write.
 */
#ifndef MAIL_LIST_BOUNCE_H
#define MAIL_LIST_BOUNCE_H

#include "hearth/db.h"
#include "hearth/str.h"

#define LIST_TOPIC_BOUNCED     "mail.list.bounced"
#define LIST_BOUNCE_PART_MAX   65536 /* bytes of the part that are looked into */
#define LIST_BOUNCE_STATUS_MAX 16

enum list_bounce {
	LIST_BOUNCE_NONE, /* it is no report of a failure, or of none that counts */
	LIST_BOUNCE_SOFT,
	LIST_BOUNCE_HARD,
};

/*
 * Of our own attempt, by a status of RFC 3463 ("5.1.1"), empty where there is none; `refused`: it is the answer to
 * its own RCPT. Without a status what is said later is said of the mail.
 */
enum list_bounce list_bounce_of(struct slice status, bool refused);
/*
 * The worst that a report says failed, soft where it does not say why; *status of that, where there is one. Pure;
 * linear in the message.
 */
enum list_bounce list_bounce_read(struct slice message, char status[LIST_BOUNCE_STATUS_MAX]);
/* Inside a db_fn on the database "mail". Nothing of LIST_BOUNCE_NONE. */
int list_bounce_publish(struct db_tx *tx, int64_t group, int64_t member, enum list_bounce bounce,
	struct slice status);

#endif
