/*
 * list/list_header.h: what a mail says of the group it came through (RFC 2369, RFC 2919, RFC 8058): fields in
 * front of what was sent, which stays as it is, so that its signatures hold. Pure; a few hundred bytes.
 */
#ifndef MAIL_LIST_HEADER_H
#define MAIL_LIST_HEADER_H

#include "hearth/str.h"

/* A group, as its mail is concerned. */
struct mail_list {
	int64_t id;
	struct slice name, title;
	struct slice prefix; /* in front of the Subject of its mail (rewrite.h); empty: none */
	bool open;           /* more than its owners may write to it */
	bool archived;       /* its mail is kept (store/archive.h) … */
	bool kept;           /* … and this one is, already */
	bool by_proof; /* a member elsewhere is known by a From that is proven (delivery/posting.c) */
	bool counted;        /* among those it sends to members elsewhere this one is, already */
	bool vouched;        /* written by one of its people, or let go by an owner */
	bool waits;          /* this mail does, for the word of an owner … */
	struct slice owners; /* … of whom these are told, an address a line */
};

/*
 * Appends List-Id, List-Post, List-Help and, with a token (leave.h), List-Unsubscribe; of a list whose mail is kept
 * List-Archive and, with the name it has there (archive_name), Archived-At (RFC 5064). `domain` is ours, `url`
 * that of the page, with its slash.
 */
void list_header_write(struct strbuf *out, const struct mail_list *list, struct slice domain,
	struct slice url, const char *token, struct slice archived_as);
/* Whether a header has this list's List-Id already: then it came through it before. */
bool list_header_has(struct slice header, const struct mail_list *list, struct slice domain);
/* Whether it is a reply that nobody wrote (RFC 3834): those are not passed on to groups. */
bool list_header_is_reply(struct slice header);

#endif
