// SPDX-License-Identifier: GPL-2.0
/*
 * Values for people and for programs.
 */
#include "migctl.h"
#include "parse.h"
#include "print.h"
#include "settings.h"
#include "target.h"

int print_json(json_t *value, size_t flags)
{
	int err = json_dumpf(value, stdout, flags | JSON_REAL_PRECISION(9));

	json_decref(value);
	/* What cannot be written is noticed when standard output is closed. */
	if (err && !ferror(stdout)) {
		complain("JSON", "out of memory");
		return EXIT_FAILED;
	}
	putchar('\n');
	return EXIT_OK;
}

const char *format_value(char *buf, size_t len, const char *name,
			 const json_t *value)
{
	if (json_is_string(value))
		snprintf(buf, len, "%s", json_string_value(value));
	else if (target_is_bytes(name))
		format_size(buf, len, json_integer_value(value));
	else
		snprintf(buf, len, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	return buf;
}

void print_values(FILE *f, const json_t *values)
{
	char text[SETTING_LEN];
	const char *name, *comma = "";
	json_t *value;

	json_object_foreach((json_t *)values, name, value) {
		fprintf(f, "%s%s %s", comma, name,
			format_value(text, sizeof(text), name, value));
		comma = ", ";
	}
}
