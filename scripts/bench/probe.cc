// Measures one thing on a mounted tree and prints it as one JSON line: {"count": operations, "bytes": B, "seconds": S}.
// Compiled by probe.ts. It is C++ so that the measuring program is never the slower side.
// Any error of a system call ends it with status 1: a measurement over failing calls would be none.
#include <dirent.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

namespace {

constexpr std::size_t kDirentBytes = 64 * 1024;
constexpr std::size_t kSequentialBytes = 1024 * 1024;
constexpr std::size_t kSmallBytes = 64 * 1024;
constexpr std::size_t kRandomBytes = 4096;
constexpr int kMaxReaders = 64;

struct LinuxDirent64 {
  std::uint64_t d_ino;
  std::int64_t d_off;
  std::uint16_t d_reclen;
  std::uint8_t d_type;
  char d_name[];
};

[[noreturn]] void fail(const char* call, const std::string& path) {
  std::fprintf(stderr, "Cannot %s \"%s\": %s\n", call, path.c_str(), std::strerror(errno));
  std::exit(1);
}

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

void print(std::uint64_t count, std::uint64_t bytes, double seconds) {
  std::printf("{\"count\": %llu, \"bytes\": %llu, \"seconds\": %.9f}\n", static_cast<unsigned long long>(count),
              static_cast<unsigned long long>(bytes), seconds);
}

struct Walk {
  std::uint64_t entries = 0;
  /** Regular files met, kept only when asked for. */
  std::vector<std::string>* files = nullptr;
};

/** Lists the open directory `fd` and does lstat on every entry, depth first; closes `fd`. */
void walk(int fd, const std::string& path, Walk& result) {
  std::vector<char> buffer(kDirentBytes);
  std::vector<std::string> directories;
  for (;;) {
    const long got = syscall(SYS_getdents64, fd, buffer.data(), buffer.size());
    if (got < 0) fail("list", path);
    if (got == 0) break;
    for (long at = 0; at < got;) {
      const auto* entry = reinterpret_cast<const LinuxDirent64*>(buffer.data() + at);
      at += entry->d_reclen;
      const char* name = entry->d_name;
      if (std::strcmp(name, ".") == 0 || std::strcmp(name, "..") == 0) continue;
      struct stat status;
      if (fstatat(fd, name, &status, AT_SYMLINK_NOFOLLOW) != 0) fail("stat", path + "/" + name);
      ++result.entries;
      if (S_ISDIR(status.st_mode)) directories.emplace_back(name);
      else if (result.files != nullptr && S_ISREG(status.st_mode)) result.files->push_back(path + "/" + name);
    }
  }
  for (const std::string& name : directories) {
    const int child = openat(fd, name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (child < 0) fail("open", path + "/" + name);
    walk(child, path + "/" + name, result);
  }
  close(fd);
}

int openRoot(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) fail("open", path);
  return fd;
}

int openFile(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) fail("open", path);
  return fd;
}

void measureWalk(const std::string& root) {
  Walk result;
  const double start = now();
  walk(openRoot(root), root, result);
  print(result.entries, 0, now() - start);
}

void measureSequential(const std::string& path) {
  std::vector<char> buffer(kSequentialBytes);
  std::uint64_t calls = 0;
  std::uint64_t bytes = 0;
  const double start = now();
  const int fd = openFile(path);
  for (;;) {
    const ssize_t got = read(fd, buffer.data(), buffer.size());
    if (got < 0) fail("read", path);
    if (got == 0) break;
    ++calls;
    bytes += static_cast<std::uint64_t>(got);
  }
  close(fd);
  print(calls, bytes, now() - start);
}

