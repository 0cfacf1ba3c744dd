/*
 * gate_place.c: who is checked at all, and when it is a message's turn (gate.h). On the loop; as many wait
 * as there are sessions at the end of a message, and the list of them is gone over when one ends.
 */
#include <stdio.h>
#include <stdlib.h>

#include "hearth/error.h"
#include "hearth/log.h"
#include "hearth/map.h"
#include "hearth/metric.h"
#include "verify/gate_internal.h"

static void give_places(struct mail *m);

/* ---- places ---- */

static size_t running_of(const struct mail *m, struct slice network)
{
	return (size_t)map_get(m->gates.networks, network);
}

static void count_network(struct mail *m, struct slice network, size_t n)
{
	if (n > 0)
		map_set(m->gates.networks, network, (void *)n);
	else
		map_remove(m->gates.networks, network);
}

/* With the DNS. Some networks whose DNS is slow on purpose could take all places: then each ends sooner. */
int64_t gate_patience_ms(const struct mail *m, int64_t ms)
{
	return m->gates.running > GATES_MAX / 2 ? GATE_CROWDED_MS : ms;
}

void gate_leave_place(struct mail_gate *g)
{
	if (!g->has_place)
		return;
	g->has_place = false;
	g->m->gates.running--;
	count_network(g->m, g->network, running_of(g->m, g->network) - 1);
	give_places(g->m);
}

static bool take_place(struct mail_gate *g)
{
	struct mail_gates *all = &g->m->gates;
	size_t of_network = running_of(g->m, g->network);

	if (all->running >= GATES_MAX || of_network >= GATES_NETWORK_MAX)
		return false;
	all->running++;
	count_network(g->m, g->network, of_network + 1);
	g->has_place = true;
	return true;
}

static void on_placed(void *arg)
{
	gate_begin(arg);
}

/* In the order they came, but for those whose network has its share. */
static void give_places(struct mail *m)
{
	for (struct list_node *n = m->gates.waiting.head.next, *next;
		n != &m->gates.waiting.head && m->gates.running < GATES_MAX; n = next) {
		struct mail_gate *g = LIST_ENTRY(n, struct mail_gate, node);

		next = n->next;
		if (!take_place(g))
			continue;
		list_remove(&g->node);
		timer_start(&g->late, 0, 0, on_placed, g);
	}
}

/* Nothing of it was looked at: it comes again. */
static void on_no_place(void *arg)
{
	struct mail_gate *g = arg;

	list_remove(&g->node);
	log_warn("mail", "too many mails are being checked", "conn", "%lld", (long long)g->conn,
		NULL);
	gate_end(g, HEARTH_EBUSY);
}

/* ---- from outside ---- */

void mail_gate_check(struct mail_gate *g, struct slice bytes, const char *blob, uint64_t size,
	mail_gate_fn *done, void *arg)
{
	INVARIANT(g->step == GATE_NEW && done);
	g->bytes = bytes.n > 0 || blob ? bytes : SLICE("");
	g->blob = blob;
	g->size = size;
	g->done = done;
	g->arg = arg;
	g->step = GATE_WAITING;
	if (take_place(g)) {
		timer_start(&g->late, 0, 0, on_placed, g);
		return;
	}
	list_push(&g->m->gates.waiting, &g->node);
	timer_start(&g->late, g->m->draining ? 0 : GATE_PATIENCE_MS, 0, on_no_place, g);
}

bool mail_gate_applies(const struct mail *m, const char *peer)
{
	return m->gates.mode != GATE_OFF && !networks_have(&m->gates.trusted, peer);
}

struct mail_gate *mail_gate_new(struct mail *m, const struct mail_gate_client *client)
{
	struct mail_gate *g;

	if (!mail_gate_applies(m, client->peer))
		return NULL;
	g = mem_zalloc(sizeof(*g));
	g->m = m;
	g->a = arena_new();
	g->peer = arena_strdup(g->a, slice_str(client->peer));
	g->helo = arena_strdup(g->a, slice_str(client->helo));
	g->from = arena_strdup(g->a, slice_str(client->from));
	g->conn = client->conn;
	g->network = network_of(client->peer, 3, 6, g->address);
	return g;
}

void mail_gate_free(struct mail_gate **gp)
{
	struct mail_gate *g = *gp;

	if (!g)
		return;
	INVARIANT(g->step == GATE_NEW || g->step == GATE_ENDED);
	if (g->message.arena)
		verify_message_clear(&g->message);
	arena_free(&g->a);
	free(g);
	*gp = NULL;
}

const struct mail_gate_verdict *mail_gate_verdict(const struct mail_gate *g)
{
	INVARIANT(g->step == GATE_ENDED);
	return &g->verdict;
}

int mail_gate_record(struct db_tx *tx, const struct mail_gate *g)
{
	int rc = 0;

	for (size_t i = 0; i < g->row_n && rc == 0; i++)
		rc = mail_store_dmarc_count(tx, &g->rows[i]);
	return rc;
}

bool mail_gate_owns(const void *mail, struct slice id)
{
	const struct mail *m = mail;

	if (id.n > 0 && id.p[id.n - 1] == '.')
		id.n--;
	return slice_ieq(id, slice_str(hearth_hostname(m->h))) || mail_domain_is_local(m, id);
}

/* ---- the module's ---- */

/* "none" is no network: where it stands alone, nobody is trusted. */
static const char *read_trusted(const char *const *texts, struct networks *out)
{
	const char *none[] = { NULL };

	return networks_parse(
		texts[0] && !texts[1] && strcmp(texts[0], "none") == 0 ? none : texts, out);
}

const char *mail_gates_wrong_network(const char *const *trusted)
{
	struct networks networks;
	const char *wrong = read_trusted(trusted, &networks);

	networks_clear(&networks);
	return wrong;
}

void mail_gates_start(struct mail *m)
{
	const struct config *c = hearth_config(m->h);
	const char *mode = config_text(c, "mail", "dmarc");

	m->gates.mode = strcmp(mode, "off") == 0      ? GATE_OFF
			: strcmp(mode, "report") == 0 ? GATE_REPORT
						      : GATE_ENFORCE;
	m->gates.defer = strcmp(config_text(c, "mail", "dmarc_temperror"), "defer") == 0;
	read_trusted(config_list(c, "mail", "trusted"), &m->gates.trusted);
	m->gates.sealers = config_list(c, "mail", "arc_trusted");
	m->gates.networks = map_new();
	list_init(&m->gates.waiting);
	for (size_t i = 0; i < sizeof(m->gates.results) / sizeof(m->gates.results[0]); i++) {
		char label[64];

		snprintf(label, sizeof(label), "result=\"%s\"",
			dmarc_result_name((enum dmarc_result)i));
		m->gates.results[i] = metric_counter("hearth_mail_dmarc_total", label,
			"Mails from outside, by what DMARC says of their authors");
	}
}

void mail_gates_drain(struct mail *m)
{
	LIST_FOREACH (&m->gates.waiting, n) {
		struct mail_gate *g = LIST_ENTRY(n, struct mail_gate, node);

		timer_start(&g->late, 0, 0, on_no_place, g);
	}
}

void mail_gates_stop(struct mail *m)
{
	networks_clear(&m->gates.trusted);
	map_free(&m->gates.networks);
}
