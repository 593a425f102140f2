#include "descriptor-store.hh"

#include <unistd.h>

#include <cstring>

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
  const size_t index = is_valid(name, length) ? find(name, length) : kMaxDescriptors;
  if (index == kMaxDescriptors) {
    close(fd);
    return false;
  }
  Entry& entry = entries_[index];
  if (index < count_) close(entry.fd);
  else count_ += 1;
  entry.fd = fd;
  std::memcpy(entry.name, name, length);
  entry.name[length] = '\0';
  return true;
}

void DescriptorStore::remove(const char* name, size_t length) {
  const size_t index = find(name, length);
  if (index == count_) return;
  close(entries_[index].fd);
  count_ -= 1;
  entries_[index] = entries_[count_];
}

}  // namespace isodrive::keeper
