/* The release history that comes with the project, as a sealed catalog. */

#ifndef TESTS_UNIT_DECISION_REAL_CATALOG_H
#define TESTS_UNIT_DECISION_REAL_CATALOG_H

struct catalog;

/* A fault in a file fails the test.  Give it back with catalog_give(). */
struct catalog *real_catalog(void);

#endif
