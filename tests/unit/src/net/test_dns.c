/*
 * Questions to a real name server on loopback (tests/dns/serve.sh): every type, aliases, what is not
 * there, what is proven and what is forged; a resolver without signatures, and none at all.
 */
#include "harness.h"

#include <arpa/inet.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "../scratch.h"
#include "hearth/clock.h"
#include "hearth/health.h"
#include "hearth/log.h"
#include "loop/loop.h"
#include "net/dns.h"

#define ASKED_MAX (DNS_WAITING_MAX + 8)

static const char *dir;
static int port;
static pid_t server;
static struct dns *dns;
static char at[64], anchor[512];

/* One answer, kept. */
struct heard {
	struct dns_question q;
	bool is;
	enum dns_status status;
	bool secure;
	size_t count;
	char name[DNS_NAME_MAX + 1], why[256];
	struct strbuf first, all;
};

static void on_answer(void *arg, const struct dns_answer *a)
{
	struct heard *h = arg;

	ck_assert(!h->is);
	h->is = true;
	h->status = a->status;
	h->secure = a->secure;
	h->count = a->count;
	snprintf(h->name, sizeof(h->name), "%s", a->name);
	snprintf(h->why, sizeof(h->why), "%s", a->why ? a->why : "");
	for (size_t i = 0; i < a->count; i++)
		strbuf_add(i ? &h->all : &h->first, a->rdata[i]);
}

static int is_heard(void *arg)
{
	return ((struct heard *)arg)->is;
}

static struct heard *ask(const char *name, enum dns_type type)
{
	static struct heard h;

	strbuf_free(&h.first);
	strbuf_free(&h.all);
	h = (struct heard){ 0 };
	dns_ask(dns, &h.q, slice_str(name), type, on_answer, &h);
	ck_assert(!h.is); /* never from within the call */
	ck_assert(loop_run_until(is_heard, &h, DNS_PATIENCE_MS + 5000));
	return &h;
}

static int free_port(void)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET };
	socklen_t n = sizeof(v4);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert(bind(fd, (struct sockaddr *)&v4, n) == 0);
	getsockname(fd, (struct sockaddr *)&v4, &n);
	close(fd);
	return ntohs(v4.sin_port);
}

/* A server that hears and says nothing, for the names below "silent". */
static int hear(void)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET };
	socklen_t n = sizeof(v4);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	char path[300];
	FILE *f;

	v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert(bind(fd, (struct sockaddr *)&v4, n) == 0);
	getsockname(fd, (struct sockaddr *)&v4, &n);
	snprintf(path, sizeof(path), "%s/silent-port", dir);
	f = fopen(path, "we");
	ck_assert_ptr_nonnull(f);
	fprintf(f, "%d\n", ntohs(v4.sin_port));
	fclose(f);
	return fd;
}

/* The server's process; its zones are there when this returns. */
static void serve(void)
{
	char ready[300], number[16];

	port = free_port();
	snprintf(ready, sizeof(ready), "%s/ready", dir);
	snprintf(number, sizeof(number), "%d", port);
	snprintf(at, sizeof(at), "127.0.0.1:%d", port);
	snprintf(anchor, sizeof(anchor), "%s/anchor", dir);
	server = fork();
	if (server == 0) {
		execl("tests/dns/serve.sh", "serve.sh", dir, number, (char *)NULL);
		_exit(127);
	}
	for (int i = 0; access(ready, F_OK) != 0 && i < 600; i++)
		usleep(50000);
	ck_assert_int_eq(access(ready, F_OK), 0);
	loop_init();
}

static void end(void)
{
	dns_close(dns);
	dns_free(&dns);
	loop_close();
	kill(server, SIGTERM);
	waitpid(server, NULL, 0);
}

