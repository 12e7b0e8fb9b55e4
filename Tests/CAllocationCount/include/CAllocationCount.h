#ifndef C_ALLOCATION_COUNT_H
#define C_ALLOCATION_COUNT_H

/// Starts counting this thread's allocations from zero.
void allocation_count_start(void);

/// Stops counting.
///
/// Returns how many blocks this thread has asked for since the start; -1 when nothing can be counted, because a
/// sanitizer brings an allocator of its own.
long allocation_count_stop(void);

#endif
