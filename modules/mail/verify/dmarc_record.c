/*
 * dmarc_record.c: see dmarc_record.h. Pure; linear in the record.
 */
#include "verify/dmarc_record.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const char *const policies[] = { "none", "quarantine", "reject" };

const char *dmarc_policy_name(enum dmarc_policy policy)
{
	return policies[policy];
}

/* What is read of a record before what is missing is filled in. */
struct reading {
	struct dmarc_record *r;
	bool has_p, has_sp, has_np, bad;
};

static void read_policy(struct slice value, enum dmarc_policy *policy, bool *has, bool *bad)
{
	if (*has)
		return; /* the first one of a name counts */
	*has = true;
	for (size_t i = 0; i < COUNT(policies); i++)
		if (slice_ieq(value, slice_str(policies[i]))) {
			*policy = (enum dmarc_policy)i;
			return;
		}
	*bad = true;
}

static void read_text(struct slice value, struct slice *out)
{
	if (!out->p)
		*out = value;
}

static void read_tag(struct reading *in, struct slice name, struct slice value)
{
	struct dmarc_record *r = in->r;

	if (slice_ieq(name, SLICE("p")))
		read_policy(value, &r->p, &in->has_p, &in->bad);
	else if (slice_ieq(name, SLICE("sp")))
		read_policy(value, &r->sp, &in->has_sp, &in->bad);
	else if (slice_ieq(name, SLICE("np")))
		read_policy(value, &r->np, &in->has_np, &in->bad);
	else if (slice_ieq(name, SLICE("adkim")))
		r->strict_dkim = slice_ieq(value, SLICE("s"));
	else if (slice_ieq(name, SLICE("aspf")))
		r->strict_spf = slice_ieq(value, SLICE("s"));
	else if (slice_ieq(name, SLICE("t")))
		r->testing = slice_ieq(value, SLICE("y"));
	else if (slice_ieq(name, SLICE("psd")))
		r->psd = slice_ieq(value, SLICE("y"))   ? DMARC_PSD_YES
			 : slice_ieq(value, SLICE("n")) ? DMARC_PSD_NO
							: DMARC_PSD_UNKNOWN;
	else if (slice_ieq(name, SLICE("rua")))
		read_text(value, &r->rua);
	else if (slice_ieq(name, SLICE("ruf")))
		read_text(value, &r->ruf);
	else if (slice_ieq(name, SLICE("fo")))
		read_text(value, &r->fo);
}

/* Whether one of the addresses could be one; who reports looks closer. */
static bool has_address(struct slice rua)
{
	while (rua.p) {
		struct slice uri = slice_trim(slice_split(&rua, ','));

		if (slice_istarts(uri, SLICE("mailto:")) && slice_chr(uri, '@') > 0)
			return true;
	}
	return false;
}

/* The tag in front must be v=DMARC1; its value in these letters. */
static bool take_version(struct slice *text)
{
	struct slice value = slice_split(text, ';');
	struct slice name = slice_split(&value, '=');

	return name.n > 0 && (name.p[0] == 'v' || name.p[0] == 'V') && slice_trim(name).n == 1 &&
	       value.p && slice_eq(slice_trim(value), SLICE("DMARC1"));
}

bool dmarc_record_parse(struct slice text, struct dmarc_record *out)
{
	struct reading in = { .r = out };

	*out = (struct dmarc_record){ .applies = true };
	if (!take_version(&text))
		return false;
	while (text.p) {
		struct slice value = slice_split(&text, ';');
		struct slice name = slice_split(&value, '=');

		if (value.p)
			read_tag(&in, slice_trim(name), slice_trim(value));
	}
	if (!in.has_sp)
		out->sp = out->p;
	if (!in.has_np)
		out->np = out->sp;
	if (in.bad) {
		out->applies = has_address(out->rua);
		out->p = out->sp = out->np = DMARC_NONE;
	}
	return true;
}
