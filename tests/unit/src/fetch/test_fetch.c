/*
 * Requests to a web server that is right, slow, huge, broken, of a wrong certificate, or sends on;
 * names from a real resolver; bounds, dropping, and the end of the server.
 */
#include "web.h"

#include <signal.h>
#include <sys/wait.h>

#include "../scratch.h"
#include "fetch/fetcher.h"
#include "hearth/clock.h"
#include "hearth/error.h"
#include "hearth/network.h"
#include "loop/loop.h"
#include "net/dns.h"
#include "net/net.h"
#include "net/tls.h"

static struct fetcher *fetcher;

/* One answer, kept. */
struct heard {
	struct fetch fetch;
	int times, error, status;
	bool untrusted;
	char why[256], url[256], say[64];
	struct strbuf body;
	size_t says;
};

static void on_answer(void *arg, const struct fetch_answer *a)
{
	struct heard *h = arg;
	struct slice value;
	size_t at = 0;

	h->times++;
	h->error = a->error;
	h->status = a->status;
	h->untrusted = a->untrusted;
	snprintf(h->why, sizeof(h->why), "%s", a->why);
	snprintf(h->url, sizeof(h->url), "%s", a->url);
	snprintf(h->say, sizeof(h->say), "%.*s", SLICE_ARG(fetch_header(a, "x-Say")));
	while (fetch_header_next(a, "X-Say", &at, &value))
		h->says++;
	strbuf_reset(&h->body);
	strbuf_add(&h->body, a->body);
}

static int is_heard(void *arg)
{
	return ((struct heard *)arg)->times > 0;
}

static void wait_for(struct heard *h)
{
	ck_assert_int_eq(h->times, 0); /* never from within the call */
	ck_assert(loop_run_until(is_heard, h, 20000));
	ck_assert_int_eq(h->times, 1);
}

static const char *url_of(const char *host, const char *path)
{
	static char url[256];

	snprintf(
		url, sizeof(url), "%s://%s:%d%s", web_tls ? "https" : "http", host, web_port, path);
	return url;
}

static struct fetch_request request_of(const char *path)
{
	return (struct fetch_request){ .url = url_of("127.0.0.1", path),
		.plain = true,
		.anywhere = true,
		.patience_ms = 15000 };
}

static struct heard *ask(const struct fetch_request *rq)
{
	static struct heard h;

	strbuf_free(&h.body);
	h = (struct heard){ 0 };
	fetch_start(fetcher, &h.fetch, rq, on_answer, &h);
	wait_for(&h);
	return &h;
}

static size_t heard_count;

/* Each test begins anew, also where all of them run in one process. */
static void begin(void)
{
	loop_init();
	atomic_store(&web_taken, 0);
	heard_count = 0;
	web_start();
	fetcher = fetcher_new(NULL);
}

static void end(void)
{
	fetcher_close(fetcher);
	loop_close();
	fetcher_free(&fetcher);
	web_tls = NULL;
}

START_TEST(an_answer)
{
	struct fetch_request rq;
	const char *const headers[] = { "X-Mine: yes", NULL };
	struct heard *h;

	begin();
	rq = request_of("/ok");
	h = ask(&rq);
	ck_assert_int_eq(h->error, 0);
	ck_assert_int_eq(h->status, 200);
	ck_assert_str_eq(h->body.p, "hello");
	ck_assert_str_eq(h->say, "one");
	ck_assert_uint_eq(h->says, 2);
	rq = request_of("/echo");
	rq.method = "POST";
	rq.headers = headers;
	rq.user = "who";
	rq.body = SLICE("some bytes");
	h = ask(&rq);
	ck_assert_int_eq(h->status, 200);
	ck_assert(strstr(h->body.p, "POST /echo HTTP/1.1\r\n"));
	ck_assert(strstr(h->body.p, "User-Agent: Hearth/"));
	ck_assert(strstr(h->body.p, "X-Mine: yes\r\n"));
	ck_assert(strstr(h->body.p, "Authorization: Basic d2hvOg==\r\n"));
	ck_assert(strstr(h->body.p, "\r\n\r\nsome bytes"));
	ck_assert_int_eq(atomic_load(&web_taken), 1); /* one connection for both */
	end();
}
END_TEST

