/*
 * Answers to GET: ETags, ranges, compression, embedded files, blobs as streams.
 */
#include "http_test.h"

#include "src/blob/files/embedded.h"

#include <ctype.h>
#include <zlib.h>

static struct blob_store *store;
static char blob_key[BLOB_KEY_MAX + 1];
static uint64_t blob_size;
static const char *own_etag;
static size_t text_n = 2000;

static void get_bytes(void *module, struct http_request *rq)
{
	struct buf *body = buf_copy(SLICE("0123456789"));

	(void)module;
	if (own_etag)
		http_set_header(rq, "ETag", own_etag);
	http_reply(rq, 200, "application/octet-stream", body);
	buf_unref(&body);
}

static void get_text(void *module, struct http_request *rq)
{
	struct buf *body = buf_alloc(text_n);

	(void)module;
	memset(buf_data(body), 'a', text_n);
	http_reply(rq, 200, "text/plain; charset=utf-8", body);
	buf_unref(&body);
}

static void get_file(void *module, struct http_request *rq)
{
	static const struct http_file files[] = {
		{ "/file/app.js", "text/javascript", { "plain code", 10 }, { "GZIPPED", 7 },
			"\"v1\"" },
		{ "/file/image.png", "image/png", { "pixels", 6 }, { NULL, 0 }, "\"v2\"" },
		{ .path = NULL },
	};

	(void)module;
	if (!http_reply_file(rq, files, http_path(rq)))
		http_reply_problem(rq, 404, NULL, "no such file");
}

static void get_blob(void *module, struct http_request *rq)
{
	(void)module;
	http_reply_blob(rq, store, blob_key, blob_size, "video/mp4");
}

/* Answers with what If-Match says of the ETag "5", and whether the body is a merge patch. */
static void put_match(void *module, struct http_request *rq)
{
	static const char *const words[] = { "absent", "no", "yes", "any" };
	struct strbuf out = { 0 };
	struct buf *body;

	(void)module;
	strbuf_printf(&out, "match=%s patch=%d", words[http_if_match(rq, "\"5\"")],
		http_body_is(rq, "application/merge-patch+json"));
	body = buf_from_strbuf(&out);
	http_reply(rq, 200, "text/plain", body);
	buf_unref(&body);
}

/* A blob, with bytes at hand behind it. */
static struct http_piece some_pieces[7];
static size_t piece_count;

static void get_pieces(void *module, struct http_request *rq)
{
	(void)module;
	http_set_header(rq, "ETag", "\"pieces\"");
	http_reply_pieces(rq, store, some_pieces, piece_count, "application/x-tar");
}

static const struct http_route routes[] = {
	{ HTTP_PUT, "/match", put_match, HTTP_PUBLIC, 100 },
	{ HTTP_GET, "/pieces", get_pieces, HTTP_PUBLIC, 0 },
	{ HTTP_GET, "/bytes", get_bytes, HTTP_PUBLIC, 0 },
	{ HTTP_GET, "/text", get_text, HTTP_PUBLIC, 0 },
	{ HTTP_GET, "/file/{path:path}", get_file, HTTP_PUBLIC, 0 },
	{ HTTP_GET, "/blob", get_blob, HTTP_PUBLIC, 0 },
	{ .pattern = NULL },
};

static const char *get(const char *path, const char *headers)
{
	static char request[512];

	snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\n" H "%s\r\n", path, headers);
	return ask(request);
}

/* The value of a header of an answer, in a buffer of its own. */
static const char *header_of(const char *a, const char *name)
{
	static char value[200];
	char start[64];
	const char *at;

	snprintf(start, sizeof(start), "\r\n%s: ", name);
	at = strstr(a, start);
	ck_assert_msg(at != NULL, "no %s in: %s", name, a);
	snprintf(value, sizeof(value), "%.*s", (int)strcspn(at + strlen(start), "\r"),
		at + strlen(start));
	return value;
}

