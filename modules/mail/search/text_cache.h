/*
 * text_cache.h: the text of the message that was read last, for the others who got the same: a mail
 * to a group is parsed for search once, not once for each member. Any thread.
 */
#ifndef MAIL_TEXT_CACHE_H
#define MAIL_TEXT_CACHE_H

#include "hearth/str.h"

struct mail_text_cache;

struct mail_text_cache *mail_text_cache_new(void);
/* Sets *c to NULL; legal on NULL. */
void mail_text_cache_free(struct mail_text_cache **c);

/*
 * Appends the text of the message with that key (mail_message_key). While somebody else makes it,
 * waits for that. False when it is not there: then the caller makes it, and says so by put, or by
 * give_up when that cannot be.
 */
bool mail_text_cache_get(
	struct mail_text_cache *c, struct slice key, struct strbuf *head, struct strbuf *body);
/* Keeps copies in place of what was there. */
void mail_text_cache_put(
	struct mail_text_cache *c, struct slice key, struct slice head, struct slice body);
void mail_text_cache_give_up(struct mail_text_cache *c, struct slice key);
/* Forgets what nobody has asked for since the last call. */
void mail_text_cache_age(struct mail_text_cache *c);

#endif