START_TEST(what_is_no_answer)
{
	struct fetch_request rq;
	const char *const split[] = { "X-Mine: yes\r\nX-Other: no", NULL };
	struct heard *h;

	begin();
	rq = request_of("/half");
	h = ask(&rq);
	ck_assert_int_eq(h->error, HEARTH_EIO);
	ck_assert_int_eq(h->status, 200);
	ck_assert_uint_eq(h->body.n, 0);
	ck_assert_str_ne(h->why, "");
	rq = request_of("/garbage");
	h = ask(&rq);
	ck_assert_int_eq(h->error, HEARTH_EIO);
	ck_assert_int_eq(h->status, 0);
	rq = request_of("/huge");
	ck_assert_int_eq(ask(&rq)->error, HEARTH_ETOOBIG);
	rq = request_of("/heads");
	ck_assert_int_eq(ask(&rq)->error, HEARTH_ETOOBIG);
	rq = request_of("/ok");
	rq.body_max = 5;
	ck_assert_int_eq(ask(&rq)->error, 0);
	rq.body_max = 4;
	ck_assert_int_eq(ask(&rq)->error, HEARTH_ETOOBIG);
	rq = request_of("/slow");
	rq.patience_ms = 300;
	ck_assert_int_eq(ask(&rq)->error, HEARTH_ETIMEOUT);
	rq = request_of("/ok");
	rq.headers = split;
	ck_assert_int_eq(ask(&rq)->error, HEARTH_EINVAL);
	rq = request_of("/ok");
	rq.plain = false;
	ck_assert_int_eq(ask(&rq)->error, HEARTH_EINVAL);
	rq.plain = true;
	rq.url = "file:///etc/passwd";
	ck_assert_int_eq(ask(&rq)->error, HEARTH_EINVAL);
	rq.url = "http://127.0.0.1:1/";
	h = ask(&rq);
	ck_assert_int_eq(h->error, HEARTH_EIO);
	ck_assert_str_ne(h->why, "");
	end();
}
END_TEST

/* However the address was come by. */
START_TEST(this_machine_is_not_for_strangers)
{
	const char *const here[] = { "127.0.0.1", NULL };
	struct fetch_request rq;

	begin();
	rq = request_of("/ok");
	rq.anywhere = false;
	ck_assert_int_eq(ask(&rq)->error, HEARTH_EDENIED);
	rq.url = url_of("[::ffff:127.0.0.1]", "/ok");
	ck_assert_int_eq(ask(&rq)->error, HEARTH_EDENIED);
	rq.url = url_of("www.example.org", "/ok");
	rq.addresses = here;
	ck_assert_int_eq(ask(&rq)->error, HEARTH_EDENIED);
	ck_assert_int_eq(atomic_load(&web_taken), 0);
	rq.anywhere = true;
	ck_assert_int_eq(ask(&rq)->status, 200);
	end();
}
END_TEST

START_TEST(it_sends_on)
{
	const char *const secrets[] = { "Authorization: Bearer abc", "X-Mine: yes", NULL };
	struct fetch_request rq;
	struct heard *h;

	begin();
	snprintf(web_elsewhere, sizeof(web_elsewhere), "http://127.0.0.2:%d/echo", web_port);
	rq = request_of("/round");
	ck_assert_int_eq(ask(&rq)->status, 302); /* not followed where that is not asked for */
	rq.redirects = 3;
	h = ask(&rq);
	ck_assert_int_eq(h->error, HEARTH_EIO);
	ck_assert(strstr(h->why, "again and again"));
	rq = request_of("/see");
	rq.redirects = 1;
	rq.method = "POST";
	rq.body = SLICE("some bytes");
	rq.headers = secrets;
	h = ask(&rq);
	ck_assert(strstr(h->body.p, "GET /echo HTTP/1.1\r\n"));
	ck_assert(strstr(h->body.p, "Bearer abc\r\n"));
	ck_assert(!strstr(h->body.p, "some bytes"));
	rq.url = url_of("127.0.0.1", "/same");
	h = ask(&rq);
	ck_assert(strstr(h->body.p, "POST /echo HTTP/1.1\r\n"));
	ck_assert(strstr(h->body.p, "some bytes"));
	rq.url = url_of("127.0.0.1", "/elsewhere");
	h = ask(&rq);
	ck_assert_str_eq(h->url, web_elsewhere);
	ck_assert(strstr(h->body.p, "X-Mine: yes\r\n"));
	ck_assert(!strstr(h->body.p, "Bearer"));
	rq.url = url_of("127.0.0.1", "/file");
	ck_assert_int_eq(ask(&rq)->error, HEARTH_EIO);
	end();
}
END_TEST

static void serve_tls(const char *hostname)
{
	const char *dir = scratch_new();
	struct strbuf why = { 0 };
	static char cert[300], key[300];

	snprintf(cert, sizeof(cert), "%s/cert.pem", dir);
	snprintf(key, sizeof(key), "%s/key.pem", dir);
	ck_assert_int_eq(tls_selfsigned(cert, key, hostname, &why), 0);
	web_tls = SSL_CTX_new(TLS_server_method());
	ck_assert_int_eq(SSL_CTX_use_certificate_chain_file(web_tls, cert), 1);
	ck_assert_int_eq(SSL_CTX_use_PrivateKey_file(web_tls, key, SSL_FILETYPE_PEM), 1);
	signal(SIGPIPE, SIG_IGN);
	begin();
}

