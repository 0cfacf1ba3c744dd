/*
 * schema_file.c: see schema_file.h. The assembler reads the file; the Makefile says that this
 * object is made from it. A constant.
 */
#include "preferences/schema_file.h"

__asm__(".pushsection .rodata\n"
	".hidden preferences_schema_begin, preferences_schema_end\n"
	".global preferences_schema_begin, preferences_schema_end\n"
	"preferences_schema_begin: .incbin \"modules/auth/preferences/schema.json\"\n"
	"preferences_schema_end: .byte 0\n"
	".popsection\n");

extern const char preferences_schema_begin[], preferences_schema_end[];

struct slice schema_file(void)
{
	return slice_of(preferences_schema_begin,
		(size_t)(preferences_schema_end - preferences_schema_begin));
}
