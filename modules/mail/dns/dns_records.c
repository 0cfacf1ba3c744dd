/*
 * dns_records.c: the records to publish, made from the settings. Pure but for a look at the machine's
 * addresses and for the account at the certificate authority; at most DNS_RECORDS_MAX records, a dozen a
 * domain.
 */
#include "dns/dns_records.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>

#include "hearth/hosts.h"
#include "setup/setup.h"

#include "sign/keyring.h"

static const struct {
	enum dns_type type;
	const char *name;
} types[] = {
	{ DNS_A, "A" },
	{ DNS_AAAA, "AAAA" },
	{ DNS_MX, "MX" },
	{ DNS_TXT, "TXT" },
	{ DNS_SRV, "SRV" },
	{ DNS_PTR, "PTR" },
	{ DNS_CNAME, "CNAME" },
	{ DNS_CAA, "CAA" },
};

/* RFC 6186 and 8314: which of our listeners mail programs look for. */
static const struct {
	const char *service, *listener;
} services[] = {
	{ "_imaps._tcp", "imaps" },
	{ "_submissions._tcp", "submissions" },
};

const char *dns_type_name(enum dns_type type)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (types[i].type == type)
			return types[i].name;
	return "?";
}

/* ---- addresses ---- */

static bool is_public_v4(uint32_t a)
{
	return a >> 24 != 10 && a >> 24 != 127 && a >> 24 != 0 && a >> 20 != 0xac1 &&
	       a >> 16 != 0xc0a8 && a >> 16 != 0xa9fe && a >> 22 != 0x191 && a >> 28 != 0xe;
}

static bool is_public(const struct sockaddr *sa, char text[46])
{
	if (sa->sa_family == AF_INET) {
		struct in_addr a = ((const struct sockaddr_in *)sa)->sin_addr;

		return inet_ntop(AF_INET, &a, text, 46) && is_public_v4(ntohl(a.s_addr));
	}
	if (sa->sa_family == AF_INET6) {
		struct in6_addr a = ((const struct sockaddr_in6 *)sa)->sin6_addr;

		/* Global unicast (RFC 4291 2.5.4). */
		return inet_ntop(AF_INET6, &a, text, 46) && (a.s6_addr[0] & 0xe0) == 0x20;
	}
	return false;
}

static void list_addresses(struct dns_records *r)
{
	const size_t max = sizeof(r->addresses) / sizeof(r->addresses[0]);
	struct ifaddrs *all;

	if (getifaddrs(&all) != 0)
		return;
	for (struct ifaddrs *i = all; i && r->address_count < max; i = i->ifa_next)
		if (i->ifa_addr && i->ifa_flags & IFF_UP &&
			is_public(i->ifa_addr, r->addresses[r->address_count]))
			r->address_count++;
	freeifaddrs(all);
}

/* ---- records ---- */

__attribute__((format(printf, 5, 6))) static void add(struct dns_records *r, const char *name,
	enum dns_type type, const char *why, const char *format, ...)
{
	struct dns_record *record;
	va_list args;

	if (r->count == DNS_RECORDS_MAX)
		return;
	record = &r->list[r->count++];
	snprintf(record->name, sizeof(record->name), "%s", name);
	record->type = type;
	record->why = why;
	va_start(args, format);
	vsnprintf(record->value, sizeof(record->value), format, args);
	va_end(args);
}

static void add_host(struct dns_records *r, const char *host, bool is_domain)
{
	for (size_t i = 0; i < r->address_count; i++)
		add(r, host, strchr(r->addresses[i], ':') ? DNS_AAAA : DNS_A,
			"where this server is", "%s", r->addresses[i]);
	if (!is_domain)
		add(r, host, DNS_TXT, "nobody else speaks in this server's name (SPF)",
			"v=spf1 a -all");
}

/* What a relay sends from is its owner's to say: nobody is told to refuse the rest. */
static void add_spf(const struct hearth *h, struct dns_records *r, const char *domain)
{
	struct config_address relay = config_address(hearth_config(h), "mail", "relay");
	unsigned char bytes[16];

	if (relay.off)
		add(r, domain, DNS_TXT, "who may send mail in its name (SPF, RFC 7208)",
			"v=spf1 mx -all");
	else
		add(r, domain, DNS_TXT,
			"who may send mail in its name (SPF, RFC 7208): the relay's owner says "
			"what "
			"stands for that",
			"v=spf1 mx %s:%s ~all",
			inet_pton(AF_INET, relay.host, bytes) == 1    ? "ip4"
			: inet_pton(AF_INET6, relay.host, bytes) == 1 ? "ip6"
								      : "a",
			relay.host);
}

