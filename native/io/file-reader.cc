#include "file-reader.hh"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "cached-read.hh"

namespace isodrive {
namespace {

/** The kernel maps up to this much around a fault, so a dropped range is widened to it. */
constexpr uint64_t kFaultAround = 65536;
constexpr uint64_t kPageBytes = 4096;
/** MADV_POPULATE_READ of Linux 5.14, which older headers lack. */
constexpr int kPopulateRead = 22;

}  // namespace

FileReader::FileReader(UniqueFd fd, uint64_t size, WaitObserver& observer)
    : fd_(std::move(fd)), size_(size), observer_(observer) {
  if (size == 0) return;
  void* map = mmap(nullptr, size, PROT_READ, MAP_SHARED | MAP_NORESERVE, fd_.get(), 0);
  if (map != MAP_FAILED) map_ = static_cast<uint8_t*>(map);
}

FileReader::~FileReader() {
  if (map_ != nullptr) munmap(map_, size_);
}

int FileReader::read(void* target, size_t length, uint64_t offset) const {
  auto* bytes = static_cast<uint8_t*>(target);
  if (read_cached(fd_.get(), target, length, offset)) return 0;
  if (!observer_.will_wait()) return kPostponed;
  while (length > 0) {
    const ssize_t got = pread(fd_.get(), bytes, length, static_cast<off_t>(offset));
    if (got < 0) {
      if (errno == EINTR) continue;
      return errno;
    }
    if (got == 0) return EIO;
    bytes += got;
    offset += static_cast<uint64_t>(got);
    length -= static_cast<size_t>(got);
  }
  return 0;
}

int FileReader::read_pieces(const iovec* pieces, int count, size_t length, uint64_t offset) const {
  const auto position = static_cast<off_t>(offset);
  const auto wanted = static_cast<ssize_t>(length);
  if (preadv2(fd_.get(), pieces, count, position, RWF_NOWAIT) == wanted) return 0;
  if (!observer_.will_wait()) return kPostponed;
  ssize_t got;
  do {
    got = preadv(fd_.get(), pieces, count, position);
  } while (got < 0 && errno == EINTR);
  if (got < 0) return errno;
  // Regular files and block devices give less only at their end, or in front of what cannot be read.
  return got == wanted ? 0 : EIO;
}

bool FileReader::is_cached(uint64_t offset) const {
  char byte;
  return read_cached(fd_.get(), &byte, 1, offset);
}

bool FileReader::may_map(uint64_t offset, size_t length) const {
  // What was read ahead ends somewhere: where both ends are in memory, what lies between is so too, most likely.
  if (!is_cached(offset) || !is_cached(offset + length - 1)) return observer_.will_wait();
  observer_.may_wait();
  return true;
}

const void* FileReader::mapped(uint64_t offset, size_t length) const {
  if (map_ == nullptr || length == 0 || offset > size_ || length > size_ - offset) return nullptr;
  // Filling the page table in one go halves the cost of the kernel's page-by-page look-up; a page that cannot be read
  // fails here (EFAULT). Kernels that do not know the advice (EINVAL) fault the pages in one after another.
  const uint64_t start = offset / kPageBytes * kPageBytes;
  if (madvise(map_ + start, offset + length - start, kPopulateRead) != 0 && errno != EINVAL) return nullptr;
  return map_ + offset;
}

void FileReader::drop(uint64_t offset, size_t length) const {
  const uint64_t start = offset / kFaultAround * kFaultAround;
  const uint64_t end = std::min(size_, (offset + length + kFaultAround - 1) / kFaultAround * kFaultAround);
  madvise(map_ + start, end - start, MADV_DONTNEED);
}

}  // namespace isodrive
