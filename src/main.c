/*
 * main.c: the program. What a command does is in src/cli/ or in the module that brings it. Its
 * thread becomes the loop's.
 */
#include "cli/cli.h"

int main(int argc, char **argv)
{
	return cli_main(argc, argv);
}
