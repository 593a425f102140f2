#include "end-watch.hh"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "system/unique-fd.hh"
#include "process-end.hh"

namespace isodrive::keeper {
namespace {

/** "A successor, at once": RestartForceExitStatus of the units. */
constexpr int kExitRestart = 75;
/** Milliseconds in which an ordinary end is over, memory given back. */
constexpr int kOrdinaryEnd = 2000;
/** Milliseconds in which systemd reads a message before it hears of our end. */
constexpr int kReading = 200;

bool has_ended(const UniqueFd& process, int patience) {
  pollfd end{process.get(), POLLIN, 0};
  return poll(&end, 1, patience) > 0;
}

/** In the daemon's name, as systemd hears the main process alone: the kernel lets CAP_SYS_ADMIN do that (unix(7)). */
bool tell_main_process(pid_t daemon) {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): this process has one thread.
  const char* path = std::getenv("NOTIFY_SOCKET");
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const size_t length = path == nullptr ? 0 : std::strlen(path);
  if (length == 0 || length >= sizeof(address.sun_path)) return false;
  std::memcpy(address.sun_path, path, length);
  // "@" stands for the NUL of a name in the abstract namespace.
  if (path[0] == '@') address.sun_path[0] = '\0';
  char text[64];
  const int size = std::snprintf(text, sizeof(text), "MAINPID=%d", static_cast<int>(getpid()));
  iovec data{text, static_cast<size_t>(size)};
  const ucred sender{daemon, geteuid(), getegid()};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(sender))] = {};
  msghdr message{};
  message.msg_name = &address;
  message.msg_namelen = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + length);
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof(control);
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_CREDENTIALS;
  header->cmsg_len = CMSG_LEN(sizeof(sender));
  std::memcpy(CMSG_DATA(header), &sender, sizeof(sender));
  const UniqueFd notify(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  return sendmsg(notify.get(), &message, MSG_NOSIGNAL) == size;
}

}  // namespace

int watch_end(pid_t daemon) {
  // What systemd keeps for the daemon was handed to it open for its children, too.
  close_range(3, ~0U, 0);
  const UniqueFd process(static_cast<int>(syscall(SYS_pidfd_open, daemon, 0)));
  if (!process.valid()) return 1;
  // systemd hears of the end of its own children alone.
  if (const pid_t child = fork(); child != 0) return child < 0 ? 1 : 0;
  prctl(PR_SET_TIMERSLACK, kSlack);
  while (!is_ending(daemon)) {
    if (has_ended(process, kLookInterval)) return 0;
  }
  if (has_ended(process, kOrdinaryEnd) || !tell_main_process(daemon)) return 0;
  poll(nullptr, 0, kReading);
  return kExitRestart;
}

}  // namespace isodrive::keeper
