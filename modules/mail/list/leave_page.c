/*
 * list/leave_page.c: the pages of the link to leave a group (leave_page.h). Pure; a page is a kilobyte.
 */
#include "list/leave_page.h"

#include "hearth/log.h"

static const struct {
	int status;
	const char *heading, *text; /* behind the title, where there is one */
} pages[] = {
	[LEAVE_PAGE_ASK] = { 200, "Leave this group?", "You would get no more mail of the group" },
	[LEAVE_PAGE_LEFT] = { 200, "You have left", "You get no more mail of the group" },
	[LEAVE_PAGE_LAST_OWNER] = { 409, "You are still in this group",
		"You are its last owner: make somebody else one first. It is the group" },
	[LEAVE_PAGE_EXPIRED] = { 404, "This link is too old",
		"Nothing was changed. Take the link of a newer mail, or leave the group in the "
		"page." },
	[LEAVE_PAGE_WRONG] = { 404, "This link is no longer good",
		"Nothing was changed. It may have been cut short on its way; you can leave a group "
		"in the page, too." },
	[LEAVE_PAGE_LATER] = { 503, "This cannot be done now",
		"Nothing was changed. Try the link again in a moment." },
};

static void add_text(struct strbuf *out, struct slice text)
{
	for (size_t i = 0; i < text.n; i++)
		switch (text.p[i]) {
		case '&': strbuf_adds(out, "&amp;"); break;
		case '<': strbuf_adds(out, "&lt;"); break;
		case '>': strbuf_adds(out, "&gt;"); break;
		case '"': strbuf_adds(out, "&quot;"); break;
		case '\'': strbuf_adds(out, "&#39;"); break;
		default: strbuf_addc(out, text.p[i]);
		}
}

/* The form has no action: it posts to where it is. */
static const char form[] = "<form method=\"post\"><input type=\"hidden\" name=\"List-Unsubscribe\" "
			   "value=\"One-Click\">"
			   "<input type=\"hidden\" name=\"" LEAVE_PAGE_FIELD "\" value=\"1\">"
			   "<p><button>Leave the group</button></p></form>\n";

int leave_page_status(enum leave_page page)
{
	return pages[page].status;
}

void leave_page_write(
	struct strbuf *out, enum leave_page page, struct slice title, struct slice url)
{
	bool named = page <= LEAVE_PAGE_LAST_OWNER;

	INVARIANT((size_t)page < sizeof(pages) / sizeof(pages[0]));
	strbuf_printf(out,
		"<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
		"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
		"<meta name=\"robots\" content=\"noindex\">\n"
		"<title>%s – Hearth</title>\n<link rel=\"stylesheet\" href=\"/style.css\">\n"
		"</head>\n<body>\n<main>\n<h1>%s</h1>\n<p>%s",
		pages[page].heading, pages[page].heading, pages[page].text);
	if (named) {
		strbuf_adds(out, " <strong>");
		add_text(out, title);
		strbuf_adds(out, "</strong>.");
	}
	strbuf_adds(out, "</p>\n");
	if (page == LEAVE_PAGE_ASK)
		strbuf_adds(out, form);
	strbuf_adds(out, "<p><a href=\"");
	add_text(out, url);
	strbuf_adds(out, "#account/groups\" rel=\"noreferrer\">All your groups</a></p>\n</main>\n"
			 "</body>\n</html>\n");
}
