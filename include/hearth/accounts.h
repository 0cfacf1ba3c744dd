/*
 * accounts.h: service interface "accounts", implemented by the auth module: who is this, may they,
 * where do I reach them. Other modules know people only through it. On the loop and answered there,
 * but for what says that it waits: that is for workers and commands.
 */
#ifndef HEARTH_ACCOUNTS_H
#define HEARTH_ACCOUNTS_H

#include <stdio.h>

#include "hearth/conn.h"
#include "hearth/json.h"
#include "hearth/str.h"

/*
 * What a token or password opens: bits of struct account's `scopes`. A session has all of
 * ACCOUNTS_SCOPE_WEB; what a person makes for a program has what they chose.
 */
enum accounts_scope {
	ACCOUNTS_SCOPE_ACCOUNT = 1 << 0, /* the account itself: /api/auth */
	ACCOUNTS_SCOPE_MAIL = 1 << 1,
	ACCOUNTS_SCOPE_VIDEO = 1 << 2,
	ACCOUNTS_SCOPE_GAME = 1 << 3,
	ACCOUNTS_SCOPE_ADMIN = 1 << 4, /* what the person's role allows */
	ACCOUNTS_SCOPE_IMAP = 1 << 5,
	ACCOUNTS_SCOPE_SMTP = 1 << 6,
	ACCOUNTS_SCOPE_RTMP = 1 << 7,
	/* The same for looking only: a scope shifted by ACCOUNTS_SCOPE_READ_SHIFT. */
	ACCOUNTS_SCOPE_READ_SHIFT = 8,
	ACCOUNTS_SCOPE_WEB = ACCOUNTS_SCOPE_ACCOUNT | ACCOUNTS_SCOPE_MAIL | ACCOUNTS_SCOPE_VIDEO |
			     ACCOUNTS_SCOPE_GAME | ACCOUNTS_SCOPE_ADMIN,
	ACCOUNTS_SCOPE_ALL = ACCOUNTS_SCOPE_WEB | ACCOUNTS_SCOPE_IMAP | ACCOUNTS_SCOPE_SMTP |
			     ACCOUNTS_SCOPE_RTMP,
};

/* Whether these scopes allow what needs `scope`, a bit of the above, or to look at it. */
static inline bool accounts_scope_allows(unsigned scopes, unsigned scope, bool reading)
{
	return (scopes & scope) || (reading && (scopes & scope << ACCOUNTS_SCOPE_READ_SHIFT));
}

struct export_file;
struct http_request;

struct account {
	int64_t id;        /* never used again for another */
	char address[256]; /* mail address, lower case; also the log-in name */
	bool admin;        /* administrator: may do everything */
	bool moderator;    /* may look after people, not after the server */
	bool disabled;     /* may not log in; mail for it is still taken */
	bool factors;      /* a second factor is enrolled */
	int64_t quota;     /* bytes that may be kept for it, by all modules together; 0: no bound */
	int64_t elsewhere; /* of these, what other modules keep, once `elsewhere` filled it in */
	int64_t generation; /* of what it opened, when this was read: see accounts_revoked */
	/* How it was shown: by authenticate and by_token; 0 from the others. */
	int64_t token;   /* the id of the token or app password; 0: the main password */
	unsigned scopes; /* enum accounts_scope */
	/* By which group a mail reaches it (reached_by): its id, or ACCOUNTS_ADMINISTRATORS; 0. */
	int64_t through;
};

/* Where a password is used: some places cannot ask for a second factor. */
enum accounts_via {
	ACCOUNTS_VIA_WEB,
	ACCOUNTS_VIA_IMAP,
	ACCOUNTS_VIA_SMTP,
	ACCOUNTS_VIA_RTMP,
};

/*
 * 0 with the account (valid during the call), or HEARTH_EDENIED (wrong name or password: never
 * which), HEARTH_EBUSY (too many guesses: try later), HEARTH_ENOTFOUND (by address or token),
 * HEARTH_EIO, with NULL.
 */
typedef void accounts_fn(void *arg, int status, const struct account *account);
/* The same of authenticate: with HEARTH_EBUSY it is worth another try after retry_ms (> 0). */
typedef void accounts_login_fn(
	void *arg, int status, const struct account *account, int64_t retry_ms);

