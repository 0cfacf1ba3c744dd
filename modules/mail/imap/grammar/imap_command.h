/*
 * imap_command.h: an IMAP command as the parser hands it over: one struct in one arena. RFC 3501
 * section 9, with UIDPLUS (4315), MOVE (6851), UNSELECT (3691), NAMESPACE (2342), ID (2971),
 * IDLE (2177), ENABLE (5161), SASL-IR (4959), ESEARCH (4731), WITHIN (5032), LIST-EXTENDED (5258),
 * LIST-STATUS (5819), SPECIAL-USE (6154, 8457), STATUS=SIZE (8438), CHILDREN (3348) and
 * QUOTA (9208).
 *
 * Everything a command points to lives in the arena that it was parsed into. Text is UTF-8 unless
 * said otherwise. Mailbox names are decoded from modified UTF-7, and INBOX in any case is "INBOX".
 *
 * No function here has a state: all of it is pure, on whichever thread has the command. Bounds:
 * the numbers below, and imap_limits for the whole.
 */
#ifndef HEARTH_MAIL_IMAP_COMMAND_H
#define HEARTH_MAIL_IMAP_COMMAND_H

#include "hearth/str.h"
#include "imap/grammar/imap_date.h"
#include "imap/grammar/imap_seqset.h"
#include "mime/section.h"

/* Bounds within one command. What is over them is refused with a tagged BAD. */
#define IMAP_TAG_MAX          128  /* bytes */
#define IMAP_MAILBOX_MAX      1000 /* bytes of a mailbox name or LIST pattern in UTF-8 */
#define IMAP_LIST_ITEM_MAX    256  /* items in one parenthesised list */
#define IMAP_KEYWORD_MAX      128  /* bytes of a keyword */
#define IMAP_SEARCH_KEY_MAX   1024 /* search keys */
#define IMAP_SEARCH_DEPTH_MAX 64   /* parentheses and ORs within one another */
#define IMAP_ID_FIELD_MAX     30   /* RFC 2971 section 3.3 */

enum imap_verb {
	/* any state */
	IMAP_CAPABILITY,
	IMAP_NOOP,
	IMAP_LOGOUT,
	IMAP_ID,
	/* not authenticated */
	IMAP_STARTTLS,
	IMAP_AUTHENTICATE,
	IMAP_LOGIN,
	/* authenticated */
	IMAP_ENABLE,
	IMAP_SELECT,
	IMAP_EXAMINE,
	IMAP_CREATE,
	IMAP_DELETE,
	IMAP_RENAME,
	IMAP_SUBSCRIBE,
	IMAP_UNSUBSCRIBE,
	IMAP_LIST,
	IMAP_LSUB,
	IMAP_NAMESPACE,
	IMAP_GETQUOTA,
	IMAP_GETQUOTAROOT,
	IMAP_STATUS,
	IMAP_APPEND,
	IMAP_IDLE,
	/* selected */
	IMAP_CHECK,
	IMAP_CLOSE,
	IMAP_UNSELECT,
	IMAP_EXPUNGE,
	IMAP_SEARCH,
	IMAP_FETCH,
	IMAP_STORE,
	IMAP_COPY,
	IMAP_MOVE,
};

struct imap_slices {
	struct slice *items;
	size_t n;
};

/* --- flags ----------------------------------------------------------------------------------- */

enum imap_flag {
	IMAP_FLAG_SEEN = 1,
	IMAP_FLAG_ANSWERED = 2,
	IMAP_FLAG_FLAGGED = 4,
	IMAP_FLAG_DELETED = 8,
	IMAP_FLAG_DRAFT = 16,
	IMAP_FLAG_RECENT = 32, /* only in FETCH and SEARCH; a client that sets it is not heard */
};

struct imap_flags {
	unsigned system;             /* enum imap_flag bits */
	struct imap_slices keywords; /* as written; they compare without case */
};

/* --- LIST, LSUB, STATUS, CREATE -------------------------------------------------------------- */