START_TEST(every_type_and_what_is_not_there)
{
	char text[DNS_NAME_MAX + 1];
	struct strbuf txt = { 0 };
	struct dns_tlsa tlsa;
	struct heard *h;
	int preference;

	dir = scratch_new();
	serve();
	dns = dns_new(at, anchor);
	/* The server listens a moment after its zones are made. */
	for (int i = 0; i < 100 && ask("mx1.test", DNS_A)->status == DNS_FAILED; i++)
		usleep(50000);
	h = ask("mx1.Test.", DNS_A);
	ck_assert_int_eq(h->status, DNS_FOUND);
	ck_assert(h->secure);
	ck_assert(dns_read_address((struct slice){ h->first.p, h->first.n }, text));
	ck_assert_str_eq(text, "127.0.0.1");
	h = ask("mx1.test", DNS_AAAA);
	ck_assert(dns_read_address((struct slice){ h->first.p, h->first.n }, text));
	ck_assert_str_eq(text, "::1");
	h = ask("test", DNS_MX);
	ck_assert_uint_eq(h->count, 2);
	ck_assert(dns_read_mx((struct slice){ h->first.p, h->first.n }, &preference, text));
	ck_assert(preference == 10 || preference == 20);
	ck_assert_str_eq(text, preference == 10 ? "mx1.test" : "mx2.test");
	h = ask("null.test", DNS_MX);
	ck_assert(dns_read_mx((struct slice){ h->first.p, h->first.n }, &preference, text));
	ck_assert_str_eq(text, "");
	h = ask("test", DNS_TXT);
	ck_assert(dns_read_txt((struct slice){ h->first.p, h->first.n }, &txt));
	ck_assert_str_eq(txt.p, "v=spf1 mx -all");
	strbuf_free(&txt);
	h = ask("_25._tcp.mx1.test", DNS_TLSA);
	ck_assert(h->secure);
	ck_assert(dns_read_tlsa((struct slice){ h->first.p, h->first.n }, &tlsa));
	ck_assert(tlsa.usage == 3 && tlsa.selector == 1 && tlsa.matching == 1 && tlsa.data.n == 32);
	h = ask("alias.test", DNS_A);
	ck_assert_int_eq(h->status, DNS_FOUND);
	ck_assert(strncmp(h->name, "mx1.test", 8) == 0);
	ck_assert_int_eq(ask("lost.test", DNS_A)->status, DNS_NXDOMAIN);
	h = ask("nowhere.test", DNS_A);
	ck_assert_int_eq(h->status, DNS_NXDOMAIN);
	ck_assert(h->secure); /* that it is not there is proven as well */
	ck_assert_int_eq(ask("mx2.test", DNS_AAAA)->status, DNS_NODATA);
	h = ask("mx1.forged", DNS_A);
	ck_assert(h->status == DNS_FOUND && h->secure);
	h = ask("mx2.forged", DNS_A);
	ck_assert_int_eq(h->status, DNS_BOGUS);
	ck_assert(!h->secure && h->why[0] && h->count == 0);
	h = ask("mx1.plain", DNS_A);
	ck_assert(h->status == DNS_FOUND && !h->secure);
	ck_assert_int_eq(ask("a..b", DNS_A)->status, DNS_NXDOMAIN);
	ck_assert(!health_is_set("dns-unproven"));
	end();
}
END_TEST

START_TEST(a_resolver_that_leaves_signatures_out)
{
	struct heard *h;

	dir = scratch_new();
	serve();
	snprintf(anchor, sizeof(anchor), "%s/anchor-plain", dir);
	dns = dns_new(at, anchor);
	for (int i = 0; i < 100 && (h = ask("mx1.plain", DNS_A))->status == DNS_FAILED; i++)
		usleep(50000);
	ck_assert_int_eq(h->status, DNS_FOUND);
	ck_assert(!h->secure);
	ck_assert(health_is_set("dns-unproven"));
	ck_assert_int_eq(ask("mx1.test", DNS_A)->status, DNS_FOUND);
	end();
}
END_TEST

START_TEST(one_that_does_not_answer_costs_bounded_waiting)
{
	static struct heard many[ASKED_MAX];
	size_t refused = 0;

	loop_init();
	dns = dns_new("127.0.0.1:1", "");
	for (size_t i = 0; i < ASKED_MAX; i++)
		dns_ask(dns, &many[i].q, SLICE("mx1.test"), DNS_A, on_answer, &many[i]);
	dns_drop(&many[1].q);
	dns_drop(&many[1].q);
	ck_assert(loop_run_until(is_heard, &many[0], DNS_PATIENCE_MS + 5000));
	ck_assert_int_eq(many[0].status, DNS_FAILED);
	for (size_t i = 0; i < ASKED_MAX; i++) {
		ck_assert(i == 1 ? !many[i].is : loop_run_until(is_heard, &many[i], 5000));
		refused += strcmp(many[i].why, "too many questions wait") == 0;
	}
	ck_assert_uint_eq(refused, ASKED_MAX - DNS_WAITING_MAX);
	/* Who asks now need not wait for the same: only the first has found that out. */
	ck_assert_int_eq(ask("mx1.test", DNS_A)->status, DNS_FAILED);
	ck_assert_str_eq(ask("mx2.test", DNS_A)->why, "the resolver does not answer");
	dns_close(dns);
	dns_free(&dns);
	loop_close();
}
END_TEST

