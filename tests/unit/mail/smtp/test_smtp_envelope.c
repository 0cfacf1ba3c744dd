/*
 * test_smtp_envelope.c: paths and parameters of MAIL and RCPT.
 */
#include "harness.h"

#include "hearth/error.h"
#include "smtp/smtp_envelope.h"
#include "smtp/smtp_reply.h"

static struct smtp_mail mail;
static struct smtp_rcpt rcpt;

static int parse_mail(const char *s)
{
	return smtp_mail_parse(slice_str(s), &mail);
}

static int parse_rcpt(const char *s)
{
	return smtp_rcpt_parse(slice_str(s), false, &rcpt);
}

START_TEST(reverse_path)
{
	ck_assert_int_eq(parse_mail("FROM:<Smith@Alpha.ARPA>"), 0);
	ck_assert(slice_eq(mail.from.text, SLICE("Smith@Alpha.ARPA")));
	ck_assert(slice_eq(mail.from.domain, SLICE("Alpha.ARPA")));
	ck_assert(!mail.has_size && !mail.smtputf8 && !mail.auth.p && !mail.envid.p);
	ck_assert_int_eq(parse_mail("from:<>"), 0);
	ck_assert_uint_eq(mail.from.text.n, 0);
	ck_assert_int_eq(parse_mail("FROM:   <a@b>  "), 0);
	ck_assert_int_eq(parse_mail("FROM:<@one.example,@two.example:joe@three.example>"), 0);
	ck_assert(slice_eq(mail.from.text, SLICE("joe@three.example")));
	ck_assert_int_eq(parse_mail("FROM:<\"a>b\"@c>"), 0);
	ck_assert(slice_eq(mail.from.local, SLICE("\"a>b\"")));
	ck_assert_int_eq(parse_mail("FROM:<a@[IPv6:::1]>"), 0);
	ck_assert(mail.from.literal);
}
END_TEST

