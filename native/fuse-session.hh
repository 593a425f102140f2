// One mounted file system: threads that take requests from /dev/fuse, all through one descriptor, which a successor of
// this process can go on with, and a place where requests wait for JavaScript: for directories it has yet to load, and
// for content it has to decode.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <unordered_map>
#include <vector>

#include "deferred-reads.hh"
#include "fuse-handlers.hh"
#include "leadership.hh"
#include "unique-fd.hh"

namespace isodrive {

struct SessionOptions {
  UniqueFd device;
  /** Descriptor of the image, the session's own copy; none when JavaScript has to answer every read of content. */
  UniqueFd image;
  uint64_t image_bytes;
  const uint8_t* region;
  VolumeInfo volume;
};

/** What a session has done since it started. */
struct SessionCounters {
  uint64_t requests;
  uint64_t reads;
  /** Bytes of file content that were asked for. */
  uint64_t read_bytes;
  /** Nanoseconds that threads spent on requests, waiting for the medium included. */
  uint64_t busy_time;
};

/** What a session asks for; called from its threads. */
struct SessionCallbacks {
  /** A directory has to be loaded. */
  std::function<void(uint32_t row)> load;
  /** Content has to be read; `reply` is to be called with the ticket, whatever comes of it. */
  std::function<void(uint64_t ticket, uint32_t row, uint64_t offset, size_t length)> read;
  /** Nobody waits for that content any more. */
  std::function<void(uint64_t ticket)> cancel;
  /** The mount is gone; called once, at the end. */
  std::function<void()> end;
};

class FuseSession : private WaitObserver {
 public:
  FuseSession(SessionOptions options, SessionCallbacks callbacks);
  /** Waits for the threads: destroy only after `end`, or when the connection is known to be gone. */
  ~FuseSession();
  FuseSession(const FuseSession&) = delete;
  FuseSession& operator=(const FuseSession&) = delete;

  /** `is_taken_over`: another process served the mount before, and may have left requests unanswered. */
  void start(bool is_taken_over);
  /** Answers all that waits for a directory, with `error` when it is not 0. Called after its state was published. */
  void resume(uint32_t row, int error);
  /** Answers a read of content, see DeferredReads. Copies the bytes before it returns. */
  void reply(uint64_t ticket, int error, const void* bytes, size_t length) { deferred_.reply(ticket, error, bytes, length); }
  /** Reads of file content so far. */
  uint64_t reads() const { return reads_; }
  /**
   * Whether requests have waited since the last call and no thread has taken any: to be called at intervals of which each
   * is longer than a thread ever is away. Not while every thread there may be is in a request: then a medium hangs.
   */
  bool is_neglected();
  SessionCounters counters() const { return {handled_, reads_, read_bytes_, busy_time_}; }

 private:
  /** A request that waits. It is answered through the descriptor it was read from: the kernel looks for it there. */
  struct Parked {
    int device;
    wire::InHeader header;
    std::vector<uint8_t> arguments;
  };

  using Clock = std::chrono::steady_clock;

  /** Null when the session has no image. */
  const ImageReader* open_image(uint64_t bytes);
  /** Starts a thread, unless there are enough. */
  void spawn();
  void serve();
  /** Has the kernel queue again what was read and never answered; false where it cannot (before 6.9). */
  bool resend();
  /**
   * For kernels that cannot resend: what is read through a descriptor of this process alone fails (ECONNABORTED) when
   * the process dies, where it would wait for ever on a descriptor that is kept for a successor.
   */
  void read_through_clone();
  /** Leads until it has a request in `buffer`: the bytes of it, 0 when it was interrupted, -1 when the mount is gone. */
  ssize_t take(int device, uint8_t* buffer);
  /** Looks for a request without sleeping; false when there was one at once. */
  bool spin(int device, Clock::time_point start) const;
  /** Sees to it that another thread leads while this one is busy for long. */
  void will_wait() override;
  /** Sees to it that another thread leads should this one be busy for long. */
  void may_wait() override;
  void count(const Request& request);
  void greet(int device, const Request& request);
  void handle(int device, const Request& request, uint8_t* scratch);
  /** False when the directory was loaded meanwhile: the caller handles the request again. */
  bool park(int device, uint32_t row, const Request& request);
  /** Hands a read of content to JavaScript. */
  void defer(int device, const Request& request);
  void interrupt(const Request& request);
  /** Calls off a request that waits for a directory; false when there is none. */
  bool interrupt_parked(uint64_t unique);

  UniqueFd device_;
  UniqueFd clone_;
  /** Where requests are read from: `device_`, or `clone_`. Changes only while one thread is there. */
  std::atomic<int> requests_;
  UniqueFd image_fd_;
  std::optional<ImageReader> image_;
  FuseHandlers handlers_;
  SessionCallbacks callbacks_;
  std::mutex threads_mutex_;
  std::vector<std::thread> threads_;
  Leadership leadership_;
  /** The leader's alone. */
  bool in_burst_ = false;
  int backlog_ = 0;
  /** Threads that handle a request, and how many may for the sake of speed: each has a client that needs a processor. */
  std::atomic<int> busy_{0};
  const int most_busy_ = static_cast<int>(std::thread::hardware_concurrency() / 2);
  std::atomic<int> running_{0};
  std::atomic<uint64_t> handled_{0};
  std::atomic<uint64_t> reads_{0};
  std::atomic<uint64_t> read_bytes_{0};
  std::atomic<uint64_t> busy_time_{0};
  /** What `is_neglected` saw last. */
  bool did_wait_ = false;
  uint64_t handled_then_ = 0;
  std::mutex parked_mutex_;
  std::unordered_map<uint32_t, std::vector<Parked>> parked_;
  DeferredReads deferred_;
};

}  // namespace isodrive
