/*
 * mail.h: what the files of the mail module share: its state, and the road a message takes.
 *
 *   SMTP, APPEND, HTTP ──▶ deliver (blob, parse) ──▶ store (rows + event, one transaction) ──▶ 250
 *                                                        ├─ "mail.content" ─▶ search (index)
 *                                                        └─ "mail.changed" ─▶ notify (IDLE, page)
 *
 * `struct mail` is the loop's; what other threads read of it (databases, pools, settings, metrics)
 * stands from start to stop. Its lists are as long as there are connections.
 */
#ifndef MAIL_MAIL_H
#define MAIL_MAIL_H

#include "hearth/accounts.h"
#include "hearth/letters.h"
#include "hearth/list.h"
#include "hearth/module.h"
#include "queue/queue.h"
#include "smtp/smtp_data.h"
#include "turns.h"
#include "verify/gate.h"

struct mail_dns_state;
struct mail_index;
struct mail_notifier;
struct mail_page_notifier;
struct mail_text_cache;
struct mail_queue;
struct smtp_rates;
struct sts;
struct reports;
struct mail_keys;

/* The scope of the keys that mails are stored under (blob.h). */
#define MAIL_BLOBS "mail/"

struct mail {
	struct hearth *h;
	struct db *db;        /* "mail": mailboxes and messages */
	struct db *search_db; /* "mail_search": the index */
	struct blob_store *blob;
	struct pool *io;
	const struct accounts *accounts;
	struct letters letters; /* what it offers (letters.c) */
	struct mail_notifier *notifier;
	struct mail_page_notifier *page_notifier;
	uint64_t message_max;     /* bytes, as SIZE says */
	int64_t recipients_max;   /* of one transaction */
	int64_t tarpit_ms;        /* the longest wait behind an error; 0: none */
	struct smtp_rates *rates; /* of networks outside */
	size_t binary_kept;       /* octets of messages that are BINARYMIME and not whole yet */
	int64_t hold_max_ms;      /* how long mail may wait before it leaves; 0: it may not */
	int64_t mails_max;        /* of one connection; 0: any number */
	int64_t patience_ms;      /* with a peer that keeps us waiting (conn_set_pace) */
	int64_t least_rate;       /* bytes a second of a message that is being sent */
	struct mail_turns turns;  /* of large mails that are to be parsed, and of searches */
	struct list smtp_sessions, imap_sessions;
	enum smtp_data_bare bare_newlines;
	bool hide_clients;       /* Received does not say from where people send */
	struct metric *accepted; /* messages that are on disk, by SMTP */
	struct metric *archive_kept, *archive_refused, *archive_dropped;
	struct mail_index *index;
	struct mail_text_cache *texts; /* of search */
	struct metric *unreadable, *extracted, *index_rebuilds, *abandoned;
	struct bus_listener *revoked;
	struct mail_queue_limits queue_limits;
	struct mail_queue *queue;
	struct mail_gates gates; /* mail from outside that is being checked */
	struct sts *sts;         /* policies of other domains */
	struct reports *reports; /* to other domains, on what came of their mail and TLS */
	struct mail_keys *keys;  /* that sign mail */
	struct mail_dns_state *dns_state;
	unsigned char srs_key[32];   /* of senders of mail that is sent on (address/srs.h) */
	unsigned char leave_key[32]; /* of links to leave a group (list/leave.h) */
	unsigned char verp_key[32];  /* of senders for members elsewhere (address/verp.h) */
	bool has_srs_key;            /* of all three */
	int64_t forward_per_hour;
	int64_t archive_quota; /* bytes of a group's archive; 0: no bound */
	struct timer copying;  /* looks for copies that did not end */
	struct timer prune;    /* of what only sessions long gone needed */
	bool draining;
	bool shared; /* other nodes may be at these databases, also with the program before this one */
};

/* Whether the domain is one of [mail] domains (by default the hostname). Any thread. */
bool mail_domain_is_local(const struct mail *m, struct slice domain);
/* The first of them. */
struct slice mail_domain(const struct mail *m);

/* api.c: /api/mail/… */
extern const struct http_route mail_routes[];

/* settings.c: what there is in the INI file, what is wrong with it, and its
 * values, into `m`. At the start. */
struct config;
extern const struct config_setting mail_settings[];
void mail_validate(const struct config *c, struct strbuf *errors);
void mail_settings_read(struct mail *m);

/* listeners.c */
extern const struct conn_listener mail_listeners[];

/* prune.c: from now on, until the timer `prune` is stopped. */
void mail_prune_start(struct mail *m);

/* commands.c: hearth dns, hearth queue … */
extern const struct hearth_command mail_commands[];

/* For `hearth verify` (check.c). */
extern const struct hearth_checks mail_checks;

#endif