START_TEST(conditional)
{
	char etag[100], headers[300];
	const char *a;

	start_server(routes);
	snprintf(etag, sizeof(etag), "%s", header_of(get("/bytes", ""), "ETag"));
	ck_assert_uint_eq(strlen(etag), 34);
	snprintf(headers, sizeof(headers), "If-None-Match: %s\r\n", etag);
	a = get("/bytes", headers);
	ck_status(a, 304);
	ck_assert_str_eq(header_of(a, "ETag"), etag);
	ck_lacks(a, "Content-Length");
	ck_lacks(a, "\nContent-Type");
	snprintf(headers, sizeof(headers), "If-None-Match: \"a,b\" , W/%s\r\n", etag);
	ck_status(get("/bytes", headers), 304);
	ck_status(get("/bytes", "If-None-Match: *\r\n"), 304);
	ck_status(get("/bytes", "If-None-Match: \"other\"\r\n"), 200);
	ck_status(get("/bytes", "If-None-Match: ,\r\n"), 200);
	own_etag = "\"mine\"";
	a = get("/bytes", "");
	ck_assert_str_eq(header_of(a, "ETag"), "\"mine\"");
	ck_assert_ptr_null(strstr(strstr(a, "ETag") + 1, "ETag"));
	ck_status(get("/bytes", "If-None-Match: \"mine\"\r\n"), 304);
	stop_server();
}
END_TEST

static void check_put(const char *headers, const char *expected)
{
	char request[512];

	snprintf(request, sizeof(request),
		"PUT /match HTTP/1.1\r\n" H "Content-Length: 2\r\n%s\r\n{}", headers);
	ck_has(ask(request), expected);
}

START_TEST(if_match)
{
	start_server(routes);
	check_put("", "match=absent");
	check_put("If-Match: *\r\n", "match=any");
	check_put("If-Match: \"5\"\r\n", "match=yes");
	check_put("If-Match: \"5-gz\"\r\n", "match=yes");
	check_put("If-Match: \"4\", \"a,b\" , \"5\"\r\n", "match=yes");
	check_put("If-Match: \"4\"\r\nIf-Match: \"5\"\r\n", "match=yes");
	check_put("If-Match: W/\"5\"\r\n", "match=no");
	check_put("If-Match: 5\r\n", "match=no");
	check_put("If-Match: \"55\"\r\n", "match=no");
	check_put("If-Match: \"4-gz\"\r\n", "match=no");
	check_put("If-Match: \"*\"\r\n", "match=no");
	check_put("If-Match: \r\n", "match=no");
	stop_server();
}
END_TEST

START_TEST(body_type)
{
	start_server(routes);
	check_put("", "patch=0");
	check_put("Content-Type: application/merge-patch+json\r\n", "patch=1");
	check_put("Content-Type: Application/Merge-Patch+JSON ; charset=utf-8\r\n", "patch=1");
	check_put("Content-Type: application/json\r\n", "patch=0");
	check_put("Content-Type: application/merge-patch+jsonx\r\n", "patch=0");
	stop_server();
}
END_TEST

