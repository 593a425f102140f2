#include "deferred-reads.hh"

#include <cerrno>

#include "fuse-reply.hh"
#include "fuse-wire.hh"

namespace isodrive {

uint64_t DeferredReads::add(int device, uint64_t unique, size_t length) {
  const std::lock_guard lock(mutex_);
  last_ += 1;
  reads_.emplace(last_, Read{device, unique, length});
  return last_;
}

void DeferredReads::reply(uint64_t ticket, int error, const void* bytes, size_t length) {
  Read read;
  if (!take(ticket, read)) return;
  if (error == 0 && length != read.length) error = EIO;
  if (error != 0) send_error(read.device, read.unique, error);
  else if (read.length == 0) send_struct(read.device, read.unique, wire::OpenOut{0, wire::kOpenKeepCache, 0});
  else send_bytes(read.device, read.unique, bytes, length);
}

uint64_t DeferredReads::interrupt(uint64_t unique) {
  uint64_t ticket = 0;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [number, read] : reads_) {
      if (read.unique == unique) ticket = number;
    }
  }
  if (ticket != 0) reply(ticket, EINTR, nullptr, 0);
  return ticket;
}

bool DeferredReads::take(uint64_t ticket, Read& read) {
  const std::lock_guard lock(mutex_);
  const auto found = reads_.find(ticket);
  if (found == reads_.end()) return false;
  read = found->second;
  reads_.erase(found);
  return true;
}

}  // namespace isodrive