START_TEST(names_whose_servers_are_silent_hold_up_no_others)
{
	enum { SILENT = 1900 };
	static struct heard silent[SILENT], quick;
	char name[32];
	int fd;

	dir = scratch_new();
	fd = hear();
	serve();
	dns = dns_new(at, anchor);
	ck_assert_int_eq(ask("mx1.test", DNS_A)->status, DNS_FOUND);
	for (int i = 0; i < SILENT; i++) {
		snprintf(name, sizeof(name), "n%d.silent", i);
		dns_ask(dns, &silent[i].q, slice_str(name), DNS_A, on_answer, &silent[i]);
	}
	dns_ask(dns, &quick.q, SLICE("mx2.test"), DNS_A, on_answer, &quick);
	/* At once, where each has a port of its own; behind them it would be heard after half of that. */
	ck_assert(loop_run_until(is_heard, &quick, DNS_PATIENCE_MS / 4));
	ck_assert_int_eq(quick.status, DNS_FOUND);
	for (int i = 0; i < SILENT; i++) {
		ck_assert(!silent[i].is);
		dns_drop(&silent[i].q);
	}
	close(fd);
	end();
}
END_TEST

START_TEST(whoever_waits_at_the_end_is_told)
{
	static struct heard h[3];

	loop_init();
	dns = dns_new("127.0.0.1:1", "");
	dns_ask(dns, &h[0].q, SLICE("mx1.test"), DNS_A, on_answer, &h[0]);
	dns_close(dns);
	ck_assert(h[0].is && h[0].status == DNS_FAILED);
	dns_drop(&h[0].q);
	dns_free(&dns);
	loop_close();
}
END_TEST

START_TEST(records_in_every_length)
{
	static const char mx[] = "\0\12\3mx1\4TEST\0", txt[] = "\2ab\0\3cde";
	char name[DNS_NAME_MAX + 1], long_name[300];
	struct strbuf out = { 0 };
	struct dns_tlsa tlsa;
	int preference;

	for (size_t n = 0; n < sizeof(mx) - 1; n++)
		ck_assert(!dns_read_mx(slice_of(mx, n), &preference, name));
	ck_assert(dns_read_mx(slice_of(mx, sizeof(mx) - 1), &preference, name));
	ck_assert_int_eq(preference, 10);
	ck_assert_str_eq(name, "mx1.test");
	ck_assert(!dns_read_mx(slice_of(mx, sizeof(mx)), &preference, name));
	/* A string's end is an end of the record, too: at 0 (nothing), 3, 4 and 8. */
	for (size_t n = 0; n < sizeof(txt); n++) {
		strbuf_reset(&out);
		ck_assert_int_eq(dns_read_txt(slice_of(txt, n), &out), n == 3 || n == 4 || n == 8);
		ck_assert(n != 8 || strcmp(out.p, "abcde") == 0);
	}
	strbuf_free(&out);
	ck_assert(!dns_read_tlsa(SLICE("\3\1\1"), &tlsa));
	ck_assert(!dns_read_address(SLICE("\1\2\3"), name));
	ck_assert(!dns_read_name(slice_of("\3a.b\0", 5), name));
	ck_assert(!dns_read_name(slice_of("\300\14", 2), name));
	memset(long_name, 'a', sizeof(long_name));
	ck_assert(dns_is_name(slice_of(long_name, 63)));
	ck_assert(!dns_is_name(slice_of(long_name, 64)));
	for (size_t i = 63; i < sizeof(long_name); i += 64)
		long_name[i] = '.';
	ck_assert(dns_is_name(slice_of(long_name, 253)));
	ck_assert(!dns_is_name(slice_of(long_name, 254)));
	ck_assert(
		!dns_is_name(SLICE("")) && !dns_is_name(SLICE(".a")) && !dns_is_name(SLICE("a.")));
	ck_assert(!dns_is_name(SLICE("a b")) && !dns_is_name(SLICE("a\\046b")));
}
END_TEST

TEST_MAIN("dns", every_type_and_what_is_not_there, a_resolver_that_leaves_signatures_out,
	one_that_does_not_answer_costs_bounded_waiting,
	names_whose_servers_are_silent_hold_up_no_others, whoever_waits_at_the_end_is_told,
	records_in_every_length)
