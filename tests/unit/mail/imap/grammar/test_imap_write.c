/*
 * test_imap_write.c: what the server says, and that the parser reads names and strings back.
 */
#include "harness.h"

#include "imap/grammar/imap_lex.h"
#include "imap/grammar/imap_write.h"

static struct strbuf out;

/* Compares what was written, and begins anew. */
static void expect(const char *want)
{
	ck_assert_str_eq(out.p ? out.p : "", want);
	strbuf_reset(&out);
}

START_TEST(lines)
{
	const struct imap_refusal no = { "NO", "TRYCREATE", "No such mailbox" };

	imap_write_status(&out, SLICE("a1"), "OK", NULL, "Done");
	expect("a1 OK Done\r\n");
	imap_write_status(&out, SLICE(""), "OK", "UIDNEXT 4392", "Predicted next UID");
	expect("* OK [UIDNEXT 4392] Predicted next UID\r\n");
	imap_write_status(&out, SLICE("a1"), "NO", NULL, "x\r\na2 OK \x7f");
	expect("a1 NO x??a2 OK ?\r\n");
	imap_write_refusal(&out, SLICE("a2"), &no);
	expect("a2 NO [TRYCREATE] No such mailbox\r\n");
	imap_write_untagged(&out, "%u EXISTS", 23u);
	expect("* 23 EXISTS\r\n");
	imap_write_continuation(&out, "Ready");
	expect("+ Ready\r\n");
	imap_write_continuation(&out, "");
	expect("+ \r\n");
}
END_TEST

START_TEST(strings)
{
	imap_write_astring(&out, SLICE("a]b"));
	imap_write_astring(&out, SLICE(" "));
	imap_write_astring(&out, SLICE(""));
	imap_write_astring(&out, SLICE("nil"));
	imap_write_astring(&out, SLICE("a*"));
	imap_write_astring(&out, SLICE("q\"b\\"));
	expect("a]b\" \"\"\"\"nil\"\"a*\"\"q\\\"b\\\\\"");
	imap_write_astring(&out, SLICE("a\r\nb"));
	imap_write_astring(&out, SLICE("ü"));
	expect("{4}\r\na\r\nb{2}\r\nü");
	imap_write_literal(&out, 5000000000);
	expect("{5000000000}\r\n");
}
END_TEST

START_TEST(names)
{
	imap_write_mailbox(&out, SLICE("INBOX"));
	imap_write_mailbox(&out, SLICE("台北/a b"));
	imap_write_mailbox(&out, SLICE("a&b"));
	imap_write_mailbox(&out, SLICE("a\"b"));
	expect("INBOX\"&U,BTFw-/a b\"a&-b\"a\\\"b\"");
}
END_TEST

START_TEST(words)
{
	struct slice keywords[] = { SLICE("$Junk"), SLICE("x") };
	struct imap_flags flags = { 0 };

	imap_write_flags(&out, &flags);
	flags.system = IMAP_FLAG_SEEN | IMAP_FLAG_DRAFT | IMAP_FLAG_RECENT;
	imap_write_flags(&out, &flags);
	flags.keywords = (struct imap_slices){ keywords, 2 };
	imap_write_flags(&out, &flags);
	flags.system = 0;
	imap_write_flags(&out, &flags);
	expect("()(\\Seen \\Draft \\Recent)(\\Seen \\Draft \\Recent $Junk x)($Junk x)");
	imap_write_uses(&out, IMAP_USE_SENT);
	strbuf_addc(&out, ',');
	imap_write_uses(&out, IMAP_USE_ALL | IMAP_USE_IMPORTANT);
	expect("\\Sent,\\All \\Important");
	ck_assert_str_eq(imap_status_item_name(IMAP_STATUS_UIDVALIDITY), "UIDVALIDITY");
	imap_write_datetime(&out, (struct imap_datetime){ 837596665, -420 });
	expect("\"17-Jul-1996 02:44:25 -0700\"");
}
END_TEST

START_TEST(fetch_names)
{
	struct slice fields[] = { SLICE("To"), SLICE("X (y)") };
	struct imap_fetch_item item = { .kind = IMAP_FETCH_SECTION };

	imap_write_fetch_name(&out, &item);
	expect("BODY[]");
	item.section = (struct mime_section){ .path = { 1, 2 }, .path_n = 2 };
	item.partial = true;
	item.offset = 7;
	imap_write_fetch_name(&out, &item);
	expect("BODY[1.2]<7>");
	item.section.kind = MIME_SECTION_FIELDS_NOT;
	item.section.fields = (struct mime_strings){ fields, 2 };
	item.partial = false;
	imap_write_fetch_name(&out, &item);
	expect("BODY[1.2.HEADER.FIELDS.NOT (To \"X (y)\")]");
	item.section = (struct mime_section){ .kind = MIME_SECTION_TEXT };
	imap_write_fetch_name(&out, &item);
	item.kind = IMAP_FETCH_RFC822_TEXT;
	imap_write_fetch_name(&out, &item);
	expect("BODY[TEXT]RFC822.TEXT");
}
END_TEST

/* Whatever the bytes, but for NUL: an astring that is written is the astring that is read. */
START_TEST(read_back)
{
	struct arena *a = arena_new();
	char text[3];

	for (int i = 1; i < 256; i++)
		for (int k = 1; k < 256; k++) {
			struct imap_lex lex = { .arena = a };
			struct slice in = slice_of(text, 2), back;

			text[0] = (char)i;
			text[1] = (char)k;
			imap_write_astring(&out, in);
			lex.rest = strbuf_slice(&out);
			ck_assert(imap_lex_astring(&lex, "it", &back) && imap_lex_end(&lex));
			ck_assert(slice_eq(in, back));
			strbuf_reset(&out);
		}
	arena_free(&a);
}
END_TEST

TEST_MAIN("imap write", lines, strings, names, words, fetch_names, read_back)