/*
 * Who a mail address reaches: accounts, each once, by itself rather than through a group, and through one that has the
 * mail now rather than one where it waits; and addresses at other servers that an alias names. postmaster, abuse and hostmaster of a local domain reach the
 * administrators where nobody else has the name; then one who gets it is enough.
 *
 * 0 with somebody, or HEARTH_ENOTFOUND (nobody: no such address, or a group without members),
 * HEARTH_EDENIED (the domain is none of ours), HEARTH_ETOOBIG (more than the bounds below, or aliases
 * deeper in each other than anybody means), HEARTH_EBUSY (also: no administrator is there yet),
 * HEARTH_EIO, with nobody. All of it is valid during the call.
 */
#define ACCOUNTS_ADMINISTRATORS (-1)
#define ACCOUNTS_REACHED_MAX    2000
#define ACCOUNTS_REMOTES_MAX    100
#define ACCOUNTS_GROUPS_MAX     50
#define ACCOUNTS_NAME_ROOM      260 /* bytes of a name for others, with its NUL */
struct accounts_group {
	int64_t id;
	const char *name, *title;
	const char *prefix; /* in front of the Subject of its mail; "": none */
	bool open;          /* anybody, or each member, may write to it; else its owners alone */
	bool may_post;      /* who writes is one of those */
	bool is_of_it;      /* who writes is a member or an owner */
	bool archived;      /* its mail is kept for its members */
	bool waits;         /* what others write waits for the word of one of … */
	const char *owners; /* … these: addresses of some of them, a line each */
};
/* A member of a group who has no account here, and gets its mail at an address elsewhere. */
struct accounts_subscriber {
	int64_t group, id;
	const char *address; /* NAME@DOMAIN, the domain in lower case */
};
struct accounts_reached {
	const struct account *accounts;
	size_t n;
	const struct accounts_group *groups; /* through which some of them are reached */
	size_t group_n;
	const char *const *remotes; /* NAME@DOMAIN, the domain in lower case */
	size_t remote_n;
	const struct accounts_subscriber *subscribers; /* ACCOUNTS_REACHED_MAX at most, each once */
	size_t subscriber_n;
};
/* A group, as people know it. */
struct accounts_group_named {
	char name[64], title[ACCOUNTS_NAME_ROOM];
	bool open;       /* more than its owners may write to it */
	bool archived;   /* its mail is kept for its members */
	char prefix[64]; /* in front of the Subject of its mail; "": none */
};
typedef void accounts_reached_fn(void *arg, int status, const struct accounts_reached *reached);

/* Whether the account may write as an address: 0, HEARTH_EDENIED, HEARTH_EBUSY, HEARTH_EIO. */
typedef void accounts_may_fn(void *arg, int status);

/* 0: it is proven; else the request was answered, and what lies in its arena is gone. */
typedef void accounts_proven_fn(void *arg, int status);

/* 0 with the name (valid during the call), or HEARTH_ENOTFOUND, HEARTH_EBUSY, HEARTH_EIO, NULL. */
typedef void accounts_name_fn(void *arg, int status, const char *name);

/* The name for others of an account that has chosen none. */
static inline void accounts_nameless(int64_t id, char out[ACCOUNTS_NAME_ROOM])
{
	snprintf(out, ACCOUNTS_NAME_ROOM, "player %lld", (long long)id);
}

/*
 * Bytes that a module keeps for each of n accounts; on a worker, or in a command, waiting. 0 or
 * HEARTH_EIO.
 */
typedef int accounts_storage_fn(void *arg, const int64_t *accounts, size_t n, int64_t *bytes);
/* `elsewhere` is filled in (0), or not: HEARTH_EIO, HEARTH_EBUSY. */
typedef void accounts_elsewhere_fn(void *arg, int status);

/*
 * Two modules that ask of each other what they keep are told what was so within this time. So an
 * account's quota holds for the sum of all, but for what they take in meanwhile and what is under
 * way; and what was freed in one module is room in the others so much later at most.
 */
#define ACCOUNTS_ELSEWHERE_MS 3000

