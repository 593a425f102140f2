// What is read of an image ahead of the files that need it: those of a directory mostly lie one after another.
#pragma once

#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace isodrive {

class ImageWindow {
 public:
  /** Bytes that are read at a time: they stay in the processor's cache until they are written. */
  static constexpr size_t kBytes = 262144;

  explicit ImageWindow(int image) : image_(image) {}

  bool holds(int64_t position) const { return position >= start_ && position < start_ + got_; }

  /** Bytes from `position` on, where they are held, at most `length` and at least one. */
  std::string_view view(int64_t position, size_t length) const {
    const auto from = static_cast<size_t>(position - start_);
    return {bytes_.data() + from, std::min(length, static_cast<size_t>(got_) - from)};
  }

  /** Reads from `position` to `end`, or as far as there is room; false where the image gives nothing. */
  bool fill(int64_t position, int64_t end) {
    bytes_.resize(kBytes);
    const auto wanted = static_cast<size_t>(std::min<int64_t>(end - position, kBytes));
    start_ = position;
    do {
      got_ = pread(image_, bytes_.data(), wanted, position);
    } while (got_ < 0 && errno == EINTR);
    return got_ > 0;
  }

 private:
  const int image_;
  std::vector<char> bytes_;
  int64_t start_ = 0;
  ssize_t got_ = 0;
};

}  // namespace isodrive
