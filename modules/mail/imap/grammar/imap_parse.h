/*
 * imap_parse.h: bytes of an IMAP client in, commands out (RFC 3501 section 9, LITERAL+ RFC 7888).
 * Pure: no socket, no state of the session; which command is allowed when is not decided here.
 *
 *	while ((what = imap_parser_next(&parser, arena, &input, &ev)) != IMAP_EVENT_MORE)
 *		switch (what) ...
 *
 * What a client can make the parser hold is bounded by struct imap_limits from the first byte on:
 * one command's lines and literals. A message of APPEND is never held: its bytes are handed out as
 * they come. A command over a limit is refused by its tag and read over to its end, and the one
 * behind it is served.
 *
 * The session
 * - passes an arena that is not reset before it is done with the command, and for APPEND not
 *   between IMAP_EVENT_APPEND and the IMAP_EVENT_COMMAND or IMAP_EVENT_REFUSED that ends it;
 * - answers IMAP_EVENT_APPEND by imap_parser_accept or imap_parser_refuse before it goes on;
 * - calls imap_parser_want_line before each line that is no command: the responses of
 *   AUTHENTICATE and the DONE of IDLE;
 * - throws away what came behind STARTTLS before the handshake, and begins with a new parser.
 */
#ifndef HEARTH_MAIL_IMAP_PARSE_H
#define HEARTH_MAIL_IMAP_PARSE_H

#include "hearth/arena.h"
#include "imap/grammar/imap_command.h"

/* Bytes, but for the count. */
struct imap_limits {
	size_t line_max;        /* of one line without its CRLF */
	size_t command_max;     /* of a command's lines and literals, without APPEND's message */
	size_t literal_max;     /* of one such literal */
	unsigned literal_count; /* of such literals in one command */
	uint64_t append_max;    /* of one message; above it NO [TOOBIG] */
	uint64_t skip_max;      /* to read over in one refused command; above it close */
	size_t id_max;          /* of the lines and literals of ID; 0: as of all others */
};

/* Before anybody logged in: enough for LOGIN and AUTHENTICATE, more for ID. And after: 64 MiB
 * messages.
 */
extern const struct imap_limits imap_limits_before_auth, imap_limits_after_auth;

enum imap_event_kind {
	/* All input is used up. */
	IMAP_EVENT_MORE,
	/* The client waits to send a literal: send "+ " and a text. */
	IMAP_EVENT_CONTINUE,
	/* `command` is complete. If it is an APPEND, so is its message. */
	IMAP_EVENT_COMMAND,
	/* Send `tag` and `refusal`. `command`, if set, is an APPEND whose message to drop. */
	IMAP_EVENT_REFUSED,
	/* The message of `command` comes next: accept (with "+ " if it is sync) or refuse it. */
	IMAP_EVENT_APPEND,
	/* `data` is the next part of the message. */
	IMAP_EVENT_MESSAGE,
	/* `data` is the line that was wanted, without its CRLF. */
	IMAP_EVENT_LINE,
	/* Too much to read over: send "* BYE" and the refusal's text, and close. */
	IMAP_EVENT_CLOSE,
};

struct imap_event {
	struct imap_command *command; /* in the arena */
	struct slice tag; /* in the arena; empty: there is none, the reply is untagged ("*") */
	struct imap_refusal refusal;
	struct slice data; /* IMAP_EVENT_MESSAGE: in the input; IMAP_EVENT_LINE: in the arena */
};

/* One per connection. The members are private. */
struct imap_parser {
	struct imap_limits limits;
	int state;                   /* see imap_parse.c */
	struct strbuf text;          /* the command so far; owned, released after each command */
	size_t line_start;           /* where the line being read begins in it */
	unsigned literals;           /* read so far in this command */
	uint64_t left;               /* bytes of a literal or message still to come */
	uint64_t skipped;            /* bytes of this refused command read over */
	struct imap_command *append; /* the APPEND whose message is coming */
	char tail[32];               /* the last bytes of the line that is read over */
	size_t tail_n;
};

/* Ready for the first command; clear releases what is held. */
void imap_parser_init(struct imap_parser *p, const struct imap_limits *limits);
void imap_parser_clear(struct imap_parser *p);
/* Other limits, from the next command on: when somebody has logged in. */
void imap_parser_set_limits(struct imap_parser *p, const struct imap_limits *limits);

/*
 * Takes bytes off the front of *in until something happens, and says what. How the input is cut
 * into calls makes no difference to what happens.
 */
enum imap_event_kind imap_parser_next(
	struct imap_parser *p, struct arena *arena, struct slice *in, struct imap_event *ev);

/*
 * The answers to IMAP_EVENT_APPEND. Accepted, the message comes as IMAP_EVENT_MESSAGE; refused, it
 * is read over without a further event, unless it was waited for and so is not sent at all. The
 * session itself sends the continuation or the tagged NO.
 */
void imap_parser_accept(struct imap_parser *p);
void imap_parser_refuse(struct imap_parser *p);
/*
 * Between two commands: reads the next line raw, as IMAP_EVENT_LINE. One that is too long or
 * malformed gives IMAP_EVENT_REFUSED without a tag: the reply bears the tag of the command under
 * way, which is over.
 */
void imap_parser_want_line(struct imap_parser *p);

#endif