static const struct {
	const char *arg;
	int error;
} bad_mail[] = {
	{ "", SMTP_EMAIL_SYNTAX },
	{ "FROM", SMTP_EMAIL_SYNTAX },
	{ "FROM:", SMTP_EMAIL_SYNTAX },
	{ "FROM :<a@b>", SMTP_EMAIL_SYNTAX },
	{ "TO:<a@b>", SMTP_EMAIL_SYNTAX },
	{ "FROM:<a@b", SMTP_ESENDER },
	{ "FROM:a@b>", SMTP_ESENDER },
	{ "FROM:a@b<c@d>", SMTP_ESENDER },
	{ "FROM:a", SMTP_ESENDER },
	{ "FROM:Bob <a@b>", SMTP_ESENDER },
	{ "FROM: SIZE=1", SMTP_ESENDER },
	{ "FROM:<a@b c>", SMTP_ESENDER },
	{ "FROM:<a>", SMTP_ESENDER },
	{ "FROM:<postmaster>", SMTP_ESENDER },
	{ "FROM:<<a@b>>", SMTP_ESENDER },
	{ "FROM:<a@b>x", SMTP_ESENDER },
	{ "FROM:<a@b>SIZE=1", SMTP_ESENDER },
	{ "FROM:<@x:>", SMTP_ESENDER },
	{ "FROM:<@x,>", SMTP_ESENDER },
	{ "FROM:<@x:@y:a@b>", SMTP_ESENDER },
	{ "FROM:<@x,a@b>", SMTP_ESENDER },
	{ "FROM:<@x@y:a@b>", SMTP_ESENDER },
	{ "FROM:<@:a@b>", SMTP_ESENDER },
	{ "FROM:<@x", SMTP_ESENDER },
	{ "FROM:<ü@b>", SMTP_EUTF8 },
	{ "FROM:<a@b> SIZE", SMTP_EPARAM_VALUE },
	{ "FROM:<a@b> SIZE=", SMTP_EPARAM_VALUE },
	{ "FROM:<a@b> SIZE=-1", SMTP_EPARAM_VALUE },
	{ "FROM:<a@b> SIZE=1k", SMTP_EPARAM_VALUE },
	{ "FROM:<a@b> SIZE=123456789012345678901", SMTP_EPARAM_VALUE },
	{ "FROM:<a@b> SIZE=1 SIZE=1", SMTP_EPARAM_TWICE },
	{ "FROM:<a@b> BODY=BINARY", SMTP_EPARAM_VALUE },
	{ "FROM:<a@b> SMTPUTF8=1", SMTP_EPARAM_VALUE },
	{ "FROM:<a@b> RET=ALL", SMTP_EPARAM_VALUE },
	{ "FROM:<a@b> ENVID=", SMTP_EPARAM_VALUE },
	{ "FROM:<a@b> NOTIFY=NEVER", SMTP_EPARAM },
	{ "FROM:<a@b> ENVID=a=b", SMTP_EPARAM_VALUE },
	{ "FROM:<a@b> ENVID=a+b", SMTP_EPARAM_VALUE },
	{ "FROM:<a@b> ENVID=a+", SMTP_EPARAM_VALUE },
	{ "FROM:<a@b> ENVID=a+2", SMTP_EPARAM_VALUE },
	{ "FROM:<a@b> ENVID=a+2b", SMTP_EPARAM_VALUE }, /* capital digits */
	{ "FROM:<a@b> ENVID=a+0D+0AX", SMTP_EPARAM_VALUE },
	{ "FROM:<a@b> ENVID=a+7F", SMTP_EPARAM_VALUE },
	{ "FROM:<a@b> ENVID=ü", SMTP_EPARAM_VALUE },
	{ "FROM:<a@b> ENVID=1234567890123456789012345678901234567890123456789012345678901234567890"
	  "1234567890123456789012345678901",
		SMTP_EPARAM_VALUE },
	{ "FROM:<a@b> REQUIRETLS=YES", SMTP_EPARAM_VALUE },
	{ "FROM:<a@b> REQUIRETLS REQUIRETLS", SMTP_EPARAM_TWICE },
	{ "FROM:<a@b> HOLDFOR=0", SMTP_EPARAM_VALUE },
	{ "FROM:<a@b> HOLDFOR=-1", SMTP_EPARAM_VALUE },
	{ "FROM:<a@b> HOLDFOR=1000000000", SMTP_EPARAM_VALUE },
	{ "FROM:<a@b> HOLDFOR=1 HOLDUNTIL=2026-11-28T16:25:00Z", SMTP_EPARAM_VALUE },
	{ "FROM:<a@b> HOLDUNTIL=2026-11-28T16:25:00+00:00", SMTP_EPARAM_VALUE },
	{ "FROM:<a@b> HOLDUNTIL=2026-11-28 16:25:00Z", SMTP_EPARAM_VALUE },
	{ "FROM:<a@b> HOLDUNTIL=2026-13-28T16:25:00Z", SMTP_EPARAM_VALUE },
	{ "FROM:<a@b> HOLDUNTIL=2026-11-31T16:25:00Z", SMTP_EPARAM_VALUE },
	{ "FROM:<a@b> HOLDUNTIL=2026-11-28T24:00:00Z", SMTP_EPARAM_VALUE },
	{ "FROM:<a@b> HOLDUNTIL=20x6-11-28T16:25:00Z", SMTP_EPARAM_VALUE },
	{ "FROM:<a@b> =", SMTP_EPARAM },
};

START_TEST(refused_mail)
{
	for (size_t i = 0; i < sizeof(bad_mail) / sizeof(bad_mail[0]); i++)
		ck_assert_msg(parse_mail(bad_mail[i].arg) == bad_mail[i].error, "%s: %d",
			bad_mail[i].arg, parse_mail(bad_mail[i].arg));
}
END_TEST

