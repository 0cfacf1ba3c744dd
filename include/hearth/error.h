/*
 * error.h: the one list of error codes.
 *
 * A function that can fail returns 0 (or a count) when it worked and one of these negative codes
 * when it did not. The text a person reads is made where the cause is known (a log line, a protocol
 * reply); the code only says which kind of failure it was, so that a caller can choose. Constants
 * and a pure function.
 */
#ifndef HEARTH_ERROR_H
#define HEARTH_ERROR_H

enum hearth_error {
	HEARTH_OK = 0,
	HEARTH_EINVAL = -1,        /* the input is malformed */
	HEARTH_ENOTFOUND = -2,     /* no such thing */
	HEARTH_EEXIST = -3,        /* it is there already */
	HEARTH_ECONFLICT = -4,     /* it changed meanwhile: compare-and-set, stale version */
	HEARTH_EDENIED = -5,       /* known, and not allowed */
	HEARTH_EBUSY = -6,         /* a bound is reached: try again later */
	HEARTH_ETOOBIG = -7,       /* larger than a limit allows */
	HEARTH_EIO = -8,           /* the disk, the database or the network failed */
	HEARTH_ETIMEOUT = -9,      /* a deadline passed */
	HEARTH_ECLOSED = -10,      /* the peer or the service is gone, or stopping */
	HEARTH_ECORRUPT = -11,     /* stored bytes are not what was stored */
	HEARTH_EUNSUPPORTED = -12, /* well-formed, and nothing here does it */
};

/* A short lower-case name of a code, such as "not found"; never NULL. Any thread. */
const char *error_name(int code);

#endif
