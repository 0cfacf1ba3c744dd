/*
 * test_file.c: the form of a large blob's file: any range comes back, and any damaged byte is
 * found by whoever reads the block it lies in, and by nobody else.
 */
#include "blob/files/file.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness.h"
#include "hearth/error.h"

static char dir[64];
static struct blob_folder *folder;
static struct blob_codecs *codecs;

static void begin(void)
{
	snprintf(dir, sizeof(dir), "/tmp/hearth-file-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_assert_int_eq(blob_folder_open(dir, &folder), 0);
	codecs = blob_codecs_new();
}

static void end(void)
{
	char command[200];

	blob_codecs_free(&codecs);
	blob_folder_close(&folder);
	snprintf(command, sizeof(command), "rm -r %s", dir);
	ck_assert_int_eq(system(command), 0);
}

/* Half of each block is noise, half is zeros, so that text shrinks to somewhat more than a half. */
static struct buf *make_bytes(size_t n)
{
	struct buf *b = buf_alloc(n);
	uint64_t x = n + 88172645463325252u;

	for (size_t i = 0; i < n; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		buf_data(b)[i] = i / 1000 % 2 ? 0 : (char)x;
	}
	return b;
}

static void write_file(struct buf *b, bool text, size_t piece, char name[BLOB_FILE_NAME])
{
	struct slice rest = buf_slice(b);
	struct blob_file *f;
	unsigned char hash[BLOB_HASH], expected[BLOB_HASH];
	struct blob_codec *codec = blob_codec_take(codecs);
	uint64_t size;

	ck_assert_int_eq(blob_file_create(folder, codecs, text, &f), 0);
	for (; rest.n > 0; rest = slice_skip(rest, piece))
		ck_assert_int_eq(blob_file_add(f, slice_head(rest, piece)), 0);
	ck_assert_int_eq(blob_file_end(f, name, &size, hash), 0);
	blob_file_close(&f);
	ck_assert_ptr_null(f);
	ck_assert_uint_eq(size, b->n);
	blob_codec_hash(codec, buf_slice(b), expected);
	ck_assert_mem_eq(hash, expected, BLOB_HASH);
	blob_codec_give(codecs, &codec);
}

static int read_range(const char *name, struct buf *b, uint64_t offset, size_t length)
{
	struct buf *got;
	int rc = blob_file_read(folder, codecs, name, b->n, offset, length, &got);

	if (rc == 0)
		ck_assert(slice_eq(
			buf_slice(got), slice_head(slice_skip(buf_slice(b), offset), length)));
	buf_unref(&got);
	return rc;
}

START_TEST(gives_any_range)
{
	static const size_t sizes[] = { 1, BLOB_BLOCK - 1, BLOB_BLOCK, BLOB_BLOCK + 1,
		3 * BLOB_BLOCK + 77 };
	static const size_t pieces[] = { 1000, BLOB_BLOCK / 2, BLOB_BLOCK, 10 * BLOB_BLOCK,
		BLOB_BLOCK + 1 };
	char name[BLOB_FILE_NAME];

	begin();
	for (int i = 0; i < 10; i++) {
		struct buf *b = make_bytes(sizes[i / 2]);

		write_file(b, i % 2, pieces[i / 2], name);
		for (size_t at = 0; at <= b->n + BLOB_BLOCK; at += BLOB_BLOCK / 2)
			for (size_t length = 0; length <= b->n; length += BLOB_BLOCK / 2 - 1)
				ck_assert_int_eq(
					read_range(name, b, at > 0 ? at - 1 : 0, length), 0);
		ck_assert_int_eq(read_range(name, b, UINT64_MAX, SIZE_MAX), 0);
		ck_assert_int_eq(read_range(name, b, 0, SIZE_MAX), 0);
		buf_unref(&b);
	}
	end();
}
END_TEST

START_TEST(shrinks_text_and_never_grows)
{
	struct buf *b = make_bytes(10 * BLOB_BLOCK);
	char name[BLOB_FILE_NAME];
	struct stat st;

	begin();
	write_file(b, true, BLOB_BLOCK, name);
	ck_assert_int_eq(fstatat(blob_folder_fd(folder), name, &st, 0), 0);
	ck_assert_int_lt(st.st_size, 6 * BLOB_BLOCK);
	write_file(b, false, BLOB_BLOCK, name);
	ck_assert_int_eq(fstatat(blob_folder_fd(folder), name, &st, 0), 0);
	ck_assert_int_eq(st.st_size, 10 * (BLOB_BLOCK + 12));
	buf_unref(&b);
	b = buf_alloc(BLOB_BLOCK);
	for (size_t i = 0; i < b->n; i++)
		buf_data(b)[i] = (char)(i * 2654435761u >> 13 ^ i * i >> 3);
	write_file(b, true, 10, name);
	ck_assert_int_eq(fstatat(blob_folder_fd(folder), name, &st, 0), 0);
	ck_assert_int_le(st.st_size, BLOB_BLOCK + 12);
	buf_unref(&b);
	end();
}
END_TEST

/* Flips a bit at `at` and looks who notices; then flips it back. */
static void damage(const char *name, struct buf *b, off_t at, const bool notices[4])
{
	int fd = openat(blob_folder_fd(folder), name, O_RDWR);
	char byte;

	ck_assert_int_eq(pread(fd, &byte, 1, at), 1);
	byte ^= 4;
	ck_assert_int_eq(pwrite(fd, &byte, 1, at), 1);
	for (int i = 0; i < 4; i++) {
		int rc = read_range(name, b, (uint64_t)i * BLOB_BLOCK + 10, 100);

		ck_assert_msg(rc == (notices[i] ? HEARTH_ECORRUPT : 0), "byte %ld, block %d: %d",
			(long)at, i, rc);
	}
	ck_assert_int_eq(read_range(name, b, 0, b->n), HEARTH_ECORRUPT);
	byte ^= 4;
	ck_assert_int_eq(pwrite(fd, &byte, 1, at), 1);
	close(fd);
	ck_assert_int_eq(read_range(name, b, 0, b->n), 0);
}

START_TEST(finds_damage)
{
	struct buf *b = make_bytes(4 * BLOB_BLOCK - 5);
	char name[BLOB_FILE_NAME];
	off_t table = (off_t)b->n;

	begin();
	write_file(b, false, BLOB_BLOCK, name);
	for (int block = 0; block < 4; block++) {
		bool notices[4] = { false };

		notices[block] = true;
		damage(name, b, block * (off_t)BLOB_BLOCK, notices);
		damage(name, b, block * (off_t)BLOB_BLOCK + 70000, notices);
		for (off_t i = 8; i < 12; i++) /* the block's CRC */
			damage(name, b, table + 12 * block + i, notices);
		if (block < 3)
			notices[block + 1] = true;
		for (off_t i = 0; i < 8; i++) /* where it ends, and the next begins */
			damage(name, b, table + 12 * block + i, notices);
	}
	write_file(b, true, BLOB_BLOCK, name);
	damage(name, b, 1000, (bool[]){ true, false, false, false });
	buf_unref(&b);
	end();
}
END_TEST

START_TEST(finds_what_is_missing_or_added)
{
	struct buf *b = make_bytes(2 * BLOB_BLOCK + 5);
	char name[BLOB_FILE_NAME];

	for (int text = 0; text < 2; text++) {
		begin();
		write_file(b, text, BLOB_BLOCK, name);
		for (int cut = 0; cut < 100; cut++) {
			int fd = openat(blob_folder_fd(folder), name, O_RDWR);

			ck_assert_int_eq(
				ftruncate(fd, lseek(fd, 0, SEEK_END) - (cut % 7 ? cut : 1)), 0);
			close(fd);
			ck_assert_int_eq(read_range(name, b, 0, b->n), HEARTH_ECORRUPT);
		}
		close(openat(blob_folder_fd(folder), name, O_RDWR | O_TRUNC));
		ck_assert_int_eq(read_range(name, b, 0, b->n), HEARTH_ECORRUPT);
		ck_assert_int_eq(unlinkat(blob_folder_fd(folder), name, 0), 0);
		ck_assert_int_eq(read_range(name, b, 0, b->n), HEARTH_ENOTFOUND);

		write_file(b, text, BLOB_BLOCK, name);
		for (int more = 0; more < 30; more++) {
			int fd = openat(blob_folder_fd(folder), name, O_RDWR | O_APPEND);

			ck_assert_int_eq(write(fd, "", 1), 1);
			close(fd);
			ck_assert_int_eq(read_range(name, b, 0, b->n), HEARTH_ECORRUPT);
		}
		end();
	}
	buf_unref(&b);
}
END_TEST

START_TEST(abort_leaves_nothing)
{
	struct buf *b = make_bytes(3 * BLOB_BLOCK);
	struct blob_file *f;
	char command[200];

	begin();
	ck_assert_int_eq(blob_file_create(folder, codecs, false, &f), 0);
	ck_assert_int_eq(blob_file_add(f, buf_slice(b)), 0);
	blob_file_abort(&f);
	ck_assert_ptr_null(f);
	blob_file_abort(&f);
	blob_file_close(&f);
	snprintf(command, sizeof(command),
		"test -z \"$(find %s -type f -name '*-*' ! -name 'run-*')\"", dir);
	ck_assert_int_eq(system(command), 0);
	buf_unref(&b);
	end();
}
END_TEST

TEST_MAIN("blob file", gives_any_range, shrinks_text_and_never_grows, finds_damage,
	finds_what_is_missing_or_added, abort_leaves_nothing)