START_TEST(mail_parameters)
{
	ck_assert_int_eq(
		parse_mail("FROM:<a@b> size=1000  BODY=8bitmime SMTPUTF8 AUTH=e+3Dmc2@x.org "
			   "RET=hdrs ENVID=QQ+20"),
		0);
	ck_assert(mail.has_size && mail.smtputf8);
	ck_assert_uint_eq(mail.size, 1000);
	ck_assert_int_eq(mail.body, SMTP_BODY_8BITMIME);
	ck_assert_int_eq(mail.ret, SMTP_RET_HDRS);
	ck_assert(slice_eq(mail.auth, SLICE("e+3Dmc2@x.org")));
	ck_assert(slice_eq(mail.envid, SLICE("QQ+20")));
	ck_assert_int_eq(parse_mail("FROM:<> BODY=7BIT RET=FULL AUTH=<> SIZE=0"), 0);
	ck_assert_int_eq(mail.body, SMTP_BODY_7BIT);
	ck_assert_int_eq(mail.ret, SMTP_RET_FULL);
	ck_assert(mail.has_size);
	ck_assert_uint_eq(mail.size, 0);
	ck_assert(!mail.require_tls && mail.hold == SMTP_HOLD_NONE);
	ck_assert_int_eq(parse_mail("FROM:<a@b> body=binarymime RequireTLS holdfor=999999999"), 0);
	ck_assert_int_eq(mail.body, SMTP_BODY_BINARYMIME);
	ck_assert(mail.require_tls);
	ck_assert_int_eq(mail.hold, SMTP_HOLD_FOR);
	ck_assert_uint_eq(mail.hold_s, 999999999);
	ck_assert_int_eq(parse_mail("FROM:<a@b> HOLDUNTIL=2026-11-28T16:25:07Z"), 0);
	ck_assert_int_eq(mail.hold, SMTP_HOLD_UNTIL);
	ck_assert_uint_eq(mail.hold_s, 1795883107);
	ck_assert_int_eq(parse_mail("FROM:<a@b> HOLDUNTIL=2000-02-29t00:00:00z"), 0);
	ck_assert_uint_eq(mail.hold_s, 951782400);
	ck_assert_int_eq(parse_mail("FROM:<a@b> HOLDUNTIL=0001-01-01T00:00:00Z"), 0);
	ck_assert_uint_eq(mail.hold_s, 0);
	ck_assert_int_eq(parse_mail("FROM:<> SIZE=99999999999999999999"), 0);
	ck_assert(mail.size == UINT64_MAX);
	ck_assert_int_eq(parse_mail("FROM:<ü@bücher.example> SMTPUTF8"), 0);
	ck_assert(mail.from.utf8);
}
END_TEST

