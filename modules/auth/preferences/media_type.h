/*
 * media_type.h: what an attachment may be: pictures for signatures and sounds, told by their first
 * bytes, so that nothing else goes out under their name. Pure, any thread.
 */
#ifndef AUTH_PREFERENCES_MEDIA_TYPE_H
#define AUTH_PREFERENCES_MEDIA_TYPE_H

#include "hearth/str.h"

/* Every type that is taken, for people and for Accept. */
#define MEDIA_TYPES "image/png, image/jpeg, image/webp, image/gif, audio/mpeg, audio/ogg, audio/wav"

/* The media type of these bytes; NULL when it is none of MEDIA_TYPES. */
const char *media_type_of(struct slice bytes);

#endif
