/*
 * auth.h: what all folders of the auth module share: its state, and how a request is read.
 *
 *   account/       who there is: address, role, quota; what administrators do
 *   registration/  becoming an account; the first administrator    invitation/  links for it
 *   password/      hashing, which may be chosen                    reset/       forgotten ones
 *   profile/       what people say of themselves                   avatar/      their picture
 *   session/       log-in, its throttle, tokens                    factor/      second factors
 *   audit/         security events                                 personal/    export, erasure
 *   alias/         addresses that lead to others; whom an address reaches; who may write as what
 *   group/  preferences/  sms/  grant/ (pages of other origins)
 */
#ifndef AUTH_AUTH_H
#define AUTH_AUTH_H

#include "hearth/accounts.h"
#include "hearth/list.h"
#include "hearth/module.h"
#include "password/password_rules.h"

#define AUTH_HASH_MAX 128 /* an encoded argon2id hash with its NUL (crypto_pwhash_STRBYTES) */

#define AUTH_KEEPING_MAX 16

/*
 * A blob of a key of our own is named by its row within this time after its key was noted, or not at
 * all: twice as long after it was noted it is released (blob.h), whatever became of it meanwhile.
 */
#define AUTH_BLOB_PUT_MS (INT64_C(5) * 60 * 1000)

/* Pictures that wait for a place; more are refused. */
#define AUTH_AVATARS_WAITING 8

struct avatar_upload;
struct seal;
struct login_throttle;
struct turns;
struct remembered;
struct kept;

struct auth {
	struct hearth *h;
	struct db *db;
	struct cache *cache;
	struct pool *hash;
	struct accounts service;
	struct sms *sms;                 /* sms/sms.h; the next three are NULL in a command */
	struct login_throttle *throttle; /* session/login_throttle.h */
	struct turns *turns;             /* session/turn.h */
	struct seal *seal;               /* factor/seal.h */
	struct remembered *remembered;   /* session/remembered.h */
	struct {
		struct avatar_upload *waiting[AUTH_AVATARS_WAITING]; /* avatar/avatar.c */
		int waits, running;
	} avatars;
	struct preferences *preferences; /* preferences/preferences.h; NULL in a command */
	struct timer rest;               /* gives memory back that nobody hashes in */
	struct timer tidy;               /* removes what has expired */
	struct timer expiry;             /* ends tokens whose time is over (session/expiry.h) */
	int64_t expired;                 /* how many it found; its job's while that is in flight */
	int64_t sessions_per_account;
	unsigned token_generation; /* of what the cache keeps of tokens */
	/*
	 * Revocations that this process has heard of, those of other nodes too (everywhere, bus.h).
	 * An answer of the database that was asked for before one came is asked for again. One of
	 * another node that has not come yet ends what such an answer opened, when it comes.
	 */
	uint64_t revocations;
	int64_t token_ttl_ms;
	int64_t guess_window_ms;
	int64_t guesses_per_account; /* from one network, within the window */
	int64_t guesses_per_network;
	int64_t registrations_per_network;
	int64_t device_ttl_ms;   /* of a trusted device; 0: none is trusted */
	int64_t proof_ttl_ms;    /* of password and code, shown by a session (factor/proof.h) */
	int second_factor;       /* enum auth_factor_policy (factor/factor.h) */
	int64_t password_min;    /* characters */
	int64_t address_rest_ms; /* before somebody else may have it (account/resting.h) */
	unsigned long long argon_passes;
	size_t argon_memory;
	bool rehashing; /* a password is being hashed anew (session/rehash.c) */
	const char *keeping[AUTH_KEEPING_MAX]; /* modules that keep data of people */
	int keeping_count;
	struct {
		const char *module;
		accounts_storage_fn *used_wait;
		void *arg;
		struct kept *kept;    /* account/elsewhere.c */
	} counting[AUTH_KEEPING_MAX]; /* account/storage.h */
	int counting_count;
	int64_t exports_per_day, export_ttl_ms;
	int64_t groups_per_account; /* that a member makes (group/group.h) */
	char decoy[AUTH_HASH_MAX];  /* hash of nothing: checked when there is no such account */
};

