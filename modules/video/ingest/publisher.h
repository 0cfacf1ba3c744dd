/*
 * publisher.h: who may publish with a key: the owner of the channel whose key it is, or whoever
 * made an app password for RTMP, on their own channel. On the loop. Nothing is counted here; how
 * often an address may guess is the accounts' affair.
 */
#ifndef VIDEO_PUBLISHER_H
#define VIDEO_PUBLISHER_H

#include "store/store.h"
#include "video.h"

struct publisher {
	struct video_channel channel;
	struct account account; /* whom to send away when `accounts.revoked` means them */
};

/*
 * 0 with the publisher (valid during the call); HEARTH_ENOTFOUND: no such key, or its account is
 * disabled; HEARTH_EBUSY, HEARTH_EIO.
 */
typedef void publisher_fn(void *arg, int status, const struct publisher *p);
/* Looks up a key; `done` comes from a later turn. */
void publisher_find(struct video *v, struct slice key, const struct conn_info *peer,
	publisher_fn *done, void *arg);

#endif
