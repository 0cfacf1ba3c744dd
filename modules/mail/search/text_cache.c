/*
 * text_cache.c: see text_cache.h. Under a lock, from any thread; it holds one message's text, which
 * text.h bounds, for some seconds, and knows of one that is being made.
 */
#include "search/text_cache.h"

#include <pthread.h>
#include <stdlib.h>

#include "hearth/arena.h"
#include "hearth/log.h"

struct mail_text_cache {
	pthread_mutex_t lock;
	pthread_cond_t made;
	struct strbuf key, head, body;
	struct strbuf pending; /* the key of what somebody makes; empty: nobody does */
	bool used;             /* since it was looked at last */
};

struct mail_text_cache *mail_text_cache_new(void)
{
	struct mail_text_cache *c = mem_zalloc(sizeof(*c));

	pthread_mutex_init(&c->lock, NULL);
	pthread_cond_init(&c->made, NULL);
	return c;
}

static void forget(struct mail_text_cache *c)
{
	strbuf_free(&c->key);
	strbuf_free(&c->head);
	strbuf_free(&c->body);
}

void mail_text_cache_free(struct mail_text_cache **c)
{
	if (!*c)
		return;
	forget(*c);
	strbuf_free(&(*c)->pending);
	pthread_cond_destroy(&(*c)->made);
	pthread_mutex_destroy(&(*c)->lock);
	free(*c);
	*c = NULL;
}

bool mail_text_cache_get(
	struct mail_text_cache *c, struct slice key, struct strbuf *head, struct strbuf *body)
{
	bool found;

	pthread_mutex_lock(&c->lock);
	while (c->pending.n && slice_eq(strbuf_slice(&c->pending), key))
		pthread_cond_wait(&c->made, &c->lock);
	found = key.n > 0 && slice_eq(strbuf_slice(&c->key), key);
	if (found) {
		strbuf_add(head, strbuf_slice(&c->head));
		strbuf_add(body, strbuf_slice(&c->body));
		c->used = true;
	} else if (c->pending.n == 0) {
		strbuf_add(&c->pending, key);
	}
	pthread_mutex_unlock(&c->lock);
	return found;
}

/* Under the lock: those who wait for it look again. */
static void made(struct mail_text_cache *c, struct slice key)
{
	if (!slice_eq(strbuf_slice(&c->pending), key))
		return;
	strbuf_free(&c->pending);
	pthread_cond_broadcast(&c->made);
}

void mail_text_cache_put(
	struct mail_text_cache *c, struct slice key, struct slice head, struct slice body)
{
	INVARIANT(key.n > 0);
	pthread_mutex_lock(&c->lock);
	forget(c);
	strbuf_add(&c->key, key);
	strbuf_add(&c->head, head);
	strbuf_add(&c->body, body);
	c->used = true;
	made(c, key);
	pthread_mutex_unlock(&c->lock);
}

void mail_text_cache_give_up(struct mail_text_cache *c, struct slice key)
{
	pthread_mutex_lock(&c->lock);
	made(c, key);
	pthread_mutex_unlock(&c->lock);
}

void mail_text_cache_age(struct mail_text_cache *c)
{
	pthread_mutex_lock(&c->lock);
	if (!c->used)
		forget(c);
	c->used = false;
	pthread_mutex_unlock(&c->lock);
}
