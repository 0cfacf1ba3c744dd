/*
 * fuzz_dkim.c: any bytes as a message with signatures and a chain: cut in two or whole, the same is read;
 * what is asked of the DNS are names; whatever answers, each ends with a result, and none passes, since
 * nobody here signs.
 */
#include <stdlib.h>

#include "hearth/log.h"
#include "verify/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A key record for all that ask: one that is well-formed, and nobody has the key. */
static const char record[] =
	"\x42v=DKIM1; k=ed25519; p=3bYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo0=";

static void read_cut(struct verify_message *m, struct slice in, size_t cut)
{
	verify_message_init(m);
	verify_message_feed(m, slice_head(in, cut));
	verify_message_feed(m, slice_skip(in, cut));
	verify_message_end(m);
}

static void judge(struct verify_message *m)
{
	struct slice rdata = slice_of(record, sizeof(record) - 1);
	struct dns_answer answer = { .status = DNS_FOUND, .why = "", .count = 1, .rdata = &rdata };

	for (size_t i = 0; i < m->dkim.count; i++)
		if (dkim_wants(&m->dkim, i))
			dkim_answer(&m->dkim, i, m->arena, &answer);
	for (size_t i = 0; i < arc_asks(&m->arc); i++)
		arc_answer(&m->arc, i, m->arena, &answer);
	dkim_judge(&m->dkim, m->arena, 1000);
	arc_judge(&m->arc, m->arena, 1000);
}

static bool is_name(const char *name)
{
	return !name || (strlen(name) <= DNS_NAME_MAX && strstr(name, "._domainkey.") &&
				strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
					     "0123456789-_.") == strlen(name));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct verify_message whole, parts;
	struct slice in;

	if (size < 2)
		return 0;
	in = slice_of(data + 1, size - 1);
	read_cut(&whole, in, in.n);
	read_cut(&parts, in, data[0] * in.n / 256);
	INVARIANT(whole.dkim.count == parts.dkim.count && whole.arc.count == parts.arc.count);
	for (size_t i = 0; i < whole.dkim.count; i++)
		INVARIANT(is_name(dkim_wants(&whole.dkim, i)));
	for (size_t i = 0; i < arc_asks(&whole.arc); i++)
		INVARIANT(is_name(arc_wants(&whole.arc, i)));
	judge(&whole);
	judge(&parts);
	for (size_t i = 0; i < whole.dkim.count; i++) {
		INVARIANT(whole.dkim.signatures[i].result == parts.dkim.signatures[i].result);
		INVARIANT(whole.dkim.signatures[i].result > VERIFY_PASS);
	}
	INVARIANT(whole.arc.result == parts.arc.result && whole.arc.result != VERIFY_PASS);
	INVARIANT((whole.arc.result == VERIFY_NONE) == (whole.arc.count == 0 && !whole.arc.reason));
	verify_message_clear(&whole);
	verify_message_clear(&parts);
	return 0;
}