START_TEST(ranges)
{
	static const struct {
		const char *range;
		int status;
		const char *content_range, *body;
	} rows[] = {
		{ "bytes=0-4", 206, "bytes 0-4/10", "01234" },
		{ "bytes=0-0", 206, "bytes 0-0/10", "0" },
		{ "bytes=5-", 206, "bytes 5-9/10", "56789" },
		{ "bytes=9-100", 206, "bytes 9-9/10", "9" },
		{ "bytes=-3", 206, "bytes 7-9/10", "789" },
		{ "bytes=-100", 206, "bytes 0-9/10", "0123456789" },
		{ "Bytes=0-1", 206, "bytes 0-1/10", "01" },
		{ "bytes=0-18446744073709551615", 206, "bytes 0-9/10", "0123456789" },
		{ "bytes=10-", 416, "bytes */10", "" },
		{ "bytes=10-20", 416, "bytes */10", "" },
		{ "bytes=-0", 416, "bytes */10", "" },
		{ "bytes=10-,20-30", 416, "bytes */10", "" },
		{ "bytes=20-30, 2-3", 206, "bytes 2-3/10", "23" },
		{ "bytes=0-1,3-4", 200, NULL, "0123456789" },
		{ "bytes=4-2", 200, NULL, "0123456789" },
		{ "bytes=", 200, NULL, "0123456789" },
		{ "bytes=a-b", 200, NULL, "0123456789" },
		{ "bytes=1", 200, NULL, "0123456789" },
		{ "bytes=-", 200, NULL, "0123456789" },
		{ "bytes=--1", 200, NULL, "0123456789" },
		{ "bytes=0-18446744073709551616", 200, NULL, "0123456789" },
		{ "lines=0-1", 200, NULL, "0123456789" },
		{ "bytes=90-,90-,90-,90-,90-,90-,90-,90-,90-,90-,90-,90-,90-,90-,90-,90-,90-", 200,
			NULL, "0123456789" },
	};

	start_server(routes);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char headers[200];
		const char *a;

		snprintf(headers, sizeof(headers), "Range: %s\r\n", rows[i].range);
		a = get("/bytes", headers);
		ck_status(a, rows[i].status);
		ck_body(a, rows[i].body);
		if (rows[i].content_range)
			ck_assert_str_eq(header_of(a, "Content-Range"), rows[i].content_range);
		else
			ck_lacks(a, "Content-Range");
		ck_assert_str_eq(header_of(a, "Accept-Ranges"), "bytes");
	}
	own_etag = "\"mine\"";
	ck_status(get("/bytes", "Range: bytes=0-1\r\nIf-Range: \"mine\"\r\n"), 206);
	ck_status(get("/bytes", "Range: bytes=0-1\r\nIf-Range: \"other\"\r\n"), 200);
	ck_status(get("/bytes", "Range: bytes=0-1\r\nIf-Range: W/\"mine\"\r\n"), 200);
	ck_status(get("/bytes", "Range: bytes=0-1\r\nIf-Range: Sun, 06 Nov 1994 08:49:37 GMT\r\n"),
		200);
	ck_status(get("/bytes", "Range: bytes=0-1\r\nIf-None-Match: \"mine\"\r\n"), 304);
	stop_server();
}
END_TEST

START_TEST(compresses)
{
	static const struct {
		const char *accept;
		bool gzip;
	} rows[] = {
		{ "gzip, deflate, br", true },
		{ "deflate, GZIP;q=0.5", true },
		{ "*", true },
		{ "gzip;q=0", false },
		{ "gzip; q=0.000, *", false },
		{ "*;q=0", false },
		{ "br", false },
		{ "identity", false },
	};
	char plain_etag[100], headers[200], plain[4096];
	struct slice got;
	const char *a;
	z_stream z = { 0 };

	start_server(routes);
	snprintf(plain_etag, sizeof(plain_etag), "%s", header_of(get("/text", ""), "ETag"));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(headers, sizeof(headers), "Accept-Encoding: %s\r\n", rows[i].accept);
		a = get("/text", headers);
		ck_assert_str_eq(header_of(a, "Vary"), "Accept-Encoding");
		if (rows[i].gzip)
			ck_assert_str_eq(header_of(a, "Content-Encoding"), "gzip");
		else
			ck_lacks(a, "Content-Encoding");
		ck_assert_int_eq(strcmp(header_of(a, "ETag"), plain_etag) != 0, rows[i].gzip);
	}
	/* What was compressed is what it was before. */
	send_text("GET /text HTTP/1.1\r\n" H "Accept-Encoding: gzip\r\n\r\n");
	loop_run_until(has_answer, &client, 3000);
	got = slice_skip(strbuf_slice(&client.got),
		(size_t)slice_find(strbuf_slice(&client.got), SLICE("\r\n\r\n")) + 4);
	ck_assert_uint_lt(got.n, 100);
	ck_assert_int_eq(inflateInit2(&z, 31), Z_OK);
	z.next_in = (Bytef *)(uintptr_t)got.p;
	z.avail_in = (uInt)got.n;
	z.next_out = (Bytef *)plain;
	z.avail_out = sizeof(plain);
	ck_assert_int_eq(inflate(&z, Z_FINISH), Z_STREAM_END);
	ck_assert_uint_eq(z.total_out, 2000);
	inflateEnd(&z);
	strbuf_reset(&client.got);
	/* The compressed representation has an ETag of its own, which is recognised. */
	snprintf(headers, sizeof(headers), "Accept-Encoding: gzip\r\nIf-None-Match: %.*s-gz\"\r\n",
		(int)strlen(plain_etag) - 1, plain_etag);
	a = get("/text", headers);
	ck_status(a, 304);
	ck_assert_str_eq(header_of(a, "Vary"), "Accept-Encoding");
	/* Ranges are of the plain bytes. */
	a = get("/text", "Accept-Encoding: gzip\r\nRange: bytes=0-3\r\n");
	ck_status(a, 206);
	ck_body(a, "aaaa");
	/* Small ones and other types stay as they are. */
	ck_lacks(get("/bytes", "Accept-Encoding: gzip\r\n"), "gzip");
	text_n = 1000;
	a = get("/text", "Accept-Encoding: gzip\r\n");
	ck_lacks(a, "gzip");
	ck_lacks(a, "Vary");
	stop_server();
}
END_TEST

