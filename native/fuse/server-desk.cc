#include "server-desk.hh"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "fuse-reply.hh"
#include "fuse-wire.hh"

namespace isodrive {

void ServerDesk::attach(SessionServer* server) {
  const std::lock_guard lock(mutex_);
  server_ = server;
  is_wanted_ = false;
  for (const auto& [row, waiting] : parked_) server_->load(row);
  for (const auto& [ticket, read] : reads_) server_->read(ticket, read.row, read.offset, read.length);
}

void ServerDesk::detach(SessionServer* server) {
  const std::lock_guard lock(mutex_);
  if (server_ != server) return;
  server_ = nullptr;
  if (!parked_.empty() || !reads_.empty()) want();
}

void ServerDesk::want() {
  if (is_wanted_ || failure_ != 0) return;
  is_wanted_ = true;
  wanted_();
}

void ServerDesk::fail(int error, bool is_final) {
  std::unordered_map<uint32_t, std::vector<WaitingRequest>> parked;
  std::unordered_map<uint64_t, Read> reads;
  {
    const std::lock_guard lock(mutex_);
    if (is_final) failure_ = error;
    is_wanted_ = false;
    parked.swap(parked_);
    reads.swap(reads_);
    if (server_ != nullptr) {
      for (const auto& [ticket, read] : reads) server_->cancel(ticket);
    }
  }
  const auto refuse = [&](const Asked& asked) {
    send_error(asked.device, asked.unique, error);
    log_.end(asked, error);
  };
  for (const auto& [row, waiting] : parked) {
    for (const WaitingRequest& request : waiting) refuse(request.asked);
  }
  for (const auto& [ticket, read] : reads) refuse(read.asked);
}

void ServerDesk::end() {
  const std::lock_guard lock(mutex_);
  if (server_ != nullptr) {
    for (const auto& [ticket, read] : reads_) server_->cancel(ticket);
  }
  has_ended_ = true;
  parked_.clear();
  reads_.clear();
}

bool ServerDesk::park(uint32_t row, const Asked& asked, const Request& request, const std::function<bool()>& is_ready) {
  const std::lock_guard lock(mutex_);
  // Looked at again under the lock that is taken after publishing: no request can be parked behind its back.
  if (is_ready()) return false;
  if (has_ended_) return true;
  if (failure_ != 0) {
    send_error(asked.device, asked.unique, failure_);
    log_.end(asked, failure_);
    return true;
  }
  std::vector<WaitingRequest>& waiting = parked_[row];
  const bool is_first = waiting.empty();
  waiting.emplace_back(asked, request);
  if (server_ == nullptr) want();
  else if (is_first) server_->load(row);
  return true;
}

bool ServerDesk::is_waited_for() {
  const std::lock_guard lock(mutex_);
  return !parked_.empty();
}

std::vector<WaitingRequest> ServerDesk::take_waiting(uint32_t row) {
  const std::lock_guard lock(mutex_);
  const auto found = parked_.find(row);
  if (found == parked_.end()) return {};
  std::vector<WaitingRequest> waiting = std::move(found->second);
  parked_.erase(found);
  return waiting;
}

void ServerDesk::defer(const Asked& asked, uint32_t row, uint64_t offset, size_t length) {
  const std::lock_guard lock(mutex_);
  if (has_ended_) return;
  if (failure_ != 0) {
    send_error(asked.device, asked.unique, failure_);
    log_.end(asked, failure_);
    return;
  }
  last_ticket_ += 1;
  reads_.emplace(last_ticket_, Read{asked, row, offset, length});
  if (server_ == nullptr) want();
  else server_->read(last_ticket_, row, offset, length);
}

void ServerDesk::reply(uint64_t ticket, int error, const void* bytes, size_t length) {
  Read read;
  {
    const std::lock_guard lock(mutex_);
    const auto found = reads_.find(ticket);
    if (found == reads_.end()) return;
    read = found->second;
    reads_.erase(found);
  }
  if (error == 0 && length != read.length) error = EIO;
  if (error != 0) send_error(read.asked.device, read.asked.unique, error);
  else if (read.length == 0) send_struct(read.asked.device, read.asked.unique, wire::OpenOut{0, wire::kOpenKeepCache, 0});
  else send_bytes(read.asked.device, read.asked.unique, bytes, length);
  log_.end(read.asked, error);
}

bool ServerDesk::interrupt(uint64_t unique) {
  const std::lock_guard lock(mutex_);
  if (interrupt_parked(unique)) return true;
  const auto found =
      std::find_if(reads_.begin(), reads_.end(), [&](const auto& entry) { return entry.second.asked.unique == unique; });
  if (found == reads_.end()) return false;
  const auto [ticket, read] = *found;
  reads_.erase(found);
  send_error(read.asked.device, unique, EINTR);
  log_.end(read.asked, EINTR);
  if (server_ != nullptr) server_->cancel(ticket);
  return true;
}

bool ServerDesk::interrupt_parked(uint64_t unique) {
  // The list stays even when empty: its directory is still being loaded, and `take_waiting` will remove it.
  for (auto& [row, waiting] : parked_) {
    const auto found = std::find_if(waiting.begin(), waiting.end(),
                                    [&](const WaitingRequest& request) { return request.asked.unique == unique; });
    if (found == waiting.end()) continue;
    send_error(found->asked.device, unique, EINTR);
    log_.end(found->asked, EINTR);
    waiting.erase(found);
    return true;
  }
  return false;
}

}  // namespace isodrive
