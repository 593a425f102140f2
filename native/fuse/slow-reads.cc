#include "slow-reads.hh"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "fuse-reply.hh"

namespace isodrive {

bool SlowReads::begin(const Asked& asked) {
  const std::lock_guard lock(mutex_);
  if (failure_ != 0 || threads_ >= limit_) return false;
  threads_ += 1;
  waiting_.emplace(asked.unique, asked);
  log_.count_wait();
  return true;
}

SlowReads::Ended SlowReads::end(const Asked& asked) {
  const std::lock_guard lock(mutex_);
  threads_ -= 1;
  Ended result{waiting_.erase(asked.unique) == 0, std::nullopt};
  if (!postponed_.empty()) {
    result.next.emplace(std::move(postponed_.front()));
    postponed_.pop_front();
  }
  return result;
}

bool SlowReads::postpone(const Asked& asked, const Request& request, const HeldUnits& held) {
  const std::lock_guard lock(mutex_);
  if (failure_ != 0) refuse(asked, failure_);
  else if (threads_ < limit_) return false;
  else postponed_.emplace_back(asked, request, held);
  return true;
}

bool SlowReads::interrupt(uint64_t unique) {
  const std::lock_guard lock(mutex_);
  const auto found = waiting_.find(unique);
  if (found != waiting_.end()) {
    refuse(found->second, EINTR);
    waiting_.erase(found);
    return true;
  }
  const auto late = std::find_if(postponed_.begin(), postponed_.end(),
                                 [&](const WaitingRequest& request) { return request.asked.unique == unique; });
  if (late == postponed_.end()) return false;
  refuse(late->asked, EINTR);
  postponed_.erase(late);
  return true;
}

void SlowReads::abandon(int error) {
  const std::lock_guard lock(mutex_);
  failure_ = error;
  for (const auto& [unique, asked] : waiting_) refuse(asked, error);
  for (const WaitingRequest& request : postponed_) refuse(request.asked, error);
  waiting_.clear();
  postponed_.clear();
}

void SlowReads::refuse(const Asked& asked, int error) {
  send_error(asked.device, asked.unique, error);
  log_.end(asked, error);
}

}  // namespace isodrive