START_TEST(certificates)
{
	const char *const here[] = { "127.0.0.1", NULL };
	struct fetch_request rq;
	char ca[300];
	struct heard *h;

	serve_tls("www.example.org");
	snprintf(ca, sizeof(ca), "%s/cert.pem", scratch_dir);
	rq = (struct fetch_request){ .url = url_of("www.example.org", "/ok"),
		.anywhere = true,
		.addresses = here,
		.ca = ca };
	ck_assert_str_eq(ask(&rq)->body.p, "hello");
	rq.ca = NULL; /* nobody the system trusts */
	h = ask(&rq);
	ck_assert_int_eq(h->error, HEARTH_EIO);
	ck_assert(h->untrusted);
	ck_assert_str_ne(h->why, "");
	rq.unverified = true;
	ck_assert_str_eq(ask(&rq)->body.p, "hello");
	rq.unverified = false;
	rq.ca = ca;
	rq.url = url_of("mail.example.org", "/ok"); /* another's */
	ck_assert(ask(&rq)->untrusted);
	rq.url = url_of("www.example.org", "/ok");
	ck_assert_str_eq(ask(&rq)->body.p, "hello");
	end();
}
END_TEST

static void on_counted(void *arg, const struct fetch_answer *a)
{
	*(int *)arg = a->error ? a->error : a->status;
	heard_count++;
}

static int all_heard(void *arg)
{
	return heard_count >= *(size_t *)arg;
}

/* Those that dribble hold up nobody, strangers do not take all there is, and too many are refused. */
START_TEST(many)
{
	enum { SLOW = FETCH_OPEN_MAX + 100 };
	static struct fetch slow[SLOW];
	static int got[SLOW];
	struct fetch_request rq, strange;
	size_t rest = SLOW - FETCH_OPEN_MAX;

	begin();
	rq = request_of("/slow");
	rq.patience_ms = 60000;
	strange = rq;
	strange.url = "http://198.51.100.1/"; /* TEST-NET: nobody, and not to be asked */
	strange.anywhere = false;
	for (size_t i = 0; i < FETCH_STRANGE_MAX; i++)
		fetch_start(fetcher, &slow[i], &rq, on_counted, &got[i]);
	rq = request_of("/ok");
	ck_assert_int_eq(ask(&rq)->status, 200);
	ck_assert_uint_eq(heard_count, 0);
	rq = request_of("/slow");
	rq.patience_ms = 60000;
	for (size_t i = FETCH_STRANGE_MAX; i < FETCH_OPEN_MAX; i++)
		fetch_start(fetcher, &slow[i], &rq, on_counted, &got[i]);
	/* Now nothing has room until somebody gives up. */
	while (atomic_load(&web_taken) < FETCH_OPEN_MAX)
		usleep(1000);
	rq = request_of("/ok");
	for (size_t i = FETCH_OPEN_MAX; i < SLOW; i++)
		fetch_start(fetcher, &slow[i], &rq, on_counted, &got[i]);
	fetch_drop(&slow[0]);
	fetch_drop(&slow[0]);
	ck_assert(loop_run_until(all_heard, &rest, 20000));
	for (size_t i = FETCH_OPEN_MAX; i < SLOW; i++)
		ck_assert_int_eq(got[i], 200);
	/* The server stops: whoever waits is told. */
	fetcher_close(fetcher);
	rest = SLOW - 1;
	ck_assert(loop_run_until(all_heard, &rest, 5000));
	ck_assert_int_eq(got[1], HEARTH_ECLOSED);
	ck_assert_int_eq(got[0], 0);
	fetch_start(fetcher, &slow[0], &strange, on_counted, &got[0]);
	rest = SLOW;
	ck_assert(loop_run_until(all_heard, &rest, 5000));
	ck_assert_int_eq(got[0], HEARTH_ECLOSED);
	end();
}
END_TEST

START_TEST(too_many_wait)
{
	enum { ALL = FETCH_OPEN_MAX + FETCH_WAITING_MAX + 40 };
	static struct fetch fetches[ALL];
	static int got[ALL];
	struct fetch_request rq;
	size_t one = 1, all = ALL;

	begin();
	rq = request_of("/slow");
	rq.patience_ms = 60000;
	for (size_t i = 0; i < ALL; i++)
		fetch_start(fetcher, &fetches[i], &rq, on_counted, &got[i]);
	ck_assert(loop_run_until(all_heard, &one, 5000));
	ck_assert_int_eq(got[ALL - 1], HEARTH_EBUSY);
	fetcher_close(fetcher);
	ck_assert(loop_run_until(all_heard, &all, 5000));
	ck_assert_int_eq(got[0], HEARTH_ECLOSED);
	end();
}
END_TEST

