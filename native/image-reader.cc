#include "image-reader.hh"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "cached-read.hh"

namespace isodrive {
namespace {

/** The kernel maps up to this much around a fault, so a dropped range is widened to it. */
constexpr uint64_t kFaultAround = 65536;
constexpr uint64_t kPageBytes = 4096;
/** MADV_POPULATE_READ of Linux 5.14, which older headers lack. */
constexpr int kPopulateRead = 22;

}  // namespace

ImageReader::ImageReader(int fd, uint64_t size, WaitObserver& observer) : fd_(fd), size_(size), observer_(observer) {
  if (size == 0) return;
  void* map = mmap(nullptr, size, PROT_READ, MAP_SHARED | MAP_NORESERVE, fd, 0);
  if (map != MAP_FAILED) map_ = static_cast<uint8_t*>(map);
}

ImageReader::~ImageReader() {
  if (map_ != nullptr) munmap(map_, size_);
}

int ImageReader::read(void* target, size_t length, uint64_t offset) const {
  auto* bytes = static_cast<uint8_t*>(target);
  if (read_cached(fd_, target, length, offset)) return 0;
  if (!observer_.will_wait()) return kPostponed;
  while (length > 0) {
    const ssize_t got = pread(fd_, bytes, length, static_cast<off_t>(offset));
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

bool ImageReader::is_cached(uint64_t offset) const {
  char byte;
  return read_cached(fd_, &byte, 1, offset);
}

bool ImageReader::may_map(uint64_t offset, size_t length) const {
  // What was read ahead ends somewhere: where both ends are in memory, what lies between is so too, most likely.
  if (!is_cached(offset) || !is_cached(offset + length - 1)) return observer_.will_wait();
  observer_.may_wait();
  return true;
}

const void* ImageReader::mapped(uint64_t offset, size_t length) const {
  if (map_ == nullptr || length == 0 || offset > size_ || length > size_ - offset) return nullptr;
  // Filling the page table in one go halves the cost of the kernel's page-by-page look-up; a page that cannot be read
  // fails here (EFAULT). Kernels that do not know the advice (EINVAL) fault the pages in one after another.
  const uint64_t start = offset / kPageBytes * kPageBytes;
  if (madvise(map_ + start, offset + length - start, kPopulateRead) != 0 && errno != EINVAL) return nullptr;
  return map_ + offset;
}

void ImageReader::drop(uint64_t offset, size_t length) const {
  const uint64_t start = offset / kFaultAround * kFaultAround;
  const uint64_t end = std::min(size_, (offset + length + kFaultAround - 1) / kFaultAround * kFaultAround);
  madvise(map_ + start, end - start, MADV_DONTNEED);
}

}  // namespace isodrive
