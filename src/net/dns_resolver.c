/*
 * dns_resolver.c: libunbound, which resolves and validates on a thread of its own and says by a file
 * descriptor that answers are there (dns_internal.h).
 *
 *   CLOSED ──first question──▶ PROBING ──the root's keys are proven──▶ PROVEN
 *                                 │                                      (answers may be secure)
 *                                 └──a resolver that leaves signatures out──▶ UNPROVEN
 *                                                                        (none is; looked at again)
 *
 * The probe is a question for the keys of the trust anchors' zone. Behind a resolver that does not
 * hand signatures on, everything would count as forged with the anchors in place, so the context is
 * made anew without them, and once more with them a while later, when nobody else waits.
 *
 * On the loop; the caches are bounded by `options`.
 */
#include "net/dns_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "hearth/arena.h"
#include "hearth/clock.h"
#include "hearth/health.h"
#include "hearth/log.h"

#define TYPE_DNSKEY 48
#define ROOT_KEYS   "/usr/share/dns/root.key" /* Debian's dns-root-data, which is updated */

/* The root's keys of 2017 and 2024 (RFC 7958), for where that file is not. */
static const char *const root_ds[] = {
	". IN DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D",
	". IN DS 38696 8 2 683D2D0ACB8C9B712A1948B27F741219298D0A450D612C483AF444A4C0FB2B16",
	NULL,
};

static const char *const options[][2] = {
	{ "do-not-query-localhost:", "no" }, /* a resolver on this machine is a good one */
	/* Each question that waits for an answer has a port: of 16, silent servers would take all. */
	{ "outgoing-range:", "512" },
	{ "msg-cache-size:", "1m" },
	{ "rrset-cache-size:", "2m" },
	{ "key-cache-size:", "1m" },
	{ "neg-cache-size:", "256k" },
	{ "cache-max-ttl:", "86400" },
	{ "use-syslog:", "no" },
	{ NULL, NULL },
};

static void on_closed(uv_handle_t *handle)
{
	free(handle);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
	struct dns *d = poll->data;

	(void)status;
	(void)events;
	ub_process(d->ctx);
}

void dns_resolver_close(struct dns *d)
{
	if (d->poll)
		uv_close((uv_handle_t *)d->poll, on_closed);
	d->poll = NULL;
	ub_ctx_delete(d->ctx);
	d->ctx = NULL;
	d->state = DNS_CLOSED;
}

/*
 * The system's resolver is asked, or one that was named. That one knows what names there are: none
 * is answered here for the reason that the internet has no such (private networks, "test").
 */
static int set_server(struct dns *d)
{
	struct config_address address;
	char at[sizeof(address.host) + 8];

	if (!d->server[0])
		return ub_ctx_resolvconf(d->ctx, NULL);
	if (config_address_parse(slice_str(d->server), &address) != 0)
		return UB_SYNTAX;
	snprintf(at, sizeof(at), "%s@%d", address.host, address.port);
	ub_ctx_set_option(d->ctx, "unblock-lan-zones:", "yes");
	ub_ctx_set_option(d->ctx, "insecure-lan-zones:", "yes");
	return ub_ctx_set_fwd(d->ctx, at);
}

static int add_anchors(struct dns *d)
{
	int rc = 0;

	if (d->anchor[0])
		return ub_ctx_add_ta_file(d->ctx, d->anchor);
	if (access(ROOT_KEYS, R_OK) == 0)
		return ub_ctx_add_ta_file(d->ctx, ROOT_KEYS);
	for (size_t i = 0; root_ds[i] && rc == 0; i++)
		rc = ub_ctx_add_ta(d->ctx, root_ds[i]);
	return rc;
}

