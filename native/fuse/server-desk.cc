#include "server-desk.hh"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "fuse-reply.hh"
#include "fuse-wire.hh"

namespace isodrive {
namespace {

/** Fills under way that nobody waits for: enough for a few readers to find the next units decoded. */
constexpr size_t kMaxAhead = 8;

}  // namespace

void ServerDesk::attach(SessionServer* server) {
  const std::lock_guard lock(mutex_);
  server_ = server;
  is_wanted_ = false;
  for (const auto& [row, waiting] : parked_) server_->load(row);
  for (const auto& [ticket, read] : reads_) server_->read(ticket, read.row, read.offset, read.length);
  for (const auto& [ticket, fill] : fills_.all()) server_->fill(ticket, fill.span);
}

void ServerDesk::detach(SessionServer* server) {
  const std::lock_guard lock(mutex_);
  if (server_ != server) return;
  server_ = nullptr;
  fills_.drop_ahead();
  if (!parked_.empty() || !reads_.empty() || !fills_.all().empty()) want();
}

void ServerDesk::want() {
  if (is_wanted_ || failure_ != 0) return;
  is_wanted_ = true;
  wanted_();
}

void ServerDesk::fail(int error, bool is_final) {
  std::unordered_map<uint32_t, std::vector<WaitingRequest>> parked;
  std::unordered_map<uint64_t, Read> reads;
  UnitFills::Fills fills;
  {
    const std::lock_guard lock(mutex_);
    if (is_final) failure_ = error;
    is_wanted_ = false;
    parked.swap(parked_);
    reads.swap(reads_);
    fills = fills_.take_all();
    if (server_ != nullptr) {
      for (const auto& [ticket, read] : reads) server_->cancel(ticket);
      for (const auto& [ticket, fill] : fills) server_->cancel(ticket);
    }
  }
  for (const auto& [row, waiting] : parked) {
    for (const WaitingRequest& request : waiting) refuse(request.asked, error);
  }
  for (const auto& [ticket, read] : reads) refuse(read.asked, error);
  for (const auto& [ticket, fill] : fills) {
    for (const WaitingRequest& request : fill.waiting) refuse(request.asked, error);
  }
}

void ServerDesk::refuse(const Asked& asked, int error) {
  send_error(asked.device, asked.unique, error);
  log_.end(asked, error);
}

void ServerDesk::end() {
  const std::lock_guard lock(mutex_);
  if (server_ != nullptr) {
    for (const auto& [ticket, read] : reads_) server_->cancel(ticket);
    for (const auto& [ticket, fill] : fills_.all()) server_->cancel(ticket);
  }
  has_ended_ = true;
  parked_.clear();
  reads_.clear();
  fills_.take_all();
}

bool ServerDesk::park(uint32_t row, const Asked& asked, const Request& request, const std::function<bool()>& is_ready) {
  const std::lock_guard lock(mutex_);
  // Looked at again under the lock that is taken after publishing: no request can be parked behind its back.
  if (is_ready()) return false;
  if (has_ended_) return true;
  if (failure_ != 0) {
    refuse(asked, failure_);
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

bool ServerDesk::await_units(const UnitSpan& span, WaitingRequest& request, const std::function<bool()>& is_ready) {
  const std::lock_guard lock(mutex_);
  if (is_ready()) return false;
  if (has_ended_) return true;
  if (failure_ != 0) {
    refuse(request.asked, failure_);
    return true;
  }
  UnitFills::Fill* fill = fills_.find(span);
  const bool is_new = fill == nullptr;
  if (is_new) fill = &fills_.start(++last_ticket_, span);
  fill->waiting.push_back(std::move(request));
  if (server_ == nullptr) want();
  else if (is_new) server_->fill(last_ticket_, fill->span);
  return true;
}

void ServerDesk::read_ahead(const UnitSpan& span) {
  const std::lock_guard lock(mutex_);
  if (server_ == nullptr || has_ended_ || failure_ != 0 || fills_.count_ahead() >= kMaxAhead) return;
  if (fills_.find(span) != nullptr) return;
  last_ticket_ += 1;
  server_->fill(last_ticket_, fills_.start(last_ticket_, span).span);
}

std::optional<UnitSpan> ServerDesk::find_fill(uint64_t ticket) {
  const std::lock_guard lock(mutex_);
  const auto found = fills_.all().find(ticket);
  return found == fills_.all().end() ? std::nullopt : std::optional(found->second.span);
}

std::vector<WaitingRequest> ServerDesk::take_fill(uint64_t ticket) {
  const std::lock_guard lock(mutex_);
  std::optional<UnitFills::Fill> fill = fills_.take(ticket);
  return fill ? std::move(fill->waiting) : std::vector<WaitingRequest>{};
}

void ServerDesk::defer(const Asked& asked, uint32_t row, uint64_t offset, size_t length) {
  const std::lock_guard lock(mutex_);
  if (has_ended_) return;
  if (failure_ != 0) {
    refuse(asked, failure_);
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
  else if (read.length == 0)
    send_struct(read.asked.device, read.asked.unique, wire::OpenOut{0, wire::kOpenKeepCache, 0});
  else send_bytes(read.asked.device, read.asked.unique, bytes, length);
  log_.end(read.asked, error);
}

bool ServerDesk::interrupt(uint64_t unique) {
  const std::lock_guard lock(mutex_);
  if (interrupt_parked(unique) || interrupt_fill(unique)) return true;
  const auto found = std::find_if(reads_.begin(), reads_.end(),
                                  [&](const auto& entry) { return entry.second.asked.unique == unique; });
  if (found == reads_.end()) return false;
  const auto [ticket, read] = *found;
  reads_.erase(found);
  refuse(read.asked, EINTR);
  if (server_ != nullptr) server_->cancel(ticket);
  return true;
}

bool ServerDesk::interrupt_parked(uint64_t unique) {
  // The list stays even when empty: its directory is still being loaded, and `take_waiting` will remove it.
  for (auto& [row, waiting] : parked_) {
    const auto found = std::find_if(waiting.begin(), waiting.end(),
                                    [&](const WaitingRequest& request) { return request.asked.unique == unique; });
    if (found == waiting.end()) continue;
    refuse(found->asked, EINTR);
    waiting.erase(found);
    return true;
  }
  return false;
}

bool ServerDesk::interrupt_fill(uint64_t unique) {
  const std::optional<UnitFills::Removed> removed = fills_.remove(unique);
  if (!removed) return false;
  refuse(removed->request.asked, EINTR);
  if (removed->abandoned && server_ != nullptr) server_->cancel(*removed->abandoned);
  return true;
}

}  // namespace isodrive
