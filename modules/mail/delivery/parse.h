/*
 * parse.h: from the bytes of a message to what is stored of it. Pure, on workers.
 */
#ifndef MAIL_PARSE_H
#define MAIL_PARSE_H

#include "hearth/blob.h"
#include "store/store.h"

/*
 * Parses the bytes that were sent into what the store keeps. All in `a`, or points into `blob`;
 * blob_key, trace and mail_from are left to the caller. It knows nothing of the trace that each recipient
 * gets in front, so that it is done once for all of them.
 */
void mail_message_parse(struct arena *a, struct slice blob, struct mail_content *out);

/*
 * A message of up to so many bytes lies in the rows of what was parsed of it, a larger one is a
 * blob. Either is known by the hash of its bytes.
 */
#define MAIL_ROW_MAX (64u << 10)
void mail_message_key(struct slice message, char key[BLOB_KEY_MAX + 1]);

/*
 * Whether a header field is one of those that clients list mailboxes by: they are kept for
 * themselves (`fields`), so that listing reads no message.
 */
bool mail_field_is_listed(struct slice name);

#endif
