/*
 * api.h: a call of /api/mail/… under way, and what the files that answer them share: api.c
 * (mailboxes), change.c (flags, moving, deleting), list.c (lists and searches), message.c (one message and its parts), queue_api.c
 * (what waits to be sent).
 *
 *   handler (loop) ──▶ work (io worker: SQL, blobs, MIME) ──▶ reply (loop)
 *
 * The loop has a call but while its `work` runs on a worker. It holds one answer, which list.c and
 * message.c bound; how many there are at once is the HTTP server's to bound.
 */
#ifndef MAIL_API_H
#define MAIL_API_H

#include "message.h"
#include "store/store.h"

struct mail_call {
	struct mail *m;
	struct http_request *rq;
	int64_t account;
	struct arena *a; /* until it is answered */
	/* what was asked */
	int64_t id, part;
	unsigned set, clear; /* enum mail_flag */
	struct slice mailbox;
	unsigned use; /* enum mail_use; 0: by name */
	/* while working */
	struct db_tx *tx;
	struct json_writer w; /* into `json` */
	struct mail_message message;
	int64_t changed[2];            /* mailboxes; 0: none */
	const char *moved_to;          /* change.c */
	struct mail_listing *listing;  /* list.c */
	struct mail_queue_call *queue; /* queue_api.c */
	struct mail_key_call *key;     /* dkim_api.c */
	struct mail_suppressed_call *suppressed;
	struct mail_report_call *report; /* report_api.c */
	/*
	 * Whose mail it is, where that is not the person's own: on the worker, before `work`; may set `account`.
	 * And what fills in `message` (MAIL_CALL_WANT), where it is in no mailbox.
	 */
	int (*enter)(struct mail_call *c);
	db_fn *load;
	/* the answer: an error, or what `reply` sends, or `json` where there is none */
	void (*work)(struct mail_call *c);
	void (*reply)(struct mail_call *c);
	int status;
	struct strbuf json;
	const struct mime_part *attachment; /* api/message.c */
};

/* What is wanted of a message that is to be read. */
#define MAIL_CALL_WANT (MAIL_WANT_STRUCTURE | MAIL_WANT_SUMMARY | MAIL_WANT_MESSAGE)

/* What is ordered of a key that signs. */
struct mail_key_call {
	struct slice domain, selector;
	bool now; /* its new keys sign at once */
};

/* On the loop: a call that `work` works out on a worker; begins it, or answers that it cannot. */
struct mail_call *mail_call_new(
	void *module, struct http_request *rq, void (*work)(struct mail_call *c));
void mail_call_start(struct mail_call *c);
/* Begins it once it is proven that it is still who is signed in (accounts.prove; `body` as there), or answers. */
void mail_call_prove(struct mail_call *c, const struct json *body);
/* On the loop: answers with what `work` has made, or the error, and frees the call. A done_fn. */
void mail_call_answer(void *call, int status);
/* One that was answered without being begun. */
void mail_call_drop(struct mail_call *c);
/*
 * Begins the answer {"name": [ …, anew where a transaction is run twice, and ends it; members behind the list
 * come between json_close_array and json_close_object. On a worker.
 */
void mail_call_open_list(struct mail_call *c, const char *name);
void mail_call_close_list(struct mail_call *c);
/* A parameter of the query, from 1 to max; as it was when it is not there. False: it was refused. */
bool mail_call_number(struct http_request *rq, const char *name, uint64_t max, uint64_t *out);
/* The members of a list's entry, into an object that is open. Any thread. */
void mail_call_summary(struct json_writer *w, const struct mail_message *m);

/* list.c */
http_handler mail_get_messages;
/*
 * The same of a mailbox that `enter` leads to and that may not be there yet, which is empty then; in an archive
 * (store/archive.h) also one mail by its name (`name`), or the thread of one (`thread`), in the order they came.
 */
void mail_call_list(void *module, struct http_request *rq, int (*enter)(struct mail_call *c),
	struct slice mailbox);
/* message_people.c: the member "people" of a message. On a worker; 0 or HEARTH_EIO. */
int mail_call_people(struct mail_call *c, struct mail_reader *reader, const struct mime_part *root);
/* queue_api.c */
http_handler mail_get_queue, mail_get_queue_summary, mail_get_queued, mail_post_queue_hold,
	mail_post_queue_release, mail_post_queue_retry, mail_delete_queued, mail_post_queue_orders;
/* forward.c */
http_handler mail_get_forward, mail_put_forward, mail_delete_forward, mail_post_forward_confirm;
/* change.c */
http_handler mail_post_flags, mail_post_move, mail_delete_message;
/* dkim_api.c */
http_handler mail_get_dkim, mail_post_dkim_rotate, mail_post_dkim_revoke;
/* suppressed_api.c */
http_handler mail_get_suppressed, mail_post_unsuppress;
/* report_api.c */
http_handler mail_get_reports, mail_get_report;
/* message.c */
http_handler mail_get_message, mail_get_source, mail_get_part;
/* The same of mail that is elsewhere: calls with the path's id (and part), to be given `enter`, and begun. */
struct mail_call *mail_call_message(void *module, struct http_request *rq);
struct mail_call *mail_call_source(void *module, struct http_request *rq);
struct mail_call *mail_call_part(void *module, struct http_request *rq);

/* outgoing.c */
http_handler mail_get_outgoing, mail_delete_outgoing, mail_post_outgoing_send;

#endif
