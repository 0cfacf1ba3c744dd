/*
 * tls_context.c: the certificate in use, as an SSL_CTX that is replaced whole when the files
 * change. A connection holds on to the one it began with. On the loop; the two files are small.
 */
#include "net/net.h"
#include "net/tls.h"

#include "hearth/arena.h"
#include "hearth/error.h"
#include "hearth/exec.h"
#include "hearth/log.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <sys/stat.h>

#define CHECK_MS 30000

/* ECDHE with authenticated encryption only; TLS 1.3's own are all like that. */
#define CIPHERS                                                                                    \
	"ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:" \
	"ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305"

/* By what a change of a file is noticed; zero for a file that is not there. */
struct stamp {
	ino_t inode;
	off_t size;
	int64_t changed_ns;
};

struct tls_context {
	SSL_CTX *ctx;
	char *cert, *key;
	bool installed;       /* what is in use did not come from the files */
	struct stamp seen[2]; /* of certificate and key, when they were last tried */
	struct timer timer;
};

SSL_CTX *tls_context_current(const struct tls_context *t)
{
	return t->ctx;
}

static struct stamp stamp_of(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return (struct stamp){ 0 };
	return (struct stamp){ st.st_ino, st.st_size,
		st.st_ctim.tv_sec * 1000000000 + st.st_ctim.tv_nsec };
}

/* Whether a file is another than at the last try; each change is tried once. */
static bool changed(struct stamp *seen, const char *path)
{
	struct stamp now = stamp_of(path);
	bool same = now.inode == seen->inode && now.size == seen->size &&
		    now.changed_ns == seen->changed_ns;

	*seen = now;
	return !same;
}

/* A key with a passphrase cannot be used: there is nobody to ask. */
static int no_passphrase(char *to, int size, int writing, void *arg)
{
	(void)to;
	(void)size;
	(void)writing;
	(void)arg;
	return -1;
}

static void set_options(SSL_CTX *ctx)
{
	SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
	SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
					 SSL_OP_CIPHER_SERVER_PREFERENCE |
					 SSL_OP_PRIORITIZE_CHACHA);
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
				      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	/* Sessions are resumed by tickets; nothing of them is kept here. */
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_default_passwd_cb(ctx, no_passphrase);
	SSL_CTX_set_alpn_select_cb(ctx, tls_choose_alpn, NULL);
	SSL_CTX_set_client_hello_cb(ctx, tls_see_hello, NULL);
	INVARIANT(SSL_CTX_set_cipher_list(ctx, CIPHERS) == 1);
}

static SSL_CTX *load(const char *cert, const char *key, struct strbuf *why)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	char text[200];

	INVARIANT(ctx);
	set_options(ctx);
	ERR_clear_error();
	if (SSL_CTX_use_certificate_chain_file(ctx, cert) == 1 &&
		SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) == 1 &&
		SSL_CTX_check_private_key(ctx) == 1)
		return ctx;
	ERR_error_string_n(ERR_peek_last_error(), text, sizeof(text));
	strbuf_printf(why, "certificate %s with key %s: %s", cert, key, text);
	SSL_CTX_free(ctx);
	return NULL;
}

int tls_check_files(const char *cert, const char *key, struct strbuf *why)
{
	SSL_CTX *ctx = load(cert, key, why);

	SSL_CTX_free(ctx);
	return ctx ? 0 : HEARTH_EINVAL;
}

void tls_context_reload(struct tls_context *t)
{
	struct strbuf why = { 0 };
	bool cert = changed(&t->seen[0], t->cert), key = changed(&t->seen[1], t->key);
	SSL_CTX *ctx;

	if (t->installed || (!cert && !key))
		return;
	ctx = load(t->cert, t->key, &why);
	if (ctx) {
		SSL_CTX_free(t->ctx);
		t->ctx = ctx;
		log_info("tls", "using the new certificate", "file", "%s", t->cert, NULL);
	} else {
		log_warn("tls", "the new certificate cannot be used, the old one stays", "why",
			"%s", why.p, NULL);
	}
	strbuf_free(&why);
}

