#include "reply-sink.hh"

#include <sys/mman.h>
#include <unistd.h>

#include <cstring>

#include "fuzz-input.hh"

namespace isodrive::fuzz {
namespace {

/** More than all replies of one input. */
constexpr size_t kRoom = size_t{1} << 32;
/** The kernel refuses an errno from here on (fuse_dev_do_write). */
constexpr int32_t kErrnoEnd = 512;

}  // namespace

ReplySink::ReplySink() : file_(memfd_create("replies", MFD_CLOEXEC)) {
  void* map = mmap(nullptr, kRoom, PROT_READ, MAP_SHARED | MAP_NORESERVE, file_.get(), 0);
  check(file_.valid() && map != MAP_FAILED, "no memory for replies");
  map_ = static_cast<const uint8_t*>(map);
}

std::vector<wire::OutHeader> ReplySink::take() {
  const auto end = static_cast<size_t>(lseek(file_.get(), 0, SEEK_CUR));
  check(end <= kRoom, "too many bytes of replies");
  std::vector<wire::OutHeader> replies;
  for (size_t at = 0; at < end;) {
    wire::OutHeader header;
    check(end - at >= sizeof(header), "a reply that is shorter than its header");
    std::memcpy(&header, map_ + at, sizeof(header));
    check(header.length >= sizeof(header) && header.length <= end - at, "a reply of another length than it says");
    check(header.error <= 0 && header.error > -kErrnoEnd, "an errno that the kernel refuses");
    check(header.error == 0 || header.length == sizeof(header), "an error with bytes");
    replies.push_back(header);
    at += header.length;
  }
  if (end > 0) lseek(file_.get(), 0, SEEK_SET);
  return replies;
}

}  // namespace isodrive::fuzz
