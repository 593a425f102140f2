// One reader of a soak: reads a mounted tree in every way, and checks each byte, name and size against content that
// can be computed (content.ts). Failures are told and it goes on: whoever started it knows which were to be expected.
// Usage: reader MANIFEST ROOT SEED PAUSE-MILLISECONDS OPERATIONS (0: until it is killed); ends with its parent.
// Lines on stdout: "p OPERATIONS BYTES TIME" now and then, of operations that went well, "e ERRNO START OPERATION
// PATH" for a call that failed, "w 0 START OPERATION PATH DETAIL" for a wrong byte, name or size. TIME and START:
// milliseconds of CLOCK_MONOTONIC. Ends with 1 if it told any.
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csetjmp>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace {

constexpr size_t kMaxRead = 256 * 1024;
constexpr size_t kPage = 4096;
constexpr int64_t kToldEvery = 100;
/** Milliseconds that it rests after a failure. */
constexpr int64_t kRestAfterFailure = 50;
/** In the place of an errno: a directory that is there and empty, as below a mount that is away. */
constexpr int kEmpty = -1;
constexpr int kBusError = -2;

struct File {
  uint32_t key;
  size_t size;
  std::string path;
};

struct Counts {
  /** Those that went well. */
  uint64_t operations = 0;
  uint64_t bytes = 0;
  uint64_t failures = 0;
};

std::vector<File> files;
/** Directory -> name -> size, of a directory -1. */
std::map<std::string, std::map<std::string, int64_t>> directories;
std::vector<std::string> directory_names;
std::string root;
Counts counts;
uint32_t state;
int64_t operation_start;
int64_t last_told;
alignas(kPage) uint8_t buffer[kMaxRead + kPage];
sigjmp_buf bus_error;
volatile sig_atomic_t is_mapped = 0;

int64_t now() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<int64_t>(time.tv_sec) * 1000 + time.tv_nsec / 1000000;
}

void rest(int64_t milliseconds) { usleep(static_cast<useconds_t>(milliseconds * 1000)); }

/** xorshift32 (Marsaglia 2003). */
uint32_t below(uint32_t limit) {
  state ^= state << 13;
  state ^= state >> 17;
  state ^= state << 5;
  return state % limit;
}

uint8_t content_byte(uint32_t key, size_t offset) {
  uint32_t word = key + static_cast<uint32_t>(offset / 4) * 0x9e3779b1U;
  word = (word ^ (word >> 16)) * 0x85ebca6bU;
  word = (word ^ (word >> 13)) * 0xc2b2ae35U;
  word = (word ^ (word >> 16)) & 0x3f3f3f3fU;
  return static_cast<uint8_t>(word >> (8 * (offset % 4)));
}

void tell_progress(bool is_forced) {
  const int64_t time = now();
  if (!is_forced && time - last_told < kToldEvery) return;
  last_told = time;
  std::printf("p %llu %llu %lld\n", static_cast<unsigned long long>(counts.operations),
              static_cast<unsigned long long>(counts.bytes), static_cast<long long>(time));
  std::fflush(stdout);
}

void tell_error(int error, const char* operation, const std::string& path) {
  counts.failures += 1;
  std::printf("e %d %lld %s %s\n", error, static_cast<long long>(operation_start), operation, path.c_str());
  std::fflush(stdout);
  rest(kRestAfterFailure);
}

void tell_wrong(const char* operation, const std::string& path, const std::string& detail) {
  counts.failures += 1;
  std::printf("w 0 %lld %s %s %s\n", static_cast<long long>(operation_start), operation, path.c_str(), detail.c_str());
  std::fflush(stdout);
  rest(kRestAfterFailure);
}

void compare(const uint8_t* found, const File& file, size_t offset, size_t length, const char* operation) {
  for (size_t i = 0; i < length; i += 1) {
    const uint8_t expected = content_byte(file.key, offset + i);
    if (found[i] == expected) continue;
    size_t count = 0;
    for (size_t j = i; j < length; j += 1) count += found[j] != content_byte(file.key, offset + j);
    tell_wrong(operation, file.path,
               "byte " + std::to_string(offset + i) + " is " + std::to_string(found[i]) + ", expected " +
                   std::to_string(expected) + "; " + std::to_string(count) + " of " + std::to_string(length) +
                   " bytes from " + std::to_string(offset) + " differ");
    return;
  }
  counts.bytes += length;
}

/** Reads a range by calls; `flags` may hold O_DIRECT, which wants all aligned. */
void read_range(const File& file, int flags, bool is_cold, const char* operation) {
  const std::string path = root + "/" + file.path;
  size_t offset = below(static_cast<uint32_t>(file.size));
  if ((flags & O_DIRECT) != 0) offset -= offset % kPage;
  const size_t length = std::min<size_t>(file.size - offset, 1 + below(kMaxRead));
  int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | flags);
  if (fd < 0 && errno == EINVAL && (flags & O_DIRECT) != 0) fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return tell_error(errno, operation, file.path);
  if (is_cold) posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
  const size_t wanted = (flags & O_DIRECT) != 0 ? (length + kPage - 1) / kPage * kPage : length;
  size_t done = 0;
  int error = 0;
  while (done < length) {
    const ssize_t got = pread(fd, buffer + done, wanted - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) error = errno;
    if (got <= 0) break;
    done += static_cast<size_t>(got);
    // A call with O_DIRECT may not go on in the middle of a block.
    if ((flags & O_DIRECT) != 0 && done < length && done % kPage != 0) break;
  }
  close(fd);
  if (error != 0) return tell_error(error, operation, file.path);
  if (done < length) {
    return tell_wrong(operation, file.path,
                      "ends at " + std::to_string(offset + done) + ", expected " + std::to_string(file.size));
  }
  compare(buffer, file, offset, length, operation);
}

