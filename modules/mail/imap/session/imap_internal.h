/*
 * imap_internal.h: what an IMAP session's files share: one connection of a mail program. On the
 * loop, but for what a job runs.
 *
 *   NOT_AUTHENTICATED ──LOGIN, AUTHENTICATE──▶ AUTHENTICATED ──SELECT, EXAMINE──▶ SELECTED
 *       ▲ STARTTLS: again, as if new                 ▲                               │
 *                                                    └── CLOSE, UNSELECT, DELETE ────┘
 *   LOGOUT, BYE: from anywhere, `closing`
 *
 * One command is in hand at a time (hearth/session_turn.h). It ends in imap_reply; until then it may
 * run jobs, one after the other. While a job runs the session's members are the job's, but for
 * `turn`, `conn`, `node`, `watch` and `dirty`.
 */
#ifndef HEARTH_MAIL_IMAP_INTERNAL_H
#define HEARTH_MAIL_IMAP_INTERNAL_H

#include "delivery/deliver.h"
#include "hearth/error.h"
#include "hearth/session_turn.h"
#include "imap/grammar/imap_parse.h"
#include "imap/grammar/imap_write.h"
#include "imap/session/imap_session.h"
#include "imap/session/imap_view.h"
#include "notify.h"
#include "store/store.h"

struct imap_session;

typedef void imap_fn(struct imap_session *s);
typedef void imap_done_fn(struct imap_session *s, int status);

enum imap_state {
	IMAP_NOT_AUTHENTICATED = 1,
	IMAP_AUTHENTICATED = 2,
	IMAP_SELECTED = 4,
};

struct imap_session {
	struct mail *m;
	struct conn *conn;     /* NULL once it is closed */
	struct list_node node; /* of the module's sessions */
	enum imap_state state;
	struct account account;
	int errors;   /* in a row: commands that were refused */
	int failures; /* log-ins */
	int commands; /* before log-in */

	struct session_turn turn;
	bool revoked;        /* the log-in was ended: behind a job in flight all is over */
	const char *goodbye; /* what BYE says behind the command in hand; NULL: it stays */
	db_fn *transaction;  /* of the job in flight */
	imap_done_fn *done;  /* of the job in flight */
	imap_fn *next;       /* once the client has taken what is written */
	struct strbuf out;   /* responses not yet written */

	/* the command in hand */
	struct imap_parser parser;
	struct arena *arena;          /* NULL between commands */
	struct imap_command *command; /* NULL between commands */
	void *job;     /* what its functions keep, in the arena; what it owns beyond that: drop */
	bool line_due; /* the client's next line is its, and no command */
	struct {
		const char *status, *code, *text;
	} reply; /* due once the view is told */

	/* the selected mailbox */
	struct imap_view *view;
	struct mail_watch watch;
	bool dirty;               /* it may have changed since the view was brought up to date */
	bool sync_failed;         /* and looking was not possible */
	struct arena *sync_arena; /* while a job looks */
	struct imap_changes *changes; /* what it found, in that arena */
	imap_fn *after_sync;

	/* APPEND */
	struct mail_delivery *append; /* its message is coming, or about to be stored */
};

/* ---- imap_session.c: connection, turn, jobs ---- */

/*
 * A job: fn(tx, s) in the database "mail", reading or writing; or fn(s) on an io worker. `done`
 * gets the result on the loop, unless the client has gone meanwhile. What fn appends to s->out is
 * undone if fn is run again.
 */
void imap_run_read(struct imap_session *s, db_fn *fn, imap_done_fn *done);
void imap_run_write(struct imap_session *s, db_fn *fn, imap_done_fn *done);
void imap_run_work(struct imap_session *s, job_fn *fn, imap_done_fn *done);

/*
 * The same by hand, for what has a callback of its own: busy before it; back in it: false when the
 * client has gone and the session was freed. Otherwise imap_turn_end comes last: it sends, closes
 * and reads on as things are then.
 */
void imap_busy(struct imap_session *s);
bool imap_back(struct imap_session *s);
void imap_turn_end(struct imap_session *s);

/*
 * Writes what is in `out`, then runs `next`, now or when the client has taken enough.
 */
void imap_flush_then(struct imap_session *s, imap_fn *next);

/*
 * Ends the command in hand with its tagged response; before it the client is told what has changed
 * in the selected mailbox. `code` may be NULL; both it and `text` are static or in the arena.
 */
void imap_reply(struct imap_session *s, const char *status, const char *code, const char *text);
void imap_ok(struct imap_session *s, const char *text);
void imap_bad(struct imap_session *s, const char *text);
/* NO with the response code of RFC 5530 that fits. */
void imap_reply_error(struct imap_session *s, int error);
/* Says BYE and closes. */
void imap_bye(struct imap_session *s, const char *code, const char *text);

