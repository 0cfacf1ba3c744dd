/*
 * argon.c: argon2id in memory that is kept.
 *
 * One hash needs some 20 MiB, the same again for the next. Mapped and given back for each (as
 * libsodium's crypto_pwhash does), hundreds of log-ins change the address space hundreds of times;
 * the kernel's lock on that is also taken by page faults of every other thread, and games waited
 * for it. So the memory is mapped once for each worker, and stays until nobody has logged in for a
 * while. It is there before the computing begins, which job_compute does:
 * that takes no lock at all. On workers; bounded by KEPT_MAX blocks and the hashes under way.
 */
#include "password/argon.h"

#include <argon2.h>
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "hearth/error.h"
#include "hearth/job.h"
#include "hearth/log.h"

#define SALT_BYTES 16
#define HASH_BYTES 32
#define KEPT_MAX   2                   /* the threads of the pool "hash" */
#define MEMORY_MAX (UINT32_C(1) << 20) /* KiB; of a hash that was stored */
#define BASE64     sodium_base64_VARIANT_ORIGINAL_NO_PADDING

/* Blocks of memory nobody hashes in. */
static struct {
	pthread_mutex_t lock;
	uint8_t *blocks[KEPT_MAX];
	size_t sizes[KEPT_MAX];
	int count;
	bool used; /* since argon_rest looked last */
	void (*begun)(void *arg);
	void *arg;
} kept = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* Takes a block of this size, or takes one of another size away: the parameters have changed. */
static uint8_t *take_kept(size_t size, uint8_t **wrong, size_t *wrong_size)
{
	uint8_t *found = NULL;

	pthread_mutex_lock(&kept.lock);
	kept.used = true;
	for (int i = kept.count - 1; i >= 0 && !found; i--)
		if (kept.sizes[i] == size) {
			found = kept.blocks[i];
			kept.blocks[i] = kept.blocks[--kept.count];
			kept.sizes[i] = kept.sizes[kept.count];
		}
	if (!found && kept.count == KEPT_MAX) {
		*wrong = kept.blocks[--kept.count];
		*wrong_size = kept.sizes[kept.count];
	}
	pthread_mutex_unlock(&kept.lock);
	return found;
}

static uint8_t *take_memory(size_t size)
{
	uint8_t *wrong = NULL, *memory;
	size_t wrong_size = 0;

	memory = take_kept(size, &wrong, &wrong_size);
	if (wrong)
		munmap(wrong, wrong_size);
	if (memory)
		return memory;
	memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		return NULL;
	/* What a core dump has of it could be tried against a dictionary. */
	madvise(memory, size, MADV_DONTDUMP);
	memset(memory, 0, size);
	return memory;
}

/* The library has wiped it. */
static void give_memory(uint8_t *memory, size_t size)
{
	bool full, first;

	INVARIANT(memory && size > 0);
	pthread_mutex_lock(&kept.lock);
	full = kept.count == KEPT_MAX;
	first = kept.count == 0;
	if (!full) {
		kept.blocks[kept.count] = memory;
		kept.sizes[kept.count++] = size;
	}
	pthread_mutex_unlock(&kept.lock);
	if (full)
		munmap(memory, size);
	if (first && kept.begun)
		kept.begun(kept.arg);
}

void argon_when_keeping(void (*fn)(void *arg), void *arg)
{
	kept.begun = fn;
	kept.arg = arg;
}

bool argon_is_keeping(void)
{
	bool any;

	pthread_mutex_lock(&kept.lock);
	any = kept.count > 0;
	pthread_mutex_unlock(&kept.lock);
	return any;
}

void argon_rest(void)
{
	uint8_t *blocks[KEPT_MAX];
	size_t sizes[KEPT_MAX];
	int n = 0;

	/* Nobody waits for the kernel with the lock held. */
	pthread_mutex_lock(&kept.lock);
	while (!kept.used && kept.count > 0) {
		blocks[n] = kept.blocks[--kept.count];
		sizes[n++] = kept.sizes[kept.count];
	}
	kept.used = false;
	pthread_mutex_unlock(&kept.lock);
	while (n-- > 0)
		munmap(blocks[n], sizes[n]);
}

/* The parts of an encoded hash. */
struct parts {
	uint32_t memory, passes, lanes; /* KiB, times, number */
	uint8_t salt[48];
	size_t salt_len;
	uint8_t hash[64];
	size_t hash_len;
};

/* One computation; its memory reaches the library's callback, which has no argument, by thread. */
struct computation {
	argon2_context context;
	uint8_t *memory;
	size_t size;
	int rc;
};