struct accounts {
	void *self; /* first argument of each function */
	/*
	 * Checks a password, with the limits on guesses. Outside the web that is an app password of
	 * that scope, or the main one of an account without a second factor. From the loop; `done`
	 * there.
	 */
	void (*authenticate)(void *self, struct slice user, struct slice password,
		const struct conn_info *peer, enum accounts_via via, accounts_login_fn *done,
		void *arg);
	/*
	 * The account a session or API token belongs to; it is noted as used from there. From the
	 * loop; `done` there.
	 */
	void (*by_token)(void *self, struct slice token, const struct conn_info *peer,
		accounts_fn *done, void *arg);
	/*
	 * A proof that it is still the person who asks, before what a session that was stolen must not be able
	 * to do: "password" in the request's body, and "code", of their second factor, where they have one; or
	 * neither, when this very session has shown them a few minutes ago (auth's factor/proof.h). Wrong ones
	 * count, as at log-in. What is not proven is answered here: 400 or 403 naming the field, 409 (the session
	 * has ended), 429, 503. A code is used up whatever becomes of the request, so all else is looked at before.
	 * The route must be for who is signed in; `body` is that request's, or NULL: it has nothing else, and may
	 * be missing. From the loop; `done` there, once: later, but where the body is wrong, from inside the call.
	 */
	void (*prove)(void *self, struct http_request *rq, const struct json *body,
		accounts_proven_fn *done, void *arg);
	/* The account of an app password of this use, shown without a name. On the loop. */
	void (*by_app_password)(void *self, struct slice password, const struct conn_info *peer,
		enum accounts_via via, accounts_fn *done, void *arg);
	/*
	 * All that a mail address reaches, for delivering mail of `writer` (an account that is logged in;
	 * 0: anybody else). From the loop; `done` there.
	 */
	void (*reached_by)(void *self, struct slice address, int64_t writer,
		accounts_reached_fn *done, void *arg);
	/*
	 * An account leaves a group, or, by its negative number, a member elsewhere: 0, HEARTH_ENOTFOUND (it is not in it), HEARTH_ECONFLICT (it is the last
	 * owner, and others are in it), HEARTH_EBUSY, HEARTH_EIO. From the loop; `done` there.
	 */
	void (*leave_group)(
		void *self, int64_t group, int64_t account, accounts_may_fn *done, void *arg);
	/*
	 * Whether an account may have this address in MAIL FROM and in a From field: its own, with
	 * whatever subaddress; an alias that leads to it alone, or by which it was allowed to write
	 * (`hearth alias add --may-write`); that of a group it owns; and postmaster, abuse and hostmaster
	 * an administrator's. From the loop, `done` there; and waiting, on a worker or in a command.
	 */
	void (*may_write_as)(void *self, int64_t account, struct slice address,
		accounts_may_fn *done, void *arg);
	int (*may_write_as_wait)(void *self, int64_t account, struct slice address);
	/*
	 * The domains that are aliases of one of [mail] domains, in lower case and in order, into `a`;
	 * waiting, on a worker or in a command. 0 or HEARTH_EIO.
	 */
	int (*alias_domains_wait)(void *self, struct arena *a, struct slice **domains, size_t *n);
	/* The account that a mail address reaches. From the loop; `done` there. */
	void (*by_address)(void *self, struct slice address, accounts_fn *done, void *arg);
	/* The same, and by id, waiting: workers and commands. 0, HEARTH_ENOTFOUND, HEARTH_EIO. */
	int (*by_address_wait)(void *self, struct slice address, struct account *out);
	int (*by_id_wait)(void *self, int64_t id, struct account *out);
	/*
	 * What others see of an account: the display name it chose, else accounts_nameless; never a
	 * mail address. Names are not unique: the id tells two of one name apart. From the loop;
	 * `done` there.
	 */
	void (*name_of)(void *self, int64_t id, accounts_name_fn *done, void *arg);
	/*
	 * At start: this module (a name that lives for ever) keeps data of people, and takes
	 * ACCOUNTS_TOPIC_EXPORT and ACCOUNTS_TOPIC_DELETED. On the loop's thread.
	 */
	void (*keeps_data)(void *self, const char *module);
	/*
	 * At start, also that of a command: how much this module keeps for an account. `arg` lives
	 * until stop. On the loop's thread.
	 */
	void (*counts_storage)(
		void *self, const char *module, accounts_storage_fn *used_wait, void *arg);
	/*
	 * What modules other than `module` keep of the quotas of these accounts, into `elsewhere` of
	 * each that has a quota: a quota is one for all modules, and each adds what it keeps itself,
	 * as it is now. True: done from memory (ACCOUNTS_ELSEWHERE_MS), `done` will not be called;
	 * else it is, later, and the accounts live until then. From the loop; `done` there.
	 */
	bool (*elsewhere)(void *self, const char *module, struct account *accounts, size_t n,
		accounts_elsewhere_fn *done, void *arg);
	/* The same, waiting: workers. 0 or HEARTH_EIO. */
	int (*elsewhere_wait)(void *self, const char *module, struct account *accounts, size_t n);
	/*
	 * A module begins with its part of an export, for the attempt-th time; and hands it in, all
	 * files at once. Workers only. HEARTH_ENOTFOUND: nobody wants it (any more); HEARTH_EEXIST:
	 * it was handed in before, and that stands. export.h calls them.
	 */
	int (*export_begin_wait)(void *self, int64_t export, const char *module, int attempt);
	int (*export_part_wait)(void *self, int64_t export, const char *module,
		const struct export_file *files, size_t n);

