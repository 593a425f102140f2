// Reads of content, and opens of files, that JavaScript answers: each has a ticket, by which it is answered or given up once, through the
// descriptor it was read from. Nothing but the ticket leaves this class, and no memory of JavaScript's is kept.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <unordered_map>

namespace isodrive {

class DeferredReads {
 public:
  /** Registers a read that wants `length` bytes, 0 for an open; gives its ticket, which JavaScript can hold exactly. */
  uint64_t add(int device, uint64_t unique, size_t length);
  /**
   * Answers with `length` bytes, or with `error` when it is not 0; fewer bytes than the read wants are EIO, because the
   * kernel would fill the rest with zeros. Nothing when the read was answered or given up before.
   */
  void reply(uint64_t ticket, int error, const void* bytes, size_t length);
  /** Answers a read that the kernel calls off with EINTR. Its ticket, or 0 when there is no such read. */
  uint64_t interrupt(uint64_t unique);

 private:
  struct Read {
    int device;
    uint64_t unique;
    size_t length;
  };

  /** Takes the read out; false when it is not there. */
  bool take(uint64_t ticket, Read& read);

  std::mutex mutex_;
  uint64_t last_ = 0;
  std::unordered_map<uint64_t, Read> reads_;
};

}  // namespace isodrive
