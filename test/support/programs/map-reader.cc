// One of several processes that read files of mounts through mappings, each time from the server and not from the page
// cache, and compare every byte with a reference. A page that cannot be read is SIGBUS, which ends it.
// Usage: map-reader STOP-FILE REFERENCE FILE...; ends with 0 once STOP-FILE is there.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <initializer_list>

namespace {

struct Mapping {
  int fd;
  void* bytes;
  size_t size;
};

[[noreturn]] void fail(const char* path) {
  std::perror(path);
  std::exit(1);
}

Mapping map_file(const char* path) {
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  struct stat found {};
  if (fd < 0 || fstat(fd, &found) != 0) fail(path);
  const auto size = static_cast<size_t>(found.st_size);
  posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
  void* bytes = mmap(nullptr, size, PROT_READ, MAP_SHARED, fd, 0);
  if (bytes == MAP_FAILED) fail(path);
  return {fd, bytes, size};
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 4) return 2;
  unsigned long rounds = 0;
  while (rounds == 0 || access(arguments[1], F_OK) != 0) {
    for (int i = 3; i < count; ++i) {
      const Mapping reference = map_file(arguments[2]);
      const Mapping file = map_file(arguments[i]);
      if (file.size != reference.size || std::memcmp(file.bytes, reference.bytes, file.size) != 0) {
        std::fprintf(stderr, "\"%s\" differs from \"%s\"\n", arguments[i], arguments[2]);
        return 1;
      }
      for (const Mapping& mapping : {file, reference}) {
        munmap(mapping.bytes, mapping.size);
        close(mapping.fd);
      }
      rounds += 1;
    }
  }
  std::printf("{\"reads\":%lu}", rounds);
  return 0;
}