	/*
	 * Groups (stream audiences, game clubs), waiting: workers and commands. A group's address
	 * is its name at any of our domains; the name alone will do. Who is in a group changes with
	 * the durable event "auth.group.changed" {"group", "name", "change": added, changed,
	 * deleted, joined, role or left, "account": whose membership}.
	 */
	/* *group is its id. HEARTH_ENOTFOUND. */
	int (*group_by_address_wait)(void *self, struct slice address, int64_t *group);
	/* What it is called. HEARTH_ENOTFOUND. */
	int (*group_by_id_wait)(void *self, int64_t group, struct accounts_group_named *out);
	/* Where a member elsewhere gets its mail. HEARTH_ENOTFOUND: they are none, or none any more. */
	int (*subscriber_wait)(void *self, int64_t group, int64_t id, char address[256]);
	/* The ids of its members, in `a`, by number; none for a group that is not there. */
	int (*members_wait)(
		void *self, int64_t group, struct arena *a, int64_t **members, size_t *n);
	/* 0 when the account owns the group, HEARTH_ENOTFOUND when it does not. */
	int (*owns_group_wait)(void *self, int64_t group, int64_t account);
	/* 0 when the account is in the group, HEARTH_ENOTFOUND when it is not. */
	int (*is_member_wait)(void *self, int64_t group, int64_t account);
};

/*
 * Live topic "accounts.revoked": tokens were ended; payload is JSON {"account": id, "password":
 * whether what the main password opened ends too, "generation": of the account from then on, "ids":
 * [the ids of the tokens]}. Whoever keeps a
 * connection for one of them ends it. Without a payload some were missed: then whatever came by a token
 * or a password may have ended, and counts so; clients sign in anew.
 */
#define ACCOUNTS_TOPIC_REVOKED "accounts.revoked"

/*
 * Whether such an event, as read, ends what `account` (as authenticate or by_token gave it) has.
 * NULL: some were missed.
 */
static inline bool accounts_revoked(const struct json *event, const struct account *account)
{
	const struct json *ids = event ? json_get(event, "ids") : NULL;
	int64_t id = 0, generation = INT64_MAX;
	bool password = false;

	if (!event)
		return true;
	if (json_get_i64(event, "account", 1, INT64_MAX, &id) < 0 || id != account->id)
		return false;
	json_get_bool(event, "password", &password);
	json_get_i64(event, "generation", 0, INT64_MAX, &generation);
	/* The event takes a moment to come: who logged in since then is not meant. */
	if (account->token == 0)
		return password && account->generation < generation;
	for (const struct json *it = ids ? ids->child : NULL; it; it = it->next)
		if (json_as_i64(it, 1, INT64_MAX, &id) == 0 && id == account->token)
			return true;
	return false;
}

/*
 * Durable topics, by account: {"account": id, "export": id}: make your part of that export
 * (export.h); {"account": id}: the account is gone, forget what you keep of it.
 */
#define ACCOUNTS_TOPIC_EXPORT  "auth.export.requested"
#define ACCOUNTS_TOPIC_DELETED "auth.account.deleted"

/*
 * Durable topic: a person changed their preferences; payload is JSON {"account", "version",
 * "document": all of it, as the schema of the auth module allows}. Key: the account.
 */
#define ACCOUNTS_TOPIC_PREFERENCES "auth.preferences.changed"

struct accounts_preferences {
	int64_t account;
	int64_t version;            /* grows with each change */
	const struct json *section; /* of the document; NULL when nothing was chosen there */
};

/* Reads such an event's payload, and finds one section ("mail"); 0 or what json_read met. */
static inline int accounts_preferences_read(struct arena *a, struct slice payload,
	const char *section, struct accounts_preferences *out)
{
	struct json *doc;
	int rc = json_read(a, payload, &doc, NULL);

	*out = (struct accounts_preferences){ 0 };
	if (rc == 0)
		rc = json_get_i64(doc, "account", 1, INT64_MAX, &out->account);
	if (rc == 0)
		rc = json_get_i64(doc, "version", 1, INT64_MAX, &out->version);
	if (rc == 0)
		out->section = json_get(json_get(doc, "document"), section);
	return rc;
}

#endif
