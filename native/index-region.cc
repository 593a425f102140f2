#include "index-region.hh"

#include <sys/mman.h>

#include "unique-fd.hh"

namespace isodrive {

std::shared_ptr<IndexRegion> IndexRegion::create(size_t bytes) {
  UniqueFd fd(memfd_create("isodrive-index", MFD_CLOEXEC));
  if (!fd.valid() || ftruncate(fd.get(), static_cast<off_t>(bytes)) != 0) return nullptr;
  void* data = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd.get(), 0);
  if (data == MAP_FAILED) return nullptr;
  // The mapping keeps the memory: a descriptor a mount would only bring the process nearer to its limit.
  return std::shared_ptr<IndexRegion>(new IndexRegion(static_cast<uint8_t*>(data), bytes));
}

IndexRegion::~IndexRegion() { munmap(data_, size_); }

void IndexRegion::discard() { madvise(data_, size_, MADV_REMOVE); }

}  // namespace isodrive
