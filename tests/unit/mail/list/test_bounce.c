/*
 * test_bounce.c: what other servers' reports say of a member elsewhere, and what is none of that.
 */
#include "harness.h"
#include "list/bounce.h"

#include <stdlib.h>

#define HEAD                                                                              \
	"From: <>\r\nMIME-Version: 1.0\r\n"                                               \
	"Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n" \
	"--b\r\n\r\nIt could not be delivered.\r\n--b\r\n"
#define STATUS \
	HEAD "Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; a.test\r\n\r\n"
#define END "\r\n--b--\r\n"

static enum list_bounce read_text(const char *text, const char **status)
{
	static char said[LIST_BOUNCE_STATUS_MAX];

	*status = said;
	return list_bounce_read(slice_str(text), said);
}

START_TEST(what_a_report_says)
{
	static const struct {
		const char *text;
		enum list_bounce bounce;
		const char *status;
	} rows[] = {
		{ STATUS "Final-Recipient: rfc822; a@a.test\r\nAction: failed\r\nStatus: "
			 "5.1.1\r\n" END,
			LIST_BOUNCE_HARD, "5.1.1" },
		{ STATUS "Action: FAILED\r\nStatus: 5.2.1 (off)\r\n" END, LIST_BOUNCE_HARD,
			"5.2.1" },
		{ STATUS "Status: 5.0.0\r\nAction:\r\n failed\r\n" END, LIST_BOUNCE_SOFT, "5.0.0" },
		{ STATUS "Action: failed\r\nStatus: 5.2.2\r\n" END, LIST_BOUNCE_SOFT, "5.2.2" },
		{ STATUS "Action: failed\r\nStatus: 5.7.26\r\n" END, LIST_BOUNCE_NONE, "" },
		{ STATUS "Action: failed\r\nStatus: 4.4.7\r\n" END, LIST_BOUNCE_SOFT, "4.4.7" },
		{ STATUS "Action: failed\r\n" END, LIST_BOUNCE_SOFT, "" },
		{ STATUS "Action: failed\r\nStatus: 4.4.7\r\n\r\nAction: failed\r\nStatus: "
			 "5.1.1\r\n" END,
			LIST_BOUNCE_HARD, "5.1.1" },
		{ STATUS "Action: delayed\r\nStatus: 5.1.1\r\n" END, LIST_BOUNCE_NONE, "" },
		{ STATUS "Action: delivered\r\nStatus: 2.0.0\r\n" END, LIST_BOUNCE_NONE, "" },
		{ STATUS "Status: 5.1.1\r\n" END, LIST_BOUNCE_NONE, "" },
		{ HEAD "Content-Type: message/global-delivery-status\r\n"
		       "Content-Transfer-Encoding: base64\r\n\r\n"
		       "UmVwb3J0aW5nLU1UQTogZG5zOyBhCgpBY3Rpb246IGZhaWxlZApTdGF0dXM6IDUuMS4xCg="
		       "=" END,
			LIST_BOUNCE_HARD, "5.1.1" },
		/* What came back may have been a report itself. */
		{ HEAD "Content-Type: message/rfc822\r\n\r\nContent-Type: "
		       "message/delivery-status\r\n"
		       "\r\nAction: failed\r\nStatus: 5.1.1\r\n" END,
			LIST_BOUNCE_NONE, "" },
		{ "Subject: away\r\nAuto-Submitted: auto-replied\r\n\r\nAction: failed\r\n",
			LIST_BOUNCE_NONE, "" },
		{ "", LIST_BOUNCE_NONE, "" },
	};
	const char *status;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		ck_assert_msg(read_text(rows[i].text, &status) == rows[i].bounce, "row %zu", i);
		ck_assert_str_eq(status, rows[i].status);
	}
}
END_TEST

START_TEST(cut_off_at_every_byte)
{
	static const char whole[] = STATUS "Action: failed\r\nStatus: 5.1.1\r\n" END;
	char status[LIST_BOUNCE_STATUS_MAX];

	for (size_t n = 0; n < sizeof(whole); n++) {
		char *head = malloc(n ? n : 1); /* the very bytes, for sanitizers */

		memcpy(head, whole, n);
		list_bounce_read(slice_of(head, n), status);
		ck_assert(strlen(status) < sizeof(status));
		free(head);
	}
}
END_TEST

START_TEST(an_answer_of_our_own)
{
	static const struct {
		const char *status;
		enum list_bounce at_rcpt, later;
	} rows[] = {
		{ "", LIST_BOUNCE_HARD, LIST_BOUNCE_NONE },
		{ "5.0.0", LIST_BOUNCE_HARD, LIST_BOUNCE_NONE },
		{ "5.1.1", LIST_BOUNCE_HARD, LIST_BOUNCE_HARD },
		{ "5.1.10", LIST_BOUNCE_HARD, LIST_BOUNCE_HARD },
		{ "5.2.1", LIST_BOUNCE_HARD, LIST_BOUNCE_HARD },
		{ "5.2.2", LIST_BOUNCE_SOFT, LIST_BOUNCE_SOFT },
		{ "5.3.0", LIST_BOUNCE_SOFT, LIST_BOUNCE_SOFT },
		{ "5.4.4", LIST_BOUNCE_SOFT, LIST_BOUNCE_SOFT },
		{ "5.5.0", LIST_BOUNCE_SOFT, LIST_BOUNCE_NONE },
		{ "4.4.7", LIST_BOUNCE_SOFT, LIST_BOUNCE_SOFT },
	};
	/* Of the mail, its sender or a policy: whoever may write to a group can have that said. */
	static const char *const none[] = { "5.1.7", "5.1.8", "5.2.3", "5.3.3", "5.3.4", "5.4.6",
		"5.4.14", "5.6.0", "5.6.7", "5.7.1", "5.7.26", "4.7.1" };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct slice status = slice_str(rows[i].status);

		ck_assert_msg(list_bounce_of(status, true) == rows[i].at_rcpt, "row %zu", i);
		ck_assert_msg(list_bounce_of(status, false) == rows[i].later, "row %zu", i);
	}
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		ck_assert_msg(list_bounce_of(slice_str(none[i]), true) == LIST_BOUNCE_NONE, "%s",
			none[i]);
		ck_assert_msg(list_bounce_of(slice_str(none[i]), false) == LIST_BOUNCE_NONE, "%s",
			none[i]);
	}
}
END_TEST

TEST_MAIN("bounce", what_a_report_says, cut_off_at_every_byte, an_answer_of_our_own)
