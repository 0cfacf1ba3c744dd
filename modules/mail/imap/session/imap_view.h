/*
 * imap_view.h: what a session knows of its selected mailbox: which UID has which sequence number,
 * and up to which modseq it has told the client. Four bytes a message.
 *
 * Sequence numbers are the client's: they change only when it is told. A message that somebody
 * expunged stays in the view, as a number that gives nothing, until EXPUNGE may be sent (RFC 3501
 * section 7.4.1); new ones are added at the end at any time.
 *
 * \Recent: the store keeps for each mailbox a UID from which on nobody has had the messages as
 * recent. A session that selects the mailbox, or sees a message arrive, takes what there is from
 * there on, in a transaction that raises it: so one session has each message as \Recent, and no
 * other. One that came by EXAMINE shows what nobody has taken, and leaves it there.
 *
 * No thread of its own: used by whoever has the session.
 */
#ifndef HEARTH_MAIL_IMAP_VIEW_H
#define HEARTH_MAIL_IMAP_VIEW_H

#include "hearth/map.h"
#include "imap/grammar/imap_command.h"
#include "store/store.h"

struct imap_view {
	int64_t mailbox;
	bool read_only;
	int64_t modseq; /* told up to here */
	struct imap_range
		*recent; /* UIDs that are \Recent here: ascending, apart from each other */
	size_t recent_n, recent_cap;
	uint32_t *uids; /* ascending; the message at index i has sequence number i + 1 */
	size_t n, cap;
	uint32_t *gone; /* ascending: expunged, and the client does not know yet */
	size_t gone_n;
	struct strbuf keywords; /* told by FLAGS: separated by spaces */
	struct map *known;      /* the same in small letters, to look them up */
	struct strbuf latest;   /* what was looked up last: mostly it is the same again */
};

/*
 * What happened since a modseq, as found in the database; in an arena: all messages that are new,
 * four bytes each, and of the other changes as many as mail_store_changes gives at once.
 */
struct imap_changes {
	int64_t modseq;
	bool more;         /* that was not all */
	uint32_t *arrived; /* UIDs above the last one the view has */
	size_t arrived_n, arrived_cap;
	uint32_t recent; /* nobody has taken what begins here; after taking it: what we took does */
	uint32_t *expunged;
	size_t expunged_n, expunged_cap;
	struct imap_change {
		uint32_t uid;
		struct mail_flags flags;
	} * changed;
	size_t changed_n, changed_cap;
	struct arena *a;
};

/* A run of messages by index, both inclusive. */
struct imap_span {
	size_t first, last;
};

struct imap_spans {
	struct imap_span *v;
	size_t n;
};

/* A view of a mailbox with these UIDs (copied), as of box->modseq. */
struct imap_view *imap_view_new(
	const struct mailbox *box, const uint32_t *uids, size_t n, bool read_only);
/* Sets *v to NULL; legal on NULL. */
void imap_view_free(struct imap_view **v);

/* The index of a UID, or of the first one above it; view->n when there is none. */
size_t imap_view_at(const struct imap_view *v, uint32_t uid);
/* Whether the client may see \Recent on it; how many there are. */
bool imap_view_is_recent(const struct imap_view *v, uint32_t uid);
size_t imap_view_recent(const struct imap_view *v);
/* From `first` up to the last message there is, they are \Recent here. */
void imap_view_add_recent(struct imap_view *v, uint32_t first);
/* One above the last UID that the changes bring; 0 when they bring no new message. */
uint32_t imap_view_arrived(const struct imap_changes *changes);

/*
 * The messages of a set of UIDs or of sequence numbers, in `a`. HEARTH_EINVAL for a sequence number
 * that is not in use; a UID that is not there is just not there.
 */
int imap_view_resolve(const struct imap_view *v, struct arena *a, const struct imap_seqset *set,
	bool uid, struct imap_spans *out);
/* The UIDs of the messages in the spans, ascending, in `a`. */
uint32_t *imap_spans_uids(
	const struct imap_view *v, struct arena *a, const struct imap_spans *spans, size_t *n);

/* Reads what changed since the view's modseq into `a`. In the database. HEARTH_ENOTFOUND: it is
 * gone. */
int imap_view_collect(
	const struct imap_view *v, struct db_tx *tx, struct arena *a, struct imap_changes **out);
/* Takes it into the view and appends EXISTS, RECENT and FETCH; what was expunged is kept back. */
void imap_view_apply(struct imap_view *v, const struct imap_changes *changes, struct strbuf *out);
/*
 * FLAGS and PERMANENTFLAGS, also of the keywords there are. They are told again in front of a FETCH
 * with a keyword that was not told yet: there are clients that build their table from FLAGS alone.
 * `learn` does so; it is called where a line begins. At most IMAP_KEYWORDS_MAX bytes are listed:
 * one more begins the list anew.
 */
#define IMAP_KEYWORDS_MAX 16384
void imap_view_learn(struct imap_view *v, struct slice keywords, struct strbuf *out);
void imap_view_write_flags(const struct imap_view *v, struct strbuf *out);
/* The same without telling: what SELECT found. */
bool imap_view_add_keywords(struct imap_view *v, struct slice keywords);

/* Appends EXPUNGE for what was kept back. */
void imap_view_tell_gone(struct imap_view *v, struct strbuf *out);

#endif
