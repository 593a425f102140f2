// Gets the bytes of one file of an image to the kernel: small reads by pread, large ones straight from a mapping, so
// that the kernel copies once. User code never touches the mapping: a page that cannot be read is EFAULT from the
// system call, never SIGBUS, and the request then falls back to pread, which knows the reason.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>

#include "system/unique-fd.hh"

namespace isodrive {

/** Told of reads before they begin. */
class WaitObserver {
 public:
  /** The bytes are not in memory: the read waits for the medium, perhaps for ever. False: not now. */
  virtual bool will_wait() = 0;
  /** The bytes are most likely in memory. */
  virtual void may_wait() = 0;

 protected:
  ~WaitObserver() = default;
};

class FileReader {
 public:
  /** Takes `fd`, borrows `observer`. `size` in bytes, as when the image was opened. */
  FileReader(UniqueFd fd, uint64_t size, WaitObserver& observer);
  ~FileReader();
  FileReader(const FileReader&) = delete;
  FileReader& operator=(const FileReader&) = delete;

  /** Result of `read`: the bytes are not in memory, and the observer lets nobody wait for them now. */
  static constexpr int kPostponed = -1;

  /** Fills `target` with bytes of the file; 0, kPostponed, or the errno (EIO where the file ends too early). */
  int read(void* target, size_t length, uint64_t offset) const;
  /** As `read`, into `count` pieces of memory of `length` bytes in all. */
  int read_pieces(const iovec* pieces, int count, size_t length, uint64_t offset) const;
  /** To be asked before `mapped`: false when the observer lets nobody wait for these bytes now. */
  bool may_map(uint64_t offset, size_t length) const;
  /** Address of bytes of the file for a system call to read from, or null when they must be read by `read`. */
  const void* mapped(uint64_t offset, size_t length) const;
  /** Takes pages that `mapped` handed out from this process's memory again; they stay in the page cache. */
  void drop(uint64_t offset, size_t length) const;

 private:
  bool is_cached(uint64_t offset) const;

  const UniqueFd fd_;
  uint64_t size_;
  uint8_t* map_ = nullptr;
  WaitObserver& observer_;
};

}  // namespace isodrive
