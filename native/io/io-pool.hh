// Threads for system calls that may never return: reads of an image on a dead network or a drive that hangs. Each image
// has a pool of its own, so that none of them takes libuv's pool, which all share; and nobody ever waits for these
// threads.
#pragma once

#include <napi.h>

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>

#include "node/js-channel.hh"

namespace isodrive {

/** A call of a pool. */
class IoJob {
 public:
  IoJob(Napi::Env env, const char* syscall) : syscall_(syscall), deferred_(Napi::Promise::Deferred::New(env)) {}
  virtual ~IoJob() = default;
  IoJob(const IoJob&) = delete;
  IoJob& operator=(const IoJob&) = delete;

  /** In a thread of the pool: the errno of the failed call, or 0. */
  virtual int run() = 0;
  /** In the thread of JavaScript, after success. */
  virtual Napi::Value result(Napi::Env env) { return env.Undefined(); }

 private:
  friend class IoPool;

  const char* syscall_;
  Napi::Promise::Deferred deferred_;
  int errno_ = 0;
};

class IoPool : public std::enable_shared_from_this<IoPool> {
 public:
  /** `limit`: threads at most; they come when they are needed, and go when they are not. */
  static std::shared_ptr<IoPool> open(Napi::Env env, int limit);
  IoPool(const IoPool&) = delete;
  IoPool& operator=(const IoPool&) = delete;

  /**
   * Settles with the job's result or its system error; never once the pool is closed. EAGAIN: too many threads
   * hang.
   */
  Napi::Promise submit(std::unique_ptr<IoJob> job);
  /** What was not begun is dropped. */
  void close();

 private:
  explicit IoPool(int limit) : limit_(limit) {}

  /** Starts a thread if all are busy; false when there is none and none may be started. */
  bool staff();
  void serve();
  std::unique_ptr<IoJob> next();
  void settle(Napi::Env env, IoJob& job);

  const int limit_;
  std::shared_ptr<JsChannel<IoJob>> channel_;
  /** Of the thread of JavaScript. */
  int pending_ = 0;
  std::mutex mutex_;
  std::condition_variable called_;
  std::deque<std::unique_ptr<IoJob>> queue_;
  int threads_ = 0;
  int idle_ = 0;
  bool closed_ = false;
};

/** The pool of an environment for calls that belong to no image: mounting and unmounting. */
std::shared_ptr<IoPool> default_pool(Napi::Env env);

void export_io_pool(Napi::Env env, Napi::Object exports);

}  // namespace isodrive
