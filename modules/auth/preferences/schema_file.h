/*
 * schema_file.h: the bytes of schema.json, which are part of the program.
 */
#ifndef AUTH_PREFERENCES_SCHEMA_FILE_H
#define AUTH_PREFERENCES_SCHEMA_FILE_H

#include "hearth/str.h"

struct slice schema_file(void);

#endif