static _Thread_local const struct computation *computing;

static int use_memory(uint8_t **memory, size_t size)
{
	INVARIANT(computing);
	*memory = computing->memory;
	return size <= computing->size ? 0 : -1;
}

static void leave_memory(uint8_t *memory, size_t size)
{
	(void)memory;
	(void)size;
}

static void compute(void *arg)
{
	struct computation *c = arg;

	computing = c;
	c->rc = argon2_ctx(&c->context, Argon2_id);
}

static int run(const struct parts *p, struct slice password, uint8_t *out, size_t out_len)
{
	struct computation c = { .size = (size_t)p->memory * 1024 };

	c.context = (argon2_context){
		.out = out,
		.outlen = (uint32_t)out_len,
		.pwd = (uint8_t *)(password.n ? password.p : ""),
		.pwdlen = (uint32_t)password.n,
		.salt = (uint8_t *)p->salt,
		.saltlen = (uint32_t)p->salt_len,
		.t_cost = p->passes,
		.m_cost = p->memory,
		.lanes = p->lanes,
		.threads = 1,
		.version = ARGON2_VERSION_13,
		.allocate_cbk = use_memory,
		.free_cbk = leave_memory,
		.flags = ARGON2_DEFAULT_FLAGS, /* the password is its owner's: not wiped here */
	};
	c.memory = c.size ? take_memory(c.size) : NULL;
	if (!c.memory)
		return c.size ? HEARTH_EBUSY : HEARTH_EINVAL;
	job_compute(compute, &c);
	give_memory(c.memory, c.size);
	return c.rc == ARGON2_OK ? 0 : HEARTH_EINVAL;
}

/* What a hash of ours is made of, but for the hash itself. */
static struct parts parts_of(size_t memory, uint32_t passes)
{
	struct parts p = { .memory = (uint32_t)(memory / 1024),
		.passes = passes,
		.lanes = 1,
		.salt_len = SALT_BYTES,
		.hash_len = HASH_BYTES };

	randombytes_buf(p.salt, p.salt_len);
	return p;
}

static void encode(const struct parts *p, char out[ARGON_ENCODED_MAX])
{
	char salt[32], hash[64];

	INVARIANT(p->salt_len == SALT_BYTES && p->hash_len == HASH_BYTES);
	sodium_bin2base64(salt, sizeof(salt), p->salt, p->salt_len, BASE64);
	sodium_bin2base64(hash, sizeof(hash), p->hash, p->hash_len, BASE64);
	snprintf(out, ARGON_ENCODED_MAX, "$argon2id$v=19$m=%u,t=%u,p=%u$%s$%s", p->memory,
		p->passes, p->lanes, salt, hash);
}

int argon_hash(struct slice password, size_t memory, uint32_t passes, char out[ARGON_ENCODED_MAX])
{
	struct parts p = parts_of(memory, passes);
	int rc = run(&p, password, p.hash, p.hash_len);

	if (rc == 0)
		encode(&p, out);
	sodium_memzero(&p, sizeof(p));
	return rc;
}

void argon_decoy(size_t memory, uint32_t passes, char out[ARGON_ENCODED_MAX])
{
	struct parts p = parts_of(memory, passes);

	randombytes_buf(p.hash, p.hash_len);
	encode(&p, out);
}

/* Reads one of our own hashes or libsodium's; false for anything else. */
static bool parse(const char *encoded, struct parts *p)
{
	const char *end;
	int at = 0;

	if (sscanf(encoded, "$argon2id$v=19$m=%7u,t=%7u,p=%3u$%n", &p->memory, &p->passes,
		    &p->lanes, &at) != 3 ||
		at == 0 || p->memory > MEMORY_MAX)
		return false;
	encoded += at;
	if (sodium_base642bin(p->salt, sizeof(p->salt), encoded, strlen(encoded), NULL,
		    &p->salt_len, &end, BASE64) != 0 ||
		*end != '$')
		return false;
	encoded = end + 1;
	return sodium_base642bin(p->hash, sizeof(p->hash), encoded, strlen(encoded), NULL,
		       &p->hash_len, &end, BASE64) == 0 &&
	       *end == 0 && p->hash_len >= HASH_BYTES;
}

bool argon_matches(const char *encoded, struct slice password)
{
	struct parts p = { 0 };
	uint8_t hash[sizeof(p.hash)];
	bool right;

	if (!parse(encoded, &p) || run(&p, password, hash, p.hash_len) < 0)
		return false;
	right = sodium_memcmp(hash, p.hash, p.hash_len) == 0;
	sodium_memzero(hash, sizeof(hash));
	return right;
}