/* 0, or one of libunbound's errors. */
static int open_context(struct dns *d, bool anchors)
{
	int rc = 0;

	d->ctx = ub_ctx_create();
	if (!d->ctx)
		return UB_NOMEM;
	ub_ctx_debugout(d->ctx, NULL);
	for (size_t i = 0; options[i][0] && rc == 0; i++)
		rc = ub_ctx_set_option(d->ctx, options[i][0], options[i][1]);
	if (rc == 0)
		rc = ub_ctx_async(d->ctx, 1);
	if (rc == 0)
		rc = set_server(d);
	if (rc == 0 && anchors)
		rc = add_anchors(d);
	/* After this no option can be set any more. */
	if (rc == 0 && d->server[0])
		ub_ctx_zone_remove(d->ctx, "test.");
	if (rc != 0)
		return rc;
	d->poll = mem_zalloc(sizeof(*d->poll));
	d->poll->data = d;
	INVARIANT(uv_poll_init(loop_uv(), d->poll, ub_fd(d->ctx)) == 0);
	uv_poll_start(d->poll, UV_READABLE, on_readable);
	return 0;
}

/* ---- the probe ---- */

static void on_settled(void *arg);

static void on_probed(void *arg, int error, struct ub_result *r)
{
	struct dns *d = arg;

	if (error || !r || (!r->secure && !r->bogus && r->rcode != 0))
		d->next = DNS_CLOSED; /* the resolver does not answer */
	else
		d->next = r->secure ? DNS_PROVEN : DNS_UNPROVEN;
	if (r && r->bogus)
		log_info("dns", "the keys of the root are not proven", "why", "%s",
			r->why_bogus ? r->why_bogus : "", NULL);
	ub_resolve_free(r);
	/* Not from within the resolver's call. */
	timer_start(&d->settle, 0, 0, on_settled, d);
}

static void probe(struct dns *d)
{
	char zone[DNS_NAME_MAX + 1] = ".";
	FILE *f = d->anchor[0] ? fopen(d->anchor, "re") : NULL;
	int id;

	if (f && fscanf(f, "%255s", zone) != 1)
		snprintf(zone, sizeof(zone), ".");
	if (f)
		fclose(f);
	d->state = DNS_PROBING;
	d->probed_ms = clock_mono_ms();
	d->next = DNS_CLOSED;
	if (ub_resolve_async(d->ctx, zone, TYPE_DNSKEY, DNS_CLASS_IN, d, on_probed, &id) != 0)
		timer_start(&d->settle, 0, 0, on_settled, d);
}

static void give_up(struct dns *d, const char *why)
{
	health_set("dns", "the resolver cannot be used: %s", why);
	d->silent = true;
	dns_resolver_close(d);
	dns_fail_waiting(d, why);
}

static void on_settled(void *arg)
{
	struct dns *d = arg;
	int rc;

	INVARIANT(d->state == DNS_PROBING);
	if (d->next == DNS_REOPENED) {
		dns_resolver_close(d);
		dns_resolver_open(d);
		return;
	}
	if (d->next == DNS_CLOSED) {
		give_up(d, "it does not answer");
		return;
	}
	if (d->next == DNS_UNPROVEN) {
		health_set("dns-unproven",
			"the resolver (%s) leaves out the signatures of DNSSEC: nothing is "
			"proven, DANE is not used",
			d->server[0] ? d->server : "the system's");
		dns_resolver_close(d);
		rc = open_context(d, false);
		if (rc != 0) {
			give_up(d, ub_strerror(rc));
			return;
		}
	} else {
		health_clear("dns-unproven");
	}
	health_clear("dns");
	d->silent = false;
	d->state = d->next;
	dns_send_waiting(d);
}

void dns_resolver_open(struct dns *d)
{
	int rc = open_context(d, true);

	if (rc == 0)
		probe(d);
	else
		give_up(d, ub_strerror(rc));
}

void dns_resolver_reopen(struct dns *d)
{
	d->state = DNS_PROBING;
	d->next = DNS_REOPENED;
	timer_start(&d->settle, 0, 0, on_settled, d);
}
