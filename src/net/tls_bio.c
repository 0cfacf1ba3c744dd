/*
 * tls_bio.c: a BIO over memory that is not its own: it reads where the bytes lie, and writes to a
 * buffer that its owner empties. OpenSSL's memory BIO keeps what it grew to; this one keeps
 * nothing. On the loop.
 */
#include "net/tls.h"

#include "hearth/log.h"

static int bio_read(BIO *bio, char *to, size_t n, size_t *done)
{
	struct tls_pipe *pipe = BIO_get_data(bio);

	BIO_clear_retry_flags(bio);
	*done = pipe->in.n < n ? pipe->in.n : n;
	if (*done == 0) {
		BIO_set_retry_read(bio);
		return 0;
	}
	memcpy(to, pipe->in.p, *done);
	pipe->in = slice_skip(pipe->in, *done);
	return 1;
}

static int bio_write(BIO *bio, const char *from, size_t n, size_t *done)
{
	struct tls_pipe *pipe = BIO_get_data(bio);

	strbuf_add(&pipe->out, slice_of(from, n));
	*done = n;
	return 1;
}

static long bio_ctrl(BIO *bio, int command, long number, void *pointer)
{
	(void)bio;
	(void)number;
	(void)pointer;
	return command == BIO_CTRL_FLUSH;
}

static int bio_create(BIO *bio)
{
	BIO_set_init(bio, 1);
	return 1;
}

static BIO_METHOD *make_method(void)
{
	BIO_METHOD *m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "hearth pipe");

	INVARIANT(m);
	BIO_meth_set_read_ex(m, bio_read);
	BIO_meth_set_write_ex(m, bio_write);
	BIO_meth_set_ctrl(m, bio_ctrl);
	BIO_meth_set_create(m, bio_create);
	return m;
}

BIO *tls_bio_new(struct tls_pipe *pipe)
{
	static BIO_METHOD *method; /* the loop's thread only */
	BIO *bio;

	if (!method)
		method = make_method();
	bio = BIO_new(method);
	INVARIANT(bio);
	BIO_set_data(bio, pipe);
	return bio;
}