START_TEST(files_of_the_program)
{
	const char *a;

	start_server(routes);
	a = get("/file/app.js", "");
	ck_body(a, "plain code");
	ck_assert_str_eq(header_of(a, "ETag"), "\"v1\"");
	ck_assert_str_eq(header_of(a, "Content-Type"), "text/javascript");
	ck_assert_str_eq(header_of(a, "Vary"), "Accept-Encoding");
	a = get("/file/app.js", "Accept-Encoding: gzip\r\n");
	ck_body(a, "GZIPPED");
	ck_assert_str_eq(header_of(a, "Content-Encoding"), "gzip");
	ck_assert_str_eq(header_of(a, "ETag"), "\"v1-gz\"");
	ck_status(get("/file/app.js", "If-None-Match: \"v1\"\r\n"), 304);
	ck_status(
		get("/file/app.js", "Accept-Encoding: gzip\r\nIf-None-Match: \"v1-gz\"\r\n"), 304);
	ck_body(get("/file/app.js", "Range: bytes=6-\r\n"), "code");
	a = get("/file/image.png", "Accept-Encoding: gzip\r\n");
	ck_body(a, "pixels");
	ck_lacks(a, "Vary");
	ck_status(get("/file/none", ""), 404);
	stop_server();
}
END_TEST

/* ---- blobs ---- */

static int put_done;

static void on_put(void *arg, int status, const struct blob_info *info)
{
	(void)arg;
	ck_assert_int_eq(status, 0);
	snprintf(blob_key, sizeof(blob_key), "%s", info->key);
	put_done = 1;
}

static int is_put(void *arg)
{
	(void)arg;
	return put_done;
}

/* A blob whose byte at i is the lower byte of i * 7 / 256 or so: no two pieces are the same. */
static char byte_at(size_t i)
{
	return (char)((i * 7 + i / 251) & 0xFF);
}

static void put_blob(size_t n)
{
	struct buf *bytes = buf_alloc(n);

	for (size_t i = 0; i < n; i++)
		buf_data(bytes)[i] = byte_at(i);
	put_done = 0;
	ck_assert_int_eq(blob_put(store, "t/", bytes, BLOB_PLAIN, on_put, NULL), 0);
	ck_assert(loop_run_until(is_put, NULL, 10000));
	buf_unref(&bytes);
}

static void start_blobs(size_t n)
{
	store = embedded_open();
	start_server(routes);
	http_server_use_pool(server, embedded.pool);
	put_blob(n);
}

static void stop_blobs(void)
{
	stop_server();
	embedded_shut(&store);
	embedded_remove();
}

static void ck_bytes(struct slice got, size_t from)
{
	for (size_t i = 0; i < got.n; i++)
		if (got.p[i] != byte_at(from + i)) /* asked of millions: no assertion each */
			ck_abort_msg("byte %zu", i);
}

/* Asks and checks the body, which is not text. */
static void ck_stream(const char *path, const char *headers, int status, size_t from, size_t n)
{
	char request[300], start[32];
	struct slice got;
	ptrdiff_t head;

	snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\n" H "%s\r\n", path, headers);
	snprintf(start, sizeof(start), "HTTP/1.1 %d ", status);
	send_text(request);
	ck_assert(loop_run_until(has_answer, &client, 10000));
	got = strbuf_slice(&client.got);
	ck_assert(slice_starts(got, slice_str(start)));
	head = slice_find(got, SLICE("\r\n\r\n"));
	got = slice_skip(got, (size_t)head + 4);
	ck_assert_uint_eq(got.n, n);
	ck_bytes(got, from);
	strbuf_reset(&client.got);
}