static int fetch_result;

static bool give_up(const void *arg)
{
	return arg != NULL;
}

static void *wait_main(void *arg)
{
	struct fetch_request *rq = arg;
	struct arena *a = arena_new();
	struct fetch_answer answer;

	fetch_wait(rq, a, &answer);
	fetch_result = answer.error ? answer.error : (int)answer.body.n;
	arena_free(&a);
	return NULL;
}

static int waited(struct fetch_request *rq)
{
	pthread_t thread;

	ck_assert_int_eq(pthread_create(&thread, NULL, wait_main, rq), 0);
	pthread_join(thread, NULL);
	return fetch_result;
}

START_TEST(a_worker_waits)
{
	struct fetch_request rq;

	begin();
	rq = request_of("/ok");
	ck_assert_int_eq(waited(&rq), 5);
	rq.url = url_of("127.0.0.1", "/round");
	rq.redirects = 2;
	ck_assert_int_eq(waited(&rq), HEARTH_EIO);
	rq.url = url_of("127.0.0.1", "/slow");
	rq.stopping = give_up;
	rq.stopping_arg = &rq;
	ck_assert_int_eq(waited(&rq), HEARTH_ECLOSED);
	end();
}
END_TEST

START_TEST(names_come_from_the_resolver)
{
	char ready[300], number[16], at[64], anchor[300];
	struct fetch_request rq;
	struct dns *dns;
	struct heard *h;
	pid_t server;
	int fd, port;

	scratch_new();
	begin();
	snprintf(ready, sizeof(ready), "%s/ready", scratch_dir);
	snprintf(anchor, sizeof(anchor), "%s/anchor", scratch_dir);
	port = web_listen(&fd); /* free a moment ago */
	close(fd);
	snprintf(number, sizeof(number), "%d", port);
	snprintf(at, sizeof(at), "127.0.0.1:%d", port);
	server = fork();
	if (server == 0) {
		execl("tests/dns/serve.sh", "serve.sh", scratch_dir, number, (char *)NULL);
		_exit(127);
	}
	for (int i = 0; access(ready, F_OK) != 0 && i < 600; i++)
		usleep(50000);
	fetcher_free(&fetcher);
	dns = dns_new(at, anchor);
	fetcher = fetcher_new(dns);
	rq = request_of("/ok");
	for (int i = 0; i < 100; i++) { /* it listens a moment later */
		rq.url = url_of("mx2.test", "/ok");
		h = ask(&rq);
		if (h->status)
			break;
		usleep(50000);
	}
	ck_assert_int_eq(h->status, 200);
	rq.anywhere = false;
	ck_assert_int_eq(ask(&rq)->error, HEARTH_EDENIED);
	rq.anywhere = true;
	rq.url = url_of("mx2.forged", "/ok");
	h = ask(&rq);
	ck_assert_int_eq(h->error, HEARTH_EIO);
	ck_assert_int_eq(h->status, 0);
	rq.anywhere = false;
	rq.url = url_of("nowhere.test", "/ok");
	ck_assert_str_eq(ask(&rq)->why, "the name has no address");
	rq.url = url_of("www.dead", "/ok");
	rq.patience_ms = 200;
	ck_assert_int_eq(ask(&rq)->error, HEARTH_ETIMEOUT);
	fetcher_close(fetcher);
	dns_close(dns);
	loop_close();
	fetcher_free(&fetcher);
	dns_free(&dns);
	kill(server, SIGTERM);
	waitpid(server, NULL, 0);
}
END_TEST

START_TEST(private_addresses)
{
	static const char *const private[] = { "127.0.0.1", "10.1.2.3", "172.31.0.1", "192.168.1.1",
		"169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1", "255.255.255.255", "::1",
		"::", "fe80::1", "fd00::1", "ff02::1", "::ffff:10.0.0.1", "64:ff9b::7f00:1",
		"2002:7f00:1::", "2001:db8::1", "2001::1", "nothing", "" };
	static const char *const public[] = { "1.1.1.1", "172.32.0.1", "172.15.255.255", "8.8.8.8",
		"223.255.255.255", "2606:4700::1111", "2a00::1", "64:ff9b::101:101",
		"2002:101:101::" };

	for (size_t i = 0; i < sizeof(private) / sizeof(private[0]); i++)
		ck_assert_msg(address_is_private(private[i]), "%s", private[i]);
	for (size_t i = 0; i < sizeof(public) / sizeof(public[0]); i++)
		ck_assert_msg(!address_is_private(public[i]), "%s", public[i]);
}
END_TEST

TEST_MAIN("fetch", an_answer, what_is_no_answer, this_machine_is_not_for_strangers, it_sends_on,
	certificates, many, too_many_wait, a_worker_waits, names_come_from_the_resolver,
	private_addresses)
