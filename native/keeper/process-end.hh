// Whether a process has ended for all that matters, though the kernel does not say so yet.
#pragma once

#include <sys/types.h>

namespace isodrive::keeper {

/** Milliseconds between two looks. */
inline constexpr int kLookInterval = 500;
/** Nanoseconds by which such a look may be late, so that it wakes no processor of its own. */
inline constexpr unsigned long kSlack = 250'000'000;

/**
 * Whether the main thread of a process ends or has ended: while it closes a file whose file system never answers, or
 * another thread waits for one, the kernel does not tell of the end (wait(2)), and keeps what the process has open.
 */
bool is_ending(pid_t pid);

}  // namespace isodrive::keeper
