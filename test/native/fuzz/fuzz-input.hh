// The bytes of one input, taken apart from front to back. What is not there reads as zero.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace isodrive::fuzz {

/** A run of an input. */
struct Bytes {
  const uint8_t* data;
  size_t size;
};

class FuzzInput {
 public:
  FuzzInput(const uint8_t* data, size_t size) : data_(data), size_(size) {}

  bool is_empty() const { return size_ == 0; }

  template <typename T>
  T number() {
    T value{};
    const Bytes bytes = take(sizeof(T));
    if (bytes.size > 0) std::memcpy(&value, bytes.data, bytes.size);
    return value;
  }

  /** At most so many. */
  Bytes take(size_t wanted) {
    const Bytes taken{data_, std::min(wanted, size_)};
    data_ += taken.size;
    size_ -= taken.size;
    return taken;
  }

 private:
  const uint8_t* data_;
  size_t size_;
};

/** Ends the process, which is how a target shows a defect. */
inline void check(bool is_true, const char* what) {
  if (is_true) return;
  std::fprintf(stderr, "Wrong: %s\n", what);
  std::abort();
}

}  // namespace isodrive::fuzz