/* Senders as they are in the world, and how each is kept (canonical). */
static const struct {
	const char *arg, *kept;
} senders[] = {
	/* forwarding: Gmail, SRS0, SRS1 */
	{ "FROM:<some.user+caf_=desk_8b506e99-b5c5-4e14-8294-f5ebd6083faa=hearth.example@gmail."
	  "example>",
		"some.user+caf_=desk_8b506e99-b5c5-4e14-8294-f5ebd6083faa=hearth.example@gmail."
		"example" },
	{ "FROM:<SRS0=fGv9=BC=a.longforwarder.example=bounce-4IDNASXYtY_FG21s4IoV1XzCfCt.xyz0@fwd."
	  "example>",
		"SRS0=fGv9=BC=a.longforwarder.example=bounce-4IDNASXYtY_FG21s4IoV1XzCfCt.xyz0@fwd."
		"example" },
	{ "FROM:<SRS1=k5Fq=first.forwarder.example==fGv9=BC=origin.example=somebody.with.a.long."
	  "name@second.example>",
		"SRS1=k5Fq=first.forwarder.example==fGv9=BC=origin.example=somebody.with.a.long."
		"name@second.example" },
	/* VERP, with the recipient in it; BATV; mailing lists */
	{ "FROM:<bounces+4711042-9f3c-first.middle.lastname=very-long-company.example@em7.esp."
	  "example>",
		"bounces+4711042-9f3c-first.middle.lastname=very-long-company.example@em7.esp."
		"example" },
	{ "FROM:<prvs=012345abcd=joe@example.org>", "prvs=012345abcd=joe@example.org" },
	{ "FROM:<btv1==012345abcd==joe@example.org>", "btv1==012345abcd==joe@example.org" },
	{ "FROM:<0100018f-12ab/us-east_1#x{y}|z~!$%&'*?^`@amazonses.example>",
		"0100018f-12ab/us-east_1#x{y}|z~!$%&'*?^`@amazonses.example" },
	/* dots where the grammar has none: mobile networks gave such addresses away */
	{ "FROM:<taro..yamada.@docomo.example>", "taro..yamada.@docomo.example" },
	{ "FROM:<.hanako@docomo.example>", ".hanako@docomo.example" },
	{ "FROM:<\"taro..yamada.\"@docomo.example>", "taro..yamada.@docomo.example" },
	/* host names that are none */
	{ "FROM:<root@web_server_1.example>", "root@web_server_1.example" },
	{ "FROM:<root@localhost>", "root@localhost" },
	{ "FROM:<root@-x-.example-.org>", "root@-x-.example-.org" },
	{ "FROM:<Root@Example.ORG.>", "Root@example.org" },
	{ "FROM:<a@192.0.2.1>", "a@192.0.2.1" },
	{ "FROM:<a@[192.0.2.1]>", "a@[192.0.2.1]" },
	{ "FROM:<a@[IPv6:2001:db8::1]>", "a@[ipv6:2001:db8::1]" },
	/* the command's own form */
	{ "FROM:a@b.example", "a@b.example" },
	{ "FROM: a@b.example SIZE=100", "a@b.example" },
	{ "from: < a@b.example >  size=100", "a@b.example" },
	{ "FROM:<>", "" },
	{ "From: < > BODY=8bitmime", "" },
	{ "FROM:<@one.example,@two_2.example:a@b.example>", "a@b.example" },
	{ "FROM:<\"a b\"@b.example>", "\"a b\"@b.example" },
	/* parameters that are not offered, from who does not look */
	{ "FROM:<a@b.example> AUTH=<> RET=HDRS ENVID=QQ314159", "a@b.example" },
	{ "FROM:<a@b.example> AUTH=joe@example.org ENVID=a+3Db", "a@b.example" },
};

START_TEST(world)
{
	for (size_t i = 0; i < sizeof(senders) / sizeof(senders[0]); i++) {
		struct strbuf kept = { 0 };
		int rc = parse_mail(senders[i].arg);

		ck_assert_msg(rc == 0, "%s: %d", senders[i].arg, rc);
		smtp_address_canonical(&kept, &mail.from);
		ck_assert_msg(slice_eq(strbuf_slice(&kept), slice_str(senders[i].kept)), "%s: %s",
			senders[i].arg, kept.p);
		strbuf_free(&kept);
	}
}
END_TEST

/* "TO:<aaa…@b>" with an address of n octets. */
static struct slice long_recipient(size_t n)
{
	static char line[600];

	memset(line, 'a', sizeof(line));
	memcpy(line, "TO:<", 4);
	memcpy(line + 4 + n - 2, "@b>", 3);
	return slice_of(line, 4 + n + 1);
}

