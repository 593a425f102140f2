// What a session has done: counters, how long requests took, and, while somebody traces it, the requests themselves.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

#include "fuse-handlers.hh"

namespace isodrive {

using Clock = std::chrono::steady_clock;

/**
 * Bucket i counts requests that took less than 2^i microseconds and no less than half of that; the last, all longer
 * ones.
 */
constexpr size_t kLatencyBuckets = 26;
using Histogram = std::array<uint64_t, kLatencyBuckets>;

/** A request that is under way, as far as its answer and its record need it. */
struct Asked {
  /** The descriptor it was read from. */
  int device;
  uint64_t unique;
  uint32_t opcode;
  uint64_t node;
  /** Of reads and listings. */
  uint64_t offset;
  uint32_t size;
  Clock::time_point since;

  static Asked of(int device, const Request& request);
};

/** A request as a trace shows it. */
struct TracedRequest {
  uint32_t opcode;
  uint64_t node;
  uint64_t offset;
  uint32_t size;
  int error;
  uint64_t microseconds;
};

struct Trace {
  std::vector<TracedRequest> requests;
  /** Requests that were left out because nobody fetched the others in time. */
  uint64_t lost;
};

struct SessionCounters {
  uint64_t requests;
  uint64_t reads;
  /** Bytes of file content that were asked for. */
  uint64_t read_bytes;
  /** Reads that waited for the medium. */
  uint64_t waited_reads;
  /** Reads that JavaScript answered. */
  uint64_t decoded_reads;
  /** Nanoseconds from request to answer, all added up. */
  uint64_t busy_time;
  Histogram latency;
  Histogram read_latency;
};

class RequestLog {
 public:
  void begin(const Asked& asked);
  /** It was answered, with an errno or 0. */
  void end(const Asked& asked, int error);
  void count_wait() { waited_reads_ += 1; }
  void count_decoded() { decoded_reads_ += 1; }
  uint64_t reads() const { return reads_; }
  SessionCounters counters() const;

  void set_tracing(bool is_on) { is_tracing_ = is_on; }
  /** Takes what was traced since the last call. */
  Trace take_trace();

 private:
  using Buckets = std::array<std::atomic<uint64_t>, kLatencyBuckets>;

  static Histogram copy(const Buckets& buckets);
  void trace(const Asked& asked, int error, uint64_t microseconds);

  std::atomic<uint64_t> requests_{0};
  std::atomic<uint64_t> reads_{0};
  std::atomic<uint64_t> read_bytes_{0};
  std::atomic<uint64_t> waited_reads_{0};
  std::atomic<uint64_t> decoded_reads_{0};
  std::atomic<uint64_t> busy_time_{0};
  Buckets latency_{};
  Buckets read_latency_{};
  std::atomic<bool> is_tracing_{false};
  std::mutex trace_mutex_;
  Trace trace_{};
};

}  // namespace isodrive