static void ck_blob(const char *headers, int status, size_t from, size_t n)
{
	ck_stream("/blob", headers, status, from, n);
}

START_TEST(blobs)
{
	size_t sizes[] = { 1000, 256 * 1024, 256 * 1024 + 1, 3000000 };
	char headers[300];
	const char *a;

	for (size_t i = 0; i < 4; i++) {
		start_blobs(sizes[i]);
		for (int known = 0; known < 2; known++) {
			blob_size = known ? sizes[i] : 0;
			ck_blob("", 200, 0, sizes[i]);
			ck_blob("Range: bytes=10-19\r\n", 206, 10, 10);
			ck_blob("Range: bytes=-700\r\n", 206, sizes[i] - 700, 700);
			snprintf(headers, sizeof(headers), "If-None-Match: \"%s\"\r\n", blob_key);
			ck_status(get("/blob", headers), 304);
			a = get("/blob", "Range: bytes=99999999-\r\n");
			ck_status(a, 416);
			snprintf(headers, sizeof(headers), "bytes */%zu", sizes[i]);
			ck_assert_str_eq(header_of(a, "Content-Range"), headers);
		}
		answer_of_head = true;
		a = ask("HEAD /blob HTTP/1.1\r\n" H "\r\n");
		snprintf(headers, sizeof(headers), "%zu", sizes[i]);
		ck_assert_str_eq(header_of(a, "Content-Length"), headers);
		ck_assert_str_eq(header_of(a, "Content-Type"), "video/mp4");
		answer_of_head = false;
		stop_blobs();
	}
}
END_TEST

START_TEST(blobs_that_are_not_there)
{
	start_blobs(1000);
	log_set_level(LOG_ERROR + 1);
	snprintf(blob_key, sizeof(blob_key), "no/such/blob");
	ck_status(get("/blob", ""), 404);
	blob_size = 1000;
	ck_status(get("/blob", ""), 404);
	ck_lacks(get("/blob", ""), "ETag");
	/* Shorter than was said: the length cannot be kept, so the connection ends. */
	put_blob(1000);
	blob_size = 2000;
	send_text("GET /blob HTTP/1.1\r\n" H "\r\n");
	ck_assert(gone_within(&client, 3000));
	stop_blobs();
}
END_TEST

/* The server reads no further ahead than the client takes, and lets go when the client leaves. */
START_TEST(blobs_for_a_slow_client)
{
	size_t size = 20u << 20;

	start_blobs(size);
	client.count_only = true;
	conn_set_limits(client.c, 65536, 65536);
	conn_pause(client.c);
	send_text("GET /blob HTTP/1.1\r\n" H "\r\n");
	run_for(500);
	ck_assert_uint_eq(client.got_n, 0);
	ck_assert_uint_eq(net_conn_count(), 2);
	conn_resume(client.c);
	for (int i = 0; i < 1000 && client.got_n < size; i++)
		run_for(10);
	ck_assert_uint_gt(client.got_n, size);

	for (int i = 0; i < 5; i++) {
		send_text("GET /blob HTTP/1.1\r\n" H "\r\n");
		run_for(i * 3);
		net_close_all();
		connect_client(&client);
		client.count_only = true;
	}
	run_for(50);
	stop_blobs();
}
END_TEST

/* ---- pieces ---- */

#define HAND 3000 /* bytes at hand */

/* What stands behind the blob: byte_at goes on, so that the whole is checked as one. */
static char at_hand[HAND];

static void start_pieces(size_t size)
{
	start_blobs(size);
	for (size_t i = 0; i < HAND; i++)
		at_hand[i] = byte_at(size + i);
	some_pieces[0] = (struct http_piece){ .blob = blob_key, .size = size };
	some_pieces[1] = (struct http_piece){ .bytes = { NULL, 0 } };
	some_pieces[2] = (struct http_piece){ .bytes = { at_hand, 1000 } };
	some_pieces[3] = (struct http_piece){ .bytes = { at_hand + 1000, 1 } };
	some_pieces[4] = (struct http_piece){ .bytes = { at_hand + 1001, HAND - 1001 } };
	piece_count = 5;
}

