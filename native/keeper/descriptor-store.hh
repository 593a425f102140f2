// Named descriptors that outlive the daemon: a table of fixed size, so that keeping one can never fail for memory.
#pragma once

#include <cstddef>

namespace isodrive::keeper {

/**
 * Five for each of the daemon's 1,024 mounts at most, 2,048 more for images of several files, the control socket, and
 * room to spare.
 */
inline constexpr size_t kMaxDescriptors = 7248;
/**
 * Longest name, its terminator included. All that a daemon gives take 113 KB together: below the kernel's limit of one
 * variable (MAX_ARG_STRLEN, 128 KiB).
 */
inline constexpr size_t kMaxName = 32;

/** Numbers of descriptors that are left for the daemon's own, and for what starting it takes. */
inline constexpr int kSpareDescriptors = 64;

class DescriptorStore {
 public:
  /** `limit`: how many descriptors a process may have open. */
  void set_limit(int limit) { end_ = limit - kSpareDescriptors; }
  /**
   * Takes ownership of `fd`; a descriptor of the same name is replaced. False, and closes it, when it cannot be
   * kept.
   */
  bool put(const char* name, size_t length, int fd);
  /** Closes the descriptor of that name, if there is one. */
  void remove(const char* name, size_t length);
  /** Closes all, first those that cannot wait: the process may be kept by another when it ends. */
  void clear();

  size_t count() const { return count_; }
  int descriptor(size_t index) const { return entries_[index].fd; }
  const char* name(size_t index) const { return entries_[index].name; }

 private:
  struct Entry {
    int fd;
    char name[kMaxName];
  };

  /** Index of a name, or `count_`. */
  size_t find(const char* name, size_t length) const;
  static void close_entry(const Entry& entry);

  Entry entries_[kMaxDescriptors] = {};
  size_t count_ = 0;
  /** A descriptor of this number is not kept. */
  int end_ = 0;
};

}  // namespace isodrive::keeper
