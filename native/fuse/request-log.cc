#include "request-log.hh"

#include <algorithm>
#include <bit>
#include <utility>

namespace isodrive {
namespace {

/** Requests kept for whoever traces: what comes between two looks, within 256 KiB. */
constexpr size_t kMaxTraced = 4096;

}  // namespace

Asked Asked::of(int device, const Request& request) {
  Asked asked{device, request.header.unique, request.header.opcode, request.header.node, 0, 0, Clock::now()};
  const bool has_range =
      asked.opcode == wire::kRead || asked.opcode == wire::kReaddir || asked.opcode == wire::kReaddirplus;
  wire::ReadIn in;
  if (!has_range || !request.read(in)) return asked;
  asked.offset = in.offset;
  asked.size = in.size;
  return asked;
}

void RequestLog::begin(const Asked& asked) {
  requests_ += 1;
  if (asked.opcode != wire::kRead) return;
  reads_ += 1;
  read_bytes_ += asked.size;
}

void RequestLog::end(const Asked& asked, int error) {
  const auto spent = static_cast<uint64_t>(std::chrono::nanoseconds(Clock::now() - asked.since).count());
  busy_time_ += spent;
  const uint64_t microseconds = spent / 1000;
  const size_t bucket = std::min<size_t>(std::bit_width(microseconds), kLatencyBuckets - 1);
  latency_[bucket].fetch_add(1, std::memory_order_relaxed);
  if (asked.opcode == wire::kRead) read_latency_[bucket].fetch_add(1, std::memory_order_relaxed);
  if (is_tracing_.load(std::memory_order_relaxed)) trace(asked, error, microseconds);
}

void RequestLog::trace(const Asked& asked, int error, uint64_t microseconds) {
  const std::lock_guard lock(trace_mutex_);
  if (trace_.requests.size() >= kMaxTraced) trace_.lost += 1;
  else trace_.requests.push_back({asked.opcode, asked.node, asked.offset, asked.size, error, microseconds});
}

Trace RequestLog::take_trace() {
  const std::lock_guard lock(trace_mutex_);
  return std::exchange(trace_, Trace{});
}

SessionCounters RequestLog::counters() const {
  return {requests_,      reads_,     read_bytes_,    waited_reads_,
          decoded_reads_, busy_time_, copy(latency_), copy(read_latency_)};
}

Histogram RequestLog::copy(const Buckets& buckets) {
  Histogram result{};
  for (size_t i = 0; i < kLatencyBuckets; ++i) result[i] = buckets[i].load(std::memory_order_relaxed);
  return result;
}

}  // namespace isodrive
