// A memfd of fixed size, mapped once and shared by TypeScript (as an ArrayBuffer) and the session threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

namespace isodrive {

class IndexRegion {
 public:
  /** Null when the memory cannot be had; errno says why. Pages take memory only once written to. */
  static std::shared_ptr<IndexRegion> create(size_t bytes);
  ~IndexRegion();
  IndexRegion(const IndexRegion&) = delete;
  IndexRegion& operator=(const IndexRegion&) = delete;

  uint8_t* data() const { return data_; }
  size_t size() const { return size_; }
  /** Gives the pages back to the system at once; reads give zeros from then on. */
  void discard();

 private:
  IndexRegion(uint8_t* data, size_t size) : data_(data), size_(size) {}

  uint8_t* data_;
  size_t size_;
};

}  // namespace isodrive