enum imap_status_item {
	IMAP_STATUS_MESSAGES = 1,
	IMAP_STATUS_RECENT = 2,
	IMAP_STATUS_UIDNEXT = 4,
	IMAP_STATUS_UIDVALIDITY = 8,
	IMAP_STATUS_UNSEEN = 16,
	IMAP_STATUS_SIZE = 32,
};

enum imap_special_use {
	IMAP_USE_ALL = 1,
	IMAP_USE_ARCHIVE = 2,
	IMAP_USE_DRAFTS = 4,
	IMAP_USE_FLAGGED = 8,
	IMAP_USE_JUNK = 16,
	IMAP_USE_SENT = 32,
	IMAP_USE_TRASH = 64,
	IMAP_USE_IMPORTANT = 128,
};

enum imap_list_option {
	IMAP_LIST_SUBSCRIBED = 1,     /* selection and return */
	IMAP_LIST_SPECIAL_USE = 2,    /* selection and return */
	IMAP_LIST_REMOTE = 4,         /* selection */
	IMAP_LIST_RECURSIVEMATCH = 8, /* selection; never alone */
	IMAP_LIST_CHILDREN = 16,      /* return */
	IMAP_LIST_STATUS = 32,        /* return */
};

struct imap_list {
	bool extended;               /* written in the syntax of LIST-EXTENDED */
	unsigned select;             /* enum imap_list_option bits */
	unsigned returns;            /* the same */
	unsigned status;             /* enum imap_status_item bits, with IMAP_LIST_STATUS */
	struct slice reference;      /* to be put before each pattern, see imap_match.h */
	struct imap_slices patterns; /* at least one, with * and %; "" asks for the delimiter */
};

/* --- APPEND ---------------------------------------------------------------------------------- */

struct imap_append {
	struct slice mailbox;
	struct imap_flags flags;
	bool has_date;
	struct imap_datetime date;
	uint64_t size; /* bytes of the message, which comes in events of its own */
	bool sync;     /* the client waits for a continuation before it sends the message */
};

/* --- SEARCH ---------------------------------------------------------------------------------- */

/*
 * UNSEEN and its like come as the opposite flag, negated; NEW as AND of RECENT and not SEEN; NOT
 * as the mark on the key behind it.
 */
enum imap_key_kind {
	IMAP_KEY_ALL,
	IMAP_KEY_AND,    /* first: all of these, at least one */
	IMAP_KEY_OR,     /* first: two keys */
	IMAP_KEY_SEQSET, /* set: sequence numbers */
	IMAP_KEY_UID,    /* set */
	IMAP_KEY_FLAG,   /* flag */
	IMAP_KEY_KEYWORD,
	IMAP_KEY_BCC, /* BCC ... TEXT: text, a substring without case */
	IMAP_KEY_CC,
	IMAP_KEY_FROM,
	IMAP_KEY_SUBJECT,
	IMAP_KEY_TO,
	IMAP_KEY_BODY,
	IMAP_KEY_TEXT,
	IMAP_KEY_HEADER, /* name; text, which when empty only asks that there is such a field */
	IMAP_KEY_BEFORE, /* BEFORE ... SENTSINCE: day */
	IMAP_KEY_ON,
	IMAP_KEY_SINCE,
	IMAP_KEY_SENTBEFORE,
	IMAP_KEY_SENTON,
	IMAP_KEY_SENTSINCE,
	IMAP_KEY_LARGER, /* number: octets */
	IMAP_KEY_SMALLER,
	IMAP_KEY_OLDER, /* number: seconds before now, RFC 5032 */
	IMAP_KEY_YOUNGER,
};

struct imap_search_key {
	enum imap_key_kind kind;
	bool negated;
	struct imap_search_key *next; /* the next one within the same AND or OR */
	union {
		struct imap_search_key *first;
		struct imap_seqset set;
		enum imap_flag flag;
		struct slice keyword;
		struct {
			struct slice text;
			struct slice name;
		};
		int32_t day; /* since 1970-01-01 */
		uint64_t number;
	};
};

