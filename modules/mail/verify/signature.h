/*
 * verify/signature.h: what the signatures of DKIM (RFC 6376 section 3.5) and ARC (RFC 8617 section 4.1)
 * have in common: a field that is read, a hash that it covers, a key in the DNS that must fit.
 *
 * Pure; what it keeps lies in the arena it is given.
 */
#ifndef MAIL_VERIFY_SIGNATURE_H
#define MAIL_VERIFY_SIGNATURE_H

#include "hearth/dns.h"
#include "verify/header_hash.h"
#include "verify/tags.h"

enum {
	SIGNATURE_FIELD_MAX = 32 * 1024, /* bytes of a field */
	SIGNATURE_NAMES_MAX = 500,       /* names in h= */
	SIGNATURE_RECORDS_MAX = 4,       /* key records under one name that are tried */
};

/* What came of a signature, in the words of Authentication-Results (RFC 8601 section 2.7.1). */
enum verify_result {
	VERIFY_NONE,      /* there is none */
	VERIFY_PASS,      /* it holds */
	VERIFY_FAIL,      /* it does not: the message, or the signature, was changed */
	VERIFY_POLICY,    /* it holds, but not by today's rules: a weak key, a time that is over */
	VERIFY_NEUTRAL,   /* it cannot be read */
	VERIFY_TEMPERROR, /* no answer from the DNS */
	VERIFY_PERMERROR, /* no key that fits, or a rule that cannot be met later either */
};

/* "none", "pass", … */
const char *verify_result_name(enum verify_result r);

enum signature_kind {
	SIGNATURE_DKIM, /* DKIM-Signature */
	SIGNATURE_AMS,  /* ARC-Message-Signature: i= is a number, no v= */
	SIGNATURE_AS,   /* ARC-Seal: as AMS, without h=, bh=, c=, l= */
};

enum signature_algorithm { SIGNATURE_RSA, SIGNATURE_ED25519 };

struct signature {
	enum signature_kind kind;
	const struct mime_field *field;
	struct tag_list tags;
	enum signature_algorithm algorithm;
	bool header_relaxed, body_relaxed;
	struct slice domain, selector; /* d=, s= */
	struct slice b_room;           /* what is left out for the hash */
	struct slice b, body_hash;     /* b=, bh=: bytes */
	struct slice *names;           /* h= */
	size_t name_count;
	bool limited;
	uint64_t limit;           /* l= */
	uint64_t signed_s, end_s; /* t=, x=; 0, UINT64_MAX when not said */
	/* "SELECTOR._domainkey.DOMAIN": where its key is. */
	char key_name[DNS_NAME_MAX + 1];
	/* Of what it covers: set by the owner, before the key is held against it. */
	unsigned char digest[HEADER_HASH_SIZE];
	/* What the DNS says. */
	bool answered;
	enum dns_status status;
	struct slice records[SIGNATURE_RECORDS_MAX];
	size_t record_count;
	bool testing; /* the key's owner says that it is only tried (t=y) */
};

/* VERIFY_NONE: it is read. Else what is to be said of it, and why. */
enum verify_result signature_read(struct signature *s, enum signature_kind kind, struct arena *a,
	const struct mime_field *field, const char **why);
/* Keeps what the DNS says about key_name, a TXT question. */
void signature_answer(struct signature *s, struct arena *a, const struct dns_answer *answer);
/* Holds digest and b= against the keys that were found. */
enum verify_result signature_check(
	struct signature *s, struct arena *a, uint64_t now_s, const char **why);

/* `name` is `domain`, or below it; letters of either case. */
bool signature_domain_covers(struct slice domain, struct slice name);

#endif
