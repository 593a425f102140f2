// A memfd of fixed size, mapped once and shared by TypeScript (as an ArrayBuffer) and the session threads. Another
// process that is given the memfd maps the same index.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "system/unique-fd.hh"

namespace isodrive {

class IndexRegion {
 public:
  /** Null when the memory cannot be had; errno says why. Pages take memory only once written to. */
  static std::shared_ptr<IndexRegion> create(size_t bytes);
  /** Maps a memfd that `create` made, in this process or another. Null (EINVAL: another size) when it cannot be. */
  static std::shared_ptr<IndexRegion> adopt(UniqueFd fd, size_t bytes);
  ~IndexRegion();
  IndexRegion(const IndexRegion&) = delete;
  IndexRegion& operator=(const IndexRegion&) = delete;

  uint8_t* data() const { return data_; }
  size_t size() const { return size_; }
  /**
   * Gives the memfd away, -1 when it was given before. The mapping keeps the memory: a descriptor a mount would only
   * bring the process nearer to its limit.
   */
  int release_descriptor() { return fd_.release(); }
  /** Gives the pages back to the system at once; reads give zeros from then on. */
  void discard();

 private:
  IndexRegion(UniqueFd fd, uint8_t* data, size_t size) : fd_(std::move(fd)), data_(data), size_(size) {}
  static std::shared_ptr<IndexRegion> map(UniqueFd fd, size_t bytes);

  UniqueFd fd_;
  uint8_t* data_;
  size_t size_;
};

}  // namespace isodrive
