/* SPDX-License-Identifier: Apache-2.0 */
/* What glibc declares only under _GNU_SOURCE, which its Swift module does not set. */
#ifdef __linux__
#include <malloc.h>
#include <sys/statfs.h>
extern int sync_file_range(int descriptor, long long offset, long long count, unsigned int flags);
extern int sched_getaffinity(int process, unsigned long byte_count, void *mask);
#endif
