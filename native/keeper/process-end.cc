#include "process-end.hh"

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>

#include "system/unique-fd.hh"

namespace isodrive::keeper {
namespace {

/** In the flags of a process in /proc/PID/stat (PF_EXITING of linux/sched.h). */
constexpr unsigned long kExiting = 4;

}  // namespace

bool is_ending(pid_t pid) {
  char text[64];
  static_cast<void>(std::snprintf(text, sizeof(text), "/proc/%d/stat", static_cast<int>(pid)));
  const UniqueFd file(open(text, O_RDONLY | O_CLOEXEC));
  char stat[512];
  const ssize_t got = file.valid() ? read(file.get(), stat, sizeof(stat) - 1) : -1;
  if (got <= 0) return false;
  stat[got] = '\0';
  // The name in parentheses may hold any of them. Behind it: state, five numbers, flags.
  const char* end = std::strrchr(stat, ')');
  char state = 0;
  unsigned long flags = 0;
  // NOLINTNEXTLINE(cert-err34-c): the kernel has written the number.
  if (end == nullptr || std::sscanf(end + 1, " %c %*d %*d %*d %*d %*d %lu", &state, &flags) != 2) return false;
  return state == 'Z' || state == 'X' || (flags & kExiting) != 0;
}

}  // namespace isodrive::keeper