/* Under these names programs and other servers look for settings; and which policy it is. */
static void add_setup(
	const struct hearth *h, struct dns_records *r, const char *domain, const char *host)
{
	struct config_address https = config_address(hearth_config(h), "listen", "https");
	char name[DNS_NAME_MAX + 1], id[SETUP_STS_ID + 1];
	int port = hearth_port(h, "https");
	size_t from = r->count;

	for (const char *const *m = hearth_mail_hosts; *m; m++) {
		if (strcmp(*m, "mta-sts") == 0 &&
			strcmp(config_text(hearth_config(h), "mail", "mta_sts"), "off") == 0)
			continue;
		snprintf(name, sizeof(name), "%s.%s", *m, domain);
		add(r, name, DNS_CNAME,
			strcmp(*m, "mta-sts") == 0 ? "where the MTA-STS policy is (RFC 8461)"
						   : "where mail programs look for their settings",
			"%s", host);
	}
	if (setup_sts_id(hearth_config(h), host, id)) {
		snprintf(name, sizeof(name), "_mta-sts.%s", domain);
		add(r, name, DNS_TXT, "which MTA-STS policy it is; changes with it (RFC 8461)",
			"v=STSv1; id=%s", id);
	}
	snprintf(name, sizeof(name), "_autodiscover._tcp.%s", domain);
	if (!https.off)
		add(r, name, DNS_SRV, "Outlook finds this server", "0 1 %d %s",
			port ? port : https.port, host);
	for (; from < r->count; from++)
		r->list[from].optional = true;
}

/* Nobody but our account at our authority gets certificates for these names (RFC 8659, 8657). */
static void add_caa(const struct hearth *h, struct dns_records *r, const char *name)
{
	struct strbuf issuer = { 0 }, account = { 0 };

	if (hearth_acme_account(h, &issuer, &account))
		add(r, name, DNS_CAA, "nobody else gets certificates in its name (RFC 8659, 8657)",
			"0 issue \"%s; accounturi=%s\"", issuer.p, account.p);
	if (r->count > 0 && r->list[r->count - 1].type == DNS_CAA)
		r->list[r->count - 1].optional = true;
	strbuf_free(&issuer);
	strbuf_free(&account);
}

static void add_domain(
	const struct hearth *h, struct dns_records *r, const char *domain, const char *host)
{
	char name[DNS_NAME_MAX + 1];

	add(r, domain, DNS_MX, "mail for the domain comes to this server", "10 %s", host);
	add_spf(h, r, domain);
	snprintf(name, sizeof(name), "_dmarc.%s", domain);
	add(r, name, DNS_TXT, "what receivers do with mail that is not proven (DMARC, RFC 9989)",
		"v=DMARC1; p=none; rua=mailto:postmaster@%s", domain);
	snprintf(name, sizeof(name), "_smtp._tls.%s", domain);
	add(r, name, DNS_TXT, "where others report failures of TLS to (TLS-RPT, RFC 8460)",
		"v=TLSRPTv1; rua=mailto:postmaster@%s", domain);
	for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++) {
		int port = hearth_port(h, services[i].listener);
		struct config_address at =
			config_address(hearth_config(h), "listen", services[i].listener);

		snprintf(name, sizeof(name), "%s.%s", services[i].service, domain);
		if (!at.off)
			add(r, name, DNS_SRV, "mail programs find this server (RFC 6186, 8314)",
				"0 1 %d %s", port ? port : at.port, host);
	}
	add_setup(h, r, domain, host);
}

/* Of every key, whichever domain it is of (store/dkim_key.h). */
static void add_keys(const struct hearth *h, struct dns_records *r)
{
	struct arena *a = arena_new();
	struct mail_dkim_key *keys;
	size_t n;
	int rc = keyring_list(hearth_db(h, "mail"), SLICE(""), a, &keys, &n);

	for (size_t i = 0; i < n && rc == 0; i++) {
		const struct mail_dkim_key *k = &keys[i];
		bool revoked = k->state == MAIL_DKIM_REVOKED;
		struct strbuf value = { 0 };
		char name[DNS_NAME_MAX + 1];

		snprintf(name, sizeof(name), "%.*s._domainkey.%.*s", SLICE_ARG(k->selector),
			SLICE_ARG(k->domain));
		sign_key_record(&value, (enum signature_algorithm)k->algorithm,
			revoked ? SLICE("") : k->public_half);
		add(r, name, DNS_TXT,
			revoked ? "a key that was taken back: nothing signed by it counts (DKIM)"
				: "mail from the domain is proven to be so (DKIM, RFC 6376)",
			"%s", value.p);
		strbuf_free(&value);
	}
	arena_free(&a);
}

/* Domains that are aliases of ours. */
static void add_aliases(const struct hearth *h, struct dns_records *r, const char *host)
{
	struct arena *a = arena_new();
	struct slice *domains;
	size_t n = keyring_aliases(h, a, &domains);

	for (size_t i = 0; i < n; i++)
		add_domain(h, r, arena_strdup(a, domains[i]), host);
	arena_free(&a);
}

void dns_records_list(const struct hearth *h, struct dns_records *r)
{
	const char *const *domains = config_list(hearth_config(h), "mail", "domains");
	const char *host = hearth_hostname(h);
	bool is_domain = !domains[0];

	*r = (struct dns_records){ .count = 0 };
	list_addresses(r);
	for (const char *const *d = domains; *d; d++)
		is_domain |= slice_ieq(slice_str(*d), slice_str(host));
	add_host(r, host, is_domain);
	add_caa(h, r, host);
	if (!domains[0])
		add_domain(h, r, host, host);
	for (const char *const *d = domains; *d; d++)
		add_domain(h, r, *d, host);
	add_aliases(h, r, host);
	add_keys(h, r);
}