/** Opens, reads to the end and closes every file below `root`; the listing before it is not measured. */
void measureSmallFiles(const std::string& root) {
  std::vector<std::string> files;
  Walk listing;
  listing.files = &files;
  walk(openRoot(root), root, listing);
  std::vector<char> buffer(kSmallBytes);
  std::uint64_t bytes = 0;
  const double start = now();
  for (const std::string& path : files) {
    const int fd = openFile(path);
    for (;;) {
      const ssize_t got = read(fd, buffer.data(), buffer.size());
      if (got < 0) fail("read", path);
      if (got == 0) break;
      bytes += static_cast<std::uint64_t>(got);
    }
    close(fd);
  }
  print(files.size(), bytes, now() - start);
}

/** splitmix64 (Vigna, public domain algorithm): the same positions in every run and for every contestant. */
std::uint64_t nextRandom(std::uint64_t& state) {
  std::uint64_t z = (state += 0x9e3779b97f4a7c15ULL);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

/** Each reader is a process of its own; the positions of one call are a slice of one permutation, so none repeats. */
void measureRandom(const std::string& path, int readers, std::size_t skip, std::size_t each) {
  struct stat status;
  if (stat(path.c_str(), &status) != 0) fail("stat", path);
  std::vector<std::uint32_t> blocks(static_cast<std::size_t>(status.st_size) / kRandomBytes);
  if (readers < 1 || readers > kMaxReaders || skip + each * static_cast<std::size_t>(readers) > blocks.size()) {
    std::fprintf(stderr, "Cannot read %d x %zu blocks after %zu: file has %zu\n", readers, each, skip, blocks.size());
    std::exit(1);
  }
  for (std::size_t i = 0; i < blocks.size(); ++i) blocks[i] = static_cast<std::uint32_t>(i);
  std::uint64_t state = 20261124;
  for (std::size_t i = blocks.size() - 1; i > 0; --i) std::swap(blocks[i], blocks[nextRandom(state) % (i + 1)]);

  void* page = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) fail("map memory for", path);
  auto* go = new (page) std::atomic<int>(0);
  std::vector<pid_t> children;
  for (int reader = 0; reader < readers; ++reader) {
    // Opened before the fork: a reader that could not open would never count itself in.
    const int fd = openFile(path);
    const pid_t child = fork();
    if (child < 0) fail("fork for", path);
    if (child == 0) {
      std::vector<char> buffer(kRandomBytes);
      go->fetch_add(1);
      while (go->load() <= readers) usleep(50);
      const std::size_t first = skip + each * static_cast<std::size_t>(reader);
      for (std::size_t i = first; i < first + each; ++i) {
        const off_t position = static_cast<off_t>(blocks[i]) * static_cast<off_t>(kRandomBytes);
        if (pread(fd, buffer.data(), kRandomBytes, position) != static_cast<ssize_t>(kRandomBytes)) fail("read", path);
      }
      _exit(0);
    }
    children.push_back(child);
    close(fd);
  }
  while (go->load() < readers) usleep(50);
  const double start = now();
  go->fetch_add(1);
  bool good = true;
  for (const pid_t child : children) {
    int state_of_child = 0;
    if (waitpid(child, &state_of_child, 0) != child || state_of_child != 0) good = false;
  }
  const double seconds = now() - start;
  if (!good) std::exit(1);
  const std::uint64_t count = each * static_cast<std::uint64_t>(readers);
  print(count, count * kRandomBytes, seconds);
}

}  // namespace

int main(int argc, char** argv) {
  const std::string what = argc > 1 ? argv[1] : "";
  if (what == "walk" && argc == 3) measureWalk(argv[2]);
  else if (what == "sequential" && argc == 3) measureSequential(argv[2]);
  else if (what == "small" && argc == 3) measureSmallFiles(argv[2]);
  else if (what == "random" && argc == 6)
    measureRandom(argv[2], std::atoi(argv[3]), std::strtoul(argv[4], nullptr, 10), std::strtoul(argv[5], nullptr, 10));
  else {
    std::fprintf(stderr, "Usage: probe walk|small DIR, probe sequential FILE, probe random FILE READERS SKIP EACH\n");
    return 2;
  }
  return 0;
}