/* The first certificate of a chain, and then the others, from memory. */
static bool use_chain(SSL_CTX *ctx, struct slice chain)
{
	BIO *bio = BIO_new_mem_buf(chain.p ? chain.p : "", (int)chain.n);
	X509 *cert = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
	bool done = cert && SSL_CTX_use_certificate(ctx, cert) == 1;

	X509_free(cert);
	while (done && (cert = PEM_read_bio_X509(bio, NULL, NULL, NULL)))
		if (SSL_CTX_add0_chain_cert(ctx, cert) != 1) {
			X509_free(cert);
			done = false;
		}
	BIO_free(bio);
	return done;
}

static bool use_key(SSL_CTX *ctx, struct slice pem)
{
	BIO *bio = BIO_new_mem_buf(pem.p ? pem.p : "", (int)pem.n);
	EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL) : NULL;
	bool done =
		key && SSL_CTX_use_PrivateKey(ctx, key) == 1 && SSL_CTX_check_private_key(ctx) == 1;

	EVP_PKEY_free(key);
	BIO_free(bio);
	return done;
}

int tls_context_install(
	struct tls_context *t, struct slice chain, struct slice key, struct strbuf *why)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	char text[200];

	INVARIANT(ctx);
	set_options(ctx);
	ERR_clear_error();
	if (use_chain(ctx, chain) && use_key(ctx, key)) {
		ERR_clear_error(); /* the end of the chain is one */
		SSL_CTX_free(t->ctx);
		t->ctx = ctx;
		t->installed = true;
		return 0;
	}
	ERR_error_string_n(ERR_peek_last_error(), text, sizeof(text));
	strbuf_adds(why, text);
	SSL_CTX_free(ctx);
	return HEARTH_EINVAL;
}

static void on_timer(void *arg)
{
	tls_context_reload(arg);
}

static char *path_join(const char *dir, const char *name)
{
	struct strbuf path = { 0 };

	strbuf_printf(&path, "%s/%s", dir, name);
	return path.p;
}

/* Without a certificate of the user's: one of our own making in data_dir/tls. */
static int use_selfsigned(
	struct tls_context *t, const char *data_dir, const char *hostname, struct strbuf *why)
{
	char *dir = path_join(data_dir, "tls");
	int rc = 0;

	t->cert = path_join(dir, "cert.pem");
	t->key = path_join(dir, "key.pem");
	if (mkdir(dir, 0700) < 0 && errno != EEXIST) {
		strbuf_printf(why, "%s: %s", dir, strerror(errno));
		rc = HEARTH_EIO;
	}
	free(dir);
	return rc < 0 ? rc : tls_selfsigned(t->cert, t->key, hostname, why);
}

static int choose_files(struct tls_context *t, const char *cert, const char *key,
	const char *data_dir, const char *hostname, struct strbuf *why)
{
	if (cert && *cert) {
		t->cert = mem_strdup(slice_str(cert));
		t->key = mem_strdup(
			slice_str(key && *key ? key : cert)); /* one file may hold both */
		return 0;
	}
	if (key && *key) {
		strbuf_adds(why, "[tls] key is set and cert is not");
		return HEARTH_EINVAL;
	}
	return use_selfsigned(t, data_dir, hostname, why);
}

struct tls_context *tls_context_new(const char *cert, const char *key, const char *data_dir,
	const char *hostname, struct strbuf *why)
{
	struct tls_context *t = mem_zalloc(sizeof(*t));

	if (choose_files(t, cert, key, data_dir, hostname, why) == 0) {
		t->seen[0] = stamp_of(t->cert);
		t->seen[1] = stamp_of(t->key);
		t->ctx = load(t->cert, t->key, why);
	}
	if (!t->ctx)
		tls_context_free(&t);
	else
		timer_start(&t->timer, CHECK_MS, CHECK_MS, on_timer, t);
	return t;
}

void tls_context_free(struct tls_context **t)
{
	if (!*t)
		return;
	timer_stop(&(*t)->timer);
	SSL_CTX_free((*t)->ctx);
	free((*t)->cert);
	free((*t)->key);
	free(*t);
	*t = NULL;
}
