/*
 * compose.h: POST /api/mail/messages: what a person wrote goes out as submission would send it, and a
 * copy goes into their mailbox for what was sent, in the same transaction.
 *
 *   compose.c (loop) ─▶ compose_read.c (worker): JSON or a form with files ─▶ a message, its recipients
 *        ◀──────────────────────────────────────────────────────────────────────────┘
 *   compose.c (loop): each recipient is asked for (delivery/admit.h) ─▶ the delivery ─▶ answered
 *
 * The loop has it but while compose_read works. Bounds: COMPOSE_BODY_MAX of a request, [mail] message_max
 * of the message, recipients_max of its recipients; those above COMPOSE_SMALL take turns (turns.h).
 */
#ifndef MAIL_COMPOSE_H
#define MAIL_COMPOSE_H

#include "delivery/admit.h"
#include "hearth/http.h"
#include "mime/build.h"
#include "smtp/smtp_address.h"

#define COMPOSE_BODY_MAX (26u << 20)
#define COMPOSE_SMALL    (256u << 10)

struct compose_recipient {
	struct slice address; /* in its one spelling */
	struct slice domain;
	const char *field; /* where it was named */
};

struct compose {
	struct mail *m;
	struct http_request *rq;
	struct account sender;
	struct arena *a;
	struct mail_turn turn;
	/* from compose_read */
	int status;              /* < 0: it failed; 0: look at problem */
	int problem;             /* an HTTP status; 0: none */
	const char *field, *why; /* of the problem */
	struct slice from;       /* the envelope's sender */
	struct slice from_domain;
	bool utf8;
	int64_t hold_ms; /* it leaves no earlier (Unix ms); 0 */
	struct compose_recipient *to;
	size_t to_n, to_cap;
	struct strbuf message;
	struct slice bcc;        /* the field, for the copy alone */
	int64_t answers;         /* the message that is answered; 0: none */
	int64_t answers_mailbox; /* where it is, once that was written */
	/* while it is sent */
	size_t asked; /* recipients that were asked for */
	size_t written;
	struct mail_delivery *delivery;
};

/* Makes the message of the request. On a worker. */
void compose_read(void *compose);
/* The first thing that is wrong stands. Returns HEARTH_EINVAL. `why` lives as long as the arena. */
int compose_problem(struct compose *c, int status, const char *field, const char *why);

/* compose_address.c: the addresses of a member, "to" and such, into `list`, and among the recipients. */
struct compose_list {
	struct mime_build_address *v;
	size_t n, cap;
};
int compose_addresses(
	struct compose *c, const struct json *body, const char *field, struct compose_list *list);
/* Whom it is from: the address given, or the account's own. */
int compose_from(struct compose *c, const struct json *body, struct mime_build_address *out);

/* compose_parts.c: what an answer refers to, and attachments that are parts of messages that are kept. */
int compose_answer(struct compose *c, int64_t message, struct mime_build *b);
int compose_kept(struct compose *c, const struct json *which, struct mime_build_attachment *out);

/* The route. */
http_handler mail_post_message;

#endif