START_TEST(forward_path)
{
	ck_assert_int_eq(parse_rcpt("TO:<Jones@Beta.GOV>"), 0);
	ck_assert(slice_eq(rcpt.to.local, SLICE("Jones")));
	ck_assert_int_eq(parse_rcpt("to: <PostMaster>"), 0);
	ck_assert(slice_eq(rcpt.to.local, SLICE("PostMaster")));
	ck_assert_uint_eq(rcpt.to.domain.n, 0);
	ck_assert_int_eq(parse_rcpt("TO:<postmaster@b>"), 0);
	ck_assert(slice_eq(rcpt.to.domain, SLICE("b")));
	ck_assert_int_eq(parse_rcpt("TO:<@a:postmaster>"), SMTP_ERECIPIENT);
	ck_assert_int_eq(parse_rcpt("TO:<>"), SMTP_ERECIPIENT);
	ck_assert_int_eq(parse_rcpt("TO:<a>"), SMTP_ERECIPIENT);
	ck_assert_int_eq(parse_rcpt("FROM:<a@b>"), SMTP_ERCPT_SYNTAX);
	ck_assert_int_eq(parse_rcpt("TO:<ü@b>"), SMTP_EUTF8);
	ck_assert_int_eq(smtp_rcpt_parse(SLICE("TO:<ü@b>"), true, &rcpt), 0);
	ck_assert_int_eq(parse_rcpt("TO:postmaster"), SMTP_ERECIPIENT);
	ck_assert_int_eq(parse_rcpt("TO:< postmaster >"), 0);
	ck_assert_int_eq(parse_rcpt("TO:a@b. NOTIFY=NEVER"), 0);
	ck_assert(slice_eq(rcpt.to.domain, SLICE("b")));
	/* A long local part, and one that no mailbox here can have. */
	ck_assert_int_eq(smtp_rcpt_parse(long_recipient(SMTP_RECIPIENT_MAX), false, &rcpt), 0);
	ck_assert_int_eq(smtp_rcpt_parse(long_recipient(SMTP_RECIPIENT_MAX + 1), false, &rcpt),
		SMTP_EADDRESS_LENGTH);
}
END_TEST

START_TEST(rcpt_parameters)
{
	ck_assert_int_eq(parse_rcpt("TO:<a@b> NOTIFY=SUCCESS,delay ORCPT=rfc822;Bob+2B@b"), 0);
	ck_assert_uint_eq(rcpt.notify, SMTP_NOTIFY_SUCCESS | SMTP_NOTIFY_DELAY);
	ck_assert(slice_eq(rcpt.orcpt_type, SLICE("rfc822")));
	ck_assert(slice_eq(rcpt.orcpt_address, SLICE("Bob+2B@b")));
	ck_assert_int_eq(parse_rcpt("TO:<a@b> NOTIFY=NEVER"), 0);
	ck_assert_uint_eq(rcpt.notify, SMTP_NOTIFY_NEVER);
	ck_assert_int_eq(parse_rcpt("TO:<a@b> NOTIFY=NEVER,SUCCESS"), SMTP_EPARAM_VALUE);
	ck_assert_int_eq(parse_rcpt("TO:<a@b> NOTIFY=SUCCESS,SUCCESS"), SMTP_EPARAM_VALUE);
	ck_assert_int_eq(parse_rcpt("TO:<a@b> NOTIFY=SUCCESS,"), SMTP_EPARAM_VALUE);
	ck_assert_int_eq(parse_rcpt("TO:<a@b> ORCPT=a@b"), SMTP_EPARAM_VALUE);
	ck_assert_int_eq(parse_rcpt("TO:<a@b> ORCPT=;a@b"), SMTP_EPARAM_VALUE);
	ck_assert_int_eq(parse_rcpt("TO:<a@b> ORCPT=rfc822;"), SMTP_EPARAM_VALUE);
	ck_assert_int_eq(parse_rcpt("TO:<a@b> ORCPT=rfc822;a=b@b"), SMTP_EPARAM_VALUE);
	ck_assert_int_eq(parse_rcpt("TO:<a@b> ORCPT=rfc822;a+0A@b"), SMTP_EPARAM_VALUE);
	ck_assert_int_eq(parse_rcpt("TO:<a@b> ORCPT=rfc(822);a@b"), SMTP_EPARAM_VALUE);
	ck_assert_int_eq(parse_rcpt("TO:<a@b> ORCPT=rfc822;ü@b"), SMTP_EPARAM_VALUE);
	ck_assert_int_eq(parse_rcpt("TO:<a@b> ORCPT=utf-8;ü@b"), 0);
	ck_assert_int_eq(parse_rcpt("TO:<a@b> ORCPT=x-local;a;b"), 0);
	ck_assert(slice_eq(rcpt.orcpt_address, SLICE("a;b")));
	ck_assert_int_eq(parse_rcpt("TO:<a@b> SIZE=1"), SMTP_EPARAM);
}
END_TEST

TEST_MAIN("smtp envelope", reverse_path, refused_mail, mail_parameters, world, forward_path,
	rcpt_parameters)