START_TEST(pieces_are_one_answer)
{
	size_t sizes[] = { 700, 256 * 1024, 300000 };
	char headers[100];
	const char *a;

	for (size_t i = 0; i < 3; i++) {
		size_t n = sizes[i], whole = n + HAND;
		size_t from[] = { 0, 1, n - 1, n, n + 1, n + 999, n + 1000, n + 1001, whole - 1 };

		start_pieces(n);
		ck_stream("/pieces", "", 200, 0, whole);
		for (size_t k = 0; k < sizeof(from) / sizeof(from[0]); k++) {
			snprintf(headers, sizeof(headers), "Range: bytes=%zu-\r\n", from[k]);
			ck_stream("/pieces", headers, 206, from[k], whole - from[k]);
			snprintf(headers, sizeof(headers), "Range: bytes=0-%zu\r\n", from[k]);
			ck_stream("/pieces", headers, 206, 0, from[k] + 1);
			snprintf(headers, sizeof(headers), "Range: bytes=%zu-%zu\r\n", from[k],
				from[k]);
			ck_stream("/pieces", headers, 206, from[k], 1);
		}
		ck_status(get("/pieces", "If-None-Match: \"pieces\"\r\n"), 304);
		a = get("/pieces", "Range: bytes=99999999-\r\n");
		ck_status(a, 416);
		snprintf(headers, sizeof(headers), "bytes */%zu", whole);
		ck_assert_str_eq(header_of(a, "Content-Range"), headers);
		answer_of_head = true;
		a = ask("HEAD /pieces HTTP/1.1\r\n" H "\r\n");
		snprintf(headers, sizeof(headers), "%zu", whole);
		ck_assert_str_eq(header_of(a, "Content-Length"), headers);
		ck_assert_str_eq(header_of(a, "ETag"), "\"pieces\"");
		answer_of_head = false;
		/* Bytes at hand alone, and nothing at all. */
		memmove(some_pieces, some_pieces + 1, 4 * sizeof(some_pieces[0]));
		piece_count = 4;
		ck_stream("/pieces", "", 200, n, HAND);
		piece_count = 0;
		ck_stream("/pieces", "", 200, 0, 0);
		stop_blobs();
	}
}
END_TEST

/* A first blob that is not there is an honest 404; a later one ends the connection. */
START_TEST(pieces_that_are_not_there)
{
	start_pieces(1000);
	log_set_level(LOG_ERROR + 1);
	some_pieces[5] = (struct http_piece){ .blob = "no/such/blob", .size = 10 };
	piece_count = 6;
	send_text("GET /pieces HTTP/1.1\r\n" H "\r\n");
	ck_assert(gone_within(&client, 3000));
	ck_assert_uint_gt(client.got_n, 1000 + HAND);
	connect_client(&client);
	some_pieces[0].blob = "no/such/blob";
	ck_status(get("/pieces", ""), 404);
	stop_blobs();
}
END_TEST

START_TEST(pieces_for_a_slow_client)
{
	size_t size = 5u << 20;

	start_pieces(size);
	some_pieces[5] = some_pieces[6] = some_pieces[0];
	piece_count = 7;
	client.count_only = true;
	conn_set_limits(client.c, 65536, 65536);
	conn_pause(client.c);
	send_text("GET /pieces HTTP/1.1\r\n" H "\r\n");
	run_for(300);
	ck_assert_uint_eq(client.got_n, 0);
	conn_resume(client.c);
	for (int i = 0; i < 1000 && client.got_n < 3 * size + HAND; i++)
		run_for(10);
	ck_assert_uint_gt(client.got_n, 3 * size + HAND);
	for (int i = 0; i < 5; i++) {
		send_text("GET /pieces HTTP/1.1\r\n" H "\r\n");
		run_for(i * 3);
		net_close_all();
		connect_client(&client);
		client.count_only = true;
	}
	run_for(50);
	stop_blobs();
}
END_TEST

TEST_MAIN("http_reply", conditional, if_match, body_type, ranges, compresses, files_of_the_program,
	blobs, blobs_that_are_not_there, blobs_for_a_slow_client, pieces_are_one_answer,
	pieces_that_are_not_there, pieces_for_a_slow_client)
