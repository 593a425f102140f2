#include "leadership.hh"

namespace isodrive {

bool Leadership::take() {
  std::unique_lock lock(mutex_);
  followers_ += 1;
  vacant_.wait(lock, [this] { return ended_ || !led_; });
  followers_ -= 1;
  if (ended_) return false;
  led_ = true;
  return true;
}

void Leadership::give_up() {
  const std::lock_guard lock(mutex_);
  led_ = false;
}

void Leadership::end() {
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
  }
  vacant_.notify_all();
}

bool Leadership::wake_follower() {
  {
    const std::lock_guard lock(mutex_);
    if (led_ || ended_) return true;
    if (followers_ == 0) return false;
  }
  vacant_.notify_one();
  return true;
}

}  // namespace isodrive
