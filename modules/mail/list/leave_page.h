/*
 * list/leave_page.h: what a browser shows of the link to leave a group (leave.h): whether to, and what became
 * of it. Without a script, and with nothing of others in it but the group's title, as text. Pure.
 */
#ifndef MAIL_LIST_LEAVE_PAGE_H
#define MAIL_LIST_LEAVE_PAGE_H

#include "hearth/str.h"

/* For these pages: no script, a style sheet and a form of our own, in nobody's frame. */
#define LEAVE_PAGE_CSP                                                                \
	"default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; " \
	"frame-ancestors 'none'"

/* The member of the form that the page's button sends beside what a mail program sends. */
#define LEAVE_PAGE_FIELD "page"

enum leave_page {
	LEAVE_PAGE_ASK,        /* the button, which posts to the address the page has */
	LEAVE_PAGE_LEFT,       /* they are out, now or before */
	LEAVE_PAGE_LAST_OWNER, /* the last owner stays */
	LEAVE_PAGE_EXPIRED,    /* it was good once */
	LEAVE_PAGE_WRONG,      /* it is none of ours, or its group is gone */
	LEAVE_PAGE_LATER,      /* it cannot be done now */
};

/* `title` of the group, for those that name it; `url` of the whole page, with its slash. */
void leave_page_write(
	struct strbuf *out, enum leave_page page, struct slice title, struct slice url);
/* The status it is answered with. */
int leave_page_status(enum leave_page page);

#endif
