#include "leadership.hh"

#include <chrono>

namespace isodrive {
namespace {

/** For how long nobody may lead: less than a person notices, more than any read from memory takes. */
constexpr std::chrono::milliseconds kPatience{2};

}  // namespace

bool Leadership::take() {
  std::unique_lock lock(mutex_);
  if (led_ && !ended_) {
    followers_ += 1;
    follow(lock);
    followers_ -= 1;
  }
  if (ended_) return false;
  led_ = true;
  is_called_ = false;
  term_ += 1;
  return true;
}

void Leadership::follow(std::unique_lock<std::mutex>& lock) {
  while (!ended_) {
    if (is_called_ && !led_) return;
    if (!is_watch_wanted_ || has_watcher_) called_.wait(lock);
    else if (watch(lock)) return;
  }
}

bool Leadership::watch(std::unique_lock<std::mutex>& lock) {
  const uint64_t term = term_;
  has_watcher_ = true;
  called_.wait_for(lock, kPatience);
  has_watcher_ = false;
  if (term != term_ || ended_) return false;
  // A leader that has led all the time waits for requests: whoever is busy next asks for a watch again.
  is_watch_wanted_ = false;
  return !led_;
}

void Leadership::give_up() {
  const std::lock_guard lock(mutex_);
  led_ = false;
  term_ += 1;
}

void Leadership::end() {
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
  }
  called_.notify_all();
}

bool Leadership::call_follower() {
  {
    const std::lock_guard lock(mutex_);
    if (led_ || ended_ || is_called_) return true;
    if (followers_ == 0) return false;
    is_called_ = true;
  }
  called_.notify_one();
  return true;
}

bool Leadership::call_watcher() {
  {
    const std::lock_guard lock(mutex_);
    if (led_ || ended_ || is_called_ || is_watch_wanted_) return true;
    if (followers_ == 0) return false;
    is_watch_wanted_ = true;
  }
  called_.notify_one();
  return true;
}

}  // namespace isodrive