/* ---- the module's tables: settings.c, routes.c, commands.c, check.c, schema.c ---- */

extern const struct config_setting auth_settings[];
extern const struct http_route auth_routes[];
extern const struct hearth_command auth_commands[];
extern const struct hearth_checks auth_checks; /* for `hearth verify` */
/* What is wrong though each setting is good by itself; what there is, taken into `a`. */
void auth_validate(const struct config *c, struct strbuf *errors);
void auth_read_settings(struct auth *a);

/* Every script of every folder's tables, in order. */
extern const char *const auth_migrations[];
extern const char auth_sms_migration[];              /* sms/sms_store.c: messages, codes, phones */
extern const char auth_factor_migration[];           /* factor/factor_store.c: tickets too */
extern const char auth_profile_migration[];          /* profile/profile_store.c */
extern const char preferences_migration[];           /* preferences/preferences_store.c */
extern const char auth_register_migration[];         /* registration/registration_store.c */
extern const char auth_export_migration[];           /* personal/export_store.c */
extern const char auth_grant_migration[];            /* grant/grant_store.c */
extern const char auth_group_migration[];            /* group/group_store.c */
extern const char auth_known_migration[];            /* session/known_store.c */
extern const char auth_proven_migration[];           /* session/proven_store.c */
extern const char auth_resting_migration[];          /* account/resting_store.c */
extern const char auth_reset_migration[];            /* reset/reset_store.c */
extern const char auth_second_address_migration[];   /* reset/second_address_store.c */
extern const char auth_group_invitation_migration[]; /* group/group_invitation_store.c */
extern const char auth_group_maker_migration[];      /* group/group_store.c */
extern const char auth_group_posting_migration[];    /* group/group_store.c */
extern const char auth_group_archive_migration[];    /* group/group_store.c */
extern const char auth_group_prefix_migration[];     /* group/group_store.c */
extern const char auth_subscriber_migration[];       /* group/subscriber_store.c */
extern const char auth_subscriber_told_migration[];  /* group/subscriber_bounce.c */
extern const char auth_subscriber_letters_migration[]; /* group/subscriber_store.c */
extern const char auth_subscriber_refused_migration[]; /* group/subscriber_store.c */
extern const char auth_alias_migration[];              /* alias/alias_store.c */

/* service.c: fills in the service interface; the others what is about groups, about addresses. */
void auth_service_init(struct auth *a);
void auth_group_service_init(struct auth *a);
void auth_alias_service_init(struct auth *a);

/* ---- request.c: reading a request, refusing it in the same words everywhere ---- */

/* Whether secrets may come this way: TLS or loopback. Else answers 403 and returns false. */
bool auth_secure(struct http_request *rq);
/*
 * A text member of `body` with min to max bytes. Else answers 400, which names it and says
 * `expected` ("a name of 1 to 64 characters"), and returns false.
 */
bool auth_read_text(struct http_request *rq, const struct json *body, const char *field, size_t min,
	size_t max, const char *expected, struct slice *out);
/*
 * A number of the query from 1 to max; *out keeps its value without one. Else answers 400, which
 * names it, and returns false.
 */
bool auth_read_number(struct http_request *rq, const char *name, int64_t max, int64_t *out);
/* 429: too many attempts, with the time to wait in Retry-After (whole seconds, never too few). */
void auth_reply_wait(struct http_request *rq, int64_t retry_ms);
/*
 * Answers with what a reading transaction wrote to *out, or with the error that it met. *out may
 * lie in the request's arena: its memory is taken before the request goes.
 */
void auth_reply_written(struct http_request *rq, int status, struct strbuf *out);
/* The request's User-Agent as text that fits (never cut within a character), and who sends. */
struct slice auth_device(const struct http_request *rq);

#endif
