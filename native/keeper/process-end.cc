#include "process-end.hh"

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <string>
#include <string_view>

#include "system/unique-fd.hh"

namespace isodrive::keeper {
namespace {

constexpr std::string_view kState = "\nState:\t";
constexpr std::string_view kMemory = "\nVmSize:";

/** Empty where there is no such process. It has a line of all groups of its user, which may be long. */
std::string read_status(pid_t pid) {
  char name[64];
  static_cast<void>(std::snprintf(name, sizeof(name), "/proc/%d/status", static_cast<int>(pid)));
  const UniqueFd file(open(name, O_RDONLY | O_CLOEXEC));
  std::string text;
  if (!file.valid()) return text;
  char part[4096];
  for (;;) {
    const ssize_t got = read(file.get(), part, sizeof(part));
    if (got < 0) return {};
    if (got == 0) return text;
    text.append(part, static_cast<size_t>(got));
  }
}

}  // namespace

bool is_ending(pid_t pid) {
  // `stat` tells as much, but cannot be read before an execve(2) of the process has ended. A newline in its name is
  // shown as an escape.
  const std::string text = read_status(pid);
  const size_t state = text.find(kState);
  if (state == std::string::npos || state + kState.size() >= text.size()) return false;
  const char letter = text[state + kState.size()];
  // A process that ends gives up its memory before its files.
  return letter == 'Z' || letter == 'X' || text.find(kMemory) == std::string::npos;
}

}  // namespace isodrive::keeper
