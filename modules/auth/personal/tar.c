/*
 * tar.c: see tar.h. A header is one block of fields at fixed places; numbers are octal digits, and
 * what they cannot hold goes into records "LENGTH KEY=VALUE\n" of the pax header. Pure.
 */
#include "personal/tar.h"

#include <stdio.h>

#include "hearth/error.h"
#include "hearth/text.h"

#define NAME_MAX_BYTES   100
#define PREFIX_MAX_BYTES 155
#define OCTAL_MAX        UINT64_C(077777777777) /* eleven digits: 8 GiB less one */

/* A header block: the ustar interchange format. */
struct block {
	char name[NAME_MAX_BYTES];
	char mode[8], uid[8], gid[8];
	char size[12], mtime[12];
	char sum[8];
	char type;
	char link[100];
	char magic[6], version[2];
	char user[32], group[32];
	char major[8], minor[8];
	char prefix[PREFIX_MAX_BYTES];
	char rest[12];
};
_Static_assert(sizeof(struct block) == TAR_BLOCK, "a header is one block");

bool tar_path_valid(struct slice path)
{
	struct slice rest = path;

	if (path.n == 0 || path.n > TAR_PATH_MAX || !utf8_valid(path))
		return false;
	for (size_t i = 0; i < path.n; i++)
		if ((unsigned char)path.p[i] < 0x20 || path.p[i] == 0x7F)
			return false;
	while (rest.p) {
		struct slice part = slice_split(&rest, '/');

		if (part.n == 0 || slice_eq(part, SLICE(".")) || slice_eq(part, SLICE("..")))
			return false;
	}
	return true;
}

/* Eleven octal digits and a NUL. */
static void put_octal(char out[12], uint64_t value)
{
	snprintf(out, 12, "%011llo", (unsigned long long)value);
}

/* The sum of all bytes, with the sum's own field taken as spaces. */
static void put_sum(struct block *b)
{
	const unsigned char *p = (const unsigned char *)b;
	unsigned sum = 0;

	memset(b->sum, ' ', sizeof(b->sum));
	for (size_t i = 0; i < sizeof(*b); i++)
		sum += p[i];
	snprintf(b->sum, sizeof(b->sum), "%06o", sum & 0777777);
}

static void add_block(struct strbuf *out, char type, struct slice prefix, struct slice name,
	uint64_t size, int64_t mtime_s)
{
	struct block b = { .type = type };
	uint64_t mtime = mtime_s < 0 ? 0 : (uint64_t)mtime_s;

	memcpy(b.name, name.p, name.n);
	if (prefix.n)
		memcpy(b.prefix, prefix.p, prefix.n);
	memcpy(b.mode, "0000600", 8);
	memcpy(b.uid, "0000000", 8);
	memcpy(b.gid, "0000000", 8);
	put_octal(b.size, size <= OCTAL_MAX ? size : 0);
	put_octal(b.mtime, mtime <= OCTAL_MAX ? mtime : OCTAL_MAX);
	memcpy(b.magic, "ustar", 6);
	memcpy(b.version, "00", 2);
	memcpy(b.major, "0000000", 8);
	memcpy(b.minor, "0000000", 8);
	put_sum(&b);
	strbuf_add(out, slice_of(&b, sizeof(b)));
}

/* "LENGTH KEY=VALUE\n", where LENGTH counts the whole record with itself. */
static void add_record(struct strbuf *out, const char *key, struct slice value)
{
	size_t bare = strlen(key) + value.n + 3, n = bare, digits = 0;

	while (digits != (size_t)snprintf(NULL, 0, "%zu", n)) {
		digits = (size_t)snprintf(NULL, 0, "%zu", n);
		n = bare + digits;
	}
	strbuf_printf(out, "%zu %s=", n, key);
	strbuf_add(out, value);
	strbuf_addc(out, '\n');
}

static bool is_ascii(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] >= 0x80)
			return false;
	return true;
}

/*
 * Cuts a path at a "/" into what the two fields of ustar hold; false when there is no such place.
 */
static bool split(struct slice path, struct slice *prefix, struct slice *name)
{
	*prefix = (struct slice){ 0 };
	*name = path;
	if (path.n <= NAME_MAX_BYTES)
		return true;
	for (size_t i = path.n - NAME_MAX_BYTES - 1; i <= PREFIX_MAX_BYTES && i + 1 < path.n; i++)
		if (path.p[i] == '/' && i > 0) {
			*prefix = slice_head(path, i);
			*name = slice_skip(path, i + 1);
			return true;
		}
	return false;
}

int tar_add_header(struct strbuf *out, struct slice path, uint64_t size, int64_t mtime_s)
{
	struct slice prefix, name;
	struct strbuf records = { 0 };
	bool plain;
	char digits[24];

	if (!tar_path_valid(path))
		return HEARTH_EINVAL;
	plain = is_ascii(path) && split(path, &prefix, &name);
	if (!plain)
		add_record(&records, "path", path);
	if (size > OCTAL_MAX) {
		snprintf(digits, sizeof(digits), "%llu", (unsigned long long)size);
		add_record(&records, "size", slice_str(digits));
	}
	if (records.n) {
		add_block(out, 'x', (struct slice){ 0 }, SLICE("PaxHeader"), records.n, mtime_s);
		strbuf_add(out, strbuf_slice(&records));
		tar_add_zeros(out, tar_padding(records.n));
	}
	strbuf_free(&records);
	/* Who cannot read the pax header finds the file under a name that is cut. */
	if (plain)
		add_block(out, '0', prefix, name, size, mtime_s);
	else
		add_block(out, '0', (struct slice){ 0 }, slice_head(path, NAME_MAX_BYTES), size,
			mtime_s);
	return 0;
}

size_t tar_padding(uint64_t size)
{
	return (size_t)((TAR_BLOCK - size % TAR_BLOCK) % TAR_BLOCK);
}

void tar_add_zeros(struct strbuf *out, size_t n)
{
	memset(strbuf_reserve(out, n), 0, n);
	strbuf_commit(out, n);
}

void tar_add_end(struct strbuf *out)
{
	tar_add_zeros(out, 2 * (size_t)TAR_BLOCK);
}
