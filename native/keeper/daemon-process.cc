#include "daemon-process.hh"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace isodrive::keeper {
namespace {

/** First descriptor that is handed over (SD_LISTEN_FDS_START). */
constexpr int kFirst = 3;
constexpr const char* kKeeperName = "keeper";
constexpr const char* kReadyName = "ready";
/** With those two. */
constexpr size_t kMaxHanded = kMaxDescriptors + 2;

/** Gives `from` the number `to` as well, open for the program; what had that number moves to where `from` was. */
bool exchange(int from, int to) {
  const int spare = fcntl(to, F_DUPFD_CLOEXEC, kFirst);
  if (spare < 0 && errno != EBADF) return false;
  if (dup2(from, to) < 0) return false;
  if (spare < 0) return close(from) == 0;
  return dup3(spare, from, O_CLOEXEC) >= 0 && close(spare) == 0;
}

/**
 * In the new process: puts the descriptors at kFirst and above, in their order, one by one: with all of them copied
 * first, a keeper that has more than half of what it may have open could start nobody. One more descriptor is needed.
 */
bool place_descriptors(int* descriptors, int count) {
  for (int i = 0; i < count; ++i) {
    const int wanted = kFirst + i;
    const int given = descriptors[i];
    if (given == wanted) {
      if (fcntl(given, F_SETFD, 0) != 0) return false;
      continue;
    }
    if (!exchange(given, wanted)) return false;
    int* const moved = std::find(descriptors + i + 1, descriptors + count, wanted);
    if (moved != descriptors + count) *moved = given;
  }
  return true;
}

[[noreturn]] void run(char* const* arguments, const DescriptorStore& store, int keeper, int ready) {
  static int descriptors[kMaxHanded];
  static char names[kMaxHanded * kMaxName];
  char* end = names;
  int count = 0;
  const auto add = [&](int fd, const char* name) {
    if (count > 0) *end++ = ':';
    end = stpcpy(end, name);
    descriptors[count++] = fd;
  };
  for (size_t i = 0; i < store.count(); ++i) add(store.descriptor(i), store.name(i));
  add(keeper, kKeeperName);
  if (ready >= 0) add(ready, kReadyName);
  char number[16];
  // NOLINTBEGIN(concurrency-mt-unsafe): a process that was just forked has one thread.
  static_cast<void>(std::snprintf(number, sizeof(number), "%d", count));
  setenv("LISTEN_FDS", number, 1);
  setenv("LISTEN_FDNAMES", names, 1);
  static_cast<void>(std::snprintf(number, sizeof(number), "%d", static_cast<int>(getpid())));
  setenv("LISTEN_PID", number, 1);
  // Of whoever runs the keeper itself.
  unsetenv("NOTIFY_SOCKET");
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  if (place_descriptors(descriptors, count)) execvp(arguments[0], arguments);
  std::perror("isodrive-keeper: cannot start the daemon");
  // NOLINTEND(concurrency-mt-unsafe)
  _exit(127);
}

}  // namespace

pid_t start_daemon(char* const* arguments, const DescriptorStore& store, int keeper, int ready) {
  const pid_t pid = fork();
  if (pid == 0) run(arguments, store, keeper, ready);
  return pid;
}

}  // namespace isodrive::keeper
