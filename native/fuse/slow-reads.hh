// Reads of a mount that wait for its medium, perhaps for ever. Only so many threads may: what comes beyond waits for
// its turn without a thread, so that cached content, names and interrupts are always answered. Whatever waits can be
// called off.
#pragma once

#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <unordered_map>

#include "server-desk.hh"

namespace isodrive {

class SlowReads {
 public:
  /** `limit`: threads that may wait at the same time. */
  SlowReads(RequestLog& log, size_t limit) : log_(log), limit_(limit) {}

  /** The calling thread is about to wait. False: it may not, and is to postpone the request. */
  bool begin(const Asked& asked);
  struct Ended {
    /** It was called off meanwhile: that was its answer. */
    bool was_answered;
    /** Another one, whose turn it is. */
    std::optional<WaitingRequest> next;
  };
  Ended end(const Asked& asked);
  /** Keeps a request for later; false when there is room again: the caller handles it anew. */
  bool postpone(const Asked& asked, const Request& request, const HeldUnits& held);
  /** Answers a request that the kernel calls off with EINTR; false when it does not wait here. */
  bool interrupt(uint64_t unique);
  /** Answers all that waits with an errno; from now on nothing may wait, and fails likewise. */
  void abandon(int error);

 private:
  void refuse(const Asked& asked, int error);

  RequestLog& log_;
  const size_t limit_;
  std::mutex mutex_;
  int failure_ = 0;
  std::unordered_map<uint64_t, Asked> waiting_;
  /** Threads that wait, those whose request was called off included. */
  size_t threads_ = 0;
  std::deque<WaitingRequest> postponed_;
};

}  // namespace isodrive
