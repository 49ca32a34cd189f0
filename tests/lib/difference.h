/* Records compared field by field: the name of the first that differs, NULL when all are
 * the same. */

#ifndef TESTS_LIB_DIFFERENCE_H
#define TESTS_LIB_DIFFERENCE_H

#include "engine/record.h"

const char *facts_difference(const struct facts *a, const struct facts *b);
const char *flow_difference(const struct flow *a, const struct flow *b);
const char *history_difference(const struct history *a, const struct history *b);
const char *record_difference(const struct device_record *a,
			      const struct device_record *b);

#endif
