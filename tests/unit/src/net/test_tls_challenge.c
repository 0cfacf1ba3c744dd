/*
 * A certificate authority that looks whether a name leads here (RFC 8737): its handshake waits until the
 * certificate for the name is there, or that there is none; it may leave meanwhile, or say more. All other
 * handshakes wait for nothing.
 */
#include "net/conn_internal.h"
#include "tls_test.h"

#include "acme/certs.h"
#include "acme/jws.h"

static struct {
	bool refuse;
	struct tls_question *question; /* of the handshake that waits */
	int asked;
	char name[256];
} authority;

static bool ask(void *arg, const char *name, struct tls_question *q)
{
	(void)arg;
	authority.asked++;
	snprintf(authority.name, sizeof(authority.name), "%s", name);
	if (authority.refuse)
		return false;
	authority.question = q;
	q->kept = &authority.question;
	return true;
}

static int is_asked(void *arg)
{
	(void)arg;
	return authority.question != NULL;
}

static void look(const char *protocols)
{
	memset(&authority, 0, sizeof(authority));
	pair("http/1.1");
	tls_set_challenges(ask, NULL);
	SSL_set_alpn_protos(
		client.ssl, (const unsigned char *)protocols, (unsigned)strlen(protocols));
	conn_start_tls(server.c);
	client_start(&client);
}

static void look_and_wait(void)
{
	look("\nacme-tls/1");
	ck_assert(loop_run_until(is_asked, NULL, 5000));
	ck_assert_str_eq(authority.name, "Mail.Example.ORG");
	run_for(20);
	ck_assert(!client.up && !client.failed && client.c);
	ck_assert_int_eq(authority.asked, 1);
}

static void unlook(void)
{
	net_close_all();
	client_free(&client);
	strbuf_free(&server.got);
	tls_set_challenges(NULL, NULL);
}

START_TEST(it_waits_for_the_certificate)
{
	const unsigned char digest[32] = { 7 };
	EVP_PKEY *key = acme_key_new();
	const unsigned char *chosen;
	unsigned chosen_n;
	X509 *shown;

	make_context();
	look_and_wait();
	ck_assert_int_eq(EVP_PKEY_up_ref(key), 1);
	tls_question_answer(
		authority.question, certs_challenge(key, "mail.example.org", digest), key);
	ck_assert(loop_run_until(client_settled, &client, 5000));
	ck_assert(client.up);
	SSL_get0_alpn_selected(client.ssl, &chosen, &chosen_n);
	ck_assert(slice_eq(slice_of(chosen, chosen_n), SLICE("acme-tls/1")));
	shown = SSL_get1_peer_certificate(client.ssl);
	ck_assert_int_eq(X509_check_private_key(shown, key), 1);
	wait_closed(&server, HEARTH_ECLOSED); /* there is nothing behind it */
	ck_assert_int_eq(authority.asked, 1);
	X509_free(shown);
	EVP_PKEY_free(key);
	unlook();
	remove_context();
}
END_TEST

START_TEST(nobody_has_the_name)
{
	make_context();
	look_and_wait();
	tls_question_answer(authority.question, NULL, NULL);
	ck_assert(loop_run_until(client_settled, &client, 5000));
	ck_assert(!client.up);
	unlook();
	/* Too many are asked already. */
	memset(&authority, 0, sizeof(authority));
	look("\nacme-tls/1");
	authority.refuse = true;
	ck_assert(loop_run_until(client_settled, &client, 5000));
	ck_assert(!client.up);
	ck_assert_int_eq(authority.asked, 1);
	unlook();
	remove_context();
}
END_TEST

START_TEST(it_leaves_or_says_more_meanwhile)
{
	make_context();
	look_and_wait();
	conn_abort(client.c, HEARTH_ECLOSED);
	wait_closed(&server, HEARTH_ECLOSED);
	ck_assert_ptr_null(authority.question); /* nobody is to be answered any more */
	unlook();

	look_and_wait();
	conn_abort(server.c, HEARTH_ECLOSED);
	run_for(10);
	ck_assert_ptr_null(authority.question);
	unlook();

	look_and_wait();
	conn_write(client.c, SLICE("no record of TLS"));
	run_for(20);
	ck_assert_ptr_nonnull(authority.question);
	tls_question_answer(authority.question, NULL, NULL);
	ck_assert(loop_run_until(client_settled, &client, 5000));
	ck_assert(!client.up);
	unlook();
	remove_context();
}
END_TEST

START_TEST(others_are_not_asked_about)
{
	static const char *const protocols[] = { "\x08http/1.1", "\nacme-tls/1\x08http/1.1" };

	make_context();
	for (size_t i = 0; i < sizeof(protocols) / sizeof(protocols[0]); i++) {
		look(protocols[i]);
		ck_assert(loop_run_until(client_settled, &client, 5000));
		ck_assert(client.up);
		ck_assert_int_eq(authority.asked, 0);
		unlook();
	}
	remove_context();
}
END_TEST

TEST_MAIN("tls_challenge", it_waits_for_the_certificate, nobody_has_the_name,
	it_leaves_or_says_more_meanwhile, others_are_not_asked_about)