void read_mapping(const File& file) {
  const std::string path = root + "/" + file.path;
  const size_t start = below(static_cast<uint32_t>(file.size)) / kPage * kPage;
  const size_t length = std::min<size_t>(file.size - start, 1 + below(kMaxRead));
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return tell_error(errno, "map", file.path);
  posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
  void* bytes = mmap(nullptr, length, PROT_READ, MAP_SHARED, fd, static_cast<off_t>(start));
  const int error = bytes == MAP_FAILED ? errno : 0;
  close(fd);
  if (error != 0) return tell_error(error, "map", file.path);
  if (sigsetjmp(bus_error, 1) == 0) {
    is_mapped = 1;
    std::memcpy(buffer, bytes, length);
    is_mapped = 0;
    munmap(bytes, length);
    compare(buffer, file, start, length, "map");
  } else {
    is_mapped = 0;
    munmap(bytes, length);
    tell_error(kBusError, "map", file.path);
  }
}

void on_bus_error(int) {
  if (is_mapped != 0) siglongjmp(bus_error, 1);
  _exit(3);
}

void list_directory(const std::string& name) {
  const auto& expected = directories[name];
  const std::string path = root + "/" + name;
  DIR* directory = opendir(path.c_str());
  if (directory == nullptr) return tell_error(errno, "list", name);
  size_t found = 0;
  std::string unknown;
  errno = 0;
  while (const dirent* entry = readdir(directory)) {
    const std::string child = entry->d_name;
    if (child == "." || child == "..") continue;
    found += 1;
    if (expected.count(child) == 0) unknown = child;
    errno = 0;
  }
  int error = errno;
  closedir(directory);
  if (error != 0) return tell_error(error, "list", name);
  if (found == 0 && !expected.empty()) return tell_error(kEmpty, "list", name);
  if (!unknown.empty() || found != expected.size()) {
    return tell_wrong("list", name,
                      std::to_string(found) + " entries, expected " + std::to_string(expected.size()) +
                          (unknown.empty() ? "" : "; unknown: " + unknown));
  }
  for (const auto& [child, size] : expected) {
    struct stat status {};
    const std::string child_path = path + "/" + child;
    if (lstat(child_path.c_str(), &status) != 0) return tell_error(errno, "stat", name + "/" + child);
    const int64_t found_size = S_ISDIR(status.st_mode) ? -1 : static_cast<int64_t>(status.st_size);
    if (found_size != size) {
      return tell_wrong("stat", name + "/" + child,
                        "size " + std::to_string(found_size) + ", expected " + std::to_string(size));
    }
  }
}

void load_manifest(const char* path) {
  std::ifstream input(path);
  File file;
  directories[""];
  while (input >> file.key >> file.size >> file.path) {
    files.push_back(file);
    std::string child = file.path;
    int64_t size = static_cast<int64_t>(file.size);
    while (true) {
      const size_t slash = child.rfind('/');
      const std::string parent = slash == std::string::npos ? "" : child.substr(0, slash);
      directories[parent][slash == std::string::npos ? child : child.substr(slash + 1)] = size;
      if (parent.empty()) break;
      child = parent;
      size = -1;
    }
  }
  for (const auto& [name, _] : directories) directory_names.push_back(name);
}

void run_operation() {
  // One of six reads is of the first file, which is large.
  const File& file = files[below(6) == 0 ? 0 : below(static_cast<uint32_t>(files.size()))];
  switch (below(6)) {
    case 0:
      return read_range(file, 0, false, "read");
    case 1:
    case 2:
      return read_range(file, 0, true, "read-cold");
    case 3:
      return read_range(file, O_DIRECT, true, "read-direct");
    case 4:
      return read_mapping(file);
    default:
      return list_directory(directory_names[below(static_cast<uint32_t>(directory_names.size()))]);
  }
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 6) return 2;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  // A Ctrl-C is for the soak, which then ends its readers.
  signal(SIGINT, SIG_IGN);
  struct sigaction action {};
  action.sa_handler = on_bus_error;
  sigaction(SIGBUS, &action, nullptr);
  load_manifest(arguments[1]);
  root = arguments[2];
  state = static_cast<uint32_t>(std::strtoul(arguments[3], nullptr, 10)) | 1U;
  const int64_t pause = std::atoll(arguments[4]);
  const uint64_t limit = std::strtoull(arguments[5], nullptr, 10);
  if (files.empty()) return 2;
  for (uint64_t tried = 1; limit == 0 || tried <= limit; tried += 1) {
    const uint64_t failures = counts.failures;
    operation_start = now();
    run_operation();
    counts.operations += counts.failures == failures ? 1 : 0;
    tell_progress(tried == limit);
    rest(pause);
  }
  return counts.failures == 0 ? 0 : 1;
}
