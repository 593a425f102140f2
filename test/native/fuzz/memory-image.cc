#include "memory-image.hh"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <string>

#include "io/cached-read.hh"
#include "fuzz-input.hh"

namespace isodrive::fuzz {

UniqueFd open_memory_image() {
  // Of a memfd the kernel cannot tell what is in memory (EOPNOTSUPP).
  std::string path = "/tmp/isodrive-fuzz-XXXXXX";
  UniqueFd file(mkostemp(path.data(), O_CLOEXEC));
  if (file.valid()) unlink(path.c_str());
  std::string bytes(kImageBytes, '\0');
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * 7 + (i >> 8));
  check(file.valid() && pwrite(file.get(), bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size()),
        "no memory for an image");
  char byte = 0;
  check(read_cached(file.get(), &byte, 1, 0), "an image whose file system cannot tell what is in memory");
  return file;
}

UniqueFd duplicate_memory_image() {
  static const UniqueFd file = open_memory_image();
  return UniqueFd(fcntl(file.get(), F_DUPFD_CLOEXEC, 3));
}

}  // namespace isodrive::fuzz
