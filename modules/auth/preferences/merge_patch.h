/*
 * merge_patch.h: JSON Merge Patch (RFC 7396): members of the patch replace those of the document, a
 * null takes one away, what is no object replaces the whole. Pure, any thread.
 */
#ifndef AUTH_PREFERENCES_MERGE_PATCH_H
#define AUTH_PREFERENCES_MERGE_PATCH_H

#include "hearth/json.h"

/*
 * `target` (NULL: there is none yet) after `patch`, both from json_read. The result is in `a`,
 * shares with both what did not change, is no deeper than either of them, and has no more members
 * than both together; members of an object that was patched are in the order of their names. The
 * time taken is that of sorting the members.
 */
const struct json *merge_patch(
	struct arena *a, const struct json *target, const struct json *patch);

#endif
