// Reads what the kernel has in memory, without waiting for a medium.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>

namespace isodrive {

/** True when all bytes were in the page cache; false otherwise, and where the file system cannot tell (EOPNOTSUPP). */
inline bool read_cached(int fd, void* target, size_t length, uint64_t offset) {
  const iovec vector{target, length};
  return preadv2(fd, &vector, 1, static_cast<off_t>(offset), RWF_NOWAIT) == static_cast<ssize_t>(length);
}

}  // namespace isodrive
