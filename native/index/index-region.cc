#include "index-region.hh"

#include <sys/mman.h>
#include <sys/stat.h>

#include <cerrno>

namespace isodrive {

std::shared_ptr<IndexRegion> IndexRegion::create(size_t bytes) {
  UniqueFd fd(memfd_create("isodrive-index", MFD_CLOEXEC));
  if (!fd.valid() || ftruncate(fd.get(), static_cast<off_t>(bytes)) != 0) return nullptr;
  return map(std::move(fd), bytes);
}

std::shared_ptr<IndexRegion> IndexRegion::adopt(UniqueFd fd, size_t bytes) {
  struct stat found {};
  if (fstat(fd.get(), &found) != 0) return nullptr;
  if (static_cast<uint64_t>(found.st_size) != bytes) {
    errno = EINVAL;
    return nullptr;
  }
  return map(std::move(fd), bytes);
}

std::shared_ptr<IndexRegion> IndexRegion::map(UniqueFd fd, size_t bytes) {
  void* data = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd.get(), 0);
  if (data == MAP_FAILED) return nullptr;
  return std::shared_ptr<IndexRegion>(new IndexRegion(std::move(fd), static_cast<uint8_t*>(data), bytes));
}

IndexRegion::~IndexRegion() { munmap(data_, size_); }

void IndexRegion::discard() { madvise(data_, size_, MADV_REMOVE); }

}  // namespace isodrive
