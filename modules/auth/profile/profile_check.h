/*
 * profile_check.h: what may stand in a profile: the name others see, the time zone, the languages.
 * Pure; any thread.
 */
#ifndef AUTH_PROFILE_CHECK_H
#define AUTH_PROFILE_CHECK_H

#include "hearth/str.h"

#define PROFILE_NAME_MAX      64 /* characters (code points), after NFC */
#define PROFILE_NAME_BYTES    (PROFILE_NAME_MAX * 4)
#define PROFILE_MARKS_MAX     3 /* combining marks on one letter */
#define PROFILE_LANGUAGES_MAX 10
#define LANGUAGE_TAG_MAX      35 /* bytes; RFC 5646 section 4.4.1 */

/*
 * A name for people, in the form it is kept in: NFC, without space at its ends, single spaces.
 * Refused, with a text for a person in *why, is a name
 *   - that is no UTF-8, empty, longer than PROFILE_NAME_MAX or without a visible character;
 *   - with what is not seen or turns other text round: control and format characters (also
 *     zero-width ones and those of bidirectional text), line breaks, fillers, private-use and
 *     unassigned code points, more than PROFILE_MARKS_MAX marks on one letter;
 *   - with letters that only look like others: letters that stand for a styled ASCII letter or
 *     digit (full width, mathematical, circled), and, within one word, letters of two of Latin,
 *     Greek, Cyrillic, Armenian, Coptic and Cherokee. Words of different scripts may stand beside
 *     each other. A word wholly of another script may still look like a Latin one: a name is no
 *     proof of who somebody is, the address is.
 * 0 with out (appended), or HEARTH_EINVAL.
 */
int profile_name_check(struct slice name, struct strbuf *out, const char **why);

/*
 * A language tag (BCP 47, RFC 5646 section 2.1: a langtag; neither one of private use alone nor a
 * grandfathered one), appended in its canonical case (section 2.1.1): "en", "pt-BR", "zh-Hant-TW".
 * By its syntax: whether the subtags are registered is not looked at. 0 or HEARTH_EINVAL.
 */
int language_tag_check(struct slice tag, struct strbuf *out);

/* Whether it is the name of a zone or a link of the tz database, in its own case. */
bool time_zone_known(struct slice name);

#endif