enum imap_search_return {
	IMAP_RETURN_MIN = 1,
	IMAP_RETURN_MAX = 2,
	IMAP_RETURN_ALL = 4,
	IMAP_RETURN_COUNT = 8,
};

struct imap_search {
	bool extended;                /* answer with ESEARCH */
	unsigned returns;             /* enum imap_search_return bits; RETURN () is ALL */
	struct imap_search_key *keys; /* an AND */
};

/* --- FETCH ----------------------------------------------------------------------------------- */

enum imap_fetch_kind {
	IMAP_FETCH_UID,
	IMAP_FETCH_FLAGS,
	IMAP_FETCH_INTERNALDATE,
	IMAP_FETCH_RFC822_SIZE,
	IMAP_FETCH_ENVELOPE,
	IMAP_FETCH_BODY, /* BODYSTRUCTURE without extension data */
	IMAP_FETCH_BODYSTRUCTURE,
	IMAP_FETCH_SECTION, /* BODY[...] and BODY.PEEK[...] */
	/* Old names of BODY[], BODY.PEEK[HEADER] and BODY[TEXT]; section and peek say the same. */
	IMAP_FETCH_RFC822,
	IMAP_FETCH_RFC822_HEADER,
	IMAP_FETCH_RFC822_TEXT,
};

struct imap_fetch_item {
	enum imap_fetch_kind kind;
	struct imap_fetch_item *next;
	bool peek; /* does not set \Seen */
	bool partial;
	uint32_t offset;             /* with `partial`: of the first octet */
	uint32_t length;             /* with `partial`: octets at most, not 0 */
	struct mime_section section; /* of IMAP_FETCH_SECTION and the old names */
};

struct imap_fetch {
	struct imap_seqset set;
	struct imap_fetch_item *items; /* ALL, FAST and FULL are spelt out */
	bool sets_seen;                /* one of them is a section without peek */
};

/* --- the others ------------------------------------------------------------------------------ */

enum imap_store_op { IMAP_STORE_REPLACE, IMAP_STORE_ADD, IMAP_STORE_REMOVE };

struct imap_store {
	struct imap_seqset set;
	enum imap_store_op op;
	bool silent;
	struct imap_flags flags;
};

struct imap_id_field {
	struct slice name;
	struct slice value; /* p NULL for NIL */
};

/* --- the command ----------------------------------------------------------------------------- */

struct imap_command {
	enum imap_verb verb;
	bool uid; /* UID SEARCH, FETCH, STORE, COPY, MOVE, EXPUNGE: sets and answers are UIDs */
	struct slice tag;
	union {
		struct slice mailbox; /* SELECT EXAMINE DELETE SUBSCRIBE UNSUBSCRIBE GETQUOTAROOT */
		struct slice quota_root; /* GETQUOTA */
		struct {
			struct slice user, password;
		} login;
		struct {
			struct slice mechanism; /* as written */
			struct slice response;  /* base64; empty also for "=" */
			bool has_response;
		} authenticate;
		struct imap_slices enable; /* capability names */
		struct {
			struct imap_id_field *fields;
			size_t n;
		} id; /* n is 0 for NIL */
		struct {
			struct slice mailbox;
			unsigned use; /* enum imap_special_use bits */
		} create;
		struct {
			struct slice from, to;
		} rename;
		struct imap_list list; /* LIST LSUB */
		struct {
			struct slice mailbox;
			unsigned items; /* enum imap_status_item bits */
		} status;
		struct imap_append append;
		struct imap_seqset expunge; /* UID EXPUNGE */
		struct imap_search search;
		struct imap_fetch fetch;
		struct imap_store store;
		struct {
			struct imap_seqset set;
			struct slice mailbox;
		} copy; /* COPY MOVE */
	};
};

/* Why a command is refused: the pieces of `tag status [code] text`. All static or in the arena. */
struct imap_refusal {
	const char *status; /* "BAD" or "NO" */
	const char *code;   /* response code without its brackets, or NULL */
	const char *text;   /* what was expected, for a person */
};

/* The verb as written in RFC 3501, such as "FETCH"; never NULL. */
const char *imap_verb_name(enum imap_verb verb);

#endif
