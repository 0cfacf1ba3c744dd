/*
 * qr.h: a QR code (ISO/IEC 18004) as an SVG picture. Pure; any thread.
 */
#ifndef AUTH_QR_H
#define AUTH_QR_H

#include "hearth/str.h"

#define QR_QUIET 4 /* modules of white around it; ISO/IEC 18004 section 6.3.8 */

/*
 * Appends the QR code of `text` (NUL-terminated, error correction M or better) as one <svg>
 * element that is as sharp at any size: black on white whatever page it stands on, its quiet zone
 * part of it, one unit a module. It has no id, script or style, so it can stand in a page as it
 * is or behind data:image/svg+xml. HEARTH_ETOOBIG when the text does not fit a code; nothing is
 * appended then.
 */
int qr_svg(struct strbuf *out, const char *text);

#endif
