// Threads for system calls that may never return: reads of an image on a dead network or a drive that hangs. Each image
// has a lane of its own, so that none of them takes libuv's pool, which all share; and nobody ever waits for these threads.
#pragma once

#include <napi.h>

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>

#include "node/js-channel.hh"

namespace isodrive {

/** A call of a lane. */
class LaneJob {
 public:
  LaneJob(Napi::Env env, const char* syscall) : syscall_(syscall), deferred_(Napi::Promise::Deferred::New(env)) {}
  virtual ~LaneJob() = default;
  LaneJob(const LaneJob&) = delete;
  LaneJob& operator=(const LaneJob&) = delete;

  /** In a thread of the lane: the errno of the failed call, or 0. */
  virtual int run() = 0;
  /** In the thread of JavaScript, after success. */
  virtual Napi::Value result(Napi::Env env) { return env.Undefined(); }

 private:
  friend class BlockingLane;

  const char* syscall_;
  Napi::Promise::Deferred deferred_;
  int errno_ = 0;
};

class BlockingLane : public std::enable_shared_from_this<BlockingLane> {
 public:
  /** `limit`: threads at most; they come when they are needed, and go when they are not. */
  static std::shared_ptr<BlockingLane> open(Napi::Env env, int limit);
  BlockingLane(const BlockingLane&) = delete;
  BlockingLane& operator=(const BlockingLane&) = delete;

  /** Settles with the job's result or its system error; never once the lane is closed. EAGAIN: too many threads hang. */
  Napi::Promise submit(std::unique_ptr<LaneJob> job);
  /** What was not begun is dropped. */
  void close();

 private:
  explicit BlockingLane(int limit) : limit_(limit) {}

  /** Starts a thread if all are busy; false when there is none and none may be started. */
  bool staff();
  void serve();
  std::unique_ptr<LaneJob> next();
  void settle(Napi::Env env, LaneJob& job);

  const int limit_;
  std::shared_ptr<JsChannel<LaneJob>> channel_;
  /** Of the thread of JavaScript. */
  int pending_ = 0;
  std::mutex mutex_;
  std::condition_variable called_;
  std::deque<std::unique_ptr<LaneJob>> queue_;
  int threads_ = 0;
  int idle_ = 0;
  bool closed_ = false;
};

/** The lane of an environment for calls that belong to no image: mounting and unmounting. */
std::shared_ptr<BlockingLane> default_lane(Napi::Env env);

void export_blocking_lane(Napi::Env env, Napi::Object exports);

}  // namespace isodrive
