// Threads that may not be had: std::thread ends the process (built without exceptions) where the system has none left.
#pragma once

#include <pthread.h>

#include <functional>

namespace isodrive {

using Work = std::function<void()>;

/** Starts a thread that nobody waits for. False when there is none to be had (EAGAIN): `work` is not run. */
bool start_detached(Work work);

/** A thread that its owner joins. */
class WorkerThread {
 public:
  WorkerThread() = default;
  WorkerThread(const WorkerThread&) = delete;
  WorkerThread& operator=(const WorkerThread&) = delete;

  /** False as `start_detached`. */
  bool start(Work work);
  bool is_running() const { return is_running_; }
  void join();

 private:
  pthread_t thread_{};
  bool is_running_ = false;
};

}  // namespace isodrive
