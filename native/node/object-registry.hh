// Objects of this process by number: threads of JavaScript share nothing but numbers, and the number of an object that
// is gone finds nothing.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>

namespace isodrive {

template <typename T>
class Registry {
 public:
  /** Gives the object a number, never 0 and never one that another had. Keeps nothing alive. */
  uint32_t add(const std::shared_ptr<T>& object) {
    const std::lock_guard lock(mutex_);
    std::erase_if(objects_, [](const auto& entry) { return entry.second.expired(); });
    last_ += 1;
    objects_.emplace(last_, object);
    return last_;
  }

  /** Null when there is no such object any more. */
  std::shared_ptr<T> find(uint32_t number) {
    const std::lock_guard lock(mutex_);
    const auto found = objects_.find(number);
    return found == objects_.end() ? nullptr : found->second.lock();
  }

 private:
  std::mutex mutex_;
  uint32_t last_ = 0;
  std::unordered_map<uint32_t, std::weak_ptr<T>> objects_;
};

}  // namespace isodrive
