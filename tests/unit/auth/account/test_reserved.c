/*
 * test_reserved.c: names that speak for whoever runs the server, in the spellings people try.
 */
#include "account/reserved.h"
#include "harness.h"

START_TEST(reserved_in_every_spelling)
{
	static const char *const reserved[] = { "postmaster", "POSTMASTER", "Hostmaster@x.test",
		"post.master", "post-master@x.test", "host_master", "p.o.s.t.m.a.s.t.e.r",
		"postmaster+sales@x.test", "p0stmaster", "adm1n", "admln", "adrnin", "adm|n",
		"r00t", "abu5e", "vvebmaster", "vvvvvv", "webrnaster", "lnfo", "1nf0",
		"administrator", "mailerdaemon", "mailer-daemon", "noreply", "no-reply", "noc",
		"n0c", "security", "secur1ty", "-root-", "_admin", "ssladmin", "sales", "ftp" };

	for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++)
		ck_assert_msg(reserved_name(slice_str(reserved[i])), "%s", reserved[i]);
}
END_TEST

START_TEST(what_machines_and_authorities_go_by_is_of_the_system)
{
	static const char *const system[] = { "dmarc", "DMARC", "tls-rpt", "tlsrpt",
		"tls.rpt@x.test", "autoconfig", "aut0config", "auto-discover", "autodiscover",
		"mta-sts", "mta_sts+a", "admin", "administrator", "webmaster", "hostmaster",
		"postmaster", "abuse", "noc", "security", "news", "www", "uucp", "ftp", "usenet",
		"hearth" };
	static const char *const organisation[] = { "info", "lnfo", "sa1es", "marketing", "support",
		"choir-request", "choir.owner@x.test", "a_b-bounces+x", "REQUEST-REQUEST" };

	for (size_t i = 0; i < sizeof(system) / sizeof(system[0]); i++)
		ck_assert_msg(reserved_for_system(slice_str(system[i])) &&
				      reserved_name(slice_str(system[i])),
			"%s", system[i]);
	for (size_t i = 0; i < sizeof(organisation) / sizeof(organisation[0]); i++)
		ck_assert_msg(!reserved_for_system(slice_str(organisation[i])) &&
				      reserved_name(slice_str(organisation[i])),
			"%s", organisation[i]);
}
END_TEST

START_TEST(people_keep_their_names)
{
	static const char *const free_names[] = {
		"", "@x.test", "+x", "ann", "rooter", "postmasters", "my-admin", "admin2",
		"information", "newsome", "martin", "will", "ann@postmaster.test",
		"ann+postmaster@x.test", "nocturne", "salesman", "chess", "request", "owner",
		"requests", "choirrequest", "request-ann", "spfister", "imap",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	};

	for (size_t i = 0; i < sizeof(free_names) / sizeof(free_names[0]); i++)
		ck_assert_msg(!reserved_name(slice_str(free_names[i])), "%s", free_names[i]);
	ck_assert(!reserved_name((struct slice){ 0 }));
}
END_TEST

START_TEST(three_reach_the_administrators)
{
	ck_assert(reserved_reaches_administrators(SLICE("PostMaster")));
	ck_assert(reserved_reaches_administrators(SLICE("abuse")));
	ck_assert(reserved_reaches_administrators(SLICE("HOSTMASTER")));
	ck_assert(!reserved_reaches_administrators(SLICE("webmaster")));
	ck_assert(!reserved_reaches_administrators(SLICE("post.master")));
	ck_assert(!reserved_reaches_administrators(SLICE("")));
}
END_TEST

TEST_MAIN("reserved", reserved_in_every_spelling,
	what_machines_and_authorities_go_by_is_of_the_system, people_keep_their_names,
	three_reach_the_administrators)
