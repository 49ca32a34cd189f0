/* How often memory was asked for: by the program and by the libraries that are linked
 * into it, though not by the shared ones.  The linker puts a counter before malloc and
 * its like: link with --wrap for each of them. */

#ifndef TESTS_BENCH_ALLOCATIONS_H
#define TESTS_BENCH_ALLOCATIONS_H

unsigned long allocations_count(void);

#endif
