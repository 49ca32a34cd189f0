/* A disk between SQLite and the real one.  It knows whether the log holds anything that
 * was not synced yet, as would be lost with the power, and it fails when told to. */

#ifndef TESTS_UNIT_STORE_FAULTY_DISK_H
#define TESTS_UNIT_STORE_FAULTY_DISK_H

#include <stdbool.h>

enum disk_fault {
	DISK_WELL,
	DISK_FULL,        /* writes to the log find no space */
	DISK_WRITE_FAILS, /* writes to the log meet an error */
	DISK_SYNC_FAILS,  /* syncs of the log meet an error */
};

/* For every database that is opened from now on in this process. */
void faulty_disk_install(void);
/* The next `times` operations of that kind fail; a negative number: all, until set
 * again. */
void faulty_disk_set(enum disk_fault fault, int times);
bool faulty_disk_log_is_synced(void);
unsigned faulty_disk_syncs(void); /* of the log, that went well */

#endif
