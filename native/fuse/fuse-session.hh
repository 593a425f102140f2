// One mounted file system: threads that take requests from /dev/fuse, all through one descriptor, which a successor of
// this process can go on with. What they cannot answer waits at a desk for whoever serves it.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "fuse-handlers.hh"
#include "index/index-region.hh"
#include "leadership.hh"
#include "request-log.hh"
#include "server-desk.hh"
#include "slow-reads.hh"
#include "system/unique-fd.hh"
#include "unit-read-ahead.hh"

namespace isodrive {

struct SessionOptions {
  /** Of its threads; at most 15 characters. */
  std::string name;
  UniqueFd device;
  /**
   * The image's files, by number in the read plan, the session's own; none when JavaScript has to answer for all
   * content.
   */
  std::vector<UniqueFd> files;
  std::shared_ptr<IndexRegion> region;
  VolumeInfo volume;
};

/** What a session tells its owner; called from its threads, and must not wait. */
struct SessionCallbacks {
  /** Requests wait, and nobody serves. */
  std::function<void()> wanted;
  /** The mount is gone; called once. Threads that wait for a dead medium may still be there. */
  std::function<void()> end;
};

/** Kept alive by its threads: it is gone with the last of them, whoever else has let go of it before. */
class FuseSession final : public std::enable_shared_from_this<FuseSession>, private WaitObserver, private UnitObserver {
 public:
  FuseSession(SessionOptions options, SessionCallbacks callbacks);
  ~FuseSession();
  FuseSession(const FuseSession&) = delete;
  FuseSession& operator=(const FuseSession&) = delete;

  /**
   * `is_taken_over`: another process served the mount before, and may have left requests unanswered. False when no
   * thread can be had.
   */
  bool start(bool is_taken_over);
  /** Of a session that did not start: the device is the caller's again. */
  void release_device() { device_.release(); }
  ServerDesk& desk() { return desk_; }
  /**
   * Takes apart what was read from `device`, and answers it or has it wait. `scratch` is kScratchBytes for the call's
   * use.
   */
  void answer(int device, const uint8_t* bytes, size_t length, uint8_t* scratch);
  /** Per thread, for directory listings and for reads too small for the mapping. */
  static constexpr size_t kScratchBytes = 65536;
  RequestLog& log() { return log_; }
  /** Answers all that waits for a directory, with `error` when it is not 0. Called after its state was published. */
  void resume(uint32_t row, int error);
  /**
   * Takes units that were to be decoded, `length` bytes of them in all, and answers what waits for them. `errors`:
   * for each unit an errno, or 0; none where all are there. `error` is for all of them, when it is not 0.
   */
  void fill(uint64_t ticket, int error, const uint8_t* bytes, size_t length, const std::vector<int>& errors);
  /** The mount has no users any more: answers all that waits, for JavaScript or for the medium, with EIO. */
  void abandon();
  /**
   * Gives the device up, whoever still has the mount: with the last descriptor of it, in whatever process, the kernel
   * fails all that is asked. To be called again until the session has ended, as a thread that is about to wait misses
   * it.
   */
  void disconnect();
  /**
   * Whether requests have waited since the last call and no thread has taken any: to be called at intervals of which
   * each is longer than a thread ever is away. Not while every thread there is is in a request: then a medium hangs.
   */
  bool is_neglected();

 private:
  /** Null when the session has no files. */
  const DataReader* open_files(std::vector<UniqueFd> files);
  /** Starts a thread, unless there are enough. False when none can be had: those that are there serve alone. */
  bool spawn();
  int count_threads();
  void serve();
  /** Has the kernel queue again what was read and never answered; false where it cannot (before 6.9). */
  bool resend();
  /**
   * For kernels that cannot resend: what is read through a descriptor of this process alone fails (ECONNABORTED) when
   * the process dies, where it would wait for ever on a descriptor that is kept for a successor.
   */
  void read_through_clone();
  /**
   * Leads until it has a request in `buffer`: the bytes of it, 0 when it was interrupted, -1 when the mount is
   * gone.
   */
  ssize_t take(int device, uint8_t* buffer, pid_t self);
  /** Looks for a request without sleeping; false when there was one at once. */
  bool spin(int device, Clock::time_point start) const;
  /** Sees to it that another thread leads while this one is busy for long. */
  void call_for_lead();
  bool will_wait() override;
  /** Sees to it that another thread leads should this one be busy for long. */
  void may_wait() override;
  const HeldUnits& held() const override;
  void uses(const UnitSpan& span) override;
  void lacks(const UnitSpan& span) override;
  /** Answers a request in a thread of JavaScript, which must not wait for a medium: then another thread does. */
  void answer_filled(WaitingRequest waiting, uint8_t* scratch);
  void answer_apart(WaitingRequest waiting);
  void greet(int device, const Request& request);
  /** Handles a request of the calling thread, and those whose turn it is afterwards. */
  void work(const Asked& asked, const Request& request, uint8_t* scratch, HeldUnits held = {});
  std::optional<WaitingRequest> work_once(const Asked& asked, const Request& request, uint8_t* scratch, HeldUnits held);
  /** False when somebody else answers it, now or later. */
  bool handle(const Asked& asked, const Request& request, uint8_t* scratch);
  void interrupt(const Request& request);

  const std::string name_;
  UniqueFd device_;
  UniqueFd clone_;
  /** Where requests are read from: `device_`, or `clone_`. Changes only while one thread is there. */
  std::atomic<int> requests_;
  const std::shared_ptr<IndexRegion> region_;
  UnitCache& cache_;
  /** Of its units in the cache. */
  const uint64_t space_;
  const UnitReader units_;
  UnitReadAhead ahead_;
  std::optional<DataReader> data_;
  FuseHandlers handlers_;
  SessionCallbacks callbacks_;
  RequestLog log_;
  ServerDesk desk_;
  SlowReads slow_;
  std::mutex threads_mutex_;
  int threads_ = 0;
  std::atomic<bool> has_ended_{false};
  std::atomic<bool> is_disconnected_{false};
  /** The thread that waits for a request; 0 while none does. */
  std::atomic<pid_t> reader_{0};
  Leadership leadership_;
  /** The leader's alone. */
  bool in_burst_ = false;
  int backlog_ = 0;
  /**
   * Threads that handle a request, and how many may for the sake of speed: each has a client that needs a
   * processor.
   */
  std::atomic<int> busy_{0};
  const int most_busy_ = static_cast<int>(std::thread::hardware_concurrency() / 2);
  /** What `is_neglected` saw last. */
  bool did_wait_ = false;
  uint64_t handled_then_ = 0;
};

}  // namespace isodrive
