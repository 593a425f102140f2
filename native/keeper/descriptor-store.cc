#include "descriptor-store.hh"

#include <unistd.h>

#include <cstring>
#include <initializer_list>

#include "close-apart.hh"

namespace isodrive::keeper {
namespace {

/** As systemd has it (fdname_is_valid): printable ASCII without ":", which separates names in LISTEN_FDNAMES. */
bool is_valid(const char* name, size_t length) {
  if (length == 0 || length >= kMaxName) return false;
  for (size_t i = 0; i < length; ++i) {
    if (name[i] <= ' ' || name[i] > '~' || name[i] == ':') return false;
  }
  return true;
}

/** Whether closing it waits for nobody: devices of mounts and indexes are ours, whereas callers pass all others. */
bool closes_at_once(const char* name) {
  return std::strncmp(name, "device-", 7) == 0 || std::strncmp(name, "index-", 6) == 0;
}

}  // namespace

size_t DescriptorStore::find(const char* name, size_t length) const {
  size_t index = 0;
  while (index < count_ &&
         (std::strlen(entries_[index].name) != length || std::memcmp(entries_[index].name, name, length) != 0)) {
    index += 1;
  }
  return index;
}

bool DescriptorStore::put(const char* name, size_t length, int fd) {
  const size_t index = is_valid(name, length) && fd < end_ ? find(name, length) : kMaxDescriptors;
  if (index == kMaxDescriptors) {
    close_apart(fd);
    return false;
  }
  Entry& entry = entries_[index];
  if (index < count_) close_entry(entry);
  else count_ += 1;
  entry.fd = fd;
  std::memcpy(entry.name, name, length);
  entry.name[length] = '\0';
  return true;
}

void DescriptorStore::remove(const char* name, size_t length) {
  const size_t index = find(name, length);
  if (index == count_) return;
  close_entry(entries_[index]);
  count_ -= 1;
  entries_[index] = entries_[count_];
}

void DescriptorStore::close_entry(const Entry& entry) {
  if (closes_at_once(entry.name)) close(entry.fd);
  else close_apart(entry.fd);
}

void DescriptorStore::clear() {
  for (const bool wanted : {true, false}) {
    for (size_t i = 0; i < count_; ++i) {
      if (closes_at_once(entries_[i].name) == wanted) close_entry(entries_[i]);
    }
  }
  count_ = 0;
}

}  // namespace isodrive::keeper
