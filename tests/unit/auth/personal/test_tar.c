/*
 * test_tar.c: archives of our own, read by GNU tar: names, sizes, times and bytes come out as they
 * went in.
 */
#include "harness.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hearth/error.h"
#include "personal/tar.h"

static char folder[64];

static void write_file(const char *name, const struct strbuf *bytes)
{
	char path[200];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(bytes->p, 1, bytes->n, f), bytes->n);
	fclose(f);
}

/* Runs a shell line in the folder; gives what it says. */
static const char *sh(const char *line)
{
	static char said[20000];
	char command[1000];
	size_t n;
	FILE *f;

	snprintf(command, sizeof(command), "cd %s && export LC_ALL=C.UTF-8 TZ=UTC; %s 2>&1", folder,
		line);
	f = popen(command, "r");
	ck_assert_ptr_nonnull(f);
	n = fread(said, 1, sizeof(said) - 1, f);
	said[n] = '\0';
	ck_assert_msg(pclose(f) == 0, "%s: %s", line, said);
	return said;
}

static void begin(void)
{
	snprintf(folder, sizeof(folder), "/tmp/hearth-tar-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
}

static void end(void)
{
	char command[100];

	snprintf(command, sizeof(command), "rm -rf %s", folder);
	ck_assert_int_eq(system(command), 0);
}

static void add(struct strbuf *out, const char *path, struct slice bytes, int64_t mtime_s)
{
	ck_assert_int_eq(tar_add_header(out, slice_str(path), bytes.n, mtime_s), 0);
	strbuf_add(out, bytes);
	tar_add_zeros(out, tar_padding(bytes.n));
}

START_TEST(tar_of_gnu_reads_it)
{
	struct strbuf out = { 0 };
	char block[1025];

	memset(block, 'x', sizeof(block));
	begin();
	add(&out, "auth/account.json", SLICE("{}"), 1700000000);
	add(&out,
		"mail/Gr\xc3\xbc\xc3\x9f"
		"e \xe6\x97\xa5\xe6\x9c\xac.mbox",
		SLICE("From x\n"), 0);
	add(&out, "empty", SLICE(""), 5);
	add(&out, "block", slice_of(block, 512), 5);
	add(&out, "more", slice_of(block, 1025), 5);
	tar_add_end(&out);
	ck_assert_uint_eq(out.n % TAR_BLOCK, 0);
	write_file("a.tar", &out);
	ck_assert_str_eq(sh("tar tf a.tar --quoting-style=literal"),
		"auth/account.json\nmail/Gr\xc3\xbc\xc3\x9f"
		"e \xe6\x97\xa5\xe6\x9c\xac.mbox\n"
		"empty\nblock\nmore\n");
	ck_assert_str_eq(sh("tar xf a.tar"), "");
	ck_assert_str_eq(sh("cat auth/account.json"), "{}");
	ck_assert_str_eq(sh("cat mail/Gr*"), "From x\n");
	ck_assert_str_eq(sh("stat -c '%s %Y %a' auth/account.json empty block more"),
		"2 1700000000 600\n0 5 600\n512 5 600\n1025 5 600\n");
	end();
	strbuf_free(&out);
}
END_TEST

/* Every length of a path around the bounds of the two fields, in one part and in many. */
START_TEST(paths_of_any_length)
{
	struct strbuf out = { 0 }, names = { 0 };
	char path[700];

	begin();
	for (size_t n = 90; n < 300; n++) {
		for (size_t i = 0; i < n; i++)
			path[i] = i % 60 == 59 && i + 1 < n ? '/' : (char)('a' + n % 26);
		snprintf(path + n - 3, 4, "%03zu", n);
		add(&out, path, SLICE("1"), 1);
		strbuf_printf(&names, "%s\n", path);
	}
	memset(path, 'n', sizeof(path));
	path[3] = '/';
	path[254] = '\0'; /* one part of 250: no place to cut at */
	add(&out, path, SLICE("22"), 1);
	strbuf_printf(&names, "%s\n", path);
	tar_add_end(&out);
	write_file("a.tar", &out);
	write_file("want", &names);
	ck_assert_str_eq(sh("tar tf a.tar > got; cmp got want"), "");
	ck_assert_str_eq(sh("mkdir x; tar xf a.tar -C x; find x -type f | wc -l"), "211\n");
	end();
	strbuf_free(&out);
	strbuf_free(&names);
}
END_TEST

/* The header alone: tar's listing believes it as far as it can seek. */
START_TEST(sizes_beyond_eight_gib)
{
	const uint64_t sizes[] = { UINT64_C(077777777777), UINT64_C(0100000000000),
		UINT64_C(123456789012345) };
	char want[64], line[200], name[20];

	for (size_t i = 0; i < 3; i++) {
		struct strbuf out = { 0 };

		begin();
		ck_assert_int_eq(tar_add_header(&out, SLICE("big"), sizes[i], 1), 0);
		write_file("a.tar", &out);
		snprintf(name, sizeof(name), "%llu", (unsigned long long)sizes[i]);
		snprintf(want, sizeof(want), "%s\n", name);
		/* It breaks off behind the header, of which tar complains; the listing is out. */
		snprintf(line, sizeof(line),
			"tar tvf a.tar 2>/dev/null | tr -s ' ' | cut -d' ' -f3; true");
		ck_assert_str_eq(sh(line), want);
		end();
		strbuf_free(&out);
	}
}
END_TEST

START_TEST(paths_that_would_leave_their_folder)
{
	static const char *const bad[] = { "", "/etc/passwd", "..", "a/../b", "a//b", "a/", ".",
		"a/./b", "a\nb", "a\x7fz", "\xff", "../x" };
	static const char *const good[] = { "a", "...", "a/..b", "a b", "\xc3\xa9" };
	struct strbuf out = { 0 }, longest = { 0 };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		ck_assert_int_eq(tar_add_header(&out, slice_str(bad[i]), 1, 1), HEARTH_EINVAL);
		ck_assert_uint_eq(out.n, 0);
	}
	ck_assert_int_eq(tar_add_header(&out, slice_of("a\0b", 3), 1, 1), HEARTH_EINVAL);
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		ck_assert(tar_path_valid(slice_str(good[i])));
	for (size_t i = 0; i < TAR_PATH_MAX; i++)
		strbuf_addc(&longest, 'p');
	ck_assert(tar_path_valid(strbuf_slice(&longest)));
	strbuf_addc(&longest, 'p');
	ck_assert(!tar_path_valid(strbuf_slice(&longest)));
	strbuf_free(&out);
	strbuf_free(&longest);
}
END_TEST

TEST_MAIN("tar", tar_of_gnu_reads_it, paths_of_any_length, sizes_beyond_eight_gib,
	paths_that_would_leave_their_folder)