/* ---- imap_commands.c: the table of commands, and those that need no file of their own ---- */

typedef void imap_bytes_fn(struct imap_session *s, struct slice bytes);

/*
 * A command: `run` begins it, and each of these may end it (imap_reply). A command that waits for
 * its client sets line_due and gets that line; one with `data`, which is APPEND, is begun before it
 * is complete, gets its message as that comes, and `end` behind it.
 */
struct imap_handler {
	unsigned states; /* enum imap_state: where it is allowed */
	int view;        /* what becomes of the view of the selected mailbox: imap_commands.c */
	imap_fn *run;
	imap_bytes_fn *line, *data;
	imap_fn *end;
	imap_fn *drop; /* frees what the job owns beyond the arena, once there is one */
};
const struct imap_handler *imap_handler_of(const struct imap_command *c);

/* Runs the command in hand, if it is allowed now. */
void imap_run_command(struct imap_session *s);
/* Whether EXPUNGE may be told within it (RFC 3501 section 7.4.1). */
bool imap_may_tell_expunge(const struct imap_command *c);
/* Appends the names of what is offered in this state. */
void imap_write_capabilities(struct imap_session *s, struct strbuf *out);

/* ---- imap_sync.c: keeping the view up to date ---- */

/* Starts to show a mailbox, and to watch it; owns the view from here on. */
void imap_enter(struct imap_session *s, struct imap_view *view);
/* Leaves the selected mailbox, if there is one. */
void imap_leave(struct imap_session *s);
/* Looks what changed and tells it, but for EXPUNGE; then runs `next`. Says BYE when it is gone. */
void imap_sync(struct imap_session *s, imap_fn *next);
/*
 * A transaction of our own took the mailbox from one modseq to another: if the view knew the first,
 * it knows the second, since the client was told. Also tells other sessions.
 */
void imap_changed_by_us(struct imap_session *s, int64_t before, int64_t after);
/* Other sessions and we ourselves should look at a mailbox. */
void imap_mailbox_changed(struct imap_session *s, int64_t mailbox);

/* ---- the commands ---- */

/* imap_auth.c */
void imap_do_login(struct imap_session *s);
void imap_do_authenticate(struct imap_session *s);
imap_bytes_fn imap_auth_line;
/* Whether a password may be sent on this connection. */
bool imap_auth_allowed(const struct imap_session *s);

/* imap_mailbox_cmds.c */
void imap_do_select(struct imap_session *s);
void imap_do_create(struct imap_session *s);
void imap_do_delete(struct imap_session *s);
void imap_do_rename(struct imap_session *s);
void imap_do_subscribe(struct imap_session *s);
void imap_do_status(struct imap_session *s);
/* Counts what the items ask for and appends "* STATUS name (…)". In the database. */
int imap_write_status_of(struct db_tx *tx, struct mailbox *box, unsigned items, struct strbuf *out);

/* imap_list_cmd.c: LIST and LSUB */
void imap_do_list(struct imap_session *s);

/* imap_fetch_cmd.c, imap_store_cmd.c, imap_search_cmd.c */
void imap_do_fetch(struct imap_session *s);
void imap_drop_fetch(struct imap_session *s);
void imap_do_store(struct imap_session *s);
void imap_drop_store(struct imap_session *s);
void imap_do_search(struct imap_session *s);
void imap_drop_search(struct imap_session *s);
/* Keywords as the store has them: separated by spaces, in `a`. */
struct slice imap_join_words(struct arena *a, const struct imap_slices *words);
/*
 * Appends "(\Seen …)"; and "* n FETCH (UID u FLAGS (\Seen …))", behind FLAGS if it has a new one.
 */
void imap_write_flag_list(
	struct strbuf *out, const struct imap_view *view, uint32_t uid, const struct mail_flags *f);
void imap_write_flags_of(
	struct strbuf *out, struct imap_view *view, size_t index, const struct mail_flags *f);

/* imap_copy_cmd.c */
void imap_do_copy(struct imap_session *s);
void imap_drop_copy(struct imap_session *s);
void imap_do_expunge(struct imap_session *s);
void imap_do_close(struct imap_session *s);

/* imap_append.c */
void imap_append_start(struct imap_session *s);
imap_bytes_fn imap_append_data;
void imap_append_end(struct imap_session *s);

/* imap_idle.c */
void imap_do_idle(struct imap_session *s);
imap_bytes_fn imap_idle_line;
/* The mailbox changed while the session idles. */
void imap_idle_changed(struct imap_session *s);

/* imap_quota_cmd.c */
void imap_do_quota(struct imap_session *s);

#endif
