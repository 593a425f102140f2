// Gets image bytes to the kernel: small reads by pread, large ones straight from a mapping of the image, so that the
// kernel copies once. User code never touches the mapping: a page that cannot be read is EFAULT from the system call,
// never SIGBUS, and the request then falls back to pread, which knows the reason.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

namespace isodrive {

class ImageReader {
 public:
  /**
   * `fd` is borrowed and must outlive the reader. `size` in bytes, as when the image was opened. `before_waiting` is
   * called by every read that may have to wait for the medium.
   */
  ImageReader(int fd, uint64_t size, std::function<void()> before_waiting);
  ~ImageReader();
  ImageReader(const ImageReader&) = delete;
  ImageReader& operator=(const ImageReader&) = delete;

  /** Fills `target` with image bytes; 0, or the errno (EIO where the image ends too early). */
  int read(void* target, size_t length, uint64_t offset) const;
  /** Address of image bytes for a system call to read from, or null when they must be read by `read`. */
  const void* mapped(uint64_t offset, size_t length) const;
  /** Takes pages that `mapped` handed out from this process's memory again; they stay in the page cache. */
  void drop(uint64_t offset, size_t length) const;

 private:
  int fd_;
  uint64_t size_;
  uint8_t* map_ = nullptr;
  std::function<void()> before_waiting_;
};

}  // namespace isodrive
