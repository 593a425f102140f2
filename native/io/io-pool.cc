#include "io-pool.hh"

#include <pthread.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <utility>

#include "system-calls.hh"
#include "system/worker-thread.hh"

namespace isodrive {
namespace {

/** For how long a thread without work stays. */
constexpr std::chrono::seconds kIdleTime{5};
/** Threads of all pools of the process: those that hang are counted until their call returns. */
constexpr int kMaxThreads = 512;
std::atomic<int> all_threads{0};
/** Calls at the same time that belong to no image. */
constexpr int kDefaultLimit = 64;

struct EnvironmentData {
  std::shared_ptr<IoPool> pool;
};

}  // namespace

std::shared_ptr<IoPool> IoPool::open(Napi::Env env, int limit) {
  std::shared_ptr<IoPool> pool(new IoPool(limit));
  const std::weak_ptr<IoPool> weak = pool;
  pool->channel_ = JsChannel<IoJob>::open(env, "isodrive-io", [weak](Napi::Env at, IoJob& job) {
    if (const auto self = weak.lock()) self->settle(at, job);
  });
  pool->channel_->keep(false);
  return pool;
}

Napi::Promise IoPool::submit(std::unique_ptr<IoJob> job) {
  const Napi::Promise promise = job->deferred_.Promise();
  const Napi::Env env = promise.Env();
  const std::lock_guard lock(mutex_);
  if (closed_ || !staff()) {
    job->deferred_.Reject(make_system_error(env, job->syscall_, closed_ ? ECANCELED : EAGAIN).Value());
    return promise;
  }
  queue_.push_back(std::move(job));
  pending_ += 1;
  if (pending_ == 1) channel_->keep(true);
  called_.notify_one();
  return promise;
}

bool IoPool::staff() {
  if (idle_ > static_cast<int>(queue_.size()) || threads_ >= limit_) return true;
  if (all_threads >= kMaxThreads) return threads_ > 0;
  all_threads += 1;
  threads_ += 1;
  const bool is_started = start_detached([self = shared_from_this()] {
    pthread_setname_np(pthread_self(), "isodrive-io");
    self->serve();
    all_threads -= 1;
  });
  if (is_started) return true;
  all_threads -= 1;
  threads_ -= 1;
  // What waits is done by those that are there.
  return threads_ > 0;
}

void IoPool::serve() {
  while (std::unique_ptr<IoJob> job = next()) {
    job->errno_ = job->run();
    channel_->send(std::move(job));
  }
}

std::unique_ptr<IoJob> IoPool::next() {
  std::unique_lock lock(mutex_);
  idle_ += 1;
  called_.wait_for(lock, kIdleTime, [&] { return closed_ || !queue_.empty(); });
  idle_ -= 1;
  if (queue_.empty()) {
    threads_ -= 1;
    return nullptr;
  }
  std::unique_ptr<IoJob> job = std::move(queue_.front());
  queue_.pop_front();
  return job;
}

void IoPool::settle(Napi::Env env, IoJob& job) {
  // Where the thread is being ended, all of this is refused, and nobody waits for the promise.
  pending_ -= 1;
  if (pending_ == 0) channel_->keep(false);
  if (job.errno_ == 0) job.deferred_.Resolve(job.result(env));
  else job.deferred_.Reject(make_system_error(env, job.syscall_, job.errno_).Value());
}

void IoPool::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  queue_.clear();
  channel_->close();
  called_.notify_all();
}

std::shared_ptr<IoPool> default_pool(Napi::Env env) {
  auto* data = env.GetInstanceData<EnvironmentData>();
  if (data == nullptr) {
    data = new EnvironmentData{IoPool::open(env, kDefaultLimit)};
    env.SetInstanceData(data);
  }
  return data->pool;
}

}  // namespace isodrive
