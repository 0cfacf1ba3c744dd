/*
 * test_list.c: what a group's mail says of it, and the link by which a member leaves: signed, for its time.
 */
#include <stdlib.h>

#include "harness.h"
#include "hearth/error.h"
#include "list/leave.h"
#include "list/leave_page.h"
#include "list/list_header.h"

#define NOW (INT64_C(1700000000))
#define DAY (INT64_C(24) * 3600)

static const struct mail_list staff = {
	.id = 7, .name = { "staff", 5 }, .title = { "The \"staff\" \\ all", 17 }, .open = true
};

static const char *written(const struct mail_list *list, const char *token)
{
	static struct strbuf out;

	strbuf_reset(&out);
	list_header_write(
		&out, list, SLICE("ours.test"), SLICE("https://ours.test/"), token, SLICE("ab12"));
	return out.p;
}

START_TEST(the_fields)
{
	struct mail_list other = staff;

	ck_assert_str_eq(written(&staff, "7-8-9-ab"),
		"List-Id: \"The \\\"staff\\\" \\\\ all\" <staff.ours.test>\r\n"
		"List-Post: <mailto:staff@ours.test>\r\n"
		"List-Help: <https://ours.test/#account/groups>\r\n"
		"List-Unsubscribe: <https://ours.test/api/mail/lists/leave/7-8-9-ab>\r\n"
		"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n");
	other.open = false;
	other.title = SLICE("Gr\xc3\xbc\xc3\x9f"
			    "e");
	ck_assert_str_eq(written(&other, NULL),
		"List-Id: <staff.ours.test>\r\nList-Post: NO (owners write to it)\r\n"
		"List-Help: <https://ours.test/#account/groups>\r\n");
	other.archived = true;
	ck_assert_str_eq(written(&other, NULL),
		"List-Id: <staff.ours.test>\r\nList-Post: NO (owners write to it)\r\n"
		"List-Help: <https://ours.test/#account/groups>\r\n"
		"List-Archive: <https://ours.test/#account/groups/staff/archive>\r\n"
		"Archived-At: <https://ours.test/#account/groups/staff/archive/ab12>\r\n");
	/* Nothing that is a title ends a field. */
	other.title = SLICE("a\r\nBcc: x");
	ck_assert_ptr_null(strstr(written(&other, NULL), "Bcc"));
}
END_TEST

static const char *page(enum leave_page which, struct slice title)
{
	static struct strbuf out;

	strbuf_reset(&out);
	leave_page_write(&out, which, title, SLICE("https://ours.test/"));
	return out.p;
}

START_TEST(a_page_asks_and_says_what_became_of_it)
{
	static const struct slice title = { "a<script>\"'&", 12 };

	for (int i = LEAVE_PAGE_ASK; i <= LEAVE_PAGE_LATER; i++) {
		enum leave_page which = (enum leave_page)i;
		const char *html = page(which, title);

		ck_assert_int_eq(strstr(html, "<form") != NULL, which == LEAVE_PAGE_ASK);
		ck_assert_int_eq(strstr(html, "a&lt;script&gt;&quot;&#39;&amp;") != NULL,
			which <= LEAVE_PAGE_LAST_OWNER);
		ck_assert_ptr_null(strstr(html, "<script"));
		ck_assert_ptr_nonnull(strstr(html, "\"https://ours.test/#account/groups\""));
		ck_assert_int_eq(leave_page_status(which) == 200, which <= LEAVE_PAGE_LEFT);
	}
}
END_TEST

START_TEST(its_own_field_is_known_again)
{
	static const struct {
		const char *header;
		bool has;
	} rows[] = {
		{ "List-Id: <staff.ours.test>\r\n\r\n", true },
		{ "Subject: x\r\nlist-id: \"a <b>\" <STAFF.Ours.Test> (c)\r\n\r\n", true },
		{ "List-Id: x\r\nList-Id:\r\n <staff.ours.test>\r\n\r\n", true },
		{ "List-Id: staff.ours.test\r\n\r\n", true },
		{ "List-Id: <other.ours.test>\r\n\r\n", false },
		{ "List-Id: <staff.ours.test.x>\r\n\r\n", false },
		{ "List-Id: <staffxours.test>\r\n\r\n", false },
		{ "X-List-Id: <staff.ours.test>\r\n\r\n", false },
		{ "\r\nList-Id: <staff.ours.test>\r\n", false },
		{ "", false },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		ck_assert_msg(list_header_has(slice_str(rows[i].header), &staff,
				      SLICE("ours.test")) == rows[i].has,
			"%s", rows[i].header);
	ck_assert(list_header_is_reply(SLICE("Auto-Submitted: Auto-Replied (vacation)\r\n\r\n")));
	ck_assert(!list_header_is_reply(SLICE("Auto-Submitted: auto-generated\r\n\r\n")));
	ck_assert(!list_header_is_reply(SLICE("Auto-Submitted: no\r\n\r\n")));
	ck_assert(!list_header_is_reply(SLICE("Subject: auto-replied\r\n\r\n")));
}
END_TEST

START_TEST(a_link_is_for_one_member_of_one_group)
{
	static const unsigned char secret[32] = "the key of all secrets";
	unsigned char key[LEAVE_KEY];
	char token[LEAVE_TOKEN_MAX], bad[LEAVE_TOKEN_MAX];
	int64_t group = 0, account = 0;

	leave_key_derive(secret, key);
	leave_token(key, 7, INT64_MAX, NOW, token);
	ck_assert_int_eq(leave_token_read(key, slice_str(token), NOW, &group, &account), 0);
	ck_assert(group == 7 && account == INT64_MAX);
	ck_assert_int_eq(
		leave_token_read(key, slice_str(token), NOW + LEAVE_DAYS * DAY, &group, &account),
		0);
	ck_assert_int_eq(leave_token_read(key, slice_str(token), NOW + (LEAVE_DAYS + 1) * DAY,
				 &group, &account),
		HEARTH_ETIMEOUT);
	for (size_t i = 0; token[i]; i++) {
		/* The very bytes, so that a sanitizer sees what is read behind them. */
		char *head = malloc(i ? i : 1);

		memcpy(bad, token, sizeof(bad));
		bad[i] = token[i] == '1' ? '2' : '1';
		ck_assert_int_eq(leave_token_read(key, slice_str(bad), NOW, &group, &account),
			HEARTH_EINVAL);
		memcpy(head, token, i);
		ck_assert_int_eq(leave_token_read(key, slice_of(head, i), NOW, &group, &account),
			HEARTH_EINVAL);
		free(head);
	}
	/* A member elsewhere, whose number is no account's. */
	leave_token(key, 7, -12, NOW, token);
	ck_assert(strncmp(token, "7-e12-", 6) == 0);
	ck_assert_int_eq(leave_token_read(key, slice_str(token), NOW, &group, &account), 0);
	ck_assert(group == 7 && account == -12);
	key[0] ^= 1;
	ck_assert_int_eq(
		leave_token_read(key, slice_str(token), NOW, &group, &account), HEARTH_EINVAL);
}
END_TEST

TEST_MAIN("list", the_fields, a_page_asks_and_says_what_became_of_it, its_own_field_is_known_again,
	a_link_is_for_one_member_of_one_group)
