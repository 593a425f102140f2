#include "worker-thread.hh"

#include <memory>
#include <utility>

#include "blocked-signals.hh"

namespace isodrive {
namespace {

void* run(void* given) {
  const std::unique_ptr<Work> work(static_cast<Work*>(given));
  (*work)();
  return nullptr;
}

bool create(pthread_t& thread, Work work) {
  auto owned = std::make_unique<Work>(std::move(work));
  const BlockedSignals blocked;
  if (pthread_create(&thread, nullptr, run, owned.get()) != 0) return false;
  static_cast<void>(owned.release());
  return true;
}

}  // namespace

bool start_detached(Work work) {
  pthread_t thread{};
  if (!create(thread, std::move(work))) return false;
  pthread_detach(thread);
  return true;
}

bool WorkerThread::start(Work work) {
  is_running_ = create(thread_, std::move(work));
  return is_running_;
}

void WorkerThread::join() {
  if (!is_running_) return;
  pthread_join(thread_, nullptr);
  is_running_ = false;
}

}  // namespace isodrive
